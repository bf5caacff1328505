/**
 * Batches that somebody sent once more over a connection that is not known to be their station's. Records are public, so
 * anybody may, as often as connections allow; the database has said once what is held of such a batch, and says the
 * same until it holds more. So for a minute the answer comes from memory: one read, and one signature a second, for
 * each envelope, where each was a write of its entries beside those of honest stations.
 */
import { hexOf } from "../../core/bytes.js";

/** What a minute of a hundred requests a second names at most: 1.5 KB each, 3.4 KB with a configuration of 1 KB (measured). */
const REPEATED_MAX = 6000;
/** How long this may say what is held: not the minute of KeyCache, which says how late a revocation elsewhere may be heard. */
const KEPT_SECONDS = 60;

interface Repeated<Answer> {
	/** By which it was judged: one may have been revoked since, here or at another collector. */
	readonly keys: object;
	readonly sinceSeconds: number;
	/** At a time in Unix seconds, for the answer names it. */
	readonly answerAt: () => Answer;
	answer: Answer;
	answeredSeconds: number;
}

export class RepeatedBatches<Answer> {
	/** By the hash of the envelope, signature and all. */
	readonly #known = new Map<string, Repeated<Answer>>();

	/** Nothing of this envelope is new to who judged it by these keys. `answerAt`: its answer as of now. */
	remember(
		hash: Uint8Array,
		keys: object,
		nowSeconds: number,
		answer: Answer,
		answerAt: () => Answer,
	): void {
		const [oldest] = this.#known.keys();
		if (this.#known.size >= REPEATED_MAX && oldest !== undefined) this.#known.delete(oldest);
		this.#known.set(hexOf(hash), {
			...{ keys, sinceSeconds: nowSeconds, answerAt },
			...{ answer, answeredSeconds: nowSeconds },
		});
	}

	/** What it is answered with, if it was asked less than a minute ago and its station's keys are the same still. */
	answerTo(hash: Uint8Array, keys: object, nowSeconds: number): Answer | undefined {
		const name = hexOf(hash);
		const known = this.#known.get(name);
		if (known === undefined) return undefined;
		// A clock that was put back says nothing of how old it is.
		const isOld = Math.abs(nowSeconds - known.sinceSeconds) >= KEPT_SECONDS;
		if (isOld || known.keys !== keys) {
			this.#known.delete(name);
			return undefined;
		}
		if (known.answeredSeconds !== nowSeconds) {
			known.answer = known.answerAt();
			known.answeredSeconds = nowSeconds;
		}
		return known.answer;
	}
}

/**
 * Says without the database what it would not keep anyway: envelopes that were offered as evidence just
 * now, and more of a station and a reason than is kept. So a stranger costs a statement for each kept
 * forgery, and none after that.
 */
import { hexOf } from "../../core/bytes.js";

/** 64 digits each: 2 MB. */
const HASHES_MAX = 10_000;
const ACCOUNTS_MAX = 50_000;

export class EvidenceLimit {
	readonly #hashes = new Set<string>();
	readonly #counts = new Map<string, number>();

	/** True for what is worth a statement; counts it. `account`: station and reason. */
	isNew(hash: Uint8Array, account: string, countMax: number): boolean {
		const name = `${account} ${hexOf(hash)}`;
		if (this.#hashes.has(name)) return false;
		const count = this.#counts.get(account) ?? 0;
		if (count >= countMax) return false;
		const [oldest] = this.#hashes;
		if (this.#hashes.size >= HASHES_MAX && oldest !== undefined) this.#hashes.delete(oldest);
		this.#hashes.add(name);
		if (this.#counts.size >= ACCOUNTS_MAX) this.#counts.clear();
		this.#counts.set(account, count + 1);
		return true;
	}
}

/**
 * Every verified batch of a station passes here: one at a time of each station, stations in turns, and
 * within its quota. What is beyond it is refused by a signed answer (over-quota).
 */
import { FairQueue } from "../../host/fair-queue.js";
import {
	QUOTA_LIMITS,
	type QuotaLimits,
	type QuotaRefusal,
	StationQuota,
} from "./station-quota.js";

/** Two groups of the writer: one is stored while the next gathers. */
const AT_ONCE = 64;
/** Of these, over connections of which nobody knows yet whose they are. */
const STRANGERS_AT_ONCE = 16;
/** A station waits for each answer before it sends more; a retry may cross its first try. */
const WAITING_PER_STATION = 32;
const WAITING_MAX = 4096;
/** A station that sends more at once is asked to come again after this many seconds. */
const CROWDED_SECONDS = 60;
/**
 * A station that was refused over quota so often in a minute is refused without a look for the rest of it: 288 gap entries take
 * 10 ms to be decoded and checked, and a station that sends them as fast as answers come has a tenth of this thread for it. An honest
 * station comes again when it was told to, and with what it has room for it may come at once.
 */
const LOOKS_MAX = 3;
const LOOKS_SECONDS = 60;
/** 100 B each. */
const OVER_QUOTA_MAX = 50_000;
/** Of a row in `evidence` and its indexes beside the envelope. */
const EVIDENCE_BYTES = 250;

interface OverQuota {
	readonly sinceSeconds: number;
	readonly looks: number;
	readonly why: string;
	/** When there is room again. */
	readonly againSeconds: number;
}

export class StationGate {
	readonly quota: StationQuota;
	/** By account. */
	readonly #overQuota = new Map<string, OverQuota>();
	readonly #queue = new FairQueue({
		atOnce: AT_ONCE,
		strangersAtOnce: STRANGERS_AT_ONCE,
		atOncePerLine: 1,
		waitingPerLine: WAITING_PER_STATION,
		waiting: WAITING_MAX,
	});

	constructor(limits: QuotaLimits = QUOTA_LIMITS) {
		this.quota = new StationQuota(limits);
	}

	/**
	 * The turn of a batch of `station`, to be ended by a call of `leave`, which says whether the collector itself
	 * failed: that costs a station nothing; or why there is none and when to
	 * come again. `via`: an address over which the station has delivered nothing new so far. Records are
	 * public, so anybody can send a station's batches once more: they must not use up its turns. Waits.
	 */
	async enter(
		station: string,
		nowSeconds: number,
		via?: string,
	): Promise<
		| { readonly leave: (hasFailed: boolean) => void }
		| { readonly why: string; readonly nextSeconds: number }
	> {
		const account = accountOf(station, via);
		const over = this.#overQuota.get(account);
		if (over !== undefined && over.looks >= LOOKS_MAX && isRecent(over, nowSeconds))
			return { why: over.why, nextSeconds: Math.max(over.againSeconds - nowSeconds, 1) };
		const refusal = this.quota.take(account, { batches: 1 }, nowSeconds);
		if (refusal !== undefined) return { why: "batches", nextSeconds: refusal.nextSeconds };
		const turn = this.#queue.enter(account, via !== undefined);
		if (turn === undefined) return { why: "batches at once", nextSeconds: CROWDED_SECONDS };
		const leave = await turn;
		return {
			leave: (hasFailed) => {
				leave();
				if (hasFailed) this.quota.givenBack(account, { batches: 1 });
			},
		};
	}

	/** A batch of the station that came by this way was refused over a quota. */
	refused(
		station: string,
		{ quota, nextSeconds }: QuotaRefusal,
		nowSeconds: number,
		via?: string,
	): void {
		const account = accountOf(station, via);
		const before = this.#overQuota.get(account);
		const isSame = before !== undefined && isRecent(before, nowSeconds);
		const [oldest] = this.#overQuota.keys();
		if (this.#overQuota.size >= OVER_QUOTA_MAX && oldest !== undefined)
			this.#overQuota.delete(oldest);
		this.#overQuota.set(account, {
			sinceSeconds: isSame ? before.sinceSeconds : nowSeconds,
			looks: isSame ? before.looks + 1 : 1,
			why: quota,
			againSeconds: nowSeconds + nextSeconds,
		});
	}

	/** True when the station's bytes bear an envelope that is kept as evidence; takes them. */
	bearsEvidence(station: string, envelopeBytes: number, nowSeconds: number): boolean {
		const storedBytes = envelopeBytes + EVIDENCE_BYTES;
		return this.quota.take(station, { storedBytes }, nowSeconds) === undefined;
	}
}

/** `via`: an address over which the station has delivered nothing new so far. */
function accountOf(station: string, via: string | undefined): string {
	return via === undefined ? station : `${station} ${via}`;
}

/** A clock that was put back ends it. */
function isRecent({ sinceSeconds }: OverQuota, nowSeconds: number): boolean {
	return nowSeconds >= sinceSeconds && nowSeconds < sinceSeconds + LOOKS_SECONDS;
}

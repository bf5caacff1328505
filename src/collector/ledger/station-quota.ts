/**
 * How much one enrolled station may have stored. An honest one never comes near; an attacker who has its key and
 * means harm gets a signed refusal (over-quota) and a time to come again, and loses nothing that is true.
 * Kept in memory by each collector: a restart fills the quotas, and several collectors have one each.
 */
import type { CheckedBatch } from "../store/batch-writer.js";

/** `burst` at once, then `perDay` more, evenly. */
export interface QuotaLimit {
	readonly burst: number;
	readonly perDay: number;
}

export interface QuotaLimits {
	/** Batches, whether stored or refused; of strangers with a station's batches an account for each address. */
	readonly batches: QuotaLimit;
	/** Bytes in the database. */
	readonly storedBytes: QuotaLimit;
	/** Gap entries, each of which may add a range. */
	readonly gaps: QuotaLimit;
	/** Epochs other than the last few that the station used. */
	readonly epochs: QuotaLimit;
}

/**
 * - Batches: a session has 128 at most, and a backlog a session every 30 to 60 s: 256 a minute.
 * - Bytes: a year of readings at five minutes is 105 120 x 190 B = 20 MB, and a ring of 1 MiB holds
 *   16 384: 3 MB. 36 MB a day are a reading every half second.
 * - Gaps: all entries of three batches; a station names one for each hole, which are of many readings.
 * - Epochs: one begins when a station's journal is made anew, that is with new flash.
 */
export const QUOTA_LIMITS: QuotaLimits = Object.freeze({
	batches: { burst: 512, perDay: 256 * 1440 },
	storedBytes: { burst: 24_000_000, perDay: 36_000_000 },
	gaps: { burst: 864, perDay: 288 * 24 },
	epochs: { burst: 8, perDay: 1 },
});

/** Of a row in `entries` beside its canonical bytes: 24 B of header, keys, and its place in the index. */
const ENTRY_BYTES = 130;
/** Of a batch beside its envelope: a row in `batches` with two indexes, two heads. */
const BATCH_BYTES = 600;
/** Of a gap: a row, a range, a head, with their indexes. */
const GAP_BYTES = 400;
/** Epochs of a station that cost nothing more: the present one and those before it, still coming in. */
const EPOCHS_KNOWN = 8;
/** 300 B each; the station that has not come for longest is forgotten first, and then has its burst again. */
const STATIONS_MAX = 50_000;
const DAY_SECONDS = 86_400;
/** A refusal asks a station to stay away this long, seconds. */
const WAIT_SECONDS_MIN = 60;
const WAIT_SECONDS_MAX = DAY_SECONDS;

type QuotaName = keyof QuotaLimits;
/** What something takes of each quota. */
export type Cost = Readonly<Partial<Record<QuotaName, number>>>;

interface Account {
	readonly left: Record<QuotaName, number>;
	readonly epochs: number[];
	atSeconds: number;
}

export interface QuotaRefusal {
	readonly quota: QuotaName;
	/** When the station should come again, seconds. */
	readonly nextSeconds: number;
}

/** What a batch adds to the database, bytes; `npm run campaign -- siege` measures it beside the truth. */
export function storedBytesOf({ batch, gaps, envelope }: Omit<CheckedBatch, "heads">): number {
	const entryBytes = batch.entries.reduce((sum, entry) => sum + entry.length + ENTRY_BYTES, 0);
	return envelope.length + BATCH_BYTES + entryBytes + GAP_BYTES * gaps.length;
}

/** Of what was `taken` for a batch all but its row, where its entries were held before. */
export function withoutRow(taken: Cost, { envelope }: Pick<CheckedBatch, "envelope">): Cost {
	const rowBytes = envelope.length + BATCH_BYTES;
	return { ...taken, storedBytes: Math.max((taken.storedBytes ?? 0) - rowBytes, 0) };
}

export class StationQuota {
	readonly #limits: QuotaLimits;
	readonly #accounts = new Map<string, Account>();

	constructor(limits: QuotaLimits = QUOTA_LIMITS) {
		this.#limits = limits;
	}

	/** Takes a batch's cost off its station's account, or nothing of it where one quota does not bear it. */
	take(station: string, cost: Cost, nowSeconds: number): QuotaRefusal | undefined {
		const account = this.#accountOf(station, nowSeconds);
		for (const [name, amount] of Object.entries(cost) as [QuotaName, number][]) {
			if (account.left[name] >= amount) continue;
			const waitSeconds = ((amount - account.left[name]) * DAY_SECONDS) / this.#limits[name].perDay;
			const nextSeconds = Math.min(
				Math.max(Math.ceil(waitSeconds), WAIT_SECONDS_MIN),
				WAIT_SECONDS_MAX,
			);
			return { quota: name, nextSeconds };
		}
		for (const [name, amount] of Object.entries(cost) as [QuotaName, number][]) {
			account.left[name] -= amount;
		}
		return undefined;
	}

	/**
	 * Takes what a checked batch costs: bytes, gaps, and its epoch when it is not one of the last few. What
	 * was taken goes to `kept` or `givenBack` when it is known what became of the batch.
	 */
	takeBatch(
		checked: Omit<CheckedBatch, "heads">,
		nowSeconds: number,
	): QuotaRefusal | { readonly taken: Cost } {
		const { station, epoch } = checked.batch;
		const isKnown = this.#accountOf(station, nowSeconds).epochs.includes(epoch);
		const taken = {
			epochs: isKnown ? 0 : 1,
			gaps: checked.gaps.length,
			storedBytes: storedBytesOf(checked),
		};
		return this.take(station, taken, nowSeconds) ?? { taken };
	}

	/** The batch was stored: its epoch is one that the station has. */
	kept({ batch: { station, epoch } }: Pick<CheckedBatch, "batch">): void {
		const { epochs } = this.#accounts.get(station) ?? {};
		if (epochs === undefined || epochs.includes(epoch)) return;
		epochs.unshift(epoch);
		epochs.length = Math.min(epochs.length, EPOCHS_KNOWN);
	}

	/** Nothing was stored, or nothing new: anybody can send what is public once more. */
	givenBack(station: string, taken: Cost): void {
		const account = this.#accounts.get(station);
		if (account === undefined) return;
		for (const [name, amount] of Object.entries(taken) as [QuotaName, number][]) {
			account.left[name] += amount;
		}
	}

	#accountOf(station: string, nowSeconds: number): Account {
		const { batches, storedBytes, gaps, epochs } = this.#limits;
		let account = this.#accounts.get(station);
		if (account === undefined) {
			account = {
				left: {
					batches: batches.burst,
					storedBytes: storedBytes.burst,
					gaps: gaps.burst,
					epochs: epochs.burst,
				},
				epochs: [],
				atSeconds: nowSeconds,
			};
			const [oldest] = this.#accounts.keys();
			if (this.#accounts.size >= STATIONS_MAX && oldest !== undefined)
				this.#accounts.delete(oldest);
		} else {
			// To the end: the station that came last is forgotten last.
			this.#accounts.delete(station);
		}
		this.#accounts.set(station, account);
		// A clock that was put back gives nothing.
		const days = Math.max(nowSeconds - account.atSeconds, 0) / DAY_SECONDS;
		for (const [name, { burst, perDay }] of Object.entries(this.#limits) as [
			QuotaName,
			QuotaLimit,
		][]) {
			account.left[name] = Math.min(account.left[name] + days * perDay, burst);
		}
		account.atSeconds = nowSeconds;
		return account;
	}
}

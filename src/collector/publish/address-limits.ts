/** How much one address may ask: a bucket of requests that fills again. */

export interface ReaderLimits {
	/** Connections in all: a thousand streams, and as many who look. */
	readonly connections: number;
	readonly connectionsPerAddress: number;
	/** Requests of one address that are being answered, streams included; many may be after one proxy's connection. */
	readonly underWayPerAddress: number;
	/** That listen to what changes, in all. */
	readonly streams: number;
	/** Of answers that nobody has taken yet, in all. */
	readonly untakenBytes: number;
	/** Requests at once after a pause; a page loads about fifteen. */
	readonly burst: number;
	readonly perSecond: number;
}

export const READER_LIMITS: ReaderLimits = Object.freeze({
	connections: 3000,
	connectionsPerAddress: 48,
	underWayPerAddress: 200,
	streams: 2500,
	// As many connections with 40 KB each, a station's page; a year's plot is 120 KB, the longest answer 10 MB.
	untakenBytes: 128_000_000,
	burst: 120,
	perSecond: 10,
});

/** Addresses remembered: a bucket is 100 bytes. Beyond that the fullest are forgotten, who lose nothing by it. */
const ADDRESSES_MAX = 50_000;

interface Bucket {
	left: number;
	milliseconds: number;
}

export class AddressLimits {
	readonly #limits: ReaderLimits;
	readonly #now: () => number;
	readonly #buckets = new Map<string, Bucket>();

	/** `now`: milliseconds of a clock that only goes forward. */
	constructor(limits: Partial<ReaderLimits> = {}, now: () => number = () => performance.now()) {
		this.#limits = { ...READER_LIMITS, ...limits };
		this.#now = now;
	}

	/** Seconds to wait; 0: continue. */
	request(address: string): number {
		const { burst, perSecond } = this.#limits;
		const now = this.#now();
		const bucket = this.#buckets.get(address) ?? { left: burst, milliseconds: now };
		const gained = ((now - bucket.milliseconds) / 1000) * perSecond;
		bucket.left = Math.min(bucket.left + gained, burst);
		bucket.milliseconds = now;
		if (!this.#buckets.has(address)) {
			if (this.#buckets.size >= ADDRESSES_MAX) this.#forget();
			this.#buckets.set(address, bucket);
		}
		if (bucket.left < 1) return Math.max(1, Math.ceil((1 - bucket.left) / perSecond));
		bucket.left--;
		return 0;
	}

	#forget(): void {
		const { burst, perSecond } = this.#limits;
		const now = this.#now();
		for (const [address, { left, milliseconds }] of this.#buckets) {
			const full = left + ((now - milliseconds) / 1000) * perSecond >= burst;
			if (full) this.#buckets.delete(address);
		}
		// All of them are busy: the oldest goes.
		for (const address of this.#buckets.keys()) {
			if (this.#buckets.size < ADDRESSES_MAX) break;
			this.#buckets.delete(address);
		}
	}
}

/** How much one address may ask: a bucket of requests that fills again, and so many connections at once. */

export interface ReaderLimits {
	/** Connections in all: a thousand streams, and as many who look. */
	readonly connections: number;
	readonly connectionsPerAddress: number;
	/** Requests at once after a pause; a page loads about fifteen. */
	readonly burst: number;
	readonly perSecond: number;
}

export const READER_LIMITS: ReaderLimits = Object.freeze({
	connections: 3000,
	connectionsPerAddress: 48,
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
	readonly #connections = new Map<string, number>();
	#connectionCount = 0;

	/** `now`: milliseconds of a clock that only goes forward. */
	constructor(limits: Partial<ReaderLimits> = {}, now: () => number = () => performance.now()) {
		this.#limits = { ...READER_LIMITS, ...limits };
		this.#now = now;
	}

	/** False where there is no room for one more. */
	connect(address: string): boolean {
		const { connections, connectionsPerAddress } = this.#limits;
		const held = this.#connections.get(address) ?? 0;
		if (this.#connectionCount >= connections || held >= connectionsPerAddress) return false;
		this.#connections.set(address, held + 1);
		this.#connectionCount++;
		return true;
	}

	disconnect(address: string): void {
		const held = this.#connections.get(address) ?? 0;
		this.#connectionCount--;
		if (held <= 1) this.#connections.delete(address);
		else this.#connections.set(address, held - 1);
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

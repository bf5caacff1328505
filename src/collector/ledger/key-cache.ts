/** Keys of stations as they were looked up last: for a minute, for another collector on the same database may change them, too. */
import type { KeyObject } from "node:crypto";
import { equalBytes } from "../../core/bytes.js";
import { keyIdOf } from "../../protocol/wire/cose.js";
import type { RecordStore } from "../store/record-store.js";
import { stationKeyOf } from "./keys.js";
import { sha256 } from "./sha256.js";
import type { StationKey } from "./station-keys.js";

/** A million stations of 33-byte keys would be 100 MB of objects; the rest is looked up again. */
const STATIONS_MAX = 20_000;
/** Another collector on the same database may have added or revoked one: looked up again after this. */
const KEPT_SECONDS = 60;
/** After this they are looked up while the ones that are known still serve: look-ups wait for each other, up to 50 ms. */
const FRESH_SECONDS = 30;

export interface KnownKey extends StationKey {
	readonly id: Uint8Array;
	/** Made when it is first asked for: most are verified on another thread. */
	readonly key: KeyObject;
}

/** Keys of a station in the order of their lives. */
interface KnownKeys {
	readonly keys: readonly KnownKey[];
	/** When they were looked up, Unix seconds. */
	readonly sinceUtcSeconds: number;
}

interface PendingKeys {
	readonly found: Promise<readonly StationKey[]>;
	/** When it began: what it finds is no younger. */
	readonly sinceUtcSeconds: number;
	/** The station's keys were changed since it began: it may have found what was there before. */
	isOld: boolean;
}

export interface KeyCacheOptions {
	readonly records: Pick<RecordStore, "keysOf">;
	/** Unix seconds. */
	readonly clock: { readonly utcSeconds: number };
}

export class KeyCache {
	readonly #options: KeyCacheOptions;
	readonly #known = new Map<string, KnownKeys>();
	/** Under way. */
	readonly #pending = new Map<string, PendingKeys>();

	constructor(options: KeyCacheOptions) {
		this.#options = options;
	}

	/** A station's keys, none where it is not enrolled: the same object as long as they are the same keys. Waits. */
	async keysOf(station: string): Promise<readonly KnownKey[]> {
		const known = this.#known.get(station);
		// A clock that was put back says nothing of how old they are.
		const age = Math.abs(this.#options.clock.utcSeconds - (known?.sinceUtcSeconds ?? 0));
		if (known === undefined || age > KEPT_SECONDS) return this.#lookUp(station);
		// Where it fails, the one that has to wait for its own says so.
		if (age > FRESH_SECONDS && !this.#pending.has(station)) this.#lookUp(station).catch(() => {});
		return known.keys;
	}

	async #lookUp(station: string): Promise<readonly KnownKey[]> {
		const { records, clock } = this.#options;
		const pending = this.#pending.get(station) ?? {
			found: records.keysOf(station),
			sinceUtcSeconds: clock.utcSeconds,
			isOld: false,
		};
		this.#pending.set(station, pending);
		let found: readonly StationKey[];
		try {
			found = await pending.found;
		} finally {
			if (this.#pending.get(station) === pending) this.#pending.delete(station);
		}
		return pending.isOld
			? this.keysOf(station)
			: this.#keep(station, found, pending.sinceUtcSeconds);
	}

	/** They were changed just now. */
	forget(station: string): void {
		this.#known.delete(station);
		const pending = this.#pending.get(station);
		if (pending !== undefined) pending.isOld = true;
		this.#pending.delete(station);
	}

	#keep(
		station: string,
		found: readonly StationKey[],
		sinceUtcSeconds: number,
	): readonly KnownKey[] {
		const before = this.#known.get(station)?.keys;
		const isSame = before !== undefined && areSame(before, found);
		const keys = isSame ? before : found.map(knownKeyOf);
		if (keys.length === 0) return keys;
		if (!isSame && this.#known.size >= STATIONS_MAX) this.#known.clear();
		this.#known.set(station, { keys, sinceUtcSeconds });
		return keys;
	}
}

function knownKeyOf(key: StationKey): KnownKey {
	let made: KeyObject | undefined;
	return {
		...key,
		id: keyIdOf(sha256, key.publicKey),
		get key() {
			made ??= stationKeyOf(key.publicKey);
			return made;
		},
	};
}

function areSame(before: readonly StationKey[], now: readonly StationKey[]): boolean {
	return (
		before.length === now.length &&
		before.every(({ publicKey, revoked }, index) => {
			const key = now[index];
			if (key === undefined || !equalBytes(publicKey, key.publicKey)) return false;
			return (revoked === undefined) === (key.revoked === undefined);
		})
	);
}

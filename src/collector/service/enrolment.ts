/**
 * Stations by the results of their provisioning: each key is enrolled by its station's own proof, one in place of
 * another only by somebody and for a reason. The same for a database that nobody has open and for a collector that runs.
 */
import { bytesOfHex, hexOf } from "../../core/bytes.js";
import { OperationalError } from "../../host/errors.js";
import { notice } from "../../host/messages/notice.js";
import { type StationResult, verifiedPossession } from "../../host/station-result.js";
import {
	indexOfKey,
	KEY_WORDS_MAX,
	type KeyDecision,
	onlyKey,
	type StationKey,
} from "../ledger/station-keys.js";
import { type DeliveredEnd, deliveredEndOf } from "../store/query.js";
import { SqlRecordStore, stationKeysOf } from "../store/record-store.js";
import type { SqlStore } from "../store/store.js";

/** Where keys are kept. */
export interface KeyRegistry {
	keysOf(station: string): Promise<readonly StationKey[]>;
	/** What is against it, and then nothing of it was done. */
	setKeys(station: string, keys: readonly StationKey[]): Promise<string | undefined>;
	/** Where its record ends. */
	deliveredEndOf(station: string): Promise<DeliveredEnd | undefined>;
}

/** What a collector knows of a station whose board is replaced. */
export interface KnownStation {
	/** In the order of their lives, hexadecimal. */
	readonly keys: readonly string[];
	readonly delivered: DeliveredEnd | undefined;
}

export async function knownStation(registry: KeyRegistry, station: string): Promise<KnownStation> {
	const keys = (await registry.keysOf(station)).map(({ publicKey }) => hexOf(publicKey));
	return { keys, delivered: await registry.deliveredEndOf(station) };
}

/** The keys and the record of a database; `setKeys` is a running collector's, which keeps keys in memory. */
export function registryOf(
	store: SqlStore,
	setKeys: KeyRegistry["setKeys"] = (station, keys) =>
		new SqlRecordStore(store).setKeys(station, keys),
): KeyRegistry {
	return {
		keysOf: (station) => stationKeysOf(store, station),
		setKeys,
		deliveredEndOf: (station) => deliveredEndOf(store, station),
	};
}

/** As a list of stations takes them: in quotes, and `#` begins a comment. */
const PLAIN = /^[ !$-~]+$/;

/** Who decided that a key takes another's place, and why; undefined: nobody. Throws OperationalError. */
export function decisionOf(
	by: string | undefined,
	why: string | undefined,
	atUtcSeconds: number,
): KeyDecision | undefined {
	if (by === undefined || why === undefined) return undefined;
	const isPlain = [by, why].every(
		(words) => PLAIN.test(words) && words.trim() !== "" && words.length <= KEY_WORDS_MAX,
	);
	if (!isPlain) throw new OperationalError(notice("plain-words", { count: KEY_WORDS_MAX }));
	return { atUtcSeconds, by, why };
}

/** Those that were new. Throws OperationalError, before anything is changed where it can be known before. */
export async function enrolResults(
	registry: KeyRegistry,
	rows: readonly StationResult[],
	decision: KeyDecision | undefined,
	/** What to say of a station that has another key: only a person who may decide is shown how. */
	refusal: "other-key" | "other-run" = "other-key",
): Promise<readonly StationResult[]> {
	const wanted: { readonly row: StationResult; readonly key: StationKey }[] = [];
	for (const row of rows) {
		verifiedPossession(row);
		const publicKey = bytesOfHex(row.publicKey) ?? new Uint8Array(0);
		const held = await registry.keysOf(row.station);
		if (indexOfKey(held, publicKey) >= 0) continue;
		if (held.length > 0 && decision === undefined) {
			throw new OperationalError(notice(refusal, { station: row.station }));
		}
		const isFirst = held.length === 0 || decision === undefined;
		wanted.push({ row, key: isFirst ? onlyKey(publicKey) : { publicKey, enrolled: decision } });
	}
	for (const { row, key } of wanted) {
		const fault = await registry.setKeys(row.station, [key]);
		if (fault !== undefined) throw new OperationalError(notice("nothing-enrolled", { fault }));
	}
	return wanted.map(({ row }) => row);
}

/**
 * The keys of a station in the order of their lives: from when, by whom, why, and revoked or not. A list
 * only grows: keys are added at its end and revoked, and nothing that is recorded is changed or taken
 * back.
 */
import { equalBytes, hexOf } from "../../core/bytes.js";
import { bytesOf, type SqlRow } from "../store/store.js";

/** A decision about a key. */
export interface KeyDecision {
	/** Unix seconds from which it counts; 0: not said. */
	readonly atUtcSeconds: number;
	/** ASCII, at most KEY_WORDS_MAX characters; both may be empty for a station's first key. */
	readonly by: string;
	readonly why: string;
}

export interface StationKey {
	/** SEC 1 compressed P-256 point, 33 bytes. */
	readonly publicKey: Uint8Array;
	readonly enrolled: KeyDecision;
	/** It delivers nothing more from when this is known on; what it signed of later times is not believed. */
	readonly revoked?: KeyDecision | undefined;
}

/** A key every year of a station's life; a batch without a key id is tried with each of them at most. */
export const KEYS_PER_STATION_MAX = 16;
export const KEY_WORDS_MAX = 80;
const DIGITS_SHOWN = 12;

/** A station's only key, of which nothing more is said. */
export function onlyKey(publicKey: Uint8Array): StationKey {
	return { publicKey, enrolled: { atUtcSeconds: 0, by: "", why: "" } };
}

/** The beginning of a key's digits, for messages. */
export function keyName(publicKey: Uint8Array): string {
	return `${hexOf(publicKey).slice(0, DIGITS_SHOWN)}...`;
}

/** Index of a public key in a list, -1 when it is not there. */
export function indexOfKey(keys: readonly StationKey[], publicKey: Uint8Array): number {
	return keys.findIndex((key) => equalBytes(key.publicKey, publicKey));
}

/**
 * The list `held` with what `wanted` adds to it, or what stands against that, for the operator. What `wanted`
 * leaves out stays as it is.
 */
export function joinKeys(
	station: string,
	held: readonly StationKey[],
	wanted: readonly StationKey[],
): readonly StationKey[] | { readonly conflict: string } {
	const keys = [...held];
	let before = -1;
	for (const key of wanted) {
		const name = `station ${station}, key ${keyName(key.publicKey)}`;
		const index = indexOfKey(keys, key.publicKey);
		const known = keys[index];
		if (known === undefined) {
			if (keys.length > 0 && !isStated(key.enrolled)) {
				return {
					conflict:
						`station ${station} is enrolled with another key than ${keyName(key.publicKey)}; to replace ` +
						"the key, leave its line and add one with from=, by= and why= after it",
				};
			}
			if (keys.length === KEYS_PER_STATION_MAX) {
				return { conflict: `${name}: a station has ${KEYS_PER_STATION_MAX} keys at most` };
			}
			before = keys.push(key) - 1;
			continue;
		}
		if (index <= before) return { conflict: `${name}: stands after a key that came after it` };
		before = index;
		if (isStated(key.enrolled) && !isSame(known.enrolled, key.enrolled)) {
			return { conflict: `${name}: recorded as ${wordsOf(known.enrolled)}, and that stays` };
		}
		if (known.revoked === undefined) {
			if (key.revoked !== undefined) keys[index] = { ...known, revoked: key.revoked };
		} else if (key.revoked === undefined || !isSame(known.revoked, key.revoked)) {
			return {
				conflict:
					`${name}: recorded as revoked ${wordsOf(known.revoked)}, and that stays; ` +
					"give the station a new key",
			};
		}
	}
	return keys;
}

function isStated({ atUtcSeconds, by, why }: KeyDecision): boolean {
	return atUtcSeconds > 0 && by !== "" && why !== "";
}

function isSame(a: KeyDecision, b: KeyDecision): boolean {
	return a.atUtcSeconds === b.atUtcSeconds && a.by === b.by && a.why === b.why;
}

function wordsOf({ atUtcSeconds, by, why }: KeyDecision): string {
	if (atUtcSeconds === 0) return "the first key, no more is said";
	return `from ${timeText(atUtcSeconds)} by "${by}", "${why}"`;
}

/** RFC 3339, whole seconds. */
export function timeText(utcSeconds: number): string {
	return new Date(utcSeconds * 1000).toISOString().replace(".000Z", "Z");
}

/** A key out of a row of `station_keys`. */
export function keyOfRow(row: SqlRow): StationKey {
	const decision = (name: string) => ({
		atUtcSeconds: Number(row[`${name}_at`]),
		by: String(row[`${name}_by`]),
		why: String(row[`${name}_why`]),
	});
	return {
		publicKey: bytesOf(row["public_key"]),
		enrolled: decision("enrolled"),
		...(row["revoked_at"] === null ? {} : { revoked: decision("revoked") }),
	};
}

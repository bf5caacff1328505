/**
 * The file that lists who may deliver: a line for each key, in the order of the keys' lives. A line that is
 * none or that contradicts another concerns its station only: it is reported, and all others are taken.
 */

import { readFileSync, statSync } from "node:fs";
import { bytesOfHex } from "../../core/bytes.js";
import { OperationalError } from "../../host/errors.js";
import { isStationId } from "../../protocol/record/entry.js";
import { isStationKey } from "../ledger/keys.js";
import {
	joinKeys,
	KEY_WORDS_MAX,
	type KeyDecision,
	type StationKey,
} from "../ledger/station-keys.js";

export interface Enrolment {
	readonly station: string;
	/** In the order of the file. */
	readonly keys: readonly StationKey[];
}

export interface StationList {
	readonly enrolments: readonly Enrolment[];
	/** Lines that are not taken and why, each with its place. Stations that they name are not in `enrolments`. */
	readonly faults: readonly string[];
}

const PUBLIC_KEY_BYTES = 33;
/** A million stations would be 75 MB. */
const LIST_BYTES_MAX = 100_000_000;
/** NAME=word or NAME="words"; printable ASCII without quotes. */
const FIELD = /^([a-z-]+)=(?:"([ !$-~]*)"|([!$-~]+))(?:\s+|$)/;
const FIELDS = Object.freeze(["from", "by", "why", "revoked", "revoked-by", "revoked-why"]);

/** Reads a list. Throws OperationalError when the file cannot be read at all. */
export function readStationList(path: string): StationList {
	let text: string;
	try {
		if (statSync(path).size > LIST_BYTES_MAX) throw new OperationalError(`${path}: too long`);
		// A byte order mark of UTF-8, which editors of Windows put first, is no part of a line.
		text = readFileSync(path, "latin1").replace(/^\xef\xbb\xbf/, "");
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		throw new OperationalError(
			`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	}
	const stations = new Map<string, StationKey[]>();
	const faulty = new Set<string>();
	const faults: string[] = [];
	for (const [index, raw] of text.split("\n").entries()) {
		const line = raw.replace(/#.*/, "").trim();
		if (line === "") continue;
		const [, station = "", digits = "", rest = ""] = /^(\S+)\s*(\S*)\s*(.*)$/.exec(line) ?? [];
		const key = keyOfLine(station, digits, rest);
		const keys = stations.get(station) ?? [];
		const joined = typeof key === "string" ? { conflict: key } : joinedAt(station, keys, key);
		if ("conflict" in joined) {
			faults.push(`${path} line ${index + 1}: ${joined.conflict}`);
			faulty.add(station);
		} else {
			stations.set(station, joined);
		}
	}
	const enrolments = [...stations]
		.filter(([station]) => !faulty.has(station))
		.map(([station, keys]) => ({ station, keys }));
	return { enrolments, faults };
}

function joinedAt(
	station: string,
	keys: readonly StationKey[],
	key: StationKey,
): StationKey[] | { readonly conflict: string } {
	if (keys.some(({ publicKey }) => Buffer.from(publicKey).equals(key.publicKey))) {
		return { conflict: `${station} has this key already` };
	}
	const joined = joinKeys(station, keys, [key]);
	return "conflict" in joined ? joined : [...joined];
}

/** The key of a line, or what is wrong with it. */
function keyOfLine(station: string, digits: string, rest: string): StationKey | string {
	const publicKey = bytesOfHex(digits);
	if (!isStationId(station) || publicKey?.length !== PUBLIC_KEY_BYTES) {
		return `expected a station id and the ${2 * PUBLIC_KEY_BYTES} digits of its public key`;
	}
	if (!isStationKey(publicKey)) {
		return (
			`the digits of ${station} are no public key (33 bytes, a compressed point of P-256); ` +
			"take it from the first entry of the station's journal"
		);
	}
	const fields = fieldsOf(rest);
	if (typeof fields === "string") return fields;
	const enrolled = decisionOf(fields, "from", "by", "why");
	if (typeof enrolled === "string") return enrolled;
	const revoked = decisionOf(fields, "revoked", "revoked-by", "revoked-why");
	if (typeof revoked === "string") return revoked;
	return {
		publicKey,
		enrolled: enrolled ?? { atUtcSeconds: 0, by: "", why: "" },
		...(revoked === undefined ? {} : { revoked }),
	};
}

function fieldsOf(text: string): ReadonlyMap<string, string> | string {
	const fields = new Map<string, string>();
	for (let rest = text; rest !== ""; ) {
		const [whole, name = "", quoted, bare] = FIELD.exec(rest) ?? [];
		if (whole === undefined || !FIELDS.includes(name) || fields.has(name)) {
			return `expected from=, by=, why=, revoked=, revoked-by=, revoked-why= once each, not "${printable(rest)}"`;
		}
		const value = (quoted ?? bare ?? "").trim();
		if (value.length > KEY_WORDS_MAX) return `${name}= is longer than ${KEY_WORDS_MAX} characters`;
		fields.set(name, value);
		rest = rest.slice(whole.length);
	}
	return fields;
}

/** All three of a decision, or none of them. */
function decisionOf(
	fields: ReadonlyMap<string, string>,
	at: string,
	by: string,
	why: string,
): KeyDecision | undefined | string {
	const words = [at, by, why].map((name) => fields.get(name) ?? "");
	const [time = "", person = "", reason = ""] = words;
	if (words.every((word) => word === "")) return undefined;
	if (words.some((word) => word === "")) return `${at}=, ${by}= and ${why}= belong together`;
	const atUtcSeconds = secondsOf(time);
	if (atUtcSeconds === undefined) {
		return `${at}=${time} is no time; write 2026-11-28 or 2026-11-28T06:00:00Z`;
	}
	return { atUtcSeconds, by: person, why: reason };
}

/** Unix seconds of a day or of an instant in UTC; undefined for one that no calendar has. */
function secondsOf(text: string): number | undefined {
	const [, day, clock] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)Z)?$/.exec(text) ?? [];
	if (day === undefined) return undefined;
	const whole = `${day}T${clock ?? "00:00:00"}.000Z`;
	const milliseconds = Date.parse(whole);
	if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== whole)
		return undefined;
	const seconds = milliseconds / 1000;
	return seconds > 0 && seconds <= 0xffffffff ? seconds : undefined;
}

function printable(text: string): string {
	return text.replace(/[^ -~]/g, "?").slice(0, KEY_WORDS_MAX);
}

/**
 * Reads a configuration's canonical form: exactly the lines that `canonicalConfiguration` writes, so that
 * what comes from outside is what was meant. Fields that firmware learned later may be left out (docs/WIRE.md,
 * section 6), and of what is stored already also those that this firmware does not know.
 */
import { asciiBytes, asciiText, bytesOfHex } from "../../core/bytes.js";
import type { StationError } from "../../core/errors.js";
import {
	canonicalConfiguration,
	requireConsistent,
	type StationConfiguration,
} from "./configuration.js";
import {
	CONFIGURATION_FIELDS,
	type ConfigurationOf,
	type FieldRow,
	type FieldTable,
	invalid,
	requireFields,
} from "./configuration-fields.js";

/** As many as an acknowledgement carries. */
export const CANONICAL_CONFIGURATION_BYTES_MAX = 1024;

/**
 * One that this station took once, perhaps under an older firmware or a newer one: what this one does not know
 * is left out of it, or an update would take the station to a host that may be gone. Throws as the other.
 */
export function parseStoredConfiguration(canonicalBytes: Uint8Array): StationConfiguration {
	const names = Object.keys(CONFIGURATION_FIELDS);
	const isKnown = (line: string): boolean => names.includes(line.slice(0, line.indexOf("=")));
	const lines = asciiText(canonicalBytes).split("\n").filter(isKnown);
	return parseCanonicalConfiguration(asciiBytes(lines.map((line) => `${line}\n`).join("")));
}

/** Throws StationError `configuration-invalid` that names the line or field. */
export function parseCanonicalConfiguration(canonicalBytes: Uint8Array): StationConfiguration {
	const configuration = parseFields(canonicalBytes, CONFIGURATION_FIELDS);
	requireConsistent(configuration);
	return configuration;
}

/** The fields of `table`, each of its kind and in its range; throws as the other. */
export function parseFields<Table extends FieldTable>(
	canonicalBytes: Uint8Array,
	table: Table,
): ConfigurationOf<Table> {
	if (canonicalBytes.length > CANONICAL_CONFIGURATION_BYTES_MAX) {
		throw malformed(`${canonicalBytes.length} bytes; at most ${CANONICAL_CONFIGURATION_BYTES_MAX}`);
	}
	const text = asciiText(canonicalBytes);
	const values = new Map<string, string>();
	for (const line of text.split("\n")) {
		if (line === "") continue;
		const equals = line.indexOf("=");
		if (equals < 1) throw malformed(`line "${line.slice(0, 40)}" is not name=value`);
		values.set(line.slice(0, equals), line.slice(equals + 1));
	}
	const fields: Record<string, unknown> = {};
	for (const [name, row] of Object.entries<FieldRow>(table)) {
		const value = values.get(name);
		if (value === undefined && row.since !== undefined) continue;
		if (value === undefined) throw malformed(`${name} is missing`);
		// A line of the technician's draft may have capitals; what is hashed has one form.
		if (row.kind === "bytes" && value !== value.toLowerCase()) {
			throw malformed(`${name} has capitals; use small letters`);
		}
		fields[name] = readField(name, row.kind, value);
	}
	requireFields(fields, table);
	// Unknown names, another order, a repeated line, a number written otherwise: not this form.
	if (canonicalConfiguration(fields) !== text) {
		throw malformed("not the canonical form: unknown, repeated or unordered lines");
	}
	return fields as ConfigurationOf<Table>;
}

/** The value that a text means for a field of that kind. Throws as the others. */
export function readField(name: string, kind: FieldRow["kind"], value: string): unknown {
	if (kind === "number") return numberOf(name, value);
	if (kind === "numbers") {
		return value === "" ? [] : value.split(",").map((each) => numberOf(name, each));
	}
	if (kind !== "bytes") return value;
	const bytes = bytesOfHex(value);
	if (bytes === undefined) throw malformed(`${name} is not hexadecimal`);
	return bytes;
}

function numberOf(name: string, value: string): number {
	const number = Number(value);
	// "0x20" and "1e3" are numbers of the language, and no reviewer's.
	if (String(number) !== value) throw malformed(`${name} "${value}" is no number`);
	return number;
}

function malformed(what: string): StationError {
	return invalid(`configuration: ${what}`);
}

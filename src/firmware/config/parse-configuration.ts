/**
 * Reads a configuration's canonical form: exactly the lines that `canonicalConfiguration` writes, so that
 * what comes from outside is what was meant. Fields that firmware learned later may be left out (docs/WIRE.md,
 * section 6), and of what is stored already also those that this firmware does not know.
 */
import { asciiBytes, asciiText, bytesOfHex } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import { CONDUCTIVITY_LAWS, TURBIDITY_UNITS } from "../../protocol/record/derive.js";
import {
	BATTERY_GAUGES,
	THERMOMETERS,
	TURBIDITY_PROBES,
} from "../../protocol/record/probe-kinds.js";
import {
	canonicalConfiguration,
	type StationConfiguration,
	validateConfiguration,
} from "./configuration.js";

/** As many as an acknowledgement carries. */
export const CANONICAL_CONFIGURATION_BYTES_MAX = 1024;

type Kind = "number" | "numbers" | "text" | "bytes" | readonly string[];

const FIELDS: Readonly<Record<keyof StationConfiguration, Kind>> = Object.freeze({
	alphaPerMillionPerDegree: "number",
	batteryGauge: BATTERY_GAUGES,
	batteryLowMillivolts: "number",
	collectorHost: "text",
	collectorPort: "number",
	collectorPublicKey: "bytes",
	conductivityLaw: CONDUCTIVITY_LAWS,
	id: "number",
	intervalSeconds: "number",
	loopShuntMilliohms: "number",
	station: "text",
	supply: ["battery", "mains"],
	thermometer: THERMOMETERS,
	timeHost: "text",
	turbidityAt20MilliampereMilli: "number",
	turbidityAt4MilliampereMilli: "number",
	turbidityCalibrationId: "number",
	turbidityCoefficientsMicro: "numbers",
	turbidityProbe: TURBIDITY_PROBES,
	turbidityUnit: TURBIDITY_UNITS,
	uploadIntervalSeconds: "number",
});

/** Fields that came after the first form: who leaves one out has its default, whatever the firmware. */
const LATER_FIELDS: readonly (keyof StationConfiguration)[] = Object.freeze(["timeHost"] as const);

/**
 * One that this station took once, perhaps under an older firmware or a newer one: what this one does not know
 * is left out of it, or an update would take the station to a host that may be gone. Throws as the other.
 */
export function parseStoredConfiguration(canonical: Uint8Array): StationConfiguration {
	const isKnown = (line: string): boolean => line.slice(0, line.indexOf("=")) in FIELDS;
	const lines = asciiText(canonical).split("\n").filter(isKnown);
	return parseCanonicalConfiguration(asciiBytes(lines.map((line) => `${line}\n`).join("")));
}

/** Throws StationError `configuration-invalid` that names the line or field. */
export function parseCanonicalConfiguration(canonical: Uint8Array): StationConfiguration {
	if (canonical.length > CANONICAL_CONFIGURATION_BYTES_MAX) {
		throw invalid(`${canonical.length} bytes; at most ${CANONICAL_CONFIGURATION_BYTES_MAX}`);
	}
	const text = asciiText(canonical);
	const values = new Map<string, string>();
	for (const line of text.split("\n")) {
		if (line === "") continue;
		const equals = line.indexOf("=");
		if (equals < 1) throw invalid(`line "${line.slice(0, 40)}" is not name=value`);
		values.set(line.slice(0, equals), line.slice(equals + 1));
	}
	const fields: Partial<Record<keyof StationConfiguration, unknown>> = {};
	for (const name of Object.keys(FIELDS) as (keyof StationConfiguration)[]) {
		const value = values.get(name);
		if (value === undefined && LATER_FIELDS.includes(name)) continue;
		if (value === undefined) throw invalid(`${name} is missing`);
		fields[name] = read(name, FIELDS[name], value);
	}
	const configuration = fields as unknown as StationConfiguration;
	validateConfiguration(configuration);
	// Unknown names, another order, a repeated line, a number written otherwise: not this form.
	if (canonicalConfiguration(configuration) !== text) {
		throw invalid("not the canonical form: unknown, repeated or unordered lines");
	}
	return configuration;
}

function read(name: string, kind: Kind, value: string): unknown {
	if (kind === "text") return value;
	if (kind === "number") return numberOf(name, value);
	if (kind === "numbers") {
		return value === "" ? [] : value.split(",").map((each) => numberOf(name, each));
	}
	if (kind === "bytes") {
		const bytes = bytesOfHex(value);
		if (bytes === undefined) throw invalid(`${name} is not hexadecimal`);
		return bytes;
	}
	if (kind.includes(value)) return value;
	throw invalid(`${name} is "${value}"; use ${kind.join(" or ")}`);
}

function numberOf(name: string, value: string): number {
	const number = Number(value);
	if (value === "" || !Number.isFinite(number)) throw invalid(`${name} "${value}" is no number`);
	return number;
}

function invalid(what: string): StationError {
	return new StationError("configuration-invalid", `configuration: ${what}`);
}

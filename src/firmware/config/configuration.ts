/**
 * What a station is told: its defaults, their validation, the canonical form that is hashed, and
 * the part that goes into the record so that readings can be derived from it for ever.
 */
import { asciiBytes, hexOf } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import { isDigit, isLetter, isTextOf } from "../../core/text.js";
import type { Hash } from "../../protocol/record/chain.js";
import { CONDUCTIVITY_LAWS, TURBIDITY_UNITS } from "../../protocol/record/derive.js";
import {
	type CalibrationBody,
	type ConfigurationBody,
	stationIdBytes,
} from "../../protocol/record/entry.js";
import {
	type ProbeKinds,
	probesByteOf,
	REFERENCE_PROBES,
} from "../../protocol/record/probe-kinds.js";
import { TURBIDITY_CURVES, turbidityCalibrationsOf } from "./turbidity-curves.js";

export interface StationConfiguration extends ProbeKinds {
	/** Names this configuration in readings, 1..65535; another content needs another id. */
	readonly id: number;
	/** `[a-z0-9-]{1,8}`. */
	readonly station: string;
	/** Battery stations sleep between wakes, mains stations idle. */
	readonly supply: "battery" | "mains";
	/** Between readings, seconds, 10..86400; wakes are aligned to it in UTC. */
	readonly intervalSeconds: number;
	/** Between uploads when all is well, seconds, 10..604800. */
	readonly uploadIntervalSeconds: number;
	readonly collectorHost: string;
	readonly collectorPort: number;
	/** The collector's key for acknowledgements: SEC 1 compressed P-256 point, 33 bytes. */
	readonly collectorPublicKey: Uint8Array;
	/**
	 * Network time server that is asked for a second opinion on a clock in doubt; empty: none ever is; absent:
	 * `timeHostOf` says.
	 */
	readonly timeHost?: string;
	/** Below this the battery is called low and uploads become rarer, millivolts. */
	readonly batteryLowMillivolts: number;
	readonly conductivityLaw: (typeof CONDUCTIVITY_LAWS)[number];
	/** For the linear law, millionths per degree Celsius, 0..65535. */
	readonly alphaPerMillionPerDegree: number;
	readonly turbidityUnit: (typeof TURBIDITY_UNITS)[number];
	/** Shunt of the 4-20 mA loop, milliohms. */
	readonly loopShuntMilliohms: number;
	/** Turbidity at 4 mA and at 20 mA, thousandths of the unit. */
	readonly turbidityAt4MilliampereMilli: number;
	readonly turbidityAt20MilliampereMilli: number;
	/**
	 * Curve of the turbidity probe over volts, c0 c1 c2 of each of its ranges in millionths of the unit;
	 * empty: what TURBIDITY_CURVES says for the kind.
	 */
	readonly turbidityCoefficientsMicro: readonly number[];
	/** Id of the first range's calibration, 1..254, the next range has the next; as `id`. */
	readonly turbidityCalibrationId: number;
}

/**
 * Defaults: a reading every five minutes, an upload every hour; a 150 ohm shunt makes 3.3 V of 22 mA,
 * inside the ADC's 4.096 V with the fault levels of NAMUR NE 43; the loop begins at -50 FNU so that
 * the small negatives of a clean river around an honest zero survive.
 */
export const DEFAULT_CONFIGURATION: Omit<
	StationConfiguration,
	"station" | "collectorHost" | "collectorPort" | "collectorPublicKey"
> = Object.freeze({
	id: 1,
	supply: "battery",
	intervalSeconds: 300,
	uploadIntervalSeconds: 3600,
	timeHost: "pool.ntp.org",
	batteryLowMillivolts: 11_800,
	conductivityLaw: "iso-7888",
	alphaPerMillionPerDegree: 19_100,
	turbidityUnit: "FNU",
	loopShuntMilliohms: 150_000,
	turbidityAt4MilliampereMilli: -50_000,
	turbidityAt20MilliampereMilli: 1_550_000,
	...REFERENCE_PROBES,
	turbidityCoefficientsMicro: Object.freeze([]),
	turbidityCalibrationId: 1,
});

/** Throws StationError `configuration-invalid` that names the field, its value and its range. */
export function validateConfiguration(configuration: StationConfiguration): void {
	stationIdBytes(configuration.station);
	within("id", configuration.id, 1, 0xffff);
	within("intervalSeconds", configuration.intervalSeconds, 10, 86_400);
	within("uploadIntervalSeconds", configuration.uploadIntervalSeconds, 10, 604_800);
	within("collectorPort", configuration.collectorPort, 1, 65_535);
	within("batteryLowMillivolts", configuration.batteryLowMillivolts, 0, 60_000);
	within("alphaPerMillionPerDegree", configuration.alphaPerMillionPerDegree, 0, 0xffff);
	within("loopShuntMilliohms", configuration.loopShuntMilliohms, 1000, 1_000_000);
	within("turbidityAt4MilliampereMilli", configuration.turbidityAt4MilliampereMilli, -1e9, 1e9);
	within("turbidityAt20MilliampereMilli", configuration.turbidityAt20MilliampereMilli, -1e9, 1e9);
	if (configuration.turbidityAt20MilliampereMilli <= configuration.turbidityAt4MilliampereMilli) {
		throw invalid("turbidityAt20MilliampereMilli must be above turbidityAt4MilliampereMilli");
	}
	requireCurve(configuration);
	if (!isTextOf(configuration.collectorHost, 1, 253, isOfHost)) {
		throw invalid(`collectorHost "${configuration.collectorHost}" is not a host name`);
	}
	if (!isTextOf(timeHostOf(configuration), 0, 63, isOfHost)) {
		throw invalid(
			`timeHost "${configuration.timeHost}" is not a host name of 63 characters at most`,
		);
	}
	if (configuration.collectorPublicKey.length !== 33) {
		throw invalid("collectorPublicKey must be a compressed P-256 point of 33 bytes");
	}
}

/** Who is asked for network time: a field that may be left out. */
export function timeHostOf({ timeHost }: Pick<StationConfiguration, "timeHost">): string {
	return timeHost ?? "pool.ntp.org";
}

function isOfHost(code: number): boolean {
	return isLetter(code) || isDigit(code) || code === 0x2e || code === 0x2d;
}

/** The configuration entry's body: what derivation needs, and the hash that names the whole. */
export function configurationBodyOf(
	configuration: StationConfiguration,
	sha256: Hash,
): ConfigurationBody {
	return {
		kind: "configuration",
		definedId: configuration.id,
		conductivityLaw: CONDUCTIVITY_LAWS.indexOf(configuration.conductivityLaw),
		alphaPerMillionPerDegree: configuration.alphaPerMillionPerDegree,
		turbidityUnit: TURBIDITY_UNITS.indexOf(configuration.turbidityUnit),
		turbidityCurve: turbidityCalibrationsOf(configuration).length === 0 ? 0 : 1,
		probes: probesByteOf(configuration),
		loopShuntMilliohms: configuration.loopShuntMilliohms,
		turbidityAt4MilliampereMilli: configuration.turbidityAt4MilliampereMilli,
		turbidityAt20MilliampereMilli: configuration.turbidityAt20MilliampereMilli,
		intervalSeconds: configuration.intervalSeconds,
		hash: sha256(asciiBytes(canonicalConfiguration(configuration))),
	};
}

/** All that the record needs before a reading under this configuration: it, and its curves. */
export function configurationEntriesOf(
	configuration: StationConfiguration,
	sha256: Hash,
): readonly (ConfigurationBody | CalibrationBody)[] {
	return [configurationBodyOf(configuration, sha256), ...turbidityCalibrationsOf(configuration)];
}

/**
 * One line `name=value` for each field that was given, sorted by name, bytes in hexadecimal, numbers of a list
 * with commas between: what the hash covers.
 */
export function canonicalConfiguration(configuration: StationConfiguration): string {
	const entries: [string, unknown][] = Object.entries(configuration);
	entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
	let text = "";
	for (const [name, value] of entries) {
		text += `${name}=${value instanceof Uint8Array ? hexOf(value) : String(value)}\n`;
	}
	return text;
}

/** A curve for every range or none, and a unit that such a probe can claim. */
function requireCurve(configuration: StationConfiguration): void {
	const { turbidityProbe, turbidityUnit, turbidityCoefficientsMicro: micro } = configuration;
	const { ranges, units, defaultMicro, slope } = TURBIDITY_CURVES[turbidityProbe];
	within("turbidityCalibrationId", configuration.turbidityCalibrationId, 1, 255 - ranges);
	if (!units.includes(turbidityUnit)) {
		throw invalid(
			`turbidityUnit of ${turbidityProbe} is ${turbidityUnit}; use ${units.join(" or ")}`,
		);
	}
	for (const each of micro) within("turbidityCoefficientsMicro", each, -1e13, 1e13);
	const isDefault = micro.length === 0 && defaultMicro !== undefined;
	if (!isDefault && micro.length !== 3 * ranges) {
		throw invalid(
			`turbidityCoefficientsMicro of ${turbidityProbe} has ${micro.length} numbers; use ${3 * ranges}`,
		);
	}
	const { loopShuntMilliohms } = configuration;
	const { volts, isRising } = slope ?? { volts: (loopShuntMilliohms * 20) / 1e6, isRising: true };
	for (let at = 0; at < micro.length; at += 3) {
		const climb = (micro[at + 1] ?? 0) + 2 * (micro[at + 2] ?? 0) * volts;
		if (isRising ? climb > 0 : climb < 0) continue;
		const way = isRising ? "rise" : "fall";
		throw invalid(`turbidityCoefficientsMicro of ${turbidityProbe} must ${way} at ${volts} V`);
	}
}

function within(name: string, value: number, low: number, high: number): void {
	if (Number.isInteger(value) && value >= low && value <= high) return;
	throw invalid(`${name} is ${value}; use a whole number from ${low} to ${high}`);
}

function invalid(what: string): StationError {
	return new StationError("configuration-invalid", what);
}

/**
 * The configuration of a station: its validation, the canonical form that is hashed, and the part that goes into
 * the record so that readings can be derived from it for ever. Its fields are rows of configuration-fields.ts.
 */
import { asciiBytes, hexOf } from "../../core/bytes.js";
import type { Hash } from "../../protocol/record/chain.js";
import { CONDUCTIVITY_LAWS, TURBIDITY_UNITS } from "../../protocol/record/derive.js";
import type { CalibrationBody, ConfigurationBody } from "../../protocol/record/entry-layouts.js";
import { probesByteOf } from "../../protocol/record/probe-kinds.js";
import {
	CONFIGURATION_FIELDS,
	type ConfigurationOf,
	defaultsOf,
	invalid,
	requireFields,
	requireWithin,
} from "./configuration-fields.js";
import { TURBIDITY_CURVES, turbidityCalibrationsOf } from "./turbidity-curves.js";

export type StationConfiguration = ConfigurationOf<typeof CONFIGURATION_FIELDS>;

const NO_HASH = new Uint8Array(32);

/** All but what each station must be given of its own. */
export const DEFAULT_CONFIGURATION = defaultsOf(CONFIGURATION_FIELDS);

/** Throws StationError `configuration-invalid` that names the field, its value and its range. */
export function validateConfiguration(configuration: StationConfiguration): void {
	requireFields(configuration, CONFIGURATION_FIELDS);
	requireConsistent(configuration);
}

/** What no field's own row can say. Throws as the other. */
export function requireConsistent(configuration: StationConfiguration): void {
	if (configuration.turbidityAt20MilliampereMilli <= configuration.turbidityAt4MilliampereMilli) {
		throw invalid("turbidityAt20MilliampereMilli must be above turbidityAt4MilliampereMilli");
	}
	requireCurve(configuration);
}

/** The host that is asked for network time: a field that may be left out. */
export function timeHostOf({ timeHost }: Pick<StationConfiguration, "timeHost">): string {
	return timeHost ?? DEFAULT_CONFIGURATION.timeHost;
}

/** What counts as an event (docs/EVENTS.md): fields that may be left out. */
export function eventThresholdsOf(configuration: Partial<StationConfiguration>) {
	const { eventIntervalSeconds, eventWatchPerMille, eventStrongPerMille, eventAcidMilliPH } =
		CONFIGURATION_FIELDS;
	return {
		eventIntervalSeconds: configuration.eventIntervalSeconds ?? eventIntervalSeconds.start,
		eventWatchPerMille: configuration.eventWatchPerMille ?? eventWatchPerMille.start,
		eventStrongPerMille: configuration.eventStrongPerMille ?? eventStrongPerMille.start,
		eventAcidMilliPH: configuration.eventAcidMilliPH ?? eventAcidMilliPH.start,
	};
}

/** The configuration entry's body: what derivation needs, and the hash that names the whole. */
export function configurationBodyOf(
	configuration: StationConfiguration,
	sha256: Hash,
): ConfigurationBody {
	return bodyOf(configuration, sha256(asciiBytes(canonicalConfiguration(configuration))));
}

function bodyOf(configuration: StationConfiguration, hash: Uint8Array): ConfigurationBody {
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
		hash,
	};
}

/** All that the record needs before a reading under this configuration: it, and its curves. */
export function configurationEntriesOf(
	configuration: StationConfiguration,
	sha256: Hash,
): readonly (ConfigurationBody | CalibrationBody)[] {
	return [configurationBodyOf(configuration, sha256), ...turbidityCalibrationsOf(configuration)];
}

/** The same where they only derive: the hash, which costs more than all the rest, is not made. */
export function derivationEntriesOf(
	configuration: StationConfiguration,
): readonly (ConfigurationBody | CalibrationBody)[] {
	return [bodyOf(configuration, NO_HASH), ...turbidityCalibrationsOf(configuration)];
}

/**
 * One line `name=value` for each field that was given, sorted by name, bytes in hexadecimal, numbers of a list
 * with commas between: what the hash covers.
 */
export function canonicalConfiguration(configuration: Readonly<Record<string, unknown>>): string {
	let text = "";
	for (const name of Object.keys(configuration).sort()) {
		const value = configuration[name];
		text += `${name}=${value instanceof Uint8Array ? hexOf(value) : String(value)}\n`;
	}
	return text;
}

/** A curve for every range or none, and a unit that such a probe can claim. */
function requireCurve(configuration: StationConfiguration): void {
	const { turbidityProbe, turbidityUnit, turbidityCoefficientsMicro: micro } = configuration;
	const { ranges, units, defaultMicro, slope } = TURBIDITY_CURVES[turbidityProbe];
	requireWithin("turbidityCalibrationId", configuration.turbidityCalibrationId, 1, 255 - ranges);
	if (!units.includes(turbidityUnit)) {
		throw invalid(
			`turbidityUnit of ${turbidityProbe} is ${turbidityUnit}; use ${units.join(" or ")}`,
		);
	}
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

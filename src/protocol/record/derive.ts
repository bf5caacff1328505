/**
 * Derived values: conductivity at 25 degC and turbidity in its unit, from a reading and the
 * calibration and configuration entries of the same chain. One pure function for station, collector
 * and exporter, so that the public can recompute every published number from the signed record.
 */
import { exp, pow } from "../../core/elementary.js";
import { CHANNEL_SETS, type ChannelSet, valueFieldOf } from "./channel-set.js";
import { byChannel, CHANNELS, type ChannelName } from "./channels.js";
import { INPUT_DOUBTS } from "./doubt.js";
import {
	CALIBRATION_ACTS,
	type CalibrationBody,
	type ConfigurationBody,
	type Entry,
	type EntryHeader,
} from "./entry-layouts.js";
import {
	CHANNEL_FLAGS,
	type ChannelReading,
	FACTORY_CALIBRATION,
	type Reading,
	readingOf,
} from "./reading.js";

/** Why a derived value is missing, or what to know about it; several may hold. */
export type DerivationNote =
	| "raw-absent"
	| "temperature-absent"
	/** The temperature is not that of the water. */
	| "temperature-doubtful"
	| "temperature-beyond-law"
	| "law-not-for-acid-water"
	/** The law is not for acid water, and no pH that can be trusted says that this is none. */
	| "acidity-unknown"
	| "calibration-unknown"
	/** The circuit was found changed later, and may have been already: of which calibration it is nobody knows. */
	| "calibration-changed"
	| "configuration-unknown";

export interface DerivedValue {
	/** In `unit`; undefined when it cannot be derived honestly. */
	readonly value: number | undefined;
	readonly unit: string;
	/** How it came about: law or curve, by name. */
	readonly method: string;
	/** CHANNEL_FLAGS of its channel in the reading, and those that it inherits (doubt.ts). */
	readonly flags: number;
	readonly notes: readonly DerivationNote[];
}

/** Conductivity is specific conductance at 25 degC, uS/cm. */
export type DerivedReading = Readonly<Record<ChannelName, DerivedValue>>;

export const CONDUCTIVITY_LAWS = Object.freeze(["linear", "iso-7888"] as const);
export const TURBIDITY_UNITS = Object.freeze(["FNU", "NTU", "relative"] as const);

/** What a calibration's coefficients mean for a signal x; others are unknown to this version. */
export const CALIBRATION_CURVES = Object.freeze({
	/** Held in the circuit, which applied it already; the coefficients describe it. */
	inCircuit: 0,
	/** c0 + c1 x + c2 x^2. */
	quadratic: 1,
	/**
	 * The same on the branch that falls with x, and the vertex's value, flagged, beyond: of a signal that
	 * continues falling where a parabola turns back (c2 < 0) and would make dirtier water look cleaner, or on
	 * rising where it does (c2 > 0), and the reverse.
	 */
	quadraticToVertex: 2,
});

/** Curve of the configuration, calibration, undo, change found later: indexes into CALIBRATION_ACTS. */
const NAMED_ACTS: readonly number[] = Object.freeze([0, 1, 4, 7]);
/** The range of ISO 7888:1985 annex B for natural waters, degrees Celsius. */
const NATURAL_WATER_DEGREES_MIN = 0;
const NATURAL_WATER_DEGREES_MAX = 36;
/** Below this the water conducts by hydrogen ions, whose coefficient is another one. */
const NATURAL_WATER_PH_MIN = 5;

/**
 * Factor that refers the conductivity of a natural water at `celsius` (0 to 36) to 25 degC:
 * ISO 7888:1985, the non-linear function for natural waters (n_LFn). 1.000 at 25, 1.116 at 20.
 */
export function naturalWaterFactorTo25(celsius: number): number {
	const viscosity = -0.198058 + exp(-1.992186 + 231.17628 / (celsius + 86.39123));
	return (1 - 0.962144 + 0.962144 * pow(viscosity, 0.965078)) * 1.116;
}

/** The same beyond the law's range, as at its nearer end: near enough for the salt in a water. */
export function nearFactorTo25(celsius: number): number {
	return naturalWaterFactorTo25(
		Math.min(Math.max(celsius, NATURAL_WATER_DEGREES_MIN), NATURAL_WATER_DEGREES_MAX),
	);
}

/** Entries of one chain that give readings their meaning; feed it every entry in order. */
export class DerivationContext {
	readonly #configurations = new Map<number, ConfigurationBody>();
	readonly #calibrations = new Map<number, CalibrationBody>();
	readonly #changes: (EntryHeader & CalibrationBody)[] = [];

	/** Remembers calibration and configuration entries; other kinds change nothing. */
	observe(entry: Entry): void {
		if (entry.kind !== "configuration" && entry.kind !== "calibration") return;
		this.adopt(entry);
		const isChange =
			entry.kind === "calibration" && CALIBRATION_ACTS[entry.act] === "found-changed";
		if (isChange) this.#changes.push(entry);
	}

	/** The same for what is not in a record yet: what holds by the configuration. */
	adopt(body: ConfigurationBody | CalibrationBody): void {
		if (body.kind === "configuration") this.#configurations.set(body.definedId, body);
		// A check, a cleaning, a note has an id that no reading names.
		else if (NAMED_ACTS.includes(body.act)) {
			this.#calibrations.set(calibrationKey(body.channel, body.calibrationId), body);
		}
	}

	configuration(id: number): ConfigurationBody | undefined {
		return this.#configurations.get(id);
	}

	/**
	 * Derives a reading entry; other kinds and unknown channel sets give undefined. `reading` is that of its
	 * fields, from whoever has it.
	 */
	derive(entry: Entry, reading?: Reading): DerivedReading | undefined {
		const set = entry.kind === "reading" ? CHANNEL_SETS.get(entry.channelSet) : undefined;
		if (entry.kind !== "reading" || set === undefined) return undefined;
		const measured = reading ?? readingOf(set, entry.fields);
		const derived = deriveReading(
			set,
			measured,
			this.#configurations.get(entry.configurationId),
			(channel, id) => this.#calibrations.get(calibrationKey(channel, id)),
		);
		return this.#changes.length === 0 ? derived : this.#marked(derived, measured, entry);
	}

	/** Values since the look at the circuit that agreed last, before the one that found it changed. */
	#marked(derived: DerivedReading, reading: Reading, { epoch, sequence }: Entry): DerivedReading {
		const marked = { ...derived };
		for (const change of this.#changes) {
			const name = CHANNELS[change.channel]?.name;
			if (name === undefined || change.epoch !== epoch) continue;
			const isBetween = sequence > change.firstPart && sequence < change.sequence;
			if (!isBetween || reading[name].calibration !== change.previousId) continue;
			const { flags, notes } = marked[name];
			marked[name] = {
				...marked[name],
				flags: flags | CHANNEL_FLAGS.suspect,
				notes: [...notes, "calibration-changed"],
			};
		}
		return marked;
	}
}

export type CalibrationLookup = (channel: number, id: number) => CalibrationBody | undefined;

/** The derivation itself; `calibrationOf` finds calibration `id` of a channel, if it is known. */
export function deriveReading(
	set: ChannelSet,
	reading: Reading,
	configuration: ConfigurationBody | undefined,
	calibrationOf: CalibrationLookup,
): DerivedReading {
	const measured = byChannel(({ name, derivation }, index) =>
		derivation === "turbidity"
			? turbidity(reading[name], configuration, (id) => calibrationOf(index, id))
			: asMeasured(set, name, reading[name], (id) => calibrationOf(index, id)),
	);
	const { conductivity, temperature, pH } = measured;
	measured.conductivity = conductivityAt25(conductivity, temperature, pH, configuration);
	return measured;
}

function asMeasured(
	set: ChannelSet,
	name: ChannelName,
	{ value, flags, calibration }: ChannelReading,
	calibrationOf: (id: number) => CalibrationBody | undefined,
): DerivedValue {
	const field = valueFieldOf(set, name);
	const unit = field?.unit ?? "";
	// A channel that the station does without has nothing to be noted.
	if (field === undefined) return { value: undefined, unit, method: "none", flags: 0, notes: [] };
	if (value === undefined) return missing(unit, flags, "raw-absent");
	const measured = value / field.scale;
	const entry = calibration === FACTORY_CALIBRATION ? undefined : calibrationOf(calibration);
	if (entry !== undefined && entry.curve !== CALIBRATION_CURVES.inCircuit) {
		return calibrated(entry, measured, unit, flags);
	}
	// The circuit has applied it: the entry tells how good it is, not what the value is.
	const isUnknown = calibration !== FACTORY_CALIBRATION && entry === undefined;
	const notes: readonly DerivationNote[] = isUnknown ? ["calibration-unknown"] : [];
	return { value: measured, unit, method: "measured", flags, notes };
}

function conductivityAt25(
	raw: DerivedValue,
	temperature: DerivedValue,
	pH: DerivedValue,
	configuration: ConfigurationBody | undefined,
): DerivedValue {
	const unit = "uS/cm";
	if (raw.value === undefined) return { ...raw, unit };
	if (configuration === undefined) return missing(unit, raw.flags, "configuration-unknown");
	const celsius = temperature.value;
	const { temperatureOfConductivity, pHOfConductivity } = INPUT_DOUBTS;
	const flags = raw.flags | (temperature.flags & temperatureOfConductivity.inherited);
	const { absent, fault } = CHANNEL_FLAGS;
	if (celsius === undefined || (temperature.flags & (absent | fault)) !== 0) {
		return missing(unit, flags, "temperature-absent");
	}
	if ((temperature.flags & temperatureOfConductivity.refused) !== 0) {
		return missing(unit, flags, "temperature-doubtful");
	}
	const law = CONDUCTIVITY_LAWS[configuration.conductivityLaw];
	if (law === undefined) return missing(unit, flags, "configuration-unknown");
	if (law === "linear") {
		const alpha = configuration.alphaPerMillionPerDegree / 1_000_000;
		const divisor = 1 + alpha * (celsius - 25);
		if (divisor <= 0) return missing(unit, flags, "temperature-beyond-law");
		return { value: raw.value / divisor, unit, method: law, flags, notes: [] };
	}
	if (celsius < NATURAL_WATER_DEGREES_MIN || celsius > NATURAL_WATER_DEGREES_MAX) {
		return missing(unit, flags, "temperature-beyond-law");
	}
	return {
		value: raw.value * naturalWaterFactorTo25(celsius),
		unit,
		method: law,
		flags,
		notes: acidityNotes(pH.value, (pH.flags & pHOfConductivity.noted) !== 0),
	};
}

function acidityNotes(pH: number | undefined, isDoubtful: boolean): readonly DerivationNote[] {
	if (pH === undefined || isDoubtful) return ["acidity-unknown"];
	return pH < NATURAL_WATER_PH_MIN ? ["law-not-for-acid-water"] : [];
}

function turbidity(
	{ value: microvolts, flags, calibration, range }: ChannelReading,
	configuration: ConfigurationBody | undefined,
	calibrationOf: (id: number) => CalibrationBody | undefined,
): DerivedValue {
	if (configuration === undefined) return missing("", flags, "configuration-unknown");
	const unit = TURBIDITY_UNITS[configuration.turbidityUnit];
	if (unit === undefined) return missing("", flags, "configuration-unknown");
	if (microvolts === undefined) return missing(unit, flags, "raw-absent");
	if (calibration !== FACTORY_CALIBRATION) {
		const entry = calibrationOf(calibration);
		// Each range has a curve of its own; another range's would give a number four times off.
		const isOfRange = entry?.range === range;
		return calibrated(isOfRange ? entry : undefined, microvolts / 1_000_000, unit, flags);
	}
	if (configuration.turbidityCurve !== 0 || configuration.loopShuntMilliohms === 0) {
		return missing(unit, flags, "calibration-unknown");
	}
	// Microvolts over milliohms are milliamperes.
	const milliamperes = microvolts / configuration.loopShuntMilliohms;
	const low = configuration.turbidityAt4MilliampereMilli / 1000;
	const high = configuration.turbidityAt20MilliampereMilli / 1000;
	const value = low + ((milliamperes - 4) / 16) * (high - low);
	return { value, unit, method: "loop-4-20", flags, notes: [] };
}

function calibrated(
	entry: CalibrationBody | undefined,
	x: number,
	unit: string,
	flags: number,
): DerivedValue {
	const held = entry === undefined ? x : heldOf(entry, x);
	const value = entry === undefined ? undefined : onCurve(entry, held);
	if (value === undefined) return missing(unit, flags, "calibration-unknown");
	const { saturated, outOfRange } = CHANNEL_FLAGS;
	const isHeld = held > x ? saturated : held < x ? outOfRange : 0;
	return { value, unit, method: "calibrated", flags: flags | isHeld, notes: [] };
}

/** The signal, or that of the vertex where a falling branch ends before it. */
function heldOf({ curve, coefficients: [, c1, c2] }: CalibrationBody, x: number): number {
	if (curve !== CALIBRATION_CURVES.quadraticToVertex || c2 === 0) return x;
	const vertex = -c1 / (2 * c2);
	return c2 < 0 ? Math.max(x, vertex) : Math.min(x, vertex);
}

function onCurve({ curve, coefficients: [c0, c1, c2] }: CalibrationBody, x: number) {
	if (curve === CALIBRATION_CURVES.inCircuit) return x;
	const isKnown =
		curve === CALIBRATION_CURVES.quadratic || curve === CALIBRATION_CURVES.quadraticToVertex;
	return isKnown ? c0 + (c1 + c2 * x) * x : undefined;
}

function missing(unit: string, flags: number, note: DerivationNote): DerivedValue {
	return { value: undefined, unit, method: "none", flags, notes: [note] };
}

function calibrationKey(channel: number, id: number): number {
	return channel * 0x10000 + id;
}

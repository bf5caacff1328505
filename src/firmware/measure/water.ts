/**
 * One measurement of the water: temperature first, because pH needs it; pH while the conductivity
 * circuit is silent; conductivity while the pH circuit sleeps; the burst of turbidity; the battery
 * before the radio. A probe that fails is absent with its flag and stops nobody.
 */
import { assert, StationError } from "../../core/errors.js";
import { apart, type Task } from "../../core/task.js";
import { CHANNEL_SET_1, type ChannelSet } from "../../protocol/record/channel-set.js";
import { byChannel, type ChannelName } from "../../protocol/record/channels.js";
import {
	CHANNEL_FLAGS,
	FACTORY_CALIBRATION,
	NOT_MEASURED,
	type Reading,
} from "../../protocol/record/reading.js";
import { acquire } from "./acquire.js";
import { ascending, burstStatistics } from "./burst.js";
import { type IdentityMarks, identify, NO_IDENTITIES } from "./identity.js";
import {
	type ChannelFailure,
	type MeasuringBoard,
	type MeasuringEvent,
	ProbeSession,
} from "./probe-session.js";
import type { WaterProbes } from "./probes.js";
import type { Sensor, SleepingSensor, TurbiditySample } from "./sensor.js";

/** Ids of the calibrations in force by channel, one for each range of its probe; without one the maker's. */
export type CalibrationIds = Readonly<Record<ChannelName, readonly number[]>>;

export interface MeasureWaterOptions {
	readonly board: MeasuringBoard;
	/**
	 * Opens drivers on the board's buses without sending anything; called again after a rail was
	 * cycled.
	 */
	readonly openProbes: () => WaterProbes;
	/** `failedProbes` of the last measurement; 0 at first. */
	readonly failedProbes: number;
	readonly calibrationIds?: CalibrationIds;
	/** `identities` of the last measurement; none at a boot. */
	readonly identities?: IdentityMarks;
	/** Stands in for the water's temperature when that is unknown, degrees Celsius; 25. */
	readonly referenceCelsius?: number;
	readonly burst?: BurstOptions;
}

export interface BurstOptions {
	/** Signals in a burst: odd, so that the median is one of them. */
	readonly count: number;
	/** Half the watchdog's time-out at most. */
	readonly intervalMilliseconds: number;
}

export interface WaterMeasurement {
	/** What the fields of `reading` are. */
	readonly set: ChannelSet;
	readonly reading: Reading;
	readonly failures: readonly ChannelFailure[];
	readonly events: readonly MeasuringEvent[];
	/**
	 * What the next measurement must know, 8 bits. Bit i: the channel of index i has failed now. Bit 7:
	 * turbidity has been saturated and has not been seen below a tenth of its scale since.
	 */
	readonly failedProbes: number;
	/** Probes that are not those of the last measurement. */
	readonly identified: readonly MeasuringEvent[];
	/** What the next measurement must know to see that. */
	readonly identities: IdentityMarks;
}

/**
 * 15 signals over 7 s: more than the 4 s that a fault of the loop must last to count as one, long
 * against a bubble, and a quarter of the energy of the 30 s that are usual with mains power.
 */
export const DEFAULT_BURST: BurstOptions = Object.freeze({ count: 15, intervalMilliseconds: 500 });

const REFERENCE_CELSIUS = 25;
/**
 * Readings for two in a row that agree: one corrupt byte costs two more; five allow two of them.
 */
const READINGS_MAX = 5;
/** What two readings in a row may differ by: a few times the noise of a probe that has settled. */
const AGREEMENT = Object.freeze({
	pH: 0.05,
	celsius: 0.1,
	microsiemens: 2,
	part: 0.02,
	volts: 0.1,
});
/**
 * Water between ice and the hottest outfall; outside, the probe is somewhere else. Degrees Celsius.
 */
const WATER_CELSIUS_MIN = -2;
const WATER_CELSIUS_MAX = 45;
/** The normal scale of the pH circuit; it clamps at the ends without a word. */
const PH_SCALE_MIN = 0;
const PH_SCALE_MAX = 14;
/** A shorted or open electrode reads 0 mV: pH 7 with no noise. */
const DEAD_ELECTRODE_PH = 7;
const DEAD_ELECTRODE_WITHIN = 0.01;
const DEAD_ELECTRODE_NOISE = 0.001;
/** End of the scale with a cell constant of 1, uS/cm. */
const CONDUCTIVITY_SCALE_MAX = 200_000;
/**
 * No river conducts so little: melt water has 20 uS/cm and more. A cell in the air reads 0, but for a
 * minute a wet film on it conducts some hundredths of what the water did.
 */
const DRY_BELOW_MICROSIEMENS = 10;
/**
 * A bubble brightens, and nothing darkens: the darkest eighth of a burst is water. Where the median is
 * above that by more than this part of it, most signals may be of bubbles.
 */
const CALM_PART = 0.1;
const DARKEST_PART = 1 / 8;
/** One step of the stored spread, microvolts. */
const SPREAD_STEP_MICROVOLTS = 125;
const SPREAD_STEPS_MAX = 0xfffe;
const BATTERY_MILLIVOLTS_MAX = 0xfffe;
/** The processor that measures it would not run: a wire of the gauge is off. */
export const SUPPLY_MILLIVOLTS_MIN = 3000;
/** Bit 7 of `failedProbes`. */
export const MAY_ROLL_OVER = 0x80;

/**
 * Whether the optics may have rolled over, as the flags of a recorded turbidity say, when `before` is what was
 * feared before it: after a loss of power the record is all that knows of a flood.
 */
export function mayRollOverAfter(turbidityFlags: number, before: boolean): boolean {
	if ((turbidityFlags & CHANNEL_FLAGS.fault) !== 0) return before;
	return (turbidityFlags & (CHANNEL_FLAGS.saturated | CHANNEL_FLAGS.suspect)) !== 0;
}

type Signal = TurbiditySample["turbidimeter"];

/** What measuring one channel came to. */
interface Measured {
	readonly value: number | undefined;
	/** CHANNEL_FLAGS. */
	flags: number;
	readonly spread?: number | undefined;
	readonly range?: number;
}

/** The last of the readings, the one before it, and whether the two agreed. */
interface Repeated<Sample> {
	readonly sample: Sample;
	readonly previous: Sample;
	readonly isStable: boolean;
}

/**
 * Measures every channel once; about 18 s with the default burst. The rails are off when it ends,
 * however it ends. Trouble of probes and buses is in the result; only foreign errors leave.
 */
export function* measureWater(options: MeasureWaterOptions): Task<WaterMeasurement> {
	const { board, openProbes, failedProbes } = options;
	const session = new ProbeSession(board, openProbes, failedProbes);
	try {
		yield* session.open();
		return yield* apart(new Measurement(session, options).run());
	} finally {
		session.close();
	}
}

class Measurement {
	readonly #session: ProbeSession;
	readonly #options: MeasureWaterOptions;

	constructor(session: ProbeSession, options: MeasureWaterOptions) {
		this.#session = session;
		this.#options = options;
	}

	*run(): Task<WaterMeasurement> {
		const session = this.#session;
		const calibrationIds = this.#options.calibrationIds;
		const temperature = yield* apart(this.#temperature());
		const pH = yield* apart(this.#pH(temperature.compensationCelsius));
		const conductivity = yield* apart(this.#conductivity());
		// Sixty milliamperes less while the turbidity probe warms up.
		session.releaseProbeRail();
		const turbidity = yield* apart(this.#turbidity());
		const battery = yield* apart(this.#battery());
		// A cell in the air conducts nothing, and then the other probes hang in the air beside it.
		const context = conductivity.isDry ? CHANNEL_FLAGS.suspect : 0;
		if (pH.isCoupled && conductivity.value !== undefined) pH.flags |= CHANNEL_FLAGS.suspect;
		const measured: Readonly<Partial<Record<ChannelName, Measured>>> = {
			pH,
			temperature,
			conductivity,
			turbidity,
			battery,
		};
		const reading = byChannel(({ name }) => {
			const { value, flags, spread, range = 0 } = measured[name] ?? NOT_MEASURED;
			return {
				value,
				// The battery is not in the water.
				flags: flags | (name === "battery" ? 0 : context),
				calibration: calibrationIds?.[name][range] ?? FACTORY_CALIBRATION,
				spread,
				range,
			};
		});
		let failedProbes = 0;
		for (const { channel } of session.failures) failedProbes |= 1 << channel;
		const before = this.#options.identities ?? NO_IDENTITIES;
		const identified = identify(session.probes, failedProbes, before);
		if (turbidity.mayRollOver) failedProbes |= MAY_ROLL_OVER;
		return {
			set: CHANNEL_SET_1,
			reading,
			failures: session.failures,
			events: session.events,
			failedProbes,
			identified: identified.events,
			identities: identified.marks,
		};
	}

	*#temperature() {
		const session = this.#session;
		yield* session.warm("probe", session.probes.temperature.warmUpMilliseconds);
		const repeated = yield* this.#repeat(
			"temperature",
			() => session.probes.temperature,
			(a, b) => isWithin(a.thermometer.temperature, b.thermometer.temperature, AGREEMENT.celsius),
		);
		if (repeated === undefined) {
			return { value: undefined, flags: FAILED, compensationCelsius: undefined };
		}
		const celsius = repeated.sample.thermometer.temperature;
		const isWater = celsius >= WATER_CELSIUS_MIN && celsius <= WATER_CELSIUS_MAX;
		return {
			value: Math.round(celsius * 1000),
			flags: unstable(repeated) | (isWater ? 0 : CHANNEL_FLAGS.outOfRange),
			compensationCelsius: repeated.isStable && isWater ? celsius : undefined,
		};
	}

	*#pH(celsius: number | undefined) {
		const session = this.#session;
		let isCoupled = false;
		yield* session.warm("probe", session.probes.pH.warmUpMilliseconds);
		const repeated = yield* this.#repeat(
			"pH",
			() => session.probes.pH,
			(a, b) => isWithin(a.pHMeter.pH, b.pHMeter.pH, AGREEMENT.pH),
			() => {
				const { pH, conductivity } = session.probes;
				// The conductivity circuit drives a current through the water and the reference electrode.
				isCoupled = !tryToSleep(conductivity);
				pH.configure({
					temperature: celsius ?? this.#options.referenceCelsius ?? REFERENCE_CELSIUS,
				});
			},
		);
		if (repeated === undefined) return { value: undefined, flags: FAILED, isCoupled };
		const { pH, calibrationPoints } = repeated.sample.pHMeter;
		let flags = unstable(repeated);
		if (pH <= PH_SCALE_MIN || pH >= PH_SCALE_MAX) flags |= CHANNEL_FLAGS.outOfRange;
		if (celsius === undefined) flags |= CHANNEL_FLAGS.uncompensated;
		if (calibrationPoints === 0) flags |= CHANNEL_FLAGS.uncalibrated;
		const isDead =
			isWithin(pH, DEAD_ELECTRODE_PH, DEAD_ELECTRODE_WITHIN) &&
			isWithin(pH, repeated.previous.pHMeter.pH, DEAD_ELECTRODE_NOISE);
		if (isDead) flags |= CHANNEL_FLAGS.suspect;
		return { value: Math.round(pH * 1000), flags, isCoupled };
	}

	*#conductivity() {
		const session = this.#session;
		yield* session.warm("probe", session.probes.conductivity.warmUpMilliseconds);
		const repeated = yield* this.#repeat(
			"conductivity",
			() => session.probes.conductivity,
			(a, b) => {
				const [x, y] = [a.conductivityMeter.conductivity, b.conductivityMeter.conductivity];
				return isWithin(x, y, Math.max(AGREEMENT.microsiemens, AGREEMENT.part * Math.abs(y)));
			},
			() => {
				tryToSleep(session.probes.pH);
			},
		);
		if (repeated === undefined) return { value: undefined, flags: FAILED, isDry: false };
		const { conductivity, calibrationPoints } = repeated.sample.conductivityMeter;
		const isDry = conductivity < DRY_BELOW_MICROSIEMENS;
		let flags = unstable(repeated);
		if (conductivity === 0 || conductivity > CONDUCTIVITY_SCALE_MAX)
			flags |= CHANNEL_FLAGS.outOfRange;
		if (calibrationPoints === 0) flags |= CHANNEL_FLAGS.uncalibrated;
		return { value: Math.round(conductivity * 100), flags, isDry };
	}

	*#turbidity() {
		const session = this.#session;
		const { watchdog } = this.#options.board;
		const { count, intervalMilliseconds } = this.#options.burst ?? DEFAULT_BURST;
		assert(intervalMilliseconds <= watchdog.timeoutMilliseconds / 2, "a pause of a burst too long");
		const mayRollOverBefore = (this.#options.failedProbes & MAY_ROLL_OVER) !== 0;
		const remedies = session.remediesFor("turbidity");
		const signals: Signal[] = [];
		const sensor = () => session.probes.turbidity;
		yield* session.warm("loop", session.probes.turbidity.warmUpMilliseconds);
		for (let index = 0; index < count; index++) {
			// The watchdog was fed when the last sample came.
			if (index > 0) yield { milliseconds: intervalMilliseconds };
			const sample = yield* acquire(sensor, watchdog, remedies);
			if (sample === undefined) {
				return { ...NOT_MEASURED, flags: FAILED, mayRollOver: mayRollOverBefore };
			}
			signals.push(sample.turbidimeter);
		}
		const summary = summaryOf(signals, mayRollOverBefore);
		if ((summary.flags & CHANNEL_FLAGS.fault) === 0) session.noteMeasured("turbidity");
		else session.noteFailure("turbidity", "probe-out-of-range");
		return summary;
	}

	*#battery() {
		const { probes } = this.#session;
		const repeated = yield* this.#repeat(
			"battery",
			() => probes.battery,
			(a, b) => isWithin(a.battery.voltage, b.battery.voltage, AGREEMENT.volts),
		);
		if (repeated === undefined) return { value: undefined, flags: FAILED };
		const millivolts = Math.round(repeated.sample.battery.voltage * 1000);
		const stored = Math.min(Math.max(millivolts, 0), BATTERY_MILLIVOLTS_MAX);
		let flags = unstable(repeated);
		if (stored !== millivolts) flags |= CHANNEL_FLAGS.outOfRange;
		if (millivolts < SUPPLY_MILLIVOLTS_MIN) flags |= CHANNEL_FLAGS.suspect;
		return { value: stored, flags };
	}

	/**
	 * Samples until two in a row agree: nothing on the wires has a checksum, and a corrupt digit is a
	 * plausible number. `prepare` runs before each sample; undefined when the probe has failed.
	 */
	*#repeat<Sample>(
		channel: ChannelName,
		sensor: () => Sensor<Sample>,
		agrees: (a: Sample, b: Sample) => boolean,
		prepare: () => void = () => {},
	): Task<Repeated<Sample> | undefined> {
		const session = this.#session;
		const { watchdog } = this.#options.board;
		const remedies = session.remediesFor(channel);
		const prepared = () => {
			prepare();
			return sensor();
		};
		let previous: Sample | undefined;
		for (let count = 1; ; count++) {
			const sample = yield* acquire(prepared, watchdog, remedies);
			if (sample === undefined) return undefined;
			const isStable = previous !== undefined && agrees(previous, sample);
			if (previous !== undefined && (isStable || count === READINGS_MAX)) {
				session.noteMeasured(channel);
				return { sample, previous, isStable };
			}
			previous = sample;
		}
	}
}

const FAILED = CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault;

function unstable(repeated: { readonly isStable: boolean }): number {
	return repeated.isStable ? 0 : CHANNEL_FLAGS.unstable;
}

function isWithin(a: number, b: number, tolerance: number): boolean {
	// A millionth of the tolerance for decimal fractions that binary cannot hold.
	return Math.abs(a - b) <= tolerance * 1.000001;
}

/** False when the circuit could not be told; its own measurement will say what is wrong with it. */
function tryToSleep(circuit: SleepingSensor): boolean {
	try {
		circuit.sleep();
		return true;
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		return false;
	}
}

/**
 * Median and spread of the signals without those that NE 43 calls a fault. Where most are faults,
 * their own median stands, flagged: a raw count that explains the fault is worth keeping. After
 * saturation a signal on the scale is suspect until it has been small: in extreme sediment all
 * optics fall back into their range, and then the worst of the flood looks like its end.
 */
function summaryOf(signals: readonly Signal[], mayRollOverBefore: boolean) {
	const good = signals.filter(({ state }) => state !== "fault");
	const isFault = good.length * 2 < signals.length;
	const used = ofOneRange(isFault ? signals : good);
	// An odd count has a middle that was measured, not made.
	if (used.length % 2 === 0) used.pop();
	const { median, spread } = burstStatistics(used.map((signal) => signal.signalMicrovolts));
	const middle = used.find((signal) => signal.signalMicrovolts === median);
	let flags = 0;
	if (isFault) flags |= CHANNEL_FLAGS.fault;
	else if (good.length < signals.length) flags |= CHANNEL_FLAGS.suspect;
	if (middle?.state === "saturated") flags |= CHANNEL_FLAGS.saturated;
	if (middle?.state === "clipped") flags |= CHANNEL_FLAGS.saturated | CHANNEL_FLAGS.outOfRange;
	// A fault says nothing about the water, so what was feared before it still is.
	const isHigh = median >= (middle?.tenthOfScaleMicrovolts ?? Number.POSITIVE_INFINITY);
	const isSaturated = (flags & CHANNEL_FLAGS.saturated) !== 0;
	const mayRollOver = isFault ? mayRollOverBefore : isSaturated || (mayRollOverBefore && isHigh);
	if (mayRollOver && !isSaturated && !isFault) flags |= CHANNEL_FLAGS.suspect;
	if (!isFault && !isCalm(used, middle)) flags |= CHANNEL_FLAGS.unstable;
	return {
		mayRollOver,
		value: Math.round(median),
		spread: Math.min(Math.round(spread / SPREAD_STEP_MICROVOLTS), SPREAD_STEPS_MAX),
		range: middle?.range ?? 0,
		flags,
	};
}

/** Whether the middle of a burst lies near its darkest signals. */
function isCalm(signals: readonly Signal[], middle: Signal | undefined): boolean {
	const { zeroMicrovolts, calmMicrovolts } = middle ?? {};
	if (zeroMicrovolts === undefined || calmMicrovolts === undefined) return true;
	const turbid = ascending(
		signals.map(({ signalMicrovolts }) => Math.abs(signalMicrovolts - zeroMicrovolts)),
	);
	const darkest = turbid[Math.floor(turbid.length * DARKEST_PART)] ?? 0;
	const median = turbid[(turbid.length - 1) / 2] ?? 0;
	return median - darkest <= Math.max(calmMicrovolts, CALM_PART * median);
}

/**
 * A burst at the edge of two ranges has signals of both: those of the commoner one, else the
 * higher.
 */
function ofOneRange(signals: readonly Signal[]): Signal[] {
	const [first] = signals;
	if (signals.every((signal) => signal.range === first?.range)) return signals.slice();
	let best: Signal[] = [];
	for (const range of new Set(signals.map((signal) => signal.range))) {
		const these = signals.filter((signal) => signal.range === range);
		const isHigher = range > (best[0]?.range ?? -1);
		if (these.length > best.length || (these.length === best.length && isHigher)) best = these;
	}
	return best;
}

/**
 * One measurement of the water: temperature first, because pH needs it; pH while the conductivity
 * circuit is silent; conductivity while the pH circuit sleeps; what further probes there are (further.ts);
 * the burst of turbidity; the battery before the radio. A probe that fails is absent with its flag and stops nobody.
 */
import { assert } from "../../core/errors.js";
import { call, type Task } from "../../core/task.js";
import { type ChannelSet, channelSetFor, valueFieldOf } from "../../protocol/record/channel-set.js";
import {
	byChannel,
	CHANNELS,
	CHANNELS_OF_SET,
	type ChannelName,
	type ChannelRow,
	channelIndexOf,
} from "../../protocol/record/channels.js";
import { nearFactorTo25 } from "../../protocol/record/derive.js";
import {
	CHANNEL_FLAGS,
	FACTORY_CALIBRATION,
	NOT_MEASURED,
	type Reading,
} from "../../protocol/record/reading.js";
import { acquire } from "./acquire.js";
import { summaryOf, type TurbiditySignal } from "./burst.js";
import { measureFurther } from "./further.js";
import { compareIdentities, type IdentityMarks, NO_IDENTITIES } from "./identity.js";
import {
	type ChannelFailure,
	type MeasuringBoard,
	type MeasuringEvent,
	ProbeSession,
} from "./probe-session.js";
import type { WaterProbes } from "./probes.js";
import { FAILED, isWithin, type Measured, repeat, tryToSleep, unstable } from "./repeat.js";
import type { Surroundings } from "./sensor.js";

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
	/** False: the turbidity probe gets no power, and the channel is absent. */
	readonly withTurbidity?: boolean;
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
	/** Out of the battery at the end of it, where the gauge measures it. */
	readonly batteryMilliamperes: number | undefined;
	/** What was tried again: on the probes' buses, and of the converter. */
	readonly retries: readonly [probes: number, chips: number];
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
 * 15 signals over 4.2 s: more than the 4 s that a fault of the loop must last to count as one, long
 * against a bubble, and a seventh of the energy of the 30 s that are usual with mains power.
 */
export const DEFAULT_BURST: BurstOptions = Object.freeze({ count: 15, intervalMilliseconds: 300 });

const REFERENCE_CELSIUS = 25;
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
const BATTERY_MILLIVOLTS_MAX = 0xfffe;
/** The processor that measures it would not run: a wire of the gauge is off. */
export const SUPPLY_MILLIVOLTS_MIN = 3000;
const TURBIDITY_BIT = 1 << channelIndexOf("turbidity");
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

/**
 * Measures every channel once; about 18 s with the default burst. The rails are off when it ends,
 * however it ends. Errors of probes and buses are in the result; only foreign errors leave.
 */
export function* measureWater(options: MeasureWaterOptions): Task<WaterMeasurement> {
	const { board, openProbes, failedProbes } = options;
	const session = new ProbeSession(board, openProbes, failedProbes);
	try {
		yield* session.open(options.withTurbidity);
		return yield* call(new Measurement(session, options).run());
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
		const temperature = yield* call(this.#temperature());
		const pH = yield* call(this.#pH(temperature.compensationCelsius));
		const conductivity = yield* call(this.#conductivity());
		const fitted = CHANNELS.map(({ name }) => session.probes[name] !== undefined);
		const set = channelSetFor(fitted.lastIndexOf(true) + 1);
		const further = yield* call(this.#further(set, temperature.compensationCelsius, conductivity));
		// Sixty milliamperes less while the turbidity probe warms up.
		session.releaseProbeRail();
		const turbidity = yield* call(this.#turbidity());
		const battery = yield* call(this.#battery());
		// A cell in the air conducts nothing, and then the other probes hang in the air beside it.
		const context = conductivity.isDry ? CHANNEL_FLAGS.suspect : 0;
		if (pH.isCoupled && conductivity.value !== undefined) pH.flags |= CHANNEL_FLAGS.suspect;
		const measured: Readonly<Partial<Record<ChannelName, Measured>>> = {
			pH,
			temperature,
			conductivity,
			turbidity,
			battery,
			...further,
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
		// What was not tried is as it was.
		if (!this.#isTurbidityDue) failedProbes |= this.#options.failedProbes & TURBIDITY_BIT;
		const before = this.#options.identities ?? NO_IDENTITIES;
		const identified = compareIdentities(session.probes, failedProbes, before);
		if (turbidity.mayRollOver) failedProbes |= MAY_ROLL_OVER;
		return {
			set,
			reading,
			batteryMilliamperes: battery.milliamperes,
			retries: session.retries,
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
		// The conductivity circuit draws most of all, and is not asked before pH is done.
		tryToSleep(session.probes.conductivity);
		const repeated = yield* repeat(
			session,
			this.#options.board.watchdog,
			"temperature",
			() => session.probes.temperature,
			(a, b) => isWithin(a.thermometer.temperature, b.thermometer.temperature, AGREEMENT.celsius),
		);
		if (repeated === undefined) {
			return { value: undefined, flags: FAILED, compensationCelsius: undefined };
		}
		tryToSleep(session.probes.temperature);
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
		const repeated = yield* repeat(
			session,
			this.#options.board.watchdog,
			"pH",
			() => {
				const { pH, conductivity } = session.probes;
				// The conductivity circuit drives a current through the water and the reference electrode.
				isCoupled = !tryToSleep(conductivity);
				pH.configure({
					temperature: celsius ?? this.#options.referenceCelsius ?? REFERENCE_CELSIUS,
				});
				return pH;
			},
			(a, b) => isWithin(a.pHMeter.pH, b.pHMeter.pH, AGREEMENT.pH),
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
		const repeated = yield* repeat(
			session,
			this.#options.board.watchdog,
			"conductivity",
			() => {
				tryToSleep(session.probes.pH);
				return session.probes.conductivity;
			},
			(a, b) => {
				const y = b.conductivityMeter.conductivity;
				const tolerance = Math.max(AGREEMENT.microsiemens, AGREEMENT.part * Math.abs(y));
				return isWithin(a.conductivityMeter.conductivity, y, tolerance);
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

	/** Of the channels that not every station has, those that are fitted. */
	*#further(
		set: ChannelSet,
		celsius: number | undefined,
		{ value, flags, isDry }: Measured & { isDry: boolean },
	) {
		const session = this.#session;
		const isSaltKnown = celsius !== undefined && value !== undefined && flags === 0 && !isDry;
		const surroundings: Surroundings = {
			celsius: celsius ?? this.#options.referenceCelsius ?? REFERENCE_CELSIUS,
			microsiemensAt25: isSaltKnown ? (value / 100) * nearFactorTo25(celsius) : undefined,
		};
		const measured: Partial<Record<ChannelName, Measured>> = {};
		for (let index = CHANNELS_OF_SET[0] ?? 0; index < CHANNELS.length; index++) {
			const { name } = CHANNELS[index] as ChannelRow;
			if (session.probes[name] === undefined) continue;
			const scale = valueFieldOf(set, name)?.scale;
			if (scale === undefined) continue;
			const { watchdog } = this.#options.board;
			measured[name] = yield* call(measureFurther(session, watchdog, name, scale, surroundings));
		}
		return measured;
	}

	get #isTurbidityDue(): boolean {
		return this.#options.withTurbidity !== false;
	}

	*#turbidity() {
		const session = this.#session;
		const { watchdog } = this.#options.board;
		const { count, intervalMilliseconds } = this.#options.burst ?? DEFAULT_BURST;
		assert(intervalMilliseconds <= watchdog.timeoutMilliseconds / 2, "a pause of a burst too long");
		const mayRollOverBefore = (this.#options.failedProbes & MAY_ROLL_OVER) !== 0;
		if (!this.#isTurbidityDue) return { ...NOT_MEASURED, mayRollOver: mayRollOverBefore };
		const recovery = session.recoveryFor("turbidity");
		const signals: TurbiditySignal[] = [];
		const sensor = () => session.probes.turbidity;
		yield* session.warm("loop", session.probes.turbidity.warmUpMilliseconds);
		for (let index = 0; index < count; index++) {
			// The watchdog was fed when the last sample came.
			if (index > 0) yield { milliseconds: intervalMilliseconds };
			const sample = yield* acquire(sensor, watchdog, recovery);
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
		const session = this.#session;
		const repeated = yield* repeat(
			session,
			this.#options.board.watchdog,
			"battery",
			() => session.probes.battery,
			(a, b) => isWithin(a.battery.voltage, b.battery.voltage, AGREEMENT.volts),
		);
		if (repeated === undefined) return { value: undefined, flags: FAILED, milliamperes: undefined };
		const { voltage, current } = repeated.sample.battery;
		const millivolts = Math.round(voltage * 1000);
		const stored = Math.min(Math.max(millivolts, 0), BATTERY_MILLIVOLTS_MAX);
		let flags = unstable(repeated);
		if (stored !== millivolts) flags |= CHANNEL_FLAGS.outOfRange;
		if (millivolts < SUPPLY_MILLIVOLTS_MIN) flags |= CHANNEL_FLAGS.suspect;
		const milliamperes = current === undefined ? undefined : current * 1000;
		return { value: stored, flags, milliamperes };
	}
}

/**
 * The station's side of measuring: opens the probes of the configuration in force, judges the battery,
 * puts the reading and what happened on the way into the record, and hands it to the technician who waits.
 */
import type { Task } from "../../core/task.js";
import { byChannel, type ChannelName, channelIndexOf } from "../../protocol/record/channels.js";
import { STATION_FLAGS } from "../../protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS, fieldsOfReading } from "../../protocol/record/reading.js";
import type { CalibrationsInForce } from "../calibration/calibrations-in-force.js";
import { derivationEntriesOf, type StationConfiguration } from "../config/configuration.js";
import { type IdentityMarks, NO_IDENTITIES } from "../measure/identity.js";
import type { WaterProbes } from "../measure/probes.js";
import { type CalibrationIds, measureWater, type WaterMeasurement } from "../measure/water.js";
import type { Board } from "../ports.js";
import type { EntryRecorder, Stamp } from "./entry-recorder.js";
import type { MeasurementFacts } from "./heartbeat.js";
import type { PowerController } from "./power-controller.js";
import { type MeasurementRequest, reportOf, type ServiceRequests } from "./service-requests.js";
import type { TimeKeeper } from "./time-keeper.js";
import { BATTERY_FACTORS, batteryStepOf } from "./upload-interval.js";

/** Rising above the threshold by this much ends "battery low"; a load step is below it. */
export const BATTERY_HYSTERESIS_MILLIVOLTS = 200;

/** What one wake leaves to the next. */
export interface MeasurementControllerState {
	/** Index into the codes of probes that failed last time, one bit per channel. */
	readonly failedProbes: number;
	readonly isBatteryLow: boolean;
	/** Index into BATTERY_FACTORS. */
	readonly batteryStep: number;
	/** Which probes there were. */
	readonly identities: IdentityMarks;
}

export interface MeasurementControllerOptions {
	readonly board: Board;
	readonly recorder: EntryRecorder;
	readonly time: TimeKeeper;
	readonly service: ServiceRequests;
	readonly power: PowerController;
	/** One of the water is under way where it is not 0. */
	readonly events: { readonly intervalSeconds: number };
	/** In force. */
	readonly configuration: () => StationConfiguration;
	readonly openProbes: (board: Board, configuration: StationConfiguration) => WaterProbes;
	readonly state: MeasurementControllerState | undefined;
	/** Where there is no state: what the record says that probes had come to, as `failedProbes`. */
	readonly failedProbes: number;
	/** The radio loads the battery. */
	readonly isLoaded: () => boolean;
	/** Nobody needs the processor but the measurement. */
	readonly maySleepLightly: () => boolean;
	/** Which calibrations are in force, and whose circuit holds nobody knows what. */
	readonly calibrations: Pick<
		CalibrationsInForce,
		"idOf" | "curveIds" | "standing" | "withheld" | "requestCheck"
	>;
}

/** How a measurement is to be recorded and answered. */
export interface MeasurementContext {
	readonly request: MeasurementRequest | undefined;
	readonly isRecorded: boolean;
	readonly isLate: boolean;
}

const NOTHING_MEASURED = Object.freeze({
	milliseconds: 0,
	millivolts: undefined,
	retries: [0, 0] as const,
});

export class MeasurementController {
	readonly #options: MeasurementControllerOptions;
	#state: MeasurementControllerState;
	#last: MeasurementFacts = NOTHING_MEASURED;

	constructor(options: MeasurementControllerOptions) {
		this.#options = options;
		const { state } = options;
		this.#state = {
			failedProbes: state?.failedProbes ?? options.failedProbes,
			isBatteryLow: state?.isBatteryLow ?? false,
			batteryStep: state?.batteryStep ?? 0,
			identities: state?.identities ?? NO_IDENTITIES,
		};
	}

	get state(): MeasurementControllerState {
		return this.#state;
	}

	/** What the day's heartbeat is to know of the last measurement. */
	get last(): MeasurementFacts {
		return this.#last;
	}

	/** Uploads are so many times rarer, for the battery's sake. */
	get batteryFactor(): number {
		const { power } = this.#options;
		return power.uploadFactor ?? BATTERY_FACTORS[this.#state.batteryStep] ?? 1;
	}

	/** One measurement of everything, dated by `stamp`. */
	*measure(stamp: Stamp, { request, isRecorded, isLate }: MeasurementContext): Task<void> {
		const { board, openProbes, power, events } = this.#options;
		const configuration = this.#options.configuration();
		const beganMilliseconds = board.clock.milliseconds;
		// Most of a measurement is waiting for probes.
		board.processor.allowLightSleep(this.#options.maySleepLightly());
		// A technician who looks sees all.
		const withTurbidity = request !== undefined || power.takesTurbidity(events.intervalSeconds > 0);
		let measurement = yield* measureWater({
			board,
			openProbes: () => openProbes(board, configuration),
			failedProbes: this.#state.failedProbes,
			calibrationIds: this.#calibrationIds(),
			identities: this.#state.identities,
			withTurbidity,
		});
		board.processor.allowLightSleep(false);
		measurement = withheldFrom(measurement, this.#options.calibrations.withheld);
		const milliseconds = board.clock.milliseconds - beganMilliseconds;
		this.#judgeBattery(measurement, configuration.batteryLowMillivolts, withTurbidity);
		this.#last = {
			milliseconds,
			millivolts: measurement.reading.battery.value,
			retries: measurement.retries,
		};
		// The battery came last, this very moment. A session sags it by less than any hysteresis, and shows.
		if (this.#options.isLoaded()) {
			const { reading } = measurement;
			const flags = reading.battery.flags | CHANNEL_FLAGS.suspect;
			const battery = { ...reading.battery, flags };
			measurement = { ...measurement, reading: { ...reading, battery } };
		}
		const sequence = isRecorded ? this.#record(measurement, stamp, isLate) : undefined;
		this.#recordProbeEvents(measurement);
		if (request === undefined) return;
		const entries = [
			...derivationEntriesOf(configuration),
			...this.#options.calibrations.standing(),
		];
		const report = reportOf(measurement, entries, {
			utcSeconds: stamp.utcSeconds,
			sequence,
			durationMilliseconds: board.clock.milliseconds - beganMilliseconds,
			clockFault: this.#options.time.fault,
			journalFault: this.#options.recorder.fault,
		});
		this.#options.service.measured(request, report);
	}

	/** In force: the circuits' own, and the turbidity's curves. */
	#calibrationIds(): CalibrationIds {
		const { calibrations } = this.#options;
		const { curveIds } = calibrations;
		return byChannel(({ name }) => (name === "turbidity" ? curveIds : [calibrations.idOf(name)]));
	}

	/** The reading's sequence, or undefined when the journal rejected it. */
	#record({ set, reading }: WaterMeasurement, stamp: Stamp, isLate: boolean): number | undefined {
		return this.#options.recorder.record(
			{ kind: "reading", fields: fieldsOfReading(set, reading) },
			{ channelSet: set.id, stamp, extraFlags: isLate ? STATION_FLAGS.wakeLate : 0 },
		);
	}

	/** What happened to the probes on the way. */
	#recordProbeEvents(measurement: WaterMeasurement): void {
		const { recorder, calibrations } = this.#options;
		const { events, identified, failedProbes } = measurement;
		const { isBatteryLow, batteryStep } = this.#state;
		const name = calibrations.withheld;
		const withheld = name === undefined ? -1 : channelIndexOf(name);
		for (const { code, detail, text } of events) recorder.event(code, detail, text);
		for (const { code, detail, text } of identified) {
			// How many points it holds in the middle of a calibration is no news.
			if (detail !== withheld) recorder.event(code, detail, text);
		}
		const identities = measurement.identities.map((mark, channel) =>
			channel === withheld ? (this.#state.identities[channel] ?? 0) : mark,
		);
		if (identified.length > 0) calibrations.requestCheck();
		this.#state = { failedProbes, isBatteryLow, batteryStep, identities };
	}

	#judgeBattery(
		{ reading, batteryMilliamperes }: WaterMeasurement,
		thresholdMillivolts: number,
		withTurbidity: boolean,
	): void {
		const { value: batteryMillivolts, flags: batteryFlags } = reading.battery;
		// A gauge that is off says nothing about the battery, and must not slow the station down.
		const isOff = (batteryFlags & (CHANNEL_FLAGS.fault | CHANNEL_FLAGS.suspect)) !== 0;
		if (batteryMillivolts === undefined || isOff) return;
		const { value: millidegrees, flags } = reading.temperature;
		if (!this.#options.isLoaded()) {
			this.#options.power.judge({
				millivolts: batteryMillivolts,
				milliamperes: batteryMilliamperes,
				// The water's, in place of the battery's: the board does not measure its own.
				celsius: flags === 0 && millidegrees !== undefined ? millidegrees / 1000 : undefined,
				withTurbidity,
			});
		}
		const was = this.#state;
		const hysteresis = was.isBatteryLow ? BATTERY_HYSTERESIS_MILLIVOLTS : 0;
		const isBatteryLow = batteryMillivolts < thresholdMillivolts + hysteresis;
		const batteryStep = batteryStepOf(batteryMillivolts, thresholdMillivolts, was.batteryStep);
		const { failedProbes, identities } = was;
		this.#state = { failedProbes, isBatteryLow, batteryStep, identities };
		if (isBatteryLow === was.isBatteryLow) return;
		this.#options.recorder.event("battery-low", isBatteryLow ? 1 : 0, "");
	}
}

/**
 * A measurement without the channel whose circuit is between two calibrations: what it says then is in no unit. Nor is
 * a pH that was compensated by such a thermometer.
 */
function withheldFrom(
	measurement: WaterMeasurement,
	withheld: ChannelName | undefined,
): WaterMeasurement {
	if (withheld === undefined) return measurement;
	const { reading } = measurement;
	const { absent, uncalibrated, uncompensated } = CHANNEL_FLAGS;
	const flags = absent | uncalibrated;
	const pH =
		withheld === "temperature"
			? { ...reading.pH, flags: reading.pH.flags | uncompensated }
			: reading.pH;
	const channel = { ...reading[withheld], value: undefined, flags };
	return { ...measurement, reading: { ...reading, pH, [withheld]: channel } };
}

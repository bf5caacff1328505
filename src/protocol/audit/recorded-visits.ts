/**
 * Visits as a station's record has them: what the probes read as found, after the cleaning, and in standards by the
 * calibration before, so that fouling and drift can be told apart (docs/VALUES.md, section 5). A field meter is known
 * where it was given as the reference of a check before and after the cleaning; otherwise the river is taken to have stood still
 * for the minutes in between.
 */
import { isoTextOf } from "../../core/calendar.js";
import { REFERENCE } from "../calibration/standards.js";
import { nernstMillivolts } from "../calibration/verdict.js";
import {
	type ChannelCheck,
	type DriftPoint,
	type FoulingCheck,
	QUALITY_CHANNELS,
	type QualityChannel,
} from "../quality/correction.js";
import { roundedTo } from "../quality/decimal.js";
import { CHANNELS, type ChannelName } from "../record/channels.js";
import type { DerivedReading } from "../record/derive.js";
import { CALIBRATION_ACTS, type Entry, STATION_FLAGS } from "../record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../record/reading.js";
import type { LoggedCalibration } from "./calibration-log.js";
import { RECORDED_AS } from "./channel-columns.js";
import type { Visit } from "./documents.js";

/** A visit is over when nothing was done for so long. */
const PAUSE_SECONDS = 4 * 3600;
/** A river does not stand still for longer. */
const STILL_SECONDS = 3600;
const DECIMALS = 4;
/** What says that a value is none of the water in the river. */
const UNFIT =
	CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault | CHANNEL_FLAGS.outOfRange | CHANNEL_FLAGS.saturated;

interface ServiceReading {
	readonly utcSeconds: number;
	readonly derived: DerivedReading;
}

interface Act extends LoggedCalibration {
	readonly utcSeconds: number;
	readonly act: (typeof CALIBRATION_ACTS)[number];
	readonly channel: ChannelName | undefined;
	/** Coefficients in force before it; undefined where the record does not know them. */
	readonly before: readonly [number, number, number] | undefined;
}

export class RecordedVisits {
	readonly #visits: { acts: Act[]; readings: ServiceReading[] }[] = [];
	#readings: ServiceReading[] = [];
	readonly #inForce = new Map<number, readonly [number, number, number]>();

	/** Every calibration, check and cleaning of the record, in order. */
	observe(logged: LoggedCalibration): void {
		const { entry } = logged;
		const { channel, coefficients, utcSeconds } = entry;
		const act = CALIBRATION_ACTS[entry.act] ?? "note";
		const before = this.#inForce.get(channel);
		if (act === "calibration" || act === "undo") this.#inForce.set(channel, coefficients);
		if (act === "found-changed") this.#inForce.delete(channel);
		const isOfVisit = !["configured", "found-changed", "note"].includes(act);
		// Of a probe with several ranges the first one's entry has the points.
		if (!isOfVisit || utcSeconds === 0 || entry.range > 0) return;
		const visitAct: Act = { ...logged, utcSeconds, act, channel: CHANNELS[channel]?.name, before };
		const last = this.#visits.at(-1);
		const lastSeconds = last?.acts.at(-1)?.utcSeconds ?? Number.NEGATIVE_INFINITY;
		if (last !== undefined && utcSeconds - lastSeconds < PAUSE_SECONDS) last.acts.push(visitAct);
		else {
			const readings = this.#readings.filter(
				(reading) => utcSeconds - reading.utcSeconds < PAUSE_SECONDS,
			);
			this.#visits.push({ acts: [visitAct], readings });
		}
		this.#readings = [];
	}

	/** Every reading of the record, derived, in order. */
	read({ utcSeconds, stationFlags }: Entry, derived: DerivedReading): void {
		if (utcSeconds === 0 || (stationFlags & STATION_FLAGS.serviceMode) === 0) return;
		const reading = { utcSeconds, derived };
		this.#readings.push(reading);
		const last = this.#visits.at(-1);
		const lastSeconds = last?.acts.at(-1)?.utcSeconds ?? 0;
		if (last !== undefined && utcSeconds - lastSeconds < PAUSE_SECONDS) last.readings.push(reading);
	}

	/** Ascending. */
	visits(): readonly Visit[] {
		return this.#visits.map(({ acts, readings }) => {
			const times = [...acts, ...readings].map(({ utcSeconds }) => utcSeconds);
			const [seconds, endSeconds] = [Math.min(...times), Math.max(...times)];
			const id = isoTextOf(seconds).slice(0, 16).replaceAll(":", "");
			const checks = QUALITY_CHANNELS.flatMap((channel) => {
				const name = RECORDED_AS[channel];
				const own = acts.filter(({ act, channel: of }) => of === name || act === "cleaning");
				if (own.length === 0) return [];
				const fouling = foulingOf(own, readings, name);
				const drift = driftOf(own, name);
				return [
					{
						channel,
						...(fouling === undefined ? {} : { fouling }),
						...(drift.length === 0 ? {} : { drift }),
					} satisfies ChannelCheck & { channel: QualityChannel },
				];
			});
			return { id, seconds, endSeconds, checks };
		});
	}
}

/** The last reading before the cleaning and the first after it, before anything was put into a bottle. */
function foulingOf(
	acts: readonly Act[],
	readings: readonly ServiceReading[],
	name: ChannelName,
): FoulingCheck | undefined {
	const cleaning = acts.find(({ act }) => act === "cleaning");
	if (cleaning === undefined) return undefined;
	const at = cleaning.utcSeconds;
	// A check against a field meter is in the river; every other act is in bottles.
	const bottled = acts.find(
		(act) => act.act !== "cleaning" && !isFieldCheck(act) && act.utcSeconds > at,
	);
	const end = Math.min(bottled?.utcSeconds ?? Number.POSITIVE_INFINITY, at + STILL_SECONDS);
	const begin = beganBefore(acts, at);
	const stationOf = ({ derived }: ServiceReading): number | undefined => {
		const { value, flags } = derived[name];
		return (flags & UNFIT) === 0 ? value : undefined;
	};
	const fouled = readings
		.filter(({ utcSeconds }) => utcSeconds <= at && utcSeconds > begin)
		.map(stationOf)
		.at(-1);
	const cleaned = readings
		.filter(({ utcSeconds }) => utcSeconds > at && utcSeconds < end)
		.map(stationOf)[0];
	if (fouled === undefined || cleaned === undefined) return undefined;
	const fields = acts.filter(isFieldCheck);
	const fieldFouled = fields.filter(({ utcSeconds }) => utcSeconds <= at).at(-1);
	const fieldCleaned = fields.find(({ utcSeconds }) => utcSeconds > at && utcSeconds < end);
	const hasField = fieldFouled !== undefined && fieldCleaned !== undefined;
	const fieldOf = (check: Act | undefined): number =>
		hasField ? (check?.points[0]?.nominalAtTemperature ?? 0) : rounded(cleaned);
	return {
		stationFouled: rounded(fouled),
		stationCleaned: rounded(cleaned),
		fieldFouled: rounded(fieldOf(fieldFouled)),
		fieldCleaned: rounded(fieldOf(fieldCleaned)),
	};
}

/** Nothing that was in a bottle before the cleaning, and no longer ago than a river stands still. */
function beganBefore(acts: readonly Act[], at: number): number {
	const bottled = acts.filter((act) => act.utcSeconds < at && !isFieldCheck(act)).at(-1);
	return Math.max(bottled?.utcSeconds ?? 0, at - STILL_SECONDS);
}

function isFieldCheck({ act, standards }: Act): boolean {
	return act === "as-found" && standards.length === 1 && standards[0] === REFERENCE;
}

/** What the calibration before read in each standard of the first check in bottles, or of the calibration itself. */
function driftOf(acts: readonly Act[], name: ChannelName): readonly DriftPoint[] {
	const bottled = acts.filter(
		(act) => act.channel === name && act.points.length > 0 && !isFieldCheck(act),
	);
	const found =
		bottled.find(({ act }) => act === "as-found") ??
		bottled.find(({ act }) => act === "calibration");
	if (found === undefined) return [];
	return found.points.flatMap((point, index) => {
		const { nominalAtTemperature: standard, celsius, electrodeMillivolts } = point;
		let reading: number | undefined = point.reading;
		if (found.act === "calibration" && name === "conductivity") {
			// The dry point is no standard, and cleared what the circuit held: it read by its K alone.
			if (standard === 0) return [];
			const [cell, ofCircuit] = found.before ?? [1, 1];
			reading = ofCircuit > 0 && cell > 0 ? (reading * cell) / ofCircuit : undefined;
		}
		// The middle buffer cleared the others: what the old slopes made of this one follows from its millivolts.
		if (found.act === "calibration" && name === "pH" && index > 0) {
			reading = oldReading(electrodeMillivolts, celsius, found.before);
		}
		return reading === undefined ? [] : [{ standard, reading: rounded(reading) }];
	});
}

function oldReading(
	millivolts: number | undefined,
	celsius: number,
	before: readonly [number, number, number] | undefined,
): number | undefined {
	if (millivolts === undefined || before === undefined) return undefined;
	const [acid, base, offset] = before;
	const off = millivolts - offset;
	const slope = (off > 0 ? acid : base) / 100;
	return slope > 0 ? 7 - off / (slope * nernstMillivolts(celsius)) : undefined;
}

function rounded(value: number): number {
	return roundedTo(value, DECIMALS) ?? 0;
}

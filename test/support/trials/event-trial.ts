/** A station-year of a seeded river before the detector of events and two yardsticks, judged by what was planted. */
import { EventDetector } from "../../../src/firmware/events/event-detector.js";
import type { EventThresholds } from "../../../src/firmware/events/event-rule.js";
import { ALARM_CODES, ALARM_PHASES } from "../../../src/protocol/record/events.js";
import {
	EventRiver,
	type EventRiverOptions,
	type Inflow,
	YEAR_SECONDS,
} from "../worlds/event-river.js";

const INTERVAL = 300;
const HOUR = 3600;
/** From here on an inflow counts as begun, and is of the class that is to be found. */
const BEGUN = 0.05;
const ACID_CLASS = 0.3;

/** What a planted inflow came to; delays in minutes from its true conductivity's being +5 %. */
export interface Found {
	readonly isAcidClass: boolean;
	readonly watchMinutes: number | undefined;
	readonly alarmMinutes: number | undefined;
	readonly thresholdMinutes: number | undefined;
	readonly cusumMinutes: number | undefined;
}

export interface EventYear {
	readonly found: readonly Found[];
	/** Without an inflow. */
	readonly watches: number;
	readonly falseAlarms: number;
	readonly falseByCode: Readonly<Record<string, number>>;
	readonly storms: number;
	readonly thresholdFalse: number;
	readonly cusumFalse: number;
	readonly extraReadings: number;
}

interface Window {
	readonly inflow: Inflow;
	/** True conductivity +5 %. */
	readonly at: number;
	readonly end: number;
	readonly isAcidClass: boolean;
}

export function eventYear(options: EventRiverOptions, thresholds: EventThresholds): EventYear {
	const river = new EventRiver(options);
	const windows = river.inflows.flatMap((inflow) => windowOf(river, inflow));
	const detector = new EventDetector(thresholds);
	const threshold = new PHThreshold();
	const cusum = new Cusum();
	const watches: number[] = [];
	const alarms: number[] = [];
	const byThreshold: number[] = [];
	const byCusum: number[] = [];
	const codes: number[] = [];
	/** From a watch's begin to its end. */
	const spans: { begin: number; end: number }[] = [];
	let storms = 0;
	let extraReadings = 0;
	let last = -INTERVAL;
	let sequence = 0;
	for (let now = 0; now < YEAR_SECONDS; ) {
		const sample = river.sample(now);
		const claims = detector.take({ ...sample, sequence: ++sequence, elapsedSeconds: now - last });
		for (const claim of claims) {
			detector.recorded(claim, ++sequence);
			const isStorm = claim.code === ALARM_CODES.storm;
			if (isStorm && claim.phase === ALARM_PHASES.begin) storms++;
			if (isStorm) continue;
			if (claim.phase === ALARM_PHASES.begin) {
				watches.push(now);
				spans.push({ begin: now, end: YEAR_SECONDS });
			}
			if (claim.phase === ALARM_PHASES.change) {
				alarms.push(now);
				codes.push(claim.code);
			}
			const span = spans.at(-1);
			if (claim.phase === ALARM_PHASES.end && span !== undefined) span.end = now;
		}
		if (now % INTERVAL === 0) {
			if (threshold.take(sample.pH, now)) byThreshold.push(now);
			if (cusum.take(sample.conductivity)) byCusum.push(now);
		} else extraReadings++;
		last = now;
		const pace = detector.intervalSeconds;
		const step = pace === 0 ? INTERVAL : pace;
		const aligned = (Math.floor(now / step) + 1) * step;
		now = pace === 24 ? now + 24 : aligned - now < 24 ? aligned + step : aligned;
	}
	const isPlanted = (at: number): boolean =>
		windows.some(({ inflow, end }) => at >= inflow.begin && at <= end);
	const falseAt = alarms.filter((at) => !isPlanted(at));
	const falseByCode: Record<string, number> = {};
	alarms.forEach((at, index) => {
		const code = codes[index] === ALARM_CODES.acid ? "acid" : "conductivity";
		if (!isPlanted(at)) falseByCode[code] = (falseByCode[code] ?? 0) + 1;
	});
	const first = (instants: readonly number[], { inflow, at, end }: Window): number | undefined => {
		const found = instants.find((instant) => instant >= inflow.begin && instant <= end);
		return found === undefined ? undefined : (found - at) / 60;
	};
	return {
		found: windows.map((window) => {
			const isOn = spans.some(({ begin, end }) => begin <= window.inflow.begin && end >= window.at);
			return {
				isAcidClass: window.isAcidClass,
				watchMinutes: isOn ? 0 : first(watches, window),
				alarmMinutes: first(alarms, window),
				thresholdMinutes: first(byThreshold, window),
				cusumMinutes: first(byCusum, window),
			};
		}),
		watches: watches.filter((at) => !isPlanted(at)).length,
		falseAlarms: falseAt.length,
		falseByCode,
		storms,
		thresholdFalse: byThreshold.filter((at) => !isPlanted(at)).length,
		cusumFalse: byCusum.filter((at) => !isPlanted(at)).length,
		extraReadings,
	};
}

/** None where the river hardly feels it. */
function windowOf(river: EventRiver, inflow: Inflow): Window[] {
	let at: number | undefined;
	let highest = 0;
	let end = inflow.begin;
	for (let now = inflow.begin; now < inflow.begin + 48 * HOUR; now += 60) {
		const rise = river.riseAt(now);
		if (rise >= BEGUN) at ??= now;
		highest = Math.max(highest, rise);
		if (rise >= 0.03) end = now;
		else if (at !== undefined) break;
	}
	if (at === undefined) return [];
	return [{ inflow, at, end: end + HOUR, isAcidClass: highest >= ACID_CLASS }];
}

/** Two readings in a row beyond 6.5 to 8.5; another alarm after an hour within. */
class PHThreshold {
	#row = 0;
	#within = HOUR / INTERVAL;

	take(pH: number | undefined, _now: number): boolean {
		if (pH === undefined) return false;
		const isBeyond = pH < 6.5 || pH > 8.5;
		this.#row = isBeyond ? this.#row + 1 : 0;
		if (!isBeyond) {
			this.#within++;
			return false;
		}
		const isAlarm = this.#row === 2 && this.#within >= HOUR / INTERVAL;
		if (isAlarm) this.#within = 0;
		return isAlarm;
	}
}

/**
 * One-sided CUSUM of ln conductivity, k 0.5 and h 9.7 (one false alarm a year of white noise), about a mean and a
 * deviation remembered for a day; after an alarm the new level is the mean.
 */
class Cusum {
	#mean: number | undefined;
	#variance = 1e-4;
	#sum = 0;

	take(conductivity: number | undefined): boolean {
		if (conductivity === undefined || conductivity <= 0) return false;
		const x = Math.log(conductivity);
		this.#mean ??= x;
		const away = x - this.#mean;
		const z = away / Math.max(Math.sqrt(this.#variance), 0.01);
		this.#sum = Math.max(this.#sum + z - 0.5, 0);
		if (this.#sum > 9.7) {
			this.#sum = 0;
			this.#mean = x;
			return true;
		}
		this.#mean += away / 288;
		this.#variance += (away * away - this.#variance) / 288;
		return false;
	}
}

/**
 * How the probes of a station are by its record: what health.ts makes of calibrations and readings, each with its
 * arithmetic. One walk over the entries, for technician and page alike.
 */
import {
	cellState,
	dielRange,
	filmGrowth,
	forecast,
	HEALTH_LIMITS,
	type HealthFinding,
	type HealthForecast,
	noiseFloor,
	settlingTrend,
	verdictOfForecast,
} from "../calibration/health.js";
import { CHANNELS } from "../record/channels.js";
import type { DerivedReading } from "../record/derive.js";
import { CALIBRATION_ACTS, type Entry } from "../record/entry-layouts.js";
import type { LoggedCalibration } from "./calibration-log.js";

export interface HealthLine {
	/** What was looked at. */
	readonly name:
		| "slope-acid"
		| "slope-base"
		| "offset"
		| "settling"
		| "noise"
		| "diel-range"
		| "film"
		| "cell";
	readonly verdict: "good" | "watch" | "ill" | "unknown";
	/** Until service, where that can be said. */
	readonly daysLeft: number | null;
	readonly arithmetic: string;
}

const DAY_SECONDS = 86_400;
/** Readings of the last hours that noise and cell are judged by, and days of ranges and films. */
const READINGS_KEPT = 60;
const DAYS_KEPT = 45;
/** A pH that is noisier than this has a wet connector or a dying glass. */
const NOISE_PH_MAX = 0.03;

interface Day {
	readonly day: number;
	low: number;
	high: number;
	lowestTurbidity: number;
}

export class ProbeHealth {
	readonly #findings = { acid: [], base: [], offset: [] } as Record<
		"acid" | "base" | "offset",
		HealthFinding[]
	>;
	#settling: number[] = [];
	readonly #pH: number[] = [];
	readonly #cell: number[] = [];
	#days: Day[] = [];
	#newestUtcSeconds = 0;

	/** Every calibration of the record, in order. */
	observe({ entry, points }: LoggedCalibration): void {
		const channel = CHANNELS[entry.channel]?.name;
		const act = CALIBRATION_ACTS[entry.act];
		this.#note(entry);
		if (act === "swap" && channel === "pH") this.#begin();
		// What was on the optics is off them: from here on a film begins anew.
		if (act === "cleaning")
			for (const day of this.#days) day.lowestTurbidity = Number.POSITIVE_INFINITY;
		if (channel !== "pH" || act !== "calibration" || entry.utcSeconds === 0) return;
		const [acid, base, offset] = entry.coefficients;
		const { utcSeconds } = entry;
		const middle = points[0]?.nominalAtTemperature ?? 7;
		const sides = points.slice(1).map((point) => point.nominalAtTemperature - middle);
		if (sides.some((side) => side < 0)) this.#findings.acid.push({ utcSeconds, value: acid });
		if (sides.some((side) => side > 0)) this.#findings.base.push({ utcSeconds, value: base });
		this.#findings.offset.push({ utcSeconds, value: Math.abs(offset) });
		const longest = Math.max(...points.map((point) => point.secondsToSettle));
		if (points.length > 0) this.#settling.push(longest);
	}

	/** Every reading of the record, derived, in order. */
	read(entry: Entry, derived: DerivedReading, rawMicrosiemens: number | undefined): void {
		this.#note(entry);
		keep(this.#pH, derived.pH.value);
		keep(this.#cell, rawMicrosiemens);
		const { value: pH } = derived.pH;
		const { value: turbidity } = derived.turbidity;
		if (entry.utcSeconds === 0) return;
		const day = Math.floor(entry.utcSeconds / DAY_SECONDS);
		let today = this.#days.at(-1);
		if (today?.day !== day) {
			const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;
			today = {
				day,
				low: POSITIVE_INFINITY,
				high: NEGATIVE_INFINITY,
				lowestTurbidity: POSITIVE_INFINITY,
			};
			this.#days = [...this.#days, today].slice(-DAYS_KEPT);
		}
		if (pH !== undefined) {
			today.low = Math.min(today.low, pH);
			today.high = Math.max(today.high, pH);
		}
		if (turbidity !== undefined) today.lowestTurbidity = Math.min(today.lowestTurbidity, turbidity);
	}

	/** What all of it comes to at the newest entry. */
	lines(): readonly HealthLine[] {
		const now = this.#newestUtcSeconds;
		const { acid, base, offset } = this.#findings;
		const { slopePercent, offsetMillivolts } = HEALTH_LIMITS;
		return [
			ofForecast("slope-acid", forecast(acid, slopePercent, now)),
			ofForecast("slope-base", forecast(base, slopePercent, now)),
			ofForecast("offset", forecast(offset, offsetMillivolts, now)),
			...this.#ofReadings(),
		];
	}

	#ofReadings(): readonly HealthLine[] {
		const settling = settlingTrend(this.#settling);
		const noise = noiseFloor(this.#pH);
		// Today is not over.
		const past = this.#days.slice(0, -1);
		const ranges = past.filter(({ high, low }) => high >= low).map(({ high, low }) => high - low);
		const range = dielRange(ranges);
		const film = filmGrowth(
			past
				.filter(({ lowestTurbidity }) => Number.isFinite(lowestTurbidity))
				.map(({ day, lowestTurbidity: value }) => ({ utcSeconds: day * DAY_SECONDS, value })),
		);
		const cell = cellState(this.#cell);
		return [
			line("settling", settling, settling?.isSlow),
			line(
				"noise",
				noise === undefined
					? undefined
					: { arithmetic: `${noise.toFixed(4)} pH over ${this.#pH.length} readings` },
				(noise ?? 0) > NOISE_PH_MAX,
			),
			line("diel-range", range, range?.isFlat),
			line("film", film, film?.isFilm),
			{
				name: "cell",
				verdict: cell === undefined ? "unknown" : cell === "good" ? "good" : "ill",
				daysLeft: null,
				arithmetic: `the last readings: ${this.#cell.slice(-3).join(", ")} uS/cm`,
			},
		];
	}

	#begin(): void {
		this.#findings.acid = [];
		this.#findings.base = [];
		this.#findings.offset = [];
		this.#settling = [];
	}

	#note({ utcSeconds }: Entry): void {
		this.#newestUtcSeconds = Math.max(this.#newestUtcSeconds, utcSeconds);
	}
}

function keep(values: number[], value: number | undefined): void {
	if (value === undefined) return;
	values.push(value);
	if (values.length > READINGS_KEPT) values.shift();
}

function ofForecast(name: HealthLine["name"], found: HealthForecast | undefined): HealthLine {
	const unknown = "fewer than four calibrations since the probe was new";
	if (found === undefined) return { name, verdict: "unknown", daysLeft: null, arithmetic: unknown };
	const { daysLeft, arithmetic } = found;
	return {
		name,
		verdict: verdictOfForecast(found),
		daysLeft: daysLeft === undefined ? null : Math.floor(daysLeft),
		arithmetic,
	};
}

function line(
	name: HealthLine["name"],
	found: { readonly arithmetic: string } | undefined,
	isWatched: boolean | undefined,
): HealthLine {
	if (found === undefined) {
		return { name, verdict: "unknown", daysLeft: null, arithmetic: "too few of them yet" };
	}
	return { name, verdict: isWatched === true ? "watch" : "good", daysLeft: null, ...pick(found) };
}

function pick({ arithmetic }: { readonly arithmetic: string }): Pick<HealthLine, "arithmetic"> {
	return { arithmetic };
}

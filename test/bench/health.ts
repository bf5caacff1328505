/**
 * `npm run bench -- health [--years N] [--seed N]`: electrodes that age as the seed decides, calibrated every thirty days with
 * the noise of a calibration. Thirty days before an electrode truly meets its limit the forecast must say so within a quarter
 * of what remains, in nine of ten; and no electrode that stays within its limits for another sixty days may be called
 * ill at any visit. The last line is JSON; exit 0 only if both hold.
 */
import {
	fraction,
	normal,
	type RandomSource,
	SeededRandom,
	seedOf,
} from "../../src/core/random.js";
import {
	forecast,
	HEALTH_LIMITS,
	type HealthFinding,
	type Limit,
} from "../../src/protocol/calibration/health.js";
import { numberOptions } from "../support/engines/number-options.js";
import { quantileOf, ratioOf, rounded } from "../support/judges/figures.js";

const DEFAULTS = { years: 200, seed: 1 };
const DAYS = 365;
const VISIT_DAYS = 30;
const DAY_SECONDS = 86_400;
const AHEAD_DAYS = 30;
const SAFE_DAYS = 60;
const ERROR_PART = 0.25;
const SHARE_NEEDED = 0.9;
/** Of a calibration of the simulated station, measured: standard deviations of slope (%) and offset (mV). */
export const CALIBRATION_NOISE = Object.freeze({ slopePercent: 0.08, offsetMillivolts: 0.15 });

interface Ageing {
	/** Truth at a day. */
	readonly at: (day: number) => number;
	readonly limit: Limit;
	readonly noise: number;
}

/** Slope falls by 0.1 to 0.6 % a week, offset moves by up to 1.2 mV a week; both a little faster towards the end. */
function ageingsOf(random: RandomSource): readonly Ageing[] {
	const between = (low: number, high: number): number => low + (high - low) * fraction(random);
	const course = (start: number, perWeek: number, growth: number) => (day: number) =>
		start + (perWeek / 7) * day * (1 + (growth * day) / DAYS);
	return [
		{
			at: course(between(97, 101), -between(0.1, 0.6), between(0, 0.4)),
			limit: HEALTH_LIMITS.slopePercent,
			noise: CALIBRATION_NOISE.slopePercent,
		},
		{
			at: course(between(-8, 8), between(-0.3, 1.2), between(0, 0.4)),
			limit: HEALTH_LIMITS.offsetMillivolts,
			noise: CALIBRATION_NOISE.offsetMillivolts,
		},
	];
}

/** Day on which the truth meets the limit, undefined if not within a year and the safe days. */
function crossingOf({ at, limit }: Ageing): number | undefined {
	for (let day = 0; day <= DAYS + SAFE_DAYS; day += 0.25) {
		if (limit.isFloor ? at(day) < limit.value : at(day) > limit.value) return day;
	}
	return undefined;
}

export async function run(args: string[]): Promise<boolean> {
	const options = numberOptions(args, DEFAULTS, { years: { least: 1 } });
	console.log(`options ${JSON.stringify(options)}`);
	const counts = { judged: 0, within: 0, silent: 0, visits: 0, falselyIll: 0 };
	const errors: number[] = [];
	for (let year = 0; year < options.years; year++) {
		const random = new SeededRandom(seedOf(options.seed, `health ${year}`));
		for (const ageing of ageingsOf(random)) judge(ageing, random, counts, errors);
	}
	const share = ratioOf(counts.within, counts.judged);
	console.log(
		JSON.stringify({
			...options,
			...counts,
			share: rounded(share, 3),
			errorDaysMedian: rounded(quantileOf(errors, 0.5), 1),
			errorDaysP90: rounded(quantileOf(errors, 0.9), 1),
		}),
	);
	return share !== null && share >= SHARE_NEEDED && counts.falselyIll === 0;
}

function judge(
	ageing: Ageing,
	random: RandomSource,
	counts: { judged: number; within: number; silent: number; visits: number; falselyIll: number },
	errors: number[],
): void {
	const { at, limit, noise } = ageing;
	const crossing = crossingOf(ageing);
	const findings: HealthFinding[] = [];
	let isJudged = false;
	for (let day = 0; day <= DAYS; day += VISIT_DAYS) {
		const asked = crossing === undefined ? undefined : crossing - AHEAD_DAYS;
		// Asked between two visits, of what was known then.
		if (!isJudged && asked !== undefined && asked >= 0 && asked < day && asked >= 3 * VISIT_DAYS) {
			isJudged = true;
			const left = forecast(findings, limit, asked * DAY_SECONDS)?.daysLeft;
			counts.judged++;
			if (left === undefined) counts.silent++;
			const error = left === undefined ? AHEAD_DAYS : Math.abs(left - AHEAD_DAYS);
			errors.push(error);
			if (error <= ERROR_PART * AHEAD_DAYS) counts.within++;
		}
		findings.push({ utcSeconds: day * DAY_SECONDS, value: at(day) + noise * normal(random) });
		counts.visits++;
		const isSafe = crossing === undefined || crossing - day > SAFE_DAYS;
		if (isSafe && forecast(findings, limit, day * DAY_SECONDS)?.isIll === true) counts.falselyIll++;
	}
}

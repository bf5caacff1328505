/**
 * What a panel of 10 Wp gives at 44 N from December to February: a mean day of the month on a slope of 60 degrees to the
 * south (2.25, 2.35 and 3.2 kWh/m2: computed with a clearness of 0.38, not measured), at 60 % of the system; dull days
 * give 0.25 kWh/m2 and stand in weeks, brighter ones make the month's mean; what is snowed in gives nothing.
 */

const DAY = 86_400;
/** Watts of a panel at 1 kW/m2, and what of it arrives. */
const PANEL_WATTS = 10;
const SYSTEM_PART = 0.6;
/** kWh/m2 a day: the mean of a month, its first day and the next one's. */
const MONTHS = [
	{ first: 0, end: 31, mean: 2.25 },
	{ first: 31, end: 62, mean: 2.35 },
	{ first: 62, end: 90, mean: 3.2 },
] as const;
const DULL = 0.25;
/** Days since the first of December, the last one not included. */
const DULL_WEEKS: readonly (readonly [number, number])[] = [
	[6, 16],
	[24, 38],
	[66, 74],
];
export const SNOWED_IN: readonly (readonly [number, number])[] = [[24, 45]];
/** 8.8 to 10.5 h of day: nine hours about noon, which is at 10:40 UTC there. */
const SUNRISE_SECONDS = 6.2 * 3600;
const DAY_LENGTH_SECONDS = 9 * 3600;

/** Milliwatts at an instant. */
export function winterSun(
	startUtcSeconds: number,
	snowedIn: readonly (readonly [number, number])[],
): (utcSeconds: number) => number {
	return (utcSeconds) => {
		const day = Math.floor((utcSeconds - startUtcSeconds) / DAY);
		const since = utcSeconds - startUtcSeconds - day * DAY - SUNRISE_SECONDS;
		if (since <= 0 || since >= DAY_LENGTH_SECONDS || isWithin(day, snowedIn)) return 0;
		// A half sine whose integral is the day's sum.
		const peak = (kilowattHoursOf(day) * Math.PI) / (2 * (DAY_LENGTH_SECONDS / 3600));
		const sine = Math.sin((Math.PI * since) / DAY_LENGTH_SECONDS);
		return 1000 * PANEL_WATTS * SYSTEM_PART * peak * sine;
	};
}

function kilowattHoursOf(day: number): number {
	if (isWithin(day, DULL_WEEKS)) return DULL;
	const month = MONTHS.find(({ end }) => day < end) ?? MONTHS[2];
	let dull = 0;
	for (let each = month.first; each < month.end; each++) if (isWithin(each, DULL_WEEKS)) dull++;
	const days = month.end - month.first;
	return (month.mean * days - DULL * dull) / (days - dull);
}

function isWithin(day: number, spans: readonly (readonly [number, number])[]): boolean {
	return spans.some(([from, to]) => day >= from && day < to);
}

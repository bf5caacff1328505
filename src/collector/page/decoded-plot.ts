/** What /plot answers, as arrays that uPlot takes. */
import type { Plot, PlotChannel, Runs, Shown } from "../publish/plot-format.js";

export interface DecodedChannel {
	/** Unix seconds; where a hole lies between two, one of a missing value is in it. */
	readonly times: readonly number[];
	readonly least: readonly (number | null)[];
	/** The same as `least` where each reading is there. */
	readonly greatest: readonly (number | null)[];
	/** QARTOD, 0 none; of a hole 0. */
	readonly judged: readonly number[];
	readonly flags: readonly string[];
	readonly grades: readonly string[];
	readonly statuses: readonly string[];
	readonly decimals: number;
	readonly isExact: boolean;
}

export function decodedChannel(plot: Plot, name: string, shown: Shown): DecodedChannel | undefined {
	const channel = plot.channels[name];
	if (channel === undefined) return undefined;
	const isExact = plot.columnSeconds === 0;
	const steps = isExact ? exactSteps(channel, shown) : channel.least;
	const isRaw = isExact && shown === "raw" && channel.raw !== undefined;
	const decimals = isRaw && name === "turbidity" ? 6 : channel.decimals;
	const scale = 10 ** decimals;
	const sums = summed(steps);
	const times = isExact
		? (summed(plot.times ?? []) as number[]).map((seconds) => plot.from + seconds)
		: sums.map((_, at) => plot.from + (at + 0.5) * plot.columnSeconds);
	const least = sums.map((step) => (step === null ? null : step / scale));
	const greatest =
		channel.spread === undefined
			? least
			: sums.map((step, at) =>
					step === null ? null : (step + (channel.spread?.[at] ?? 0)) / scale,
				);
	const count = sums.length;
	const rows = {
		times,
		least,
		greatest,
		judged: Array.from(channel.judged, Number),
		flags: spelled({ texts: channel.flagTexts, runs: channel.flagRuns }, count),
		grades: spelled(channel.grades, count),
		statuses: spelled(channel.statuses, count),
		decimals,
		isExact,
	};
	return isExact ? withHoles(rows, plot.holes) : rows;
}

function exactSteps(channel: PlotChannel, shown: Shown): readonly (number | null)[] {
	if (shown === "raw" && channel.raw !== undefined) return channel.raw;
	if (shown === "corrected" && channel.corrected !== undefined) return channel.corrected;
	return channel.least;
}

function summed(differences: readonly (number | null)[]): (number | null)[] {
	let sum = 0;
	return differences.map((difference) => {
		if (difference === null) return null;
		sum += difference;
		return sum;
	});
}

function spelled(runs: Runs | undefined, count: number): string[] {
	const texts = new Array<string>(count).fill("");
	for (const [index, from, to] of runs?.runs ?? []) {
		texts.fill(runs?.texts[index] ?? "", from, to + 1);
	}
	return texts;
}

/** A line must not run over what nobody measured. */
function withHoles(rows: DecodedChannel, holes: Plot["holes"]): DecodedChannel {
	const made = {
		times: [] as number[],
		least: [] as (number | null)[],
		greatest: [] as (number | null)[],
		judged: [] as number[],
		flags: [] as string[],
		grades: [] as string[],
		statuses: [] as string[],
	};
	let hole = 0;
	rows.times.forEach((time, at) => {
		while (hole < holes.length && (holes[hole]?.[1] ?? 0) <= time) {
			const [from, to] = holes[hole] ?? [0, 0];
			const middle = (from + to) / 2;
			if (at > 0 && middle > (made.times.at(-1) ?? 0) && middle < time) {
				made.times.push(middle);
				made.least.push(null);
				made.greatest.push(null);
				made.judged.push(0);
				for (const texts of [made.flags, made.grades, made.statuses]) texts.push("");
			}
			hole++;
		}
		made.times.push(time);
		made.least.push(rows.least[at] ?? null);
		made.greatest.push(rows.greatest[at] ?? null);
		made.judged.push(rows.judged[at] ?? 0);
		made.flags.push(rows.flags[at] ?? "");
		made.grades.push(rows.grades[at] ?? "");
		made.statuses.push(rows.statuses[at] ?? "");
	});
	return { ...rows, ...made };
}

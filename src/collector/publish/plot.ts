/**
 * What a plot draws of a period: every reading where they are few, else for each column of pixels the least and the
 * greatest value, how many there are, and the worst of their flags. No extreme is lost by it.
 * docs/PUBLISHING.md, section 4.
 */
import { QUALITY_FLAGS } from "../../protocol/quality/flags.js";
import { CHANNEL_FLAGS } from "../../protocol/record/reading.js";
import { SHOWN_CHANNELS, type ShownChannel } from "./channels.js";
import type { Hole, Plot, PlotChannel, Runs, Shown } from "./plot-format.js";
import type { Series } from "./series.js";

/** A plot of a full screen; a year is 7.3 hours a column. */
export const COLUMNS_MAX = 2000;
/** Up to so many readings each is drawn itself: twice the columns, where both extremes would be sent. */
const EXACT_PER_COLUMN = 2;

export interface PlotPeriod {
	readonly from: number;
	readonly to: number;
	readonly columns: number;
	readonly shown: Shown;
}

/** Which flag of several a column shows: the worse one. */
const SEVERITY: Readonly<Record<number, number>> = Object.freeze({
	[QUALITY_FLAGS.fail]: 5,
	[QUALITY_FLAGS.suspect]: 4,
	[QUALITY_FLAGS.missing]: 3,
	[QUALITY_FLAGS.notEvaluated]: 2,
	[QUALITY_FLAGS.good]: 1,
	0: 0,
});

export function plotOf(
	series: Series,
	period: PlotPeriod,
	holes: readonly Hole[],
	shownChannels: readonly ShownChannel[] = SHOWN_CHANNELS,
): Plot {
	const { from, to, shown } = period;
	const columns = Math.min(Math.max(period.columns, 1), COLUMNS_MAX);
	const isExact = series.count <= EXACT_PER_COLUMN * columns;
	const columnSeconds = isExact ? 0 : Math.ceil((to - from) / columns);
	const columnOfRow = isExact
		? undefined
		: Uint32Array.from(series.seconds, (at) => Math.floor((at - from) / columnSeconds));
	const width = isExact ? series.count : Math.ceil((to - from) / columnSeconds);
	const channels: Record<string, PlotChannel> = {};
	for (const channel of shownChannels) {
		channels[channel.name] =
			columnOfRow === undefined
				? exactChannel(series, channel)
				: columnChannel(series, channel, shown, columnOfRow, width);
	}
	const { count: readings } = series;
	const head = { from, to, shown, readings, columnSeconds, columns: width, holes };
	if (!isExact) return { ...head, channels };
	const times = differences(Array.from(series.seconds, (at) => at - from)) as number[];
	return { ...head, times, doubts: runsOf(series.texts("time_uncertainty_s")), channels };
}

function exactChannel(series: Series, channel: ShownChannel): PlotChannel {
	const { decimals, rawDecimals, raw, corrected, grade, status } = channel;
	const { texts, runs } = runsOf(series.texts(channel.flags));
	const judged = channel.judged === undefined ? undefined : series.numbers(channel.judged);
	return {
		decimals,
		least: differences(steps(series.numbers(channel.value), decimals)),
		judged: Array.from({ length: series.count }, (_, row) => judged?.[row] || 0).join(""),
		flagTexts: texts,
		flagRuns: runs,
		...(raw === undefined ? {} : { raw: differences(steps(series.numbers(raw), rawDecimals)) }),
		...(corrected === undefined
			? {}
			: { corrected: differences(steps(series.numbers(corrected), decimals)) }),
		...(grade === undefined ? {} : { grades: runsOf(series.texts(grade)) }),
		...(status === undefined ? {} : { statuses: runsOf(series.texts(status)) }),
	};
}

function columnChannel(
	series: Series,
	channel: ShownChannel,
	shown: Shown,
	columnOfRow: Uint32Array,
	width: number,
): PlotChannel {
	const isRaw = shown === "raw" && channel.raw !== undefined;
	const name = isRaw ? channel.raw : shown === "corrected" ? channel.corrected : channel.value;
	const decimals = isRaw ? channel.rawDecimals : channel.decimals;
	const values = series.numbers(name ?? channel.value);
	const least = new Float64Array(width).fill(Number.NaN);
	const greatest = new Float64Array(width).fill(Number.NaN);
	const counts = new Array<number>(width).fill(0);
	const worst = new Uint8Array(width);
	const judged = channel.judged === undefined ? undefined : series.numbers(channel.judged);
	const flags = series.texts(channel.flags);
	const flagBits = flags.texts.map(bitsOf);
	const bits = new Uint16Array(width);
	for (let row = 0; row < series.count; row++) {
		const at = columnOfRow[row] ?? 0;
		bits[at] = (bits[at] ?? 0) | (flagBits[flags.indexes[row] ?? 0] ?? 0);
		const flag = judged?.[row] || 0;
		if ((SEVERITY[flag] ?? 0) > (SEVERITY[worst[at] ?? 0] ?? 0)) worst[at] = flag;
		const value = values[row] ?? Number.NaN;
		if (Number.isNaN(value)) continue;
		counts[at] = (counts[at] ?? 0) + 1;
		if (!(value >= (least[at] ?? Number.NaN))) least[at] = value;
		if (!(value <= (greatest[at] ?? Number.NaN))) greatest[at] = value;
	}
	const leastSteps = steps(least, decimals);
	const greatestSteps = steps(greatest, decimals);
	const { texts, runs } = runsOf(textsOfBits(bits));
	return {
		decimals,
		least: differences(leastSteps),
		spread: greatestSteps.map((step, at) => (step === null ? null : step - (leastSteps[at] ?? 0))),
		counts,
		judged: Array.from(worst).join(""),
		flagTexts: texts,
		flagRuns: runs,
	};
}

function steps(values: Float64Array, decimals: number): (number | null)[] {
	const scale = 10 ** decimals;
	return Array.from(values, (value) => (Number.isNaN(value) ? null : Math.round(value * scale)));
}

function differences(values: readonly (number | null)[]): (number | null)[] {
	let before = 0;
	return values.map((value) => {
		if (value === null) return null;
		const difference = value - before;
		before = value;
		return difference;
	});
}

const FLAG_ROWS = Object.entries(CHANNEL_FLAGS).sort((a, b) => a[1] - b[1]);

function bitsOf(text: string): number {
	const names = text.split(" ");
	return FLAG_ROWS.reduce((bits, [name, bit]) => (names.includes(name) ? bits | bit : bits), 0);
}

function textsOfBits(bits: Uint16Array) {
	const known = new Map<number, number>();
	const indexes = Uint16Array.from(bits, (each) => {
		const index = known.get(each) ?? known.size;
		known.set(each, index);
		return index;
	});
	const texts = [...known.keys()].map((each) =>
		FLAG_ROWS.filter(([, bit]) => (each & bit) !== 0)
			.map(([name]) => name)
			.join(" "),
	);
	return { texts, indexes };
}

/** Runs of equal texts that are not empty. */
function runsOf({
	texts,
	indexes,
}: {
	readonly texts: readonly string[];
	readonly indexes: Uint16Array;
}): Runs {
	const runs: [number, number, number][] = [];
	indexes.forEach((index, at) => {
		if (texts[index] === "") return;
		const last = runs.at(-1);
		if (last !== undefined && last[0] === index && last[2] === at - 1) last[2] = at;
		else runs.push([index, at, at]);
	});
	return { texts, runs };
}

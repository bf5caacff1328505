/** Months as a small drawing: from the 5th to the 95th percentile a bar, the median a line across it, limits dashed. */
import { escapeMarkup } from "../markup.js";
import { type Language, textOf } from "../texts.js";
import { percentText, valueText } from "./report-csv.js";
import type { Figures } from "./statistics.js";

const WIDTH = 420;
const HEIGHT = 110;
const LEFT = 46;
const BOTTOM = 18;
const TOP = 8;
const BAR = 12;

export function monthsPicture(
	language: Language,
	channel: string,
	figures: readonly { readonly month: string; readonly found: Figures }[],
): string {
	const shown = figures.filter(({ found }) => found.median !== null);
	if (shown.length === 0) return "";
	const limits = shown[0]?.found.limits.filter(({ quantity }) => quantity === channel) ?? [];
	const values = shown.flatMap(({ found }) => [found.p5 ?? 0, found.p95 ?? 0]);
	const bounds = limits.flatMap(({ low, high }) => [low, high].filter((each) => each !== null));
	let [least, greatest] = [Math.min(...values), Math.max(...values)];
	// A limit is drawn where it does not flatten what was measured.
	const room = Math.max(greatest - least, Math.abs(greatest) * 0.02, 0.001);
	const near = bounds.filter((each) => each > least - 2 * room && each < greatest + 2 * room);
	[least, greatest] = [Math.min(least, ...near), Math.max(greatest, ...near)];
	const span = greatest - least || room;
	const y = (value: number): number =>
		round(TOP + ((greatest - value) / span) * (HEIGHT - TOP - BOTTOM));
	const step = (WIDTH - LEFT) / figures.length;
	const bars = figures.map(({ month, found }, at) => {
		const x = LEFT + (at + 0.5) * step;
		const label =
			figures.length <= 12
				? `<text class="axis" x="${round(x)}" y="${HEIGHT - 5}">${month.slice(5)}</text>`
				: "";
		const { p5, median, p95 } = found;
		if (p5 === null || median === null || p95 === null) return label;
		const top = y(p95);
		const height = Math.max(1, round(y(p5) - top));
		return `<rect class="bar" x="${round(x - BAR / 2)}" y="${top}" width="${BAR}" height="${height}"/><path class="middle" d="M${round(x - BAR / 2 - 2)} ${y(median)}h${BAR + 4}"/>${label}`;
	});
	const lines = near.map((each) => `<path class="limit" d="M${LEFT} ${y(each)}H${WIDTH}"/>`);
	const axis = [least, greatest].map(
		(each) =>
			`<text class="axis end" x="${LEFT - 6}" y="${y(each) + 4}">${valueText(each, { decimals: span >= 20 ? 0 : 2 })}</text>`,
	);
	const words = shown
		.map(
			({ month, found }) =>
				`${month}: ${textOf(language, "median")} ${valueText(found.median, found)}, ${textOf(language, "coverage")} ${percentText(found.coveragePercent)}`,
		)
		.join("; ");
	const title = `${textOf(language, `channel-${channel}`)}. ${words}`;
	return `<svg class="months-picture" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeMarkup(title)}">${axis.join("")}${lines.join("")}${bars.join("")}</svg>`;
}

function round(value: number): number {
	return Math.round(value * 10) / 10;
}

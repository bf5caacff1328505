/** The answer to what a plot asks, kept for those who look at the same or come back. */
import { channelsOf } from "./channels.js";
import { holesOf } from "./holes.js";
import { type ReaderAnswer, text } from "./http.js";
import type { Library, PublishedStation } from "./library.js";
import { periodOf } from "./periods.js";
import { COLUMNS_MAX, plotOf } from "./plot.js";
import type { Shown } from "./plot-format.js";
import { type Asked, JSON_TYPE } from "./route.js";
import { Series } from "./series.js";

const PLOT_DAYS_DEFAULT = 7;
const SECONDS_PER_DAY = 86_400;

export function plotAnswer({ library, request }: Asked, found: PublishedStation): ReaderAnswer {
	const period = periodOf(request.query);
	if ("problem" in period) return text(400, `${period.problem}\n`);
	const newest = Date.parse(found.summary.lastHeard ?? "1970-01-01") / 1000 + 1;
	const to = period.to ?? newest;
	const from = period.from ?? to - PLOT_DAYS_DEFAULT * SECONDS_PER_DAY;
	if (from >= to) return text(400, "from must be before to\n");
	const columnsText = request.query.get("columns") ?? "1200";
	const columns = /^\d{1,4}$/.test(columnsText) ? Number(columnsText) : 0;
	if (columns < 1 || columns > COLUMNS_MAX)
		return text(400, `columns must be 1 to ${COLUMNS_MAX}\n`);
	const shown = request.query.get("shown") ?? "derived";
	if (shown !== "derived" && shown !== "raw" && shown !== "corrected")
		return text(400, "shown must be derived, raw or corrected\n");
	const { tag } = found;
	const body = (): Uint8Array => plotBody(library, found, { from, to, columns, shown });
	return { status: 200, type: JSON_TYPE, tag, body };
}

/** Plots that several look at, and one who moves to and fro: about 70 KB each. */
const PLOTS_HELD_MAX = 64;
const HELD = new WeakMap<Library, Map<string, Uint8Array>>();

function plotBody(
	library: Library,
	found: PublishedStation,
	asked: { from: number; to: number; columns: number; shown: Shown },
): Uint8Array {
	const held = HELD.get(library) ?? new Map<string, Uint8Array>();
	HELD.set(library, held);
	const key = [found.station, found.tag, ...Object.values(asked)].join(" ");
	let body = held.get(key);
	if (body === undefined) {
		const series = new Series(library.cache, found.station, found.index, asked);
		const holes = holesOf(library.cache, found, series, asked);
		const plot = {
			station: found.station,
			...plotOf(series, asked, holes, channelsOf(found.index)),
		};
		body = Buffer.from(JSON.stringify(plot));
		if (held.size >= PLOTS_HELD_MAX) held.delete(held.keys().next().value ?? "");
		held.set(key, body);
	}
	return body;
}

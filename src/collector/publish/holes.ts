/** Where a period has no readings, and why, as far as the record says: by the numbers of the entries on either side. */
import { decodeEntry } from "../../protocol/record/entry.js";
import { GAP_REASONS } from "../../protocol/record/entry-layouts.js";
import type { DayCache } from "./day-cache.js";
import type { PublishedStation } from "./library.js";
import type { Hole } from "./plot-format.js";
import { HOLE_INTERVALS, INTERVAL_SECONDS_DEFAULT } from "./report/statistics.js";
import type { Series } from "./series.js";

/** More cannot be distinguished in a plot; the longest are kept. */
const HOLES_MAX = 400;
const SECONDS_PER_DAY = 86_400;

export function holesOf(
	cache: DayCache,
	found: PublishedStation,
	series: Series,
	{ from, to }: { readonly from: number; readonly to: number },
): Hole[] {
	const policy = found.documents.policies.at(-1);
	const most = HOLE_INTERVALS * (policy?.intervalSeconds ?? INTERVAL_SECONDS_DEFAULT);
	const [epochs, sequences] = [series.numbers("epoch"), series.numbers("sequence")];
	const holes: { hole: [number, number]; span: readonly [number, number, number] | undefined }[] =
		[];
	const { seconds, count } = series;
	for (let row = 1; row < count; row++) {
		const [before = 0, after = 0] = [seconds[row - 1], seconds[row]];
		if (after - before <= most) continue;
		const epoch = epochs[row] ?? 0;
		const isOneEpoch = epochs[row - 1] === epoch;
		const last = sequences[row] ?? 0;
		const first = isOneEpoch ? (sequences[row - 1] ?? 0) : 0;
		holes.push({ hole: [before, after], span: [epoch, first, last] });
	}
	const heard = Date.parse(found.summary.lastHeard ?? "") / 1000;
	const [first = to, last = from] = [seconds[0], seconds[count - 1]];
	const began = Object.keys(found.index.days)[0];
	const start = began === undefined ? to : Math.max(from, Number(began) * SECONDS_PER_DAY);
	if (first - start > most && first > from) holes.push({ hole: [start, first], span: undefined });
	const end = Math.min(to, heard);
	if (count > 0 && end - last > most) holes.push({ hole: [last, end], span: undefined });
	return holes
		.sort((a, b) => b.hole[1] - b.hole[0] - (a.hole[1] - a.hole[0]))
		.slice(0, HOLES_MAX)
		.sort((a, b) => a.hole[0] - b.hole[0])
		.map(({ hole, span }): Hole => [...hole, reasonOf(cache, found, span, hole[1])]);
}

function reasonOf(
	cache: DayCache,
	{ station, index }: PublishedStation,
	span: readonly [epoch: number, before: number, after: number] | undefined,
	until: number,
): string {
	if (span === undefined) return "not-measured";
	const [epoch, before, after] = span;
	const { gaps, coverage } = index.facts;
	const named = gaps.find((gap) => gap.epoch === epoch && gap.first < after && gap.last > before);
	if (named !== undefined) {
		// The entry that names it was written when it was found, at most days after.
		const first = Math.floor(until / SECONDS_PER_DAY);
		for (const day of [first, first + 1, first + 2]) {
			for (const { sequence, epoch: in_, canonicalBytes } of cache.day(station, index, String(day))
				?.marks ?? []) {
				if (sequence !== named.sequence || in_ !== named.namedIn) continue;
				const entry = decodeEntry(canonicalBytes);
				if (entry.kind === "gap") return GAP_REASONS[entry.reason] ?? "not-delivered";
			}
		}
		return "overflow";
	}
	const isWhole = coverage.some(
		(range) => range.epoch === epoch && range.first <= Math.max(before, 1) && range.last >= after,
	);
	return isWhole ? "not-measured" : "not-delivered";
}

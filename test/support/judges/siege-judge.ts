/**
 * How much longer honest stations wait while somebody attacks. Slices with and without the attack take
 * turns, and each attacked one is held against the quiet ones just before and just after it, so that what
 * else the machine does meets both. Each is an attack from its beginning by somebody new, so what an attack
 * does it does in every pair, and the median of the pairs sees it; what the machine did once it does not.
 *
 * Where collector and stations wait for a processor more than they run, waits say nothing of the collector. What
 * says something even then is the work that collector and database do between a station's question and its
 * answer, by a clock that stands while they do not run: all that is done for others before.
 */

/** Of one slice; zeros where the system does not count. */
export interface ProcessorShares {
	/** Part of the time for which a main thread (the collector's or the stations') waited for a processor, 0..1. */
	readonly waited: number;
	/** Of the time in which the collector's main thread wanted a processor, the part in which it had one. */
	readonly share: number;
	/** Processors that others kept busy. */
	readonly others: number;
}

/** Quiet a main thread runs for a fifth of the time and waits for less than a twentieth. */
const WAITED_MAX = 0.25;
/** An attack cannot make others work; a process that works so much more than in the quiet slices came by chance. */
const OTHERS_MORE_MAX = 0.3;

/** True when nothing can be judged by these: quiet slices, and the attacked one last. */
export function isTooBusy(quiet: readonly ProcessorShares[], attacked?: ProcessorShares): boolean {
	if (quiet.some(({ waited }) => waited > WAITED_MAX)) return true;
	const others = Math.max(...quiet.map((slice) => slice.others));
	return attacked !== undefined && attacked.others > others + OTHERS_MORE_MAX;
}

/** Waits of honest stations, milliseconds. */
export interface SiegePair {
	/** Of the quiet slice before the attacked one and of that after it. */
	readonly quiet: readonly number[];
	readonly attacked: readonly number[];
}

export interface SiegeRatio {
	/** Median over the pairs of the quotient of their 99th percentiles; NaN where nobody was answered. */
	readonly median: number;
	readonly each: readonly number[];
	/** Median over the pairs, milliseconds. */
	readonly quietMilliseconds: number;
}

export function siegeRatioOf(pairs: readonly SiegePair[]): SiegeRatio {
	const quiet = pairs.map((pair) => quantile(pair.quiet, 0.99));
	const each = pairs.map((pair, index) => quantile(pair.attacked, 0.99) / (quiet[index] ?? 0));
	return { median: median(each), each, quietMilliseconds: median(quiet) };
}

/** The value below which `part` of them are; NaN of none. */
export function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? Number.NaN;
}

/** Of an even count the upper one; NaN where one of them is. */
function median(values: readonly number[]): number {
	return values.some(Number.isNaN) ? Number.NaN : quantile(values, 0.5);
}

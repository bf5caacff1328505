/**
 * Figures that campaigns and benches print. Of nothing there is none: null, `null` in JSON too; neither 0, which would
 * be a good time, nor 1, a perfect share, nor NaN.
 */

/** The value that `part` of them are below, of an even count the upper; null of none. */
export function quantileOf(values: readonly number[], part: number): number | null {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? null;
}

/** `part` over `whole`; null where there is no whole. */
export function ratioOf(part: number, whole: number): number | null {
	return whole === 0 ? null : part / whole;
}

/** With so many decimals at most; what is no finite number is null, as JSON would have it. */
export function rounded(value: number | null, decimals: number): number | null {
	if (value === null || !Number.isFinite(value)) return null;
	return Math.round(value * 10 ** decimals) / 10 ** decimals;
}

/** For a line of text: `12.5`, or `none`. */
export function figureText(value: number | null, decimals: number): string {
	return value === null || !Number.isFinite(value) ? "none" : value.toFixed(decimals);
}

/**
 * Numbers as text and back, the same on every engine: `toFixed` rounds ties its own way on each.
 * docs/VALUES.md, section 1, has the rule.
 */

const POWERS: readonly number[] = Object.freeze([1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
/** From here on doubles are no longer all whole numbers. */
const WHOLE_END = 0x20000000000000;

/**
 * |x| times 10 to the power `decimals` (0 to 6) as a whole number, ties away from zero; undefined where x is not
 * finite or too large. The product is rounded once, as any double.
 */
function scaledOf(x: number, decimals: number): number | undefined {
	const y = Math.abs(x) * (POWERS[decimals] ?? 1);
	if (!(y < WHOLE_END)) return undefined;
	const n = Math.floor(y);
	return y - n >= 0.5 ? n + 1 : n;
}

/** Text with so many decimals, 0 to 6; undefined for what has none. */
export function decimalText(x: number, decimals: number): string | undefined {
	const scaled = scaledOf(x, decimals);
	if (scaled === undefined) return undefined;
	const sign = x < 0 && scaled !== 0 ? "-" : "";
	if (decimals === 0) return `${sign}${scaled}`;
	const power = POWERS[decimals] ?? 1;
	const whole = Math.floor(scaled / power);
	return `${sign}${whole}.${String(scaled - whole * power + power).slice(1)}`;
}

/** The number that the text of x is: the double nearest to it; undefined as above. Never a negative zero. */
export function roundedTo(x: number, decimals: number): number | undefined {
	const scaled = scaledOf(x, decimals);
	if (scaled === undefined) return undefined;
	return scaled === 0 ? 0 : (x < 0 ? -scaled : scaled) / (POWERS[decimals] ?? 1);
}

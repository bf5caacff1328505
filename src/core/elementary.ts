/**
 * exp, log and pow from exactly specified operations (+ - * / and comparisons), because the
 * engines' own differ in the last bits and runs are compared byte by byte (ECMA-262 21.3.2 leaves
 * their precision to the implementation). Relative error below 1e-15 in the ranges used here.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Terms of the Taylor series of exp on |r| <= ln2/2: 0.3466^15 / 15! is 1e-19. */
const EXP_TERMS = 15;
/** Terms of the series of atanh on |s| <= 0.1716: s^23 / 23 is 1e-19. */
const LOG_TERMS = 12;

/** e to the power x; 0 below -745, Infinity above 709.7. */
export function exp(x: number): number {
	if (x < -745) return 0;
	if (x > 709.7) return Number.POSITIVE_INFINITY;
	// NaN passes through: every comparison above is false for it.
	if (Number.isNaN(x)) return x;
	const k = Math.round(x / (LN2_HIGH + LN2_LOW));
	const r = x - k * LN2_HIGH - k * LN2_LOW;
	let sum = 1;
	for (let term = EXP_TERMS; term > 0; term--) sum = 1 + (sum * r) / term;
	return scaleByPowerOfTwo(sum, k);
}

/** Natural logarithm; NaN below zero, -Infinity at zero. */
export function log(x: number): number {
	if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
	if (x === Number.POSITIVE_INFINITY) return x;
	let mantissa = x;
	let k = 0;
	while (mantissa > Math.SQRT2) {
		mantissa /= 2;
		k++;
	}
	while (mantissa < Math.SQRT1_2) {
		mantissa *= 2;
		k--;
	}
	const s = (mantissa - 1) / (mantissa + 1);
	const s2 = s * s;
	let sum = 0;
	for (let term = LOG_TERMS; term > 0; term--) sum = sum * s2 + 1 / (2 * term - 1);
	return k * LN2_HIGH + (2 * s * sum + k * LN2_LOW);
}

/** x to the power y for x > 0. */
export function pow(x: number, y: number): number {
	return exp(y * log(x));
}

function scaleByPowerOfTwo(x: number, exponent: number): number {
	let result = x;
	let left = exponent;
	for (; left > 0; left--) result *= 2;
	for (; left < 0; left++) result /= 2;
	return result;
}

/** Numbers as the chips print and read them, by exact arithmetic so that every engine agrees. */
import { assert } from "../../src/core/errors.js";

const DECIMALS_MAX = 6;

/** `value` rounded half up to `decimals` (0..6) digits behind the point; never "-0.00". */
export function decimalText(value: number, decimals: number): string {
	assert(decimals >= 0 && decimals <= DECIMALS_MAX, `${decimals} decimals`);
	let scale = 1;
	for (let index = 0; index < decimals; index++) scale *= 10;
	const scaled = Math.floor(Math.abs(value) * scale + 0.5);
	assert(Number.isSafeInteger(scaled), "a chip does not print so long a number");
	const digits = `${scaled}`.padStart(decimals + 1, "0");
	const sign = value < 0 && scaled > 0 ? "-" : "";
	const whole = digits.slice(0, digits.length - decimals);
	return decimals === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-decimals)}`;
}

/** The number that a plain decimal text means, or undefined for any other text. */
export function decimalOf(text: string | undefined): number | undefined {
	if (text === undefined || !/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return undefined;
	return Number(text);
}

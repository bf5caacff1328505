/** Numbers as the chips print and read them, by exact arithmetic so that every engine agrees. */
import { assert } from "../../src/core/errors.js";
import { isDigit } from "../../src/core/text.js";

const DECIMALS_MAX = 6;

/** `value` rounded half up to `decimals` (0..6) digits after the point; never "-0.00". */
export function decimalText(value: number, decimals: number): string {
	assert(decimals >= 0 && decimals <= DECIMALS_MAX, "more decimals than a chip prints");
	let scale = 1;
	for (let index = 0; index < decimals; index++) scale *= 10;
	const scaled = Math.floor(Math.abs(value) * scale + 0.5);
	assert(Number.isSafeInteger(scaled), "a chip does not print so long a number");
	const sign = value < 0 && scaled > 0 ? "-" : "";
	if (decimals === 0) return `${sign}${scaled}`;
	const whole = Math.floor(scaled / scale);
	// The digit in front keeps the zeros after the point.
	const fraction = `${scale + (scaled - whole * scale)}`;
	return `${sign}${whole}.${fraction.slice(1)}`;
}

/** The number that a plain decimal text means, or undefined for any other text. */
export function decimalOf(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const first = text.charAt(0);
	let digits = 0;
	let points = 0;
	for (let index = first === "+" || first === "-" ? 1 : 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code === 0x2e) points++;
		else if (isDigit(code)) digits++;
		else return undefined;
	}
	return digits > 0 && points <= 1 ? Number(text) : undefined;
}

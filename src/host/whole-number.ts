/** Numbers of a command line, of every program. */
import { InvalidArgumentError } from "commander";

/** Digits alone: `1e3`, `0x10` and ` 5` are read differently by everybody. */
const DIGITS = /^\d{1,10}$/;

/** The whole number from `low` to `high` that a text is, or undefined. */
export function wholeNumberOf(text: string, low: number, high: number): number | undefined {
	const value = DIGITS.test(text) ? Number(text) : Number.NaN;
	return value >= low && value <= high ? value : undefined;
}

/** What commander calls with an option's text: a whole number from `low` to `high`, or its message says the two. */
export function wholeNumber(low: number, high: number): (text: string) => number {
	return (text) => {
		const value = wholeNumberOf(text, low, high);
		if (value !== undefined) return value;
		throw new InvalidArgumentError(`Use a whole number from ${low} to ${high}.`);
	};
}

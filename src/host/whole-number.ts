/** Numbers of a command line, of every program. */
import { InvalidArgumentError } from "commander";

/** Digits alone: `1e3`, `0x10` and ` 5` are read differently by everybody. */
const DIGITS = /^\d{1,10}$/;

/** What commander calls with an option's text: a whole number from `low` to `high`, or its message says the two. */
export function wholeNumber(low: number, high: number): (text: string) => number {
	return (text) => {
		const value = DIGITS.test(text) ? Number(text) : Number.NaN;
		if (value >= low && value <= high) return value;
		throw new InvalidArgumentError(`Use a whole number from ${low} to ${high}.`);
	};
}

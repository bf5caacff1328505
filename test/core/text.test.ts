/** What the board says without regular expressions, against the expressions that it replaces. */
import { strict as assert } from "node:assert";
import { ezoAnswerOf, ezoNumberOf } from "../../drivers/atlas-ezo/ezo.js";
import { decimalOf } from "../../sim/chips/decimal-text.js";
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import {
	isDigits,
	isLetter,
	isTextOf,
	isWordAt,
	printable,
	unsignedDecimalOf,
} from "../../src/core/text.js";
import { isStationId } from "../../src/protocol/record/entry.js";

const TEXTS = 40_000;

/** How many of the texts of `characters`, up to `lengthMax` long, `of` maps to something. */
function agree<Value>(
	characters: string,
	lengthMax: number,
	of: (text: string) => Value,
	expected: (text: string) => Value,
): number {
	const random = new SeededRandom(7);
	let hits = 0;
	for (let round = 0; round < TEXTS; round++) {
		let text = "";
		for (let left = integerBelow(random, lengthMax + 1); left > 0; left--) {
			text += characters.charAt(integerBelow(random, characters.length));
		}
		const value = of(text);
		assert.deepEqual(value, expected(text), JSON.stringify(text));
		if (value !== undefined && value !== false && value !== text) hits++;
	}
	return hits;
}

describe("texts without regular expressions", () => {
	it("knows digits, decimals and station ids as the expressions do", () => {
		const digits = agree(
			"0189 a",
			4,
			(text) => isDigits(text, 3),
			(text) => /^[0-9]{1,3}$/.test(text),
		);
		assert.ok(digits > 1000, `${digits}`);
		const decimals = agree(
			"0079...-\n",
			6,
			(text) => unsignedDecimalOf(text, 3, 2),
			(text) => (/^\d{1,3}(\.\d{1,2})?$/.test(text) ? Number(text) : undefined),
		);
		assert.ok(decimals > 1000, `${decimals}`);
		const ids = agree("az09--`{/:A", 10, isStationId, (text) => /^[a-z0-9-]{1,8}$/.test(text));
		assert.ok(ids > 1000, `${ids}`);
		const words = agree(
			"aAbB@`",
			3,
			(text) => isWordAt(`?${text}`, 1, text.length + 1, "aB"),
			(text) => /^ab$/i.test(text),
		);
		assert.ok(words > 500, `${words}`);
		const letters = agree(
			"azAZ@[`{",
			3,
			(text) => isTextOf(text, 0, 2, isLetter),
			(text) => /^[A-Za-z]{0,2}$/.test(text),
		);
		assert.ok(letters > 1000, `${letters}`);
	});

	it("reads numbers and answers of the circuits as the expressions do", () => {
		const numbers = agree("0079..--+", 7, ezoNumberOf, (text) =>
			/^-?\d{1,7}(\.\d{1,3})?$/.test(text) ? Number(text) : undefined,
		);
		assert.ok(numbers > 1000, `${numbers}`);
		const commanded = agree("0079..--+", 7, decimalOf, (text) =>
			/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined,
		);
		assert.ok(commanded > 1000, `${commanded}`);
		const answers = agree(
			"??,,Oo1",
			6,
			(text) => ezoAnswerOf("O", text),
			(text) => {
				const head = /^\?,?([A-Za-z]+),(.*)$/.exec(text);
				return head === null || head[1]?.toUpperCase() !== "O" ? undefined : head[2];
			},
		);
		assert.ok(answers > 100, `${answers}`);
	});

	it("shows what is not printable as the expression does", () => {
		const shown = agree("a ~\u007f\n\u00e9\ud83d\u0000", 8, printable, (text) =>
			text.replace(/[^ -~]/g, "?"),
		);
		assert.ok(shown > 1000, `${shown}`);
	});
});

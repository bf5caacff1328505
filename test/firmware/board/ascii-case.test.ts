/** Letters in the other case, as the image has them in the place of the engine's own. */
import { strict as assert } from "node:assert";
import { toAsciiLowerCase, toAsciiUpperCase } from "../../../src/firmware/board/ascii-case.js";

describe("texts in the other case on the chip", () => {
	it("are those of the language for every text of ASCII, and leave all other letters", () => {
		const ascii = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code));
		assert.equal(toAsciiLowerCase.call(ascii), ascii.toLowerCase());
		assert.equal(toAsciiUpperCase.call(ascii), ascii.toUpperCase());
		assert.equal(toAsciiLowerCase.call("Content-Length"), "content-length");
		assert.equal(toAsciiUpperCase.call("3f,az"), "3F,AZ");
		assert.equal(toAsciiLowerCase.call("À\u212a\u{1f600}Z"), "À\u212a\u{1f600}z");
	});
});

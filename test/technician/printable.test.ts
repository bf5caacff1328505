import { strict as assert } from "node:assert";
import { restore, stub } from "sinon";
import { printable, printableJson } from "../../src/core/printable.js";
import { csvLine, printJson, printPairs, printTable } from "../../src/host/output.js";

/** Clears the screen, sets the title, one-byte CSI, a line of its own, and text that runs backwards. */
const HOSTILE = "a\u001b[2J\u001b]0;x\u0007\u009b31m\r\nerror: b\u007f\u202eevil\u2066";
const SHOWN = "a\\x1b[2J\\x1b]0;x\\x07\\x9b31m\\x0d\\x0aerror: b\\x7f\\u202eevil\\u2066";
const UNPRINTABLE = /[^\n\P{Cc}]|\p{Bidi_Control}/u;

/** What `print` wrote to stdout. */
function written(print: () => void): string {
	let text = "";
	const write = stub(process.stdout, "write").callsFake((piece: unknown) => {
		text += String(piece);
		return true;
	});
	try {
		print();
	} finally {
		write.restore();
	}
	return text;
}

describe("what others sent, on a terminal", () => {
	afterEach(() => restore());

	it("shows each control character and turns no text around", () => {
		assert.equal(printable(HOSTILE), SHOWN);
		assert.equal(printable("pH 7.1 \u00b5S/cm, \u017dupa"), "pH 7.1 \u00b5S/cm, \u017dupa");
	});

	it("is the same value in JSON", () => {
		const json = printableJson({ [HOSTILE]: HOSTILE });
		assert.doesNotMatch(json, UNPRINTABLE);
		assert.deepEqual(JSON.parse(json), { [HOSTILE]: HOSTILE });
	});

	for (const name of ["station", "utc", "clock", "failedProbes", "text", HOSTILE]) {
		it(`obeys nothing in ${JSON.stringify(name).slice(0, 14)} of a status, a table, a line of CSV or JSON`, () => {
			for (const print of [
				() => printPairs({ [name]: HOSTILE }),
				() => printTable([{ [name]: HOSTILE, verdict: "failed" }]),
				() => process.stdout.write(csvLine([name, HOSTILE])),
				() => printJson({ [name]: HOSTILE }),
			]) {
				const text = written(print);
				assert.doesNotMatch(text, UNPRINTABLE);
				assert.doesNotMatch(text, /^error:/m);
			}
		});
	}
});

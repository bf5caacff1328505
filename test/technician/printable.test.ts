import { strict as assert } from "node:assert";
import { restore, stub } from "sinon";
import { json as answered } from "../../src/collector/publish/http.js";
import { escapeMarkup } from "../../src/collector/publish/markup.js";
import { csvLine, printJson, printPairs, printTable } from "../../src/host/output.js";
import { printable, printableJson } from "../../src/host/printable.js";

/** Clears the screen, sets the title, one-byte CSI, a line of its own, and text that runs backwards. */
const HOSTILE = "a\u001b[2J\u001b]0;x\u0007\u009b31m\r\nerror: b\u007f\u202eevil\u2066";
const SHOWN = "a\\x1b[2J\\x1b]0;x\\x07\\x9b31m\\x0d\\x0aerror: b\\x7f\\u202eevil\\u2066";
const UNPRINTABLE =
	/[^\n\P{Cc}]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{5}/u;

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

/** One or more of each kind of what does not show, or shows something else than it says. */
const UNSEEN: readonly (readonly [kind: string, text: string, shown: string])[] = [
	["zero widths", "a\u200bb\u200cc\u200dd", "a\\u200bb\\u200cc\\u200dd"],
	["marks of direction", "\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"],
	["separators of lines and paragraphs", "\u2028\u2029", "\\u2028\\u2029"],
	["embeddings and overrides", "\u202a\u202e", "\\u202a\\u202e"],
	["joiners and operators nobody sees", "\u2060\u2061\u2064", "\\u2060\\u2061\\u2064"],
	[
		"isolates and shapings",
		"\u2065\u2066\u2069\u206a\u206f",
		"\\u2065\\u2066\\u2069\\u206a\\u206f",
	],
	["the byte order mark", "a\ufeffb", "a\\ufeffb"],
	["a soft hyphen", "bor\u00ad-1", "bor\\xad-1"],
	["tags", "\u{e0001}\u{e0041}\u{e007f}", "\\u{e0001}\\u{e0041}\\u{e007f}"],
	[
		"selectors of a variant",
		"a\ufe00\ufe0f\u{e0100}\u{e01ef}",
		"a\\ufe00\\ufe0f\\u{e0100}\\u{e01ef}",
	],
	[
		"fillers",
		"\u034f\u115f\u1160\u17b4\u180e\u3164\uffa0",
		"\\u034f\\u115f\\u1160\\u17b4\\u180e\\u3164\\uffa0",
	],
	["annotations", "\ufff9\ufffb", "\\ufff9\\ufffb"],
	["notes of music without a note", "\u{1d173}\u{1d17a}", "\\u{1d173}\\u{1d17a}"],
	["halves of a character", "a\ud83db\udc00", "a\\ud83db\\udc00"],
	["marks piled on one letter", `z${"\u0301".repeat(6)}`, `z${"\u0301".repeat(4)}\\u0301\\u0301`],
];
/** What people on these rivers write, and what this program writes about them. */
const SEEN: readonly string[] = [
	"\u017eupa \u0110or\u0111e \u010d\u0107\u0161\u017e \u010c\u0106\u0160\u017d d\u017e lj nj",
	"\u0416\u0443\u043f\u0430 \u0402\u043e\u0440\u0452\u0435 \u0409\u040a\u040b\u040f \u0459\u045a\u045b\u045f",
	// Composed of letter and mark, as macOS writes names.
	"z\u030cupa c\u0301 \u0438\u0306\u0301",
	"14.2 \u00b0C, 523 \u00b5S/cm, 3 \u03bcg l\u207b\u00b9, m\u00b2 m\u00b3 s\u207b\u00b2, \u00b1 0,1 \u2030",
	"\u201eBor\u201c \u2013 Pek \u2026 \u2264 \u2265 \u2192 \u20ac 12\u00a0500",
	"\u6cb3\u5ddd \u03a0\u03bf\u03c4\u03b1\u03bc\u03cc\u03c2 \u{1f30a}",
];

describe("what others sent, on a terminal", () => {
	afterEach(() => restore());

	for (const [kind, text, shown] of UNSEEN) {
		it(`shows ${kind}, and in JSON and on a page, too`, () => {
			assert.equal(printable(text), shown);
			assert.equal(escapeMarkup(text), shown);
			for (const json of [
				printableJson({ [text]: text }),
				String(answered({ [text]: text }).body),
			]) {
				assert.doesNotMatch(json, UNPRINTABLE);
				assert.deepEqual(JSON.parse(json), { [text]: text });
			}
		});
	}

	it("shows every character that Unicode says does not show, and no other", () => {
		const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
		for (let code = 0; code <= 0x10ffff; code++) {
			const text = String.fromCodePoint(code);
			assert.equal(printable(text) === text, !unseen.test(text), code.toString(16));
		}
	});

	it("leaves letters, units and signs of every language as they are", () => {
		for (const text of SEEN) {
			assert.equal(printable(text), text);
			assert.equal(printableJson(text), `"${text}"`);
			assert.equal(escapeMarkup(text), text);
		}
	});

	it("gives no spreadsheet a formula, and no number another form", () => {
		const cells = ["=1+2", "+cmd", "-1+2", "@SUM(A1)", "\t=1", "-0.25", -3, "+5", "-", "a=b"];
		assert.equal(csvLine(cells), `"'=1+2","'+cmd","'-1+2","'@SUM(A1)",\\x09=1,-0.25,-3,+5,-,a=b\n`);
		assert.equal(csvLine(['=HYPERLINK("x","y")']), `"'=HYPERLINK(""x"",""y"")"\n`);
	});

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

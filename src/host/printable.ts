/**
 * What others sent, for eyes: control characters (C0, DEL, C1 with its one-byte CSI), those that turn the direction of
 * text, those that show nothing at all (zero widths, tags, selectors of a variant, fillers), half characters, and marks
 * piled on a letter become visible escapes, so that a hostile station, file or server can neither steer a terminal, nor
 * begin a line of its own, nor show other words than it said, nor hide any. Every program writes to its terminal through
 * this, and every page.
 */

/** Of combining marks on one letter so many show: Serbian accents need two, no language more than four. */
const MARKS_SHOWN = 4;
/**
 * Unicode's controls, formats, lone surrogates, separators of lines and paragraphs, and what it says a display should
 * ignore (the selectors among them); then the marks that come after so many.
 */
const UNSEEN = new RegExp(
	"[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]" +
		`|(?<=\\p{M}{${MARKS_SHOWN}})\\p{M}`,
	"gu",
);
/** Most of what is said: nothing to look at character by character. */
const PLAIN = /^[ -~]*$/;

/** `text` as one line of characters that show; `\x1b` stands for an escape, `\u{e0041}` for a tag. */
export function printable(text: string): string {
	return escaped(text, (sign) => {
		const code = sign.codePointAt(0) ?? 0;
		if (code < 0x100) return `\\x${hexOf(code, 2)}`;
		return code < 0x10000 ? `\\u${hexOf(code, 4)}` : `\\u{${hexOf(code, 5)}}`;
	});
}

/** The same for several lines of our own, as a stack. */
export function printableLines(text: string): string {
	return text.split("\n").map(printable).join("\n");
}

/** JSON in one line that is safe to show, of the same value: JSON.stringify escapes C0 and half characters alone. */
export function printableJson(value: unknown): string {
	return escaped(JSON.stringify(value), (sign) =>
		// Each half of a pair by itself, as JSON has it.
		sign
			.split("")
			.map((half) => `\\u${hexOf(half.charCodeAt(0), 4)}`)
			.join(""),
	);
}

function escaped(text: string, spell: (sign: string) => string): string {
	return PLAIN.test(text) ? text : text.replace(UNSEEN, spell);
}

function hexOf(code: number, digits: number): string {
	return code.toString(16).padStart(digits, "0");
}

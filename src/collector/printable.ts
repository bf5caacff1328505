/**
 * What others sent, for a terminal: control characters (C0, DEL, C1 with its one-byte CSI) and those that
 * turn the direction of text become visible escapes, so that a hostile station, file or server can
 * neither steer the terminal, nor begin a line of its own, nor show other words than it said. Every
 * program writes to its terminal through this.
 */

/** C0, DEL, C1; line and paragraph separators; marks, embeddings, overrides and isolates of direction. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\ufeff]/gu;

/** `text` as one line of characters that show; `\x1b` stands for an escape. */
export function printable(text: string): string {
	return text.replace(UNPRINTABLE, (character) => {
		const code = character.charCodeAt(0);
		return code < 0x100
			? `\\x${code.toString(16).padStart(2, "0")}`
			: `\\u${code.toString(16).padStart(4, "0")}`;
	});
}

/** The same for several lines of our own, as a stack. */
export function printableLines(text: string): string {
	return text.split("\n").map(printable).join("\n");
}

/** JSON in one line that is safe to show: JSON.stringify leaves DEL, C1 and direction as they are. */
export function printableJson(value: unknown): string {
	return JSON.stringify(value).replace(
		UNPRINTABLE,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

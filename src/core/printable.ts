/**
 * What others sent, for a terminal: control characters (C0, DEL, C1 with its one-byte CSI) and those that
 * turn the direction of text become visible escapes, so that a hostile station, file or server can
 * neither steer the terminal, nor begin a line of its own, nor show other words than it said. Every
 * program writes to its terminal through this.
 */

/** `text` as one line of characters that show; `\x1b` stands for an escape. */
export function printable(text: string): string {
	return escaped(text, (code) =>
		code < 0x100
			? `\\x${code.toString(16).padStart(2, "0")}`
			: `\\u${code.toString(16).padStart(4, "0")}`,
	);
}

/** The same for several lines of our own, as a stack. */
export function printableLines(text: string): string {
	return text.split("\n").map(printable).join("\n");
}

/** JSON in one line that is safe to show: JSON.stringify leaves DEL, C1 and direction as they are. */
export function printableJson(value: unknown): string {
	return escaped(JSON.stringify(value), (code) => `\\u${code.toString(16).padStart(4, "0")}`);
}

function escaped(text: string, spell: (code: number) => string): string {
	let shown = "";
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		shown += isShown(code) ? text.charAt(index) : spell(code);
	}
	return shown;
}

function isShown(code: number): boolean {
	if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
	// Arabic letter mark, marks of direction; separators of lines and paragraphs, embeddings, overrides;
	// isolates; byte order mark.
	if (code === 0x061c || code === 0x200e || code === 0x200f || code === 0xfeff) return false;
	return !((code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069));
}

/**
 * Letters of ASCII in the other case, in the place of XS's own `toLowerCase` and `toUpperCase`, which know all of Unicode
 * by 11 KB of tables (`strip` in sdk.json leaves them out). Whatever station and SDK put into the other case is ASCII:
 * names of headers, of servers and of commands, and answers of circuits.
 */

const LETTERS = 26;
const UPPER_A = 0x41;
const LOWER_A = 0x61;

function inOtherCase(text: string, firstLetter: number, step: number): string {
	let result = "";
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		const isLetter = code >= firstLetter && code < firstLetter + LETTERS;
		result += isLetter ? String.fromCharCode(code + step) : text.charAt(index);
	}
	return result;
}

/** A method of strings. */
export function toAsciiLowerCase(this: string): string {
	return inOtherCase(String(this), UPPER_A, LOWER_A - UPPER_A);
}

/** A method of strings. */
export function toAsciiUpperCase(this: string): string {
	return inOtherCase(String(this), LOWER_A, UPPER_A - LOWER_A);
}

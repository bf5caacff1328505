/**
 * What regular expressions would say of short ASCII texts. The board runs none: XS of SDK 8.2.3 keeps
 * the matches of a preloaded one outside its heap, and a garbage collection while it matches takes
 * that memory for its own; it also never frees it (xsre.c, fxAllocateRegExpData: an `else` is missing).
 */

/** Whether `text` is `lengthMin` to `lengthMax` characters and each code `passes`. */
export function isTextOf(
	text: string,
	lengthMin: number,
	lengthMax: number,
	passes: (code: number) => boolean,
): boolean {
	const { length } = text;
	if (length < lengthMin || length > lengthMax) return false;
	for (let index = 0; index < length; index++) if (!passes(text.charCodeAt(index))) return false;
	return true;
}

export function isDigit(code: number): boolean {
	return code >= 0x30 && code <= 0x39;
}

export function isLowerLetter(code: number): boolean {
	return code >= 0x61 && code <= 0x7a;
}

export function isLetter(code: number): boolean {
	return isLowerLetter(code) || (code >= 0x41 && code <= 0x5a);
}

/** 1 to `lengthMax` decimal digits, leading zeros and all. */
export function isDigits(text: string, lengthMax: number): boolean {
	return isTextOf(text, 1, lengthMax, isDigit);
}

/** Such digits, and if there is a point, 1 to `decimalsMax` more behind it; no sign. */
export function isDecimal(text: string, digitsMax: number, decimalsMax: number): boolean {
	const point = text.indexOf(".");
	if (point < 0) return isDigits(text, digitsMax);
	return isDigits(text.slice(0, point), digitsMax) && isDigits(text.slice(point + 1), decimalsMax);
}

/** `text` with `?` for all that is not printable ASCII. */
export function printable(text: string): string {
	let shown = "";
	let from = 0;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code >= 0x20 && code <= 0x7e) continue;
		shown += `${text.slice(from, index)}?`;
		from = index + 1;
	}
	return from === 0 ? text : shown + text.slice(from);
}

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

/**
 * The number that 1 to `digitsMax` digits mean, and if there is a point, 1 to `decimalsMax` more after
 * it; no sign; undefined for any other text. At most 15 digits in all: then both the digits and the
 * power of ten are exact, and one division rounds as `Number` would.
 */
export function unsignedDecimalOf(
	text: string,
	digitsMax: number,
	decimalsMax: number,
): number | undefined {
	let digits = 0;
	let point = -1;
	let scale = 1;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code === 0x2e && point < 0) {
			point = index;
			continue;
		}
		if (!isDigit(code)) return undefined;
		digits = digits * 10 + code - 0x30;
		if (point >= 0) scale *= 10;
		// A longer text is refused before its digits no longer fit.
		if (index > digitsMax + decimalsMax) return undefined;
	}
	const whole = point < 0 ? text.length : point;
	if (whole < 1 || whole > digitsMax) return undefined;
	if (point < 0) return digits;
	const decimals = text.length - point - 1;
	return decimals < 1 || decimals > decimalsMax ? undefined : digits / scale;
}

/** Whether `text` from `first` to `end` (not included) is `word`, capitals or not; ASCII. */
export function isWordAt(text: string, first: number, end: number, word: string): boolean {
	if (end - first !== word.length) return false;
	for (let index = 0; index < word.length; index++) {
		if (capitalOf(text.charCodeAt(first + index)) !== capitalOf(word.charCodeAt(index)))
			return false;
	}
	return true;
}

function capitalOf(code: number): number {
	return isLowerLetter(code) ? code - 0x20 : code;
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

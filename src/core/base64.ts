/** Base64 (RFC 4648, section 4), with padding; one text for one byte string. */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = "=";

/** Base64 of `bytes`. */
export function base64Of(bytes: Uint8Array): string {
	let text = "";
	for (let index = 0; index < bytes.length; index += 3) {
		const left = bytes.length - index;
		const word =
			((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
		text += DIGITS.charAt(word >> 18) + DIGITS.charAt((word >> 12) & 63);
		text += left > 1 ? DIGITS.charAt((word >> 6) & 63) : PADDING;
		text += left > 2 ? DIGITS.charAt(word & 63) : PADDING;
	}
	return text;
}

/** The reverse; undefined for anything that `base64Of` would not have written. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
	if (text.length % 4 !== 0) return undefined;
	const padding = text.endsWith("==") ? 2 : text.endsWith(PADDING) ? 1 : 0;
	const bytes = new Uint8Array((text.length / 4) * 3 - padding);
	for (let group = 0; group < text.length / 4; group++) {
		let word = 0;
		for (let index = 0; index < 4; index++) {
			const at = group * 4 + index;
			const isPadding = at >= text.length - padding;
			const digit = isPadding ? 0 : DIGITS.indexOf(text.charAt(at));
			if (digit < 0) return undefined;
			word = (word << 6) | digit;
		}
		for (let index = 0; index < 3; index++) {
			const at = group * 3 + index;
			const byte = (word >> (16 - 8 * index)) & 255;
			if (at < bytes.length) bytes[at] = byte;
			else if (byte !== 0) return undefined;
		}
	}
	return bytes;
}

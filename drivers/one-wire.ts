/** What all parts on a 1-Wire bus have in common. */

/** CRC-8 of Dallas/Maxim: x^8 + x^5 + x^4 + 1, reflected, from 0. Over data and its CRC it is 0. */
export function crc8Of(bytes: Uint8Array): number {
	let crc = 0;
	for (const byte of bytes) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0x8c;
	}
	return crc;
}

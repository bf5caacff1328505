/** CRC-8 of Dallas, by which the eFuses check the chip's MAC (ESP-IDF, esp_crc8). */
export function crc8Of(bytes: Uint8Array): number {
	let crc = 0;
	for (const byte of bytes) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0x8c;
	}
	return crc;
}

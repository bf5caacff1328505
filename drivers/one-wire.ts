/** What a driver asks of a 1-Wire bus; an adapter of the board implements it. */

/** Synchronous. A bus with nobody on it reads ones; a shorted one reads zeros. */
export interface OneWire {
	/** Reset pulse; true when somebody answered with a presence pulse. */
	reset(): boolean;
	/** Writes bytes, least significant bit first. */
	write(bytes: Uint8Array): void;
	read(byteLength: number): ArrayBuffer;
	close(): void;
}

export interface OneWireOptions {
	/** As the board names it. */
	pin: number;
}

/** A driver's `sensor` option. */
export interface OneWireConnection extends OneWireOptions {
	io: new (options: OneWireOptions) => OneWire;
}

/** CRC-8 of Dallas/Maxim: x^8 + x^5 + x^4 + 1, reflected, from 0. Over data and its CRC it is 0. */
export function crc8Of(bytes: Uint8Array): number {
	let crc = 0;
	for (const byte of bytes) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0x8c;
	}
	return crc;
}

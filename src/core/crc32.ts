/**
 * CRC-32 as in IEEE 802.3 and zlib: reflected polynomial 0xEDB88320, initial value and final
 * exclusive-or all ones. `crc32("123456789")` is 0xCBF43926.
 */

const TABLE: Readonly<Uint32Array> = makeTable();

/**
 * CRC of `bytes[first .. end)`. `previous` continues an earlier CRC, so that a prefix (a seed)
 * need not be joined to the data: `crc32(b, 0, n, crc32(a))` is the CRC of a followed by b.
 */
export function crc32(bytes: Uint8Array, first = 0, end = bytes.length, previous = 0): number {
	let crc = ~previous;
	for (let index = first; index < end; index++) {
		crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
	}
	return ~crc >>> 0;
}

function makeTable(): Uint32Array {
	const table = new Uint32Array(256);
	for (let index = 0; index < 256; index++) {
		let crc = index;
		for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
		table[index] = crc >>> 0;
	}
	return table;
}

/**
 * CRC-32 as in IEEE 802.3 and zlib: reflected polynomial 0xEDB88320, initial value and final
 * exclusive-or all ones. `crc32("123456789")` is 0xCBF43926.
 */

/** Row k of 256: what a byte comes to with k more bytes after it, so that four are taken at once. */
const TABLES: Readonly<Uint32Array> = makeTables();

/**
 * CRC of `bytes[first .. end)`. `previous` continues an earlier CRC, so that a prefix (a seed)
 * need not be joined to the data: `crc32(b, 0, n, crc32(a))` is the CRC of a followed by b.
 */
export function crc32(bytes: Uint8Array, first = 0, end = bytes.length, previous = 0): number {
	let crc = ~previous;
	let index = first;
	for (; index < end - 3; index += 4) {
		crc ^=
			(bytes[index] ?? 0) |
			((bytes[index + 1] ?? 0) << 8) |
			((bytes[index + 2] ?? 0) << 16) |
			((bytes[index + 3] ?? 0) << 24);
		crc =
			(TABLES[768 + (crc & 0xff)] ?? 0) ^
			(TABLES[512 + ((crc >>> 8) & 0xff)] ?? 0) ^
			(TABLES[256 + ((crc >>> 16) & 0xff)] ?? 0) ^
			(TABLES[crc >>> 24] ?? 0);
	}
	for (; index < end; index++) {
		crc = (crc >>> 8) ^ (TABLES[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
	}
	return ~crc >>> 0;
}

/** Of the four bytes of a number of 32 bits, the lowest first. */
export function crc32OfUint32(word: number): number {
	let crc = ~0;
	for (let shift = 0; shift < 32; shift += 8) {
		crc = (crc >>> 8) ^ (TABLES[(crc ^ (word >>> shift)) & 0xff] ?? 0);
	}
	return ~crc >>> 0;
}

function makeTables(): Uint32Array {
	const tables = new Uint32Array(1024);
	for (let index = 0; index < 256; index++) {
		let crc = index;
		for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
		tables[index] = crc >>> 0;
	}
	for (let index = 256; index < 1024; index++) {
		const shorter = tables[index - 256] ?? 0;
		tables[index] = ((shorter >>> 8) ^ (tables[shorter & 0xff] ?? 0)) >>> 0;
	}
	return tables;
}

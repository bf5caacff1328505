/** Words of the ROM loader's protocol (esptool, "Serial Protocol"): operations, errors, and how a packet is read. */

const BLOCK_HEAD_BYTES = 16;
const CHECKSUM_SEED = 0xef;

export const OP = Object.freeze({
	flashBegin: 0x02,
	flashData: 0x03,
	flashEnd: 0x04,
	memoryBegin: 0x05,
	memoryEnd: 0x06,
	memoryData: 0x07,
	sync: 0x08,
	writeRegister: 0x09,
	readRegister: 0x0a,
	spiSetParameters: 0x0b,
	spiAttach: 0x0d,
	readFlashSlow: 0x0e,
	changeBaud: 0x0f,
	deflateBegin: 0x10,
	deflateData: 0x11,
	deflateEnd: 0x12,
	flashMd5: 0x13,
	eraseFlash: 0xd0,
	eraseRegion: 0xd1,
	readFlash: 0xd2,
} as const);

export const ERRORS = Object.freeze({
	invalidMessage: 0x05,
	failed: 0x06,
	badChecksum: 0x07,
	writeFailed: 0x08,
	readFailed: 0x09,
	readLength: 0x0a,
	deflate: 0x0b,
});

/** What a loader is in the middle of. */
export type Transfer =
	| { readonly kind: "none" }
	| { readonly kind: "memory"; readonly blocks: number; next: number }
	| { readonly kind: "flash"; readonly blockBytes: number; offset: number; next: number }
	| {
			readonly kind: "deflate";
			readonly blockBytes: number;
			readonly beginOffset: number;
			readonly sizeBytes: number;
			packed: Uint8Array;
			written: number;
			next: number;
			/** The last block came: it is answered again when its answer was lost. */
			isDone: boolean;
	  };

/** What a packet is refused with. */
export class Refused extends Error {
	readonly code: number;

	constructor(code: number) {
		super(`error ${code}`);
		this.code = code;
	}
}

export const EMPTY = new Uint8Array(0);

/** Throws Refused: a packet that the real loader would not take. */
export function need(holds: boolean): void {
	if (!holds) throw new Refused(ERRORS.invalidMessage);
}

/** A block of data after its length, sequence and two spare words, its checksum held. */
export function blockOf(
	data: Uint8Array,
	checksum: number,
): { sequence: number; payload: Uint8Array } {
	need(data.length >= BLOCK_HEAD_BYTES);
	const view = viewOf(data);
	const payload = data.subarray(BLOCK_HEAD_BYTES);
	need(payload.length === view.getUint32(0, true));
	const sum = payload.reduce((xor, byte) => xor ^ byte, CHECKSUM_SEED);
	if (sum !== (checksum & 0xff)) throw new Refused(ERRORS.badChecksum);
	return { sequence: view.getUint32(4, true), payload };
}

export function uint32sOf(data: Uint8Array): number[] {
	const view = viewOf(data);
	return Array.from({ length: data.length >> 2 }, (_, at) => view.getUint32(4 * at, true));
}

export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

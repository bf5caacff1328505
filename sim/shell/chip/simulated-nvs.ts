/**
 * What a simulated board keeps in its partition `nvs`: the private key, its provisioning, and its configurations. A form
 * of our own, not ESP-IDF's: two halves, the newer whole one counts, so that erasing the flash loses it as on a board.
 */
import { crc32 } from "../../../src/core/crc32.js";
import type { SavedSettings } from "../../board/settings.js";

export interface NvsContents {
	/** 32 bytes, hexadecimal. */
	readonly keyHex: string;
	readonly settings: SavedSettings;
}

const MAGIC = "SNVS";
/** Magic 4, serial 4, length 4, CRC of the rest 4. */
const HEAD_BYTES = 16;

/** Of the partition's bytes; undefined where nothing is kept. */
export function readNvs(partition: Uint8Array): NvsContents | undefined {
	return newestOf(partition)?.contents;
}

/** Puts `contents` into the half that does not hold the newest. */
export function writeNvs(partition: Uint8Array, contents: NvsContents): void {
	const newest = newestOf(partition);
	const half = newest === undefined ? 0 : 1 - newest.half;
	const text = Buffer.from(JSON.stringify(contents), "latin1");
	const size = partition.length / 2;
	if (HEAD_BYTES + text.length > size) throw new Error("more than the partition nvs holds");
	const bytes = Buffer.alloc(size, 0xff);
	bytes.write(MAGIC, 0, "latin1");
	bytes.writeUInt32LE((newest?.serial ?? 0) + 1, 4);
	bytes.writeUInt32LE(text.length, 8);
	bytes.writeUInt32LE(crc32(text), 12);
	text.copy(bytes, HEAD_BYTES);
	partition.set(bytes, half * size);
}

function newestOf(partition: Uint8Array) {
	const size = partition.length / 2;
	const halves = [0, 1].flatMap((half) => {
		const bytes = Buffer.from(partition.subarray(half * size, (half + 1) * size));
		if (bytes.toString("latin1", 0, 4) !== MAGIC) return [];
		const text = bytes.subarray(HEAD_BYTES, HEAD_BYTES + bytes.readUInt32LE(8));
		if (crc32(text) !== bytes.readUInt32LE(12)) return [];
		const contents = JSON.parse(text.toString("latin1")) as NvsContents;
		return [{ half, serial: bytes.readUInt32LE(4), contents }];
	});
	return halves.sort((a, b) => b.serial - a.serial)[0];
}

/**
 * A partition table as ESP-IDF writes it (gen_esp32part.py): entries of 32 bytes from 0x8000 on, then an entry with
 * the MD5 of those before where the build says so (the SDK's does not), then erased bytes. And the CSV that it is made of.
 */
import { createHash } from "node:crypto";
import { OperationalError } from "../../host/errors.js";
import { notice } from "../../host/messages/notice.js";

export const TABLE_OFFSET = 0x8000;
export const TABLE_BYTES = 0xc00;
const ENTRY_BYTES = 32;
const ENTRY_MAGIC = 0x50aa;
const DIGEST_MAGIC = 0xebeb;
const ERASED = 0xffff;
const LABEL_BYTES = 16;

export interface Partition {
	readonly label: string;
	readonly type: number;
	readonly subtype: number;
	readonly offset: number;
	readonly size: number;
}

const TYPES: Readonly<Record<string, number>> = Object.freeze({ app: 0, data: 1 });
const SUBTYPES: Readonly<Record<string, number>> = Object.freeze({
	factory: 0x00,
	ota_0: 0x10,
	ota_1: 0x11,
	ota: 0x00,
	phy: 0x01,
	nvs: 0x02,
});

/** Entries of a table; empty for erased flash. Throws OperationalError for anything that is no table. */
export function readPartitionTable(bytes: Uint8Array, whose: string): readonly Partition[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const partitions: Partition[] = [];
	for (let at = 0; at + ENTRY_BYTES <= Math.min(bytes.length, TABLE_BYTES); at += ENTRY_BYTES) {
		const magic = view.getUint16(at, true);
		if (magic === ERASED) return partitions;
		if (magic === DIGEST_MAGIC) {
			const digest = createHash("md5").update(bytes.subarray(0, at)).digest();
			if (digest.equals(bytes.subarray(at + 16, at + 32))) return partitions;
			throw new OperationalError(notice("table-digest", { file: whose }));
		}
		if (magic !== ENTRY_MAGIC) break;
		const label = Buffer.from(bytes.subarray(at + 12, at + 12 + LABEL_BYTES)).toString("latin1");
		partitions.push({
			label: label.replace(/\0.*$/s, ""),
			type: view.getUint8(at + 2),
			subtype: view.getUint8(at + 3),
			offset: view.getUint32(at + 4, true),
			size: view.getUint32(at + 8, true),
		});
	}
	throw new OperationalError(notice("no-table", { file: whose }));
}

/** As the SDK's build leaves it: no MD5, erased after the last entry. */
export function encodePartitionTable(partitions: readonly Partition[]): Uint8Array {
	const bytes = new Uint8Array(TABLE_BYTES).fill(0xff);
	const view = new DataView(bytes.buffer);
	for (const [index, { label, type, subtype, offset, size }] of partitions.entries()) {
		const at = index * ENTRY_BYTES;
		bytes.fill(0, at, at + ENTRY_BYTES);
		view.setUint16(at, ENTRY_MAGIC, true);
		view.setUint8(at + 2, type);
		view.setUint8(at + 3, subtype);
		view.setUint32(at + 4, offset, true);
		view.setUint32(at + 8, size, true);
		bytes.set(Buffer.from(label, "latin1").subarray(0, LABEL_BYTES), at + 12);
	}
	return bytes;
}

/** Of a file like src/firmware/board/target/partitions.csv, every offset and size said. */
export function partitionsOfCsv(text: string): readonly Partition[] {
	return text
		.split("\n")
		.map((line) => line.replace(/#.*/, "").trim())
		.filter((line) => line !== "")
		.map((line) => {
			const [label = "", type = "", subtype = "", offset = "", size = ""] = line
				.split(",")
				.map((word) => word.trim());
			return {
				label,
				type: TYPES[type] ?? Number(type),
				subtype: SUBTYPES[subtype] ?? Number(subtype),
				offset: Number(offset),
				size: Number(size),
			};
		});
}

/**
 * What a file says of itself as an image for the ESP32 (ESP-IDF, esp_image_format.h and esp_app_desc.h): header,
 * segments, checksum, SHA-256, and the description that the application carries. Judged before anything is written.
 */
import { createHash } from "node:crypto";
import { OperationalError } from "../../host/errors.js";
import type { BoardText } from "../../host/messages/board-texts.js";
import { type NoticeValues, notice } from "../../host/messages/notice.js";

const MAGIC = 0xe9;
const CHECKSUM_SEED = 0xef;
const SEGMENTS_MAX = 16;
const HEADER_BYTES = 24;
const SEGMENT_HEAD_BYTES = 8;
const DIGEST_BYTES = 32;
const CHIP_ESP32 = 0;
const DESCRIPTION_OFFSET = HEADER_BYTES + SEGMENT_HEAD_BYTES;
const DESCRIPTION_MAGIC = 0xabcd5432;
export const DESCRIPTION_BYTES = 256;

export interface EspImage {
	/** Absent in a boot loader, which has no such description. */
	readonly description: AppDescription | undefined;
	readonly segments: number;
}

export interface AppDescription {
	readonly version: string;
	readonly projectName: string;
	readonly idfVersion: string;
	/** As the compiler wrote them. */
	readonly builtOn: string;
}

/** Throws OperationalError that begins with `name` and says what is wrong. */
export function readEspImage(bytes: Uint8Array, name: string): EspImage {
	const wrong = (key: BoardText, values: NoticeValues = {}): OperationalError =>
		new OperationalError(notice(key, { file: name, ...values }));
	const truncated = (needed: number): OperationalError =>
		wrong("image-truncated", { found: bytes.length, needed });
	if (bytes[0] !== MAGIC) throw wrong("no-image");
	if (bytes.length < HEADER_BYTES) throw truncated(HEADER_BYTES);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const chip = view.getUint16(12, true);
	if (chip !== CHIP_ESP32) throw wrong("image-other-chip", { chip });
	const segments = view.getUint8(1);
	if (segments < 1 || segments > SEGMENTS_MAX) {
		throw wrong("image-segments", { count: segments });
	}
	let at = HEADER_BYTES;
	let checksum = CHECKSUM_SEED;
	for (let index = 0; index < segments; index++) {
		const begin = at + SEGMENT_HEAD_BYTES;
		const end = begin + (begin <= bytes.length ? view.getUint32(at + 4, true) : 0);
		if (end > bytes.length) throw truncated(end);
		for (let each = begin; each < end; each++) checksum ^= bytes[each] ?? 0;
		at = end;
	}
	const end = (at + 16) & ~15;
	const isHashed = view.getUint8(23) === 1;
	const whole = end + (isHashed ? DIGEST_BYTES : 0);
	if (bytes.length < whole) throw truncated(whole);
	if (bytes[end - 1] !== checksum) throw wrong("image-checksum");
	if (isHashed) {
		const digest = createHash("sha256").update(bytes.subarray(0, end)).digest();
		if (!digest.equals(bytes.subarray(end, whole))) {
			throw wrong("image-digest");
		}
	}
	if (bytes.length > whole) throw wrong("image-too-long", { count: bytes.length - whole });
	return { segments, description: descriptionOf(bytes, view) };
}

/** Of the longest image there is; what a slot holds after it is not looked at. */
export function imageBytesIn(slot: Uint8Array): number {
	const view = new DataView(slot.buffer, slot.byteOffset, slot.byteLength);
	let at = HEADER_BYTES;
	for (let index = 0; index < (slot[1] ?? 0) && at + SEGMENT_HEAD_BYTES <= slot.length; index++) {
		at += SEGMENT_HEAD_BYTES + view.getUint32(at + 4, true);
	}
	return Math.min(((at + 16) & ~15) + (slot[23] === 1 ? DIGEST_BYTES : 0), slot.length);
}

function descriptionOf(bytes: Uint8Array, view: DataView): AppDescription | undefined {
	if (bytes.length < DESCRIPTION_OFFSET + DESCRIPTION_BYTES) return undefined;
	if (view.getUint32(DESCRIPTION_OFFSET, true) !== DESCRIPTION_MAGIC) return undefined;
	const text = (offset: number, length: number): string => {
		const begin = DESCRIPTION_OFFSET + offset;
		const raw = Buffer.from(bytes.subarray(begin, begin + length)).toString("latin1");
		return raw.replace(/\0.*$/s, "").replace(/[^ -~]/g, "?");
	};
	return {
		version: text(16, 32),
		projectName: text(48, 32),
		builtOn: `${text(96, 16)} ${text(80, 16)}`.trim(),
		idfVersion: text(112, 32),
	};
}

/** A simulated flash kept in a file, written through at every operation, torn ones included. */

import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import type { ByteBuffer, FlashPartition } from "../../src/firmware/ports.js";
import { replaceFile, writeWhole } from "../../src/host/disk.js";
import { OperationalError } from "../../src/host/errors.js";
import type { SimulatedFlash } from "../flash/flash.js";

export interface ImageFile {
	readonly image: Uint8Array;
	write(offset: number, bytes: Uint8Array): void;
	close(): void;
}

/** Opens or makes an image of `sizeBytes`, erased. Throws OperationalError for a file of another size. */
export function openImageFile(path: string, sizeBytes: number): ImageFile {
	const isThere = existsSync(path);
	const image = isThere ? new Uint8Array(readFileSync(path)) : new Uint8Array(sizeBytes).fill(0xff);
	if (image.length !== sizeBytes) {
		throw new OperationalError(
			`${path}: corrupt (${image.length} bytes, not ${sizeBytes}); choose another --data`,
		);
	}
	if (!isThere) replaceFile(path, image);
	const descriptor = openSync(path, "r+");
	return {
		image,
		write: (offset, bytes) => {
			writeWhole(descriptor, bytes, offset);
		},
		close: () => closeSync(descriptor),
	};
}

export interface InstantFile {
	/** Microseconds of the station's clock at the last write, 0 for none. */
	readonly last: number;
	write(microseconds: number): void;
	close(): void;
}

const INSTANT_BYTES = 8;

/** How far a station's clock had come when its flash last changed. */
export function openInstantFile(path: string): InstantFile {
	const bytes = Buffer.alloc(INSTANT_BYTES);
	const stored = existsSync(path) ? readFileSync(path) : undefined;
	const last = stored?.length === INSTANT_BYTES ? stored.readDoubleLE(0) : 0;
	const descriptor = openSync(path, stored === undefined ? "w+" : "r+", 0o600);
	return {
		last,
		write: (microseconds) => {
			bytes.writeDoubleLE(microseconds, 0);
			writeWhole(descriptor, bytes, 0);
		},
		close: () => closeSync(descriptor),
	};
}

/** The same partition; `onChanged` gets the cells of every range that an operation touched. */
export function writeThrough(
	flash: SimulatedFlash,
	onChanged: (offset: number, bytes: Uint8Array) => void,
): FlashPartition {
	const persist = (offset: number, length: number): void => {
		onChanged(offset, flash.bytes.subarray(offset, offset + length));
	};
	function read(byteLength: number, byteOffset: number): ArrayBuffer;
	function read(buffer: ByteBuffer, byteOffset: number): number;
	function read(target: number | ByteBuffer, byteOffset: number): ArrayBuffer | number {
		return typeof target === "number"
			? flash.read(target, byteOffset)
			: flash.read(target, byteOffset);
	}
	return {
		read,
		write: (buffer, byteOffset) => {
			try {
				flash.write(buffer, byteOffset);
			} finally {
				persist(byteOffset, buffer.byteLength);
			}
		},
		eraseBlock: (start, end = start + 1) => {
			try {
				flash.eraseBlock(start, end);
			} finally {
				persist(start * flash.sectorBytes, (end - start) * flash.sectorBytes);
			}
		},
		status: () => flash.status(),
		close: () => flash.close(),
	};
}

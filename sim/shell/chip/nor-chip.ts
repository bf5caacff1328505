/** The flash chip of a simulated board, all of it, as the loader and the station reach it: one set of cells. */
import type { FlashPartition } from "../../../src/firmware/ports.js";
import type { SimulatedFlash } from "../../flash/flash.js";
import { writeThrough } from "../image-file.js";
import type { LoaderFlash } from "./rom-loader.js";

/** Called with every range of cells that an operation touched. */
export type OnChanged = (offset: number, bytes: Uint8Array) => void;

/** What a loader does to the flash; a block that fails silently keeps what it held. */
export function loaderFlashOf(flash: SimulatedFlash, onChanged: OnChanged): LoaderFlash {
	const cells = writeThrough(flash, onChanged);
	return {
		sizeBytes: flash.bytes.length,
		read: (offset, count) => flash.bytes.slice(offset, offset + count),
		eraseSector: (offset) => cells.eraseBlock(offset / flash.sectorBytes),
		program: (offset, bytes) => cells.write(bytes, offset),
	};
}

/** A partition of it, as the SDK's flash module gives it to the station. */
export function partitionOf(
	flash: SimulatedFlash,
	partition: { readonly offset: number; readonly size: number },
	onChanged: OnChanged,
): FlashPartition {
	const cells = writeThrough(flash, onChanged);
	const { offset, size } = partition;
	const first = offset / flash.sectorBytes;
	function read(byteLength: number, byteOffset: number): ArrayBuffer;
	function read(buffer: ArrayBuffer | Uint8Array, byteOffset: number): number;
	function read(target: number | ArrayBuffer | Uint8Array, byteOffset: number) {
		const count = typeof target === "number" ? target : target.byteLength;
		if (byteOffset < 0 || byteOffset + count > size) throw new Error("read failed");
		return typeof target === "number"
			? cells.read(target, offset + byteOffset)
			: cells.read(target, offset + byteOffset);
	}
	return {
		read: read as FlashPartition["read"],
		write: (buffer, byteOffset) => {
			if (byteOffset < 0 || byteOffset + buffer.byteLength > size) throw new Error("write failed");
			cells.write(buffer, offset + byteOffset);
		},
		eraseBlock: (start, end = start + 1) => {
			if (start < 0 || end * flash.sectorBytes > size) throw new Error("erase failed");
			cells.eraseBlock(first + start, first + end);
		},
		status: () => ({
			size,
			blockLength: flash.sectorBytes,
			blocks: size / flash.sectorBytes,
		}),
		close: () => {},
	};
}

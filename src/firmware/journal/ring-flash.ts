/**
 * The partition as a ring of sectors: reads headers and sectors, and programs with proof. A block
 * that refuses, loudly or silently, is an answer here (false) and not an exception; a power cut is
 * neither and passes through.
 */
import { StationError } from "../../core/errors.js";
import {
	type HeaderReading,
	holdsBytes,
	readSectorHeader,
	SECTOR_BYTES_MAX,
	SECTOR_BYTES_MIN,
	SECTOR_HEADER_BYTES,
} from "../../protocol/journal-format.js";
import type { FlashPartition } from "../ports.js";

/** One to write, one to erase, and something to hold meanwhile. */
export const SECTORS_MIN = 4;

export class RingFlash {
	readonly sectorBytes: number;
	/** Sectors of the ring. */
	readonly count: number;
	readonly #flash: FlashPartition;

	constructor(flash: FlashPartition) {
		const { blockLength, blocks } = flash.status();
		if (blockLength > SECTOR_BYTES_MAX || blockLength < SECTOR_BYTES_MIN || blocks < SECTORS_MIN) {
			throw new StationError(
				"flash-failed",
				`a partition of ${blocks} blocks of ${blockLength} bytes cannot hold a journal`,
			);
		}
		this.#flash = flash;
		this.sectorBytes = blockLength;
		this.count = blocks;
	}

	/** Reads 64 bytes. Throws `flash-failed`. */
	readHeader(sector: number): HeaderReading {
		return readSectorHeader(this.read(sector, 0, SECTOR_HEADER_BYTES));
	}

	/** Throws `flash-failed` when the part refuses to read. */
	read(sector: number, offsetBytes: number, lengthBytes: number): Uint8Array {
		const bytes = new Uint8Array(lengthBytes);
		try {
			this.#flash.read(bytes, sector * this.sectorBytes + offsetBytes);
		} catch (error) {
			if (!isRefusal(error, "read failed")) throw error;
			throw new StationError("flash-failed", "the flash cannot be read", { cause: error });
		}
		return bytes;
	}

	/** Writes and reads back; false when the bytes are not there afterwards. */
	program(sector: number, offsetBytes: number, bytes: Uint8Array): boolean {
		try {
			this.#flash.write(bytes, sector * this.sectorBytes + offsetBytes);
		} catch (error) {
			if (!isRefusal(error, "write failed")) throw error;
			return false;
		}
		return holdsBytes(this.read(sector, offsetBytes, bytes.length), 0, bytes);
	}

	/** False when the part refuses. A silent refusal shows when the header is read back. */
	erase(sector: number): boolean {
		try {
			this.#flash.eraseBlock(sector);
		} catch (error) {
			if (!isRefusal(error, "erase failed")) throw error;
			return false;
		}
		return true;
	}
}

/** The words of the SDK's flash class; anything else is not the flash's. */
function isRefusal(error: unknown, message: string): boolean {
	return error instanceof Error && error.message === message;
}

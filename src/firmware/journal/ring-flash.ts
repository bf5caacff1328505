/**
 * The ring's sectors in their partition: reads headers and sectors, and programs with proof. A block
 * that refuses, loudly or silently, is an answer here (false) and not an exception; a power cut is
 * neither and passes through.
 */
import { assert, StationError, type StationErrorCode } from "../../core/errors.js";
import {
	FRAME_SLOTS_MAX,
	type HeaderReading,
	holdsBytes,
	readSectorHeader,
	readSectorOrder,
	SECTOR_BYTES_MAX,
	SECTOR_BYTES_MIN,
	SECTOR_HEADER_BYTES,
	type SectorHeader,
	type SectorOrder,
	SLOT_BYTES,
} from "../../protocol/flash/journal-format.js";
import type { FlashPartition } from "../ports.js";

/** One to write, one to erase, and something to hold meanwhile. */
export const SECTORS_MIN = 4;
/** The last frame, what would come after it, and two anchors: four times eight slots of sixteen bytes. */
export const SCRATCH_BYTES = 4 * FRAME_SLOTS_MAX * SLOT_BYTES;
/** The header has 16 bits for it. */
const SECTORS_MAX = 0xffff;

/** What a header says of its ring, with where the ring begins. */
export interface RingGeometry {
	readonly ring: number;
	readonly count: number;
	readonly sectorBytes: number;
	/** Of serial 0's place, from the partition's beginning; outside it where the ring does not fit. */
	readonly baseBytes: number;
}

export class RingFlash {
	/** Of one sector of the ring. */
	sectorBytes: number;
	/** Sectors of the ring. */
	count: number;
	/** Erase blocks of the partition. */
	readonly blocks: number;
	readonly blockBytes: number;
	readonly #flash: FlashPartition;
	/** For bytes that are looked at and not kept; the header's place is at the end, what a wake resumes from before it. */
	readonly scratch = new Uint8Array(SCRATCH_BYTES + SECTOR_HEADER_BYTES);
	readonly #header = this.scratch.subarray(SCRATCH_BYTES);
	#baseBytes = 0;
	#refusal: StationErrorCode | undefined;

	constructor(flash: FlashPartition) {
		const { blockLength, blocks } = flash.status();
		if (blockLength > SECTOR_BYTES_MAX || blockLength < SECTOR_BYTES_MIN || blocks < SECTORS_MIN) {
			throw new StationError(
				"flash-failed",
				`a partition of ${blocks} blocks of ${blockLength} bytes cannot hold a journal`,
			);
		}
		this.#flash = flash;
		this.blockBytes = blockLength;
		this.sectorBytes = blockLength;
		this.blocks = Math.min(blocks, SECTORS_MAX);
		this.count = this.blocks;
	}

	/** First block of the ring. */
	get base(): number {
		return Math.floor(this.#baseBytes / this.blockBytes);
	}

	/** Why nothing may be written here. */
	get refusal(): StationErrorCode | undefined {
		return this.#refusal;
	}

	/** As though nothing were known of a ring: as large as the partition. */
	reset(): void {
		this.count = this.blocks;
		this.sectorBytes = this.blockBytes;
		this.#baseBytes = 0;
		this.#refusal = undefined;
	}

	/** Continues with the ring that is there; only reads it where it does not fit. */
	adopt(geometry: RingGeometry): void {
		this.count = geometry.count;
		this.sectorBytes = geometry.sectorBytes;
		this.#baseBytes = geometry.baseBytes;
		this.#refusal = this.fits(geometry) ? undefined : "journal-geometry";
	}

	fits({ count, sectorBytes, baseBytes }: RingGeometry): boolean {
		return (
			sectorBytes === this.blockBytes &&
			count >= SECTORS_MIN &&
			baseBytes >= 0 &&
			baseBytes % sectorBytes === 0 &&
			baseBytes / sectorBytes + count <= this.blocks
		);
	}

	/** What the header in a block of the partition says of its ring. */
	geometryOf(block: number, { ring, count, sectorBytes, serial }: SectorHeader): RingGeometry {
		const baseBytes = block * this.blockBytes - (serial % count) * sectorBytes;
		return { ring, count, sectorBytes, baseBytes };
	}

	/** Reads the 80 bytes at the beginning of a block of the partition. Throws `flash-failed`. */
	readBlockHeader(block: number): HeaderReading {
		return readSectorHeader(this.#read(block * this.blockBytes, this.#header));
	}

	/** Reads 80 bytes. Throws `flash-failed`. */
	readHeader(sector: number): HeaderReading {
		return readSectorHeader(this.#read(this.#baseBytes + sector * this.sectorBytes, this.#header));
	}

	/** The same of a sector's place alone; undefined where it has no header. Throws `flash-failed`. */
	readOrder(sector: number): SectorOrder | undefined {
		return readSectorOrder(this.#read(this.#baseBytes + sector * this.sectorBytes, this.#header));
	}

	/** Throws `flash-failed` when the part refuses to read. What lies outside the partition is blank. */
	read(sector: number, offsetBytes: number, lengthBytes: number): Uint8Array {
		return this.fill(sector, offsetBytes, new Uint8Array(lengthBytes));
	}

	/** The same into `bytes`. */
	fill(sector: number, offsetBytes: number, bytes: Uint8Array): Uint8Array {
		return this.#read(this.#baseBytes + sector * this.sectorBytes + offsetBytes, bytes);
	}

	/** Writes and reads back; false when the bytes are not there afterwards, or cannot be read. */
	program(sector: number, offsetBytes: number, bytes: Uint8Array): boolean {
		if (this.#refusal !== undefined) return false;
		// With LogWriter.#program.
		assert(offsetBytes + bytes.length <= this.sectorBytes, "a program beyond its sector");
		try {
			this.#flash.write(bytes, this.#baseBytes + sector * this.sectorBytes + offsetBytes);
		} catch (error) {
			if (!isRefusal(error, "write failed")) throw error;
			return false;
		}
		try {
			const { length } = bytes;
			const back =
				length > SCRATCH_BYTES ? new Uint8Array(length) : this.scratch.subarray(0, length);
			return holdsBytes(this.fill(sector, offsetBytes, back), 0, bytes);
		} catch (error) {
			// What cannot be read back is as good as not there.
			if (!(error instanceof StationError)) throw error;
			return false;
		}
	}

	/** False when the part refuses. A silent refusal shows when the header is read back. */
	erase(sector: number): boolean {
		if (this.#refusal !== undefined) return false;
		try {
			this.#flash.eraseBlock(this.base + sector);
		} catch (error) {
			if (!isRefusal(error, "erase failed")) throw error;
			return false;
		}
		return true;
	}

	#read(at: number, bytes: Uint8Array): Uint8Array {
		if (at < 0 || at + bytes.length > this.blocks * this.blockBytes) return bytes.fill(0xff);
		try {
			this.#flash.read(bytes, at);
		} catch (error) {
			if (!isRefusal(error, "read failed")) throw error;
			throw new StationError("flash-failed", "the flash cannot be read", { cause: error });
		}
		return bytes;
	}
}

/** The words of the SDK's flash class; anything else is not the flash's. */
function isRefusal(error: unknown, message: string): boolean {
	return error instanceof Error && error.message === message;
}

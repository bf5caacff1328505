/**
 * A NOR flash part, seen through the port `FlashPartition`, with the ways it fails: operations torn by a
 * power cut, bits that read either way afterwards, blocks that refuse (loudly or silently, from the
 * start or later), corruption, and slowness. Time and energy are charged through `onBusy`. Portable.
 */

import { assert } from "../../src/core/errors.js";
import { integerBelow, type RandomSource } from "../../src/core/random.js";
import type { ByteBuffer, FlashPartition } from "../../src/firmware/ports.js";
import { PowerCut } from "../board/power-cut.js";
import { type Tear, tearChange } from "./flash-tear.js";

export type FlashOperation = "read" | "program" | "erase";

export interface SimulatedFlashOptions {
	readonly sectors: number;
	/** Bytes of an erase block; 4096 on the parts in use. Smaller ones wrap sooner in campaigns. */
	readonly sectorBytes?: number;
	readonly random: RandomSource;
	/** Contents to start from; erased otherwise. */
	readonly image?: Uint8Array;
	/** The processor waits this long, microseconds. */
	readonly onBusy?: (microseconds: number) => void;
}

/**
 * How a bad block fails: it says so; it says nothing and does nothing; or it says nothing, takes
 * programs, and erases only its first half.
 */
export type BlockFailure = "loud" | "silent" | "half-erased";

/** W25Q32JV, typical: 50 us and 2.5 us a byte per program, 45 ms per erase, reads at 10 MB/s. */
const PROGRAM_MICROSECONDS = 50;
const PROGRAM_MICROSECONDS_PER_BYTE = 2.5;
const ERASE_MICROSECONDS = 45_000;
const READ_MICROSECONDS = 10;
const READ_MICROSECONDS_PER_BYTE = 0.1;
/** The granularity in which re-programming is noticed: the unit of encrypted flash. */
const UNIT_BYTES = 16;

/** Copied one by one. */
const FEW_BYTES = 256;

export class SimulatedFlash implements FlashPartition {
	/** The cells as they read now. Save and load it as the image of the part. */
	readonly bytes: Uint8Array;
	readonly sectors: number;
	readonly sectorBytes: number;
	/** Called before each operation, of a program with its data; may throw, or call `tearThis`. */
	beforeOperation:
		| ((kind: FlashOperation, offset: number, length: number, data?: Uint8Array) => void)
		| undefined;
	/** Every operation takes this many times as long. */
	slowness = 1;
	/** Every program and erase is refused, loudly: a part that is worn out or write-protected. */
	refusesAll = false;
	/** Every read fails as well: a part that does not answer any more. */
	isUnreadable = false;

	/** Counters since the last `resetCounters`. */
	programs = 0;
	programmedBytes = 0;
	reads = 0;
	readBytes = 0;
	/** Units of 16 bytes programmed again without an erase between (all-zero writes not counted). */
	reprogrammedUnits = 0;
	readonly erasesPerSector: Uint32Array;
	readonly programsPerSector: Uint32Array;

	readonly #random: RandomSource;
	readonly #onBusy: ((microseconds: number) => void) | undefined;
	readonly #unstable = new Map<number, number>();
	readonly #touched: Uint8Array;
	readonly #failures = new Map<number, { kind: BlockFailure; operationsLeft: number }>();
	#isDead = false;
	#operations = 0;
	#cutAt: number | undefined;
	#tear: Tear | undefined;

	constructor(options: SimulatedFlashOptions) {
		this.sectors = options.sectors;
		this.sectorBytes = options.sectorBytes ?? 4096;
		const size = this.sectors * this.sectorBytes;
		if (options.image === undefined) {
			this.bytes = new Uint8Array(size).fill(0xff);
		} else {
			assert(options.image.length === size, `a flash image of ${options.image.length} bytes`);
			this.bytes = options.image.slice();
		}
		this.#touched = new Uint8Array(size / UNIT_BYTES);
		this.#random = options.random;
		this.#onBusy = options.onBusy;
		this.erasesPerSector = new Uint32Array(this.sectors);
		this.programsPerSector = new Uint32Array(this.sectors);
	}

	/** Programs and erases since the part was made. */
	get operations(): number {
		return this.#operations;
	}

	get isDead(): boolean {
		return this.#isDead;
	}

	// --- The port -----------------------------------------------------------------------------------

	read(byteLength: number, byteOffset: number): ArrayBuffer;
	read(buffer: ByteBuffer, byteOffset: number): number;
	read(target: number | ByteBuffer, byteOffset: number): ArrayBuffer | number {
		const fresh = typeof target === "number" ? new ArrayBuffer(target) : undefined;
		const into = bytesOf(fresh ?? (target as ByteBuffer));
		this.#begin("read", byteOffset, into.length);
		if (byteOffset < 0 || byteOffset + into.length > this.bytes.length) {
			throw new Error("read failed");
		}
		if (this.isUnreadable) throw new Error("read failed");
		this.reads++;
		this.readBytes += into.length;
		this.#busy(READ_MICROSECONDS + READ_MICROSECONDS_PER_BYTE * into.length);
		// A few slots are read ten times a wake: a window for the engine's copy costs more than they do.
		if (into.length > FEW_BYTES)
			into.set(this.bytes.subarray(byteOffset, byteOffset + into.length));
		else copyFew(this.bytes, byteOffset, into);
		return fresh ?? into.length;
	}

	write(buffer: ByteBuffer, byteOffset: number): void {
		const data = bytesOf(buffer);
		this.#begin("program", byteOffset, data.length, data);
		if (byteOffset < 0 || byteOffset + data.length > this.bytes.length) {
			throw new Error("write failed");
		}
		const sector = Math.floor(byteOffset / this.sectorBytes);
		const after = this.bytes.slice(byteOffset, byteOffset + data.length);
		for (let index = 0; index < data.length; index++) {
			after[index] = (after[index] ?? 0) & (data[index] ?? 0);
		}
		const isTorn = this.#isTorn("program", byteOffset, after);
		// A block that fails is not held against whoever tries it.
		if (this.#failures.get(sector)?.operationsLeft !== 0) this.#touch(byteOffset, data);
		if (isTorn) this.#die("a program");
		this.programs++;
		this.programmedBytes += data.length;
		this.programsPerSector[sector] = (this.programsPerSector[sector] ?? 0) + 1;
		this.#busy(PROGRAM_MICROSECONDS + PROGRAM_MICROSECONDS_PER_BYTE * data.length);
		if (this.#refuses(sector, "write failed")) return;
		this.bytes.set(after, byteOffset);
		this.#settle(byteOffset, data);
	}

	eraseBlock(start: number, end = start + 1): void {
		for (let sector = start; sector < end; sector++) this.#eraseSector(sector);
	}

	status(): { size: number; blockLength: number; blocks: number } {
		return { size: this.bytes.length, blockLength: this.sectorBytes, blocks: this.sectors };
	}

	close(): void {}

	// --- What befalls it ----------------------------------------------------------------------------

	/** Power fails in the `operation`-th program or erase from now (0: the next). */
	cutAt(operation: number, tear: Tear): void {
		this.#cutAt = this.#operations + operation;
		this.#tear = tear;
	}

	/** From within `beforeOperation`: power fails in this very operation. */
	tearThis(tear: Tear): void {
		this.#cutAt = this.#operations;
		this.#tear = tear;
	}

	/** Power fails between operations. */
	kill(): void {
		this.#isDead = true;
	}

	/** Power is back: weak bits settle on what they read this time. */
	powerUp(): void {
		if (this.#isDead) this.#cutAt = undefined;
		this.#isDead = false;
		for (const [offset, mask] of this.#unstable) {
			const noise = integerBelow(this.#random, 256) & mask;
			this.bytes[offset] = ((this.bytes[offset] ?? 0) & ~mask) | noise;
		}
	}

	/** The block refuses every program and erase after `operations` more of them. */
	failSector(sector: number, kind: BlockFailure, operations = 0): void {
		this.#failures.set(sector, { kind, operationsLeft: operations });
	}

	/** One cell of stored data changes: bit 0..7 of the byte at `offset`. */
	corrupt(offset: number, bit: number): void {
		this.bytes[offset] = (this.bytes[offset] ?? 0) ^ (1 << bit);
	}

	/** A copy with the same cells, weak bits and failures, alive and with counters at zero. */
	clone(random: RandomSource): SimulatedFlash {
		const copy = new SimulatedFlash({
			sectors: this.sectors,
			sectorBytes: this.sectorBytes,
			random,
			image: this.bytes,
		});
		for (const [offset, mask] of this.#unstable) copy.#unstable.set(offset, mask);
		for (const [sector, failure] of this.#failures) copy.#failures.set(sector, { ...failure });
		copy.#touched.set(this.#touched);
		return copy;
	}

	/**
	 * The bytes of this part in one of `sectors` sectors, from `atSector` on: what a programmer makes of
	 * another partition table, or an image copied to another chip. What does not fit is left out; what
	 * was not there is erased.
	 */
	copiedInto(sectors: number, atSector: number, random: RandomSource): SimulatedFlash {
		const image = new Uint8Array(sectors * this.sectorBytes).fill(0xff);
		image.set(
			this.bytes.subarray(0, (sectors - atSector) * this.sectorBytes),
			atSector * this.sectorBytes,
		);
		const onBusy = this.#onBusy;
		return new SimulatedFlash({
			sectors,
			sectorBytes: this.sectorBytes,
			random,
			image,
			...(onBusy === undefined ? {} : { onBusy }),
		});
	}

	/** Weak bits, as pairs of offset and mask: part of the state to save beside the image. */
	get unstableBits(): ReadonlyMap<number, number> {
		return this.#unstable;
	}

	/** Restores what `unstableBits` gave. */
	loadUnstableBits(bits: Iterable<readonly [number, number]>): void {
		this.#unstable.clear();
		for (const [offset, mask] of bits) this.#unstable.set(offset, mask);
	}

	resetCounters(): void {
		this.programs = 0;
		this.programmedBytes = 0;
		this.reads = 0;
		this.readBytes = 0;
		this.reprogrammedUnits = 0;
		this.erasesPerSector.fill(0);
		this.programsPerSector.fill(0);
	}

	#eraseSector(sector: number): void {
		const offset = sector * this.sectorBytes;
		this.#begin("erase", offset, this.sectorBytes);
		if (sector < 0 || sector >= this.sectors) throw new Error("erase failed");
		const after = new Uint8Array(this.sectorBytes).fill(0xff);
		const isHalf = this.#isHalfErased(sector);
		if (isHalf)
			after.set(
				this.bytes.subarray(offset + (after.length >> 1), offset + after.length),
				after.length >> 1,
			);
		if (this.#isTorn("erase", offset, after)) this.#die("an erase");
		this.erasesPerSector[sector] = (this.erasesPerSector[sector] ?? 0) + 1;
		this.#busy(ERASE_MICROSECONDS);
		if (this.#refuses(sector, "erase failed")) return;
		this.bytes.set(after, offset);
		this.#touched.fill(0, offset / UNIT_BYTES, (offset + this.sectorBytes) / UNIT_BYTES);
		if (this.#unstable.size === 0) return;
		for (const at of [...this.#unstable.keys()]) {
			if (at >= offset && at < offset + this.sectorBytes) this.#unstable.delete(at);
		}
	}

	#begin(kind: FlashOperation, offset: number, length: number, data?: Uint8Array): void {
		if (this.#isDead) throw new PowerCut(`a ${kind} after the end`);
		this.beforeOperation?.(kind, offset, length, data);
		if (this.#isDead) throw new PowerCut(`a ${kind}`);
	}

	/** Counts an operation that changes cells, and tears it if it is the one. */
	#isTorn(kind: FlashOperation, offset: number, after: Uint8Array): boolean {
		const isCut = this.#operations === this.#cutAt;
		this.#operations++;
		if (!isCut) return false;
		const sector = Math.floor(offset / this.sectorBytes);
		// What refuses changes no cell, cut or not.
		if (!this.refusesAll && this.#failures.get(sector)?.operationsLeft !== 0) {
			tearChange(
				this.bytes,
				offset,
				after,
				this.#tear ?? { mode: "none" },
				this.#random,
				kind === "erase",
				(at, mask) => this.#unstable.set(at, (this.#unstable.get(at) ?? 0) | mask),
			);
		}
		return true;
	}

	#die(during: string): never {
		this.#isDead = true;
		throw new PowerCut(during);
	}

	#isHalfErased(sector: number): boolean {
		const failure = this.#failures.get(sector);
		return failure?.kind === "half-erased" && failure.operationsLeft === 0;
	}

	#refuses(sector: number, message: string): boolean {
		if (this.refusesAll) throw new Error(message);
		const failure = this.#failures.get(sector);
		if (failure === undefined || this.#isHalfErased(sector)) return false;
		if (failure.operationsLeft > 0) {
			failure.operationsLeft--;
			return false;
		}
		if (failure.kind === "loud") throw new Error(message);
		return true;
	}

	/** A completed program makes the bits it clears firm; weak bits it leaves set stay weak. */
	#settle(offset: number, data: Uint8Array): void {
		if (this.#unstable.size === 0) return;
		for (let index = 0; index < data.length; index++) {
			const mask = this.#unstable.get(offset + index);
			if (mask === undefined) continue;
			const left = mask & (data[index] ?? 0);
			if (left === 0) this.#unstable.delete(offset + index);
			else this.#unstable.set(offset + index, left);
		}
	}

	#touch(offset: number, data: Uint8Array): void {
		let isWipe = true;
		for (let index = 0; index < data.length && isWipe; index++) isWipe = data[index] === 0;
		const first = Math.floor(offset / UNIT_BYTES);
		const end = Math.ceil((offset + data.length) / UNIT_BYTES);
		for (let unit = first; unit < end; unit++) {
			if (this.#touched[unit] === 1 && !isWipe) this.reprogrammedUnits++;
			this.#touched[unit] = 1;
		}
	}

	#busy(microseconds: number): void {
		this.#onBusy?.(microseconds * this.slowness);
	}
}

function bytesOf(buffer: ByteBuffer): Uint8Array {
	return buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
}

function copyFew(from: Uint8Array, at: number, into: Uint8Array): void {
	for (let index = 0; index < into.length; index++) into[index] = from[at + index] ?? 0;
}

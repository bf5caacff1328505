/**
 * The serial loader in the ROM of an ESP32, and the stub that loaders put into its RAM, as esptool's "Serial Protocol"
 * has them. Strict: a packet that the real ones would not take is refused with their error, so that a loader's fault
 * is found on a laptop. The stub is not executed; once its last block came it answers as the stub does.
 */
import { createHash } from "node:crypto";
import { constants, inflateSync } from "node:zlib";
import { Registers, type RegistersOptions } from "./registers.js";
import {
	blockOf,
	EMPTY,
	ERRORS,
	need,
	OP,
	Refused,
	type Transfer,
	uint32sOf,
	viewOf,
} from "./rom-protocol.js";
import { SlipReader, slipFrame } from "./slip.js";

export const ROM_BAUD = 115_200;
const SECTOR_BYTES = 4096;
const PAGE_BYTES = 256;
const ROM_BLOCK_BYTES_MAX = 0x400;
const STUB_BLOCK_BYTES_MAX = 0x4000;
const READ_SLOW_BYTES_MAX = 64;
/** Each missing one of them blocks a loader for seconds. */
const SYNC_ANSWERS = 8;
const SYNC_BYTES = Uint8Array.of(0x07, 0x07, 0x12, 0x20, ...new Array<number>(32).fill(0x55));
/** Value of the ROM's answer to SYNC; the stub's is 0. */
const SYNC_VALUE = 0x20120707;
const STUB_GREETING = new TextEncoder().encode("OHAI");
const STUB_START_MILLISECONDS = 5;
const REQUEST_HEAD_BYTES = 8;

/** The flash chip as the loader reaches it: NOR, the whole of it. */
export interface LoaderFlash {
	readonly sizeBytes: number;
	read(offset: number, count: number): Uint8Array;
	/** Erases the sector that begins at `offset`. */
	eraseSector(offset: number): void;
	/** Clears bits: within a page. */
	program(offset: number, bytes: Uint8Array): void;
}

export interface RomLoaderOptions extends Omit<RegistersOptions, "flashBytes"> {
	readonly flash: LoaderFlash;
	/** To the line, at `baud`. */
	readonly send: (bytes: Uint8Array) => void;
	/** Calls back once, later. */
	readonly later: (milliseconds: number, callback: () => void) => void;
	/** How GET_SECURITY_INFO and other commands that the ROM lacks are answered; chips in the field differ. */
	readonly unknownAnswer?: "same" | "other" | "silence";
}

/** The stub streams flash in raw frames, each acknowledged by how much has come. */
interface Reading {
	readonly bytes: Uint8Array;
	readonly packetBytes: number;
	readonly inFlightMax: number;
	sent: number;
	acknowledged: number;
}

/** A request, its words read. */
interface Asked {
	readonly op: number;
	readonly data: Uint8Array;
	readonly words: readonly number[];
	readonly checksum: number;
}

type Handler = (loader: RomLoader, asked: Asked) => void;

export class RomLoader {
	readonly #options: RomLoaderOptions;
	readonly #slip = new SlipReader();
	readonly #registers: Registers;
	#isStub = false;
	#isAttached = false;
	#transfer: Transfer = { kind: "none" };
	#reading: Reading | undefined;
	/** Of the line, as the loader drives it. */
	baud = ROM_BAUD;
	onReboot: (() => void) | undefined;

	constructor(options: RomLoaderOptions) {
		this.#options = options;
		this.#registers = new Registers({ ...options, flashBytes: options.flash.sizeBytes });
	}

	receive(bytes: Uint8Array): void {
		for (const byte of bytes) {
			const packet = this.#slip.push(byte);
			if (packet !== undefined) this.#take(packet);
		}
	}

	#take(packet: Uint8Array): void {
		if (this.#reading !== undefined && packet.length === 4) {
			this.#acknowledged(this.#reading, viewOf(packet).getUint32(0, true));
			return;
		}
		if (packet.length < REQUEST_HEAD_BYTES || packet[0] !== 0) return;
		const view = viewOf(packet);
		const op = packet[1] ?? 0;
		const data = packet.subarray(REQUEST_HEAD_BYTES);
		this.#reading = undefined;
		try {
			if (data.length !== view.getUint16(2, true)) throw new Refused(ERRORS.invalidMessage);
			this.#serve(op, data, view.getUint32(4, true));
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.#answer(op, 0, EMPTY, error.code);
		}
	}

	#serve(op: number, data: Uint8Array, checksum: number): void {
		const handler = HANDLERS.get(op);
		if (handler !== undefined) handler(this, { op, data, words: uint32sOf(data), checksum });
		else if (this.#isStub) this.#serveStub(op, uint32sOf(data));
		else this.#unknown(op);
	}

	static handlers(): ReadonlyMap<number, Handler> {
		return new Map<number, Handler>([
			[OP.sync, (loader, { data }) => loader.#sync(data)],
			[OP.readRegister, (loader, { data, words }) => loader.#readRegister(data, words)],
			[OP.writeRegister, (loader, { data, words }) => loader.#writeRegisters(data, words)],
			[OP.spiAttach, (loader, { data }) => loader.#attach(data)],
			[OP.spiSetParameters, (loader, { op, data }) => loader.#take24(op, data)],
			[OP.memoryBegin, (loader, { data, words }) => loader.#memoryBegin(data, words)],
			[OP.memoryData, (loader, { data, checksum }) => loader.#memoryBlock(data, checksum)],
			[OP.memoryEnd, (loader, { words }) => loader.#memoryEnd(words[0] ?? 0)],
			[OP.changeBaud, (loader, { data, words }) => loader.#changeBaud(data, words)],
			[OP.flashBegin, (loader, { op, data, words }) => loader.#flashBegin(op, data, words)],
			[OP.deflateBegin, (loader, { op, data, words }) => loader.#flashBegin(op, data, words)],
			[OP.flashData, (loader, { op, data, checksum }) => loader.#flashBlock(op, data, checksum)],
			[OP.deflateData, (loader, { op, data, checksum }) => loader.#flashBlock(op, data, checksum)],
			[OP.flashEnd, (loader, { op, data, words }) => loader.#flashEnd(op, data, words)],
			[OP.deflateEnd, (loader, { op, data, words }) => loader.#flashEnd(op, data, words)],
			[OP.flashMd5, (loader, { data, words }) => loader.#md5(data, words)],
			[OP.readFlashSlow, (loader, { words }) => loader.#readSlow(words[0] ?? 0, words[1] ?? 0)],
		]);
	}

	#readRegister(data: Uint8Array, [address = 0]: readonly number[]): void {
		need(data.length === 4);
		this.#answer(OP.readRegister, this.#registers.read(address));
	}

	/** Address, value, mask and a delay each. */
	#writeRegisters(data: Uint8Array, words: readonly number[]): void {
		need(data.length > 0 && data.length % 16 === 0);
		for (let at = 0; at < words.length; at += 4) {
			this.#registers.write(words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0);
		}
		this.#answer(OP.writeRegister);
	}

	#attach(data: Uint8Array): void {
		need(data.length === (this.#isStub ? 4 : 8));
		this.#isAttached = true;
		this.#answer(OP.spiAttach);
	}

	#take24(op: number, data: Uint8Array): void {
		need(data.length === 24);
		this.#answer(op);
	}

	#memoryBegin(data: Uint8Array, [, blocks = 0]: readonly number[]): void {
		need(data.length === 16 && !this.#isStub);
		this.#transfer = { kind: "memory", blocks, next: 0 };
		this.#answer(OP.memoryBegin);
	}

	#changeBaud(data: Uint8Array, [baud = 0, former = 0]: readonly number[]): void {
		// The stub is told the present rate, the ROM is not.
		need(data.length === 8 && (this.#isStub ? former > 0 : former === 0));
		this.#answer(OP.changeBaud);
		this.baud = baud;
	}

	#flashEnd(op: number, data: Uint8Array, [isStaying = 0]: readonly number[]): void {
		need(data.length === 4);
		this.#transfer = { kind: "none" };
		this.#answer(op);
		if (isStaying !== 0) return;
		// "Reboot" out of the stub leads back into the ROM's loader, out of that to the program.
		if (!this.#isStub) this.onReboot?.();
		this.#isStub = false;
		this.#isAttached = false;
		this.baud = ROM_BAUD;
	}

	#serveStub(op: number, words: readonly number[]): void {
		const [offset = 0, count = 0, packetBytes = 0, inFlightMax = 0] = words;
		const { flash } = this.#options;
		switch (op) {
			case OP.eraseFlash:
				this.#erase(0, flash.sizeBytes);
				this.#answer(op);
				return;
			case OP.eraseRegion:
				need(offset % SECTOR_BYTES === 0 && count % SECTOR_BYTES === 0);
				this.#erase(offset, count);
				this.#answer(op);
				return;
			case OP.readFlash: {
				need(words.length === 4);
				this.#requireInside(offset, count);
				this.#answer(op);
				const bytes = flash.read(offset, count);
				this.#reading = { bytes, packetBytes, inFlightMax, sent: 0, acknowledged: 0 };
				this.#stream(this.#reading);
				return;
			}
			default:
				this.#unknown(op);
				return;
		}
	}

	#sync(data: Uint8Array): void {
		need(data.length === SYNC_BYTES.length && data.every((byte, at) => byte === SYNC_BYTES[at]));
		this.#transfer = { kind: "none" };
		if (this.#isStub) {
			this.#answer(OP.sync, 0);
			return;
		}
		for (let count = 0; count < SYNC_ANSWERS; count++) this.#answer(OP.sync, SYNC_VALUE);
	}

	#unknown(op: number): void {
		const { unknownAnswer = "same" } = this.#options;
		if (unknownAnswer === "silence") return;
		const shown = unknownAnswer === "same" ? op : 0;
		this.#answer(shown, 0, EMPTY, ERRORS.invalidMessage);
	}

	#memoryBlock(data: Uint8Array, checksum: number): void {
		const transfer = this.#transfer;
		need(transfer.kind === "memory");
		const sequence = blockOf(data, checksum).sequence;
		if (transfer.kind !== "memory" || sequence !== transfer.next) throw new Refused(ERRORS.failed);
		transfer.next++;
		this.#answer(OP.memoryData);
	}

	/** `isStaying` 0: runs what was loaded, which is always the stub. */
	#memoryEnd(isStaying: number): void {
		need(this.#transfer.kind === "memory");
		this.#transfer = { kind: "none" };
		this.#answer(OP.memoryEnd);
		if (isStaying !== 0) return;
		this.#options.later(STUB_START_MILLISECONDS, () => {
			this.#isStub = true;
			this.#isAttached = true;
			this.#send(STUB_GREETING);
		});
	}

	#flashBegin(op: number, data: Uint8Array, words: readonly number[]): void {
		const [eraseBytes = 0, blocks = 0, blockBytes = 0, offset = 0] = words;
		// The ROM of this chip knows no encrypted flag, which later ones have as a fifth word.
		need(data.length === 16 && this.#isAttached);
		need(blockBytes <= (this.#isStub ? STUB_BLOCK_BYTES_MAX : ROM_BLOCK_BYTES_MAX));
		const begin = offset - (offset % SECTOR_BYTES);
		const end = Math.ceil((offset + eraseBytes) / SECTOR_BYTES) * SECTOR_BYTES;
		if (eraseBytes > 0) {
			this.#requireInside(begin, end - begin);
			this.#erase(begin, end - begin);
		}
		const common = { blockBytes, next: 0 };
		this.#transfer =
			op === OP.flashBegin
				? { kind: "flash", ...common, offset }
				: {
						kind: "deflate",
						...common,
						beginOffset: offset,
						sizeBytes: eraseBytes,
						packed: EMPTY,
						written: 0,
						isDone: blocks === 0,
					};
		this.#answer(op);
	}

	#flashBlock(op: number, data: Uint8Array, checksum: number): void {
		const transfer = this.#transfer;
		const { sequence, payload } = blockOf(data, checksum);
		if (transfer.kind !== "flash" && transfer.kind !== "deflate") throw new Refused(ERRORS.failed);
		if ((op === OP.flashData) !== (transfer.kind === "flash")) throw new Refused(ERRORS.failed);
		need(payload.length <= transfer.blockBytes);
		// Repeated because its answer was lost.
		if (sequence === transfer.next - 1) {
			this.#answer(op);
			return;
		}
		if (sequence !== transfer.next) throw new Refused(ERRORS.failed);
		transfer.next++;
		if (transfer.kind === "flash") {
			this.#program(transfer.offset, payload);
			transfer.offset += payload.length;
		} else this.#inflate(transfer, payload);
		this.#answer(op);
	}

	#inflate(transfer: Transfer & { readonly kind: "deflate" }, payload: Uint8Array): void {
		transfer.packed = Buffer.concat([transfer.packed, payload]);
		let unpacked: Uint8Array;
		try {
			unpacked = inflateSync(transfer.packed, { finishFlush: constants.Z_SYNC_FLUSH });
		} catch {
			throw new Refused(ERRORS.deflate);
		}
		const fresh = unpacked.subarray(transfer.written, transfer.sizeBytes);
		this.#program(transfer.beginOffset + transfer.written, fresh);
		transfer.written += fresh.length;
	}

	#md5(data: Uint8Array, [offset = 0, count = 0]: readonly number[]): void {
		need(data.length === 16);
		this.#requireInside(offset, count);
		const digest = createHash("md5").update(this.#options.flash.read(offset, count)).digest();
		const shown = this.#isStub ? digest : Buffer.from(digest.toString("hex"), "latin1");
		this.#answer(OP.flashMd5, 0, new Uint8Array(shown));
	}

	/** Whatever was asked for, the ROM's answer has 64 bytes. */
	#readSlow(offset: number, count: number): void {
		if (count > READ_SLOW_BYTES_MAX) throw new Refused(ERRORS.readLength);
		this.#requireInside(offset, count);
		const data = new Uint8Array(READ_SLOW_BYTES_MAX);
		data.set(this.#options.flash.read(offset, count));
		this.#answer(OP.readFlashSlow, 0, data);
	}

	#stream(reading: Reading): void {
		while (
			reading.sent < reading.bytes.length &&
			reading.sent - reading.acknowledged < reading.inFlightMax * reading.packetBytes
		) {
			const end = Math.min(reading.sent + reading.packetBytes, reading.bytes.length);
			this.#send(reading.bytes.subarray(reading.sent, end));
			reading.sent = end;
		}
	}

	#acknowledged(reading: Reading, count: number): void {
		reading.acknowledged = count;
		if (count < reading.bytes.length) {
			this.#stream(reading);
			return;
		}
		this.#reading = undefined;
		this.#send(new Uint8Array(createHash("md5").update(reading.bytes).digest()));
	}

	#erase(offset: number, count: number): void {
		for (let at = offset; at < offset + count; at += SECTOR_BYTES) {
			this.#options.flash.eraseSector(at);
		}
	}

	#program(offset: number, bytes: Uint8Array): void {
		this.#requireInside(offset, bytes.length);
		for (let at = 0; at < bytes.length; ) {
			const count = Math.min(PAGE_BYTES - ((offset + at) % PAGE_BYTES), bytes.length - at);
			this.#options.flash.program(offset + at, bytes.subarray(at, at + count));
			at += count;
		}
	}

	#requireInside(offset: number, count: number): void {
		if (offset + count > this.#options.flash.sizeBytes) throw new Refused(ERRORS.failed);
	}

	#answer(op: number, value = 0, data: Uint8Array = EMPTY, error = 0): void {
		const status = this.#isStub ? 2 : 4;
		const packet = new Uint8Array(REQUEST_HEAD_BYTES + data.length + status);
		const view = viewOf(packet);
		view.setUint8(0, 1);
		view.setUint8(1, op);
		view.setUint16(2, data.length + status, true);
		view.setUint32(4, value, true);
		packet.set(data, REQUEST_HEAD_BYTES);
		if (error !== 0) packet.set([1, error], REQUEST_HEAD_BYTES + data.length);
		this.#send(packet);
	}

	#send(packet: Uint8Array): void {
		this.#options.send(slipFrame(packet));
	}
}

const HANDLERS: ReadonlyMap<number, Handler> = RomLoader.handlers();

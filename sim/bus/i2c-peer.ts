/** One peer on a simulated bus as the firmware opens it: `embedded:io/i2c` in shape and words. */
import type { ByteBuffer, I2C, I2COptions } from "../../src/firmware/ports.js";

/** Moddable's default `timeout`, milliseconds (modules/io/i2c/esp32/_i2c.c). */
const TIMEOUT_MILLISECONDS_DEFAULT = 400;

/** What a peer may ask of its bus. */
export interface I2CLine {
	register(peer: SimulatedI2CPeer, options: I2COptions): void;
	forget(peer: SimulatedI2CPeer): void;
	/** Bytes read (none after a write), or undefined when the transaction failed. */
	transfer(
		peer: SimulatedI2CPeer,
		out: Uint8Array | undefined,
		readCount: number,
	): Uint8Array | undefined;
}

/** A peer: registers with its bus when it is made, and throws once it is closed. */
export class SimulatedI2CPeer implements I2C {
	readonly address: number;
	readonly hz: number;
	/** -1 for ever. */
	readonly timeoutMilliseconds: number;
	isOpen = false;
	readonly #line: I2CLine;

	constructor(line: I2CLine, options: I2COptions) {
		this.#line = line;
		this.address = options.address;
		this.hz = options.hz;
		this.timeoutMilliseconds = options.timeout ?? TIMEOUT_MILLISECONDS_DEFAULT;
		line.register(this, options);
		this.isOpen = true;
	}

	read(byteLength: number): ArrayBuffer;
	read(buffer: ByteBuffer): number;
	read(target: number | ByteBuffer): ArrayBuffer | number {
		this.#requireOpen();
		const bytes = this.#line.transfer(this, undefined, lengthOf(target));
		if (bytes === undefined) throw new Error("read failed");
		return delivered(bytes, target);
	}

	write(buffer: ByteBuffer): number | undefined {
		this.#requireOpen();
		const bytes = bytesOf(buffer);
		if (this.#line.transfer(this, bytes, 0) !== undefined) return undefined;
		// An empty write is a probe, which reports instead of throwing.
		if (bytes.length === 0) return 1;
		throw new Error("write failed");
	}

	writeRead(buffer: ByteBuffer, byteLength: number): ArrayBuffer;
	writeRead(buffer: ByteBuffer, readInto: ByteBuffer): number;
	writeRead(buffer: ByteBuffer, target: number | ByteBuffer): ArrayBuffer | number {
		this.#requireOpen();
		const bytes = this.#line.transfer(this, bytesOf(buffer), lengthOf(target));
		if (bytes === undefined) throw new Error("writeRead failed");
		return delivered(bytes, target);
	}

	close(): void {
		if (!this.isOpen) return;
		this.isOpen = false;
		this.#line.forget(this);
	}

	#requireOpen(): void {
		if (!this.isOpen) throw new Error(`I2C address ${this.address} is closed`);
	}
}

function bytesOf(buffer: ByteBuffer): Uint8Array {
	return buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : buffer;
}

function lengthOf(target: number | ByteBuffer): number {
	return typeof target === "number" ? target : target.byteLength;
}

function delivered(bytes: Uint8Array, target: number | ByteBuffer): ArrayBuffer | number {
	if (typeof target === "number") {
		const buffer = new ArrayBuffer(target);
		new Uint8Array(buffer).set(bytes);
		return buffer;
	}
	const into = bytesOf(target);
	// A few bytes: the engines' own copy costs more to call than it saves.
	for (let index = 0; index < bytes.length; index++) into[index] = bytes[index] ?? 0;
	return bytes.length;
}

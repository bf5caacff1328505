/** One peer on an I2C bus with the bus's foreign errors made into ours. */
import { assert, StationError } from "../src/core/errors.js";
import type { I2C, I2CConnection } from "../src/firmware/ports.js";

/** All that Moddable's I2C says about a missing acknowledgement, a time-out, a lost arbitration. */
const BUS_ERRORS: readonly string[] = Object.freeze([
	"read failed",
	"write failed",
	"writeRead failed",
]);

export interface I2CPeerOptions {
	/**
	 * The driver's `sensor` option; what it says about rate and address stands above the defaults.
	 */
	readonly sensor: I2CConnection;
	/** Address of the part as delivered, 0..127. */
	readonly address: number;
	/** Bus clock the part is happy with, hertz. */
	readonly hz: number;
	/** Name of the part for the technician. */
	readonly name: string;
}

/** Every method blocks for one transaction and throws StationError `bus-failed`. */
export class I2CPeer {
	readonly address: number;
	readonly #name: string;
	#io: I2C | undefined;

	/** Reserves the address; nothing is sent. A wrong pin or address throws the SDK's RangeError. */
	constructor(options: I2CPeerOptions) {
		const { sensor, hz } = options;
		this.address = sensor.address ?? options.address;
		this.#name = options.name;
		const { address } = this;
		this.#io = new sensor.io({ address, hz, ...sensor });
	}

	/** Fills `bytes`: a station polls all its life, and need allocate nothing for it. */
	read(bytes: Uint8Array): void {
		const io = this.#opened();
		let count: number;
		try {
			count = io.read(bytes);
		} catch (error) {
			throw this.#translated(error);
		}
		this.#expect(bytes, count);
	}

	/** `bytes` must not be empty: an empty write hangs the bus of a sleeping EZO circuit. */
	write(bytes: Uint8Array): void {
		assert(bytes.length > 0, "an empty write on an I2C bus");
		const io = this.#opened();
		try {
			io.write(bytes);
		} catch (error) {
			throw this.#translated(error);
		}
	}

	/** Writes `command`, then fills `bytes` after a repeated start. */
	writeRead(command: Uint8Array, bytes: Uint8Array): void {
		const io = this.#opened();
		let count: number;
		try {
			count = io.writeRead(command, bytes);
		} catch (error) {
			throw this.#translated(error);
		}
		this.#expect(bytes, count);
	}

	/** Idempotent; using the peer afterwards throws. */
	close(): void {
		this.#io?.close();
		this.#io = undefined;
	}

	#expect(bytes: Uint8Array, count: number): void {
		if (count === bytes.length) return;
		throw this.#failed(`gave ${count} of ${bytes.length} bytes`, undefined);
	}

	#opened(): I2C {
		if (this.#io === undefined) throw new TypeError(`${this.#name} is closed`);
		return this.#io;
	}

	/** The bus's words as `bus-failed`; anything else is no fault of the bus and stays what it is. */
	#translated(error: unknown): unknown {
		if (!(error instanceof Error) || !BUS_ERRORS.includes(error.message)) return error;
		return this.#failed(error.message, error);
	}

	#failed(what: string, cause: unknown): StationError {
		const address = `0x${this.address.toString(16)}`;
		return new StationError("bus-failed", `${this.#name} at I2C address ${address}: ${what}`, {
			cause,
		});
	}
}

/**
 * The port `OneWire` over the SDK's module `onewire`, which makes pulses and slots with two of the chip's
 * eight RMT channels. What it does is read from its C (SDK 8.2.3, modules/drivers/onewire/esp32/
 * modonewire.c) and from the component that this asks for (Espressif's onewire_bus, up to 1.1.2,
 * src/onewire_bus_impl_rmt.c): past its constructor it throws nothing, a failure is a reset that
 * nobody answers or a byte of zeros, and a call after `close` is a null pointer.
 */
import type { OneWire, OneWireConnection, OneWireOptions } from "../ports.js";
import type { Native } from "./native.js";

/** What the SDK's class has in truth: its own typings tell of arrays that the ESP32 does not take. */
export interface SdkOneWire {
	reset(): boolean;
	/** One byte: of an array it would take the number, which is zero. */
	write(byte: number): void;
	/** One byte; zero when it failed. */
	read(): number;
	close(): void;
}

export interface OneWireParts {
	readonly native: Pick<Native, "station_float">;
	readonly pin: number;
	/** The SDK's class. Its constructor throws a plain Error without memory or with a bad pin. */
	readonly Bus: new (
		options: OneWireOptions,
	) => SdkOneWire;
}

/** The bus is open, and its RMT channels taken, for as long as a driver is. */
export function createOneWire({ native, pin, Bus }: OneWireParts): OneWireConnection {
	class Wire implements OneWire {
		readonly #pin: number;
		#bus: SdkOneWire | undefined;
		#isClosed = false;

		/**
		 * Opens the bus long before the first reset: opening holds the line low until the channel runs, and
		 * a part may answer that with a presence pulse.
		 */
		constructor(options: OneWireOptions) {
			this.#pin = options.pin;
			this.#open();
		}

		reset(): boolean {
			this.#requireOpen();
			if (this.#bus === undefined) this.#open();
			if (this.#bus?.reset()) return true;
			// Perhaps only nobody is there. But after a line that showed no edge for a second the receiver
			// stays armed: every later reset is refused, and an edge would be answer to another question.
			this.#release();
			this.#open();
			return false;
		}

		write(bytes: Uint8Array): void {
			this.#requireOpen();
			for (const byte of bytes) this.#bus?.write(byte);
		}

		/**
		 * Byte by byte: a scratchpad of nine is 72 symbols, and one RMT block of the ESP32 holds 64. The bus
		 * waits between slots as long as one likes.
		 */
		read(byteLength: number): ArrayBuffer {
			this.#requireOpen();
			const bytes = new Uint8Array(byteLength).fill(0xff);
			const bus = this.#bus;
			if (bus !== undefined) {
				for (let index = 0; index < byteLength; index++) bytes[index] = bus.read();
			}
			return bytes.buffer;
		}

		close(): void {
			this.#isClosed = true;
			this.#release();
		}

		#open(): void {
			this.#bus = opened(Bus, this.#pin) ?? this.#bus;
			native.station_float(this.#pin);
		}

		#release(): void {
			this.#bus?.close();
			this.#bus = undefined;
			native.station_float(this.#pin);
		}

		#requireOpen(): void {
			if (this.#isClosed) throw new Error("the 1-Wire port is closed");
		}
	}
	return { io: Wire, pin };
}

/** A bus that does not open is one on which nobody answers; the other probes continue. */
function opened(Bus: OneWireParts["Bus"], pin: number): SdkOneWire | undefined {
	try {
		return new Bus({ pin });
	} catch {
		// "no memory" or "can't init pin": the next reset tries again.
		return undefined;
	}
}

/**
 * The station's serial port and what may be plugged into it: bytes take their time on the wire,
 * there is no flow control, and what comes while the processor sleeps wakes it and is lost.
 */
import { concatBytes } from "../../src/core/bytes.js";
import type { ConsoleStream } from "../../src/firmware/ports.js";
import type { Life } from "./life.js";

/** 115 200 baud, 8N1: ten bits a byte. */
const MICROSECONDS_PER_BYTE = 86.8;
/** What the driver of the port buffers in each direction (ESP-IDF's default is 256; ours sets 1024). */
const BUFFER_BYTES = 1024;
/** Nobody changes plugs faster. */
const PLUG_MICROSECONDS = 10_000;

export class SimulatedConsole {
	/** A device was plugged in, or spoke, while the processor slept. */
	readonly #wake: () => void;
	#toDevice: ((bytes: Uint8Array) => void) | undefined;
	#received: Uint8Array = new Uint8Array(0);
	#life: { readonly notify: () => void; readonly plugLater: () => void } | undefined;
	/** Plugged in before the station could have seen that the last one was pulled out. */
	#queued: ((bytes: Uint8Array) => void) | undefined;
	#isPullUnseen = false;
	/** Bytes that came too fast or too early. */
	lostBytes = 0;

	constructor(wake: () => void) {
		this.#wake = wake;
	}

	get isAttached(): boolean {
		return this.#toDevice !== undefined;
	}

	/** Plugs a device in, in place of the one that is; `onBytes` gets what the station sends. */
	attach(onBytes: (bytes: Uint8Array) => void): void {
		if (this.#life !== undefined && this.#isPullUnseen) {
			this.#queued = onBytes;
			this.#life.plugLater();
			return;
		}
		this.#toDevice = onBytes;
		if (this.#life === undefined) this.#wake();
		else this.#life.notify();
	}

	/** Pulls it out. */
	detach(): void {
		this.#toDevice = undefined;
		this.#queued = undefined;
		this.#received = new Uint8Array(0);
		if (this.#life === undefined) return;
		this.#isPullUnseen = true;
		this.#life.notify();
	}

	/** Bytes from the device. */
	send(bytes: Uint8Array): void {
		if (this.#toDevice === undefined) return;
		if (this.#life === undefined) {
			this.lostBytes += bytes.length;
			this.#wake();
			return;
		}
		const room = BUFFER_BYTES - this.#received.length;
		this.lostBytes += Math.max(bytes.length - room, 0);
		this.#received = concatBytes(this.#received, bytes.subarray(0, room));
		this.#life.notify();
	}

	/** The port of one life of the processor. */
	portOf(life: Life): ConsoleStream {
		const console = this;
		this.#received = new Uint8Array(0);
		let isSending = false;
		const port: ConsoleStream = {
			onActivity: undefined,
			get isAttached() {
				return console.isAttached;
			},
			read: () => {
				life.check();
				const bytes = this.#received;
				if (bytes.length === 0) return undefined;
				this.#received = new Uint8Array(0);
				return bytes;
			},
			write: (bytes) => {
				life.check();
				if (isSending) return 0;
				const sent = bytes.slice(0, BUFFER_BYTES);
				isSending = true;
				onWire.scheduleMicroseconds(sent.length * MICROSECONDS_PER_BYTE);
				pending = sent;
				return sent.length;
			},
		};
		let pending: Uint8Array = new Uint8Array(0);
		const onWire = life.createAlarm(() => {
			isSending = false;
			this.#toDevice?.(pending);
			port.onActivity?.();
		});
		const onCome = life.createAlarm(() => {
			this.#isPullUnseen = this.#isPullUnseen && this.#queued !== undefined;
			port.onActivity?.();
		});
		const onPlug = life.createAlarm(() => {
			this.#isPullUnseen = false;
			this.#toDevice = this.#queued;
			this.#queued = undefined;
			port.onActivity?.();
		});
		const notify = (): void => {
			const microseconds = this.#received.length * MICROSECONDS_PER_BYTE;
			onCome.scheduleMicroseconds(microseconds);
		};
		this.#life = { notify, plugLater: () => onPlug.scheduleMicroseconds(PLUG_MICROSECONDS) };
		return port;
	}

	/** The life has ended; what was on the wire is lost. */
	endLife(): void {
		this.#life = undefined;
		this.#received = new Uint8Array(0);
		this.#isPullUnseen = false;
		this.#toDevice ??= this.#queued;
		this.#queued = undefined;
	}
}

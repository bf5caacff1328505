/**
 * The station's serial port and what may be plugged into it: bytes take their time on the wire,
 * there is no flow control, and what comes while the processor sleeps wakes it and is lost.
 */
import { concatBytes } from "../../src/core/bytes.js";
import type { ConsoleStream } from "../../src/firmware/ports.js";
import type { VirtualAlarm } from "./clock.js";
import type { PowerCycle } from "./power-cycle.js";

/** 115 200 baud, 8N1: ten bits a byte. */
const MICROSECONDS_PER_BYTE = 86.8;
/** What the driver of the port buffers in each direction (ESP-IDF's default is 256; ours sets 1024). */
const BUFFER_BYTES = 1024;
/** Nobody changes plugs faster. */
const PLUG_MICROSECONDS = 10_000;
const NOTHING = new Uint8Array(0);

export class SimulatedConsole {
	/** A device was plugged in, or spoke, while the processor slept. */
	readonly #wake: () => void;
	#toDevice: ((bytes: Uint8Array) => void) | undefined;
	#received: Uint8Array = NOTHING;
	#powerCycle: ConsolePort | undefined;
	/** Plugged in before the station could have seen that the last one was pulled out. */
	#queued: ((bytes: Uint8Array) => void) | undefined;
	#isPullUnseen = false;
	/** Bytes that came too fast or too early. */
	lostBytes = 0;

	readonly #plug: Plug;

	constructor(wake: () => void) {
		this.#wake = wake;
		this.#plug = {
			isAttached: () => this.isAttached,
			take: () => {
				const bytes = this.#received;
				if (bytes.length > 0) this.#received = NOTHING;
				return bytes;
			},
			give: (bytes) => this.#toDevice?.(bytes),
			onSeen: () => {
				this.#isPullUnseen = this.#isPullUnseen && this.#queued !== undefined;
			},
			onPlugged: () => {
				this.#isPullUnseen = false;
				this.#toDevice = this.#queued;
				this.#queued = undefined;
			},
		};
	}

	get isAttached(): boolean {
		return this.#toDevice !== undefined;
	}

	/** Plugs a device in, in place of the one that is; `onBytes` gets what the station sends. */
	attach(onBytes: (bytes: Uint8Array) => void): void {
		if (this.#powerCycle !== undefined && this.#isPullUnseen) {
			this.#queued = onBytes;
			this.#powerCycle.plugLater();
			return;
		}
		this.#toDevice = onBytes;
		if (this.#powerCycle === undefined) this.#wake();
		else this.#powerCycle.notify(this.#received.length);
	}

	/** Pulls it out. */
	detach(): void {
		this.#toDevice = undefined;
		this.#queued = undefined;
		this.#received = NOTHING;
		if (this.#powerCycle === undefined) return;
		this.#isPullUnseen = true;
		this.#powerCycle.notify(this.#received.length);
	}

	/** Bytes from the device. */
	send(bytes: Uint8Array): void {
		if (this.#toDevice === undefined) return;
		if (this.#powerCycle === undefined) {
			this.lostBytes += bytes.length;
			this.#wake();
			return;
		}
		const room = BUFFER_BYTES - this.#received.length;
		this.lostBytes += Math.max(bytes.length - room, 0);
		this.#received = concatBytes(this.#received, bytes.subarray(0, room));
		this.#powerCycle.notify(this.#received.length);
	}

	/** The port of one power cycle of the processor. */
	portOf(powerCycle: PowerCycle): ConsoleStream {
		this.#received = NOTHING;
		const port = new ConsolePort(powerCycle, this.#plug);
		this.#powerCycle = port;
		return port;
	}

	/** The power cycle has ended; what was on the wire is lost. */
	endPowerCycle(): void {
		this.#powerCycle = undefined;
		this.#received = NOTHING;
		this.#isPullUnseen = false;
		this.#toDevice ??= this.#queued;
		this.#queued = undefined;
	}
}

/** What a port sees of the plug. */
interface Plug {
	isAttached(): boolean;
	/** All bytes that have come; none if there are none. */
	take(): Uint8Array;
	/** To the device, if one is there. */
	give(bytes: Uint8Array): void;
	/** The station has seen what is plugged in. */
	onSeen(): void;
	/** The device that waited for its turn is in now. */
	onPlugged(): void;
}

/** The port in one power cycle. Its alarms are made when they are needed: in most wakes nobody is there. */
class ConsolePort implements ConsoleStream {
	onActivity: (() => void) | undefined = undefined;
	readonly #powerCycle: PowerCycle;
	readonly #plug: Plug;
	#sending: Uint8Array | undefined;
	#onWire: VirtualAlarm | undefined;
	#onCome: VirtualAlarm | undefined;
	#onPlug: VirtualAlarm | undefined;

	constructor(powerCycle: PowerCycle, plug: Plug) {
		this.#powerCycle = powerCycle;
		this.#plug = plug;
	}

	get isAttached(): boolean {
		return this.#plug.isAttached();
	}

	read(): Uint8Array | undefined {
		this.#powerCycle.check();
		const bytes = this.#plug.take();
		return bytes.length === 0 ? undefined : bytes;
	}

	write(bytes: Uint8Array): number {
		this.#powerCycle.check();
		if (this.#sending !== undefined) return 0;
		const sent = bytes.slice(0, BUFFER_BYTES);
		this.#sending = sent;
		this.#onWire ??= this.#powerCycle.createAlarm(() => {
			const arrived = this.#sending;
			this.#sending = undefined;
			if (arrived !== undefined) this.#plug.give(arrived);
			this.onActivity?.();
		});
		this.#onWire.scheduleMicroseconds(sent.length * MICROSECONDS_PER_BYTE);
		return sent.length;
	}

	/** For the console: a device came or went, or `receivedBytes` are on the wire. */
	notify(receivedBytes: number): void {
		this.#onCome ??= this.#powerCycle.createAlarm(() => {
			this.#plug.onSeen();
			this.onActivity?.();
		});
		this.#onCome.scheduleMicroseconds(receivedBytes * MICROSECONDS_PER_BYTE);
	}

	/** For the console: a device waits until the last one's going has been seen. */
	plugLater(): void {
		this.#onPlug ??= this.#powerCycle.createAlarm(() => {
			this.#plug.onPlugged();
			this.onActivity?.();
		});
		this.#onPlug.scheduleMicroseconds(PLUG_MICROSECONDS);
	}
}

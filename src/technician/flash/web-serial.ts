/**
 * A port as esptool-js wants it: what it uses of the Web Serial standard, over a port of ours. The port itself stays
 * open when the library closes and opens again, which would raise its control lines. A port that is lost ends
 * every wait on `lost`: the library ends late with a wrong message, or never.
 */
import type { ControlledPort } from "../controlled-port.js";

export class WebSerialPort {
	/** Undefined while it is closed: the library waits for a locked stream for ever. */
	readable: ReadableStream<Uint8Array> | null = null;
	writable: WritableStream<Uint8Array> | null = null;
	/** Rejects when the far end is gone. */
	readonly lost: Promise<never>;
	/** Why it is gone, once it is. */
	lostReason: string | undefined;
	/** All that came since the last reset, for the diagnosis; the newest of it. */
	heard = "";
	readonly #port: ControlledPort;
	#lines = { dtr: false, rts: false };
	#controller: ReadableStreamDefaultController<Uint8Array> | undefined;
	/** Writes that were begun: tests pull the cable at one of them. */
	writes = 0;

	constructor(port: ControlledPort) {
		this.#port = port;
		this.lost = new Promise((_resolve, reject) => {
			port.onLost = (reason) => {
				const error = new Error(reason);
				this.lostReason = reason;
				this.#drop(error);
				reject(error);
			};
		});
		// A caller that does not wait for it is not told.
		this.lost.catch(() => {});
		port.onBytes = (bytes) => {
			this.heard = (this.heard + Buffer.from(bytes).toString("latin1")).slice(
				-HEARD_CHARACTERS_MAX,
			);
			this.#controller?.enqueue(bytes);
		};
	}

	getInfo(): { usbVendorId?: number; usbProductId?: number } {
		return {};
	}

	async open({ baudRate }: { readonly baudRate: number }): Promise<void> {
		await this.#port.setBaud(baudRate);
		this.readable = new ReadableStream({
			start: (controller) => {
				this.#controller = controller;
			},
			cancel: () => {
				this.#controller = undefined;
			},
		});
		this.writable = new WritableStream({
			write: (bytes) => {
				this.writes++;
				return Promise.race([this.lost, this.#port.write(bytes)]);
			},
		});
	}

	async close(): Promise<void> {
		this.#controller = undefined;
		this.readable = null;
		this.writable = null;
	}

	async setSignals(signals: {
		readonly dataTerminalReady?: boolean;
		readonly requestToSend?: boolean;
	}): Promise<void> {
		const { dataTerminalReady: dtr = this.#lines.dtr, requestToSend: rts = this.#lines.rts } =
			signals;
		if (rts && !this.#lines.rts) this.heard = "";
		this.#lines = { dtr, rts };
		await this.#port.setLines(this.#lines);
	}

	setBaudRate(baud: number): Promise<void> {
		return this.#port.setBaud(baud);
	}

	#drop(error: Error): void {
		this.#controller?.error(error);
		this.#controller = undefined;
		this.readable = null;
		this.writable = null;
	}
}

/** A boot log and its complaint. */
const HEARD_CHARACTERS_MAX = 2000;

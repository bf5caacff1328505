/** A board in its serial loader, by esptool-js: reached, identified, read, written by pieces, and let go. */
import { createHash } from "node:crypto";
import type { ESPLoader as Loader, Transport } from "esptool-js";
import { OperationalError } from "../../host/errors.js";
import type { BoardText } from "../../host/messages/board-texts.js";
import { type Notice, type NoticeValues, notice } from "../../host/messages/notice.js";
import type { ControlledPort } from "../controlled-port.js";
import { WebSerialPort } from "./web-serial.js";

/** Which layer failed: each has its own remedy, and none is called "failed to initialize". */
export type FlashLayer =
	| "cut-off"
	| "silent"
	| "boot-log"
	| "loader"
	| "chip"
	| "flash"
	| "start"
	| "refused";

export class FlashError extends OperationalError {
	override name = "FlashError";
	readonly layer: FlashLayer;

	constructor(layer: FlashLayer, what: Notice) {
		super(what);
		this.layer = layer;
	}
}

const ROM_BAUD = 115_200;
/** Two ways of reset, each seven times with five questions, take 12 s; the stub and its rate some more. */
const CONNECT_MILLISECONDS_MAX = 45_000;
/** The longest step: 64 KiB at 115 200 baud, and its erase. */
const STEP_MILLISECONDS_MAX = 30_000;
const RESET_MILLISECONDS = 100;
const DISCONNECT_MILLISECONDS_MAX = 500;
/** Whole sectors, and the unit in which a run that was cut off continues. */
export const PIECE_BYTES = 64 * 1024;
/** One for what the line did, and none for a flash chip that does not hold it. */
const WRITE_TRIES = 2;
const MEGABYTE = 1024 * 1024;

export class LoaderSession {
	readonly device: WebSerialPort;
	readonly mac: string;
	readonly flashBytes: number;
	readonly #port: ControlledPort;
	readonly #loader: Loader;
	readonly #transport: Transport;

	private constructor(parts: {
		port: ControlledPort;
		device: WebSerialPort;
		loader: Loader;
		transport: Transport;
		mac: string;
		flashBytes: number;
	}) {
		this.#port = parts.port;
		this.device = parts.device;
		this.#loader = parts.loader;
		this.#transport = parts.transport;
		this.mac = parts.mac;
		this.flashBytes = parts.flashBytes;
	}

	/** Resets the board into its loader. Throws FlashError. */
	static async open(port: ControlledPort, baud: number): Promise<LoaderSession> {
		// Loaded only now: it takes half a second.
		const { ESPLoader, Transport } = await import("esptool-js");
		const device = new WebSerialPort(port);
		// Of the standard's type only what WebSerialPort has is used.
		const transport = new Transport(device as never, false);
		// It writes to stdout, tracing or not.
		transport.trace = () => {};
		const quiet = { clean: () => {}, write: () => {}, writeLine: () => {} };
		const loader = new ESPLoader({
			transport,
			baudrate: baud,
			romBaudrate: ROM_BAUD,
			terminal: quiet,
		});
		try {
			const mode = port.hasControlLines ? "default_reset" : "no_reset";
			await within(device, loader.main(mode), CONNECT_MILLISECONDS_MAX);
			requireEsp32(port.name, loader);
			const mac = await within(device, loader.chip.readMac(loader));
			const size = await within(device, loader.detectFlashSize());
			const megabytes = /^(\d+)MB$/.exec(size ?? "")?.[1];
			if (megabytes === undefined) {
				throw new FlashError("flash", notice("flash-unknown", { port: port.name }));
			}
			const flashBytes = Number(megabytes) * MEGABYTE;
			return new LoaderSession({ port, device, loader, transport, mac, flashBytes });
		} catch (error) {
			await disconnect(transport);
			throw flashErrorOf(port, device, loader, error);
		}
	}

	read(offset: number, count: number): Promise<Uint8Array> {
		return this.#step(this.#loader.readFlash(offset, count));
	}

	/** Whether the flash holds `bytes` at `offset` already. */
	async holds(offset: number, bytes: Uint8Array): Promise<boolean> {
		const found = await this.#step(this.#loader.flashMd5sum(offset, bytes.length));
		return found === createHash("md5").update(bytes).digest("hex");
	}

	/**
	 * Erases and writes whole sectors from `offset` on, and compares. `onProgress` gets bytes of `bytes`. Throws
	 * FlashError `flash` when the flash does not hold them afterwards.
	 */
	async write(
		offset: number,
		bytes: Uint8Array,
		onProgress: (doneBytes: number) => void,
	): Promise<void> {
		for (let attempt = 0; attempt < WRITE_TRIES; attempt++) {
			const writing = this.#loader.writeFlash({
				fileArray: [{ data: bytes, address: offset }],
				// Anything else rewrites the boot loader's header and breaks its digest.
				flashMode: "keep",
				flashFreq: "keep",
				flashSize: "keep",
				eraseAll: false,
				compress: true,
				reportProgress: (_file, sent, total) => onProgress((bytes.length * sent) / total),
			});
			await this.#step(writing);
			if (await this.holds(offset, bytes)) return;
		}
		const place = `0x${offset.toString(16)}`;
		throw new FlashError("flash", notice("flash-differs", { port: this.#port.name, place }));
	}

	/** Erases the whole flash chip. */
	eraseAll(): Promise<unknown> {
		return this.#step(this.#loader.eraseFlash(), 2 * 60_000);
	}

	/** Lets the board go into what its flash holds, and the port to the technician's line. */
	async leave(): Promise<void> {
		await this.device.setSignals({ dataTerminalReady: false, requestToSend: true });
		await new Promise((resolve) => setTimeout(resolve, RESET_MILLISECONDS));
		await disconnect(this.#transport);
		await this.#port.setBaud(ROM_BAUD);
		await this.device.setSignals({ dataTerminalReady: false, requestToSend: false });
	}

	async #step<Result>(job: Promise<Result>, milliseconds = STEP_MILLISECONDS_MAX): Promise<Result> {
		try {
			return await within(this.device, job, milliseconds);
		} catch (error) {
			throw flashErrorOf(this.#port, this.device, this.#loader, error);
		}
	}
}

/** The library ends late, or never, when the port is gone; its own error then comes to nobody. */
async function within<Result>(
	device: WebSerialPort,
	job: Promise<Result>,
	milliseconds = STEP_MILLISECONDS_MAX,
): Promise<Result> {
	job.catch(() => {});
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(() => reject(new Error("no end")), milliseconds);
	});
	try {
		return await Promise.race([job, device.lost, late]);
	} finally {
		clearTimeout(timer);
	}
}

async function disconnect(transport: Transport): Promise<void> {
	const ended = transport.disconnect();
	ended.catch(() => {});
	await Promise.race([
		ended.catch(() => {}),
		new Promise((resolve) => setTimeout(resolve, DISCONNECT_MILLISECONDS_MAX).unref()),
	]);
}

function requireEsp32(name: string, loader: Loader): void {
	const found: string | undefined = loader.chip?.CHIP_NAME;
	if (found === undefined || found === "ESP32") return;
	throw new FlashError("chip", notice("other-chip", { port: name, chip: found }));
}

/** What a person can do about it, by what came from the board before it failed. */
function flashErrorOf(
	port: ControlledPort,
	device: WebSerialPort,
	loader: Loader,
	error: unknown,
): Error {
	if (error instanceof FlashError) return error;
	const { name } = port;
	const flashError = (layer: FlashLayer, key: BoardText, values: NoticeValues = {}): FlashError =>
		new FlashError(layer, notice(key, { port: name, ...values }));
	if (device.lostReason !== undefined) {
		return flashError("cut-off", "cut-off", { why: device.lostReason });
	}
	try {
		requireEsp32(name, loader);
	} catch (wrongChip) {
		return wrongChip as Error;
	}
	const { heard } = device;
	const isReached = loader.chip !== undefined;
	const message = error instanceof Error ? error.message : String(error);
	if (/unexpected chip/i.test(message) || (error as Error)?.name?.startsWith("UnexpectedChip")) {
		return flashError("chip", "unknown-chip");
	}
	if (isReached || /waiting for download/.test(heard)) {
		return flashError("loader", "loader-silent", { why: message.split("\n")[0] ?? "" });
	}
	const boot = /boot:(0x[0-9a-f]+)/i.exec(heard)?.[1];
	if (boot !== undefined) return flashError("boot-log", "no-loader", { boot });
	return flashError("silent", heard.length > 0 ? "something-speaks" : "nobody-answers");
}

/**
 * All that the firmware may ask of the world: types only. Two composition roots build a `Board`:
 * firmware/main.ts from Moddable modules, sim/ from models. Where ECMA-419 has a shape, the port
 * is that shape (constructors passed as `io`, the same words thrown, callbacks in the same order).
 * Nothing here calls back before the call that asked has returned.
 */
import type { TaskAlarm, TaskClock } from "../core/task.js";

/** Bytes as ECMA-419 takes them. */
export type ByteBuffer = ArrayBuffer | Uint8Array;

// --- I2C (ECMA-419 clause 10.4; Moddable modules/io/i2c) ---------------------------------------

export interface I2COptions {
	/** Pins, as the board names them. */
	data: number;
	clock: number;
	/** Clock rate, hertz. The EZO circuits want 100 000. */
	hz: number;
	/** 7-bit address, 0..127. */
	address: number;
	/** Bus controller; instances share a bus only if data, clock and port agree. */
	port?: number;
	/** Longest transaction, milliseconds; -1 for ever. Moddable's default is 400. */
	timeout?: number;
	pullup?: boolean;
}

/**
 * One peer on an I2C bus. Synchronous. A missing acknowledgement, a time-out and a lost
 * arbitration are one and the same on the ESP32: a plain `Error` whose message is `read failed`,
 * `write failed` or `writeRead failed` (Moddable 8.2.3, modules/io/i2c/esp32/_i2c.c).
 */
export interface I2C {
	/** Reads `byteLength` bytes, or fills `buffer` and returns how many bytes it now holds. */
	read(byteLength: number): ArrayBuffer;
	read(buffer: ByteBuffer): number;
	/** Writes all bytes. An empty write probes the bus: 1 without acknowledgement, else undefined. */
	write(buffer: ByteBuffer): number | undefined;
	/** Writes, then reads after a repeated start. */
	writeRead(buffer: ByteBuffer, byteLength: number): ArrayBuffer;
	writeRead(buffer: ByteBuffer, readInto: ByteBuffer): number;
	close(): void;
}

export type I2CConstructor = new (options: I2COptions) => I2C;

/** What a driver gets as `options.sensor`: the constructor, and the pins of its bus. */
export interface I2CConnection extends Omit<I2COptions, "hz" | "address"> {
	io: I2CConstructor;
	hz?: number;
	address?: number;
}

/** Frees a bus whose data line is held low; separate from `I2C` because the SDK has no such call. */
export interface I2CBusRecovery {
	/** Up to nine clock pulses and a STOP; true if data and clock are high afterwards. */
	clear(): boolean;
}

/** One I2C bus of the board: how to open peers on it, and how to free it. */
export interface I2CBus {
	/** Spread into a driver's `sensor` option. */
	readonly connection: I2CConnection;
	readonly recovery: I2CBusRecovery;
}

// --- 1-Wire -------------------------------------------------------------------------------------

/**
 * A 1-Wire bus: the SDK has none of ECMA-419's form. Synchronous; throws nothing until it is closed. A bus
 * with nobody on it reads ones; a shorted one reads zeros, and so does one that fails in the middle.
 */
export interface OneWire {
	/**
	 * Reset pulse; true when somebody answered with a presence pulse. A shorted bus may look so or not, a
	 * bus that the board cannot open does not.
	 */
	reset(): boolean;
	/** Writes bytes, least significant bit first. */
	write(bytes: Uint8Array): void;
	read(byteLength: number): ArrayBuffer;
	close(): void;
}

export interface OneWireOptions {
	/** As the board names it. */
	pin: number;
}

/** A driver's `sensor` option. */
export interface OneWireConnection extends OneWireOptions {
	io: new (options: OneWireOptions) => OneWire;
}

// --- Flash (Moddable `embedded:storage/flash`) --------------------------------------------------

/**
 * A raw partition of NOR flash: erase sets every bit of a block, writing only clears bits. Throws
 * plain `Error("read failed" | "write failed" | "erase failed")`. Synchronous.
 */
export interface FlashPartition {
	/** Erases blocks `start` up to but not including `end` (default: one block). */
	eraseBlock(start: number, end?: number): void;
	read(byteLength: number, byteOffset: number): ArrayBuffer;
	read(buffer: ByteBuffer, byteOffset: number): number;
	write(buffer: ByteBuffer, byteOffset: number): void;
	status(): { size: number; blockLength: number; blocks: number };
	close(): void;
}

// --- Time, random numbers, memory, sleep --------------------------------------------------------

/** Monotonic milliseconds since power-on of the board, deep sleep included; and alarms on it. */
export interface Clock extends TaskClock {
	readonly milliseconds: number;
	createAlarm(callback: () => void): Alarm;
}

export type Alarm = TaskAlarm;

/** Random bytes that an adversary cannot foresee on the board, and that the seed decides in the simulator. */
export interface Entropy {
	fill(bytes: Uint8Array): void;
}

/** A few hundred bytes that survive deep sleep and a warm reset, but not the loss of power. */
export interface RetainedMemory {
	readonly byteLength: number;
	/** A copy of its beginning, for this power cycle to work in. What a power loss left there is garbage. */
	read(byteLength: number): Uint8Array;
	write(bytes: Uint8Array): void;
}

/**
 * Banks of about 1 KB each that survive the loss of power: 0 and 1 for configurations, written a few times a year, 2
 * and 3 for calibrations, once a day. A write that is cut may leave anything in its bank, and touches no other. Both calls
 * may throw a plain `Error`.
 */
export interface SettingsMemory {
	/** What was written to a bank last, or undefined when nothing ever was. */
	read(bank: number): Uint8Array | undefined;
	write(bank: number, bytes: Uint8Array): void;
}

/** A switched supply. `off` is idempotent and never throws. */
export interface PowerRail {
	readonly isOn: boolean;
	on(): void;
	off(): void;
}

/** Why the processor runs. */
export type ResetReason =
	| "power-on"
	| "deep-sleep"
	| "software"
	| "watchdog"
	| "brown-out"
	| "panic"
	| "external";

/** What ended the deep sleep. */
export type WakeCause = "timer" | "pin" | "none";

export interface Processor {
	readonly resetReason: ResetReason;
	readonly wakeCause: WakeCause;
	/**
	 * Ends this wake: nothing of the station survives but flash and retained memory. In the
	 * simulator the call returns and the station is forgotten; on the board it does not return.
	 */
	deepSleep(milliseconds: number): void;
	restart(): void;
	/**
	 * Whether the board may sleep lightly while nothing is to be done: memory, rails and clock continue, and the
	 * alarm wakes it; the first bytes on the line are lost. Not allowed at first.
	 */
	allowLightSleep(isAllowed: boolean): void;
	/** Free heap, bytes, or undefined where it is not known. */
	readonly freeHeapBytes: number | undefined;
}

/** The firmware that runs, as the bootloader sees it. */
export interface FirmwareImage {
	/** Written anew and not confirmed: the next boot goes back to the image before it. */
	readonly isOnTrial: boolean;
	/** Keeps this image. */
	confirm(): void;
}

export interface Watchdog {
	/** Longest time between two calls of `feed`, milliseconds. */
	readonly timeoutMilliseconds: number;
	feed(): void;
}

/** One line of the log for anyone who listens; lost if nobody does. ASCII, no line end. */
export interface Log {
	line(text: string): void;
}

// --- Keys ----------------------------------------------------------------------------------------

/** Handle of something under way; `cancel` guarantees that its callback does not come any more. */
export interface Cancellable {
	cancel(): void;
}

/**
 * The station's own key: ES256 (ECDSA, P-256, SHA-256) with the deterministic nonce of RFC 6979
 * and no low-S rule, so that signatures are reproducible. The private half never leaves the port.
 */
export interface Signer {
	/** Public key, 33 bytes: SEC 1 compressed point. */
	readonly publicKey: Uint8Array;
	/** Signs a SHA-256 digest (32 bytes); 64 bytes r || s, later. */
	sign(
		digest: Uint8Array,
		onDone: (error: Error | null, signature?: Uint8Array) => void,
	): Cancellable;
}

/** Checks ES256 signatures of others. */
export interface Verifier {
	/** `publicKey` 33 bytes compressed, `digest` 32 bytes, `signature` 64 bytes r || s. */
	verify(
		publicKey: Uint8Array,
		digest: Uint8Array,
		signature: Uint8Array,
		onDone: (error: Error | null, isValid?: boolean) => void,
	): Cancellable;
}

/** SHA-256 of the concatenation of `parts`: 32 bytes. The board may use the chip's own unit. */
export type Sha256 = (...parts: readonly Uint8Array[]) => Uint8Array;

// --- Network -------------------------------------------------------------------------------------

/** The radio. Off until asked; no automatic reconnection. */
export interface NetworkLink {
	readonly isUp: boolean;
	/** A link that needs longer than this to come up is none; the uplink measures what failing costs in it. */
	readonly connectMillisecondsMax: number;
	/** Signal strength, dBm, while up. */
	readonly rssiDecibelMilliwatts: number | undefined;
	/** Brings the link up; `onChanged(isUp)` follows, also when it is lost later. */
	connect(onChanged: (isUp: boolean) => void): void;
	/** Told with a static address; undefined: the network gave its own. */
	readonly nameServer?: string | undefined;
	/** Radio off. Idempotent, never throws. */
	disconnect(): void;
}

export interface WiFiNetwork {
	/** Percent-encoded, as it was provisioned. */
	readonly name: string;
	readonly password: string;
	/** Address, mask, gateway and name server with commas between; empty: the network gives one. */
	readonly address: string;
}

/** One connection of the radio; the SDK's class as it is. */
export interface Radio {
	/** 200 none, 300 and 400 on the way, 500 with an address. */
	readonly connection: number;
	readonly RSSI: number | undefined;
	/** Holds for later ones as well. */
	configure(options: { static: false | StaticAddress }): void;
	connect(options: { SSID: string; password?: string }): void;
	disconnect(): void;
	close(): void;
}

export interface StaticAddress {
	readonly address: string;
	readonly mask: string;
	readonly gateway: string;
}

export type RadioConstructor = new (options: { onChanged: () => void }) => Radio;

export interface NameResolver {
	/** `onDone(null, address)` or `onDone(error)`; never after `cancel`. */
	resolve(host: string, onDone: (error: Error | null, address?: string) => void): Cancellable;
}

export interface HttpClientOptions {
	host: string;
	/** Resolved address of `host`; the client does no look-up of its own. */
	address: string;
	port: number;
	/** The connection is dead. On Moddable it says nothing about why. */
	onError?: (error?: unknown) => void;
}

/**
 * `embedded:network/http/client` over TLS. The first `onWritable` is the sign that the connection
 * and the handshake are done. There is no time-out in it; the uplink has its own. An error of the
 * socket ends every request with `onDone(error)`.
 */
export interface HttpClient {
	request(options: HttpRequestOptions): HttpRequest;
	close(): void;
}

export interface HttpRequestOptions {
	method: string;
	path: string;
	headers: Map<string, string>;
	onHeaders?: (this: HttpRequest, status: number, headers: Map<string, string>) => void;
	/** `count` bytes of the response's body can be read now. */
	onReadable?: (this: HttpRequest, count: number) => void;
	/** `count` bytes of the request's body can be written now. */
	onWritable?: (this: HttpRequest, count: number) => void;
	onDone?: (this: HttpRequest, error: Error | null) => void;
}

export interface HttpRequest {
	read(count?: number): ArrayBuffer | undefined;
	/** Bytes of the body; returns how many more may be written now. */
	write(buffer: ByteBuffer): number;
}

export type HttpClientConstructor = new (options: HttpClientOptions) => HttpClient;

export interface DatagramOptions {
	/** `count` packets can be read now. */
	onReadable: (count: number) => void;
	onError: () => void;
}

/**
 * A UDP socket on a port of the board's choice: of ECMA-419's class what asks and listens.
 * A datagram that is lost is nobody's error; there is no time-out in it.
 */
export interface Datagram {
	/** One packet with where it came from, or undefined when there is none. */
	read(): (ArrayBuffer & { readonly address: string; readonly port: number }) | undefined;
	write(packet: ByteBuffer, address: string, port: number): void;
	/** No callback any more. */
	close(): void;
}

export type DatagramConstructor = new (options: DatagramOptions) => Datagram;

export interface Network {
	readonly link: NetworkLink;
	readonly resolver: NameResolver;
	readonly HttpsClient: HttpClientConstructor;
	readonly Datagram: DatagramConstructor;
}

// --- The technician's line -----------------------------------------------------------------------

/** A byte stream, as ECMA-419's Serial with format "buffer". */
export interface ConsoleStream {
	/** All bytes waiting, or undefined. */
	read(): Uint8Array | undefined;
	/** Takes as many bytes as fit now and returns how many it took. */
	write(bytes: Uint8Array): number;
	/** True while a technician's device is attached: the station stays awake. */
	readonly isAttached: boolean;
	/** Called from the event loop when bytes have come or room has become free. */
	onActivity: (() => void) | undefined;
}

// --- The board -----------------------------------------------------------------------------------

/** What is soldered: which buses, rails and probes this board has. */
export interface Board {
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly processor: Processor;
	readonly retained: RetainedMemory;
	/** A second one of at least 64 bytes, for the record of a crash. */
	readonly crash: RetainedMemory;
	readonly settings: SettingsMemory;
	readonly watchdog: Watchdog;
	readonly image: FirmwareImage;
	readonly log: Log;
	readonly flash: FlashPartition;
	/** Always powered: RTC and ADC. */
	readonly systemBus: I2CBus;
	/** Clamped while its rail is off: the EZO circuits. Touch it only while `probeRail` is on. */
	readonly probeBus: I2CBus;
	/** A 1-Wire bus in the water, supplied by `probeRail`; a board without one leaves it out. */
	readonly oneWire?: OneWireConnection;
	/** Supplies the EZO circuits and their isolators. */
	readonly probeRail: PowerRail;
	/** Supplies the loop of the turbidity probe (12 V step-up). */
	readonly loopRail: PowerRail;
	readonly network: Network;
	readonly signer: Signer;
	readonly verifier: Verifier;
	readonly sha256: Sha256;
	readonly console: ConsoleStream;
	/** No UTC before this is believed: build date, or the scenario's start. Unix seconds. */
	readonly trustFloorUtcSeconds: number;
}

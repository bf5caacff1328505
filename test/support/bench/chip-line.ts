/** A simulated chip with a program that answers `version` once its flash boots, and the lines that lead to it. */
import { SerialPortMock } from "serialport";
import { Bootloader } from "../../../sim/flash/bootloader.js";
import { SimulatedFlash } from "../../../sim/flash/flash.js";
import { type ChipOptions, type ChipProgram, SimulatedChip } from "../../../sim/shell/chip/chip.js";
import { contentsOf } from "../../../sim/shell/chip/flash-contents.js";
import { loaderFlashOf } from "../../../sim/shell/chip/nor-chip.js";
import { SeededRandom } from "../../../src/core/random.js";
import {
	encodeConsoleAnswer,
	LineAssembler,
	readRequest,
} from "../../../src/protocol/line/console.js";
import type { ControlledPort } from "../../../src/technician/controlled-port.js";
import type { Bundle } from "../../../src/technician/flash/bundle.js";
import {
	type FlashOptions,
	type FlashReport,
	flashBoard,
} from "../../../src/technician/flash/flash-board.js";
import { openSerialPort, type SerialPortClass } from "../../../src/technician/serial-port.js";

export const MAC = Uint8Array.of(0x24, 0x0a, 0xc4, 0x11, 0x22, 0x33);

export interface ChipBench {
	readonly chip: SimulatedChip;
	/** The adapter's DTR leads nowhere. */
	readonly isIo0Cut: boolean;
	readonly flash: SimulatedFlash;
}

export interface BenchOptions
	extends Partial<Pick<ChipOptions, "chip" | "unknownAnswer" | "strapMilliseconds">> {
	readonly megabytes?: number;
	readonly isIo0Cut?: boolean;
	readonly flash?: SimulatedFlash;
	/** What starts although the flash boots something else, or nothing. */
	readonly boot?: ChipOptions["boot"];
}

export function benchChip(options: BenchOptions = {}): ChipBench {
	const { megabytes = 8, boot, flash: given, isIo0Cut = false, ...rest } = options;
	const flash =
		given ?? new SimulatedFlash({ sectors: megabytes * 256, random: new SeededRandom(1) });
	const chip = new SimulatedChip({
		chip: "esp32",
		mac: MAC,
		flash: loaderFlashOf(flash, () => {}),
		later: (milliseconds, callback) => {
			setTimeout(callback, milliseconds).unref();
		},
		boot: boot ?? ((send) => bootFlash(flash.bytes, send)),
		...rest,
	});
	return { chip, flash, isIo0Cut };
}

/** What the flash holds: a station that knows `version` and nothing else, or a boot loader's complaint. */
function bootFlash(flash: Uint8Array, send: (bytes: Uint8Array) => void): ChipProgram | undefined {
	const contents = contentsOf(flash);
	if ("complaint" in contents) {
		send(new TextEncoder().encode(contents.complaint));
		return undefined;
	}
	const bootloader = new Bootloader({ images: contents.images });
	const image = bootloader.boot("power-on");
	if (image === undefined) {
		send(new TextEncoder().encode("E (71) boot: No bootable app partitions\r\n"));
		return undefined;
	}
	const packed = image.firmwareVersion;
	const firmware = `${Math.floor(packed / 1e6)}.${Math.floor(packed / 1000) % 1000}.${packed % 1000}`;
	return answering({ parts: 0, protocol: 1, station: "bor-1", firmware }, send);
}

export function answering(
	version: Readonly<Record<string, string | number>>,
	send: (bytes: Uint8Array) => void,
): ChipProgram {
	const lines = new LineAssembler(false);
	return {
		receive: (bytes) => {
			for (const byte of bytes) {
				const line = lines.push(byte);
				if (!(line instanceof Uint8Array)) continue;
				const input = readRequest(line);
				if (input.kind === "request") send(encodeConsoleAnswer(input.request.id, "ok", version));
			}
		},
		stop: () => {},
	};
}

export interface MockOptions {
	/** What one write of the program is handed on in, and one read gives at most. */
	readonly chunkBytes?: number;
	/** The cable is pulled in this write, the first is 1. */
	readonly pullAtWrite?: number;
}

let ports = 0;

/** What the mock keeps to itself. */
interface PendingRead {
	readonly pendingRead: ((error: Error) => void) | null;
}

/** The chip behind npm serialport's mock, as the technician's program opens it. */
export async function mockPort(
	{ chip, isIo0Cut }: ChipBench,
	{ chunkBytes = 64, pullAtWrite = 0 }: MockOptions = {},
): Promise<ControlledPort> {
	const path = `/dev/CHIP${++ports}`;
	SerialPortMock.binding.createPort(path, {
		echo: false,
		readyData: Buffer.alloc(0),
		maxReadSize: chunkBytes,
	});
	let writes = 0;
	let isPulled = false;
	class Port extends SerialPortMock {
		override set(lines: object, callback: (error: Error | null) => void): void {
			const { dtr, rts } = lines as { dtr: boolean; rts: boolean };
			// A program that still holds a pulled cable's port moves no pin.
			if (!isPulled) chip.setLines({ dtr: dtr && !isIo0Cut, rts });
			callback(null);
		}
		override update(options: { baudRate: number }, callback: (error: Error | null) => void): void {
			if (!isPulled) chip.setBaud(options.baudRate);
			callback(null);
		}
		override open(callback: (error: Error | null) => void): void {
			super.open((error) => {
				const binding = this.port;
				if (binding !== undefined) {
					binding.write = async (bytes: Buffer) => {
						writes++;
						if (writes === pullAtWrite) {
							isPulled = true;
							chip.onBytes = undefined;
							(binding as unknown as PendingRead).pendingRead?.(new Error("device disconnected"));
							throw new Error("device disconnected");
						}
						for (let at = 0; at < bytes.length; at += chunkBytes) {
							chip.receive(new Uint8Array(bytes.subarray(at, at + chunkBytes)));
						}
					};
					chip.onBytes = (bytes) => {
						if (binding.isOpen) binding.emitData(Buffer.from(bytes));
					};
				}
				callback(error);
			});
		}
	}
	return openSerialPort(path, 115_200, Port as unknown as SerialPortClass);
}

/** A bundle written without anybody who reads along. */
export function flashed(
	port: ControlledPort,
	bundle: Bundle,
	more: Partial<FlashOptions> = {},
): Promise<FlashReport> {
	const quiet = { notify: () => {}, onProgress: () => {} };
	return flashBoard({ port, bundle, baud: 460_800, firstId: 1, ...quiet, ...more });
}

/** The technician's line over the SDK's Serial, which has the chip's 128 byte FIFOs and nothing more. */
import Serial from "embedded:io/serial";
import type { ConsoleStream } from "../ports.js";
import type { Guard } from "./guard.js";
import type { Native } from "./native.js";
import { type BoardPins, CONSOLE_PINS } from "./pins.js";

const BAUD = 115_200;

/**
 * The technician is attached when the service contact is closed: the plug closes it. A board that is not provisioned with all it needs
 * listens without.
 */
export function openConsole(
	native: Native,
	guard: Guard,
	{ service }: Pick<BoardPins, "service">,
	isUnprovisioned: boolean,
): ConsoleStream {
	const state: { writable: number; readable: number; onActivity: (() => void) | undefined } = {
		writable: 0,
		readable: 0,
		onActivity: undefined,
	};
	const act = guard(() => state.onActivity?.());
	const serial = new Serial({
		...CONSOLE_PINS,
		baud: BAUD,
		port: 0,
		format: "buffer",
		onReadable: (count: number) => {
			state.readable = count;
			act();
		},
		onWritable: (count: number) => {
			state.writable = count;
			act();
		},
	});
	return {
		read: () => {
			if (state.readable === 0) return undefined;
			state.readable = 0;
			const bytes = serial.read();
			return bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : undefined;
		},
		write: (bytes) => {
			const part = bytes.slice(0, state.writable);
			if (part.length > 0) serial.write(part.buffer);
			state.writable -= part.length;
			return part.length;
		},
		get isAttached() {
			return isUnprovisioned || native.station_level(service) === 0;
		},
		get onActivity() {
			return state.onActivity;
		},
		set onActivity(callback) {
			state.onActivity = callback;
		},
	};
}

/** A serial port with its control lines and its rate, whatever carries it: what writing an image needs of a board. */
import { BOOT_MILLISECONDS_MAX } from "./control-lines.js";
import type { Line } from "./line.js";

/** An open port. Callbacks come from the event loop, never inside a call. */
export interface ControlledPort {
	/** For messages: what was given as --port. */
	readonly name: string;
	/** False where there are none, as on a pseudo-terminal: somebody has to reset the board by hand. */
	readonly hasControlLines: boolean;
	onBytes: ((bytes: Uint8Array) => void) | undefined;
	/** The far end is gone: unplugged, closed, failed. Not after `close`. */
	onLost: ((reason: string) => void) | undefined;
	/** Resolves when the system took the bytes; rejects when the port is gone. */
	write(bytes: Uint8Array): Promise<void>;
	/** Both lines at once, always; true is asserted, which pulls the board's pin low. */
	setLines(lines: { readonly dtr: boolean; readonly rts: boolean }): Promise<void>;
	setBaud(baud: number): Promise<void>;
	close(): Promise<void>;
}

/** The same port as the line of the station at it. */
export function lineOf(port: ControlledPort): Line {
	const line: Line = {
		name: port.name,
		bootMillisecondsMax: BOOT_MILLISECONDS_MAX,
		onBytes: undefined,
		onLost: undefined,
		write: (bytes) => {
			port.write(bytes).catch((error: Error) => line.onLost?.(error.message));
		},
		close: () => port.close(),
	};
	port.onBytes = (bytes) => line.onBytes?.(bytes);
	port.onLost = (reason) => line.onLost?.(reason);
	return line;
}

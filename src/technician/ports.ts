/** Opens what --port names: a serial port, a socket; `sim:` is opened by who knows the simulator. */

import { createConnection } from "node:net";
import { OperationalError, UsageError } from "../host/errors.js";
import { notice } from "../host/messages/notice.js";
import { type ControlledPort, lineOf } from "./controlled-port.js";
import type { Line } from "./line.js";
import { openRfc2217Port } from "./rfc2217.js";
import { openSerialPort, type SerialPortClass } from "./serial-port.js";
import { addressOf, CONNECT_MILLISECONDS, whyNotConnected } from "./socket-address.js";

const SOCKET_SCHEME = "socket://";
const RFC2217_SCHEME = "rfc2217://";

/** A path, as every serial port of Linux and macOS has, or a name of Windows. */
const SERIAL_NAME = /^(?!.*:\/\/).*\/|^COM\d+$|^\\\\\.\\/i;

/**
 * Opens `socket://HOST:PORT`, `rfc2217://HOST:PORT` or the path of a serial port. Throws OperationalError with a
 * remedy, UsageError for what cannot be the name of a port.
 */
export async function openPort(name: string, baud: number): Promise<Line> {
	if (name.startsWith(SOCKET_SCHEME)) return openSocketLine(name);
	return lineOf(await openControlledPort(name, baud));
}

/** The same, but for what has no control lines. */
export async function openControlledPort(name: string, baud: number): Promise<ControlledPort> {
	if (name.startsWith(RFC2217_SCHEME)) return openRfc2217Port(name, baud);
	if (name.startsWith(SOCKET_SCHEME)) {
		throw new UsageError(notice("port-socket", { port: name }));
	}
	if (!SERIAL_NAME.test(name)) {
		throw new UsageError(notice("port-impossible", { port: name }));
	}
	// Loaded only now: it brings native code, and a socket or a simulation needs none of it.
	const { SerialPort } = await import("serialport");
	return openSerialPort(name, baud, SerialPort as unknown as SerialPortClass);
}

/** A TCP socket, as of a running `npm start` or a serial server. */
export function openSocketLine(name: string): Promise<Line> {
	const address = addressOf(name, "socket");
	return new Promise((resolve, reject) => {
		const socket = createConnection(address);
		let isOpen = false;
		let isClosing = false;
		const line: Line = {
			name,
			isSocket: true,
			onBytes: undefined,
			onLost: undefined,
			write: (bytes) => {
				socket.write(bytes);
			},
			close: () =>
				new Promise((closed) => {
					isClosing = true;
					if (socket.closed) closed();
					else socket.once("close", () => closed());
					socket.destroy();
				}),
		};
		const lose = (reason: string): void => {
			if (isClosing) return;
			isClosing = isOpen;
			if (isOpen) line.onLost?.(reason);
			else reject(new OperationalError(whyNotConnected(name, reason)));
		};
		socket.setNoDelay(true);
		socket.setTimeout(CONNECT_MILLISECONDS, () => {
			if (isOpen) return;
			lose("ETIMEDOUT");
			socket.destroy();
		});
		socket.on("connect", () => {
			isOpen = true;
			socket.setTimeout(0);
			resolve(line);
		});
		socket.on("data", (bytes) => line.onBytes?.(bytes));
		socket.on("error", (error: NodeJS.ErrnoException) => lose(error.code ?? error.message));
		socket.on("close", () => lose("the far end closed it"));
	});
}

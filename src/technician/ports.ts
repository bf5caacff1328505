/** Opens what --port names: a serial port, a socket; `sim:` is opened by who knows the simulator. */

import { createConnection } from "node:net";
import { OperationalError, UsageError } from "../host/errors.js";
import { BOOT_MILLISECONDS_MAX, type ControlLines, releaseControlLines } from "./control-lines.js";
import type { Line } from "./line.js";

const SOCKET_SCHEME = "socket://";
const CONNECT_MILLISECONDS = 5000;

/** What of npm serialport's class is used; its mock has the same. */
export interface SerialPortClass {
	new (options: { path: string; baudRate: number; autoOpen: false }): SerialPortLike;
	list(): Promise<readonly { readonly path: string }[]>;
}

interface SerialPortLike extends ControlLines {
	open(callback: (error: Error | null) => void): void;
	write(bytes: Uint8Array, callback: (error: Error | null | undefined) => void): unknown;
	close(callback: (error: Error | null) => void): void;
	readonly isOpen: boolean;
	on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
	on(
		event: "close" | "error" | "end",
		listener: (error: Error | null | undefined) => void,
	): unknown;
}

/** A path, as every serial port of Linux and macOS has, or a name of Windows. */
const SERIAL_NAME = /^(?!.*:\/\/).*\/|^COM\d+$|^\\\\\.\\/i;

/**
 * Opens `socket://HOST:PORT` or the path of a serial port. Throws OperationalError with a remedy,
 * UsageError for what cannot be the name of a port.
 */
export async function openPort(name: string, baud: number): Promise<Line> {
	if (name.startsWith(SOCKET_SCHEME)) return openSocketLine(name);
	if (!SERIAL_NAME.test(name)) {
		throw new UsageError(
			`--port: "${name}" cannot be a port; use the path of a serial port (/dev/ttyUSB0, COM3), ` +
				"socket://HOST:PORT or sim:",
		);
	}
	// Loaded only now: it brings native code, and a socket or a simulation needs none of it.
	const { SerialPort } = await import("serialport");
	return openSerialLine(name, baud, SerialPort as unknown as SerialPortClass);
}

/** A serial port, 8N1, locked against others, with the control lines let go. */
export async function openSerialLine(
	name: string,
	baud: number,
	PortClass: SerialPortClass,
): Promise<Line> {
	const port = new PortClass({ path: name, baudRate: baud, autoOpen: false });
	await new Promise<void>((resolve, reject) => {
		port.open((error) => {
			if (error === null || error === undefined) resolve();
			else reject(error);
		});
	}).catch(async (error: Error) => {
		throw new OperationalError(`${name}: ${await whyNotOpen(error.message, PortClass)}`);
	});
	await releaseControlLines(port);
	let isClosing = false;
	const line: Line = {
		name,
		bootMillisecondsMax: BOOT_MILLISECONDS_MAX,
		onBytes: undefined,
		onLost: undefined,
		write: (bytes) => {
			port.write(bytes, (error) => {
				if (error) lose(error.message);
			});
		},
		close: () =>
			new Promise((resolve) => {
				isClosing = true;
				if (port.isOpen) port.close(() => resolve());
				else resolve();
			}),
	};
	const lose = (reason: string): void => {
		if (!isClosing) line.onLost?.(reason);
	};
	port.on("data", (bytes) => line.onBytes?.(bytes));
	port.on("error", (error) => lose(error?.message ?? "error"));
	port.on("end", () => lose("the port is gone"));
	port.on("close", (error) => lose(error?.message ?? "the port is gone"));
	return line;
}

/** A TCP socket, as of a running `npm start` or a serial server. */
export function openSocketLine(name: string): Promise<Line> {
	const [, host = "", port = ""] =
		/^socket:\/\/(\[[0-9a-f:]+\]|[^:/[\]]+):(\d{1,5})\/?$/i.exec(name) ?? [];
	if (host === "" || Number(port) < 1 || Number(port) > 65_535) {
		throw new UsageError(`${name}: use socket://HOST:PORT`);
	}
	return new Promise((resolve, reject) => {
		const socket = createConnection({ host: host.replace(/^\[|\]$/g, ""), port: Number(port) });
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
			else reject(new OperationalError(`${name}: ${whyNotConnected(reason)}`));
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

function whyNotConnected(reason: string): string {
	switch (reason) {
		case "ECONNREFUSED":
			return "nobody listens there; is the station (or npm start) running, and is this its port?";
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return "no such host; check the name";
		case "ETIMEDOUT":
			return `no connection within ${CONNECT_MILLISECONDS / 1000} s; check the address and the network`;
		default:
			return `cannot be reached (${reason})`;
	}
}

/** The binding says it in words of the operating system. */
async function whyNotOpen(message: string, PortClass: SerialPortClass): Promise<string> {
	if (/no such file|not exist|not found|File not found/i.test(message)) {
		const names = (await PortClass.list().catch(() => [])).map(({ path }) => path);
		const those = names.length === 0 ? "none is plugged in" : `there is ${names.join(", ")}`;
		return `no such port; ${those}`;
	}
	if (/lock|busy|in use|already open|temporarily unavailable/i.test(message)) {
		return "another program has it; close that one (a terminal, perhaps)";
	}
	if (/permission|access denied|EACCES/i.test(message)) {
		return "not allowed; on Linux add yourself to the group dialout and log in again";
	}
	return `cannot be opened as a serial port (${message.replace(/^Error:?\s*/i, "")})`;
}

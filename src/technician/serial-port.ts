/** A serial port of this machine, 8N1, by npm serialport. */
import { OperationalError } from "../host/errors.js";
import { type Notice, notice } from "../host/messages/notice.js";
import { type ControlLines, releaseControlLines } from "./control-lines.js";
import type { ControlledPort } from "./controlled-port.js";

/** What of npm serialport's class is used; its mock has the same. */
export interface SerialPortClass {
	new (options: {
		path: string;
		baudRate: number;
		autoOpen: false;
		hupcl: false;
		rtscts: false;
	}): SerialPortLike;
	list(): Promise<readonly { readonly path: string }[]>;
}

export interface SerialPortLike extends ControlLines {
	open(callback: (error: Error | null) => void): void;
	write(bytes: Uint8Array, callback: (error: Error | null | undefined) => void): unknown;
	update(options: { baudRate: number }, callback: (error: Error | null) => void): unknown;
	close(callback: (error: Error | null) => void): void;
	readonly isOpen: boolean;
	on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
	on(
		event: "close" | "error" | "end",
		listener: (error: Error | null | undefined) => void,
	): unknown;
}

/** Opens it locked against others, with the control lines let go. Throws OperationalError with a remedy. */
export async function openSerialPort(
	name: string,
	baud: number,
	PortClass: SerialPortClass,
): Promise<ControlledPort> {
	// Without these Windows' binding asserts DTR as it opens, and the DCB that it keeps again with each new rate.
	const lines = { hupcl: false, rtscts: false } as const;
	const port = new PortClass({ path: name, baudRate: baud, autoOpen: false, ...lines });
	await called((callback) => port.open(callback)).catch(async (error: Error) => {
		throw new OperationalError(await whyNotOpen(name, error.message, PortClass));
	});
	const hasControlLines = await releaseControlLines(port);
	let isClosing = false;
	const lose = (reason: string): void => {
		if (!isClosing) controlled.onLost?.(reason);
	};
	const controlled: ControlledPort = {
		name,
		hasControlLines,
		onBytes: undefined,
		onLost: undefined,
		// The library queues writes to a port that is gone, for ever.
		write: (bytes) =>
			port.isOpen
				? called((callback) => port.write(bytes, callback))
				: Promise.reject(new Error("the port is gone")),
		setLines: async ({ dtr, rts }) => {
			if (!hasControlLines) return;
			await called((callback) => port.set({ dtr, rts, brk: false }, callback));
		},
		setBaud: (baudRate) => called((callback) => port.update({ baudRate }, callback)),
		close: () =>
			new Promise((resolve) => {
				isClosing = true;
				if (port.isOpen) port.close(() => resolve());
				else resolve();
			}),
	};
	port.on("data", (bytes) => controlled.onBytes?.(bytes));
	port.on("error", (error) => lose(error?.message ?? "error"));
	port.on("end", () => lose("the port is gone"));
	port.on("close", (error) => lose(error?.message ?? "the port is gone"));
	return controlled;
}

function called(
	call: (callback: (error: Error | null | undefined) => void) => unknown,
): Promise<void> {
	return new Promise((resolve, reject) => {
		call((error) => {
			if (error === null || error === undefined) resolve();
			else reject(error);
		});
	});
}

/** The binding says it in words of the operating system. */
async function whyNotOpen(
	port: string,
	message: string,
	PortClass: SerialPortClass,
): Promise<Notice> {
	if (/no such file|not exist|not found|File not found/i.test(message)) {
		const names = (await PortClass.list().catch(() => [])).map(({ path }) => path);
		if (names.length === 0) return notice("port-none", { port });
		return notice("port-others", { port, names: names.join(", ") });
	}
	if (/lock|busy|in use|already open|temporarily unavailable/i.test(message)) {
		return notice("port-taken", { port });
	}
	if (/permission|access denied|EACCES/i.test(message)) return notice("port-refused", { port });
	return notice("port-no-serial", { port, why: message.replace(/^Error:?\s*/i, "") });
}

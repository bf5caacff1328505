/** The line of a simulated board for other programs, by RFC 2217, on loopback: one of them at a time, as on a cable. */
import { createServer, type Server, type Socket } from "node:net";
import { OperationalError } from "../../../src/host/errors.js";
import type { ControlledPort } from "../../../src/technician/controlled-port.js";
import {
	ANSWER_OFFSET,
	COM_PORT,
	CONTROL,
	comPortCommand,
	escapedForTelnet,
	OPTIONS,
	optionCommand,
	TELNET,
	TelnetReader,
} from "../../../src/technician/telnet.js";
import { hasLeft } from "../has-left.js";

const HOST = "127.0.0.1";
/** What loaders set besides the rate, and what is answered whatever they ask: 8 data bits, no parity, 1 stop bit. */
const TAKEN: readonly number[] = Object.freeze([
	COM_PORT.setDataSize,
	COM_PORT.setParity,
	COM_PORT.setStopSize,
	COM_PORT.purge,
]);

export interface Rfc2217Server {
	/** `rfc2217://127.0.0.1:PORT` */
	readonly address: string;
	close(): Promise<void>;
}

/** `port` 0: a free one. Throws OperationalError when it is taken. */
export async function serveRfc2217(board: ControlledPort, port: number): Promise<Rfc2217Server> {
	let holder: Socket | undefined;
	let isClosed = false;
	const pullOut = (socket: Socket): void => {
		socket.destroy();
		if (holder !== socket) return;
		holder = undefined;
		board.onBytes = undefined;
		void board.setLines({ dtr: false, rts: false });
	};
	const server = createServer(async (socket) => {
		socket.on("error", () => socket.destroy());
		const before = holder;
		if (before !== undefined && (await hasLeft(before))) pullOut(before);
		if (holder !== undefined || isClosed || socket.destroyed) {
			socket.end();
			return;
		}
		holder = socket;
		socket.on("close", () => pullOut(socket));
		serve(board, socket);
	});
	await listening(server, port);
	const address = server.address();
	const bound = typeof address === "object" && address !== null ? address.port : port;
	return {
		address: `rfc2217://${HOST}:${bound}`,
		close: () =>
			new Promise((resolve) => {
				isClosed = true;
				holder?.destroy();
				server.close(() => resolve());
			}),
	};
}

function serve(board: ControlledPort, socket: Socket): void {
	const lines = { dtr: false, rts: false };
	// Bytes, lines and rates in the order in which they came.
	let turn = Promise.resolve();
	const inOrder = (work: () => Promise<void>): void => {
		turn = turn.then(work).catch(() => {
			socket.destroy();
		});
	};
	const answer = (command: number, value: Uint8Array): void => {
		socket.write(comPortCommand(command + ANSWER_OFFSET, value));
	};
	board.onBytes = (bytes) => {
		socket.write(escapedForTelnet(bytes));
	};
	const reader = new TelnetReader({
		onBytes: (bytes) => inOrder(() => board.write(bytes)),
		onOption: (verb, option) => {
			const isKnown = (Object.values(OPTIONS) as number[]).includes(option);
			if (verb === TELNET.will) {
				socket.write(optionCommand(isKnown ? TELNET.do : TELNET.dont, option));
			} else if (verb === TELNET.do) {
				socket.write(optionCommand(isKnown ? TELNET.will : TELNET.wont, option));
			}
		},
		onComPort: (command, value) =>
			inOrder(async () => {
				if (command === COM_PORT.setBaud && value.length === 4) {
					await board.setBaud(Buffer.from(value).readUInt32BE(0));
				} else if (command === COM_PORT.setControl) {
					const [which = 0] = value;
					if (which === CONTROL.dtrOn || which === CONTROL.dtrOff)
						lines.dtr = which === CONTROL.dtrOn;
					if (which === CONTROL.rtsOn || which === CONTROL.rtsOff)
						lines.rts = which === CONTROL.rtsOn;
					await board.setLines(lines);
				} else if (!TAKEN.includes(command)) return;
				answer(command, value);
			}),
	});
	socket.setNoDelay(true);
	socket.on("data", (bytes) => reader.push(bytes));
}

function listening(server: Server, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be opened (${error.code})`;
			reject(new OperationalError(`port ${port} of ${HOST} ${why}; choose another`));
		});
		server.listen(port, HOST, () => resolve());
	});
}

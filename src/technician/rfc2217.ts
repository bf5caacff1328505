/** A serial port of another machine by RFC 2217 (telnet COM port control): its control lines and its rate, too. */
import { createConnection, type Socket } from "node:net";
import { OperationalError } from "../host/errors.js";
import type { ControlledPort } from "./controlled-port.js";
import { addressOf, CONNECT_MILLISECONDS, whyNotConnected } from "./socket-address.js";
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
} from "./telnet.js";

/** A server that does not answer a command is none of this protocol. */
const ANSWER_MILLISECONDS = 3000;

/** Opens `rfc2217://HOST:PORT` with its lines let go. Throws OperationalError with a remedy. */
export async function openRfc2217Port(name: string, baud: number): Promise<ControlledPort> {
	const port = new Rfc2217Port(name, await connected(name));
	await port.setLines({ dtr: false, rts: false });
	await port.setBaud(baud);
	return port;
}

class Rfc2217Port implements ControlledPort {
	readonly name: string;
	readonly hasControlLines = true;
	onBytes: ((bytes: Uint8Array) => void) | undefined = undefined;
	onLost: ((reason: string) => void) | undefined = undefined;
	readonly #socket: Socket;
	/** Answers that are waited for, in order: the code of each. */
	readonly #expected: { readonly code: number; readonly settle: (error?: Error) => void }[] = [];
	#isOver = false;

	constructor(name: string, socket: Socket) {
		this.name = name;
		this.#socket = socket;
		const reader = new TelnetReader({
			onBytes: (bytes) => this.onBytes?.(bytes),
			onOption: () => {},
			onComPort: (command) => this.#answered(command),
		});
		socket.on("data", (bytes) => reader.push(bytes));
		socket.on("error", (error: NodeJS.ErrnoException) => this.#lose(error.code ?? error.message));
		socket.on("close", () => this.#lose("the far end closed it"));
		for (const option of Object.values(OPTIONS)) {
			socket.write(optionCommand(TELNET.will, option));
			socket.write(optionCommand(TELNET.do, option));
		}
	}

	write(bytes: Uint8Array): Promise<void> {
		return this.#put(escapedForTelnet(bytes));
	}

	async setLines({ dtr, rts }: { readonly dtr: boolean; readonly rts: boolean }): Promise<void> {
		const { setControl } = COM_PORT;
		// One after the other, as this protocol has no command for both: the line that is let go first.
		const steps = [
			[dtr, dtr ? CONTROL.dtrOn : CONTROL.dtrOff],
			[rts, rts ? CONTROL.rtsOn : CONTROL.rtsOff],
		] as const;
		for (const [, value] of [...steps].sort(([a], [b]) => Number(a) - Number(b))) {
			await this.#command(setControl, Uint8Array.of(value));
		}
	}

	setBaud(baud: number): Promise<void> {
		const value = Buffer.alloc(4);
		value.writeUInt32BE(baud);
		return this.#command(COM_PORT.setBaud, value);
	}

	close(): Promise<void> {
		this.#isOver = true;
		return new Promise((resolve) => {
			if (this.#socket.closed) resolve();
			else this.#socket.once("close", () => resolve());
			this.#socket.end();
			this.#socket.destroySoon();
		});
	}

	#command(command: number, value: Uint8Array): Promise<void> {
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				waiter.settle(new Error("no answer: not a server of RFC 2217"));
			}, ANSWER_MILLISECONDS);
			const waiter = {
				code: command + ANSWER_OFFSET,
				settle: (error?: Error) => {
					clearTimeout(timer);
					this.#expected.splice(this.#expected.indexOf(waiter), 1);
					if (error === undefined) resolve();
					else reject(new OperationalError(`${this.name}: ${error.message}`));
				},
			};
			this.#expected.push(waiter);
			this.#put(comPortCommand(command, value)).catch((error: Error) => waiter.settle(error));
		});
	}

	#put(bytes: Uint8Array): Promise<void> {
		if (this.#socket.destroyed) return Promise.reject(new Error("the far end is gone"));
		return new Promise((resolve, reject) => {
			this.#socket.write(bytes, (error) => {
				if (error === null || error === undefined) resolve();
				else reject(error);
			});
		});
	}

	#answered(code: number): void {
		const waiter = this.#expected.find((each) => each.code === code);
		waiter?.settle();
	}

	#lose(reason: string): void {
		for (const { settle } of [...this.#expected]) settle(new Error(`cut off (${reason})`));
		if (this.#isOver) return;
		this.#isOver = true;
		this.onLost?.(reason);
	}
}

function connected(name: string): Promise<Socket> {
	const socket = createConnection(addressOf(name, "rfc2217"));
	socket.setNoDelay(true);
	return new Promise((resolve, reject) => {
		const fail = (code: string): void => {
			socket.destroy();
			reject(new OperationalError(whyNotConnected(name, code)));
		};
		const onError = (error: NodeJS.ErrnoException): void => fail(error.code ?? error.message);
		socket.setTimeout(CONNECT_MILLISECONDS, () => fail("ETIMEDOUT"));
		socket.once("error", onError);
		socket.once("connect", () => {
			socket.setTimeout(0);
			socket.removeListener("error", onError);
			resolve(socket);
		});
	});
}

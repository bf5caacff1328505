/** Ways to a simulated station: npm serialport's mock that cuts everything to pieces, and a real pseudo-terminal. */
import { type ChildProcess, spawn } from "node:child_process";
import { SerialPortMock, type SerialPortMockOpenOptions } from "serialport";
import type { StationLine } from "../../../sim/shell/station-line.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import type { Line } from "../../../src/technician/line.js";
import type { SerialPortClass } from "../../../src/technician/serial-port.js";

/** What the mock's binding has and its types do not say. */
interface MockBinding {
	emitData(data: Buffer): void;
	write(bytes: Buffer): Promise<void>;
	read(buffer: Buffer, offset: number, length: number): Promise<unknown>;
	pendingRead: ((error: Error) => void) | null;
}

export interface MockFarEnd {
	readonly line: Line;
	/** The cable is pulled. */
	pull(): void;
	/** Bytes from the far end that no station sent. */
	send(bytes: Uint8Array): void;
}

/**
 * A line over serialport's mock to `station` (or to nobody): pieces of 1 to 7 bytes each way, an
 * empty turn of the event loop between them.
 */
export async function openMockLine(
	path: string,
	station: StationLine | undefined,
	seed = 1,
	onWrite?: (bytes: Uint8Array) => void,
): Promise<MockFarEnd> {
	const random = new SeededRandom(seed);
	SerialPortMock.binding.createPort(path, { maxReadSize: 3 });
	const opened: SerialPortMock[] = [];
	class Port extends SerialPortMock {
		constructor(options: SerialPortMockOpenOptions) {
			super(options);
			opened.push(this);
		}
	}
	const line = await openSerialLine(path, 115_200, Port as unknown as SerialPortClass);
	const port = opened[0] as SerialPortMock;
	const binding = port.port as unknown as MockBinding;
	const pieces = async (bytes: Uint8Array, deliver: (piece: Buffer) => void): Promise<void> => {
		for (let at = 0; at < bytes.length; ) {
			const end = Math.min(at + 1 + integerBelow(random, 7), bytes.length);
			deliver(Buffer.from(bytes.subarray(at, end)));
			at = end;
			if (integerBelow(random, 3) === 0) await new Promise((resolve) => setImmediate(resolve));
		}
	};
	const write = binding.write.bind(binding);
	const read = binding.read.bind(binding);
	let isPulled = false;
	binding.read = async (...given) => {
		if (isPulled) throw new Error("the cable was pulled");
		return read(...given);
	};
	let toStation = Promise.resolve();
	binding.write = async (bytes) => {
		await write(bytes);
		onWrite?.(bytes);
		if (station === undefined) return;
		toStation = toStation.then(() => pieces(bytes, (piece) => station.send(piece)));
	};
	let toProgram = Promise.resolve();
	await station?.attach((bytes) => {
		toProgram = toProgram.then(() =>
			pieces(bytes, (piece) => {
				if (port.isOpen) binding.emitData(piece);
			}),
		);
	});
	return {
		line,
		pull: () => {
			station?.detach();
			isPulled = true;
			const waiting = binding.pendingRead;
			binding.pendingRead = null;
			waiting?.(new Error("the cable was pulled"));
		},
		send: (bytes) => binding.emitData(Buffer.from(bytes)),
	};
}

/** Opens a pseudo-terminal, says its name, and joins its master to this process' pipes. */
const BRIDGE = `
import os, pty, select, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), file=sys.stderr, flush=True)
while True:
    ready, _, _ = select.select([0, master], [], [])
    for source in ready:
        data = os.read(source, 4096)
        if not data: sys.exit(0)
        os.write(1 if source == master else master, data)
`;

import { openSerialLine } from "../bench/serial-line.js";

export interface PseudoTerminal {
	readonly path: string;
	/** Ends it: to the program that is as if the adapter was pulled out. */
	close(): Promise<void>;
	send(bytes: Uint8Array): void;
	onBytes: ((bytes: Uint8Array) => void) | undefined;
}

/** Undefined where there is no python3 to make one. */
export function openPseudoTerminal(): Promise<PseudoTerminal | undefined> {
	return new Promise((resolve) => {
		const child: ChildProcess = spawn("python3", ["-u", "-c", BRIDGE], { stdio: "pipe" });
		const closed = new Promise<void>((done) => child.once("close", () => done()));
		child.once("error", () => resolve(undefined));
		child.once("exit", () => resolve(undefined));
		let output = "";
		child.stderr?.setEncoding("latin1").on("data", (text: string) => {
			output += text;
			const path = /^(\/dev\/\S+)\n/.exec(output)?.[1];
			if (path === undefined) return;
			resolve(terminal);
			Object.assign(terminal, { path });
		});
		const terminal: PseudoTerminal = {
			path: "",
			onBytes: undefined,
			send: (bytes) => {
				child.stdin?.write(bytes);
			},
			close: async () => {
				child.kill("SIGKILL");
				await closed;
			},
		};
		child.stdin?.on("error", () => {});
		child.stdout?.on("data", (bytes: Buffer) => terminal.onBytes?.(new Uint8Array(bytes)));
	});
}

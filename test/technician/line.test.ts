/** The technician's program and a simulated station over everything that can lie between them. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPortMock } from "serialport";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import { openNamedStation, openSimulatedLine, StationLine } from "../../sim/shell/station-line.js";
import { asciiBytes } from "../../src/core/bytes.js";
import { encodeConsoleAnswer, encodePart } from "../../src/protocol/line/console.js";
import { ConsoleClient } from "../../src/technician/client.js";
import { exportJournal, readExportedFile } from "../../src/technician/journal-export.js";
import type { Line } from "../../src/technician/line.js";
import { openPort } from "../../src/technician/ports.js";
import type { SerialPortClass } from "../../src/technician/serial-port.js";
import { openSerialLine } from "../support/bench/serial-line.js";
import { openMockLine, openPseudoTerminal } from "../support/collectors/far-end.js";
import { whole } from "../support/depth.js";

/** What a session asks, and every answer as text. */
async function session(line: Line): Promise<string[]> {
	const client = new ConsoleClient(line, 1000, () => {});
	const lines = [JSON.stringify(await client.greet())];
	for (const [command, fields] of [
		["status", {}],
		["read", {}],
		["journal", { first: 1, count: 500 }],
		["self-test", {}],
	] as const) {
		const answer = await client.request(command, { fields, deadlineMilliseconds: 20_000 });
		for (const part of [...answer.parts, answer.fields]) lines.push(JSON.stringify([...part]));
	}
	await assert.rejects(client.request("dance"), /unknown-command, no command dance/);
	await client.close();
	return lines;
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

describe("bistrina and a station", function () {
	this.timeout(120_000);
	let folder: string;
	let expected: string[];

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-line-test-"));
		expected = await session(await openSimulatedLine(""));
	});

	after(() => {
		rmSync(folder, { recursive: true });
		SerialPortMock.binding.reset();
	});

	it("talk over sim:, and the answers are a function of what was asked", async () => {
		assert.ok(expected.length > 30, `${expected.length} lines`);
		assert.match(expected[0] ?? "", /"station":"sim-1"/);
		assert.deepEqual(await session(await openSimulatedLine("quiet-bor,1")), expected);
	});

	it("answer alike over serialport's mock, which cuts every line to pieces", async () => {
		for (const seed of [1, 2]) {
			const station = await openNamedStation("");
			const { line } = await openMockLine(`/dev/MOCK-${seed}`, station, seed);
			const lines = await session(line);
			assert.deepEqual(lines, expected, `seed ${seed}`);
			station.close();
		}
	});

	it("answer alike over a real pseudo-terminal", async function () {
		const terminal = await openPseudoTerminal();
		if (terminal === undefined) {
			console.log("SKIPPED: the pseudo-terminal lane; install python3 to run it");
			this.skip();
			return;
		}
		const station = await openNamedStation("");
		terminal.onBytes = (bytes) => station.send(bytes);
		await station.attach((bytes) => terminal.send(bytes));
		assert.deepEqual(await session(await openPort(terminal.path, 115_200)), expected);
		// A second program at the same port, then none at the far end.
		const line = await openPort(terminal.path, 115_200);
		await assert.rejects(
			openPort(terminal.path, 115_200),
			/another program has it; close that one/,
		);
		const client = new ConsoleClient(line, 1, () => {});
		station.detach();
		const cutOff = assert.rejects(
			client.request("status"),
			/cut off \(.*\); plug it in and ask again/,
		);
		await terminal.close();
		await cutOff;
		await client.close();
		station.close();
	});

	whole("lose nothing when an export is interrupted ten times", async () => {
		const station = await StationLine.open({
			seed: 5,
			river: (SCENARIOS["storm-pek"] as NonNullable<(typeof SCENARIOS)[string]>)(5, 1_790_812_800),
			seconds: 15 * 3600,
		});
		const { witness } = station.played;
		const path = join(folder, "interrupted.jsonl");
		const total = witness.returned.length;
		assert.ok(total > 180, `${total} entries`);
		let interruptions = 0;
		for (let turn = 0; ; turn++) {
			const far = await openMockLine(`/dev/PULLED-${turn}`, station, turn);
			const client = new ConsoleClient(far.line, 1 + 1000 * turn, () => {});
			await client.greet();
			let bytes = 0;
			const { onBytes } = far.line;
			far.line.onBytes = (piece) => {
				bytes += piece.length;
				// In the middle of a line, each time elsewhere.
				if (turn < 10 && bytes > 1500 + 37 * turn) far.pull();
				else onBytes?.(piece);
			};
			try {
				await exportJournal(client, "sim-1", { path, first: 1 });
				break;
			} catch (error) {
				assert.match(messageOf(error), /cut off/);
				interruptions++;
			}
			await client.close();
			// What an interruption in the middle of a write to the disk leaves.
			if (turn % 2 === 1) writeFileSync(path, `${readFileSync(path, "latin1")}{"sequence":9`);
		}
		assert.equal(interruptions, 10);
		const { entries } = readExportedFile(path, new Uint8Array(readFileSync(path)));
		const hex = (all: readonly Uint8Array[]): string[] =>
			all.map((bytes) => Buffer.from(bytes).toString("hex"));
		// Service events of these visits came after what the witness had seen at first.
		const fetched = entries.map(({ canonicalBytes }) => canonicalBytes);
		assert.deepEqual(hex(fetched), hex(witness.returned).slice(0, entries.length));
		assert.ok(entries.length >= total, `${entries.length} of ${total}`);
		station.close();
	});
});

describe("an exported journal", function () {
	this.timeout(60_000);
	let folder: string;

	before(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-export-test-"));
	});

	after(() => {
		rmSync(folder, { recursive: true });
	});

	it("is not mixed with another journal, nor taken for one when it was altered", async () => {
		const path = join(folder, "journal.jsonl");
		const first = new ConsoleClient(await openSimulatedLine(""), 1, () => {});
		await first.greet();
		const outcome = await exportJournal(first, "sim-1", { path, first: 1 });
		assert.ok(outcome.fetched > 10);
		const again = await exportJournal(first, "sim-1", { path, first: 1 });
		assert.equal(again.held, outcome.held + again.fetched);
		await first.close();
		const before = readFileSync(path, "latin1");
		const other = new ConsoleClient(await openSimulatedLine("quiet-bor,2"), 1, () => {});
		await other.greet();
		await assert.rejects(exportJournal(other, "sim-1", { path, first: 1 }), {
			code: "other-epoch",
		});
		await assert.rejects(
			exportJournal(other, "bor-1", { path, first: 1 }),
			/holds the journal of sim-1/,
		);
		await assert.rejects(
			exportJournal(other, "sim-1", { path: join(folder, "no", "where"), first: 1 }),
			/cannot be written \(ENOENT\)/,
		);
		await other.close();
		assert.equal(readFileSync(path, "latin1"), before);
		const altered = before.replace(/("sequence":)6/, "$17");
		const { damage } = readExportedFile("f", new Uint8Array(Buffer.from(altered)));
		assert.deepEqual(damage, ["f:7: entry 7 is not what it says it is"]);
	});
});

describe("trouble on the technician's line", function () {
	this.timeout(60_000);
	let server: Server;
	let port: number;
	let serve: (socket: Socket) => void = () => {};

	before(async () => {
		server = createServer((socket) => {
			socket.on("error", () => {});
			serve(socket);
		});
		port = await new Promise((resolve) => {
			server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
		});
	});

	after(() => {
		server.close();
		SerialPortMock.binding.reset();
	});

	async function greetError(serving: (socket: Socket) => void): Promise<string> {
		serve = serving;
		const client = new ConsoleClient(await openPort(`socket://127.0.0.1:${port}`, 0), 7, () => {});
		try {
			await client.greet(100);
			return "no trouble";
		} catch (error) {
			return messageOf(error);
		} finally {
			await client.close();
		}
	}

	it("names a port that is not there, with those that are", async () => {
		SerialPortMock.binding.createPort("/dev/ttyUSB7");
		const open = openSerialLine("/dev/ttyUSB9", 1, SerialPortMock as unknown as SerialPortClass);
		await assert.rejects(open, {
			message: "/dev/ttyUSB9: no such port; there is /dev/ttyUSB7",
		});
		await assert.rejects(openPort("/dev/nonesuch", 115_200), /\/dev\/nonesuch: no such port; /);
	});

	it("names a port that another program has", async () => {
		SerialPortMock.binding.createPort("/dev/ttyUSB8");
		const open = (): Promise<Line> =>
			openSerialLine("/dev/ttyUSB8", 1, SerialPortMock as unknown as SerialPortClass);
		const line = await open();
		await assert.rejects(open(), {
			message: "/dev/ttyUSB8: another program has it; close that one (a terminal, perhaps)",
		});
		await line.close();
	});

	it("names a socket at which nobody listens, and an address that is none", async () => {
		await assert.rejects(openPort("socket://127.0.0.1:1", 0), /nobody listens there/);
		await assert.rejects(openPort("socket://host", 0), /use socket:\/\/HOST:PORT/);
	});

	it("names silence, nonsense as of a wrong baud rate, and a line that another has", async () => {
		assert.match(await greetError(() => {}), /: silent; check the cable/);
		const far = await openMockLine("/dev/FAST", undefined);
		const client = new ConsoleClient(far.line, 7, () => {});
		const greeted = client.greet(100, 400);
		far.send(new Uint8Array([0x80, 0xf8, 0x00, 0xe0, 0x0a, 0x1e]));
		await assert.rejects(greeted, /bytes came that make no sense; check --baud/);
		await client.close();
		assert.equal(
			await greetError((socket) =>
				socket.end("# 0 another program has the line of bor-1; close that one\n"),
			),
			`socket://127.0.0.1:${port}: another program has the line of bor-1; close that one`,
		);
		assert.match(
			await greetError((socket) => socket.end("# 12 boot after power-on\n")),
			/: cut off \(the far end closed it\); plug it in and ask again$/,
		);
	});

	it("names a port at which somebody else listens: a web server, one that hangs up at once", async () => {
		const expected =
			`socket://127.0.0.1:${port}: nobody there speaks the technician's line; ` +
			"is this the port of a station?";
		const page = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
		for (const serving of [
			(socket: Socket) => socket.end(),
			(socket: Socket) => socket.once("data", () => socket.end(page)),
			(socket: Socket) => socket.on("data", () => socket.write(page)),
			// TLS: an alert.
			(socket: Socket) =>
				socket.once("data", () => socket.end(Buffer.from("15030100020246", "hex"))),
			(socket: Socket) => socket.once("data", () => socket.resetAndDestroy()),
		]) {
			assert.equal(await greetError(serving), expected);
		}
	});

	it("calls what cannot be a port usage, and a device that is not there trouble", async () => {
		for (const name of ["foo", "ttyUSB0", "http://127.0.0.1:1", "socket:127.0.0.1:1", ""]) {
			await assert.rejects(openPort(name, 115_200), {
				name: "UsageError",
				message: /^--port: ".*" cannot be a port; use the path of a serial port/,
			});
		}
		for (const name of ["/dev/nonesuch", "./nonesuch", "COM77"]) {
			await assert.rejects(openPort(name, 115_200), {
				name: "OperationalError",
				message: /: no such port; /,
			});
		}
	});

	it("names a station of another version", async () => {
		const text = await greetError((socket) => {
			socket.on("data", (bytes) => {
				const id = Number(/\?(\d+)/.exec(bytes.toString("latin1"))?.[1]);
				const fields = { parts: 0, protocol: 2, station: "new", firmware: "9.0.0" };
				socket.write(encodeConsoleAnswer(id, "ok", fields));
			});
		});
		assert.match(text, /speaks version 2 of the line, this program version 1; use the tools/);
	});

	it("notices a cable that is pulled in the middle of an answer, and a part that got lost", async () => {
		const answering =
			(next: (socket: Socket, id: number) => void) =>
			(socket: Socket): void => {
				socket.on("data", (bytes) => {
					const [, id, command] = /\?(\d+) (\S+)/.exec(bytes.toString("latin1")) ?? [];
					const fields = { parts: 0, protocol: 1, station: "a", firmware: "1.0.0" };
					if (command === "version") socket.write(encodeConsoleAnswer(Number(id), "ok", fields));
					else next(socket, Number(id));
				});
			};
		const ask = async (): Promise<string> => {
			const client = new ConsoleClient(
				await openPort(`socket://127.0.0.1:${port}`, 0),
				7,
				() => {},
			);
			try {
				await client.greet();
				await client.request("status", { deadlineMilliseconds: 500 });
				return "no trouble";
			} catch (error) {
				return messageOf(error);
			} finally {
				await client.close();
			}
		};
		serve = answering((socket, id) => {
			socket.end(Buffer.from(encodePart(id, { station: "a" }).subarray(0, 7)));
		});
		assert.match(await ask(), /cut off \(the far end closed it\); plug it in and ask again/);
		serve = answering((socket, id) => {
			socket.write(encodePart(id, { station: "a" }));
			socket.write(encodeConsoleAnswer(id, "ok", { parts: 2 }));
		});
		assert.match(await ask(), /1 of 2 lines of the answer came through; ask again/);
		serve = answering((socket, id) => {
			socket.write(encodeConsoleAnswer(id, "ok", {}));
		});
		assert.match(await ask(), /0 of \? lines of the answer came through; ask again/);
		serve = answering((socket, id) => {
			socket.write(encodeConsoleAnswer(id + 1, "ok", { parts: 0 }));
			socket.write(asciiBytes("# 12 a log line in between\n"));
		});
		assert.match(await ask(), /no answer to status within 0.5 s; ask again/);
	});
});

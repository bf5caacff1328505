/** What opening a serial port does to the board at it, and how long its boot is waited for. */
import { strict as assert } from "node:assert";
import { createRequire } from "node:module";
import { join } from "node:path";
import { SerialPortMock } from "serialport";
import sinon from "sinon";
import { encodeConsoleAnswer, encodePart } from "../../src/protocol/line/console.js";
import { ConsoleClient } from "../../src/technician/client.js";
import { BOOT_MILLISECONDS_MAX } from "../../src/technician/control-lines.js";
import type { Line } from "../../src/technician/line.js";
import { openSerialPort, type SerialPortClass } from "../../src/technician/serial-port.js";
import { openSerialLine } from "../support/bench/serial-line.js";
import { PROJECT } from "../support/sources.js";

describe("a serial port that is opened", () => {
	afterEach(() => {
		SerialPortMock.binding.reset();
		sinon.restore();
	});

	/** Opens the port of a board; what was done to it, in order. */
	async function opened(refusal?: Error): Promise<string[]> {
		const done: string[] = [];
		SerialPortMock.binding.createPort("/dev/BOARD");
		class Port extends SerialPortMock {
			override open(callback: (error: Error | null) => void): void {
				super.open((error) => {
					done.push("open");
					callback(error);
				});
			}
			override set(lines: object, callback: (error: Error | null) => void): void {
				done.push(`set ${JSON.stringify(lines)}`);
				callback(refusal ?? null);
			}
		}
		const line = await openSerialLine("/dev/BOARD", 115_200, Port as unknown as SerialPortClass);
		done.push("opened");
		await line.close();
		return done;
	}

	it("lets go of DTR and RTS at once, both in one call, before anything is said", async () => {
		assert.deepEqual(await opened(), [
			"open",
			'set {"dtr":false,"rts":false,"brk":false}',
			"opened",
		]);
	});

	it("is a line all the same where the port has no such lines", async () => {
		const done = await opened(new Error("Error: Inappropriate ioctl for device, cannot set"));
		assert.equal(done.at(-1), "opened");
	});
});

/**
 * What serialport_win.cpp of @serialport/bindings-cpp 13.0.0 does to the two lines, under that library's own JavaScript
 * for Windows: `Open` and `Update` hand a DCB to SetCommState, which sets both by its fDtrControl and fRtsControl (a
 * driver may, whatever they were); `Set` is EscapeCommFunction, of RTS first, which the DCB does not hear of.
 */
class WindowsLines {
	readonly seen: string[] = [];
	#dcb = { dtr: false, rts: false };
	#lines = { dtr: false, rts: false };

	readonly native = {
		asyncOpen: async (_path: string, options: Record<string, unknown>): Promise<number> => {
			this.#dcb = { dtr: options["hupcl"] === true, rts: options["rtscts"] === true };
			this.#note("open", this.#dcb);
			return 7;
		},
		asyncUpdate: async (_handle: number, { baudRate }: { baudRate: number }): Promise<void> =>
			this.#note(`update ${baudRate}`, this.#dcb),
		asyncSet: async (_handle: number, { dtr, rts }: { dtr: boolean; rts: boolean }) => {
			this.#note("set rts", { ...this.#lines, rts });
			this.#note("set dtr", { dtr, rts });
		},
		asyncRead: (): Promise<number> => new Promise(() => {}),
		asyncClose: async (): Promise<void> => this.#note("close", { dtr: false, rts: false }),
	};

	#note(what: string, lines: { readonly dtr: boolean; readonly rts: boolean }): void {
		this.#lines = { ...lines };
		this.seen.push(`${what}: ${lines.dtr ? "DTR" : "-"} ${lines.rts ? "RTS" : "-"}`);
	}
}

describe("a serial port of Windows", () => {
	afterEach(() => sinon.restore());

	it("never holds a line of the board, from its opening on and when its rate is set", async () => {
		const require = createRequire(import.meta.url);
		const libraryOf = (path: string) => require(join(PROJECT, "node_modules/@serialport", path));
		const loaded = libraryOf("bindings-cpp/dist/load-bindings.js");
		const windows = new WindowsLines();
		for (const [name, native] of Object.entries(windows.native)) {
			sinon.stub(loaded, name).callsFake(native as never);
		}
		const { WindowsBinding } = libraryOf("bindings-cpp/dist/win32.js");
		const { SerialPortStream } = libraryOf("stream/dist/index.js");
		class Port extends SerialPortStream {
			constructor(options: object) {
				super({ binding: WindowsBinding, ...options });
			}
		}
		const port = await openSerialPort("COM3", 115_200, Port as unknown as SerialPortClass);
		await port.setBaud(460_800);
		await port.setLines({ dtr: false, rts: true });
		await port.setLines({ dtr: false, rts: false });
		await port.setBaud(115_200);
		await port.close();
		assert.deepEqual(windows.seen, [
			"open: - -",
			"set rts: - -",
			"set dtr: - -",
			"update 460800: - -",
			"set rts: - RTS",
			"set dtr: - RTS",
			"set rts: - -",
			"set dtr: - -",
			"update 115200: - -",
			"close: - -",
		]);
	});
});

describe("a board that its port's opening has restarted", () => {
	let clock: sinon.SinonFakeTimers;

	beforeEach(() => {
		clock = sinon.useFakeTimers();
	});

	afterEach(() => clock.restore());

	/** A board that hears nothing until it has booted, and what the program says of it. */
	function booting(milliseconds: number, isSerial: boolean, timeoutMilliseconds?: number) {
		const lines: string[] = [];
		const line: Line = {
			name: "/dev/BOARD",
			...(isSerial ? { bootMillisecondsMax: BOOT_MILLISECONDS_MAX } : {}),
			onBytes: undefined,
			onLost: undefined,
			write: (bytes) => {
				const id = /^\?(\d+) version/.exec(Buffer.from(bytes).toString("latin1"))?.[1];
				if (id === undefined || Date.now() < milliseconds) return;
				const fields = { parts: 0, protocol: 1, station: "bor-1", firmware: "1.0.0" };
				setTimeout(() => line.onBytes?.(encodeConsoleAnswer(Number(id), "ok", fields)), 5);
			},
			close: async () => {},
		};
		return {
			client: new ConsoleClient(line, 1, (text) => lines.push(text), timeoutMilliseconds),
			lines,
		};
	}

	for (const milliseconds of [0, 5500, 10_400]) {
		it(`is waited for when it is silent for ${milliseconds} ms`, async () => {
			const { client } = booting(milliseconds, true);
			const greeted = client.greet();
			await clock.tickAsync(BOOT_MILLISECONDS_MAX);
			assert.deepEqual(await greeted, { station: "bor-1", firmware: "1.0.0" });
		});
	}

	it("is waited for with a word, and not for ever", async () => {
		const { client, lines } = booting(60_000, true);
		const greeted = client.greet().catch((error: Error) => error.message);
		await clock.tickAsync(BOOT_MILLISECONDS_MAX);
		assert.match(String(await greeted), /^\/dev\/BOARD: silent; check the cable/);
		assert.deepEqual(lines, [
			"/dev/BOARD: no answer yet; opening a port restarts some boards: 9 s more",
		]);
	});

	it("is waited for as long as --timeout says, and so is every answer", async () => {
		const { client } = booting(1200, true, 3000);
		const greeted = client.greet();
		await clock.tickAsync(3000);
		assert.equal((await greeted).station, "bor-1");
		const asked = client
			.request("read", { deadlineMilliseconds: 200_000 })
			.catch((error: Error) => error.message);
		await clock.tickAsync(3000);
		assert.match(String(await asked), /no answer to read within 3 s; ask again$/);
	});

	it("cannot keep a program with an answer whose parts come in time and never end", async () => {
		for (const [every, expected] of [
			[1, 10_001],
			[4000, 37],
		] as const) {
			let parts = 0;
			let ticking: NodeJS.Timeout | undefined;
			const line: Line = {
				name: "/dev/BOARD",
				onBytes: undefined,
				onLost: undefined,
				write: (bytes) => {
					const id = Number(/^\?(\d+) status/.exec(Buffer.from(bytes).toString("latin1"))?.[1]);
					ticking = setInterval(() => {
						parts++;
						line.onBytes?.(encodePart(id, { station: "bor-1" }));
					}, every);
				},
				close: async () => {},
			};
			const asked = new ConsoleClient(line, 1, () => {})
				.request("status")
				.catch((error: Error) => error.message);
			let isGivenUp = false;
			void asked.then(() => {
				isGivenUp = true;
			});
			for (let seconds = 0; seconds <= 150 && !isGivenUp; seconds++) await clock.tickAsync(1000);
			clearInterval(ticking);
			assert.equal(await asked, "/dev/BOARD: the answer to status does not end; ask again");
			assert.ok(parts >= expected, `${parts} parts`);
		}
	});

	it("is none at a socket, which restarts nothing", async () => {
		const { client } = booting(60_000, false);
		const greeted = client.greet().catch((error: Error) => error.message);
		await clock.tickAsync(6000);
		assert.match(String(await greeted), /silent/);
	});
});

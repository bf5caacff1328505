/** Who may hold a technician's line of `npm start`, and for how long. */
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { serveRfc2217 } from "../../../sim/shell/chip/rfc2217-server.js";
import { LineServer } from "../../../sim/shell/line-server.js";
import { openNamedStation, type StationLine } from "../../../sim/shell/station-line.js";

const LEAVINGS: readonly (readonly [how: string, leave: (socket: Socket) => unknown])[] = [
	["closed", (socket) => socket.destroy()],
	["said its last words and closed", (socket) => socket.end("version\n")],
	["broke off", (socket) => socket.resetAndDestroy()],
];

describe("a technician's line that somebody holds", () => {
	let station: StationLine;
	let server: LineServer;
	let milliseconds: number;
	const sockets: Socket[] = [];

	beforeEach(async () => {
		station = await openNamedStation("");
		milliseconds = 0;
		server = await LineServer.open({
			stations: [station.played.station],
			port: 0,
			nowUtcSeconds: () => station.played.station.utcSeconds,
			now: () => milliseconds,
			onActivity: () => {},
		});
	});

	afterEach(async () => {
		for (const socket of sockets.splice(0)) socket.destroy();
		await server.close();
		station.close();
	});

	async function plugged(): Promise<Socket> {
		const port = Number(/:(\d+)$/.exec(server.addressOf(0) ?? "")?.[1]);
		const socket = connect(port, "127.0.0.1");
		sockets.push(socket);
		socket.setEncoding("latin1");
		socket.on("error", () => {});
		await once(socket, "connect");
		return socket;
	}

	/** One who has asked for something, and been heard. */
	async function holder(): Promise<Socket> {
		const socket = await plugged();
		// The station sleeps: what it is told first wakes it, and is lost.
		const { console } = station.played.station;
		socket.write("version\n");
		while (console.lostBytes === 0) await new Promise((resolve) => setImmediate(resolve));
		return socket;
	}

	it("is refused to another while its holder was heard within the longest silence of a request", async () => {
		await holder();
		milliseconds += 399_000;
		const [bytes] = await once(await plugged(), "data");
		assert.equal(bytes, "# 0 another program has the line of sim-1; close that one\n");
	});

	it("goes to another when its holder spoke once and has been silent ever since", async () => {
		const first = await holder();
		const gone = once(first.resume(), "close");
		milliseconds += 401_000;
		const second = await plugged();
		await gone;
		assert.equal(second.destroyed, false);
		assert.equal(server.isInUse, true);
	});

	// The server hears of both in one turn of its loop, however long after each other they came: it was busy with
	// its world meanwhile, for a second and a half at most speed.
	for (const [how, leave] of LEAVINGS) {
		it(`goes to one who plugs in after its holder ${how}, before the server could hear of that`, async () => {
			const first = await holder();
			leave(first);
			const second = await plugged();
			let output = "";
			second.on("data", (text) => {
				output += text;
			});
			second.write("version\n");
			const { console } = station.played.station;
			const before = console.lostBytes;
			while (output === "" && console.lostBytes === before) {
				await new Promise((resolve) => setImmediate(resolve));
			}
			assert.equal(output, "");
			assert.equal(server.isInUse, true);
		});
	}
});

describe("a board's serial server that somebody holds", () => {
	for (const [how, leave] of LEAVINGS) {
		it(`goes to one who plugs in after its holder ${how}, before the server could hear of that`, async () => {
			const written: string[] = [];
			const board = {
				name: "board",
				hasControlLines: true,
				onBytes: undefined,
				onLost: undefined,
				write: async (bytes: Uint8Array) => {
					written.push(Buffer.from(bytes).toString("latin1"));
				},
				setLines: async () => {},
				setBaud: async () => {},
				close: async () => {},
			};
			const server = await serveRfc2217(board, 0);
			const port = Number(/:(\d+)$/.exec(server.address)?.[1]);
			const plugged = async (): Promise<Socket> => {
				const socket = connect(port, "127.0.0.1");
				socket.on("error", () => {});
				await once(socket, "connect");
				return socket;
			};
			const first = await plugged();
			first.write("x");
			while (written.length === 0) await new Promise((resolve) => setImmediate(resolve));
			leave(first);
			const second = await plugged();
			second.write("read\n");
			while (written.at(-1) !== "read\n" && !second.readableEnded) {
				second.resume();
				await new Promise((resolve) => setImmediate(resolve));
			}
			assert.equal(written.at(-1), "read\n");
			second.destroy();
			await server.close();
		});
	}
});

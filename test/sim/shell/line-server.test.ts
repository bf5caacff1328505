/** Who may hold a technician's line of `npm start`, and for how long. */
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { LineServer } from "../../../sim/shell/line-server.js";
import { openNamedStation, type StationLine } from "../../../sim/shell/station-line.js";

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
		const [said] = await once(await plugged(), "data");
		assert.equal(said, "# 0 another program has the line of sim-1; close that one\n");
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
});

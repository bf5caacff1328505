/** A handshake is a turn of the collector's thread as long as its answer takes, whatever the client makes of it. */
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { connect } from "node:tls";
import sinon from "sinon";
import { type CollectorIdentity, openIdentity } from "../../../src/collector/service/identity.js";
import { type Listening, listenHttps } from "../../../src/collector/service/receiver.js";

const SERVER_NAME = "collector.bistrina.invalid";
/** More than begin at once, of strangers or in all. */
const CLIENTS = 9;
/** Less than a client may keep a turn. */
const SLOT_MILLISECONDS = 200;

describe("handshakes", () => {
	let directory: string;
	let identity: CollectorIdentity;
	let listening: Listening;
	const sockets: Socket[] = [];

	before(async () => {
		directory = mkdtempSync(join(tmpdir(), "bistrina-handshakes-"));
		identity = await openIdentity(directory, SERVER_NAME);
		listening = await listenHttps({
			handler: async () => ({ status: 200, headers: new Map(), body: new Uint8Array(0) }),
			...{ host: "127.0.0.1", port: 0 },
			...{ certificateChain: identity.certificateChain, privateKey: identity.privateKey },
		});
	});

	afterEach(() => {
		for (const socket of sockets.splice(0)) socket.destroy();
	});

	after(async () => {
		await listening?.close();
		rmSync(directory, { recursive: true, force: true });
	});

	/** What a client of TLS says first. */
	async function helloOf(options: { readonly ecdhCurve?: string } = {}): Promise<Buffer> {
		const parts: Buffer[] = [];
		const wire = new Duplex({
			read: () => {},
			write: (part: Buffer, _encoding, onDone) => {
				parts.push(part);
				onDone();
			},
		});
		const client = connect({ socket: wire, servername: SERVER_NAME, ...options }).on(
			"error",
			() => {},
		);
		while (parts.length === 0) await new Promise((resolve) => setImmediate(resolve));
		client.destroy();
		return Buffer.concat(parts);
	}

	async function open(): Promise<Socket> {
		const socket = connectTcp({ host: "127.0.0.1", port: listening.port }).on("error", () => {});
		sockets.push(socket);
		await once(socket, "connect");
		return socket;
	}

	/** Clients that say `said` and nothing more; how many are answered before a turn that is kept would be another's. */
	async function answeredOf(said: Buffer): Promise<number> {
		const pause = setTimeout;
		const time = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		let answered = 0;
		try {
			for (let count = 0; count < CLIENTS; count++) {
				const socket = await open();
				socket.once("data", () => answered++);
				socket.write(said);
			}
			for (let waited = 0; waited < SLOT_MILLISECONDS && answered < CLIENTS; waited += 10) {
				await time.tickAsync(10);
				await new Promise((resolve) => pause(resolve, 20));
			}
		} finally {
			time.restore();
		}
		return answered;
	}

	it("of clients that leave in the middle keep nobody waiting", async () => {
		assert.equal(await answeredOf(await helloOf()), CLIENTS);
	});

	it("begin when the client's first message is there whole", async () => {
		const hello = await helloOf();
		assert.equal(await answeredOf(hello.subarray(0, -1)), 0);
		const socket = await open();
		const isAnswered = once(socket, "data");
		socket.write(hello.subarray(0, 7));
		await new Promise((resolve) => setTimeout(resolve, 20));
		socket.write(hello.subarray(7));
		await isAnswered;
	});

	it("are none for who says something else, and that keeps nobody waiting", async () => {
		const hello = await helloOf();
		const cut = Buffer.from(hello);
		// The message is longer than its record.
		cut.writeUInt8((cut[7] ?? 0) + 1, 7);
		for (const said of [
			Buffer.of(21),
			Buffer.of(22, 3, 1, 63, 0),
			cut,
			Buffer.from("GET / HTTP/1.1"),
		]) {
			const socket = await open();
			const isClosed = once(socket, "close");
			socket.write(said);
			await isClosed;
		}
	});

	it("ask one client at a time for another key, and end with it", async () => {
		const options = { host: "127.0.0.1", port: listening.port, servername: SERVER_NAME };
		const ecdhCurve = "P-521:P-256";
		const hello = await helloOf({ ecdhCurve });
		const first = await open();
		const isAsked = once(first, "data");
		first.write(hello);
		await isAsked;
		const second = await open();
		const isClosed = once(second.resume(), "close");
		second.write(hello);
		await isClosed;
		assert.equal(first.destroyed, false);
		first.destroy();
		await once(first, "close");
		const third = connect({ ...options, ca: identity.certificateAuthority, ecdhCurve });
		sockets.push(third);
		await once(third, "secureConnect");
	});

	it("begin after a proxy's header, whether that comes alone or in pieces with what follows", async () => {
		const behind = await listenHttps({
			handler: async () => ({ status: 200, headers: new Map(), body: new Uint8Array(0) }),
			...{ host: "127.0.0.1", port: 0, proxies: ["127.0.0.1"] },
			...{ certificateChain: identity.certificateChain, privateKey: identity.privateKey },
		});
		try {
			const hello = await helloOf();
			const header = Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\n");
			const both = Buffer.concat([header, hello]);
			for (const cut of [3, header.length, header.length + 3]) {
				const socket = connectTcp({ host: "127.0.0.1", port: behind.port });
				sockets.push(socket.on("error", () => {}));
				await once(socket, "connect");
				const isAnswered = once(socket, "data");
				socket.write(both.subarray(0, cut));
				await new Promise((resolve) => setTimeout(resolve, 20));
				socket.write(both.subarray(cut));
				await isAnswered;
			}
		} finally {
			for (const socket of sockets) socket.destroy();
			await behind.close();
		}
	});

	it("do not begin of a first message in more pieces than any client makes of it", async () => {
		const hello = await helloOf();
		const socket = await open();
		socket.setNoDelay(true);
		let isAnswered = false;
		socket.once("data", () => {
			isAnswered = true;
		});
		const isClosed = once(socket, "close");
		for (const byte of hello) {
			if (socket.destroyed) break;
			socket.write(Uint8Array.of(byte));
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
		await isClosed;
		assert.equal(isAnswered, false);
	});

	for (const [group, isTaken] of [
		["X25519", true],
		["P-256", true],
		["P-521:P-256", true],
		["P-521", false],
		["P-384", false],
	] as const) {
		it(`${isTaken ? "take" : "refuse"} a client that has ${group}`, async () => {
			const client = connect({
				...{ host: "127.0.0.1", port: listening.port, servername: SERVER_NAME },
				...{ ca: identity.certificateAuthority, ecdhCurve: group },
			});
			sockets.push(client);
			const ended = await new Promise((resolve) => {
				client.once("secureConnect", () => resolve("secure"));
				client.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
			});
			if (isTaken) assert.equal(ended, "secure");
			else assert.match(String(ended), /HANDSHAKE_FAILURE/);
		});
	}
});

/** What one reader may take of the readers' listener: docs/PUBLISHING.md, section 6. */
import { strict as assert } from "node:assert";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { ReaderLimits } from "../../../src/collector/publish/address-limits.js";
import {
	listenForReaders,
	type ReaderAnswer,
	type ReaderHandler,
	type ReadersListening,
	type ReadersOptions,
	text,
} from "../../../src/collector/publish/http.js";
import { Shares } from "../../../src/collector/publish/shares.js";

/** More than the system keeps of a connection whose client does not read. */
const LONG = new Uint8Array(16_000_000);
const ANSWERS: Readonly<Record<string, ReaderAnswer>> = Object.freeze({
	short: text(200, "short\n"),
	long: { status: 200, type: "application/octet-stream", body: LONG },
	events: { status: 200, type: "text/event-stream", stream: (response) => response.write(":\n\n") },
});

describe("what addresses share", () => {
	it("is taken from whoever has most, the oldest first, and never for somebody who has as much", () => {
		const shares = new Shares<string>();
		shares.add("10.0.0.1", "a");
		for (const item of ["b", "c", "d"]) shares.add("10.0.0.2", item);
		assert.equal(shares.takeOfMost(1), "b");
		assert.equal(shares.takeOfMost(2), undefined);
		assert.equal(shares.takeOfMost(1), "c");
		shares.remove("10.0.0.2", "c");
		assert.deepEqual([shares.total, shares.of("10.0.0.1"), shares.of("10.0.0.2")], [2, 1, 1]);
		assert.equal(shares.takeOfMost(1), undefined);
	});
});

describe("a reader who takes all that there is", () => {
	let listening: ReadersListening;
	let asked: string[];
	const sockets: Socket[] = [];

	const open = async (
		limits: Partial<ReaderLimits>,
		{
			handler,
			stuckMilliseconds = 30_000,
			moreAcceptors = 0,
		}: Partial<Pick<ReadersOptions, "handler" | "stuckMilliseconds" | "moreAcceptors">> = {},
	): Promise<void> => {
		asked = [];
		listening = await listenForReaders({
			handler: (request) => {
				const [name = ""] = request.path;
				asked.push(name);
				return handler?.(request) ?? ANSWERS[name] ?? text(404, "nothing here\n");
			},
			host: "127.0.0.1",
			port: 0,
			limits,
			moreAcceptors,
			proxies: ["127.0.0.8"],
			stuckMilliseconds,
		});
	};

	/** The status of an answer; 0: hung up. `by`: the client, as the proxy names it. */
	const statusOf = async (path: string, localAddress: string, by?: string): Promise<number> =>
		(await answerOf(path, localAddress, by))?.statusCode ?? 0;

	const answerOf = (path: string, localAddress: string, by?: string) =>
		new Promise<IncomingMessage | undefined>((resolve) => {
			const headers = by === undefined ? {} : { "x-forwarded-for": `198.51.100.1, ${by}` };
			const { port } = listening;
			const agent = new Agent();
			const outgoing = get(
				{ host: "127.0.0.1", port, path, localAddress, headers, agent },
				(incoming) => {
					sockets.push(incoming.socket);
					resolve(incoming);
				},
			);
			outgoing.on("error", () => resolve(undefined));
		});

	/** Says `lines` at once over one connection, and reads nothing of the answers. */
	const say = async (localAddress: string, ...paths: readonly string[]): Promise<Socket> => {
		const socket = connect({ port: listening.port, host: "127.0.0.1", localAddress });
		sockets.push(socket.on("error", () => {}).pause());
		await new Promise((resolve) => socket.once("connect", resolve));
		socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(""));
		return socket;
	};

	/** How many bytes it got before it was hung up on. */
	const closed = (socket: Socket): Promise<number> => {
		// Its end is only seen by who reads what comes before it.
		let bytes = 0;
		socket.on("data", (part) => {
			bytes += part.length;
		});
		socket.resume();
		return new Promise((resolve) => socket.once("close", () => resolve(bytes)));
	};

	const askedFor = async (name: string, count: number): Promise<void> => {
		while (asked.filter((each) => each === name).length < count)
			await new Promise((resolve) => setImmediate(resolve));
	};

	afterEach(async () => {
		for (const socket of sockets.splice(0)) socket.destroy();
		await listening.close();
	});

	it("has one request answered at a time, and the others have their turns in between", async () => {
		const waiting: (() => void)[] = [];
		const handler: ReaderHandler = async ({ path: [name] }) => {
			if (name === "dear") await new Promise<void>((resolve) => waiting.push(resolve));
			return ANSWERS["short"] as ReaderAnswer;
		};
		await open({}, { handler });
		const dear = Array.from({ length: 5 }, () => statusOf("/dear", "127.0.5.1"));
		while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
		assert.equal(await statusOf("/short", "127.0.5.2"), 200);
		assert.deepEqual(asked, ["dear", "short"]);
		for (let turn = 0; turn < 5; turn++) {
			while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
			assert.equal(waiting.length, 1);
			waiting.pop()?.();
		}
		assert.deepEqual(await Promise.all(dear), [200, 200, 200, 200, 200]);
	});

	it("gets nothing made that it has", async () => {
		let made = 0;
		const body = (): string => {
			made++;
			return "short\n";
		};
		await open({}, { handler: () => ({ status: 200, tag: "1", body }) });
		const agent = new Agent();
		const statuses: (number | undefined)[] = [];
		for (const headers of [{}, { "if-none-match": 'W/"1"' }]) {
			const { port } = listening;
			statuses.push(
				await new Promise((resolve) => {
					get({ host: "127.0.0.1", port, headers, agent }, (incoming) => {
						sockets.push(incoming.socket);
						resolve(incoming.resume().statusCode);
					});
				}),
			);
		}
		assert.deepEqual([statuses, made], [[200, 304], 1]);
	});

	it("gets nothing made ahead of what it has not taken, and is hung up on when it asks on behind a stream", async () => {
		await open({});
		const ahead = await say("127.0.5.1", "/long", "/long", "/long");
		const many = await say("127.0.5.2", ...Array.from({ length: 12 }, () => "/short"));
		await closed(many);
		const stream = await say("127.0.5.3", "/events");
		stream.resume();
		await new Promise((resolve) => stream.once("data", resolve));
		stream.write("GET /long HTTP/1.1\r\nhost: a\r\n\r\n");
		await closed(stream);
		assert.equal(asked.filter((name) => name === "long").length, 1);
		ahead.destroy();
	});

	it("is hung up on when it takes nothing, whether it asked for the first or for the second time", async () => {
		await open({}, { stuckMilliseconds: 50 });
		const first = await say("127.0.5.1", "/long");
		const second = await say("127.0.5.2", "/short");
		second.resume();
		await new Promise((resolve) => second.once("data", resolve));
		second.pause().write("GET /long HTTP/1.1\r\nhost: a\r\n\r\n");
		await new Promise((resolve) => setTimeout(resolve, 200));
		for (const bytes of await Promise.all([closed(first), closed(second)]))
			assert.ok(bytes < LONG.length, `${bytes} bytes`);
	});

	it("holds no answers in memory beyond the limit of all, and gives way before whoever has less", async () => {
		await open({ untakenBytes: 40_000_000 });
		const modest = await say("127.0.5.2", "/long");
		await askedFor("long", 1);
		const greedy = await say("127.0.5.1", "/long");
		await askedFor("long", 2);
		const greedier = await say("127.0.5.1", "/long");
		await askedFor("long", 3);
		const bytes = await closed(greedy);
		assert.ok(bytes < LONG.length, `${bytes} bytes`);
		for (const socket of [modest, greedier]) {
			let taken = 0;
			socket.on("data", (part) => {
				taken += part.length;
			});
			socket.resume();
			while (taken < LONG.length) await new Promise((resolve) => socket.once("data", resolve));
		}
	});

	it("loses its oldest connection to whoever has fewer", async () => {
		await open({ connections: 3 });
		const [oldest] = await Promise.all([say("127.0.5.1"), say("127.0.5.1"), say("127.0.5.1")]);
		const gone = closed(oldest);
		assert.equal(await statusOf("/short", "127.0.5.2"), 200);
		await gone;
	});

	it("has no more connections than its limit, by whichever handle of the listening socket", async () => {
		await open({ connectionsPerAddress: 4 }, { moreAcceptors: 3 });
		let hungUpOn = 0;
		for (let count = 0; count < 12; count++) {
			const socket = connect({
				port: listening.port,
				host: "127.0.0.1",
				localAddress: "127.0.5.1",
			});
			sockets.push(socket.on("error", () => {}).once("close", () => hungUpOn++));
		}
		while (hungUpOn < 8) await new Promise((resolve) => setImmediate(resolve));
		const others = Array.from({ length: 8 }, (_, index) =>
			statusOf("/short", `127.0.5.${2 + (index % 4)}`),
		);
		assert.deepEqual([...new Set(await Promise.all(others))], [200]);
		assert.equal(hungUpOn, 8);
	});

	it("loses a stream to whoever has fewer, and nobody does to who would have as many", async () => {
		await open({ streams: 2 });
		const streams = [await say("127.0.5.1", "/events"), await say("127.0.5.1", "/events")];
		await askedFor("events", 2);
		const ended = Promise.race(streams.map(closed));
		assert.equal(await statusOf("/events", "127.0.5.2"), 200);
		await ended;
		const third = await answerOf("/events", "127.0.5.3");
		assert.deepEqual([third?.statusCode, third?.headers["retry-after"]], [503, "30"]);
	});

	it("after a proxy has as many answers under way as its address may, and is told so in words", async () => {
		await open({ underWayPerAddress: 2, connectionsPerAddress: 1 });
		const by = "203.0.113.5";
		for (let stream = 0; stream < 2; stream++)
			assert.equal(await statusOf("/events", "127.0.0.8", by), 200);
		const refused = await answerOf("/events", "127.0.0.8", by);
		assert.deepEqual([refused?.statusCode, refused?.headers["retry-after"]], [429, "5"]);
		assert.equal(await statusOf("/events", "127.0.0.8", "203.0.113.6"), 200);
	});

	it("shares a limit with all of its IPv6 network of 64 bits, however its addresses are written", async () => {
		await open({ burst: 2, perSecond: 0.001 });
		const ask = (by: string): Promise<number> => statusOf("/short", "127.0.0.8", by);
		assert.equal(await ask("2001:db8::a:1:1:1"), 200);
		assert.equal(await ask("2001:db8:0:0:b::1"), 200);
		assert.equal(await ask("2001:db8::c:0:0:1"), 429);
		assert.equal(await ask("2001:db8:0:1::1"), 200);
		// What is no address is the proxy's own.
		assert.equal(await ask("somebody"), 200);
		assert.equal(await ask("anybody"), 200);
		assert.equal(await ask("nobody"), 429);
	});
});

import { strict as assert } from "node:assert";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket, Server as TlsServer } from "node:tls";
import sinon from "sinon";
import { Ledger } from "../../../src/collector/ledger/ledger.js";
import { type CollectorIdentity, openIdentity } from "../../../src/collector/service/identity.js";
import {
	createHandler,
	type Listening,
	type ListenOptions,
	listenHttps,
} from "../../../src/collector/service/receiver.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { COLLECTOR_KEY, recordOf } from "../../support/collectors/ledger-suite.js";
import { emptyStore } from "../../support/collectors/shared-store.js";

const SERVER_NAME = "collector.bistrina.invalid";
const ENVELOPE_POST = "POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/cose\r\n";

const QUESTION = "GET /v1/other HTTP/1.1\r\nhost: x\r\n\r\n";

describe("receiver", () => {
	let directory: string;
	let identity: CollectorIdentity;
	let listening: Listening;
	let failures: unknown[];

	before(async function () {
		this.timeout(90_000);
		directory = mkdtempSync(join(tmpdir(), "bistrina-receiver-"));
		identity = await openIdentity(directory, SERVER_NAME);
		const store = await emptyStore();
		const ledger = new Ledger({ store, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } });
		const station = recordOf(1);
		await ledger.enrol(station.station, station.publicKey);
		failures = [];
		listening = await listenHttps({
			handler: createHandler(ledger),
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
			onFailure: (error) => failures.push(error),
		});
	});

	after(async () => {
		await listening?.close();
		rmSync(directory, { recursive: true, force: true });
	});

	beforeEach(() => {
		failures.length = 0;
	});

	/** Another one on this machine, which answers all with 200 and takes four connections in a turn. */
	function withFourHandles(
		limits: ListenOptions["limits"] = {},
		answered: (from: unknown) => Promise<void> = async () => {},
	): Promise<Listening> {
		return listenHttps({
			handler: async ({ from }) => {
				await answered(from);
				return { status: 200, headers: new Map(), body: new Uint8Array(0) };
			},
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
			moreAcceptors: 3,
			limits,
		});
	}

	/** Sends bytes over verified TLS; everything that comes until the other side is silent or gone. */
	function exchange(...parts: readonly (string | Uint8Array)[]): Promise<string> {
		return new Promise((resolve, reject) => {
			let text = "";
			const socket: TLSSocket = connect({
				host: "127.0.0.1",
				port: listening.port,
				servername: SERVER_NAME,
				ca: identity.certificateAuthority,
				maxVersion: "TLSv1.2",
				ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256",
			});
			socket.setEncoding("latin1");
			socket.on("secureConnect", () => {
				for (const part of parts) socket.write(part);
			});
			socket.on("data", (more: string) => {
				text += more;
				const body = /content-length: (\d+)/i.exec(text);
				const head = text.indexOf("\r\n\r\n");
				if (body !== null && text.length >= head + 4 + Number(body[1])) socket.end();
			});
			socket.on("error", (error) => (text === "" ? reject(error) : resolve(text)));
			socket.on("close", () => resolve(text));
			socket.setTimeout(3000, () => socket.destroy());
		});
	}

	function statusOf(answer: string): string | undefined {
		return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1];
	}

	it("answers a batch over TLS 1.2 with the cipher of small machines, with a length", async () => {
		const envelope = recordOf(12).envelope(1, 12);
		const answer = await exchange(
			`${ENVELOPE_POST}content-length: ${envelope.length}\r\n\r\n`,
			envelope,
		);
		assert.equal(statusOf(answer), "200");
		assert.match(answer, /content-type: application\/cose/i);
		assert.match(answer, /content-length: \d+/i);
		assert.doesNotMatch(answer, /transfer-encoding/i);
	});

	it("refuses bodies beyond the bound with 413, announced or not", async () => {
		const announced = `${ENVELOPE_POST}content-length: 1000000\r\n\r\n`;
		assert.equal(statusOf(await exchange(announced, new Uint8Array(100_000))), "413");
		const chunk = `8000\r\n${"x".repeat(0x8000)}\r\n`;
		const chunked = `${ENVELOPE_POST}transfer-encoding: chunked\r\n\r\n${chunk}${chunk}`;
		assert.equal(statusOf(await exchange(chunked)), "413");
		assert.deepEqual(failures, []);
	});

	it("knows its routes, methods and one type", async () => {
		const none = "content-length: 0\r\n\r\n";
		for (const [request, status] of [
			["GET /v1/health HTTP/1.1\r\nhost: x\r\n", "200"],
			["POST /v1/health HTTP/1.1\r\nhost: x\r\n", "405"],
			["GET /v1/batches HTTP/1.1\r\nhost: x\r\n", "405"],
			["GET / HTTP/1.1\r\nhost: x\r\n", "404"],
			["POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n", "415"],
			[ENVELOPE_POST, "400"],
		] as const) {
			assert.equal(statusOf(await exchange(request + none)), status, request);
		}
	});

	it("never sends a 1xx", async () => {
		const expecting = `${ENVELOPE_POST}expect: 100-continue\r\ncontent-length: 5\r\n\r\n`;
		assert.equal(statusOf(await exchange(expecting)), "417");
	});

	it("hangs up on who expects anything else, like on who expects 100", async () => {
		const expecting = `${ENVELOPE_POST}expect: banana\r\ncontent-length: 5\r\n\r\n12345`;
		const answer = await exchange(expecting.repeat(3));
		assert.equal(answer.match(/^HTTP\/1\.1 417/gm)?.length, 1);
		assert.match(answer, /content-length: 18\r\n/i);
		assert.match(answer, /connection: close\r\n/i);
	});

	it("takes a body in 272 parts, and hangs up on one in more", async () => {
		const post = `${ENVELOPE_POST}transfer-encoding: chunked\r\n\r\n`;
		const last = "0\r\n\r\n";
		// Noise, but a whole body.
		assert.equal(statusOf(await exchange(`${post}${"1\r\nx\r\n".repeat(272)}${last}`)), "400");
		assert.equal(await exchange(`${post}${"1\r\nx\r\n".repeat(273)}${last}`), "");
		assert.deepEqual(failures, []);
	});

	it("survives noise and clients that go in the middle, and calls neither a failure of the store", async () => {
		const seed = Date.now() >>> 0;
		const random = new SeededRandom(seed);
		for (let round = 0; round < 40; round++) {
			const noise = Uint8Array.from({ length: integerBelow(random, 400) }, () =>
				integerBelow(random, 256),
			);
			const head = integerBelow(random, 2) === 0 ? ENVELOPE_POST : "";
			await new Promise<void>((resolve) => {
				const socket = connect({
					host: "127.0.0.1",
					port: listening.port,
					servername: SERVER_NAME,
					ca: identity.certificateAuthority,
				});
				socket.on("secureConnect", () => {
					socket.write(`${head}content-length: 500\r\n\r\n`);
					socket.write(noise, () => socket.destroy());
				});
				socket.on("error", () => {});
				socket.on("close", () => resolve());
			});
		}
		assert.equal(statusOf(await exchange("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n")), "200");
		assert.deepEqual(failures, [], `seed ${seed}`);
	});

	it("answers 503 and a time to come again when the store fails", async () => {
		const broken = await listenHttps({
			handler: () => Promise.reject(new Error("disk full")),
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
			onFailure: (error) => failures.push(error),
		});
		const good = listening;
		listening = broken;
		try {
			const answer = await exchange("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n");
			assert.equal(statusOf(answer), "503");
			assert.match(answer, /retry-after: 60/i);
			assert.equal(failures.length, 1);
		} finally {
			listening = good;
			await broken.close();
		}
	});

	it("hangs up on the silent ones of an address beyond its limit, and answers who speaks", async () => {
		const small = await listenHttps({
			handler: async () => ({ status: 200, headers: new Map(), body: new Uint8Array(0) }),
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
			limits: { connections: 8, perAddress: 4, perAddressAndSecond: 1000 },
		});
		const good = listening;
		listening = small;
		const silent: Socket[] = [];
		try {
			let closed = 0;
			for (const localAddress of ["127.0.3.1", "127.0.3.2", "127.0.3.3"]) {
				for (let count = 0; count < 4; count++) {
					const socket = connectTcp({ host: "127.0.0.1", port: small.port, localAddress });
					silent.push(socket);
					socket.on("error", () => {}).on("close", () => closed++);
					await once(socket, "connect");
				}
			}
			// The oldest four of twelve had to go, and one more for who speaks.
			assert.equal(statusOf(await exchange("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n")), "200");
			assert.equal(closed, 5);
		} finally {
			for (const socket of silent) socket.destroy();
			listening = good;
			await small.close();
		}
	});

	it("keeps the connection of a station that delivered something new, whatever else comes, and no one's that only sent it again", async () => {
		let isNew = true;
		const small = await listenHttps({
			handler: async () => ({
				status: 200,
				headers: new Map(),
				body: new Uint8Array(0),
				...(isNew ? { provenBy: "bor-1" } : {}),
			}),
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
			limits: { connections: 3, perAddress: 100, perAddressAndSecond: 1000 },
		});
		const request = "GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n";
		const sockets: Socket[] = [];
		const ask = async (socket: TLSSocket): Promise<string> => {
			socket.write(request);
			const [text] = (await once(socket, "data")) as [Buffer];
			return text.toString("latin1").slice(0, 12);
		};
		const spoken = async (): Promise<TLSSocket> => {
			const ca = identity.certificateAuthority;
			const socket = connect({ host: "127.0.0.1", port: small.port, servername: SERVER_NAME, ca });
			sockets.push(socket.on("error", () => {}));
			await once(socket, "secureConnect");
			assert.equal(await ask(socket), "HTTP/1.1 200");
			return socket;
		};
		try {
			const station = await spoken();
			isNew = false;
			const replayer = await spoken();
			const replayersEnd = once(replayer, "close");
			// Room for three: the one that came before it goes for each that comes, and the replayer in its turn.
			for (let count = 0; count < 6; count++) {
				const socket = connectTcp({ host: "127.0.0.1", port: small.port });
				sockets.push(socket.on("error", () => {}));
				await once(socket, "connect");
			}
			await spoken();
			await spoken();
			await replayersEnd;
			assert.equal(await ask(station), "HTTP/1.1 200");
		} finally {
			for (const socket of sockets) socket.destroy();
			await small.close();
		}
	});

	it("keeps four connections of a station that delivered over them, and hangs up on its oldest for a fifth", async () => {
		const small = await listenHttps({
			handler: async () => ({
				...{ status: 200, headers: new Map(), body: new Uint8Array(0) },
				provenBy: "bor-1",
			}),
			...{ host: "127.0.0.1", port: 0 },
			...{ certificateChain: identity.certificateChain, privateKey: identity.privateKey },
		});
		const sockets: TLSSocket[] = [];
		try {
			for (let count = 0; count < 6; count++) {
				const [oldest] = sockets.slice(-4);
				const isGone =
					sockets.length < 4 || oldest === undefined ? undefined : once(oldest, "close");
				const ca = identity.certificateAuthority;
				const to = { host: "127.0.0.1", port: small.port, servername: SERVER_NAME, ca };
				const socket = connect(to).on("error", () => {});
				sockets.push(socket);
				await once(socket, "secureConnect");
				socket.write("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n");
				await once(socket, "data");
				await isGone;
			}
			const states = sockets.map(({ closed }) => closed);
			assert.deepEqual(states, [true, true, false, false, false, false]);
		} finally {
			for (const socket of sockets) socket.destroy();
			await small.close();
		}
	});

	it("leaves half of the places to those who begin, whoever holds all of them after a handshake", async () => {
		const small = await listenHttps({
			handler: async () => ({ status: 200, headers: new Map(), body: new Uint8Array(0) }),
			...{ host: "127.0.0.1", port: 0 },
			...{ certificateChain: identity.certificateChain, privateKey: identity.privateKey },
			limits: { connections: 6 },
		});
		const sockets: Socket[] = [];
		try {
			for (let count = 0; count < 6; count++) {
				const ca = identity.certificateAuthority;
				const to = { host: "127.0.0.1", port: small.port, servername: SERVER_NAME, ca };
				const socket = connect(to).on("error", () => {});
				sockets.push(socket);
				await once(socket, "secureConnect");
			}
			const newcomers: Socket[] = [];
			for (const crowd of sockets.slice(0, 3)) {
				const isGone = once(crowd, "close");
				const newcomer = connectTcp({ host: "127.0.0.1", port: small.port });
				newcomers.push(newcomer.on("error", () => {}));
				await once(newcomer, "connect");
				await isGone;
			}
			sockets.push(...newcomers);
			assert.deepEqual(
				newcomers.map(({ closed }) => closed),
				[false, false, false],
			);
		} finally {
			for (const socket of sockets) socket.destroy();
			await small.close();
		}
	});

	it("hangs up on a ninth request that does not wait for an answer", async () => {
		let asked = 0;
		const stuck = await listenHttps({
			handler: () => {
				asked++;
				return new Promise(() => {});
			},
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
		});
		const good = listening;
		listening = stuck;
		try {
			await exchange("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100));
			assert.equal(asked, 8);
		} finally {
			listening = good;
			await stuck.close();
		}
	});

	it("hangs up on an address that asks too often, and on a station that delivered something new by an account of its own", async () => {
		let asked = 0;
		const listenWith = (provenBy: { provenBy?: string }, requestsPerAddress: number) =>
			listenHttps({
				handler: async () => {
					asked++;
					return { status: 200, headers: new Map(), body: new Uint8Array(0), ...provenBy };
				},
				host: "127.0.0.1",
				port: 0,
				certificateChain: identity.certificateChain,
				privateKey: identity.privateKey,
				limits: { requestsPerAddress, requestsPerAddressAndSecond: 1e-9 },
			});
		/** Asks for each answer once more, six times at most; how many there were. */
		const answersOf = async ({ port }: Listening): Promise<number> => {
			const socket = connect({
				...{ host: "127.0.0.1", port },
				...{ servername: SERVER_NAME, ca: identity.certificateAuthority },
			});
			let count = 0;
			const ask = (): boolean => socket.write("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n");
			socket.on("secureConnect", ask);
			socket.on("data", () => {
				count++;
				if (count < 6) ask();
				else socket.end();
			});
			socket.on("error", () => {});
			await once(socket, "close");
			return count;
		};
		const small = await listenWith({}, 3);
		try {
			assert.deepEqual([await answersOf(small), asked], [3, 3]);
			assert.equal(await answersOf(small), 0);
		} finally {
			await small.close();
		}
		// One by the address, two by the station.
		const stations = await listenWith({ provenBy: "bor-1" }, 2);
		try {
			assert.equal(await answersOf(stations), 3);
		} finally {
			await stations.close();
		}
	});

	it("takes a connection for each of its handles in a turn of the event loop, and not one for all", async () => {
		const wide = await withFourHandles();
		let taken = 0;
		let inTurn = 0;
		let mostInTurn = 0;
		const onAccepted = () => {
			taken++;
			inTurn++;
		};
		subscribe("net.server.socket", onAccepted);
		const sockets = Array.from({ length: 12 }, () =>
			connectTcp({ host: "127.0.0.1", port: wide.port }).on("error", () => {}),
		);
		while (taken < 12) {
			await new Promise((resolve) => setImmediate(resolve));
			mostInTurn = Math.max(mostInTurn, inTurn);
			inTurn = 0;
		}
		unsubscribe("net.server.socket", onAccepted);
		assert.equal(mostInTurn, 4);
		for (const socket of sockets) socket.destroy();
		const good = listening;
		listening = wide;
		try {
			assert.match(await exchange("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n"), / 200 OK/);
		} finally {
			listening = good;
			await wide.close();
		}
	});

	for (const isBlocked of [false, true]) {
		it(`ends connections of whichever handle when it closes, ${isBlocked ? "without an answer that does not come" : "after their answers"}`, async () => {
			let onAnswer: () => void = () => {};
			const answered = new Promise<void>((resolve) => {
				onAnswer = resolve;
			});
			const asking = new Set<unknown>();
			const wide = await withFourHandles({}, (from) => {
				asking.add(from);
				return answered;
			});
			const accepted: Socket[] = [];
			const onAccepted = (message: unknown) =>
				accepted.push((message as { readonly socket: Socket }).socket);
			subscribe("net.server.socket", onAccepted);
			const texts = Array.from({ length: 8 }, () => {
				const socket = connect({
					...{ host: "127.0.0.1", port: wide.port, servername: SERVER_NAME },
					ca: identity.certificateAuthority,
				});
				socket.setEncoding("latin1").on("error", () => {});
				// It would go on asking for ever.
				socket.on("secureConnect", () => socket.write(QUESTION.repeat(3)));
				let text = "";
				socket.on("data", (more: string) => {
					text += more;
				});
				return new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
			});
			while (asking.size < 8) await new Promise((resolve) => setTimeout(resolve, 5));
			unsubscribe("net.server.socket", onAccepted);
			// Those that the server itself took it would wait for: none of them is left.
			const own = accepted.filter(
				(each) => (each as { server?: unknown }).server instanceof TlsServer,
			);
			for (const socket of own) socket.destroy();
			await Promise.all(own.map((each) => each.closed || once(each, "close")));
			const others = accepted.filter((each) => !own.includes(each));
			assert.ok(accepted.length === 8 && others.length >= 4, `${own.length} of ${accepted.length}`);
			const closed = wide.close();
			if (!isBlocked) onAnswer();
			await closed;
			assert.deepEqual(
				others.map((each) => each.closed),
				others.map(() => true),
			);
			const whole = (await Promise.all(texts)).filter((text) => text.includes(" 200 OK"));
			assert.equal(whole.length, isBlocked ? 0 : others.length);
			onAnswer();
		});
	}

	it("makes no second handshake over a connection", async () => {
		const socket = connect({
			...{ host: "127.0.0.1", port: listening.port, servername: SERVER_NAME },
			...{ ca: identity.certificateAuthority, maxVersion: "TLSv1.2" },
		});
		await once(socket, "secureConnect");
		const ended = new Promise((resolve) => socket.once("close", resolve));
		const error = await new Promise<unknown>((resolve) => {
			socket.on("error", resolve);
			try {
				socket.renegotiate({}, (failure) => resolve(failure ?? "made"));
			} catch (thrown) {
				resolve(thrown);
			}
		});
		assert.match(String(error), /renegotiation/i);
		socket.destroy();
		await ended;
	});

	it("sends small answers at once over connections of whichever handle", async () => {
		const wide = await withFourHandles();
		// What Node itself asks of the kernel: nothing tells of it afterwards.
		const atOnce = new Set<unknown>();
		const probe = createServer().listen(0, "127.0.0.1");
		await once(probe, "listening");
		const { _handle: handle } = probe as unknown as { readonly _handle: object };
		const native = Object.getPrototypeOf(handle) as { setNoDelay(isOn: boolean): number };
		const setNoDelay = sinon.stub(native, "setNoDelay").callsFake(function (this: unknown, isOn) {
			if (isOn) atOnce.add(this);
			return setNoDelay.wrappedMethod.call(this as never, isOn);
		});
		let taken = 0;
		const onAccepted = () => taken++;
		subscribe("net.server.socket", onAccepted);
		const sockets = Array.from({ length: 12 }, () =>
			connectTcp({ host: "127.0.0.1", port: wide.port }).on("error", () => {}),
		);
		try {
			while (taken < 12) await new Promise((resolve) => setImmediate(resolve));
			assert.equal(atOnce.size, 12);
		} finally {
			unsubscribe("net.server.socket", onAccepted);
			setNoDelay.restore();
			for (const socket of sockets) socket.destroy();
			probe.close();
			await wide.close();
		}
	});

	it("makes no socket of a connection that its address may not open now, by any of its handles", async () => {
		const narrow = await withFourHandles({ perAddress: 4, perAddressAndSecond: 0.000_001 });
		let made = 0;
		const onMade = () => {
			made++;
		};
		subscribe("net.server.socket", onMade);
		let closed = 0;
		const sockets = Array.from({ length: 20 }, () =>
			connectTcp({ host: "127.0.0.1", port: narrow.port })
				.on("error", () => {})
				.on("close", () => closed++),
		);
		try {
			while (closed < 16) await new Promise((resolve) => setImmediate(resolve));
			assert.equal(made, 4);
		} finally {
			unsubscribe("net.server.socket", onMade);
			for (const socket of sockets) socket.destroy();
			await narrow.close();
		}
	});

	it("refuses headers beyond 4 KB, and answers the next client", async () => {
		const flood = Array.from({ length: 200 }, (_, index) => `x-${index}: ${"y".repeat(20)}\r\n`);
		const text = await exchange(`GET /v1/health HTTP/1.1\r\nhost: x\r\n${flood.join("")}\r\n`);
		assert.match(text, /^HTTP\/1\.1 431 /);
		assert.match(await exchange("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n"), / 200 OK/);
	});

	it("runs nothing of a body that it refused, whatever that looks like", async () => {
		let asked = 0;
		const counting = await listenHttps({
			handler: async () => {
				asked++;
				return { status: 200, headers: new Map(), body: new Uint8Array(0) };
			},
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
		});
		const good = listening;
		listening = counting;
		try {
			const inner = "GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n";
			const text = await exchange(
				`${ENVELOPE_POST}content-length: 100000\r\n\r\n`,
				inner.repeat(2600),
			);
			assert.match(text, /^HTTP\/1\.1 413 /);
			assert.equal(text.indexOf("HTTP/1.1", 1), -1);
			assert.equal(asked, 0);
		} finally {
			listening = good;
			await counting.close();
		}
	});

	it("hangs up on who does not read its answers", async () => {
		const long = await listenHttps({
			handler: async () => ({
				status: 200,
				headers: new Map(),
				// More than the kernel takes for a client that reads nothing.
				body: new Uint8Array(20_000_000),
			}),
			host: "127.0.0.1",
			port: 0,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
			silenceMilliseconds: 200,
		});
		const accepted: Socket[] = [];
		const onAccepted = (message: unknown) => accepted.push((message as { socket: Socket }).socket);
		subscribe("net.server.socket", onAccepted);
		const socket = connect({
			host: "127.0.0.1",
			port: long.port,
			servername: SERVER_NAME,
			ca: identity.certificateAuthority,
		});
		socket.on("error", () => {});
		await once(socket, "secureConnect");
		unsubscribe("net.server.socket", onAccepted);
		socket.write("GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n");
		const [atServer = assert.fail()] = accepted;
		if (!atServer.destroyed) await once(atServer, "close");
		socket.destroy();
		await long.close();
	});

	it("names the port that is taken", async () => {
		const other = createServer();
		await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
		const address = other.address();
		const port = typeof address === "object" && address !== null ? address.port : 0;
		const options = {
			handler: createHandler({} as Ledger),
			host: "127.0.0.1",
			port,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
		};
		await assert.rejects(listenHttps(options), new RegExp(`port ${port} .*is in use`));
		await new Promise((resolve) => other.close(resolve));
	});

	it("keeps one identity in a file of its owner only", async () => {
		const again = await openIdentity(directory, SERVER_NAME);
		assert.deepEqual(again.acknowledgementKey.publicKey, identity.acknowledgementKey.publicKey);
		assert.equal(statSync(join(directory, "identity.json")).mode & 0o777, 0o600);
		await assert.rejects(openIdentity(directory, "other.invalid"), /made for the name/);
		const fresh = mkdtempSync(join(tmpdir(), "bistrina-identity-"));
		const made = await Promise.all([1, 2, 3].map(() => openIdentity(fresh, SERVER_NAME)));
		const keys = made.map(({ acknowledgementKey }) => acknowledgementKey.publicKey.join());
		assert.equal(new Set(keys).size, 1);
		rmSync(fresh, { recursive: true });
	});
});

/**
 * What somebody who means harm sends to a collector, run on a thread of its own beside the honest
 * stations of `npm run campaign -- siege`. Bounded by the time it is given; loopback only, from
 * addresses of its own (127.0.1.*), as an attacker has.
 */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type TLSSocket } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { ENVELOPE_CONTENT_TYPE } from "../../../src/protocol/wire/cose.js";
import { type AttackName, envelopesOf } from "./siege-envelopes.js";
import {
	IDLE_CONNECTIONS,
	ORIGINS,
	PACED_SENDERS,
	RECONNECT_SECONDS,
	REQUESTS_PER_CONNECTION,
	SENDERS,
	SLOW_CONNECTIONS,
	STRANGER_REQUESTS_PER_SECOND,
} from "./siege-least.js";

export interface AttackOrder {
	readonly name: AttackName;
	readonly port: number;
	readonly serverName: string;
	readonly certificateAuthority: string;
	readonly milliseconds: number;
	/** Enrolled attacker; another's id that is enrolled; requests of strangers. */
	readonly evil: string;
	readonly victim: string;
	readonly strangers: number;
}

export interface AttackResult {
	readonly name: AttackName;
	/** Connections opened, requests sent, answers by status. */
	readonly connections: number;
	readonly requests: number;
	readonly bytesSent: number;
	readonly statuses: Readonly<Record<string, number>>;
}

/** A client that is hung up on comes again after a second: 2 000 a second; more is for a firewall. */
const REOPEN_MILLISECONDS = 1000;

export class Attack {
	connections = 0;
	requests = 0;
	bytesSent = 0;
	readonly statuses: Record<string, number> = {};
	readonly #order: AttackOrder;
	readonly #envelopes: readonly Uint8Array[];
	/** One for all: to read a certificate for each connection takes as long as the handshake. */
	readonly #secureContext;
	#end = 0;
	readonly #open = new Set<Socket>();
	#next = 0;

	constructor(order: AttackOrder) {
		this.#order = order;
		this.#secureContext = createSecureContext({ ca: order.certificateAuthority });
		this.#envelopes = envelopesOf(order.name, order.evil, order.victim, order.strangers);
	}

	async run(): Promise<void> {
		this.#end = performance.now() + this.#order.milliseconds;
		const timer = setTimeout(() => {
			for (const socket of this.#open) socket.destroy();
		}, this.#order.milliseconds);
		await this.#attack();
		clearTimeout(timer);
		for (const socket of this.#open) socket.destroy();
	}

	get #isOver(): boolean {
		return performance.now() >= this.#end;
	}

	async #attack(): Promise<void> {
		const { first, addresses } = ORIGINS[this.#order.name];
		const many = (count: number, work: (localAddress: string) => Promise<void>): Promise<unknown> =>
			Promise.all(
				Array.from({ length: count }, (_, index) => work(`127.0.1.${first + (index % addresses)}`)),
			);
		switch (this.#order.name) {
			case "idle":
				await many(IDLE_CONNECTIONS, (from) => this.#idle(from));
				return;
			case "slow-bodies":
				await many(SLOW_CONNECTIONS, (from) => this.#slow(from));
				return;
			case "strangers":
			case "replays":
				await many(PACED_SENDERS, (from) => this.#send(from, true));
				return;
			case "pipelining":
				await many(SENDERS / 2, (from) => this.#pipeline(from));
				return;
			case "epoch-storm":
			case "gap-storm":
			case "forks":
				await many(SENDERS, (from) => this.#send(from, false));
		}
	}

	async #idle(localAddress: string): Promise<void> {
		while (!this.#isOver) {
			const socket = this.#tcp(localAddress);
			await this.#closed(socket);
			await pause(Math.min(REOPEN_MILLISECONDS, this.#end - performance.now()));
		}
	}

	async #slow(localAddress: string): Promise<void> {
		while (!this.#isOver) {
			const socket = this.#tls(localAddress);
			socket.once("secureConnect", async () => {
				socket.write(`${head(17_000)}`);
				this.requests++;
				while (!socket.destroyed) {
					socket.write("x");
					await pause(500);
				}
			});
			await this.#closed(socket);
			await pause(50);
		}
	}

	/** One request after another; at a pace, over ever new connections, or as fast as answers come. */
	async #send(localAddress: string, isPaced: boolean): Promise<void> {
		while (!this.#isOver) {
			const socket = this.#tls(localAddress);
			const closed = this.#closed(socket);
			let left = isPaced ? REQUESTS_PER_CONNECTION : Number.POSITIVE_INFINITY;
			let nextAt = performance.now();
			const send = async (): Promise<void> => {
				const envelope = this.#take();
				if (envelope === undefined || left-- === 0 || socket.destroyed) {
					socket.destroy();
					return;
				}
				if (isPaced) {
					nextAt += (1000 * PACED_SENDERS) / STRANGER_REQUESTS_PER_SECOND;
					await pause(nextAt - performance.now());
				}
				this.#post(socket, envelope);
			};
			this.#onAnswers(socket, send);
			socket.once("secureConnect", send);
			await closed;
			if (this.#next >= this.#envelopes.length) return;
			await pause(1000 * RECONNECT_SECONDS);
		}
	}

	/** All at once down the line, without waiting for any answer. */
	async #pipeline(localAddress: string): Promise<void> {
		while (!this.#isOver && this.#next < this.#envelopes.length) {
			const socket = this.#tls(localAddress);
			this.#onAnswers(socket, () => {});
			socket.once("secureConnect", async () => {
				while (!socket.destroyed) {
					const envelope = this.#take();
					if (envelope === undefined) return;
					if (!this.#post(socket, envelope)) await pause(1);
				}
			});
			await this.#closed(socket);
			await pause(1000 * RECONNECT_SECONDS);
		}
	}

	#take(): Uint8Array | undefined {
		return this.#envelopes[this.#next++];
	}

	#post(socket: TLSSocket, envelope: Uint8Array): boolean {
		this.requests++;
		this.bytesSent += envelope.length;
		socket.write(head(envelope.length));
		return socket.write(envelope);
	}

	#onAnswers(socket: TLSSocket, onAnswer: () => void): void {
		let text = "";
		socket.setEncoding("latin1");
		socket.on("data", (more: string) => {
			text += more;
			for (;;) {
				const end = text.indexOf("\r\n\r\n");
				const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
				if (end < 0 || length === undefined) return;
				const whole = end + 4 + Number(length);
				if (text.length < whole) return;
				const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? "none";
				this.statuses[status] = (this.statuses[status] ?? 0) + 1;
				text = text.slice(whole);
				onAnswer();
			}
		});
	}

	#tls(localAddress: string): TLSSocket {
		const { serverName } = this.#order;
		const socket = this.#tcp(localAddress);
		return connectTls({ socket, servername: serverName, secureContext: this.#secureContext });
	}

	/**
	 * Counted when it is there, also where the collector reset it before this thread saw it; one that nobody listens for is
	 * none. What is sent goes at once, as whoever means harm has it.
	 */
	#tcp(localAddress: string): Socket {
		const { port } = this.#order;
		const socket = connectTcp({ host: "127.0.0.1", port, localAddress, noDelay: true });
		const count = (): void => {
			this.connections++;
			socket.off("error", countReset);
		};
		const countReset = ({ code }: NodeJS.ErrnoException): void => {
			if (code === "ECONNRESET") this.connections++;
		};
		socket.once("connect", count);
		socket.once("error", countReset);
		this.#watch(socket);
		return socket;
	}

	#watch(socket: Socket): void {
		this.#open.add(socket);
		socket.on("error", () => socket.destroy());
		socket.once("close", () => this.#open.delete(socket));
	}

	#closed(socket: Socket): Promise<void> {
		this.#watch(socket);
		return new Promise((resolve) => socket.once("close", () => resolve()));
	}
}

function head(length: number): string {
	return (
		"POST /v1/batches HTTP/1.1\r\nhost: x\r\n" +
		`content-type: ${ENVELOPE_CONTENT_TYPE}\r\ncontent-length: ${length}\r\n\r\n`
	);
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, Math.max(milliseconds, 0)));
}

if (parentPort !== null) {
	const order = workerData as AttackOrder;
	const attack = new Attack(order);
	parentPort.postMessage("ready");
	await once(parentPort, "message");
	await attack.run();
	const { connections, requests, bytesSent, statuses } = attack;
	const result: AttackResult = { name: order.name, connections, requests, bytesSent, statuses };
	parentPort.postMessage(result);
	parentPort.close();
}

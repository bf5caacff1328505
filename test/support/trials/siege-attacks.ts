/**
 * What somebody who means harm sends to a collector, run on a thread of its own beside the honest
 * stations of `npm run campaign -- siege`. Bounded by the time it is given; loopback only, from
 * addresses of its own (127.0.1.*), as an attacker has.
 */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { ENVELOPE_CONTENT_TYPE } from "../../../src/protocol/wire/cose.js";
import { type AttackName, envelopesOf } from "./siege-envelopes.js";

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

/**
 * What an attack of so many seconds comes to at least; with less the machine had no time for it, and how long
 * others waited says nothing. Half of what is sent at a pace; all connections; what quotas and limits let in.
 */
const LEAST: Readonly<
	Record<AttackName, (seconds: number) => { connections?: number; requests?: number }>
> = Object.freeze({
	idle: () => ({ connections: IDLE_CONNECTIONS }),
	strangers: (seconds) => ({ requests: (seconds * STRANGER_REQUESTS_PER_SECOND) / 2 }),
	replays: (seconds) => ({ requests: (seconds * STRANGER_REQUESTS_PER_SECOND) / 2 }),
	"gap-storm": () => ({ requests: 94 }),
	"epoch-storm": () => ({ requests: 500 }),
	pipelining: () => ({ requests: 500 }),
	"slow-bodies": () => ({ connections: SLOW_CONNECTIONS }),
	forks: () => ({ requests: 51 }),
});

const IDLE_CONNECTIONS = 2000;
const SLOW_CONNECTIONS = 300;
/** Who is hung up on comes again after a second: 2 000 a second; more is for a firewall. */
const REOPEN_MILLISECONDS = 1000;
const STRANGER_REQUESTS_PER_SECOND = 300;
/** Of these, over a connection before the next one. */
const REQUESTS_PER_CONNECTION = 10;
const SENDERS = 8;

/**
 * What there was too little of, or undefined. `share`: of the time in which the collector wanted a processor, the part
 * in which it had one; with less of it as much less is as strong an attack.
 */
export function tooWeak(result: AttackResult, seconds: number, share = 1): string | undefined {
	for (const [what, whole] of Object.entries(LEAST[result.name](seconds))) {
		const least = Math.ceil(whole * share);
		const count = result[what as "connections" | "requests"];
		if (count < least) return `${result.name} came to ${count} ${what} of ${least} at least`;
	}
	return undefined;
}

class Attack {
	connections = 0;
	requests = 0;
	bytesSent = 0;
	readonly statuses: Record<string, number> = {};
	readonly #order: AttackOrder;
	readonly #envelopes: readonly Uint8Array[];
	#end = 0;
	readonly #open = new Set<Socket>();
	#next = 0;

	constructor(order: AttackOrder) {
		this.#order = order;
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
		const many = (count: number, work: (index: number) => Promise<void>): Promise<unknown> =>
			Promise.all(Array.from({ length: count }, (_, index) => work(index)));
		switch (this.#order.name) {
			case "idle":
				await many(IDLE_CONNECTIONS, (index) => this.#idle(`127.0.1.${1 + (index % 4)}`));
				return;
			case "slow-bodies":
				await many(SLOW_CONNECTIONS, (index) => this.#slow(`127.0.1.${11 + (index % 4)}`));
				return;
			case "strangers":
				await many(SENDERS, (index) => this.#send(`127.0.1.${21 + (index % 4)}`, true));
				return;
			case "replays":
				await many(SENDERS, (index) => this.#send(`127.0.1.${61 + (index % 4)}`, true));
				return;
			case "pipelining":
				await many(SENDERS / 2, (index) => this.#pipeline(`127.0.1.${31 + index}`));
				return;
			case "epoch-storm":
			case "gap-storm":
			case "forks":
				await many(SENDERS, (index) => this.#send(`127.0.1.${41 + index}`, false));
		}
	}

	async #idle(localAddress: string): Promise<void> {
		while (!this.#isOver) {
			this.connections++;
			const socket = connectTcp({ host: "127.0.0.1", port: this.#order.port, localAddress });
			await this.#closed(socket);
			await pause(REOPEN_MILLISECONDS);
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
					nextAt += (1000 * SENDERS) / STRANGER_REQUESTS_PER_SECOND;
					await pause(nextAt - performance.now());
				}
				this.#post(socket, envelope);
			};
			this.#onAnswers(socket, send);
			socket.once("secureConnect", send);
			await closed;
			if (this.#next >= this.#envelopes.length) return;
			await pause(10);
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
			await pause(10);
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
		this.connections++;
		const { port, serverName, certificateAuthority } = this.#order;
		const socket = connectTcp({ host: "127.0.0.1", port, localAddress });
		this.#watch(socket);
		return connectTls({ socket, servername: serverName, ca: certificateAuthority });
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

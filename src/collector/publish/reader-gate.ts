/**
 * What one reader may take of the readers' listener, so that nobody is shut out by another: connections, requests
 * under way, streams, answers that wait to be taken, and turns of the only thread. Where the whole has a limit, the address
 * that has most gives way. Limits: docs/PUBLISHING.md, section 6.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP, type Socket } from "node:net";
import { addressName, plainAddress } from "../../host/client-address.js";
import { FairQueue } from "../../host/fair-queue.js";
import { AddressLimits, READER_LIMITS, type ReaderLimits } from "./address-limits.js";
import { Shares } from "./shares.js";

/** Of a connection: one is answered at a time, the others wait without an answer. No browser sends one ahead. */
const REQUESTS_AHEAD_MAX = 8;
/**
 * A year's plot is 0.3 s of the thread, a comparison of years 1 s, a piece of a table 5 ms. An address has one of them
 * under way; the others come in between wherever such work lets go of the thread.
 */
const TURNS = Object.freeze({
	atOnce: 4,
	// What is ready at once would else be one turn of all, for which whoever comes next waits.
	perTurn: 2,
	strangersAtOnce: 0,
	atOncePerLine: 1,
	waitingPerLine: Number.POSITIVE_INFINITY,
	waiting: Number.POSITIVE_INFINITY,
});
const RETRY_SECONDS = 5;

/** Requests of one connection. */
interface Line {
	ahead: number;
	isStream: boolean;
	/** The answer of the one before is out. */
	last: Promise<unknown>;
}

export interface Refused {
	readonly status: 429 | 503;
	readonly seconds: number;
	readonly words: string;
}

/** A request that is under way. */
export interface Asker {
	/** Does a piece of the work when it is this address's turn. */
	turn<Result>(work: () => Promise<Result> | Result): Promise<Result>;
	/** An answer of so many bytes is in memory until the client has taken it. */
	holds(bytes: number): void;
	/** The answer is a stream; false: there is no room for one more. */
	mayStream(): boolean;
}

export class ReaderGate {
	readonly #limits: ReaderLimits;
	readonly #proxies: readonly string[];
	readonly #rates: AddressLimits;
	readonly #connections = new Shares<Socket>();
	readonly #underWay = new Shares<Socket>();
	readonly #streams = new Shares<Socket>();
	readonly #untaken = new Shares<Socket>();
	readonly #turns = new FairQueue(TURNS);
	readonly #lines = new WeakMap<Socket, Line>();

	constructor(limits: Partial<ReaderLimits> = {}, proxies: readonly string[] = []) {
		this.#limits = { ...READER_LIMITS, ...limits };
		this.#rates = new AddressLimits(this.#limits);
		this.#proxies = proxies;
	}

	/** Whether an address may have one more connection; asked before a socket is made of it. */
	bears(remoteAddress: string): boolean {
		if (this.#isProxy(remoteAddress)) return true;
		return this.#connections.of(addressName(remoteAddress)) < this.#limits.connectionsPerAddress;
	}

	/** False: there is no room, and it is hung up. */
	connect(socket: Socket): boolean {
		const { remoteAddress = "" } = socket;
		if (this.#isProxy(remoteAddress)) return true;
		const address = addressName(remoteAddress);
		const { connections, connectionsPerAddress } = this.#limits;
		if (
			this.#connections.of(address) >= connectionsPerAddress ||
			!hasRoom(this.#connections, connections, address)
		) {
			socket.destroy();
			return false;
		}
		this.#connections.add(address, socket);
		socket.once("close", () => this.#connections.remove(address, socket));
		return true;
	}

	/** Waits until the answers before it are out; undefined: the connection is gone. */
	async enter(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<Asker | Refused | undefined> {
		const { socket } = request;
		const line = this.#lines.get(socket) ?? { ahead: 0, isStream: false, last: Promise.resolve() };
		this.#lines.set(socket, line);
		if (line.isStream || line.ahead >= REQUESTS_AHEAD_MAX) {
			socket.destroy();
			return undefined;
		}
		const before = line.last;
		line.last = new Promise<void>((resolve) => response.once("close", resolve));
		line.ahead++;
		await before;
		line.ahead--;
		if (socket.destroyed) return undefined;
		const address = this.#addressOf(request);
		const refused = this.#refusal(address);
		if (refused !== undefined) return refused;
		this.#underWay.add(address, socket);
		response.once("close", () => {
			for (const shares of [this.#underWay, this.#streams, this.#untaken])
				shares.remove(address, socket);
		});
		return this.#askerOf(address, socket, line);
	}

	#refusal(address: string): Refused | undefined {
		const { connections, connectionsPerAddress } = this.#limits;
		const most = Math.max(this.#limits.underWayPerAddress, connectionsPerAddress);
		const seconds = this.#rates.request(address);
		if (seconds > 0)
			return {
				status: 429,
				seconds,
				words: "too many requests from your address; see Retry-After\n",
			};
		if (this.#underWay.of(address) >= most) {
			const words = "too many of your address are being answered; end some, see Retry-After\n";
			return { status: 429, seconds: RETRY_SECONDS, words };
		}
		if (hasRoom(this.#underWay, connections, address)) return undefined;
		return { status: 503, seconds: RETRY_SECONDS, words: "too many readers; see Retry-After\n" };
	}

	#askerOf(address: string, socket: Socket, line: Line): Asker {
		const { streams, untakenBytes } = this.#limits;
		return {
			turn: async (work) => {
				// There is room for all that may be under way.
				const leave = await this.#turns.enter(address, false);
				try {
					return await work();
				} finally {
					leave?.();
				}
			},
			holds: (bytes) => {
				this.#untaken.add(address, socket, bytes);
				while (this.#untaken.total > untakenBytes) this.#untaken.takeOfMost()?.destroy();
			},
			mayStream: () => {
				if (!hasRoom(this.#streams, streams, address)) return false;
				this.#streams.add(address, socket);
				line.isStream = true;
				return true;
			},
		};
	}

	#isProxy(remoteAddress: string): boolean {
		return this.#proxies.includes(plainAddress(remoteAddress));
	}

	/** After a proxy the last that it names: what comes before anybody may have written. */
	#addressOf(request: IncomingMessage): string {
		const own = request.socket.remoteAddress ?? "";
		if (!this.#isProxy(own)) return addressName(own);
		const named = request.headers["x-forwarded-for"];
		const all = Array.isArray(named) ? named.join(",") : (named ?? "");
		const last = all.split(",").at(-1)?.trim() ?? "";
		// What is no address would be a name of any length, and of anybody's choice.
		return addressName(isIP(last) === 0 ? own : last);
	}
}

/** Whether there is room for one more of this address, if need be in place of the oldest of whoever has most. */
function hasRoom(shares: Shares<Socket>, most: number, address: string): boolean {
	if (shares.total < most) return true;
	const other = shares.takeOfMost(shares.of(address) + 1);
	other?.destroy();
	return other !== undefined;
}

/**
 * Who may hold a connection. Anyone can open thousands that say nothing; a station needs one for some
 * seconds. So a connection begins TLS only when it has said something, few at a time and addresses in
 * turns; a client that takes too long is hung up; each address has a limit; and where there is no room, the
 * one goes that has shown least and came first, never one over which a station has delivered.
 */
import type { Socket } from "node:net";
import { addressName, plainAddress } from "../../host/client-address.js";
import { FairQueue } from "../../host/fair-queue.js";
import { Account } from "./account.js";
import { helloState } from "./client-hello.js";
import { ProxyHeader } from "./proxy-header.js";
import { StationConnections } from "./station-connections.js";

export interface AdmissionLimits {
	/** Connections in all. */
	readonly connections: number;
	/** Of one address (IPv6: of one /64), but for those of stations that delivered. */
	readonly perAddress: number;
	/** New ones of one address: `perAddress` at once, then so many a second. */
	readonly perAddressAndSecond: number;
	/** Requests of one address, and over its connections of one station that delivered: so many at once, then so many a second. */
	readonly requestsPerAddress: number;
	readonly requestsPerAddressAndSecond: number;
}

/**
 * Two hundred stations of one upload slot need as many for some seconds. After one address of a mobile
 * operator there may be a hundred stations, which come one after the other. A request without anything new takes 0.1 to 0.2 ms
 * of this thread: a client that asked as fast as answers came had all of it, and 200 a second are a thirtieth.
 */
export const ADMISSION_LIMITS: AdmissionLimits = Object.freeze({
	connections: 2000,
	perAddress: 128,
	perAddressAndSecond: 20,
	requestsPerAddress: 400,
	requestsPerAddressAndSecond: 200,
});

/** From the connection to its first bytes, and from these to the end of the handshake, milliseconds. */
const HANDSHAKE_MILLISECONDS_MAX = 5000;
const SWEEP_MILLISECONDS = 1000;
/**
 * A handshake is a millisecond of this thread, nearly all of it for the answer to the client's first message, so its turn is
 * over with that: so many in a turn of the event loop, of these for strangers and for each address. What the client takes for
 * its part, a quarter of a second over a mobile network, nobody else waits for.
 */
const HANDSHAKES_AT_ONCE = 6;
const STRANGERS_AT_ONCE = 4;
const HANDSHAKES_OF_ADDRESS = 2;
const STRANGERS_PER_TURN = 2;
/**
 * The answer to a client whose key is of another group than ours is 99 bytes, and the work comes with its second message: one
 * such client at a time, the next is hung up on. The shortest other answer, to a client that has a ticket, is 141.
 */
const ANSWER_BYTES_MIN = 120;
/**
 * A fourteenth of this thread at 0.7 ms. Three hundred at once would hold it for a fifth of a second; so they take three,
 * and after a restart, when everybody is a stranger, five hundred stations are in within HANDSHAKE_MILLISECONDS_MAX.
 */
export const STRANGERS_PER_SECOND = 100;
/** Of a client's first message: it comes in one, and each further one costs an event and a copy of all before. */
const HELLO_PARTS_MAX = 32;
/** How handshakes take turns; a line is an address. */
export const HANDSHAKE_TURNS = Object.freeze({
	atOnce: HANDSHAKES_AT_ONCE,
	strangersAtOnce: STRANGERS_AT_ONCE,
	strangersPerSecond: STRANGERS_PER_SECOND,
	strangersPerTurn: STRANGERS_PER_TURN,
	keptForStrangers: 1,
	atOncePerLine: HANDSHAKES_OF_ADDRESS,
	waitingPerLine: Number.POSITIVE_INFINITY,
	waiting: Number.POSITIVE_INFINITY,
});
/** The place is another's when the client is not done by then, where the answer did not end its turn. */
const HANDSHAKE_SLOT_MILLISECONDS = 250;
/** Requests of one connection under way at once: a station waits for each answer. */
const REQUESTS_AT_ONCE = 8;
/** Addresses over which stations delivered go first; 100 B each. */
const KNOWN_ADDRESSES_MAX = 20_000;
/** And may open so many times as many connections, and ask as often: many stations may share one. */
const KNOWN_FACTOR = 5;
const ADDRESSES_MAX = 100_000;

/** How far a connection came; less goes first. */
type Stage = 0 | 1 | 2 | 3;
const SILENT: Stage = 0;
const SPOKE: Stage = 1;
const SECURE: Stage = 2;
const DELIVERED: Stage = 3;

export interface Connection {
	/** The client's, as the proxy says it where there is one; of IPv6 the /64. */
	readonly address: string;
	/** Over which this station has delivered. */
	station: string | undefined;
	/** When its handshake began a station had delivered from there. */
	isKnown: boolean;
	/** Requests without an answer. */
	requests: number;
}

interface Held extends Connection {
	address: string;
	readonly socket: Socket;
	readonly atMilliseconds: number;
	stage: Stage;
}

interface Address {
	readonly held: Set<Held>;
	readonly connections: Account;
	readonly requests: Account;
}

export interface AdmissionOptions {
	readonly limits?: Partial<AdmissionLimits>;
	/** Addresses of proxies: their connections begin with a header that names the client. */
	readonly proxies?: readonly string[];
	/** Told of a proxy whose connection begins with something else. */
	readonly onNoHeader?: (proxyAddress: string) => void;
	/** Continues with TLS. */
	readonly onAdmitted: (socket: Socket) => void;
}

export class Admission {
	readonly #options: AdmissionOptions;
	readonly #limits: AdmissionLimits;
	/** By `portName`. */
	readonly #held = new Map<string, Held>();
	readonly #addresses = new Map<string, Address>();
	readonly #stations = new StationConnections<Held>();
	readonly #known = new Set<string>();
	readonly #handshakes = new FairQueue(HANDSHAKE_TURNS);
	readonly #secured = new Map<string, () => void>();
	/** Was asked for a key of another group, and keeps its turn until that is there. */
	#asked: Held | undefined;
	readonly #sweeper: NodeJS.Timeout;

	constructor(options: AdmissionOptions) {
		this.#options = options;
		this.#limits = { ...ADMISSION_LIMITS, ...options.limits };
		this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MILLISECONDS).unref();
	}

	/** False when this address opens connections too fast; of one that is borne, one is counted. */
	bears(remoteAddress: string): boolean {
		return this.#isProxy(remoteAddress) || this.#bears(addressName(remoteAddress));
	}

	/** Takes a connection that was accepted just now; `isCounted`: `bears` was asked about it. */
	take(socket: Socket, isCounted = false): void {
		const { remoteAddress, remotePort } = socket;
		if (remoteAddress === undefined || remotePort === undefined) {
			socket.destroy();
			return;
		}
		const address = addressName(remoteAddress);
		const isProxy = this.#isProxy(remoteAddress);
		if (!isCounted && !this.bears(remoteAddress)) {
			socket.destroy();
			return;
		}
		const name = portName(remoteAddress, remotePort);
		const held: Held = {
			address,
			socket,
			station: undefined,
			isKnown: false,
			requests: 0,
			atMilliseconds: performance.now(),
			stage: SILENT,
		};
		socket.on("error", () => socket.destroy());
		socket.once("close", () => this.#leave(name, held));
		this.#makeRoom(address);
		this.#held.set(name, held);
		this.#addressOf(address).held.add(held);
		const header = isProxy ? new ProxyHeader() : undefined;
		const hello: Buffer[] = [];
		const read = (): void => {
			if (socket.readableLength === 0) return;
			held.stage = SPOKE;
			if (header !== undefined && !this.#readHeader(header, held)) return;
			const part = socket.read() as Buffer | null;
			if (part === null) return;
			if (hello.push(part) > HELLO_PARTS_MAX) socket.destroy();
			const said = Buffer.concat(hello);
			const state = helloState(said);
			if (state === "none") socket.destroy();
			if (state !== "whole") return;
			socket.off("readable", read);
			socket.unshift(said);
			this.#begin(name, held);
		};
		socket.on("readable", read);
	}

	/** The connection of a socket on which TLS runs, which is done with the handshake. */
	secured(socket: Pick<Socket, "remoteAddress" | "remotePort">): Connection | undefined {
		const name = portName(socket.remoteAddress ?? "", socket.remotePort ?? 0);
		const held = this.#held.get(name);
		if (held !== undefined && held.stage < SECURE) held.stage = SECURE;
		this.#secured.get(name)?.();
		return held;
	}

	/** A request begins; false: too many of this connection are under way, or its address asks too often. */
	beginRequest(connection: Connection): boolean {
		if (connection.requests >= REQUESTS_AT_ONCE) return false;
		const { address, station } = connection;
		const { requestsPerAddress, requestsPerAddressAndSecond } = this.#limits;
		const own = station === undefined ? undefined : this.#stations.requestsOf(station);
		const requests = own ?? this.#addressOf(address).requests;
		const factor = own === undefined ? this.#factorOf(address) : 1;
		if (!requests.takes(factor * requestsPerAddress, factor * requestsPerAddressAndSecond)) {
			return false;
		}
		connection.requests++;
		return true;
	}

	/** The connection's station has delivered: it stays, and its address goes first from now on. */
	delivered(connection: Connection, station: string): void {
		const held = connection as Held;
		if (held.socket.destroyed) return;
		const { requestsPerAddress } = this.#limits;
		for (const { socket } of this.#stations.add(station, held, requestsPerAddress))
			socket.destroy();
		held.stage = DELIVERED;
		held.isKnown = true;
		this.#known.delete(connection.address);
		const [oldest] = this.#known;
		if (this.#known.size >= KNOWN_ADDRESSES_MAX && oldest !== undefined) this.#known.delete(oldest);
		this.#known.add(connection.address);
	}

	isKnown(address: string): boolean {
		return this.#known.has(address);
	}

	close(): void {
		clearInterval(this.#sweeper);
		for (const { stage, socket } of this.#held.values()) if (stage < SECURE) socket.destroy();
	}

	#isProxy(remoteAddress: string): boolean {
		return this.#options.proxies?.includes(plainAddress(remoteAddress)) === true;
	}

	/** True when the header is whole; what follows it is still in the socket. */
	#readHeader(header: ProxyHeader, held: Held): boolean {
		if (header.isWhole) return true;
		const { socket } = held;
		const bytes = socket.read() as Buffer | null;
		if (bytes === null) return false;
		const rest = header.add(bytes);
		if (rest === undefined) {
			if (header.isBroken) {
				this.#options.onNoHeader?.(held.address);
				socket.destroy();
			}
			return false;
		}
		if (header.address !== undefined) {
			const address = addressName(header.address);
			this.#addressOf(held.address).held.delete(held);
			held.address = address;
			if (!this.#bears(address)) {
				socket.destroy();
				return false;
			}
			this.#makeRoom(address);
			this.#addressOf(address).held.add(held);
		}
		if (rest.length > 0) socket.unshift(rest);
		return true;
	}

	/** TLS, when it is this connection's turn. */
	async #begin(name: string, held: Held): Promise<void> {
		const { socket, address } = held;
		held.isKnown = this.#known.has(address);
		const isGone = (): boolean => socket.destroyed;
		const leave = await this.#handshakes.enter(address, !held.isKnown, false, isGone);
		if (leave === undefined) return;
		if (socket.destroyed) {
			leave();
			return;
		}
		let isOver = false;
		const end = (): void => {
			if (isOver) return;
			isOver = true;
			clearTimeout(timer);
			if (this.#secured.get(name) === end) this.#secured.delete(name);
			if (this.#asked === held) this.#asked = undefined;
			socket.off("close", end);
			leave();
		};
		const timer = setTimeout(end, HANDSHAKE_SLOT_MILLISECONDS);
		this.#secured.set(name, end);
		socket.once("close", end);
		this.#options.onAdmitted(socket);
		// TLS takes what is there in this turn of the event loop.
		setImmediate(() => {
			if (socket.bytesWritten >= ANSWER_BYTES_MIN) end();
			else if (isOver) return;
			else if (socket.bytesWritten > 0 && this.#asked === undefined) this.#asked = held;
			else socket.destroy();
		});
	}

	/** False when this address opens connections too fast. */
	#bears(address: string): boolean {
		const { perAddress, perAddressAndSecond } = this.#limits;
		const { connections } = this.#addressOf(address);
		const factor = this.#factorOf(address);
		return connections.takes(factor * perAddress, factor * perAddressAndSecond);
	}

	#factorOf(address: string): number {
		return this.#known.has(address) ? KNOWN_FACTOR : 1;
	}

	/** Hangs up on the client that has shown least, of this address or of all, where the limit is reached. */
	#makeRoom(address: string): void {
		const { connections, perAddress } = this.#limits;
		const { held } = this.#addressOf(address);
		let count = 0;
		for (const { stage } of held) if (stage < DELIVERED) count++;
		if (count >= perAddress) this.#hangUpOn([...held]);
		if (this.#held.size >= connections) this.#hangUpOn([...this.#held.values()]);
	}

	/**
	 * Those before the end of their handshake and those after it have half of the places each: whoever holds all of them by
	 * handshakes would leave one for all who come, and each would push out the one before it.
	 */
	#hangUpOn(connections: readonly Held[]): void {
		// Maps and sets give the oldest first.
		const strangers = connections.filter(
			({ stage, socket }) => stage < DELIVERED && !socket.destroyed,
		);
		const secured = strangers.filter(({ stage }) => stage === SECURE);
		const shown = ({ stage, address }: Held): number =>
			stage + (this.#known.has(address) ? 0.5 : 0);
		let least: Held | undefined;
		for (const held of secured.length > strangers.length / 2 ? secured : strangers) {
			if (least === undefined || shown(held) < shown(least)) least = held;
		}
		least?.socket.destroy();
	}

	#addressOf(address: string): Address {
		let account = this.#addresses.get(address);
		if (account === undefined) {
			if (this.#addresses.size >= ADDRESSES_MAX) this.#forgetIdle();
			const { perAddress, requestsPerAddress } = this.#limits;
			account = {
				held: new Set(),
				connections: new Account(perAddress),
				requests: new Account(requestsPerAddress),
			};
			this.#addresses.set(address, account);
		}
		return account;
	}

	#leave(name: string, held: Held): void {
		if (this.#held.get(name) === held) this.#held.delete(name);
		this.#addresses.get(held.address)?.held.delete(held);
		this.#stations.remove(held);
	}

	/** A client that says nothing, or does not end its handshake, is hung up; old accounts go. */
	#sweep(): void {
		const before = performance.now() - HANDSHAKE_MILLISECONDS_MAX;
		for (const { stage, atMilliseconds, socket } of this.#held.values()) {
			if (stage < SECURE && atMilliseconds < before) socket.destroy();
		}
		this.#forgetIdle();
	}

	/** A full account without connections says nothing. */
	#forgetIdle(): void {
		const { perAddress, perAddressAndSecond } = this.#limits;
		const before = performance.now() - (1000 * perAddress) / perAddressAndSecond;
		for (const [address, { held, connections }] of this.#addresses) {
			if (held.size === 0 && connections.atMilliseconds < before) this.#addresses.delete(address);
		}
	}
}

function portName(address: string, port: number): string {
	return `${address} ${port}`;
}

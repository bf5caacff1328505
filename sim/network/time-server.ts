/**
 * The world's network time server, and the datagram socket that reaches it. It knows the world's time,
 * and goes wrong in the ways that servers, networks and forgers do. It shares no code with the client.
 */
import { fraction, type RandomSource } from "../../src/core/random.js";
import type { ByteBuffer, Datagram, DatagramOptions } from "../../src/firmware/ports.js";
import type { Wire, WirePacket } from "./wire.js";

export const TIME_FAULTS = Object.freeze([
	/** The question or its answer is lost. */
	"lost",
	/** The answer takes three seconds. */
	"late",
	/** Years off, whatever `lieSeconds` says. */
	"wrong",
	/** Somebody who has not seen the question is faster than the server, and years off. */
	"spoofed",
	/** A stranger's packet comes first: not from the server, with the question's own nonce. */
	"stranger",
	/** Kiss-o'-death, RATE. */
	"kiss",
	/** The server has lost its own reference: leap indicator 3. */
	"unsynchronized",
	/** The answer is cut short. */
	"truncated",
] as const);

export type TimeFault = (typeof TIME_FAULTS)[number];

const PORT = 123;
const UNSYNCHRONIZED = 3;
const SECONDS_TO_1970 = 2_208_988_800;
const YEARS_SECONDS = 94_608_000;
const LATE_MILLISECONDS = 3000;
/** There and back, milliseconds; a server on the same continent. */
const TRIP_MILLISECONDS: readonly [number, number] = [30, 120];

export class SimulatedTimeServer {
	/** Probability of each fault at each question, 0..1; absent is 0. */
	faults: Partial<Record<TimeFault, number>> = {};
	/** How often each fault happened. */
	readonly faultCounts = new Map<TimeFault, number>();
	/** What the server's clock is off by, seconds. */
	lieSeconds = 0;
	/** Of its answers to questions of version 4; those of routers and older systems say 3. */
	version: 3 | 4 = 4;
	/** Questions that were asked. */
	requests = 0;
	readonly #random: RandomSource;
	readonly #utcSeconds: (() => number) | undefined;

	/** Without `utcSeconds` nobody is there. */
	constructor(random: RandomSource, utcSeconds: (() => number) | undefined) {
		this.#random = random;
		this.#utcSeconds = utcSeconds;
	}

	/** What comes back for a question that has just arrived. */
	answersTo(question: Uint8Array): WirePacket[] {
		this.requests++;
		const strikes = (fault: TimeFault): boolean => {
			const probability = this.faults[fault] ?? 0;
			if (probability === 0 || fraction(this.#random) >= probability) return false;
			this.faultCounts.set(fault, (this.faultCounts.get(fault) ?? 0) + 1);
			return true;
		};
		if (this.#utcSeconds === undefined || strikes("lost")) return [];
		const isWrong = strikes("wrong");
		const utcSeconds = this.#utcSeconds() + this.lieSeconds + (isWrong ? YEARS_SECONDS : 0);
		const { version } = this;
		const answer = answerTo(question, utcSeconds, version);
		const packets: WirePacket[] = [];
		if (strikes("spoofed")) {
			const forged = answerTo(question, utcSeconds + YEARS_SECONDS, version);
			forged.fill(0x55, 24, 32);
			packets.push({ afterMilliseconds: 0, address: undefined, bytes: forged });
		}
		if (strikes("stranger")) {
			const strange = answerTo(question, utcSeconds + YEARS_SECONDS, version);
			packets.push({ afterMilliseconds: 0, address: "198.51.100.7", bytes: strange });
		}
		if (strikes("unsynchronized")) answer[0] = headOf(UNSYNCHRONIZED, version);
		if (strikes("kiss")) {
			answer[0] = headOf(UNSYNCHRONIZED, version);
			answer[1] = 0;
			answer.set([0x52, 0x41, 0x54, 0x45], 12);
		}
		packets.push({
			afterMilliseconds: strikes("late") ? LATE_MILLISECONDS : 1,
			address: undefined,
			bytes: strikes("truncated") ? answer.slice(0, 40) : answer,
		});
		return packets;
	}
}

/** Leap indicator, version and mode 4, which is a server's. */
function headOf(leap: number, version: number): number {
	return (leap << 6) | (version << 3) | 4;
}

/** LI 0, mode 4, stratum 2, poll 6, precision 2^-20, 8 ms of delay, 12 ms of dispersion. */
function answerTo(question: Uint8Array, utcSeconds: number, version: number): Uint8Array {
	const bytes = new Uint8Array(48);
	const view = new DataView(bytes.buffer);
	bytes.set([headOf(0, version), 2, 6, 0xec]);
	view.setUint32(4, 0x20c);
	view.setUint32(8, 0x312);
	bytes.set([192, 0, 2, 99], 12);
	const seconds = Math.floor(utcSeconds);
	const part = Math.floor((utcSeconds - seconds) * 0x1_0000_0000);
	for (const at of [16, 32, 40]) {
		view.setUint32(at, (seconds + SECONDS_TO_1970) % 0x1_0000_0000);
		view.setUint32(at + 4, part);
	}
	bytes.set(question.subarray(40, 48), 24);
	return bytes;
}

/** A socket of the simulated network: there is one server in its world, on port 123 of every address. */
export class SimulatedDatagram implements Datagram {
	readonly #network: Wire;
	readonly #options: DatagramOptions;
	readonly #arrived: ReturnType<Datagram["read"]>[] = [];
	#isClosed = false;

	constructor(network: Wire, options: DatagramOptions) {
		network.beforeOperation();
		this.#network = network;
		this.#options = options;
	}

	read(): ReturnType<Datagram["read"]> {
		this.#network.beforeOperation();
		return this.#arrived.shift();
	}

	write(packet: ByteBuffer, address: string, port: number): void {
		const network = this.#network;
		network.beforeOperation();
		if (this.#isClosed) throw new Error("closed");
		if (!network.link.isUp) throw new Error("no route");
		if (port !== PORT) return;
		const question = new Uint8Array(packet.slice(0) as ArrayBuffer);
		network.radio("active");
		const trip = network.between(TRIP_MILLISECONDS);
		network.later(trip / 2, () => {
			for (const answer of network.timeAnswersTo(question)) {
				network.later(answer.afterMilliseconds + trip / 2, () => {
					this.#arrive(answer.bytes, answer.address ?? address);
				});
			}
		});
	}

	close(): void {
		this.#network.beforeOperation();
		this.forget();
		this.#network.radio("idle");
		this.#network.remove(this);
	}

	/** No callback any more. */
	forget(): void {
		this.#isClosed = true;
		this.#arrived.length = 0;
	}

	#arrive(bytes: Uint8Array, address: string): void {
		if (this.#isClosed || !this.#network.link.isUp) return;
		const buffer = bytes.slice().buffer as ArrayBuffer;
		this.#arrived.push(Object.assign(buffer, { address, port: PORT }));
		this.#options.onReadable(1);
	}
}

/**
 * The network of one station: radio, names, and HTTPS to an endpoint that some other part of the
 * world answers for. It keeps the SDK's habits (no time-outs, no reasons, errors in odd places) and
 * can go wrong in every way that networks do. The endpoint may answer later in real time; the
 * world's clock stands still meanwhile, and the exchange is charged its modelled time.
 */
import { fraction, type RandomSource } from "../../src/core/random.js";
import type {
	Cancellable,
	DatagramConstructor,
	DatagramOptions,
	HttpClientConstructor,
	HttpClientOptions,
	NameResolver,
	Network,
	NetworkLink,
} from "../../src/firmware/ports.js";
import type { VirtualClock } from "../board/clock.js";
import { SimulatedHttpsClient } from "./https-client.js";
import { SimulatedDatagram, SimulatedTimeServer } from "./time-server.js";
import {
	DEFAULT_NETWORK_TIMES,
	type Endpoint,
	type NetworkFault,
	type NetworkTimes,
	type RadioState,
	type ServerRequest,
	type ServerResponse,
	type Wire,
	type WirePacket,
} from "./wire.js";

export interface SimulatedNetworkOptions {
	readonly clock: VirtualClock;
	readonly random: RandomSource;
	readonly endpoint: Endpoint;
	readonly times?: NetworkTimes;
	/** The world's time, for its network time server; without it nobody answers there. */
	readonly utcSeconds?: () => number;
	/** What the radio does, for the power model. */
	readonly onRadio?: (state: RadioState) => void;
	/** Called before every operation; may throw, as a power cut does. */
	readonly beforeOperation?: (kind: "network") => void;
}

export class SimulatedNetwork implements Network, Wire {
	readonly link: NetworkLink;
	readonly resolver: NameResolver;
	readonly HttpsClient: HttpClientConstructor;
	readonly Datagram: DatagramConstructor;
	readonly timeServer: SimulatedTimeServer;
	/** Probability of each fault at each occasion for it, 0..1; absent is 0. */
	faults: Partial<Record<NetworkFault, number>> = {};
	/** How often each fault happened. */
	readonly faultCounts = new Map<NetworkFault, number>();
	/** Called when `outstanding` falls. */
	onSettled: (() => void) | undefined;
	/** For "answer-replayed". */
	lastAnswer: ServerResponse | undefined;
	times: NetworkTimes;
	readonly #options: SimulatedNetworkOptions;
	#outstanding = 0;
	/** Raised by `kill`: what belongs to an earlier power cycle of the station is silent. */
	#powerCycle = 0;
	#isUp = false;
	#onLinkChanged: ((isUp: boolean) => void) | undefined;
	/** Until then a request for the link gets no answer. */
	#accessPointBackMilliseconds = 0;
	readonly #clients = new Set<SimulatedHttpsClient>();
	readonly #datagrams = new Set<SimulatedDatagram>();

	constructor(options: SimulatedNetworkOptions) {
		this.#options = options;
		this.times = options.times ?? DEFAULT_NETWORK_TIMES;
		const network = this;
		this.link = {
			connectMillisecondsMax: 30_000,
			get isUp() {
				return network.#isUp;
			},
			get rssiDecibelMilliwatts() {
				return network.#isUp ? -67 : undefined;
			},
			connect: (onChanged) => this.#connectLink(onChanged),
			disconnect: () => this.#disconnectLink(),
		};
		this.resolver = { resolve: (host, onDone) => this.#resolve(host, onDone) };
		this.HttpsClient = class extends SimulatedHttpsClient {
			constructor(clientOptions: HttpClientOptions) {
				network.beforeOperation();
				if (network.strikes("certificate-expired")) throw new Error("date validation failed");
				super(network, clientOptions);
				network.#clients.add(this);
			}
		};
		this.timeServer = new SimulatedTimeServer(options.random, options.utcSeconds);
		this.Datagram = class extends SimulatedDatagram {
			constructor(datagramOptions: DatagramOptions) {
				super(network, datagramOptions);
				network.#datagrams.add(this);
			}
		};
	}

	/** Calls of the endpoint that are not answered yet: while above 0 no time may pass. */
	get outstanding(): number {
		return this.#outstanding;
	}

	/** Power cut: no callback of this power cycle comes any more. What is on the wire continues. */
	kill(): void {
		this.#powerCycle++;
		this.#isUp = false;
		this.#onLinkChanged = undefined;
		forgetAll(this.#clients);
		forgetAll(this.#datagrams);
		this.#options.onRadio?.("off");
	}

	beforeOperation(): void {
		this.#options.beforeOperation?.("network");
	}

	strikes(fault: NetworkFault): boolean {
		const probability = this.faults[fault] ?? 0;
		// No draw for what is switched off: adding a fault must not shift the others' draws.
		if (probability === 0 || fraction(this.#options.random) >= probability) return false;
		this.faultCounts.set(fault, (this.faultCounts.get(fault) ?? 0) + 1);
		return true;
	}

	between([least, most]: readonly [number, number]): number {
		return least + Math.floor(fraction(this.#options.random) * (most - least + 1));
	}

	later(milliseconds: number, callback: () => void): void {
		const powerCycle = this.#powerCycle;
		this.#options.clock
			.createAlarm(() => {
				if (powerCycle === this.#powerCycle) callback();
			})
			.schedule(milliseconds);
	}

	laterOnTheWire(milliseconds: number, callback: () => void): void {
		this.#options.clock.createAlarm(callback).schedule(milliseconds);
	}

	ask(request: ServerRequest, onAnswer: (answer: ServerResponse | Error) => void): void {
		const powerCycle = this.#powerCycle;
		let isAnswered = false;
		this.#outstanding++;
		this.#options.endpoint(request, (answer) => {
			if (isAnswered) return;
			isAnswered = true;
			this.#outstanding--;
			if (powerCycle === this.#powerCycle) onAnswer(answer);
			if (!(answer instanceof Error)) this.lastAnswer = answer;
			this.onSettled?.();
		});
	}

	radio(state: "idle" | "active"): void {
		if (this.#isUp) this.#options.onRadio?.(state);
	}

	remove(client: SimulatedHttpsClient | SimulatedDatagram): void {
		if (client instanceof SimulatedDatagram) this.#datagrams.delete(client);
		else this.#clients.delete(client);
	}

	timeAnswersTo(question: Uint8Array): readonly WirePacket[] {
		return this.timeServer.answersTo(question);
	}

	/** Sockets that nobody has closed. */
	get openDatagrams(): number {
		return this.#datagrams.size;
	}

	/** The link goes down by itself. */
	dropLink(): void {
		if (!this.#isUp) return;
		this.#isUp = false;
		this.#options.onRadio?.("off");
		const onChanged = this.#onLinkChanged;
		this.later(0, () => onChanged?.(false));
		for (const client of this.#clients) client.break(new Error("network lost"));
	}

	/** The access point says nothing for so long: the link is lost, and one that is asked for meanwhile never comes up. */
	rebootAccessPoint(milliseconds: number): void {
		this.#accessPointBackMilliseconds = this.#options.clock.milliseconds + milliseconds;
		this.dropLink();
	}

	/** The access point answers. */
	get hasAccessPoint(): boolean {
		return this.#options.clock.milliseconds >= this.#accessPointBackMilliseconds;
	}

	#connectLink(onChanged: (isUp: boolean) => void): void {
		this.beforeOperation();
		if (this.#onLinkChanged !== undefined) throw new Error("already connecting");
		this.#onLinkChanged = onChanged;
		this.#options.onRadio?.("connecting");
		if (!this.hasAccessPoint || this.strikes("link-silent")) return;
		const isRefused = this.strikes("link-refused");
		this.later(this.between(this.times.link), () => {
			if (this.#onLinkChanged !== onChanged) return;
			this.#isUp = !isRefused;
			this.#options.onRadio?.(isRefused ? "off" : "idle");
			onChanged(!isRefused);
		});
	}

	#disconnectLink(): void {
		if (this.#onLinkChanged === undefined && !this.#isUp) return;
		this.#isUp = false;
		this.#onLinkChanged = undefined;
		this.#options.onRadio?.("off");
		for (const client of this.#clients) client.break(new Error("network lost"));
	}

	#resolve(host: string, onDone: (error: Error | null, address?: string) => void): Cancellable {
		this.beforeOperation();
		let isCancelled = false;
		const isSilent = this.strikes("name-silent");
		const isFailing = this.strikes("name-fails") || !this.#isUp;
		// The SDK's resolver: five tries of a second.
		if (!isSilent) {
			this.later(isFailing ? 5000 : this.between(this.times.name), () => {
				if (isCancelled) return;
				if (isFailing) onDone(new Error(`${host} not found`));
				else onDone(null, "192.0.2.1");
			});
		}
		return {
			cancel: () => {
				isCancelled = true;
			},
		};
	}
}

/** Most wakes have none, and emptying an empty set makes a new table all the same. */
function forgetAll(sockets: Set<{ forget(): void }>): void {
	if (sockets.size === 0) return;
	for (const socket of sockets) socket.forget();
	sockets.clear();
}

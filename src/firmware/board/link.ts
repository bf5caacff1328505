/** Wi-Fi and names: no reconnection but what the uplink asks for, and nothing after `cancel`. */

import UDP from "embedded:io/socket/udp";
import Resolver from "embedded:network/dns/resolver/udp";
import WiFi from "embedded:network/interface/wifi";
// biome-ignore lint/style/useNodejsImportProtocol: the SDK's module, not Node's.
import Net from "net";
import Timer from "timer";
import type { WiFiNetwork } from "../config/provisioning.js";
import type { Cancellable, NameResolver, NetworkLink } from "../ports.js";
import { createGuard, type Guard } from "./guard.js";
import type { Native } from "./native.js";

/** `connection` of the SDK's class: an address is there. */
const CONNECTED_WITH_ADDRESS = 500;
const DISCONNECTED = 200;
/** Association and DHCP take 2 to 6 s. */
const CONNECT_MILLISECONDS_MAX = 30_000;

/** What a network has of the whole time when another one follows. */
const TRY_MILLISECONDS_MAX = 15_000;

/** Networks are tried in their order, each anew at every connection; the last one that fails is the link's end. */
export function createLink(
	native: Native,
	guard: Guard,
	networks: readonly WiFiNetwork[],
): NetworkLink {
	const link = new NetworksInTurn(guard, networks);
	return {
		connectMillisecondsMax: Math.max(
			CONNECT_MILLISECONDS_MAX,
			networks.length * TRY_MILLISECONDS_MAX,
		),
		get isUp() {
			return link.isUp;
		},
		get rssiDecibelMilliwatts() {
			return link.rssiDecibelMilliwatts;
		},
		connect: (changed) => {
			native.station_radio(1);
			link.begin(changed);
		},
		disconnect: () => {
			if (link.end()) native.station_radio(0);
		},
	};
}

class NetworksInTurn {
	readonly #guard: Guard;
	readonly #networks: readonly WiFiNetwork[];
	#radio: WiFi | undefined;
	#onChanged: ((isUp: boolean) => void) | undefined;
	#index = 0;
	/** Since it was begun: one that is lost then is the uplink's to begin again. */
	#wasUp = false;
	#timer: Timer | undefined;

	constructor(guard: Guard, networks: readonly WiFiNetwork[]) {
		this.#guard = guard;
		this.#networks = networks;
	}

	get isUp(): boolean {
		return this.#radio?.connection === CONNECTED_WITH_ADDRESS;
	}

	get rssiDecibelMilliwatts(): number | undefined {
		return this.isUp ? this.#radio?.RSSI : undefined;
	}

	begin(onChanged: (isUp: boolean) => void): void {
		this.#close();
		this.#onChanged = onChanged;
		this.#index = 0;
		this.#wasUp = false;
		this.#open();
	}

	/** False when nothing was begun. */
	end(): boolean {
		const wasBegun = this.#onChanged !== undefined;
		this.#onChanged = undefined;
		this.#close();
		return wasBegun;
	}

	#open(): void {
		const { name = "", password = "" } = this.#networks[this.#index] ?? {};
		const changed = this.#guard(() => this.#changed());
		this.#radio = new WiFi({ onChanged: () => changed() });
		this.#later(TRY_MILLISECONDS_MAX, () => this.#goOn());
		this.#radio.connect({
			SSID: decoded(name),
			...(password === "" ? {} : { password: decoded(password) }),
		});
	}

	#close(): void {
		this.#stopTimer();
		const radio = this.#radio;
		if (radio === undefined) return;
		this.#radio = undefined;
		try {
			radio.disconnect();
		} catch {
			// Not connected: there is nothing to end.
		}
		// Its "disconnected" is still under way and would end the next connection: a closed object drops
		// it (wifi-esp32.c, wifiConnectDeliver).
		radio.close();
	}

	#changed(): void {
		const connection = this.#radio?.connection;
		// In between it goes through 300 and 400, which mean nothing to the uplink.
		if (connection === CONNECTED_WITH_ADDRESS) {
			this.#stopTimer();
			this.#wasUp = true;
			this.#onChanged?.(true);
		} else if (connection === DISCONNECTED && (this.#wasUp || !this.#goOn())) {
			this.#onChanged?.(false);
		}
	}

	/** True when there is another network to try: in a turn of its own, not within the class's call. */
	#goOn(): boolean {
		if (this.#index + 1 >= this.#networks.length) return false;
		this.#index++;
		this.#later(0, () => {
			this.#close();
			this.#open();
		});
		return true;
	}

	#later(milliseconds: number, work: () => void): void {
		this.#stopTimer();
		const run = this.#guard(() => {
			this.#timer = undefined;
			work();
		});
		this.#timer = Timer.set(() => run(), milliseconds);
	}

	#stopTimer(): void {
		if (this.#timer !== undefined) Timer.clear(this.#timer);
		this.#timer = undefined;
	}
}

/** Percent-encoded UTF-8; bytes that are none stay as they were told. */
function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** The SDK's resolver with the servers that DHCP gave; it cannot be cancelled by itself. */
export function createResolver(guard: Guard): NameResolver {
	return {
		resolve: (host, onDone) => {
			const state: { resolver: Resolver | undefined; isOver: boolean } = {
				resolver: undefined,
				isOver: false,
			};
			const end = guard((error: Error | null, address?: string) => {
				if (state.isOver) return;
				state.isOver = true;
				closeLater(guard, state.resolver);
				onDone(error, address);
			});
			// A packet that its parser does not understand would otherwise be the end of the board.
			const fragile = createGuard((error) => end(asError(error)));
			state.resolver = new Resolver({
				servers: nameServers(),
				socket: { io: guardedUdp(fragile) },
			});
			state.resolver.resolve({
				host,
				onResolved: (_host: string, address: unknown) => {
					end(null, String(address));
					return null;
				},
				onError: () => {
					end(new Error(`${host} was not resolved`));
					return null;
				},
			});
			return cancellable(guard, state);
		},
	};
}

type UdpOptions = ConstructorParameters<typeof UDP>[0];

function guardedUdp(guard: Guard): typeof UDP {
	return class extends UDP {
		constructor(options: UdpOptions) {
			const { onReadable } = options;
			super({ ...options, ...(onReadable && { onReadable: guard(onReadable) }) });
		}
	};
}

function asError(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function cancellable(
	guard: Guard,
	state: { resolver: Resolver | undefined; isOver: boolean },
): Cancellable {
	return {
		cancel: () => {
			if (state.isOver) return;
			state.isOver = true;
			closeLater(guard, state.resolver);
		},
	};
}

/** Its own methods go on after calling back, so it is closed in another turn. */
function closeLater(guard: Guard, resolver: Resolver | undefined): void {
	if (resolver === undefined) return;
	const close = guard(() => resolver.close());
	Timer.set(() => close(), 0);
}

function nameServers(): string[] {
	const servers: unknown = Net.get("DNS");
	if (Array.isArray(servers) && servers.length > 0) return servers.map(String);
	return typeof servers === "string" ? [servers] : ["9.9.9.9", "1.1.1.1"];
}

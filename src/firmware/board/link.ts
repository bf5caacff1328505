/** Wi-Fi and names: no reconnection but what the uplink asks for, and nothing after `cancel`. */

import UDP from "embedded:io/socket/udp";
import Resolver from "embedded:network/dns/resolver/udp";
import WiFi from "embedded:network/interface/wifi";
// biome-ignore lint/style/useNodejsImportProtocol: the SDK's module, not Node's.
import Net from "net";
import Timer from "timer";
import type { Cancellable, NameResolver, NetworkLink } from "../ports.js";
import { createGuard, type Guard } from "./guard.js";
import type { Native } from "./native.js";

/** `connection` of the SDK's class: an address is there. */
const CONNECTED_WITH_ADDRESS = 500;
const DISCONNECTED = 200;
/** Association and DHCP take 2 to 6 s. */
const CONNECT_MILLISECONDS_MAX = 30_000;

export interface WiFiCredentials {
	readonly SSID: string;
	readonly password: string;
}

export function createLink(
	native: Native,
	guard: Guard,
	credentials: WiFiCredentials,
): NetworkLink {
	const state: {
		radio: WiFi | undefined;
		onChanged: ((isUp: boolean) => void) | undefined;
	} = { radio: undefined, onChanged: undefined };
	const onChanged = guard(() => {
		const connection = state.radio?.connection;
		// In between it goes through 300 and 400, which mean nothing to the uplink.
		if (connection === CONNECTED_WITH_ADDRESS) state.onChanged?.(true);
		else if (connection === DISCONNECTED) state.onChanged?.(false);
	});
	return {
		connectMillisecondsMax: CONNECT_MILLISECONDS_MAX,
		get isUp() {
			return state.radio?.connection === CONNECTED_WITH_ADDRESS;
		},
		get rssiDecibelMilliwatts() {
			return state.radio?.connection === CONNECTED_WITH_ADDRESS ? state.radio.RSSI : undefined;
		},
		connect: (changed) => {
			state.onChanged = changed;
			native.station_radio(1);
			state.radio ??= new WiFi({ onChanged: () => onChanged() });
			state.radio.connect({ ...credentials });
		},
		disconnect: () => {
			state.onChanged = undefined;
			if (state.radio === undefined) return;
			try {
				state.radio.disconnect();
			} catch {
				// Not connected: there is nothing to end.
			}
			native.station_radio(0);
			// Its "disconnected" is still under way and would end the next connection: a closed object drops
			// it (wifi-esp32.c, wifiConnectDeliver).
			state.radio.close();
			state.radio = undefined;
		},
	};
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

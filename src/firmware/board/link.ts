/** Wi-Fi and names over the SDK's classes. */

import UDP from "embedded:io/socket/udp";
import Resolver from "embedded:network/dns/resolver/udp";
import WiFi from "embedded:network/interface/wifi";
// biome-ignore lint/style/useNodejsImportProtocol: the SDK's module, not Node's.
import Net from "net";
import Timer from "timer";
import type { Cancellable, NameResolver, NetworkLink, RadioConstructor } from "../ports.js";
import { createGuard, type Guard } from "./guard.js";

/** The SDK's class, with nothing that escapes from a callback. */
export function guardedWiFi(guard: Guard): RadioConstructor {
	return class extends WiFi {
		constructor({ onChanged }: { onChanged: () => void }) {
			const changed = guard(onChanged);
			super({ onChanged: () => changed() });
		}
	};
}

/** The SDK's resolver with the provisioned server, or those that DHCP gave; it cannot be cancelled by itself. */
export function createResolver(guard: Guard, link: NetworkLink): NameResolver {
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
				servers: link.nameServer === undefined ? nameServers() : [link.nameServer],
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

/** Its own methods continue after calling back, so it is closed in another turn. */
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

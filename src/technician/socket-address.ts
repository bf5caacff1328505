/** Names of TCP sockets as ports, and why one cannot be reached. */
import { UsageError } from "../host/errors.js";
import { type Notice, notice } from "../host/messages/notice.js";

export const CONNECT_MILLISECONDS = 5000;

/** Of `SCHEME://HOST:PORT`. Throws UsageError. */
export function addressOf(name: string, scheme: string): { host: string; port: number } {
	const [, found = "", host = "", digits = ""] =
		/^([a-z0-9]+):\/\/(\[[0-9a-f:]+\]|[^:/[\]]+):(\d{1,5})\/?$/i.exec(name) ?? [];
	const port = Number(digits);
	if (found !== scheme || host === "" || port < 1 || port > 65_535) {
		throw new UsageError(notice("port-address", { port: name, scheme }));
	}
	return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** `reason`: the system's code. */
export function whyNotConnected(port: string, reason: string): Notice {
	switch (reason) {
		case "ECONNREFUSED":
			return notice("port-nobody", { port });
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return notice("port-no-host", { port });
		case "ETIMEDOUT":
			return notice("port-late", { port, seconds: CONNECT_MILLISECONDS / 1000 });
		default:
			return notice("port-unreached", { port, why: reason });
	}
}

/** Names of TCP sockets as ports, and why one cannot be reached. */
import { UsageError } from "../host/errors.js";

export const CONNECT_MILLISECONDS = 5000;

/** Of `SCHEME://HOST:PORT`. Throws UsageError. */
export function addressOf(name: string, scheme: string): { host: string; port: number } {
	const [, found = "", host = "", digits = ""] =
		/^([a-z0-9]+):\/\/(\[[0-9a-f:]+\]|[^:/[\]]+):(\d{1,5})\/?$/i.exec(name) ?? [];
	const port = Number(digits);
	if (found !== scheme || host === "" || port < 1 || port > 65_535) {
		throw new UsageError(`${name}: use ${scheme}://HOST:PORT`);
	}
	return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** `reason`: the system's code. */
export function whyNotConnected(reason: string): string {
	switch (reason) {
		case "ECONNREFUSED":
			return "nobody listens there; is the station (or npm start) running, and is this its port?";
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return "no such host; check the name";
		case "ETIMEDOUT":
			return `no connection within ${CONNECT_MILLISECONDS / 1000} s; check the address and the network`;
		default:
			return `cannot be reached (${reason})`;
	}
}

/** Carries a simulated station's requests over real HTTPS: verified TLS to a collector on loopback. */

import { Agent, request as httpsRequest } from "node:https";
import type { Endpoint, ServerRequest, ServerResponse } from "../network/wire.js";

export interface HttpsEndpointOptions {
	readonly host: string;
	readonly port: number;
	/** Name in the collector's certificate. */
	readonly serverName: string;
	/** PEM of the authorities that are believed. */
	readonly certificateAuthority: string;
	/** Longest real time of one exchange; past it the link counts as failed. */
	readonly timeoutMilliseconds: number;
	/** Of each request, beside the station's own. */
	readonly headers?: () => Readonly<Record<string, string>>;
}

/** A response larger than this is not read: an answer has some hundred bytes. */
const RESPONSE_BYTES_MAX = 64 * 1024;

export interface HttpsEndpoint {
	readonly endpoint: Endpoint;
	/** True once a real time-out decided something: the run is then no function of its seed. */
	readonly hasTimedOut: boolean;
	close(): void;
}

export function createHttpsEndpoint(options: HttpsEndpointOptions): HttpsEndpoint {
	const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: options.certificateAuthority });
	const state = { hasTimedOut: false };
	const endpoint: Endpoint = (asked, onAnswer) => {
		exchange(options, agent, asked, () => {
			state.hasTimedOut = true;
		}).then(onAnswer, (error: unknown) => {
			onAnswer(error instanceof Error ? error : new Error(String(error)));
		});
	};
	return {
		endpoint,
		get hasTimedOut() {
			return state.hasTimedOut;
		},
		close: () => agent.destroy(),
	};
}

function exchange(
	options: HttpsEndpointOptions,
	agent: Agent,
	asked: ServerRequest,
	onTimeout: () => void,
): Promise<ServerResponse> {
	return new Promise((resolve, reject) => {
		const outgoing = httpsRequest(
			{
				agent,
				host: options.host,
				port: options.port,
				servername: options.serverName,
				method: asked.method,
				path: asked.path,
				headers: { ...Object.fromEntries(asked.headers), ...options.headers?.() },
				timeout: options.timeoutMilliseconds,
			},
			(incoming) => {
				const parts: Buffer[] = [];
				let byteCount = 0;
				incoming.on("data", (part: Buffer) => {
					byteCount += part.length;
					if (byteCount > RESPONSE_BYTES_MAX) incoming.destroy(new Error("response too large"));
					else parts.push(part);
				});
				incoming.on("error", reject);
				incoming.on("end", () => {
					const headers = new Map<string, string>();
					for (const [name, value] of Object.entries(incoming.headers)) {
						if (typeof value === "string") headers.set(name, value);
					}
					resolve({
						status: incoming.statusCode ?? 0,
						headers,
						body: new Uint8Array(Buffer.concat(parts)),
					});
				});
			},
		);
		outgoing.on("timeout", () => {
			onTimeout();
			outgoing.destroy(new Error("the collector did not answer in time"));
		});
		outgoing.on("error", reject);
		outgoing.end(asked.body);
	});
}

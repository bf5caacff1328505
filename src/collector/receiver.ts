/**
 * HTTPS in front of the ledger: POST /v1/batches takes an envelope and answers with a signed one;
 * GET /v1/health says that it lives. Answers carry Content-Length and never a 1xx, which the
 * stations' HTTP client does not understand.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { ENVELOPE_BYTES_MAX, ENVELOPE_CONTENT_TYPE } from "../protocol/cose.js";
import type { Ledger } from "./ledger.js";
import { CollectorTrouble } from "./trouble.js";

export interface HandledRequest {
	readonly method: string;
	readonly path: string;
	/** Lower-case names. */
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
}

export interface HandledResponse {
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
}

export type Handler = (request: HandledRequest) => Promise<HandledResponse>;

/** How long a station should stay away when the store fails, seconds. */
const RETRY_AFTER_SECONDS = 60;
const HEADERS_MILLISECONDS_MAX = 10_000;
const REQUEST_MILLISECONDS_MAX = 30_000;
const CLOSE_MILLISECONDS_MAX = 2000;
/** Two hundred stations of one upload slot, each with one connection, and room. */
const CONNECTIONS_MAX = 2000;

/** The routes over a ledger; `onReceived` is told of each answered batch. */
export function createHandler(
	ledger: Ledger,
	onReceived?: (answer: Awaited<ReturnType<Ledger["receive"]>>) => void,
): Handler {
	return async ({ method, path, headers, body }) => {
		if (path === "/v1/health") {
			return method === "GET" ? text(200, "ok\n") : text(405, "use GET\n", { allow: "GET" });
		}
		if (path !== "/v1/batches") return text(404, "there is /v1/batches and /v1/health\n");
		if (method !== "POST") return text(405, "use POST\n", { allow: "POST" });
		if (headers.get("content-type") !== ENVELOPE_CONTENT_TYPE) {
			return text(415, `send ${ENVELOPE_CONTENT_TYPE}\n`);
		}
		if (body.length > ENVELOPE_BYTES_MAX) return text(413, `at most ${ENVELOPE_BYTES_MAX} bytes\n`);
		const answer = await ledger.receive(body);
		onReceived?.(answer);
		const type = answer.status === 400 ? "text/plain" : ENVELOPE_CONTENT_TYPE;
		return { status: answer.status, headers: new Map([["content-type", type]]), body: answer.body };
	};
}

export interface ListenOptions {
	readonly handler: Handler;
	readonly host: string;
	/** 0: a free one. */
	readonly port: number;
	/** PEM: leaf first, then its authority. */
	readonly certificateChain: string;
	/** PEM. */
	readonly privateKey: string;
	/** Told of failures of the store; they become 503. */
	readonly onFailure?: (error: unknown) => void;
}

export interface Listening {
	readonly port: number;
	close(): Promise<void>;
}

/** Listens. Throws CollectorTrouble that names the port when it is taken. */
export async function listenHttps(options: ListenOptions): Promise<Listening> {
	const server = createServer(
		{
			cert: options.certificateChain,
			key: options.privateKey,
			minVersion: "TLSv1.2",
			headersTimeout: HEADERS_MILLISECONDS_MAX,
			requestTimeout: REQUEST_MILLISECONDS_MAX,
		},
		(request, response) => {
			answer(options, request, response).catch((error: unknown) => {
				options.onFailure?.(error);
				response.destroy();
			});
		},
	);
	server.maxConnections = CONNECTIONS_MAX;
	// A client that expects "100 Continue" is told at once that it gets none.
	server.on("checkContinue", (_request, response) =>
		send(response, text(417, "no Expect, please\n")),
	);
	await listen(server, options);
	const address = server.address();
	const port = typeof address === "object" && address !== null ? address.port : options.port;
	return {
		port,
		close: () =>
			new Promise((resolve) => {
				// Batches under way are committed and answered; who only keeps a connection open is not waited for.
				const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MILLISECONDS_MAX);
				server.close(() => {
					clearTimeout(timer);
					resolve();
				});
				server.closeIdleConnections();
			}),
	};
}

function listen(server: Server, { host, port }: ListenOptions): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be opened (${error.code})`;
			reject(new CollectorTrouble(`port ${port} of ${host} ${why}; choose another --port`));
		});
		server.listen(port, host, () => resolve());
	});
}

async function answer(
	options: ListenOptions,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	let body: Uint8Array | undefined;
	try {
		body = await bodyOf(request);
	} catch (error) {
		// The client left in the middle, or Node ended it for being too slow: nobody waits for an answer.
		if (!request.destroyed) throw error;
		return;
	}
	if (body === undefined) {
		// The rest of the body is not wanted: answer and hang up.
		response.shouldKeepAlive = false;
		send(response, text(413, `at most ${ENVELOPE_BYTES_MAX} bytes\n`));
		return;
	}
	const headers = new Map<string, string>();
	for (const [name, value] of Object.entries(request.headers)) {
		if (typeof value === "string") headers.set(name, value);
	}
	try {
		send(
			response,
			await options.handler({
				method: request.method ?? "",
				path: (request.url ?? "").split("?")[0] ?? "",
				headers,
				body,
			}),
		);
	} catch (error) {
		options.onFailure?.(error);
		send(response, text(503, "the store failed\n", { "retry-after": String(RETRY_AFTER_SECONDS) }));
	}
}

/**
 * The body, or undefined as soon as it is too long; rejects when the client leaves in the middle.
 * By events: an iterator over the request takes as long as all the rest of receiving it.
 */
function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
	return new Promise((resolve, reject) => {
		const parts: Buffer[] = [];
		let byteCount = 0;
		request.on("data", (part: Buffer) => {
			byteCount += part.length;
			if (byteCount > ENVELOPE_BYTES_MAX) {
				request.pause();
				resolve(undefined);
			} else {
				parts.push(part);
			}
		});
		request.on("end", () => resolve(new Uint8Array(Buffer.concat(parts))));
		request.on("error", reject);
		request.on("close", () => reject(new Error("the client left")));
	});
}

function send(response: ServerResponse, answered: HandledResponse): void {
	response.writeHead(answered.status, {
		...Object.fromEntries(answered.headers),
		"content-length": answered.body.length,
	});
	response.end(answered.body);
}

function text(
	status: number,
	message: string,
	headers: Readonly<Record<string, string>> = {},
): HandledResponse {
	return {
		status,
		headers: new Map([["content-type", "text/plain"], ...Object.entries(headers)]),
		body: new TextEncoder().encode(message),
	};
}

/**
 * HTTPS in front of the ledger: POST /v1/batches takes an envelope and answers with a signed one;
 * GET /v1/health says that it lives, GET /v1/ready that it can take batches. Answers carry Content-Length and never a 1xx, which the
 * stations' HTTP client does not understand.
 */

import { constants } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { Server as NetServer, Socket } from "node:net";
import { type Acceptors, askEarly, BACKLOG, moreAcceptors } from "../../host/acceptors.js";
import { closeServer } from "../../host/close-server.js";
import { OperationalError } from "../../host/errors.js";
import { FairQueue } from "../../host/fair-queue.js";
import { ENVELOPE_BYTES_MAX, ENVELOPE_CONTENT_TYPE } from "../../protocol/wire/cose.js";
import type { Ledger, LedgerAnswer, Sender } from "../ledger/ledger.js";
import { Admission, type AdmissionLimits, type Connection } from "./admission.js";
import type { Readiness } from "./readiness.js";

export interface HandledRequest {
	readonly method: string;
	readonly path: string;
	/** Lower-case names. */
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
	/** Whose connection it came by. */
	readonly from?: Sender;
}

export interface HandledResponse {
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
	/** The station that asked: nobody else can have sent that. */
	readonly provenBy?: string;
}

export type Handler = (request: HandledRequest) => Promise<HandledResponse>;

/** How long a station should stay away when the store fails, seconds. */
const RETRY_AFTER_SECONDS = 60;
const HEADERS_MILLISECONDS_MAX = 10_000;
const REQUEST_MILLISECONDS_MAX = 30_000;
const CLOSE_MILLISECONDS_MAX = 2000;
/** Node looks for connections beyond their time this often. */
const CHECK_MILLISECONDS = 1000;
const HANDSHAKE_MILLISECONDS_MAX = 5000;
/**
 * What every client of today has, and stations. The client chooses, and of what OpenSSL has besides a key exchange in P-521 or
 * ffdhe2048 takes 3 to 5 ms of this thread for the 0.7 of these.
 */
const KEY_EXCHANGE_GROUPS = "X25519:prime256v1";
/** Without a request in between; a session's next batch takes a second of signing. */
const IDLE_MILLISECONDS_MAX = 10_000;
/** Nothing goes either way, though a request is under way: the client does not read its answers. A statement has 30 s. */
const SILENCE_MILLISECONDS_MAX = 60_000;
/** A station's headers are 150 bytes; proxies add some. */
const HEADER_BYTES_MAX = 4096;
/**
 * Of a body, as TLS records or chunks: 64 bytes each of a longest envelope. Each is an event and an object of its own: in
 * chunks of a byte a body takes 60 ms of this thread, and one client kept honest stations waiting for five seconds.
 */
const BODY_PARTS_MAX = ENVELOPE_BYTES_MAX / 64;

/**
 * Batches that are verified at once: 70 us each on a thread of its own, so that a station never waits
 * longer than 5 ms for strangers, who have a quarter of the places, and in turns by address. One of a
 * station: it waits for each answer, and a client that sends more in parallel makes each turn of the event loop longer
 * for everybody, and so do strangers: three begin in a turn. Two of an address over which any number may come, whose first batch takes 10 ms: 200 a second; half of the places for all such addresses,
 * of which a key in wrong hands may have made many.
 */
const TURNS = Object.freeze({
	atOnce: 64,
	strangersAtOnce: 16,
	strangersPerTurn: 3,
	atOncePerLine: 1,
	atOncePerSharedLine: 2,
	sharedAtOnce: 32,
	keptForStrangers: 4,
	waitingPerLine: 128,
	waiting: 4096,
});

export interface HandlerOptions {
	/** Told of each answered batch. */
	readonly onReceived?: (answer: LedgerAnswer) => void;
	/** Asked by GET /v1/ready, and told what became of batches. */
	readonly readiness?: Readiness;
}

/** The routes over a ledger. */
export function createHandler(ledger: Ledger, options: HandlerOptions = {}): Handler {
	const { onReceived, readiness } = options;
	const turns = new FairQueue(TURNS);
	const receive = async (
		body: Uint8Array,
		from: HandledRequest["from"],
	): Promise<LedgerAnswer | undefined> => {
		// A caller of the handler without a connection needs no turns.
		const isAddress = from?.station === undefined;
		// The first batch of a session is not yet the station's, but comes from where one has delivered.
		const isStranger = isAddress && from?.isKnown !== true;
		const turn = from && turns.enter(from.station ?? from.address, isStranger, isAddress);
		if (from !== undefined && turn === undefined) return undefined;
		const leave = await turn;
		try {
			const answer = await ledger.receive(body, from);
			if (answer.status === 200) readiness?.succeeded();
			return answer;
		} catch (error) {
			readiness?.failed(error);
			throw error;
		} finally {
			leave?.();
		}
	};
	return async ({ method, path, headers, body, from }) => {
		if (path === "/v1/health" || path === "/v1/ready") {
			if (method !== "GET") return text(405, "use GET\n", { allow: "GET" });
			const problem = path === "/v1/ready" ? await readiness?.problem() : undefined;
			if (problem === undefined) return text(200, "ok\n");
			// The words are for the log: anybody may ask here.
			return text(503, "the store fails\n", { "retry-after": String(RETRY_AFTER_SECONDS) });
		}
		if (path !== "/v1/batches") {
			return text(404, "there is /v1/batches, /v1/health and /v1/ready\n");
		}
		if (method !== "POST") return text(405, "use POST\n", { allow: "POST" });
		if (headers.get("content-type") !== ENVELOPE_CONTENT_TYPE) {
			return text(415, `send ${ENVELOPE_CONTENT_TYPE}\n`);
		}
		if (body.length > ENVELOPE_BYTES_MAX) return text(413, `at most ${ENVELOPE_BYTES_MAX} bytes\n`);
		const answer = await receive(body, from);
		if (answer === undefined) {
			return text(503, "too many at once\n", { "retry-after": String(RETRY_AFTER_SECONDS) });
		}
		onReceived?.(answer);
		const { provenBy } = answer;
		const type = answer.status === 400 ? "text/plain" : ENVELOPE_CONTENT_TYPE;
		const answered = new Map([["content-type", type]]);
		return {
			status: answer.status,
			headers: answered,
			body: answer.body,
			...(provenBy === undefined ? {} : { provenBy }),
		};
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
	/** Told of each answer that went out whole, with the seconds since its request's headers. */
	readonly onAnswered?: (route: string, status: number, seconds: number) => void;
	readonly limits?: Partial<AdmissionLimits>;
	/** Connections that are taken in a turn of the event loop, beyond the first. */
	readonly moreAcceptors?: number;
	/** For tests: hung up on when nothing went either way for so long. */
	readonly silenceMilliseconds?: number;
	/** Addresses of TCP proxies, whose connections begin with a PROXY header. */
	readonly proxies?: readonly string[];
	/** Told of a proxy whose connection begins with something else. */
	readonly onNoHeader?: (proxyAddress: string) => void;
}

export interface Listening {
	readonly port: number;
	close(): Promise<void>;
}

function serverOptionsOf({ certificateChain, privateKey }: ListenOptions): ServerOptions {
	return {
		cert: certificateChain,
		key: privateKey,
		minVersion: "TLSv1.2",
		ecdhCurve: KEY_EXCHANGE_GROUPS,
		// Each would be a handshake outside of the turns; TLS 1.3 has none.
		secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
		headersTimeout: HEADERS_MILLISECONDS_MAX,
		requestTimeout: REQUEST_MILLISECONDS_MAX,
		connectionsCheckingInterval: CHECK_MILLISECONDS,
		handshakeTimeout: HANDSHAKE_MILLISECONDS_MAX,
		keepAliveTimeout: IDLE_MILLISECONDS_MAX,
		maxHeaderSize: HEADER_BYTES_MAX,
	};
}

/** Listens. Throws OperationalError that names the port when it is taken. */
export async function listenHttps(options: ListenOptions): Promise<Listening> {
	const server = createServer(serverOptionsOf(options), (request, response) => {
		const connection = connections.get(request.socket);
		if (connection === undefined || !admission.beginRequest(connection)) {
			request.socket.destroy();
			return;
		}
		response.once("close", () => {
			connection.requests--;
			if (isClosing) request.socket.end();
		});
		timeAnswer(options, request, response);
		answer(options, admission, connection, request, response).catch((error: unknown) => {
			options.onFailure?.(error);
			response.destroy();
		});
	});
	server.setTimeout(options.silenceMilliseconds ?? SILENCE_MILLISECONDS_MAX);
	// TLS begins when the admission says so.
	const [beginTls] = server.listeners("connection") as ((this: Server, socket: Socket) => void)[];
	const connections = new WeakMap<Socket, Connection>();
	const sockets = new Set<Socket>();
	let isClosing = false;
	const admission = new Admission({
		...(options.limits === undefined ? {} : { limits: options.limits }),
		...(options.proxies === undefined ? {} : { proxies: options.proxies }),
		...(options.onNoHeader === undefined ? {} : { onNoHeader: options.onNoHeader }),
		onAdmitted: (socket) => beginTls?.call(server, socket),
	});
	server.removeAllListeners("connection");
	server.prependListener("secureConnection", (socket) => {
		const connection = admission.secured(socket);
		if (connection !== undefined) connections.set(socket, connection);
	});
	// A client that expects "100 Continue", or anything else, is told at once that it gets none.
	const expectNothing = (_request: IncomingMessage, response: ServerResponse): void => {
		response.shouldKeepAlive = false;
		send(response, text(417, "no Expect, please\n"));
	};
	server.on("checkContinue", expectNothing);
	server.on("checkExpectation", expectNothing);
	await listen(server, options);
	server.on("connection", (socket: Socket) => {
		sockets.add(socket);
		socket.once("close", () => sockets.delete(socket));
	});
	const more = await acceptFor(server, admission, options.moreAcceptors ?? 0);
	const address = server.address();
	const port = typeof address === "object" && address !== null ? address.port : options.port;
	return {
		port,
		close: () => {
			isClosing = true;
			admission.close();
			more.close();
			// Batches under way are committed and answered; a client that only keeps a connection open is not waited for.
			return closeServer(server, sockets, CLOSE_MILLISECONDS_MAX);
		},
	};
}

/** From now on connections, of this handle and of so many more, are the admission's. */
function acceptFor(server: Server, admission: Admission, handles: number): Promise<Acceptors> {
	const ask = (of: NetServer): boolean => askEarly(of, (address) => admission.bears(address));
	const isCounted = ask(server);
	server.on("connection", (socket) => admission.take(socket as Socket, isCounted));
	const take = (socket: Socket): void => void server.emit("connection", socket);
	return moreAcceptors(server, handles, take, ask);
}

function timeAnswer(
	{ onAnswered }: ListenOptions,
	request: IncomingMessage,
	response: ServerResponse,
): void {
	if (onAnswered === undefined) return;
	const asked = performance.now();
	response.once("finish", () => {
		onAnswered(routeOf(request), response.statusCode, (performance.now() - asked) / 1000);
	});
}

/** Of a few: labels are not for strangers to make. */
function routeOf({ url = "" }: IncomingMessage): string {
	const path = url.split("?")[0] ?? "";
	return ["/v1/batches", "/v1/health", "/v1/ready"].includes(path) ? path : "other";
}

function listen(server: Server, { host, port }: ListenOptions): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be opened (${error.code})`;
			reject(new OperationalError(`port ${port} of ${host} ${why}; choose another --port`));
		});
		server.listen({ port, host, backlog: BACKLOG }, () => resolve());
	});
}

async function answer(
	options: ListenOptions,
	admission: Admission,
	connection: Connection,
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
		const answered = await options.handler({
			method: request.method ?? "",
			path: (request.url ?? "").split("?")[0] ?? "",
			headers,
			body,
			from: connection,
		});
		if (answered.provenBy !== undefined) admission.delivered(connection, answered.provenBy);
		send(response, answered);
	} catch (error) {
		options.onFailure?.(error);
		send(response, text(503, "the store failed\n", { "retry-after": String(RETRY_AFTER_SECONDS) }));
	}
}

/**
 * The body, or undefined as soon as it is too long; rejects when the client leaves in the middle, or is hung up on for too many parts.
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
			} else if (parts.length === BODY_PARTS_MAX) {
				// No answer: until it is out, the rest of the parts would come all the same.
				request.socket.destroy();
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

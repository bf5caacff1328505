/**
 * The readers' listener: plain HTTP for a proxy in front that speaks TLS. It answers GET, HEAD and OPTIONS and writes
 * nothing anywhere. Readers and stations share no port, no limit and no thread. Limits: docs/PUBLISHING.md, section 6.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Server as NetServer, Socket } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { askEarly, BACKLOG, moreAcceptors } from "../../host/acceptors.js";
import { closeServer } from "../../host/close-server.js";
import { OperationalError } from "../../host/errors.js";
import { printableJson } from "../../host/printable.js";
import type { ReaderLimits } from "./address-limits.js";
import { type Asker, ReaderGate } from "./reader-gate.js";
import { RetryLater } from "./retry-later.js";

export interface ReaderRequest {
	/** Decoded segments of the path; none of them empty. */
	readonly path: readonly string[];
	/** As it came, without the query. */
	readonly rawPath: string;
	readonly query: URLSearchParams;
	/** Lower-case names. */
	readonly header: (name: string) => string | undefined;
	/** `http://host` as the client named it, or as the operator says it. */
	readonly origin: string;
}

type WholeBody = string | Uint8Array;

export interface ReaderAnswer {
	readonly status: number;
	readonly type?: string;
	readonly headers?: Readonly<Record<string, string>>;
	/** Whole, or in pieces as they come; a function makes it for whoever does not have it yet. */
	readonly body?: WholeBody | AsyncIterable<string | Uint8Array> | (() => WholeBody);
	/** Of what it was made; one that has the same is not sent again. */
	readonly tag?: string | undefined;
	/** What caches may do; `no-cache` without it: ask each time. */
	readonly caching?: string;
	/** Keeps the connection: the stream writes when there is something. */
	readonly stream?: (response: ServerResponse) => void;
}

export type ReaderHandler = (request: ReaderRequest) => Promise<ReaderAnswer> | ReaderAnswer;

export interface ReadersOptions {
	readonly handler: ReaderHandler;
	readonly host: string;
	/** 0: a free one. */
	readonly port: number;
	readonly limits?: Partial<ReaderLimits>;
	/** Addresses of proxies, whose X-Forwarded-For names the client. */
	readonly proxies?: readonly string[];
	/** The address that links begin with; without it what the client asked. */
	readonly origin?: string | undefined;
	readonly onFailure?: (error: unknown) => void;
	/** Handles of the listening socket beyond its own (acceptors.ts). */
	readonly moreAcceptors?: number;
	/** For tests: hung up on when it takes nothing for so long. */
	readonly stuckMilliseconds?: number;
	/** Told of each answer, by the first part of its path: one of a few. */
	readonly onAnswered?: (route: string, status: number) => void;
}

export interface ReadersListening {
	readonly port: number;
	close(): Promise<void>;
}

const HEADER_BYTES_MAX = 8192;
const HEADERS_MILLISECONDS_MAX = 5000;
const REQUEST_MILLISECONDS_MAX = 10_000;
const IDLE_MILLISECONDS_MAX = 15_000;
/** Node waits twice as long while it has something to send: a client that takes nothing is gone after a minute. */
const STUCK_MILLISECONDS_MAX = 30_000;
const CHECK_MILLISECONDS = 1000;
const STREAM_RETRY_SECONDS = 30;
const CLOSE_MILLISECONDS_MAX = 2000;
const URL_CHARACTERS_MAX = 4096;
const SEGMENTS_MAX = 24;
/** Smaller answers gain nothing. */
const GZIP_BYTES_MIN = 512;
const COMPRESSED =
	/^(text\/|application\/(json|atom\+xml|senml\+json|vnd\.oai|schema\+json|jsonl)|image\/svg)/;

const compress = promisify(gzip);

/** Of every answer: nothing that a page of ours loads comes from anywhere else, and nothing in it is inline. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
	"content-security-policy":
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'",
	"x-content-type-options": "nosniff",
	"referrer-policy": "no-referrer",
	"x-frame-options": "DENY",
});

const CORS_HEADERS: Readonly<Record<string, string>> = Object.freeze({
	"access-control-allow-origin": "*",
	"access-control-expose-headers": "ETag, Link, Retry-After",
});

/** Listens. Throws OperationalError that names the port when it is taken. */
export async function listenForReaders(options: ReadersOptions): Promise<ReadersListening> {
	const gate = new ReaderGate(options.limits, options.proxies);
	const sockets = new Set<Socket>();
	const server = createServer(
		{
			maxHeaderSize: HEADER_BYTES_MAX,
			headersTimeout: HEADERS_MILLISECONDS_MAX,
			requestTimeout: REQUEST_MILLISECONDS_MAX,
			keepAliveTimeout: IDLE_MILLISECONDS_MAX,
			connectionsCheckingInterval: CHECK_MILLISECONDS,
		},
		(request, response) => {
			take(options, gate, request, response).catch((error: unknown) => {
				if (error instanceof RetryLater && !response.headersSent) {
					for (const name of ["etag", "vary"]) response.removeHeader(name);
					response.setHeader("cache-control", "no-store");
					response.setHeader("retry-after", String(error.seconds));
					send(response, text(503, `${error.message}\n`));
					return;
				}
				options.onFailure?.(error);
				if (!response.headersSent) send(response, text(500, "it failed here; try again later\n"));
				else response.destroy();
			});
		},
	);
	// Not the socket's own, which Node takes away when a second request comes over it.
	server.setTimeout(options.stuckMilliseconds ?? STUCK_MILLISECONDS_MAX);
	server.on("connection", (socket) => {
		if (!gate.connect(socket)) return;
		sockets.add(socket);
		socket.once("close", () => sockets.delete(socket));
	});
	server.on("clientError", (_error, socket) => {
		if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
		else socket.destroy();
	});
	await listen(server, options);
	const ask = (of: NetServer): boolean => askEarly(of, (address) => gate.bears(address));
	ask(server);
	const more = await moreAcceptors(
		server,
		options.moreAcceptors ?? 0,
		(socket) => server.emit("connection", socket),
		ask,
	);
	const address = server.address();
	return {
		port: typeof address === "object" && address !== null ? address.port : options.port,
		close: () => {
			more.close();
			for (const socket of sockets) if (streaming.has(socket)) socket.destroy();
			return closeServer(server, sockets, CLOSE_MILLISECONDS_MAX);
		},
	};
}

const streaming = new WeakSet<Socket>();

function listen(server: Server, { host, port }: ReadersOptions): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be opened (${error.code})`;
			reject(new OperationalError(`port ${port} of ${host} ${why}; choose another --readers-port`));
		});
		server.listen({ port, host, backlog: BACKLOG }, () => resolve());
	});
}

async function take(
	options: ReadersOptions,
	gate: ReaderGate,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	response.on("finish", () => options.onAnswered?.(routeOf(request), response.statusCode));
	request.resume();
	const asker = await gate.enter(request, response);
	if (asker === undefined) return;
	if ("status" in asker) {
		response.setHeader("retry-after", String(asker.seconds));
		send(response, text(asker.status, asker.words));
		return;
	}
	const { method } = request;
	if (method === "OPTIONS") {
		response.setHeader("access-control-allow-methods", "GET, HEAD, OPTIONS");
		response.setHeader("access-control-max-age", "86400");
		send(response, { status: 204 });
		return;
	}
	if (method !== "GET" && method !== "HEAD") {
		response.setHeader("allow", "GET, HEAD, OPTIONS");
		response.shouldKeepAlive = false;
		send(response, text(405, "here is only reading: GET, HEAD, OPTIONS\n"));
		return;
	}
	const asked = parsed(options, request);
	if (asked === undefined) {
		send(response, text(400, "not a path that can be read\n"));
		return;
	}
	// For a client that left before its turn nothing is made.
	const answer = await asker.turn(() => (response.destroyed ? undefined : options.handler(asked)));
	if (answer === undefined || response.destroyed) return;
	await deliver(asker, request, response, answer);
}

const ROUTES: readonly string[] = ["", "assets", "sta", "station", "status", "v1"];

function routeOf({ url = "" }: IncomingMessage): string {
	const [, first = ""] = url.split(/[/?]/, 2);
	return ROUTES.includes(first) ? `/${first}` : "other";
}

async function deliver(
	asker: Asker,
	request: IncomingMessage,
	response: ServerResponse,
	answer: ReaderAnswer,
): Promise<void> {
	const tag = answer.tag === undefined ? undefined : `W/"${answer.tag}"`;
	if (tag !== undefined) response.setHeader("etag", tag);
	response.setHeader("cache-control", answer.caching ?? "no-cache");
	response.setHeader("vary", "Accept-Encoding, Accept-Language, Cookie");
	if (tag !== undefined && isSame(request.headers["if-none-match"], tag)) {
		send(response, { status: 304 });
		return;
	}
	if (answer.stream !== undefined) {
		if (!asker.mayStream())
			throw new RetryLater("too many listen; ask again", STREAM_RETRY_SECONDS);
		streaming.add(request.socket);
		request.socket.setTimeout(0);
		head(response, answer);
		if (request.method === "HEAD") response.end();
		else answer.stream(response);
		return;
	}
	const { body = "" } = answer;
	if (typeof body === "object" && Symbol.asyncIterator in body) {
		if (request.method === "HEAD") {
			head(response, answer);
			response.end();
			return;
		}
		const pieces = body[Symbol.asyncIterator]();
		// What cannot be begun is refused in words; what fails later is broken off.
		const next = (): Promise<IteratorResult<string | Uint8Array>> =>
			asker.turn(() => (response.destroyed ? ENDED : pieces.next()));
		const first = await next();
		head(response, answer);
		await pour(response, { next, return: () => pieces.return?.() }, first);
		return;
	}
	const made = typeof body === "function" ? await asker.turn(body) : body;
	const bytes = typeof made === "string" ? Buffer.from(made) : made;
	const isGzip =
		bytes.length >= GZIP_BYTES_MIN &&
		COMPRESSED.test(answer.type ?? "") &&
		/\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
	if (isGzip) response.setHeader("content-encoding", "gzip");
	const sent = isGzip ? await compress(bytes) : bytes;
	if (request.method !== "HEAD") asker.holds(sent.length);
	send(response, { ...answer, body: sent }, request.method);
}

const ENDED = Object.freeze({ done: true as const, value: undefined });

/** A client that reads slowly slows the source down; one that goes ends it. */
async function pour(
	response: ServerResponse,
	pieces: { next(): Promise<IteratorResult<string | Uint8Array>>; return(): unknown },
	first: IteratorResult<string | Uint8Array>,
): Promise<void> {
	try {
		for (let piece = first; !piece.done; piece = await pieces.next()) {
			if (response.destroyed) return;
			if (!response.write(piece.value)) await drained(response);
		}
		response.end();
	} finally {
		await pieces.return();
	}
}

function drained(response: ServerResponse): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			response.off("drain", done);
			response.off("close", done);
			resolve();
		};
		response.once("drain", done);
		response.once("close", done);
	});
}

function head(response: ServerResponse, { status, type, headers }: ReaderAnswer): void {
	for (const [name, value] of Object.entries({ ...SECURITY_HEADERS, ...CORS_HEADERS, ...headers }))
		response.setHeader(name, value);
	if (type !== undefined) response.setHeader("content-type", type);
	response.writeHead(status);
}

function send(response: ServerResponse, answer: ReaderAnswer, method = "GET"): void {
	const { body } = answer;
	const bytes = typeof body === "string" ? Buffer.from(body) : ((body ?? NOTHING) as Uint8Array);
	if (answer.status !== 304 && answer.status !== 204)
		response.setHeader("content-length", bytes.length);
	head(response, answer);
	response.end(method === "HEAD" ? undefined : bytes);
}

const NOTHING = new Uint8Array(0);

/** A plain answer in words. */
export function text(status: number, words: string): ReaderAnswer {
	return { status, type: "text/plain; charset=utf-8", body: words };
}

export function json(value: unknown, more: Partial<ReaderAnswer> = {}): ReaderAnswer {
	const body = printableJson(value);
	return { status: 200, type: "application/json; charset=utf-8", body, ...more };
}

function isSame(asked: string | undefined, tag: string): boolean {
	return asked?.split(",").some((each) => each.trim() === tag || each.trim() === "*") === true;
}

function parsed(options: ReadersOptions, request: IncomingMessage): ReaderRequest | undefined {
	const url = request.url ?? "/";
	if (url.length > URL_CHARACTERS_MAX || !url.startsWith("/")) return undefined;
	const [rawPath = "", ...rest] = url.split("?");
	let path: string[];
	try {
		path = rawPath
			.split("/")
			.filter((segment) => segment !== "")
			.map((segment) => decodeURIComponent(segment));
	} catch (error) {
		if (error instanceof URIError) return undefined;
		throw error;
	}
	if (path.length > SEGMENTS_MAX) return undefined;
	const host = /^[A-Za-z0-9.:[\]-]{1,255}$/.exec(request.headers.host ?? "")?.[0] ?? "localhost";
	return {
		path,
		rawPath,
		query: new URLSearchParams(rest.join("?")),
		header: (name) => {
			const value = request.headers[name];
			return typeof value === "string" ? value : undefined;
		},
		origin: options.origin ?? `http://${host}`,
	};
}

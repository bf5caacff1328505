/**
 * The transport of one session: link, name, connection, requests. The SDK's network classes have no
 * time-outs and little to say about failures, so every step here has a deadline and ends in a
 * StationError that names it. What MQTT would need is the same: link, name, and one exchange of a
 * signed batch for a signed answer.
 */
import { assert, StationError } from "../../core/errors.js";
import { Signal, type Task } from "../../core/task.js";
import type { HttpClient, HttpRequest, Network } from "../ports.js";

/** The SDK's resolver gives up after 5 tries of 1 s for each server. */
const NAME_MILLISECONDS_MAX = 10_000;
/** TCP and TLS: to the first onWritable. */
const CONNECT_MILLISECONDS_MAX = 8000;
/** From there to the end of the answer. */
export const REQUEST_MILLISECONDS_MAX = 30_000;
/** A signed answer with a configuration is below 1300 bytes. */
export const RESPONSE_BYTES_MAX = 2048;

export interface HttpResponse {
	readonly status: number;
	/** Names in lower case. */
	readonly headers: Map<string, string>;
	readonly body: Uint8Array;
}

/** The host to connect to, and by what. */
export interface ConnectionOptions {
	readonly network: Network;
	readonly clock: { readonly milliseconds: number };
	readonly host: string;
	readonly port: number;
	/** Hears how long the link took to come up, and TCP and TLS after it. */
	readonly onConnected?: (linkMilliseconds: number, connectMilliseconds: number) => void;
}

export class Connection {
	readonly #options: ConnectionOptions;
	#client: HttpClient | undefined;
	#address: string | undefined;
	#isWanted = false;
	/** Of the step under way: set by whatever ends it. */
	#onLost: ((cause: unknown) => void) | undefined;
	/** TCP and TLS are done. */
	#isConnected = false;
	#askedMilliseconds = 0;
	#linkMilliseconds = 0;
	/** Nothing continues beyond this instant of the clock. */
	endMilliseconds = Number.POSITIVE_INFINITY;

	constructor(options: ConnectionOptions) {
		this.#options = options;
	}

	/** Link up and name resolved; StationError `link-timeout`, `name-timeout`, `transport-failed`. */
	*open(): Task<void> {
		const { link, resolver } = this.#options.network;
		this.#isWanted = true;
		const beganMilliseconds = this.#options.clock.milliseconds;
		if (!link.isUp) {
			const up = new Signal<boolean>();
			this.#guard("link", () => {
				link.connect((isUp) => {
					if (!this.#isWanted) return;
					up.set(isUp);
					if (!isUp) this.#onLost?.(new Error("the link went down"));
				});
			});
			const isUp = yield* up.wait(this.#within(link.connectMillisecondsMax));
			if (isUp === undefined) throw late("link-timeout", "no link");
			if (!isUp) throw late("link-timeout", "the link did not come up");
		}
		this.#linkMilliseconds = this.#options.clock.milliseconds - beganMilliseconds;
		const name = new Signal<string | Error>();
		const looking = this.#guard("name", () =>
			resolver.resolve(this.#options.host, (error, address) => {
				name.set(error ?? address ?? new Error("no address"));
			}),
		);
		try {
			this.#onLost = (cause) => name.set(asError(cause));
			const found = yield* name.wait(this.#within(NAME_MILLISECONDS_MAX));
			if (found === undefined) throw late("name-timeout", `no address of ${this.#options.host}`);
			if (typeof found !== "string") {
				throw failed(`${this.#options.host} has no address`, found);
			}
			this.#address = found;
		} finally {
			this.#onLost = undefined;
			looking.cancel();
		}
	}

	/** When the last request that was answered began to leave, on the board's clock. */
	get askedMilliseconds(): number {
		return this.#askedMilliseconds;
	}

	/**
	 * POSTs a body over the one connection, which it opens if need be. StationError
	 * `connect-timeout`, `request-timeout`, `transport-failed`, `response-malformed`; the connection
	 * is of no further use then.
	 */
	*post(path: string, contentType: string, body: Uint8Array): Task<HttpResponse> {
		const beganMilliseconds = this.#options.clock.milliseconds;
		const client = this.#client ?? this.#connect();
		const exchange = new Exchange(body, this.#options.clock);
		this.#onLost = (cause) => exchange.fail(cause);
		try {
			this.#guard("request", () => {
				client.request({
					method: "POST",
					path,
					headers: new Map([
						["content-type", contentType],
						["content-length", String(body.length)],
					]),
					...exchange.callbacks(),
				});
			});
			const milliseconds = this.#isConnected ? REQUEST_MILLISECONDS_MAX : CONNECT_MILLISECONDS_MAX;
			yield* exchange.begun.wait(this.#within(milliseconds));
			if (!exchange.begun.isSet) throw late("connect-timeout", "no connection");
			if (!this.#isConnected) {
				const tookMilliseconds = this.#options.clock.milliseconds - beganMilliseconds;
				this.#options.onConnected?.(this.#linkMilliseconds, tookMilliseconds);
			}
			this.#isConnected = true;
			const end = yield* exchange.ended.wait(this.#within(REQUEST_MILLISECONDS_MAX));
			if (end === undefined) throw late("request-timeout", "no answer");
			if (end instanceof Error) throw end;
			this.#askedMilliseconds = exchange.askedMilliseconds;
			return end;
		} finally {
			this.#onLost = undefined;
			exchange.forget();
		}
	}

	/** Connection closed, radio off. Never throws. */
	close(): void {
		this.#isWanted = false;
		this.#onLost = undefined;
		try {
			this.#client?.close();
		} catch {
			// A client that is broken already has nothing left to close.
		}
		this.#client = undefined;
		this.#options.network.link.disconnect();
	}

	#connect(): HttpClient {
		const { host, port, network } = this.#options;
		const address = this.#address;
		assert(address !== undefined, "a request before the name was resolved");
		// A certificate that is out of date throws here, synchronously.
		const client = this.#guard(
			"connection",
			() =>
				new network.HttpsClient({
					host,
					address,
					port,
					onError: (error) => this.#onLost?.(error),
				}),
		);
		this.#client = client;
		return client;
	}

	/** The time that a step may take: its own, or what is left of the whole. */
	#within(milliseconds: number): number {
		const left = this.endMilliseconds - this.#options.clock.milliseconds;
		return Math.max(Math.min(milliseconds, left), 0);
	}

	/** A port call that throws is a failed transport, whatever it throws. */
	#guard<Result>(what: string, call: () => Result): Result {
		try {
			return call();
		} catch (error) {
			throw failed(`${what}: ${asError(error).message}`, error);
		}
	}
}

/** One request's callbacks: they record, write and read; nothing escapes from them. */
class Exchange {
	/** TCP and TLS are done, or everything has ended. */
	readonly begun = new Signal<true>();
	readonly ended = new Signal<HttpResponse | Error>();
	readonly #body: Uint8Array;
	readonly #clock: { readonly milliseconds: number };
	#askedMilliseconds: number;
	readonly #response = new Uint8Array(RESPONSE_BYTES_MAX);
	#written = 0;
	#received = 0;
	#status = 0;
	#headers = new Map<string, string>();
	#isForgotten = false;

	constructor(body: Uint8Array, clock: { readonly milliseconds: number }) {
		this.#body = body;
		this.#clock = clock;
		this.#askedMilliseconds = clock.milliseconds;
	}

	/** When the request began to leave: whatever the answer says was not so before. */
	get askedMilliseconds(): number {
		return this.#askedMilliseconds;
	}

	callbacks(): {
		onHeaders: (this: HttpRequest, status: number, headers: Map<string, string>) => void;
		onReadable: (this: HttpRequest, count: number) => void;
		onWritable: (this: HttpRequest, count: number) => void;
		onDone: (this: HttpRequest, error: Error | null) => void;
	} {
		const exchange = this;
		return {
			onHeaders(status, headers) {
				exchange.#take(() => {
					exchange.#status = status;
					exchange.#headers = lowerCased(headers);
				});
			},
			onReadable(count) {
				exchange.#take(() => exchange.#read(this, count));
			},
			onWritable(count) {
				exchange.#take(() => exchange.#write(this, count));
			},
			onDone(error) {
				exchange.#take(() => exchange.#done(error));
			},
		};
	}

	fail(cause: unknown): void {
		this.begun.set(true);
		this.ended.set(cause instanceof StationError ? cause : failed("the connection broke", cause));
	}

	/** Nothing that comes later counts. */
	forget(): void {
		this.#isForgotten = true;
	}

	#take(record: () => void): void {
		if (this.#isForgotten) return;
		try {
			record();
		} catch (error) {
			this.fail(error);
		}
	}

	#write(request: HttpRequest, count: number): void {
		if (this.#written === 0) this.#askedMilliseconds = this.#clock.milliseconds;
		this.begun.set(true);
		const part = this.#body.subarray(this.#written, this.#written + count);
		if (part.length === 0) return;
		this.#written += part.length;
		// A copy of its own: the SDK takes whole buffers, not windows into them.
		request.write(part.slice());
	}

	#read(request: HttpRequest, count: number): void {
		const part = new Uint8Array(request.read(count) ?? new ArrayBuffer(0));
		if (this.#received + part.length > RESPONSE_BYTES_MAX) {
			throw new StationError(
				"response-malformed",
				`an answer of more than ${RESPONSE_BYTES_MAX} bytes: not from the collector`,
			);
		}
		this.#response.set(part, this.#received);
		this.#received += part.length;
	}

	#done(error: Error | null): void {
		if (error !== null) throw failed("the request broke", error);
		this.begun.set(true);
		this.ended.set({
			status: this.#status,
			headers: this.#headers,
			body: this.#response.slice(0, this.#received),
		});
	}
}

function lowerCased(headers: Map<string, string>): Map<string, string> {
	const lower = new Map<string, string>();
	for (const [name, value] of headers) lower.set(name.toLowerCase(), value);
	return lower;
}

function asError(cause: unknown): Error {
	return cause instanceof Error ? cause : new Error(String(cause ?? "no reason given"));
}

function late(
	code: "link-timeout" | "name-timeout" | "connect-timeout" | "request-timeout",
	what: string,
): StationError {
	return new StationError(code, `${what} within its time`);
}

function failed(what: string, cause: unknown): StationError {
	// The SDK's client ends the requests of a connection that dies with errors without a message.
	const message = cause === undefined ? "" : asError(cause).message;
	const reason = message === "" ? "" : `: ${message}`;
	return new StationError("transport-failed", `${what}${reason}`, { cause });
}

/** The HTTPS client that the simulated network hands out: one connection, queued requests. */

import type {
	ByteBuffer,
	HttpClient,
	HttpClientOptions,
	HttpRequest,
	HttpRequestOptions,
} from "../../src/firmware/ports.js";
import type { ServerRequest, ServerResponse, Wire } from "./wire.js";

/** Free space of a socket as seen on Linux; 8 KiB on the ESP32. */
const WRITABLE_BYTES = 1450;
/** Bytes of an answer that arrive together. */
const SEGMENT_BYTES = 1024;
const SEGMENT_MILLISECONDS = 2;
const OVERSIZED_BYTES = 256 * 1024;
const MINUTE = 60_000;

/** Every request of a client ends by its break; until then the client has none of the SDK's time-outs. */
export class SimulatedHttpsClient implements HttpClient {
	readonly #network: Wire;
	readonly #options: HttpClientOptions;
	readonly #queue: Exchange[] = [];
	#isConnected = false;
	#isDead = false;
	#isForgotten = false;

	constructor(network: Wire, options: HttpClientOptions) {
		this.#network = network;
		this.#options = options;
		if (network.strikes("connect-silent") || !network.link.isUp) return;
		network.radio("active");
		if (network.strikes("connect-refused")) {
			network.later(network.between(network.times.answer), () => {
				this.break(new Error("refused"));
			});
			return;
		}
		const isForeign = network.strikes("certificate-wrong");
		network.later(network.between(network.times.connect), () => {
			if (this.#isDead) return;
			if (isForeign) {
				this.break(new Error("TLS: certificate: auth err"));
				return;
			}
			this.#isConnected = true;
			network.radio("idle");
			this.#queue[0]?.begin();
		});
	}

	request(options: HttpRequestOptions): HttpRequest {
		this.#network.beforeOperation();
		if (this.#isDead) throw new Error("closed");
		const exchange = new Exchange(this.#network, options, {
			host: this.#options.host,
			next: () => {
				this.#queue.shift();
				this.#queue[0]?.begin();
			},
			break: (error) => this.break(error),
		});
		this.#queue.push(exchange);
		if (this.#isConnected && this.#queue.length === 1) exchange.begin();
		return exchange;
	}

	close(): void {
		this.#network.beforeOperation();
		this.forget();
		this.#network.remove(this);
	}

	/** No callback any more. */
	forget(): void {
		this.#isDead = true;
		this.#isForgotten = true;
		for (const exchange of this.#queue) exchange.forget();
		this.#queue.length = 0;
	}

	/** The connection dies: every request ends with an error without a message, then onError. */
	break(error: Error): void {
		if (this.#isDead) return;
		this.#isDead = true;
		const queue = this.#queue.splice(0);
		this.#network.later(0, () => {
			if (this.#isForgotten) return;
			for (const exchange of queue) exchange.end(new Error());
			this.#options.onError?.(error);
		});
	}
}

interface Owner {
	readonly host: string;
	next(): void;
	break(error: Error): void;
}

class Exchange implements HttpRequest {
	readonly #network: Wire;
	readonly #options: HttpRequestOptions;
	readonly #owner: Owner;
	readonly #body: Uint8Array;
	#written = 0;
	#writable = 0;
	/** Bytes of the answer that have arrived and were not read. */
	#arrived = new Uint8Array(0);
	#isOver = false;

	constructor(network: Wire, options: HttpRequestOptions, owner: Owner) {
		this.#network = network;
		this.#options = options;
		this.#owner = owner;
		this.#body = new Uint8Array(Number(options.headers.get("content-length") ?? "0"));
	}

	begin(): void {
		this.#network.radio("active");
		this.#offer();
	}

	read(count?: number): ArrayBuffer | undefined {
		this.#network.beforeOperation();
		if (this.#arrived.length === 0) return undefined;
		const part = this.#arrived.slice(0, count ?? this.#arrived.length);
		this.#arrived = this.#arrived.slice(part.length);
		return part.buffer;
	}

	write(buffer: ByteBuffer): number {
		this.#network.beforeOperation();
		const bytes = buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
		if (bytes.length > this.#writable) throw new Error("would block");
		if (this.#written + bytes.length > this.#body.length) throw new Error("too much");
		this.#body.set(bytes, this.#written);
		this.#written += bytes.length;
		this.#writable -= bytes.length;
		if (this.#written === this.#body.length) this.#send();
		else if (this.#writable === 0) this.#offer();
		return this.#writable;
	}

	/** The connection broke; nothing follows. */
	end(error: Error | null): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#options.onDone?.call(this, error);
	}

	forget(): void {
		this.#isOver = true;
	}

	#offer(): void {
		this.#later(SEGMENT_MILLISECONDS, () => {
			this.#writable = WRITABLE_BYTES;
			this.#options.onWritable?.call(this, WRITABLE_BYTES);
		});
	}

	/** The whole request is on its way. */
	#send(): void {
		const network = this.#network;
		if (network.strikes("link-drops")) {
			network.dropLink();
			return;
		}
		if (network.strikes("half-open")) return;
		if (network.strikes("request-reset")) {
			this.#owner.break(new Error("reset"));
			return;
		}
		const { method, path, headers } = this.#options;
		const { host } = this.#owner;
		const request: ServerRequest = { host, method, path, headers, body: this.#body };
		if (network.strikes("request-late")) {
			const milliseconds = network.between([MINUTE, 60 * MINUTE]);
			network.laterOnTheWire(milliseconds, () => network.ask(request, () => {}));
			this.#owner.break(new Error("reset"));
			return;
		}
		if (network.strikes("captive-portal")) {
			const page = new Uint8Array(600).fill(0x3c);
			this.#answer({ status: 200, headers: HTML, body: page }, page.length);
			return;
		}
		if (network.strikes("busy")) {
			const retryAfter = String(network.between([30, 600]));
			const body = new Uint8Array(0);
			const busy = new Map([["retry-after", retryAfter]]);
			this.#answer({ status: 503, headers: busy, body }, 0);
			return;
		}
		// The request travels half of the modelled time, whatever the endpoint then takes.
		this.#later(network.between(network.times.answer) / 2, () => {
			if (network.strikes("request-doubled")) network.ask(request, () => {});
			network.ask(request, (answer) => this.#return(answer));
		});
	}

	#return(answer: ServerResponse | Error): void {
		const network = this.#network;
		if (answer instanceof Error) {
			this.#owner.break(answer);
			return;
		}
		if (network.strikes("answer-silent")) return;
		if (network.strikes("answer-reset")) {
			this.#owner.break(new Error("reset"));
			return;
		}
		const replayed = network.strikes("answer-replayed") ? network.lastAnswer : undefined;
		const { status, headers, body } = replayed ?? answer;
		if (network.strikes("answer-informational")) {
			this.#answer({ status: 100, headers: new Map(), body: new Uint8Array(0) }, 0);
			return;
		}
		if (network.strikes("answer-oversized")) {
			const endless = new Uint8Array(OVERSIZED_BYTES);
			this.#answer({ status: 200, headers, body: endless }, endless.length);
			return;
		}
		if (network.strikes("answer-truncated")) {
			this.#answer({ status, headers, body }, Math.floor(body.length / 2), new Error());
			return;
		}
		if (network.strikes("answer-without-length")) {
			this.#answer({ status, headers, body }, body.length, new Error());
			return;
		}
		if (network.strikes("answer-corrupted") && body.length > 0) {
			const corrupt = body.slice();
			const at = network.between([0, body.length - 1]);
			corrupt[at] = (corrupt[at] ?? 0) ^ (1 << network.between([0, 7]));
			this.#answer({ status, headers, body: corrupt }, corrupt.length);
			return;
		}
		this.#answer({ status, headers, body }, body.length);
	}

	/** Headers, then `byteLength` bytes of the body in segments, then the end. */
	#answer(response: ServerResponse, byteLength: number, error: Error | null = null): void {
		const network = this.#network;
		const delay = network.strikes("answer-delayed") ? network.between([5000, MINUTE]) : 0;
		this.#later(delay + network.between(network.times.answer) / 2, () => {
			this.#options.onHeaders?.call(this, response.status, new Map(response.headers));
			this.#arrive(response.body.subarray(0, byteLength), error);
		});
	}

	#arrive(rest: Uint8Array, error: Error | null): void {
		if (rest.length === 0) {
			this.#network.radio("idle");
			if (error !== null) {
				this.#owner.break(error);
				return;
			}
			this.end(null);
			this.#owner.next();
			return;
		}
		const segment = rest.subarray(0, SEGMENT_BYTES);
		const joined = new Uint8Array(this.#arrived.length + segment.length);
		joined.set(this.#arrived);
		joined.set(segment, this.#arrived.length);
		this.#arrived = joined;
		this.#options.onReadable?.call(this, joined.length);
		this.#later(SEGMENT_MILLISECONDS, () => this.#arrive(rest.subarray(segment.length), error));
	}

	#later(milliseconds: number, callback: () => void): void {
		this.#network.later(milliseconds, () => {
			if (!this.#isOver) callback();
		});
	}
}

const HTML: ReadonlyMap<string, string> = new Map([["content-type", "text/html"]]);

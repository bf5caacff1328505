/**
 * The station's side of one HTTP exchange against a client that calls back in any order, any number of
 * times, with anything: what the SDK's client may do with what a stranger sends.
 */

import { integerBelow, type RandomSource } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { TaskStack } from "../../../src/core/task.js";
import type { HttpRequest, HttpRequestOptions, Network } from "../../../src/firmware/ports.js";
import { checkAnswer } from "../../../src/firmware/uplink/answer-check.js";
import { Connection } from "../../../src/firmware/uplink/connection.js";

const STEPS_MAX = 40;
const sha256 = createSha256();
const REQUEST_BODY = new Uint8Array(100);

/** Runs it to its end; throws what the uplink would see. It can succeed only by a forgery. */
export function exchangeOf(body: Uint8Array, random: RandomSource): void {
	const clock = { milliseconds: 0 };
	const player = new Player(body, random);
	const network: Network = {
		link: {
			isUp: true,
			connectMillisecondsMax: 30_000,
			rssiDecibelMilliwatts: -60,
			connect: () => {},
			disconnect: () => {},
		},
		resolver: {
			resolve: (_host, onDone) => {
				onDone(null, "192.0.2.1");
				return { cancel: () => {} };
			},
		},
		HttpsClient: class {
			constructor({ onError }: { onError?: (error?: unknown) => void }) {
				player.onError = onError;
			}
			request(options: HttpRequestOptions): HttpRequest {
				return player.begin(options);
			}
			close(): void {}
		},
		Datagram: class {
			constructor() {
				throw new Error("no exchange of HTTP needs datagrams");
			}
			read(): undefined {}
			write(): void {}
			close(): void {}
		},
	};
	const connection = new Connection({
		network,
		clock,
		host: "collector.example",
		port: 443,
	});
	connection.endMilliseconds = 120_000;
	const exchange = (function* () {
		yield* connection.open();
		const response = yield* connection.post("/v1/batches", "application/cose", REQUEST_BODY);
		return yield* checkAnswer(
			{
				sha256,
				station: "bor-1",
				collectorPublicKey: new Uint8Array(33),
				verifier: {
					verify: (_key, _digest, _signature, onDone) => {
						// Now and then a key that was stolen: then the addressee decides.
						onDone(null, integerBelow(random, 4) === 0);
						return { cancel: () => {} };
					},
				},
			},
			response,
			// Further from any sample than damage reaches: whatever is signed, it is not for us.
			{ epoch: 8, hash: new Uint8Array(32).fill(0xa5) },
		);
	})();
	const session = new TaskStack(exchange);
	try {
		for (let turn = 0; ; turn++) {
			if (turn > STEPS_MAX) throw new Error("the exchange hangs");
			const wait = session.next();
			if (wait === undefined) throw new Error("a malformed answer was believed");
			const { signal, milliseconds } = wait;
			for (let call = 0; call < STEPS_MAX && signal?.isSet !== true; call++) player.call();
			if (signal?.isSet !== true) clock.milliseconds += milliseconds;
		}
	} finally {
		connection.close();
		// Late calls of a client that was closed mean nothing and throw nothing.
		player.call();
	}
}

class Player {
	onError: ((error?: unknown) => void) | undefined;
	readonly #body: Uint8Array;
	readonly #random: RandomSource;
	#options: HttpRequestOptions | undefined;
	#at = 0;
	readonly #request: HttpRequest = {
		read: (count) => {
			const kind = this.#below(8);
			if (kind === 0) return undefined;
			if (kind === 1) return new ArrayBuffer(this.#below(4000));
			const part = this.#body.slice(this.#at, this.#at + (count ?? this.#body.length));
			this.#at += part.length;
			return part.buffer;
		},
		write: (buffer) => buffer.byteLength,
	};

	constructor(body: Uint8Array, random: RandomSource) {
		this.#body = body;
		this.#random = random;
	}

	begin(options: HttpRequestOptions): HttpRequest {
		this.#options = options;
		return this.#request;
	}

	/** One call back, mostly a sensible one. */
	call(): void {
		const options = this.#options;
		if (options === undefined) return;
		const request = this.#request;
		switch (this.#below(12)) {
			case 0:
				options.onDone?.call(request, this.#below(3) === 0 ? new Error("broken") : null);
				return;
			case 1:
				if (this.#below(6) === 0) this.onError?.(this.#below(2) === 0 ? undefined : "why");
				return;
			case 2:
			case 3:
				options.onWritable?.call(request, this.#below(200));
				return;
			case 4:
			case 5:
			case 6:
				options.onHeaders?.call(request, this.#status(), this.#headers());
				return;
			case 7:
				options.onReadable?.call(request, this.#below(3000));
				return;
			default:
				options.onReadable?.call(request, Math.max(this.#body.length - this.#at, 0));
		}
	}

	#status(): number {
		return [200, 200, 422, 503, 429, 100, 204, 302, 500, -1][this.#below(10)] ?? 200;
	}

	#headers(): Map<string, string> {
		const types = ["application/cose", "application/cose", "text/html", "", "application/cosecant"];
		const waits = ["5", "-1", "1e9", "99999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "\u0000"];
		const headers = new Map<string, string>();
		if (this.#below(8) > 0) headers.set("Content-Type", types[this.#below(types.length)] ?? "");
		if (this.#below(4) === 0) headers.set("retry-AFTER", waits[this.#below(waits.length)] ?? "");
		if (this.#below(4) === 0) headers.set("constructor", "x".repeat(this.#below(100)));
		return headers;
	}

	#below(count: number): number {
		return integerBelow(this.#random, count);
	}
}

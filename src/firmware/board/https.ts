/// <reference path="./untyped.d.ts" />
/**
 * The SDK's HTTP client over its TLS over a TCP that catches: in the SDK a failed handshake is an
 * exception out of a socket's callback, and would restart the board (tlssocket.js, session_419.js).
 */
import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import Client from "embedded:network/http/client";
import RNG from "rng";
import Timer from "timer";
import type {
	Entropy,
	HttpClient,
	HttpClientConstructor,
	HttpClientOptions,
	HttpRequest,
	HttpRequestOptions,
} from "../ports.js";
import { createGuard, type Guard } from "./guard.js";

export interface HttpsOptions {
	readonly guard: Guard;
	readonly entropy: Entropy;
	/** The collector's own CA, DER. Only its certificates are believed; the SDK wants leaf and CA sent. */
	readonly certificateAuthority: ArrayBuffer;
}

/**
 * Makes the port's client class. Its constructor throws what TLS throws at once: a CA out of its
 * dates, for one. No time-outs, as the SDK has none; the uplink has.
 */
export function createHttpsClient(options: HttpsOptions): HttpClientConstructor {
	return class implements HttpClient {
		readonly #client: Client;
		#isClosed = false;

		constructor(target: HttpClientOptions) {
			reseed(options.entropy);
			const { host, address, port } = target;
			const fail = options.guard((error: unknown) => {
				if (!this.#isClosed) target.onError?.(error);
			});
			const broken = createGuard(fail);
			this.#client = new Client({
				host,
				port,
				dns: { io: KnownAddress, address, guard: broken },
				socket: {
					io: TLSSocket,
					TCP: { io: guardedTcp(fail) },
					secure: { certificate: options.certificateAuthority, serverName: host },
				},
				onError: (error: unknown) => fail(error),
			});
		}

		request(asked: HttpRequestOptions): HttpRequest {
			const { onHeaders, onReadable, onWritable, onDone } = asked;
			const { guard } = options;
			return this.#client.request({
				method: asked.method,
				path: asked.path,
				headers: asked.headers,
				...(onHeaders && { onHeaders: guard(onHeaders) as never }),
				...(onReadable && { onReadable: guard(onReadable) as never }),
				...(onWritable && { onWritable: guard(onWritable) as never }),
				...(onDone && { onDone: guard(onDone) as never }),
			}) as unknown as HttpRequest;
		}

		close(): void {
			this.#isClosed = true;
			this.#client.close();
		}
	};
}

/**
 * The SDK seeds its TLS generator once with 16 bytes and restarts two of its indices at every call;
 * each connection gets a fresh seed instead.
 */
function reseed(entropy: Entropy): void {
	const seed = new Uint8Array(64);
	entropy.fill(seed);
	RNG.init(seed.buffer);
}

type TcpOptions = ConstructorParameters<typeof TCP>[0];

function guardedTcp(onThrown: (error: unknown) => void): typeof TCP {
	return class extends TCP {
		constructor(options: TcpOptions) {
			const guard = createGuard((error) => {
				onThrown(error);
				// Tells TLS and HTTP too, so that they let go of what they hold.
				options.onError?.call(this);
			});
			const { onReadable, onWritable, onError } = options;
			super({
				...options,
				// Nothing to tell whose own word this is.
				...(onError && { onError: createGuard(onThrown)(onError) }),
				...(onReadable && { onReadable: guard(onReadable) }),
				...(onWritable && { onWritable: guard(onWritable) }),
			});
		}
	};
}

interface KnownAddressOptions {
	readonly address: string;
	readonly guard: Guard;
}

interface Question {
	readonly host: string;
	readonly onResolved: (host: string, address: string) => void;
}

/** A resolver that knows already, and answers in the next turn as a resolver does. */
class KnownAddress {
	readonly #options: KnownAddressOptions;

	constructor(options: KnownAddressOptions) {
		this.#options = options;
	}

	resolve(question: Question): void {
		const { address, guard } = this.#options;
		const answer = guard(() => question.onResolved(question.host, address));
		Timer.set(() => answer(), 0);
	}

	close(): void {}
}

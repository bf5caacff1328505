/** The collector of a run while it opens: what stations upload waits for it, and its progress is printed. */
import type { Endpoint } from "../network/wire.js";
import type { CollectorHost } from "./collector-host.js";
import { createHttpsEndpoint, type HttpsEndpoint } from "./https-endpoint.js";
import { COLLECTOR_NAME, type PlayedStation } from "./played-station.js";

/** A collector on loopback that does not answer in this time is broken. */
const EXCHANGE_MILLISECONDS_MAX = 30_000;
/** Nobody waits for longer without a word. */
const WORD_MILLISECONDS = 5000;

export interface CollectorOpeningOptions {
	readonly open: () => Promise<CollectorHost>;
	readonly print: (line: string) => void;
	/** Of each request, beside the station's own. */
	readonly headers?: () => Readonly<Record<string, string>>;
}

export class CollectorOpening {
	readonly #options: CollectorOpeningOptions;
	readonly #began = performance.now();
	#ready: Promise<{ collector: CollectorHost; https: HttpsEndpoint }> | undefined;
	#open: { readonly collector: CollectorHost; readonly https: HttpsEndpoint } | undefined;
	#hasFailed = false;
	#onOpen: (() => void) | undefined;
	#onFailed: (() => void) | undefined;

	constructor(options: CollectorOpeningOptions) {
		this.#options = options;
	}

	/** Opens it and enrols the stations. */
	begin(stations: readonly PlayedStation[]): void {
		const { print } = this.#options;
		const seconds = (): string => ((performance.now() - this.#began) / 1000).toFixed(1);
		const word = setInterval(() => {
			print(`opening the collector's database, ${seconds()} s so far`);
		}, WORD_MILLISECONDS);
		this.#ready = this.#begin(stations).finally(() => clearInterval(word));
		this.#ready.then(
			(open) => {
				this.#open = open;
				print(
					`the collector is open after ${seconds()} s: https://127.0.0.1:${open.collector.port}`,
				);
				this.#onOpen?.();
			},
			() => {
				this.#hasFailed = true;
				this.#onFailed?.();
			},
		);
	}

	/** Told when it is open, at once when it is. */
	set onOpen(callback: () => void) {
		this.#onOpen = callback;
		if (this.#open !== undefined) callback();
	}

	/** Told when it will never be open, at once when that is known. `collector` says why. */
	set onFailed(callback: () => void) {
		this.#onFailed = callback;
		if (this.#hasFailed) callback();
	}

	/** Rejects with why it did not open. */
	get collector(): Promise<CollectorHost> {
		return this.#wait().then(({ collector }) => collector);
	}

	/** What the view says of it. */
	get state(): string {
		if (this.#open !== undefined) return `https://127.0.0.1:${this.#open.collector.port}`;
		return `opens its database, ${Math.floor((performance.now() - this.#began) / 1000)} s`;
	}

	/** True once a real time-out decided something: the run is then no function of its seed. */
	get hasTimedOut(): boolean {
		return this.#open?.https.hasTimedOut ?? false;
	}

	/** What is asked before it is open waits; the world's clock stands meanwhile. */
	readonly endpoint: Endpoint = (request, onAnswer) => {
		if (this.#open !== undefined) {
			this.#open.https.endpoint(request, onAnswer);
			return;
		}
		this.#wait().then(
			({ https }) => https.endpoint(request, onAnswer),
			(error: unknown) => onAnswer(error instanceof Error ? error : new Error(String(error))),
		);
	};

	/** Also one that is still opening. */
	async close(): Promise<void> {
		const open = await this.#ready?.catch(() => undefined);
		open?.https.close();
		await open?.collector.close();
	}

	#wait(): Promise<{ collector: CollectorHost; https: HttpsEndpoint }> {
		return this.#ready ?? Promise.reject(new Error("a collector that nobody opens"));
	}

	async #begin(
		stations: readonly PlayedStation[],
	): Promise<{ collector: CollectorHost; https: HttpsEndpoint }> {
		const collector = await this.#options.open();
		const https = createHttpsEndpoint({
			host: "127.0.0.1",
			port: collector.port,
			serverName: COLLECTOR_NAME,
			certificateAuthority: collector.identity.certificateAuthority,
			timeoutMilliseconds: EXCHANGE_MILLISECONDS_MAX,
			...(this.#options.headers === undefined ? {} : { headers: this.#options.headers }),
		});
		try {
			await collector.enrol(stations.map(({ result }) => result()));
		} catch (error) {
			https.close();
			await collector.close();
			throw error;
		}
		return { collector, https };
	}
}

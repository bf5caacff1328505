/** Server-sent events: what changed, once a second at most, written once for all who listen. */
import type { ServerResponse } from "node:http";

/** A client that is so far behind is dropped, and comes again. */
const PENDING_BYTES_MAX = 65_536;

const TICK_MILLISECONDS = 1000;
/** Proxies close what is silent for a minute. */
const COMMENT_MILLISECONDS = 20_000;
const RETRY_MILLISECONDS = 5000;
/** Beyond so many in a tick a list would be longer than looking again. */
const STATIONS_PER_TICK_MAX = 50;

interface Stream {
	readonly response: ServerResponse;
	/** Undefined: all. */
	readonly station: string | undefined;
}

export class Streams {
	readonly #dataOf: (station: string) => string | undefined;
	readonly #streams = new Set<Stream>();
	readonly #changed = new Set<string>();
	readonly #ticking: NodeJS.Timeout;
	readonly #commenting: NodeJS.Timeout;
	#id = 0;

	/** `dataOf`: a line of JSON about a station. */
	constructor(dataOf: (station: string) => string | undefined) {
		this.#dataOf = dataOf;
		this.#ticking = setInterval(() => this.#tick(), TICK_MILLISECONDS).unref();
		this.#commenting = setInterval(() => this.#toAll(":\n\n"), COMMENT_MILLISECONDS).unref();
	}

	get count(): number {
		return this.#streams.size;
	}

	changed(station: string): void {
		this.#changed.add(station);
	}

	/** Something that everybody is to hear at once. */
	announce(event: string, data: string): void {
		this.#toAll(`id: ${++this.#id}\nevent: ${event}\ndata: ${data}\n\n`);
	}

	add(response: ServerResponse, station: string | undefined): void {
		const stream: Stream = { response, station };
		this.#streams.add(stream);
		response.once("close", () => this.#streams.delete(stream));
		response.write(`retry: ${RETRY_MILLISECONDS}\n:\n\n`);
	}

	close(): void {
		clearInterval(this.#ticking);
		clearInterval(this.#commenting);
		for (const { response } of this.#streams) response.end();
		this.#streams.clear();
	}

	#tick(): void {
		if (this.#changed.size === 0) return;
		const changed = [...this.#changed];
		this.#changed.clear();
		const texts = new Map<string, string>();
		for (const station of changed) {
			const data = this.#dataOf(station);
			if (data !== undefined)
				texts.set(station, `id: ${++this.#id}\nevent: station\ndata: ${data}\n\n`);
		}
		const all =
			changed.length > STATIONS_PER_TICK_MAX
				? `id: ${++this.#id}\nevent: many\ndata: {}\n\n`
				: [...texts.values()].join("");
		const whole = Buffer.from(all);
		for (const { response, station } of this.#streams) {
			const text = station === undefined ? whole : texts.get(station);
			if (text !== undefined && text.length > 0) this.#write(response, text);
		}
	}

	#toAll(text: string): void {
		for (const { response } of this.#streams) this.#write(response, text);
	}

	#write(response: ServerResponse, text: string | Uint8Array): void {
		if (response.writableLength > PENDING_BYTES_MAX) response.destroy();
		else response.write(text);
	}
}

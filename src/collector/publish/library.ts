/** All that readers may be told, in one hand: stations, their days, what their operator says, and what each rests on. */
import { createHash } from "node:crypto";
import { type CacheIndex, type DayCache, DayGone } from "./day-cache.js";
import type { Publication, Site, StationPublication } from "./publication.js";
import { type StationSummary, summaryOf } from "./summary.js";

export interface PublishedStation extends StationPublication {
	readonly station: string;
	readonly index: CacheIndex;
	/** Names everything that an answer about it rests on: place and head of its chain, and a digest of the rest. */
	readonly tag: string;
	readonly summary: StationSummary;
}

export class Library {
	readonly cache: DayCache;
	readonly #nowSeconds: () => number;
	readonly #held = new Map<CacheIndex, PublishedStation>();
	#publication: Publication;
	#stations: readonly string[] = [];
	#digest = "";

	constructor(cache: DayCache, publication: Publication, nowSeconds: () => number) {
		this.cache = cache;
		this.#publication = publication;
		this.#nowSeconds = nowSeconds;
	}

	get publication(): Publication {
		return this.#publication;
	}

	/** Unix seconds; in the simulator the world's. */
	get nowSeconds(): number {
		return this.#nowSeconds();
	}

	/** What the operator says now. */
	set publication(publication: Publication) {
		this.#publication = publication;
		this.#held.clear();
		this.#digest = "";
	}

	/** Enrolled stations, by name. */
	set stations(stations: readonly string[]) {
		this.#stations = [...stations].sort();
	}

	get stations(): readonly string[] {
		return this.#stations;
	}

	/** Undefined: not enrolled, or nothing of it has been derived yet. */
	find(station: string): PublishedStation | undefined {
		if (!this.#stations.includes(station)) return undefined;
		const index = this.cache.index(station);
		if (index === undefined) return undefined;
		const held = this.#held.get(index);
		if (held !== undefined) return held;
		for (const [old, { station: name }] of this.#held) if (name === station) this.#held.delete(old);
		const published = this.#publication.of(station);
		const { site, files } = published;
		const digest = digestOf(
			JSON.stringify([index.basis, index.facts, index.days, site, this.#publication.operator]),
			...files.map((file) => file.digest),
			this.#publication.samples.digest,
		);
		const summary = this.#summaryOf(station, index, site);
		if (summary === undefined) return undefined;
		const { epoch, newest, head } = summary.verification;
		const tag = `${epoch}-${newest}-${head.slice(0, 12)}-${digest}`;
		const found = { ...published, station, index, tag, summary };
		this.#held.set(index, found);
		this.#digest = "";
		return found;
	}

	/** Undefined where the days it is made of are damaged: until they are made anew. */
	#summaryOf(station: string, index: CacheIndex, site: Site): StationSummary | undefined {
		try {
			return summaryOf(this.cache, station, index, site);
		} catch (error) {
			if (error instanceof DayGone) return undefined;
			throw error;
		}
	}

	all(): PublishedStation[] {
		return this.#stations.flatMap((station) => this.find(station) ?? []);
	}

	/** Of all stations together. */
	get tag(): string {
		const tags = this.all().map(({ tag }) => tag);
		if (this.#digest === "") this.#digest = digestOf(...tags);
		return this.#digest;
	}
}

function digestOf(...parts: readonly string[]): string {
	return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
}

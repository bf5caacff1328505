/** A record that publishing reads, without a database: entries come in batches of any order. */
import { createHash } from "node:crypto";
import {
	type BatchPosition,
	PAGE_ROWS,
	type PackedEntries,
	type Position,
	type PublishedEnvelope,
	packed,
	type Range,
	type RecordFacts,
	type RecordReader,
} from "../../../src/collector/publish/record-reader.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";

export class MemoryRecord implements RecordReader {
	readonly station: string;
	/** Questions for pages of entries so far. */
	pagesRead = 0;
	#sorted: { entry: Entry; canonicalBytes: Uint8Array }[] | undefined;
	readonly #entries = new Map<string, { entry: Entry; canonicalBytes: Uint8Array }>();
	readonly #batches: (PublishedEnvelope & { readonly hash: Uint8Array })[] = [];

	constructor(station: string) {
		this.station = station;
	}

	/** One batch of one epoch. */
	deliver(entries: readonly Entry[]): void {
		const [first] = entries;
		const last = entries.at(-1);
		if (first === undefined || last === undefined) return;
		this.#sorted = undefined;
		for (const entry of entries) {
			const key = `${entry.epoch} ${entry.sequence}`;
			if (!this.#entries.has(key))
				this.#entries.set(key, { entry, canonicalBytes: encodeEntry(entry) });
		}
		const envelope = Buffer.from(`${first.epoch} ${first.sequence} ${last.sequence}`);
		const hash = createHash("sha256").update(envelope).digest();
		if (this.#batches.some((batch) => hash.equals(batch.hash))) return;
		this.#batches.push({
			epoch: first.epoch,
			first: first.sequence,
			last: last.sequence,
			envelope,
			hash,
		});
		this.#batches.sort(comparedBatches);
	}

	/** In the order of the record. */
	get entriesHeld(): Entry[] {
		return this.#inOrder().map(({ entry }) => entry);
	}

	async stations() {
		return [this.station];
	}

	async counts() {
		const { station } = this;
		return [{ station, batches: this.#batches.length, keys: 0, revoked: 0, evidence: 0 }];
	}

	async facts(station: string): Promise<RecordFacts> {
		const epochs = [...new Set(this.#batches.map(({ epoch }) => epoch))];
		return {
			station,
			batchCount: this.#batches.length,
			keys: [],
			coverage: [],
			gaps: [],
			floors: epochs.map((epoch) => ({ epoch, floor: 1 })),
			heads: [],
			evidence: [],
		};
	}

	async entries(_station: string, { epoch, sequence }: Position): Promise<PackedEntries> {
		this.pagesRead++;
		const all = this.#inOrder();
		let low = 0;
		let high = all.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			const { entry } = all[middle] ?? {};
			const isAfter =
				entry !== undefined &&
				(entry.epoch > epoch || (entry.epoch === epoch && entry.sequence > sequence));
			if (isAfter) high = middle;
			else low = middle + 1;
		}
		return packed(all.slice(low, low + PAGE_ROWS).map(({ canonicalBytes }) => canonicalBytes));
	}

	async batchesAt(_station: string, range: Range) {
		return this.#batches.filter(
			({ epoch, first, last }) =>
				epoch === range.epoch && first === range.first && last === range.last,
		);
	}

	async batches(_station: string, after: BatchPosition) {
		return this.#batches.filter((batch) => comparedBatches(batch, after) > 0).slice(0, PAGE_ROWS);
	}

	#inOrder() {
		this.#sorted ??= [...this.#entries.values()].sort(
			(a, b) => a.entry.epoch - b.entry.epoch || a.entry.sequence - b.entry.sequence,
		);
		return this.#sorted;
	}
}

function comparedBatches(a: BatchPosition, b: BatchPosition): number {
	return (
		a.epoch - b.epoch || a.first - b.first || a.last - b.last || Buffer.compare(a.hash, b.hash)
	);
}

/** The envelopes of a station as its cache holds them: whoever reads them, however slowly. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type CacheIndex,
	DAY_CACHE_FORMAT,
	DayCache,
} from "../../../src/collector/publish/day-cache.js";
import type { PublishedEnvelope } from "../../../src/collector/publish/record-reader.js";

const STATION = "bor-1";

/** 200 of 16 KB each: 3.2 MB, as sixteen months of readings are. */
function envelopesOf(filling: number): PublishedEnvelope[] {
	return Array.from({ length: 200 }, (_, index) => ({
		...{ epoch: 77, first: 1 + index, last: 1 + index },
		envelope: new Uint8Array(16_000 + index).fill(filling),
	}));
}

function indexOf(envelopeBytes: number): CacheIndex {
	return {
		...{ format: DAY_CACHE_FORMAT, basis: "", envelopeBytes, last: null, days: {} },
		facts: {
			...{ station: STATION, batchCount: 200, keys: [], coverage: [], gaps: [] },
			...{ floors: [], heads: [], evidence: [] },
		},
	};
}

describe("the envelopes of a cache", () => {
	let folder: string;
	let cache: DayCache;
	const hold = (envelopes: readonly PublishedEnvelope[]): void =>
		cache.writeIndex(STATION, indexOf(cache.addEnvelopes(STATION, 0, envelopes)));

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-envelopes-"));
		cache = new DayCache(folder);
		hold(envelopesOf(1));
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	it("come as they were added, and those that were added later after them", () => {
		const before = cache.index(STATION)?.envelopeBytes ?? 0;
		const later = [{ epoch: 78, first: 1, last: 9, envelope: new Uint8Array(17_408).fill(3) }];
		cache.writeIndex(STATION, indexOf(cache.addEnvelopes(STATION, before, later)));
		const found = [...cache.envelopes(STATION)].map((each) => ({
			...each,
			envelope: new Uint8Array(each.envelope),
		}));
		assert.deepEqual(found, [...envelopesOf(1), ...later]);
	});

	it("are whole for who began before all were made anew", () => {
		const reading = cache.envelopes(STATION);
		const found: PublishedEnvelope[] = [reading.next().value as PublishedEnvelope];
		hold(envelopesOf(2));
		found.push(...reading);
		assert.equal(found.length, 200);
		assert.ok(found.every((each) => each.envelope.every((byte) => byte === 1)));
	});

	it("take little memory for hundreds who read slowly", () => {
		const before = process.memoryUsage().arrayBuffers;
		const readers = Array.from({ length: 300 }, () => cache.envelopes(STATION));
		for (const reader of readers) reader.next();
		// A piece of 64 KiB each is 20 MB; the whole record each would be 960.
		const grown = process.memoryUsage().arrayBuffers - before;
		for (const reader of readers) reader.return(undefined);
		assert.ok(grown < 30_000_000, `${grown} bytes`);
	});
});

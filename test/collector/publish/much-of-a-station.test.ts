/** Records that are longer, or more mixed, than one thread could hold at once. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DayCache } from "../../../src/collector/publish/day-cache.js";
import { DaysInMaking, TooMuch } from "../../../src/collector/publish/days-in-making.js";
import type { DatedRow } from "../../../src/collector/publish/derivation.js";
import { rowsInOrder } from "../../../src/collector/publish/ordered-rows.js";
import {
	packed,
	type RecordFacts,
	type RecordReader,
} from "../../../src/collector/publish/record-reader.js";
import { Sealer } from "../../../src/collector/publish/sealer.js";
import { VALUE_COLUMNS } from "../../../src/protocol/audit/published-values.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import { dayOfReadings } from "../../support/data/day.js";
import { whole } from "../../support/depth.js";

const STATION = "bor-1";
const EPOCH = 77;
const DAY_SECONDS = 86_400;
const START_SECONDS = 1_773_964_800;
const FACTS: RecordFacts = Object.freeze({
	...{ station: STATION, batchCount: 1, keys: [], coverage: [], gaps: [] },
	...{ floors: [{ epoch: EPOCH, floor: 1 }], heads: [], evidence: [] },
});

const noRest = async (): Promise<void> => {};

function rowAt(sequence: number, seconds: number): DatedRow {
	const cells = VALUE_COLUMNS.map(({ name }) => {
		if (name === "epoch") return String(EPOCH);
		return name === "sequence" ? String(sequence) : "";
	});
	return { epoch: EPOCH, sequence, seconds, cells };
}

/** A record of `count` readings, each at the time that `secondsOf` says. */
function readerOf(
	count: number,
	secondsOf: (sequence: number) => number,
	facts: RecordFacts = FACTS,
): { reader: RecordReader; asked: string[] } {
	const asked: string[] = [];
	const drafts = dayOfReadings(1);
	const canonicalBytesOf = (sequence: number): Uint8Array => {
		const [draft] = drafts.slice(sequence % drafts.length);
		assert.ok(draft);
		const utcSeconds = secondsOf(sequence);
		return encodeEntry({ ...draft, utcSeconds, epoch: EPOCH, sequence });
	};
	const reader: RecordReader = {
		stations: async () => [STATION],
		counts: async () => [],
		batches: async () => [],
		batchesAt: async () => [],
		facts: async () => {
			asked.push("facts");
			return facts;
		},
		entries: async (_station, { sequence }) => {
			const length = Math.max(Math.min(500, count - sequence), 0);
			return packed(Array.from({ length }, (_, at) => canonicalBytesOf(sequence + 1 + at)));
		},
	};
	return { reader, asked };
}

describe("much of a station", function () {
	this.timeout(60_000);

	let folder: string;
	let cache: DayCache;

	const sealerOf = (reader: RecordReader, told: string[]): Sealer =>
		new Sealer({
			...{ reader, cache, rest: noRest },
			documentsOf: () => ({ policies: [], corrections: undefined, approvals: undefined }),
			onTooMuch: (station, why) => told.push(`${station}: ${why}`),
		});

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-much-"));
		cache = new DayCache(folder);
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	it("is the same days, packed now and then while they are derived or all at the end", async () => {
		const tables = [];
		for (const heldMax of [3, 1000]) {
			const making = new DaysInMaking(noRest, heldMax);
			for (let sequence = 1; sequence <= 60; sequence++) {
				// Four days in turns: each is packed and opened again.
				making.addRow(rowAt(sequence, START_SECONDS + (sequence % 4) * DAY_SECONDS));
				await making.relieve();
			}
			tables.push(await making.write(cache, STATION));
		}
		assert.deepEqual(tables[0], tables[1]);
		assert.deepEqual(
			Object.values(tables[0] ?? {}).map(({ rows }) => rows),
			[15, 15, 15, 15],
		);
	});

	it("comes in the order of its record, a part at a time, where days lie among each other", async () => {
		const { reader } = readerOf(300, (sequence) => START_SECONDS + (sequence % 3) * DAY_SECONDS);
		await sealerOf(reader, []).seal(STATION);
		const index = cache.index(STATION);
		assert.ok(index);
		const groups = [...rowsInOrder(cache, STATION, index, {}, 100)];
		assert.deepEqual(
			groups.map(({ length }) => length),
			[100, 100, 100],
		);
		assert.deepEqual(
			groups.flat().map(({ sequence }) => sequence),
			Array.from({ length: 300 }, (_, at) => at + 1),
		);
		const [period] = rowsInOrder(cache, STATION, index, { from: START_SECONDS + DAY_SECONDS }, 100);
		assert.deepEqual(
			period?.slice(0, 3).map(({ sequence }) => sequence),
			[1, 2, 4],
		);
	});

	whole(
		"is not published beyond ten thousand days, which is said once and asked no more",
		async () => {
			const told: string[] = [];
			const { reader, asked } = readerOf(10_001, (sequence) => sequence * DAY_SECONDS);
			const sealer = sealerOf(reader, told);
			assert.deepEqual(
				[await sealer.seal(STATION), await sealer.seal(STATION)],
				["unchanged", "unchanged"],
			);
			assert.deepEqual(told, ["bor-1: it says more than 10000 days"]);
			assert.deepEqual(asked, ["facts"]);
			assert.equal(cache.index(STATION), undefined);
		},
	);

	it("is not published beyond twenty thousand entries of a day", async () => {
		const making = new DaysInMaking(noRest);
		for (let sequence = 1; sequence <= 20_001; sequence++)
			making.addRow(rowAt(sequence, START_SECONDS));
		await assert.rejects(making.relieve(), TooMuch);
	});

	it("is not published in more than fifty thousand pieces", async () => {
		const told: string[] = [];
		const coverage = Array.from({ length: 50_001 }, (_, at) => {
			const first = 2 * at + 1;
			return { epoch: EPOCH, first, last: first };
		});
		const { reader } = readerOf(1, () => START_SECONDS, { ...FACTS, coverage });
		await sealerOf(reader, told).seal(STATION);
		assert.deepEqual(told, ["bor-1: its record is in more than 50000 pieces"]);
	});
});

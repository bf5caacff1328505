import { strict as assert } from "node:assert";
import { hexOf } from "../../../src/core/bytes.js";
import { StationError } from "../../../src/core/errors.js";
import { fraction, integerBelow, SeededRandom } from "../../../src/core/random.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import {
	BATCH_ENTRIES_MAX,
	type Batch,
	decodeBatch,
	encodeBatch,
	NewerBatchError,
	readBatchLabel,
} from "../../../src/protocol/wire/batch.js";
import { PackedEntries } from "../../../src/protocol/wire/packed-entries.js";
import { randomEntries } from "../../support/data/random-entries.js";

const EPOCH = 0xdeadbeef;

function batchOf(seed: number, count: number, readingShare = 0.7): Batch {
	const random = new SeededRandom(seed);
	const first = 1 + integerBelow(random, 100_000);
	return {
		station: "bor-1",
		epoch: EPOCH,
		first,
		floor: Math.max(1, first - 500),
		previous: integerBelow(random, 5) === 0 ? undefined : new Uint8Array(32).fill(seed),
		entries: randomEntries(random, { epoch: EPOCH, first, count }, readingShare),
	};
}

function isRefused(payload: Uint8Array): boolean {
	try {
		decodeBatch(payload);
		return false;
	} catch (error) {
		assert.ok(error instanceof StationError, String(error));
		assert.equal(error.code, "batch-malformed");
		return true;
	}
}

const LITERAL_HEX =
	"89010165626f722d311adeadbeef18290407f6582cf90e839523f96680b10bbe896267fdca043c0ef3b6245eae07" +
	"7624d3444dd9e79d72c3ddc1b34b95454299e0";

/** Three readings with an event between them, literal. */
function literalBatch(): Batch {
	const header = {
		timeQuality: 2,
		epoch: EPOCH,
		boot: 3,
		configurationId: 2,
		stationFlags: 0,
	};
	const readings = [7812, 7815, 7809].map((pH, index) =>
		encodeEntry({
			...header,
			kind: "reading",
			channelSet: 1,
			sequence: [41, 43, 44][index] ?? 0,
			uptimeSeconds: 86_400 + 300 * index,
			utcSeconds: 1_800_000_000 + 300 * index,
			fields: [pH, 0, 1, 11_250 + index, 0, 0, 61_250, 0, 1, 680_125, 3, 0, 0, 1, 3871, 0],
		}),
	);
	const event = encodeEntry({
		...header,
		kind: "event",
		channelSet: 0,
		sequence: 42,
		uptimeSeconds: 86_500,
		utcSeconds: 1_800_000_100,
		code: 60,
		detail: 1,
		text: "Mira",
	});
	const [first, second, third] = readings;
	assert.ok(first !== undefined && second !== undefined && third !== undefined);
	const entries = [first, event, second, third];
	return { station: "bor-1", epoch: EPOCH, first: 41, floor: 7, previous: undefined, entries };
}

describe("batch", () => {
	it("has these bytes in version 1, on every engine", () => {
		const payload = encodeBatch(literalBatch());
		assert.equal(hexOf(payload), LITERAL_HEX);
		assert.deepEqual(decodeBatch(payload), literalBatch());
	});

	it("gives every kind of entry back bit for bit", () => {
		const start = 1 + Math.floor(1e6 * fraction(new SeededRandom(Date.now() >>> 0)));
		for (let seed = start; seed < start + 300; seed++) {
			const random = new SeededRandom(seed);
			const batch = batchOf(seed, 1 + integerBelow(random, seed % 10 === 0 ? 160 : 20));
			assert.deepEqual(decodeBatch(encodeBatch(batch)), batch, `seed ${seed}`);
		}
	});

	it("is the same from entries that are packed end to end, also from the first of them only", () => {
		const batch = batchOf(3, 96);
		const packed = new PackedEntries(96);
		packed.push(batch.entries[5] ?? new Uint8Array(0));
		packed.clear();
		for (const entry of batch.entries) packed.push(entry);
		assert.equal(packed.length, 96);
		assert.equal(hexOf(encodeBatch({ ...batch, entries: packed })), hexOf(encodeBatch(batch)));
		assert.equal(
			hexOf(encodeBatch({ ...batch, entries: packed, count: 48 })),
			hexOf(encodeBatch({ ...batch, entries: batch.entries.slice(0, 48) })),
		);
	});

	it("carries a day of readings whatever they are within the bound", () => {
		for (let seed = 1; seed <= 9; seed++) {
			const batch = batchOf(seed, BATCH_ENTRIES_MAX, 1);
			const payload = encodeBatch(batch);
			assert.ok(payload.length <= 16 * 1024, `${payload.length} bytes`);
			assert.deepEqual(decodeBatch(payload), batch, `seed ${seed}`);
		}
	});

	it("refuses what an answer is, and an empty or oversized payload", () => {
		assert.ok(isRefused(Uint8Array.of(0x88, 0x03, 0x01)));
		assert.ok(isRefused(new Uint8Array(0)));
		assert.ok(isRefused(new Uint8Array(16 * 1024 + 1)));
	});

	it("refuses a payload that is cut anywhere or continues after its end", () => {
		const payload = encodeBatch(batchOf(7, 12));
		for (let length = 0; length < payload.length; length++) {
			assert.ok(isRefused(payload.subarray(0, length)), `cut to ${length}`);
		}
		assert.ok(isRefused(Uint8Array.of(...payload, 0)));
	});

	it("refuses columns with bytes after the last entry", () => {
		const random = new SeededRandom(3);
		const entries = randomEntries(random, { epoch: EPOCH, first: 1, count: 1 });
		const label = { station: "a", epoch: EPOCH, first: 1, floor: 1, previous: undefined };
		const payload = encodeBatch({ ...label, entries });
		// array, kind, version, "a", epoch, first, count, floor, null, then the columns.
		const head = payload.subarray(0, 14);
		assert.equal(head[13], 0xf6);
		const columnsAt = (payload[14] ?? 0) === 0x58 ? 16 : 15;
		const columns = payload.subarray(columnsAt);
		const longer = Uint8Array.of(...columns, 1, 2, 3, 4, 5);
		assert.ok(isRefused(Uint8Array.of(...head, 0x58, longer.length, ...longer)));
		assert.ok(isRefused(Uint8Array.of(...head, 0x58, columns.length + 1, ...columns, 0)));
	});

	it("tells a newer version from nonsense and still names its station", () => {
		const payload = encodeBatch(batchOf(5, 2));
		payload[2] = 2;
		assert.throws(
			() => decodeBatch(payload),
			(error) => {
				assert.ok(error instanceof NewerBatchError);
				assert.deepEqual(error.label, { version: 2, station: "bor-1", epoch: EPOCH });
				return true;
			},
		);
		assert.deepEqual(readBatchLabel(payload), { version: 2, station: "bor-1", epoch: EPOCH });
		payload[2] = 0;
		assert.ok(isRefused(payload));
	});

	it("refuses a floor above the first entry and sequences beyond the last", () => {
		const batch = batchOf(11, 3);
		assert.ok(isRefused(encodeBatch({ ...batch, floor: batch.first + 1 })));
	});
});

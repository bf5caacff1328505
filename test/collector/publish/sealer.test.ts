/** The cache of station-days: whatever came in whatever order, it holds what `bistrina values` gives. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cellOf } from "../../../src/collector/publish/column-bytes.js";
import { DayCache, DayGone } from "../../../src/collector/publish/day-cache.js";
import type { StationDocuments } from "../../../src/collector/publish/derivation.js";
import type { PublishedStation } from "../../../src/collector/publish/library.js";
import { rowsInOrder } from "../../../src/collector/publish/ordered-rows.js";
import { Sealer, type Sealing } from "../../../src/collector/publish/sealer.js";
import { valuesCsv } from "../../../src/collector/publish/table-exports.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import {
	parseApprovals,
	parseCorrections,
	parsePolicy,
	policiesInOrder,
} from "../../../src/protocol/audit/documents.js";
import { VALUE_COLUMNS } from "../../../src/protocol/audit/published-values.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { MemoryRecord } from "../../support/collectors/memory-record.js";
import { type SeededValues, seededValues } from "../../support/data/seeded-values.js";
import { digestOf, documentOf, valuesRows } from "../../support/data/values-table.js";
import { IS_WHOLE, sample, whole } from "../../support/depth.js";

const SEEDS = Array.from({ length: 24 }, (_, index) => index + 1);

function documentsOf({ policies, corrections, approvals }: SeededValues): StationDocuments {
	return {
		policies: documentOf(
			policiesInOrder(policies.map((text) => documentOf(parsePolicy(text, digestOf(text))))),
		),
		corrections: corrections && documentOf(parseCorrections(corrections, digestOf(corrections))),
		approvals: approvals && documentOf(parseApprovals(approvals, digestOf(approvals))),
	} as StationDocuments;
}

function publishedLines(cache: DayCache, station: string): string[] {
	const index = cache.index(station);
	assert.ok(index);
	const lines: string[] = [];
	for (const group of rowsInOrder(cache, station, index, {})) {
		for (const { day, index: at } of group) {
			lines.push(VALUE_COLUMNS.map(({ name }) => cellOf(day.column(name), at)).join(","));
		}
	}
	return lines;
}

/** Whole batches of up to eight entries of one epoch. */
function cut(entries: readonly Entry[], below: (count: number) => number): Entry[][] {
	const batches: Entry[][] = [];
	for (const entry of entries) {
		const last = batches.at(-1);
		const isNext = last?.[0]?.epoch === entry.epoch && last.length < 3 + (entry.sequence % 6);
		if (last !== undefined && isNext) last.push(entry);
		else batches.push([entry]);
	}
	// A backlog comes after what is newer, and one batch comes again, cut differently.
	for (let index = 0; index + 2 < batches.length; index++) {
		const [one, two] = [batches[index], batches[index + 1]];
		if (below(12) === 0 && one && two) [batches[index], batches[index + 1]] = [two, one];
		else if (below(15) === 0 && one && two && one[0]?.epoch === two[0]?.epoch)
			batches[index + 1] = [...one.slice(-1), ...two];
	}
	return batches;
}

describe("the cache of station-days", function () {
	this.timeout(600_000);

	let folder: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-days-"));
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	whole(
		"holds after each batch, late, overlapping or in order, what the record's values are",
		async () => {
			const count: Record<Sealing, number> = { unchanged: 0, appended: 0, anew: 0 };
			for (const seed of sample(SEEDS)) {
				const given = seededValues(seed, 300);
				const random = new SeededRandom(seed);
				const record = new MemoryRecord(given.station);
				const cache = new DayCache(join(folder, String(seed)));
				const documents = documentsOf(given);
				const sealer = new Sealer({ reader: record, cache, documentsOf: () => documents });
				const batches = cut(given.entries, (most) => integerBelow(random, most));
				for (const [at, batch] of batches.entries()) {
					record.deliver(batch);
					if (integerBelow(random, 3) === 0 && at + 1 < batches.length) continue;
					count[await sealer.seal(given.station)]++;
					const expected = valuesRows({ ...given, entries: record.entriesHeld });
					assert.deepEqual(
						publishedLines(cache, given.station),
						expected.map(({ cells }) => cells.join(",")),
						`seed ${seed}, batch ${at}`,
					);
				}
			}
			const least = IS_WHOLE ? 20 : 5;
			assert.ok(count.appended > least && count.anew > least, JSON.stringify(count));
		},
	);

	it("appends without reading the record again, and is told nothing new by the same batch", async () => {
		const { record, sealer, deliver } = plainRecord(folder);
		deliver(1, 2000);
		assert.equal(await sealer.seal("bor-1"), "anew");
		const before = record.pagesRead;
		deliver(2001, 2012);
		assert.equal(await sealer.seal("bor-1"), "appended");
		assert.equal(record.pagesRead - before, 1);
		assert.equal(await sealer.seal("bor-1"), "unchanged");
	});

	it("sees at its next look what came while it derived", async () => {
		const { record, cache, sealer, deliver } = plainRecord(folder);
		deliver(1, 200);
		const { entries } = record;
		record.entries = async (...asked) => {
			const page = await entries.apply(record, asked);
			record.entries = entries;
			deliver(201, 400);
			return page;
		};
		assert.equal(await sealer.seal("bor-1"), "anew");
		assert.notEqual(await sealer.seal("bor-1"), "unchanged");
		assert.equal(publishedLines(cache, "bor-1").length, 399);
	});

	it("is the same byte for byte after it was dropped, damaged, or cut off in the middle", async () => {
		const { cache, sealer, deliver, open } = plainRecord(folder);
		for (let first = 1; first < (IS_WHOLE ? 1200 : 600); first += 12) {
			deliver(first, first + 11);
			await sealer.seal("bor-1");
		}
		// What no index names any more stays a while; only what the newest names is compared.
		const named = (): Record<string, string> => {
			const days = Object.entries(cache.index("bor-1")?.days ?? {});
			const files = days.map(([name, { check }]) => `/days/${name}.${hexOfCheck(check)}`);
			const all = Object.entries(contentsOf(join(folder, "bor-1")));
			return Object.fromEntries(
				all.filter(([file]) => !file.startsWith("/days/") || files.includes(file)),
			);
		};
		const before = named();
		assert.equal(
			Object.keys(before).length,
			Object.keys(cache.index("bor-1")?.days ?? {}).length + 2,
		);
		cache.drop("bor-1");
		assert.deepEqual(readdirSync(folder), []);
		await sealer.seal("bor-1");
		assert.deepEqual(contentsOf(join(folder, "bor-1")), before);
		assert.deepEqual(named(), before);
		const [file = ""] = readdirSync(join(folder, "bor-1", "days"));
		writeFileSync(join(folder, "bor-1", "days", file), "rotten");
		const other = open();
		assert.throws(() => publishedLines(other.cache, "bor-1"), DayGone);
		assert.equal(await other.sealer.seal("bor-1"), "anew");
		assert.deepEqual(contentsOf(join(folder, "bor-1")), before);
	});

	whole("shows what was there until all is there that comes in its place", async () => {
		const seen: string[] = [];
		let isBegun = false;
		const given = plainRecord(folder, {
			rest: async () => {
				if (isBegun) seen.push(cache.index("bor-1") === undefined ? "nothing" : now());
			},
		});
		const { cache, sealer, deliver, setPolicy } = given;
		const now = (): string => digestOf(publishedLines(cache, "bor-1").join("\n"));
		deliver(1, 1000);
		deliver(1201, 2000);
		await sealer.seal("bor-1");
		const before = now();
		isBegun = true;
		// What was overtaken comes late.
		deliver(1001, 1200);
		assert.equal(await sealer.seal("bor-1"), "anew");
		const whole = now();
		assert.notEqual(whole, before);
		assert.deepEqual([...new Set(seen)], [before]);
		seen.length = 0;
		setPolicy(readFileSync("policies/bor.json", "utf8"));
		assert.equal(await sealer.seal("bor-1"), "anew");
		assert.notEqual(now(), whole);
		assert.deepEqual([...new Set(seen)], [whole]);
	});

	it("ends an export as it began, whatever comes meanwhile, or breaks it off", async () => {
		let milliseconds = 0;
		const { cache, sealer, deliver, open } = plainRecord(folder, { now: () => milliseconds });
		deliver(1, 1000);
		deliver(1201, 2000);
		await sealer.seal("bor-1");
		const exported = (from: DayCache): AsyncGenerator<string> => {
			const index = from.index("bor-1");
			return valuesCsv(from, { station: "bor-1", index } as PublishedStation, {});
		};
		let whole = "";
		for await (const piece of exported(cache)) whole += piece;
		// Of the same files, nothing opened.
		const begun = await Promise.all(
			[1, 2].map(async () => {
				const pieces = exported(open().cache);
				return { pieces, first: String((await pieces.next()).value) };
			}),
		);
		deliver(1001, 1200);
		assert.equal(await sealer.seal("bor-1"), "anew");
		deliver(2001, 2012);
		assert.equal(await sealer.seal("bor-1"), "appended");
		const [quick, slow] = begun;
		let text = quick?.first ?? "";
		for await (const piece of quick?.pieces ?? []) text += piece;
		assert.equal(digestOf(text), digestOf(whole));
		milliseconds = 600_000;
		deliver(2013, 2024);
		assert.equal(await sealer.seal("bor-1"), "appended");
		await assert.rejects(async () => {
			for await (const _piece of slow?.pieces ?? []);
		}, DayGone);
		// Of each day one file is left, and the one of the last ten minutes.
		const files = readdirSync(join(folder, "bor-1", "days"));
		const days = Object.keys(cache.index("bor-1")?.days ?? {});
		assert.equal(files.length, days.length + 1);
	});

	it("derives anew under another policy, and keeps what no document touches", async () => {
		const { cache, sealer, deliver, setPolicy } = plainRecord(folder);
		deliver(1, 600);
		await sealer.seal("bor-1");
		assert.equal(publishedLines(cache, "bor-1")[3]?.split(",")[12], "");
		setPolicy(readFileSync("policies/bor.json", "utf8"));
		assert.equal(await sealer.seal("bor-1"), "anew");
		assert.match(publishedLines(cache, "bor-1")[3]?.split(",")[12] ?? "", /^1:[0-9a-f]{32}$/);
	});
});

function hexOfCheck(check: number): string {
	return check.toString(16).padStart(8, "0");
}

function contentsOf(path: string): Record<string, string> {
	const names = readdirSync(path, { recursive: true, withFileTypes: true });
	return Object.fromEntries(
		names
			.filter((each) => each.isFile())
			.map(({ parentPath, name }): [string, string] => {
				const file = join(parentPath, name);
				return [file.slice(path.length), readFileSync(file, "hex")];
			})
			.sort(([a], [b]) => (a < b ? -1 : 1)),
	);
}

interface PlainOptions {
	readonly rest?: () => Promise<void>;
	readonly now?: () => number;
}

/** Readings every five minutes under the factory's calibration, after a configuration. */
function plainRecord(folder: string, { rest, now }: PlainOptions = {}) {
	const record = new MemoryRecord("bor-1");
	const source = seededValues(4, 2500).entries.filter(({ kind }) => kind === "reading");
	const [configuration] = seededValues(4, 1).entries;
	const entries = [configuration, ...source].map(
		(entry, index) =>
			({
				...entry,
				epoch: 5,
				sequence: index + 1,
				boot: 1,
				uptimeSeconds: 300 * index,
				utcSeconds: 1_772_150_400 + 300 * index,
				timeQuality: 2,
			}) as Entry,
	);
	let documents: StationDocuments = { policies: [], corrections: undefined, approvals: undefined };
	const open = () => {
		const cache = new DayCache(folder, now === undefined ? {} : { now });
		const given = { reader: record, cache, documentsOf: () => documents };
		return { cache, sealer: new Sealer(rest === undefined ? given : { ...given, rest }) };
	};
	return {
		record,
		...open(),
		open,
		deliver: (first: number, last: number) => record.deliver(entries.slice(first - 1, last)),
		setPolicy: (text: string) => {
			documents = { ...documents, policies: [documentOf(parsePolicy(text, digestOf(text)))] };
		},
	};
}

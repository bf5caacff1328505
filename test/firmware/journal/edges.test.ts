/** The ring where its partition, its key or its headers are not what they were. */
import { strict as assert } from "node:assert";
import { SimulatedFlash } from "../../../sim/flash/flash.js";
import { equalBytes } from "../../../src/core/bytes.js";
import { SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { Journal } from "../../../src/firmware/journal/journal.js";
import type { JournalOptions } from "../../../src/firmware/journal/journal-types.js";
import { chainStart } from "../../../src/protocol/record/chain.js";
import type { EntryDraft } from "../../../src/protocol/record/entry-layouts.js";
import { dayOfReadings } from "../../support/data/day.js";
import { whole } from "../../support/depth.js";
import { nodeSha256 } from "../../support/trials/journal-witness.js";

const SECTOR_BYTES = 512;
const READINGS = dayOfReadings(4);
const KEY = new Uint8Array(33).fill(2);
const OTHER_KEY = new Uint8Array(33).fill(3);

function flashOf(sectors: number, image?: Uint8Array, sectorBytes = SECTOR_BYTES): SimulatedFlash {
	const random = new SeededRandom(5);
	const options = { sectors, sectorBytes, random };
	return new SimulatedFlash(image === undefined ? options : { ...options, image });
}

let drawn = 0;
function optionsOf(flash: SimulatedFlash, publicKey = KEY): JournalOptions {
	return {
		flash,
		station: "bor-1",
		sha256: nodeSha256,
		entropy: { fill: (bytes) => bytes.fill(++drawn) },
		publicKey,
	};
}

const PREDECESSOR = {
	previousEpoch: 50,
	previousSequence: 12,
	previousHead: new Uint8Array(32).fill(9),
};

function open(flash: SimulatedFlash, publicKey = KEY, retained?: Uint8Array): Journal {
	const options = optionsOf(flash, publicKey);
	return Journal.open(retained === undefined ? options : { ...options, retained });
}

function fill(journal: Journal, count: number): Uint8Array[] {
	return Array.from({ length: count }, (_, index) => {
		return journal.append(READINGS[index % READINGS.length] as EntryDraft).canonicalBytes;
	});
}

function gapEntry(gap: Journal["gaps"][number]): EntryDraft {
	const { kind: _, fields: __, ...header } = READINGS[0] as EntryDraft & { fields: unknown };
	return { ...header, channelSet: 0, kind: "gap", ...gap };
}

function sequencesOf(source: Pick<Journal, "read">): number[] {
	const sequences: number[] = [];
	source.read(1, 0xfffffff, (sequence) => sequences.push(sequence));
	return sequences;
}

/** The bytes of a flash laid into a larger or smaller one, `offset` bytes further on. */
function moved(
	flash: SimulatedFlash,
	sectors: number,
	offset = 0,
	background = 0xff,
): SimulatedFlash {
	const image = new Uint8Array(sectors * flash.sectorBytes).fill(background);
	if (offset >= image.length) return flashOf(sectors, image, flash.sectorBytes);
	const from = Math.max(-offset, 0);
	const room = image.length - Math.max(offset, 0);
	image.set(
		flash.bytes.subarray(from, from + Math.min(flash.bytes.length - from, room)),
		Math.max(offset, 0),
	);
	return flashOf(sectors, image, flash.sectorBytes);
}

/** Flips `count` bits, far apart, from the byte `at` on. */
function corrupt(flash: SimulatedFlash, at: number, count = 2): void {
	for (let bit = 0; bit < count; bit++) flash.corrupt(at + 3 + 5 * bit, bit + 1);
}

/** Sectors by what their headers say, newest last. */
function newestSector(flash: SimulatedFlash): number {
	let newest = 0;
	let highest = -1;
	const view = new DataView(flash.bytes.buffer);
	for (let sector = 0; sector < flash.sectors; sector++) {
		const at = sector * flash.sectorBytes;
		if (view.getUint16(at, true) !== 0x426a || ((flash.bytes[at + 3] ?? 1) & 1) !== 0) continue;
		const serial = view.getUint32(at + 16, true);
		if (serial > highest) {
			highest = serial;
			newest = sector;
		}
	}
	return newest;
}

describe("a ring whose partition changes", () => {
	it("begins the first epoch at the end that it was told of the board before, and says so in its origin", () => {
		const flash = flashOf(8);
		const options = { ...optionsOf(flash), predecessor: PREDECESSOR };
		const journal = Journal.open(options);
		assert.deepEqual(journal.origin, { reason: 3, ...PREDECESSOR });
		const { epoch, head } = journal;
		const { previousHead } = PREDECESSOR;
		const origin = { station: "bor-1", epoch, publicKey: KEY, previousHead };
		assert.deepEqual(head, chainStart(nodeSha256, origin));
		// As it was formatted, and nothing appended.
		assert.deepEqual(Journal.open(options).head, head);
		fill(journal, 3);
		const later = Journal.open(options);
		assert.equal(later.nextSequence, 4);
		assert.deepEqual(later.head, journal.head);
	});

	whole("continues where it ended when it is copied into a partition twice as large", function () {
		this.timeout(60_000);
		const small = flashOf(256, undefined, 4096);
		const before = open(small);
		fill(before, 80_000);
		const cursor = 79_990;
		before.acknowledge(cursor);
		const large = moved(small, 512);
		const journal = open(large);
		assert.deepEqual(
			[journal.epoch, journal.nextSequence, journal.cursor, journal.refusal],
			[before.epoch, 80_001, cursor, undefined],
		);
		assert.equal(journal.append(READINGS[0] as EntryDraft).sequence, 80_001);
		assert.equal(sequencesOf(journal).at(-1), 80_001);
		// Nothing is written outside the ring.
		assert.ok(large.bytes.subarray(256 * 4096).every((byte) => byte === 0xff));
	});

	it("keeps entries and cursor of 16 sectors in a partition of 32", () => {
		const small = flashOf(16, undefined, 4096);
		const before = open(small);
		fill(before, 5000);
		before.acknowledge(5000);
		fill(before, 1000);
		const journal = open(moved(small, 32));
		assert.deepEqual([journal.nextSequence, journal.cursor], [6001, 5000]);
		fill(journal, 3000);
		assert.deepEqual([journal.nextSequence, journal.epoch], [9001, before.epoch]);
	});

	it("is continued where it lies, some sectors further on, among garbage", () => {
		const small = flashOf(8);
		fill(open(small), 300);
		for (const background of [0xff, 0x00, 0x5a]) {
			const large = moved(small, 20, 5 * SECTOR_BYTES, background);
			const journal = open(large);
			assert.equal(journal.nextSequence, 301);
			fill(journal, 200);
			assert.equal(open(large).nextSequence, 501);
			const outside = [
				large.bytes.subarray(0, 5 * SECTOR_BYTES),
				large.bytes.subarray(13 * SECTOR_BYTES),
			];
			assert.ok(outside.every((bytes) => bytes.every((byte) => byte === background)));
		}
	});

	it("is read and delivered, and never written, where it does not fit any more", () => {
		const whole = flashOf(16);
		const before = open(whole);
		fill(before, 100);
		before.acknowledge(20);
		for (const smaller of [
			moved(whole, 10),
			moved(whole, 16, -2 * SECTOR_BYTES),
			moved(whole, 16, 6 * SECTOR_BYTES),
		]) {
			const bytes = smaller.bytes.slice();
			const journal = open(smaller);
			assert.equal(journal.refusal, "journal-geometry");
			assert.throws(() => fill(journal, 1), { code: "journal-geometry" });
			const held = sequencesOf(journal);
			assert.ok(held.length > 50, `${held.length} of 100`);
			const absent = journal.nextSequence - journal.firstSequenceHeld - held.length;
			const named = journal.gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0);
			assert.ok(named >= absent, `${absent} absent, ${named} named`);
			const last = held.at(-1) ?? 0;
			journal.acknowledge(last);
			journal.idle();
			assert.equal(journal.cursor, last);
			assert.equal(open(smaller, KEY, journal.save()).cursor, last);
			assert.ok(equalBytes(bytes, smaller.bytes), "something was written");
		}
	});

	it("is never formatted over, whatever ring its headers are of", () => {
		const whole = flashOf(16);
		fill(open(whole), 60);
		const headers = whole.bytes.slice();
		for (const sectors of [5, 9, 16, 33]) {
			for (const offset of [-7, -3, 0, 3, 11]) {
				const other = moved(whole, sectors, offset * SECTOR_BYTES, 0x5a);
				if (newestSector(other) === 0 && other.bytes[0] === 0x5a) continue;
				const erases = (): number => other.erasesPerSector.reduce((sum, count) => sum + count, 0);
				open(other);
				assert.equal(erases(), 0, `${sectors} sectors, moved by ${offset}`);
			}
		}
		assert.ok(equalBytes(headers, whole.bytes));
	});

	it("is formatted where there is garbage and no header", () => {
		const flash = flashOf(6, new Uint8Array(6 * SECTOR_BYTES).fill(0x37));
		const journal = open(flash);
		assert.equal(journal.wasFormatted, true);
		assert.deepEqual(fill(journal, 1).length, 1);
		assert.equal(open(flash).nextSequence, 2);
	});
});

describe("a ring whose key is another", () => {
	it("begins an epoch that names the one before, which stays readable with a cursor of its own", () => {
		const flash = flashOf(12);
		const before = open(flash);
		const written = fill(before, 60);
		before.acknowledge(25);
		const last = before.head;
		const journal = open(flash, OTHER_KEY);
		assert.notEqual(journal.epoch, before.epoch);
		assert.deepEqual(
			[journal.nextSequence, journal.cursor, journal.firstSequenceHeld, journal.refusal],
			[1, 0, 1, undefined],
		);
		assert.deepEqual(journal.origin, {
			reason: 2,
			previousEpoch: before.epoch,
			previousSequence: 60,
			previousHead: last,
		});
		const origin = { station: "bor-1", epoch: journal.epoch, publicKey: OTHER_KEY };
		assert.deepEqual(journal.head, chainStart(createSha256(), { ...origin, previousHead: last }));
		fill(journal, 10);
		for (const now of [journal, open(flash, OTHER_KEY), open(flash, OTHER_KEY, journal.save())]) {
			assert.deepEqual([now.epoch, now.nextSequence], [journal.epoch, 11]);
			assert.deepEqual(sequencesOf(now), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
			const [former] = now.formers;
			assert.ok(former !== undefined && now.formers.length === 1);
			assert.deepEqual([former.epoch, former.cursor, former.nextSequence], [before.epoch, 25, 61]);
			const entries = new Map<number, Uint8Array>();
			former.read(1, 1000, (sequence, canonicalBytes) => entries.set(sequence, canonicalBytes));
			assert.deepEqual([...entries.values()], written);
			assert.deepEqual(former.headBefore(61), last);
			assert.equal(former.headBefore(26)?.length, 32);
		}
	});

	it("keeps what was acknowledged of a former epoch over wakes, boots and new sectors, until all is", () => {
		const flash = flashOf(12);
		fill(open(flash), 60);
		let journal = open(flash, OTHER_KEY);
		fill(journal, 2);
		journal.formers[0]?.acknowledge(40);
		assert.equal(open(flash, OTHER_KEY).formers[0]?.cursor, 40);
		journal = open(flash, OTHER_KEY, journal.save());
		assert.equal(journal.formers[0]?.cursor, 40);
		fill(journal, 50);
		assert.equal(open(flash, OTHER_KEY).formers[0]?.cursor, 40);
		assert.throws(() => journal.formers[0]?.acknowledge(61), { code: "acknowledgement-beyond" });
		journal.formers[0]?.acknowledge(60);
		assert.deepEqual(journal.formers, []);
		assert.deepEqual(open(flash, OTHER_KEY).formers, []);
		assert.deepEqual(journal.gaps, []);
	});

	it("names once what of a former epoch is overwritten, though the name is delivered by a later wake", () => {
		const flash = flashOf(8);
		const before = open(flash);
		fill(before, 60);
		let journal = open(flash, OTHER_KEY);
		fill(journal, 200);
		const gap = journal.gaps.find(({ lostEpoch }) => lostEpoch === before.epoch);
		assert.ok(gap !== undefined && gap.from === 1 && gap.to === 60);
		const { sequence } = journal.append(gapEntry(gap));
		journal = open(flash, OTHER_KEY, journal.save());
		journal.acknowledge(sequence);
		const named = (): number => journal.gaps.filter(({ lostEpoch }) => lostEpoch !== 0).length;
		assert.equal(named(), 0);
		assert.deepEqual(journal.formers, []);
		journal = open(flash, OTHER_KEY, journal.save());
		assert.equal(named(), 0);
		journal = open(flash, OTHER_KEY);
		assert.equal(named(), 0);
	});

	it("names what of a former epoch is overwritten before it was delivered, until the name is delivered", () => {
		const flash = flashOf(6);
		const before = open(flash);
		fill(before, 60);
		before.acknowledge(30);
		const journal = open(flash, OTHER_KEY);
		fill(journal, 200);
		const [gap] = open(flash, OTHER_KEY).gaps;
		assert.deepEqual(gap, {
			lostEpoch: before.epoch,
			from: 31,
			to: 60,
			reason: 0,
			resume: new Uint8Array(32),
		});
		const [mine] = journal.gaps;
		// The epoch's own head is known as long as this journal is open.
		assert.deepEqual(mine, { ...gap, resume: before.head });
		const { sequence } = journal.append(gapEntry(gap as Journal["gaps"][number]));
		assert.ok(journal.gaps.every(({ lostEpoch }) => lostEpoch === 0));
		assert.equal(journal.formers.length, 1);
		journal.acknowledge(sequence);
		assert.deepEqual(journal.formers, []);
		assert.deepEqual(open(flash, OTHER_KEY).formers, []);
	});

	it("leaves no trace of an epoch whose first entry a cut took", () => {
		const flash = flashOf(12);
		const before = open(flash);
		fill(before, 40);
		const attempt = open(flash, OTHER_KEY);
		// Copy and header of the new epoch, then the power fails in its first entry.
		flash.beforeOperation = (kind, _offset, length) => {
			if (kind === "program" && length !== 80 && flash.programs > 2)
				flash.tearThis({ mode: "none" });
		};
		flash.resetCounters();
		assert.throws(() => fill(attempt, 1), { name: "PowerCut" });
		flash.beforeOperation = undefined;
		flash.powerUp();
		const journal = open(flash, OTHER_KEY);
		assert.notEqual(journal.epoch, attempt.epoch);
		assert.equal(journal.origin.previousEpoch, before.epoch);
		fill(journal, 1);
		assert.deepEqual(
			open(flash, OTHER_KEY).formers.map(({ epoch, nextSequence }) => [epoch, nextSequence]),
			[[before.epoch, 41]],
		);
	});

	it("is a former epoch that can be delivered where the ring can only be read", () => {
		const whole = flashOf(12);
		const before = open(whole);
		fill(before, 60);
		const journal = open(moved(whole, 8), OTHER_KEY);
		assert.equal(journal.refusal, "journal-geometry");
		assert.notEqual(journal.epoch, before.epoch);
		const [former] = journal.formers;
		assert.equal(former?.epoch, before.epoch);
		former?.acknowledge(12);
		assert.equal(open(moved(whole, 8), OTHER_KEY, journal.save()).formers[0]?.cursor, 12);
	});
});

describe("a ring with more than one fault at once", () => {
	it("sees through neighbours that refuse, some of them zeroed", () => {
		for (const kept of [
			[true, true, false, true],
			[true, false, true, true],
		]) {
			const flash = flashOf(16);
			const journal = open(flash);
			fill(journal, 500);
			const newest = newestSector(flash);
			kept.forEach((isKept, index) => {
				const sector = (newest + 1 + index) % 16;
				if (!isKept) flash.bytes.fill(0, sector * SECTOR_BYTES, sector * SECTOR_BYTES + 80);
				flash.failSector(sector, "silent");
			});
			fill(journal, 60);
			const next = journal.nextSequence;
			const booted = open(flash);
			assert.equal(booted.nextSequence, next);
			assert.equal(fill(booted, 1).length, 1);
			assert.equal(booted.nextSequence, next + 1);
		}
	});

	it("reads past a copy that was never made, and names nothing of it as corruption", () => {
		const flash = flashOf(12);
		fill(open(flash), 45);
		const next = newestSector(flash) + 1;
		// The next sector refuses once, and the power fails between header and copy in the next one.
		let refusals = 1;
		flash.beforeOperation = (kind, offset) => {
			const sector = Math.floor(offset / SECTOR_BYTES);
			if (kind === "erase" && sector === next && refusals-- > 0) throw new Error("erase failed");
			const isFrame = kind === "program" && offset % SECTOR_BYTES > 0;
			if (isFrame && sector === next + 1) flash.tearThis({ mode: "none" });
		};
		assert.throws(() => fill(open(flash), 1), { name: "PowerCut" });
		flash.beforeOperation = undefined;
		flash.powerUp();
		// From now on that one refuses for ever, so that its header stays.
		flash.failSector(next + 1, "silent");
		const journal = open(flash);
		fill(journal, 40);
		assert.deepEqual(
			sequencesOf(journal),
			Array.from({ length: 85 }, (_, index) => index + 1),
		);
		assert.deepEqual(journal.gaps, []);
		assert.deepEqual(sequencesOf(open(flash)).length, 85);
	});

	it("names an overflow that comes after corruption was named", () => {
		const flash = flashOf(6);
		const journal = open(flash);
		fill(journal, 60);
		journal.acknowledge(5);
		// A reading of the sector with serial 1, beyond repair.
		corrupt(flash, SECTOR_BYTES + 80 + 80 + 3 * 16);
		sequencesOf(journal);
		const [gap] = journal.gaps;
		assert.ok(gap !== undefined && gap.reason === 1);
		journal.append(gapEntry(gap));
		assert.equal(journal.gaps.length, 0);
		while (journal.firstSequenceHeld <= 6) fill(journal, 1);
		const overflow = journal.gaps[0];
		assert.deepEqual(
			[overflow?.reason, overflow?.from, overflow?.to],
			[0, 6, journal.firstSequenceHeld - 1],
		);
	});

	it("formats nothing when the only used header is beyond repair, and passes over its numbers", () => {
		const flash = flashOf(8, undefined, 4096);
		const before = open(flash);
		fill(before, 199);
		flash.resetCounters();
		corrupt(flash, 0);
		const journal = open(flash);
		assert.equal(journal.epoch, before.epoch);
		assert.equal(
			flash.erasesPerSector.reduce((sum, count) => sum + count, 0),
			0,
		);
		const [gap] = journal.gaps;
		assert.deepEqual([gap?.from, gap?.to], [1, 199]);
		assert.equal(journal.append(READINGS[0] as EntryDraft).sequence, 200);
		assert.equal(open(flash).nextSequence, 201);
	});

	it("draws another ring and another epoch whenever it formats", () => {
		const flash = flashOf(6);
		const first = open(flash);
		// A formatting that was cut: sector 0 has no header.
		flash.bytes.fill(0xff, 0, SECTOR_BYTES);
		const second = open(flash);
		assert.notEqual(second.epoch, first.epoch);
		fill(second, 1);
		assert.equal(open(flash).epoch, second.epoch);
	});

	it("uses a number no more that a cursor proves, and keeps its boot entry unacknowledged", () => {
		for (const acknowledged of [5, 12]) {
			const flash = flashOf(8);
			const journal = open(flash);
			fill(journal, 12);
			journal.acknowledge(acknowledged);
			// Key of five slots, eleven deltas, a cursor frame: the last delta.
			corrupt(flash, 80 + 80 + 10 * 16);
			const booted = open(flash);
			assert.deepEqual([booted.nextSequence, booted.cursor], [13, acknowledged]);
			assert.equal(booted.append(READINGS[0] as EntryDraft).sequence, 13);
			assert.equal(booted.cursor, acknowledged);
			sequencesOf(booted);
			const gaps = booted.gaps.map(({ from, to, reason }) => [from, to, reason]);
			assert.deepEqual(gaps, acknowledged < 12 ? [[12, 12, 1]] : []);
		}
	});

	it("passes over the number of a last entry that is beyond repair, and names it as unproved", () => {
		const flash = flashOf(8);
		const journal = open(flash);
		fill(journal, 12);
		corrupt(flash, 80 + 80 + 10 * 16);
		for (let boot = 0; boot < 3; boot++) {
			const booted = open(flash);
			assert.equal(booted.nextSequence, 13);
			const [gap] = booted.gaps;
			assert.deepEqual([gap?.from, gap?.to, gap?.reason], [12, 12, 3]);
		}
		const booted = open(flash);
		assert.equal(booted.append(READINGS[0] as EntryDraft).sequence, 13);
		const again = open(flash);
		assert.deepEqual(sequencesOf(again), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13]);
		const [gap] = again.gaps;
		assert.deepEqual([gap?.from, gap?.to, gap?.reason], [12, 12, 3]);
		assert.deepEqual(gap?.resume, again.headBefore(13));
	});

	it("gives no number again that a note proves, wherever the corruption is", () => {
		// The last frame; the newest sector's header, with five entries after it; the copy of an unclean boot.
		const wrongs: readonly (readonly [entries: number, wrong: number])[] = [
			[12, 80 + 80 + 10 * 16],
			[50, 2 * SECTOR_BYTES],
			[1, 80],
		];
		for (const [entries, wrong] of wrongs) {
			const flash = flashOf(8);
			const journal = open(flash);
			fill(journal, entries);
			const note = journal.save();
			corrupt(flash, wrong);
			const booted = open(flash, KEY, note);
			assert.equal(booted.epoch, journal.epoch);
			// A key frame beyond repair is five slots, which may have been five entries.
			const { sequence } = booted.append(READINGS[0] as EntryDraft);
			assert.equal(sequence, entries === 1 ? 6 : entries + 1);
			const served = sequencesOf(booted);
			for (const gap of booted.gaps) {
				for (let lost = gap.from; lost <= gap.to; lost++) served.push(lost);
			}
			served.sort((a, b) => a - b);
			const all = Array.from({ length: sequence }, (_, index) => index + 1);
			assert.deepEqual(served, all, `${entries} entries`);
		}
	});

	it("gives no number again when the newest header is lost after a sector that refuses, or after unproved numbers", () => {
		const refusing = flashOf(8);
		let journal = open(refusing);
		fill(journal, 22);
		// The second sector refuses: the log continues in the third.
		refusing.failSector(1, "loud", 0);
		fill(journal, 12);
		corrupt(refusing, 2 * SECTOR_BYTES);
		const behind = open(refusing);
		assert.ok(behind.append(READINGS[0] as EntryDraft).sequence > 34);

		const torn = flashOf(8);
		journal = open(torn);
		fill(journal, 12);
		// The last entry is beyond repair: 12 is unproved. Then a boot in the second sector, and its header.
		corrupt(torn, 80 + 80 + 10 * 16);
		journal = open(torn);
		fill(journal, 8);
		const given = journal.nextSequence - 1;
		corrupt(torn, SECTOR_BYTES);
		const booted = open(torn);
		assert.ok(booted.append(READINGS[0] as EntryDraft).sequence > given);
		for (const source of [behind, booted]) {
			const served = sequencesOf(source);
			for (const { from, to } of source.gaps) {
				for (let lost = from; lost <= to; lost++) served.push(lost);
			}
			served.sort((a, b) => a - b);
			assert.deepEqual(
				served,
				Array.from({ length: source.nextSequence - 1 }, (_, index) => index + 1),
			);
		}
	});

	it("gives no number again of an append that threw after a frame that it could not read back", () => {
		const flash = flashOf(8);
		const journal = open(flash);
		fill(journal, 12);
		// The frame stands; neither it nor what the next sector needs can be read for a moment.
		let isDeaf = false;
		flash.beforeOperation = (kind) => {
			if (kind === "program") isDeaf = true;
			if (kind === "read" && isDeaf) throw new Error("read failed");
		};
		assert.throws(() => journal.append(READINGS[0] as EntryDraft), { code: /flash|full/ });
		flash.beforeOperation = undefined;
		assert.equal(journal.append(READINGS[1] as EntryDraft).sequence, 14);
		assert.deepEqual(sequencesOf(journal).slice(-2), [12, 14]);
		const gaps = journal.gaps.map(({ from, to, reason }) => [from, to, reason]);
		assert.deepEqual(gaps, [[13, 13, 3]]);
		assert.deepEqual(journal.gaps[0]?.resume, journal.headBefore(14));
	});

	it("serves the rest of the log when the oldest header is lost, also continuing by notes", () => {
		const flash = flashOf(8);
		let journal = open(flash);
		fill(journal, 60);
		corrupt(flash, 0);
		journal = open(flash, KEY, journal.save());
		const held = sequencesOf(journal);
		assert.ok(held.length > 30 && held.at(-1) === 60, `${held.length} entries`);
		const [gap] = journal.gaps;
		assert.deepEqual([gap?.from, gap?.to, gap?.reason], [1, (held[0] ?? 0) - 1, 1]);
		assert.deepEqual(gap?.resume, journal.headBefore(held[0] ?? 0));
	});

	it("writes nothing into the old sector after a header that it could not read back", () => {
		const flash = flashOf(8);
		let journal = open(flash);
		// The first read-back of each header fails.
		let programmed = -1;
		const failed = new Set<number>();
		flash.beforeOperation = (kind, offset, length) => {
			if (kind === "program" && length === 80) programmed = offset;
			if (kind !== "read" || offset !== programmed || length !== 80 || failed.has(offset)) return;
			failed.add(offset);
			throw new Error("read failed");
		};
		const returned: number[] = [];
		const small = {
			...gapEntry({ lostEpoch: 0, from: 1, to: 1, reason: 0, resume: new Uint8Array(32) }),
			kind: "event",
			code: 32,
			detail: 1,
			text: "x",
		} as EntryDraft;
		for (let index = 0; index < 60; index++) {
			for (const draft of [READINGS[index] as EntryDraft, small]) {
				try {
					returned.push(journal.append(draft).sequence);
				} catch {
					// It did not return. A reading is small enough for the sector before; then an unclean boot.
					returned.push(journal.append(READINGS[index] as EntryDraft).sequence);
					journal = open(flash);
				}
			}
		}
		flash.beforeOperation = undefined;
		assert.deepEqual(
			returned,
			returned.map((_, index) => index + 1),
		);
		const booted = open(flash);
		const held = new Set(sequencesOf(booted));
		for (const sequence of returned) {
			assert.ok(held.has(sequence) || sequence < booted.firstSequenceHeld, `entry ${sequence}`);
		}
		assert.ok(booted.nextSequence > (returned.at(-1) ?? 0));
	});

	it("does not believe a note whose log continued into another sector", () => {
		const flash = flashOf(8);
		const journal = open(flash);
		fill(journal, 14);
		const stale = journal.save();
		// The slots after the last frame stay erased where the sector has just taken its last entry.
		flash.failSector(newestSector(flash), "silent");
		fill(journal, 4);
		const reopened = open(flash, KEY, stale);
		assert.equal(reopened.nextSequence, 19);
	});

	it("still offers all that it holds when flash takes nothing any more, also after a loss of power", () => {
		const flash = flashOf(16);
		const journal = open(flash);
		fill(journal, 1200);
		const held = sequencesOf(journal);
		assert.ok((held[0] ?? 0) > 1, "the ring has wrapped");
		flash.refusesAll = true;
		for (let attempt = 0; attempt < 5; attempt++) assert.throws(() => fill(journal, 1));
		assert.deepEqual(sequencesOf(journal), held);
		assert.equal(journal.firstSequenceHeld, held[0]);
		const again = open(flash);
		for (let attempt = 0; attempt < 5; attempt++) assert.throws(() => fill(again, 1));
		assert.deepEqual(sequencesOf(again), held);
		// And continues where it ended when flash takes entries again.
		flash.refusesAll = false;
		fill(again, 1);
		assert.equal(sequencesOf(again).at(-1), (held.at(-1) ?? 0) + 1);
	});
});

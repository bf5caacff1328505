import { strict as assert } from "node:assert";
import { SimulatedFlash } from "../../../sim/flash/flash.js";
import { equalBytes } from "../../../src/core/bytes.js";
import { crc32 } from "../../../src/core/crc32.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { Journal } from "../../../src/firmware/journal/journal.js";
import type { JournalOptions } from "../../../src/firmware/journal/journal-types.js";
import { encodeSectorHeader } from "../../../src/protocol/flash/journal-format.js";
import { chainNext } from "../../../src/protocol/record/chain.js";
import type { EntryDraft } from "../../../src/protocol/record/entry-layouts.js";
import { dayOfReadings } from "../../support/data/day.js";
import { whole } from "../../support/depth.js";
import { draftOf } from "../../support/trials/journal-trial.js";

const SECTOR_BYTES = 1024;
const READINGS = dayOfReadings(4);

function flashOf(sectors = 6, sectorBytes = SECTOR_BYTES): SimulatedFlash {
	return new SimulatedFlash({ sectors, sectorBytes, random: new SeededRandom(5) });
}

function optionsOf(flash: SimulatedFlash, station = "bor-1"): JournalOptions {
	return {
		flash,
		station,
		sha256: createSha256(),
		entropy: { fill: (bytes) => bytes.fill(0x21) },
		publicKey: new Uint8Array(33).fill(2),
	};
}

function fill(journal: Journal, count: number): Uint8Array[] {
	return Array.from({ length: count }, (_, index) => {
		return journal.append(READINGS[index % READINGS.length] as EntryDraft).canonicalBytes;
	});
}

function readAll(journal: Journal): Map<number, Uint8Array> {
	const entries = new Map<number, Uint8Array>();
	journal.read(1, 0xffff, (sequence, canonicalBytes) => entries.set(sequence, canonicalBytes));
	return entries;
}

/** Flash offset of the sector that holds a serial. */
function sectorOf(flash: SimulatedFlash, serial: number): number {
	return (serial % flash.sectors) * flash.sectorBytes;
}

describe("the journal", () => {
	it("says that it was formatted until its first append returns", () => {
		const options = optionsOf(flashOf());
		const journal = Journal.open(options);
		assert.equal(journal.wasFormatted, true);
		fill(journal, 1);
		assert.equal(journal.wasFormatted, false);
		assert.equal(Journal.open(options).wasFormatted, false);
	});

	it("gives back every shape of entry bit for bit, also after a restart", () => {
		const options = optionsOf(flashOf(12));
		const journal = Journal.open(options);
		const written = Array.from({ length: 150 }, (_, index) => {
			return journal.append(draftOf(index + 1, index >> 4)).canonicalBytes;
		});
		const read = [...readAll(Journal.open(options)).values()];
		assert.equal(read.length, 150);
		assert.ok(read.every((canonicalBytes, index) => equalBytes(canonicalBytes, written[index]!)));
	});

	it("says what share of its ring waits for an acknowledgement", () => {
		const flash = flashOf(8);
		const journal = Journal.open(optionsOf(flash));
		assert.equal(journal.waitingShare, 0);
		fill(journal, 1);
		assert.equal(journal.waitingShare, 1 / 8);
		let last = 1 / 8;
		for (let index = 0; last < 1; index++) {
			assert.ok(index < 2000, `${last} after ${index}`);
			fill(journal, 1);
			const share = journal.waitingShare;
			assert.ok(share === last || share === last + 1 / 8, `${last}, then ${share}`);
			last = share;
		}
		fill(journal, 200);
		assert.equal(journal.waitingShare, 1);
		assert.equal(Journal.open(optionsOf(flash)).waitingShare, 7 / 8);
		journal.acknowledge(journal.nextSequence - 2);
		assert.equal(journal.waitingShare, 1 / 8);
		journal.acknowledge(journal.nextSequence - 1);
		assert.equal(journal.waitingShare, 0);
	});

	it("resumes from the retained note with the next frame where the last ended", () => {
		const flash = flashOf();
		const options = optionsOf(flash);
		let journal = Journal.open(options);
		fill(journal, 3);
		flash.resetCounters();
		for (const draft of READINGS.slice(3, 13)) {
			journal = Journal.open({ ...options, retained: journal.save() });
			journal.append(draft);
		}
		assert.equal(flash.programs, 10);
		assert.equal(readAll(journal).size, 13);
	});

	it("does not believe a note that is older than the flash", () => {
		const flash = flashOf();
		const options = optionsOf(flash);
		const journal = Journal.open(options);
		fill(journal, 3);
		const stale = journal.save();
		fill(journal, 2);
		const reopened = Journal.open({ ...options, retained: stale });
		assert.equal(reopened.nextSequence, 6);
	});

	it("corrects one rotten bit anywhere in a sector's used slots", () => {
		const flash = flashOf(6, 512);
		const options = optionsOf(flash);
		const written = fill(Journal.open(options), 12);
		const used = 80 + 80 + 11 * 16;
		for (let bit = 0; bit < used * 8; bit += 7) {
			flash.corrupt(bit >> 3, bit & 7);
			const read = [...readAll(Journal.open(options)).values()];
			assert.equal(read.length, 12, `bit ${bit}`);
			assert.ok(read.every((canonicalBytes, index) => equalBytes(canonicalBytes, written[index]!)));
			flash.corrupt(bit >> 3, bit & 7);
		}
	});

	it("loses one reading to heavier corruption, names the gap, and chains again at the next sector", () => {
		const flash = flashOf(8, 512);
		const options = optionsOf(flash);
		const journal = Journal.open(options);
		fill(journal, 60);
		// The fourth frame of the sector with serial 1: key of five slots, then one slot each.
		const at = sectorOf(flash, 1) + 80 + 80 + 2 * 16;
		for (const [byte, bit] of [
			[3, 1],
			[5, 2],
			[7, 0],
			[9, 6],
			[11, 3],
		] as const) {
			flash.corrupt(at + byte, bit);
		}
		const entries = readAll(journal);
		assert.equal(entries.size, 59);
		const gap = journal.gaps[0];
		assert.ok(gap !== undefined && gap.reason === 1);
		assert.equal(entries.has(gap.from), false);
		let head = gap.resume;
		for (let sequence = gap.to + 1; sequence < journal.nextSequence; sequence++) {
			head = chainNext(createSha256(), head, entries.get(sequence)!);
		}
		assert.ok(equalBytes(head, journal.head));
		assert.equal(journal.headBefore(gap.to), undefined);
		const { kind: _, fields: __, ...header } = READINGS[0] as EntryDraft & { fields: unknown };
		journal.append({ ...header, channelSet: 0, ...gap, kind: "gap" } as EntryDraft);
		assert.deepEqual(journal.gaps, []);
	});

	it("uses no number again when corruption takes the newest header, and names what is lost with it", () => {
		const flash = flashOf(8, 512);
		const options = optionsOf(flash);
		fill(Journal.open(options), 60);
		const kept = readAll(Journal.open(options));
		// The newest sector is the last with a header that is not unwritten.
		let serial = 0;
		while (((flash.bytes[(serial + 1) * 512 + 3] ?? 1) & 1) === 0) serial++;
		for (const byte of [9, 17, 33, 41]) flash.corrupt(serial * 512 + byte, 2);
		const journal = Journal.open(options);
		assert.ok(journal.nextSequence >= 61, `next ${journal.nextSequence}`);
		const { sequence } = journal.append(READINGS[60] as EntryDraft);
		assert.ok(sequence >= 61);
		const entries = readAll(journal);
		const gap = journal.gaps[0];
		assert.ok(gap !== undefined);
		assert.deepEqual([gap.to, gap.reason], [sequence - 1, 1]);
		for (let known = 1; known <= 60; known++) {
			assert.equal(entries.has(known), kept.has(known) && known < gap.from);
		}
		const head = chainNext(createSha256(), gap.resume, entries.get(sequence)!);
		assert.ok(equalBytes(head, journal.head));
	});

	it("derives the gap of an overflow, with the head after it", () => {
		const flash = flashOf(4, 512);
		const journal = Journal.open(optionsOf(flash));
		const written = fill(journal, 30);
		journal.acknowledge(10);
		written.push(...fill(journal, 100));
		const first = journal.firstSequenceHeld;
		const [gap] = journal.gaps;
		assert.deepEqual([gap?.from, gap?.to, gap?.reason], [11, first - 1, 0]);
		assert.ok(equalBytes(gap!.resume, journal.headBefore(first)!));
		assert.ok(equalBytes(readAll(journal).get(first)!, written[first - 1]!));
	});

	it("names an overflow that grew from the cursor on, as its first gap entry may be gone too", () => {
		const journal = Journal.open(optionsOf(flashOf(4, 512)));
		fill(journal, 130);
		journal.acknowledge(10);
		const name = (): void => {
			const [gap] = journal.gaps;
			assert.ok(gap !== undefined);
			assert.deepEqual([gap.from, gap.to], [11, journal.firstSequenceHeld - 1]);
			const { kind: _, fields: __, ...header } = READINGS[0] as EntryDraft & { fields: unknown };
			journal.append({ ...header, channelSet: 0, ...gap, kind: "gap" } as EntryDraft);
		};
		name();
		const held = journal.firstSequenceHeld;
		assert.deepEqual(journal.gaps, []);
		fill(journal, 200);
		assert.ok(journal.firstSequenceHeld > held + 100);
		name();
	});

	it("refuses an acknowledgement beyond its last entry and ignores a lower one", () => {
		const journal = Journal.open(optionsOf(flashOf()));
		fill(journal, 5);
		assert.throws(() => journal.acknowledge(6), { code: "acknowledgement-beyond" });
		journal.acknowledge(4);
		journal.acknowledge(2);
		assert.equal(journal.cursor, 4);
	});

	it("keeps the data of a newer version and of another station, and refuses to write", () => {
		const flash = flashOf();
		fill(Journal.open(optionsOf(flash)), 2);
		const before = flash.bytes.slice();
		assert.throws(() => Journal.open(optionsOf(flash, "pek-9")), {
			code: "journal-foreign-version",
		});
		const header = encodeSectorHeader({
			isUnwritten: false,
			isCopying: false,
			count: 6,
			sectorBytes: SECTOR_BYTES,
			unproved: 0,
			formers: 0,
			ring: 2,
			epoch: 1,
			serial: 0,
			firstSequence: 1,
			cursor: 0,
			station: "bor-1",
			keyMark: new Uint8Array(8),
			head: new Uint8Array(32),
		});
		flash.bytes.set(newerVersion(header));
		assert.throws(() => Journal.open(optionsOf(flash)), { code: "journal-foreign-version" });
		assert.ok(equalBytes(flash.bytes.subarray(80), before.subarray(80)));
	});

	it("reports a flash that cannot be read", () => {
		const flash = flashOf();
		flash.beforeOperation = (kind) => {
			if (kind === "read") throw new Error("read failed");
		};
		assert.throws(() => Journal.open(optionsOf(flash)), { code: "flash-failed" });
	});

	it("gives up only when no sector takes anything", () => {
		const flash = flashOf();
		const journal = Journal.open(optionsOf(flash));
		fill(journal, 2);
		for (let sector = 0; sector < 6; sector++) flash.failSector(sector, "loud");
		assert.throws(() => fill(journal, 1), { code: "journal-full-of-bad-sectors" });
		assert.equal(readAll(journal).size, 2);
	});

	it("reports the condition of its flash: refusing sectors, refusals, bits put right, sector switches", () => {
		const flash = flashOf(8, 512);
		const options = optionsOf(flash);
		let journal = Journal.open(options);
		assert.deepEqual(journal.health(), {
			sectors: 8,
			retiredSectors: 0,
			correctedBits: 0,
			skippedFrames: 0,
			sectorSwitches: 0,
			failedPrograms: 0,
		});
		flash.failSector(2, "silent");
		const written = fill(journal, 60);
		assert.equal(readAll(journal).size, written.length);
		const { retiredSectors, failedPrograms } = journal.health();
		assert.deepEqual([retiredSectors, failedPrograms], [1, 1]);
		// The newest sector is the last with a header that is not unwritten.
		let newest = 7;
		while (((flash.bytes[newest * 512 + 3] ?? 1) & 1) !== 0) newest--;
		flash.corrupt(newest * 512 + 80 + 5, 1);
		journal = Journal.open(options);
		assert.equal(journal.health().correctedBits, 1);
		fill(journal, 1);
		assert.deepEqual([journal.health().sectorSwitches, readAll(journal).size], [1, 61]);
	});

	whole("recovers in 18 reads, and three more for each sector met without a header", () => {
		for (const sectors of [16, 256]) {
			const random = new SeededRandom(7);
			const flash = flashOf(sectors, 512);
			const options = optionsOf(flash);
			let journal = Journal.open(options);
			let met = new Set<number>();
			let bad = new Map<number, Uint8Array>();
			flash.beforeOperation = (kind, offset) => {
				const sector = Math.floor(offset / 512);
				if (kind === "read" && bad.has(sector)) met.add(sector);
			};
			// Each unclean start begins a sector, so that the newest goes round the ring.
			for (let start = 0; start < 2 * sectors; start++) {
				fill(journal, 1);
				journal = Journal.open(options);
				const next = journal.nextSequence;
				for (const count of [0, 1, 3, 6]) {
					bad = new Map();
					for (let index = 0; index < count; index++) {
						// Near the newest, where they cost most, or anywhere.
						const sector =
							(start + 1 + integerBelow(random, index % 2 ? 5 : sectors - 1)) % sectors;
						if (sector === start % sectors) continue;
						bad.set(sector, flash.bytes.slice(sector * 512, sector * 512 + 80));
					}
					for (const sector of bad.keys()) {
						for (let byte = 0; byte < 80; byte++) {
							flash.bytes[sector * 512 + byte] = start % 2 === 0 ? 0xff : random.uint32();
						}
					}
					met = new Set();
					flash.resetCounters();
					assert.equal(Journal.open(options).nextSequence, next);
					assert.ok(
						flash.reads <= 18 + 3 * met.size,
						`${flash.reads} reads, ${met.size} met of ${sectors} sectors, start ${start}`,
					);
					for (const [sector, header] of bad) flash.bytes.set(header, sector * 512);
				}
			}
		}
	});

	it("erases ahead while idle, so that no append waits for an erase", () => {
		const flash = flashOf();
		const journal = Journal.open(optionsOf(flash));
		fill(journal, 1);
		let erasesInAppend = 0;
		for (let count = 0; count < 400; count++) {
			const before = flash.erasesPerSector.reduce((sum, erases) => sum + erases, 0);
			fill(journal, 1);
			erasesInAppend += flash.erasesPerSector.reduce((sum, erases) => sum + erases, 0) - before;
			journal.idle();
		}
		assert.equal(erasesInAppend, 0);
	});
});

/** The same header as a later version would write it. */
function newerVersion(header: Uint8Array): Uint8Array {
	const newer = header.slice();
	newer[2] = 3;
	new DataView(newer.buffer).setUint32(76, crc32(newer, 0, 76), true);
	return newer;
}

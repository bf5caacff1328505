/** Flash that was pulled out of the river: whole, with holes, written round, and not ours at all. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedFlash } from "../../sim/flash/flash.js";
import { crc32 } from "../../src/core/crc32.js";
import { SeededRandom } from "../../src/core/random.js";
import { createSha256 } from "../../src/core/sha256.js";
import { Journal } from "../../src/firmware/journal/journal.js";
import { frameSeedOf, readSectorHeader } from "../../src/protocol/flash/journal-format.js";
import { rowsOf } from "../../src/technician/entry-rows.js";
import { showJournal } from "../../src/technician/file-commands.js";
import { readImage } from "../../src/technician/journal-image-file.js";
import { captured } from "../support/captured.js";
import { dayOfReadings, READINGS_PER_DAY } from "../support/data/day.js";
import { englishInto } from "../support/data/english.js";

const SECTORS = 16;

interface Written {
	readonly image: Uint8Array;
	/** Canonical bytes by sequence. */
	readonly appended: Map<number, Uint8Array>;
	readonly journal: Journal;
}

/** A journal with `count` entries on a small ring; `reboots` unclean boots in between. */
function written(count: number, reboots = 0): Written {
	const flash = new SimulatedFlash({
		sectors: SECTORS,
		sectorBytes: 4096,
		random: new SeededRandom(3),
		onBusy: () => {},
	});
	const open = (): Journal =>
		Journal.open({
			flash,
			station: "image-1",
			sha256: createSha256(),
			entropy: { fill: (bytes) => bytes.fill(5) },
			publicKey: new Uint8Array(33).fill(2),
		});
	const appended = new Map<number, Uint8Array>();
	let journal = open();
	const days = Array.from({ length: Math.ceil(count / READINGS_PER_DAY) }, (_, day) =>
		dayOfReadings(day + 1, day),
	);
	for (const [index, draft] of days.flat().slice(0, count).entries()) {
		if (reboots > 0 && index % Math.ceil(count / (reboots + 1)) === 7) journal = open();
		const { sequence, canonicalBytes } = journal.append(draft);
		appended.set(sequence, canonicalBytes.slice());
	}
	return { image: flash.bytes.slice(), appended, journal };
}

/** The same flash, opened by a station that has drawn another key. */
function underAnotherKey(image: Uint8Array): { flash: SimulatedFlash; journal: Journal } {
	const flash = new SimulatedFlash({
		sectors: SECTORS,
		sectorBytes: 4096,
		random: new SeededRandom(1),
		image,
	});
	const journal = Journal.open({
		flash,
		station: "image-1",
		sha256: createSha256(),
		entropy: { fill: (bytes) => bytes.fill(9) },
		publicKey: new Uint8Array(33).fill(9),
	});
	return { flash, journal };
}

/** The sector whose header has the highest serial. */
function newestSectorOf(image: Uint8Array): number {
	const serials = Array.from({ length: SECTORS }, (_, sector) => {
		const reading = readSectorHeader(image.slice(sector * 4096, sector * 4096 + 80));
		return reading.kind === "header" && !reading.header.isUnwritten ? reading.header.serial : -1;
	});
	return serials.indexOf(Math.max(...serials));
}

function hexOf(bytes: Uint8Array | undefined): string {
	return Buffer.from(bytes ?? []).toString("hex");
}

function sequenceOf(canonicalBytes: Uint8Array): number {
	return Buffer.from(canonicalBytes).readUInt32LE(8);
}

describe("a raw flash image", () => {
	it("gives back every entry that the journal holds, equal in every byte", () => {
		for (const [count, reboots] of [
			[3, 0],
			[900, 0],
			[900, 5],
			[6000, 3],
		] as const) {
			const { image, appended, journal } = written(count, reboots);
			const before = image.slice();
			const content = readImage(image);
			assert.ok(content !== undefined);
			assert.deepEqual(image, before, "the image itself is left as it is");
			assert.equal(content.station, "image-1");
			assert.equal(content.epoch, journal.epoch);
			const first = journal.firstSequenceHeld;
			const expected = [...appended].filter(([sequence]) => sequence >= first);
			assert.deepEqual(
				content.entries.map(hexOf),
				expected.map(([, canonicalBytes]) => hexOf(canonicalBytes)),
				`${count} entries, ${reboots} reboots`,
			);
			assert.deepEqual(content.report.missing, []);
			assert.equal(content.report.unreadableSectors, 0);
		}
	});

	it("loses with a damaged sector that sector, and names what is missing", () => {
		const { image, appended } = written(900);
		image.fill(0x5a, 2 * 4096, 2 * 4096 + 64);
		const content = readImage(image);
		assert.ok(content !== undefined);
		assert.equal(content.report.unreadableSectors, 1);
		const [hole] = content.report.missing;
		assert.equal(content.report.missing.length, 1);
		assert.ok(hole !== undefined && hole.last - hole.first > 100, JSON.stringify(hole));
		assert.equal(content.entries.length + content.report.missingCount, appended.size);
		for (const canonicalBytes of content.entries) {
			assert.equal(hexOf(canonicalBytes), hexOf(appended.get(sequenceOf(canonicalBytes))));
		}
	});

	it("says which sectors do not chain to the next: someone altered an entry and its check sum", () => {
		const { image } = written(900, 3);
		assert.equal(readImage(image)?.report.brokenChains, 0);
		// The pH in the key of the first sector, and the frame's CRC made to fit.
		const header = readSectorHeader(image.slice(0, 80));
		assert.ok(header.kind === "header");
		const frame = image.slice(80, 160);
		const pHAt = 4 + 28 - 12;
		frame[pHAt] = (frame[pHAt] ?? 0) ^ 1;
		const { ring, serial } = header.header;
		new DataView(frame.buffer).setUint32(76, crc32(frame, 0, 76, frameSeedOf(ring, serial)), true);
		image.set(frame, 80);
		const content = readImage(image);
		assert.deepEqual([content?.report.missing, content?.report.brokenChains], [[], 1]);
	});

	it("puts a rotten bit right and says so", () => {
		const { image, appended } = written(900);
		image[4096 + 80 + 16 * 20 + 5] = (image[4096 + 80 + 16 * 20 + 5] ?? 0) ^ 8;
		const content = readImage(image);
		assert.equal(content?.report.correctedBits, 1);
		assert.equal(content?.entries.length, appended.size);
	});

	it("never shows an entry that was not appended, whatever is damaged", () => {
		const random = new SeededRandom(11);
		const { image, appended } = written(900, 3);
		for (let round = 0; round < 60; round++) {
			const damaged = image.slice();
			for (let spot = 0; spot < 40; spot++) {
				const at = random.uint32() % damaged.length;
				const length = 1 + (random.uint32() % 48);
				const kind = random.uint32() % 3;
				for (let index = at; index < Math.min(at + length, damaged.length); index++) {
					damaged[index] =
						kind === 0
							? 0xff
							: kind === 1
								? random.uint32()
								: (damaged[index] ?? 0) & random.uint32();
				}
			}
			for (const canonicalBytes of readImage(damaged)?.entries ?? []) {
				const sequence = sequenceOf(canonicalBytes);
				assert.equal(
					hexOf(canonicalBytes),
					hexOf(appended.get(sequence)),
					`round ${round}, ${sequence}`,
				);
			}
		}
	});

	it("gives every entry of a wrapped ring, whatever the file has before, after or turned round", () => {
		const { image, appended, journal } = written(6000);
		const held = appended.size - (journal.firstSequenceHeld - 1);
		const laid = (before: number, after: number, fill = 0xff): Uint8Array => {
			const file = new Uint8Array(before + image.length + after).fill(fill);
			file.set(image, before);
			return file;
		};
		const turned = new Uint8Array(image.length);
		turned.set(image.subarray(5 * 4096));
		turned.set(image.subarray(0, 5 * 4096), image.length - 5 * 4096);
		for (const [name, file] of [
			["one blank sector more", laid(0, 4096)],
			["a dump of the whole flash", laid(0x11_0000, 0x8000, 0x5a)],
			["a dump that begins anywhere", laid(1237, 11)],
			["turned round", turned],
		] as const) {
			const content = readImage(file);
			assert.equal(content?.entries.length, held, name);
			assert.deepEqual([content.report.missingCount, content.report.absentSectors], [0, 0], name);
			assert.equal(content.report.isWhole, true, name);
		}
		assert.equal(readImage(laid(0x11_0000, 0))?.report.offsetBytes, 0x11_0000);
	});

	it("gives what a file without the ring's end or beginning still has, and says what is not in it", () => {
		const { image, appended, journal } = written(6000);
		const held = appended.size - (journal.firstSequenceHeld - 1);
		const short = readImage(image.subarray(0, image.length - 1000));
		assert.ok(short !== undefined);
		// A sector of about 235 entries lacks a quarter.
		assert.ok(
			short.entries.length > held - 70 && short.entries.length < held,
			`${short.entries.length} of ${held}`,
		);
		assert.deepEqual([short.report.absentSectors, short.report.isWhole], [1, false]);
		assert.equal(short.report.missingCount, held - short.entries.length);
		const late = readImage(image.subarray(3 * 4096 + 100));
		assert.ok(late !== undefined);
		assert.equal(late.report.absentSectors, 4);
		assert.equal(late.report.offsetBytes, -3 * 4096 - 100);
		assert.ok(late.entries.length > held - 5 * 240);
		for (const canonicalBytes of [...short.entries, ...late.entries]) {
			assert.equal(hexOf(canonicalBytes), hexOf(appended.get(sequenceOf(canonicalBytes))));
		}
	});

	it("ends with exit code 1 unless the whole ring was read", () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-image-"));
		try {
			const { image } = written(900);
			const path = join(folder, "pulled.bin");
			const printed: string[] = [];
			const codeOf = (bytes: Uint8Array): number => {
				writeFileSync(path, bytes);
				printed.length = 0;
				let code = -1;
				captured(() => {
					code = showJournal(
						path,
						"csv",
						englishInto((line) => printed.push(line)),
					);
				});
				return code;
			};
			assert.equal(codeOf(image), 0);
			assert.equal(codeOf(image.subarray(0, 12 * 4096)), 1);
			assert.match(printed.join("\n"), /^4 of 16 sectors of the ring are NOT IN THE FILE/m);
			image.fill(0, 2 * 4096, 3 * 4096);
			assert.equal(codeOf(image), 1);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	it("is not whole where the newest or the oldest sector holds entries and has no header", () => {
		const { image } = written(900);
		// Serial 3 is the newest; nothing follows it that could name what is gone with its header.
		const newest = image.slice();
		newest.fill(0x5a, 3 * 4096, 3 * 4096 + 80);
		const cut = readImage(newest);
		assert.deepEqual(
			[cut?.report.missingCount, cut?.report.lostSectors, cut?.report.isWhole],
			[0, 1, false],
		);
		const oldest = image.slice();
		oldest.fill(0x5a, 0, 4096);
		const late = readImage(oldest);
		assert.deepEqual(
			[late?.report.missingCount, late?.report.lostSectors, late?.report.isWhole],
			[0, 1, false],
		);
		const zeros = image.slice();
		zeros.fill(0, 0, 4096);
		assert.equal(readImage(zeros)?.report.isWhole, false);
	});

	it("is whole where a cut has torn the header after the newest sector, or half an erase", () => {
		const { image } = written(6000);
		const whole = readImage(image);
		assert.ok(whole?.report.isWhole);
		const newest = newestSectorOf(image);
		const next = ((newest + 1) % SECTORS) * 4096;
		image.fill(0x5a, next, next + 40);
		const torn = readImage(image);
		assert.deepEqual(
			[torn?.report.unreadableSectors, torn?.report.lostSectors, torn?.report.isWhole],
			[1, 0, true],
		);
	});

	it("misses of a former epoch what the epoch entry after it says that it had", () => {
		const { image } = written(900);
		const { flash, journal } = underAnotherKey(image);
		const { origin } = journal;
		const [draft] = dayOfReadings(1);
		assert.ok(draft !== undefined);
		const { kind: _, fields: __, ...header } = draft as typeof draft & { fields: unknown };
		journal.append({
			...header,
			channelSet: 0,
			kind: "epoch",
			station: "image-1",
			publicKey: new Uint8Array(33).fill(9),
			...origin,
		});
		assert.deepEqual(readImage(flash.bytes)?.report.isWhole, true);
		assert.equal(origin.previousSequence, 900);
		// The old epoch's last two sectors: its newest, and the copy that recovery made of the last entry.
		const damaged = flash.bytes.slice();
		damaged.fill(0x5a, 3 * 4096, 5 * 4096);
		const content = readImage(damaged);
		const [former] = content?.formers ?? [];
		const last = former?.missing[former.missing.length - 1]?.last;
		assert.deepEqual([last, content?.report.isWhole], [900, false]);
	});

	it("says of another ring in the file whose it is and where it begins, and that it is not shown", () => {
		const { image } = written(900);
		const flash = new SimulatedFlash({
			sectors: 8,
			sectorBytes: 4096,
			random: new SeededRandom(1),
		});
		const other = Journal.open({
			flash,
			station: "image-2",
			sha256: createSha256(),
			entropy: { fill: (bytes) => bytes.fill(7) },
			publicKey: new Uint8Array(33).fill(7),
		});
		for (const draft of dayOfReadings(1).slice(0, 10)) other.append(draft);
		const both = new Uint8Array(image.length + flash.bytes.length);
		both.set(image);
		both.set(flash.bytes, image.length);
		const content = readImage(both);
		assert.deepEqual(
			[content?.station, content?.report.otherRings, content?.report.isWhole],
			["image-1", [{ station: "image-2", offsetBytes: 65_536, usedSectors: 1 }], false],
		);
	});

	it("shows the epoch of a former key beside the present one", () => {
		const { image, appended } = written(900);
		const { flash, journal } = underAnotherKey(image);
		const [draft] = dayOfReadings(1);
		assert.ok(draft !== undefined);
		journal.append(draft);
		const content = readImage(flash.bytes);
		assert.deepEqual([content?.epoch, content?.entries.length], [0x09090909, 1]);
		assert.deepEqual(
			content?.formers.map(({ entries }) => entries.length),
			[appended.size],
		);
	});

	it("is nothing where no sector bears a journal", () => {
		assert.equal(readImage(new Uint8Array(65_536).fill(0xff)), undefined);
		assert.equal(readImage(new Uint8Array(100)), undefined);
	});

	it("is shown as rows with raw and derived values, and what was skipped is told", () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-image-"));
		try {
			const { image } = written(900);
			image.fill(0, 2 * 4096, 3 * 4096);
			const path = join(folder, "pulled.bin");
			writeFileSync(path, image);
			const printed: string[] = [];
			const text = captured(() =>
				showJournal(
					path,
					"csv",
					englishInto((line) => printed.push(line)),
				),
			);
			const lines = text.split("\n");
			assert.match(lines[0] ?? "", /^sequence,kind,utc,/);
			assert.match(printed.join("\n"), /1 sectors skipped: no header that can be read/);
			assert.match(printed.join("\n"), /missing: entries \d+ to \d+/);
			assert.match(printed.at(-1) ?? "", /^image-1, epoch \d+: \d+ entries$/);
			const empty = join(folder, "empty.bin");
			writeFileSync(empty, new Uint8Array(65_536).fill(0xff));
			assert.throws(
				() =>
					showJournal(
						empty,
						"csv",
						englishInto(() => {}),
					),
				/no journal in it/,
			);
			assert.throws(
				() =>
					showJournal(
						join(folder, "none"),
						"csv",
						englishInto(() => {}),
					),
				/cannot be read \(ENOENT\)/,
			);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	it("shows raw values where no configuration says what they mean", () => {
		const { appended } = written(2);
		const [row] = rowsOf([...appended.values()]);
		assert.equal(row?.["conductivityAt25"], undefined);
		assert.equal(typeof row?.["conductivityRaw"], "number");
		assert.match(String(row?.["notes"]), /configuration-unknown/);
	});
});

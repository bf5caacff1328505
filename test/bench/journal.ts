/**
 * `npm run bench -- journal [seed]`: what the journal costs on a realistic day (test/support/data/day.ts),
 * everything counted: headers, keys, CRCs, alignment, hourly cursors; every wake restores the
 * retained note, as a sleeping station does. The last line is JSON.
 */

import { SimulatedFlash } from "../../sim/flash/flash.js";
import { SeededRandom, seedOf } from "../../src/core/random.js";
import { createSha256 } from "../../src/core/sha256.js";
import { Journal } from "../../src/firmware/journal/journal.js";
import type { JournalOptions } from "../../src/firmware/journal/journal-types.js";
import { dayOfReadings } from "../support/data/day.js";
import { wholeNumber } from "../support/engines/number-options.js";

const SECTORS_PER_MEBIBYTE = 256;
/** 230 days at five minutes: 66 240 readings, which a 1 MiB ring cannot hold: it wraps. */
const DAYS = 230;
const READINGS_PER_ACKNOWLEDGEMENT = 12;

/** Figures of others, measured natively on a model of NOR flash: 1 MiB, 32-byte records, each durable. */
const PEERS = [
	"FCB (Zephyr)            34.1 B   3.0 programs   8.1 erases   614 reads to mount",
	"FlashDB TSDB         38 - 46 B   4.1           9.6 - 11.7   529 - 715",
	"littlefs, synced     2 122 B up  5.6 - 34      1 014 up     7 556",
	"ESP-IDF NVS          76 - 116 B  5 - 8         12 - 17      30 000",
	"SPIFFS               2 053 B up  38 - 61       522 - 857    about 2 000",
	"plain sector ring       48.2 B   1.0           11.8         11",
];

interface Limits {
	readonly bytesPerReading: number;
	readonly writesPerReading: number;
	readonly erasesPerThousandReadings: number;
	readonly wearMaxOverMean: number;
	readonly readingsPerMebibyte: number;
	readonly recoveryReads: number;
	readonly recoveryBytes: number;
	readonly heldBytes: number;
}

const LIMITS: Limits = {
	bytesPerReading: 19,
	writesPerReading: 1.1,
	erasesPerThousandReadings: 4.7,
	wearMaxOverMean: 1.05,
	readingsPerMebibyte: 54_000,
	// 1 + 12 by bisection, 5 after the newest, the sector, one or two looks whether a copy was made.
	recoveryReads: 20,
	recoveryBytes: 5700,
	heldBytes: 512,
};
/** Reads beyond `recoveryReads` that each sector without a header may cost a recovery that met it. */
const READS_PER_UNREADABLE_SECTOR = 4;

export async function run(args: string[]): Promise<boolean> {
	const usage = "usage: npm run bench -- journal [SEED]";
	const seed = wholeNumber("SEED", args[0] ?? "1", [0, 0xffff_ffff], usage);
	console.log(
		`seed ${seed}, ${DAYS} days of 288 readings, cursor every hour, every wake a restart`,
	);
	const flash = flashOf(SECTORS_PER_MEBIBYTE, seed);
	const options = optionsOf(flash);
	const costs = liveThrough(flash, options, seed);
	const recoveryReads: Record<string, number> = {};
	const recoveryBytes: Record<string, number> = {};
	const readsPerUnreadableSector: Record<string, number> = {};
	for (const [name, sectors] of [
		["64KiB", 16],
		["1MiB", 256],
		["16MiB", 4096],
	] as const) {
		const worst = worstRecovery(sectors, seed);
		recoveryReads[name] = worst.reads;
		recoveryBytes[name] = worst.bytes;
		readsPerUnreadableSector[name] = worst.readsPerUnreadableSector;
	}
	const figures = { ...costs, recoveryReads, recoveryBytes, readsPerUnreadableSector };
	printTable(figures);
	console.log(JSON.stringify(figures));
	return (
		costs.bytesPerReading <= LIMITS.bytesPerReading &&
		costs.writesPerReading <= LIMITS.writesPerReading &&
		costs.erasesPerThousandReadings <= LIMITS.erasesPerThousandReadings &&
		costs.wearMaxOverMean <= LIMITS.wearMaxOverMean &&
		costs.readingsPerMebibyte >= LIMITS.readingsPerMebibyte &&
		costs.heldBytes <= LIMITS.heldBytes &&
		Object.values(recoveryReads).every((reads) => reads <= LIMITS.recoveryReads) &&
		Object.values(recoveryBytes).every((bytes) => bytes <= LIMITS.recoveryBytes) &&
		Object.values(readsPerUnreadableSector).every((reads) => reads <= READS_PER_UNREADABLE_SECTOR)
	);
}

type Costs = Omit<Limits, "recoveryReads" | "recoveryBytes"> & {
	readonly writesPerAppend: number;
	readonly appends: number;
	readonly oneSlotPercent: number;
};

function liveThrough(flash: SimulatedFlash, options: JournalOptions, seed: number): Costs {
	let journal = Journal.open(options);
	flash.resetCounters();
	let readings = 0;
	let appendPrograms = 0;
	let heldBytes = 0;
	let oneSlot = 0;
	for (let day = 0; day < DAYS; day++) {
		for (const draft of dayOfReadings(seed, day)) {
			const note = journal.save();
			if (note.length > 0) journal = Journal.open({ ...options, retained: note });
			const programs = flash.programs;
			const bytes = flash.programmedBytes;
			journal.append(draft);
			appendPrograms += flash.programs - programs;
			if (flash.programmedBytes - bytes === 16) oneSlot++;
			readings++;
			if (readings % READINGS_PER_ACKNOWLEDGEMENT === 0) {
				journal.acknowledge(journal.nextSequence - 1);
			}
			heldBytes = Math.max(heldBytes, journal.heldBytes);
			journal.idle();
		}
	}
	const erases = flash.erasesPerSector.reduce((sum, count) => sum + count, 0);
	// Counted, not derived: what a reader gets back from the full ring.
	let held = 0;
	journal.read(1, journal.nextSequence, () => {
		held++;
	});
	return {
		bytesPerReading: rounded(flash.programmedBytes / readings),
		writesPerAppend: rounded(appendPrograms / readings),
		writesPerReading: rounded(flash.programs / readings),
		erasesPerThousandReadings: rounded((1000 * erases) / readings),
		wearMaxOverMean: wearOf(seed),
		readingsPerMebibyte: held,
		heldBytes,
		appends: readings,
		oneSlotPercent: rounded((100 * oneSlot) / readings),
	};
}

/** Wear over forty laps of a small ring; the last lap is not full, so few laps would mislead. */
function wearOf(seed: number): number {
	const flash = flashOf(8, seed);
	const journal = Journal.open(optionsOf(flash));
	flash.resetCounters();
	for (let day = 0; day < 256; day++) {
		for (const draft of dayOfReadings(seed, day)) {
			journal.append(draft);
			journal.idle();
		}
	}
	const erases = [...flash.erasesPerSector];
	const mean = erases.reduce((sum, count) => sum + count, 0) / erases.length;
	return rounded(Math.max(...erases) / mean);
}

interface RecoveryCost {
	readonly reads: number;
	readonly bytes: number;
	/** Reads beyond the limit of a healthy part, for each sector without a header that was met. */
	readonly readsPerUnreadableSector: number;
}

/** The dearest of many recoveries: the newest sector at both ends, early, late, between. */
function worstRecovery(sectors: number, seed: number): RecoveryCost {
	const flash = flashOf(sectors, seed);
	const options = optionsOf(flash);
	const random = new SeededRandom(seed);
	const draft = dayOfReadings(seed)[0];
	if (draft === undefined) throw new Error("a day without readings");
	let journal = Journal.open(options);
	let reads = 0;
	let bytes = 0;
	let readsPerUnreadableSector = 0;
	// Each unclean start continues in the next sector, so that a few entries go round the ring.
	const starts = Math.min(sectors + sectors / 4, 5000);
	for (let start = 0; start < starts; start++) {
		journal.append(draft);
		flash.resetCounters();
		journal = Journal.open(options);
		reads = Math.max(reads, flash.reads);
		bytes = Math.max(bytes, flash.readBytes);
		const degraded = readsBeyond(flash, options, start % sectors, random);
		readsPerUnreadableSector = Math.max(readsPerUnreadableSector, degraded);
		if (random.uint32() % 8 === 0) journal.append(draft);
	}
	return { reads, bytes, readsPerUnreadableSector: rounded(readsPerUnreadableSector) };
}

/**
 * Recovers once with headers wiped or garbled, most of them soon after the newest sector, where
 * they cost most. The headers are put back.
 */
function readsBeyond(
	flash: SimulatedFlash,
	options: JournalOptions,
	newest: number,
	random: SeededRandom,
): number {
	const { sectors, sectorBytes, bytes } = flash;
	const headers = new Map<number, Uint8Array>();
	const count = 1 + (random.uint32() % 6);
	for (let index = 0; index < count; index++) {
		const range = index % 2 === 0 ? 5 : sectors - 1;
		const sector = (newest + 1 + (random.uint32() % range)) % sectors;
		const at = sector * sectorBytes;
		if (sector !== newest && !headers.has(sector)) headers.set(sector, bytes.slice(at, at + 64));
	}
	const isWiped = random.uint32() % 2 === 0;
	for (const sector of headers.keys()) {
		const garbled = Uint8Array.from({ length: 64 }, () => (isWiped ? 0xff : random.uint32()));
		bytes.set(garbled, sector * sectorBytes);
	}
	const met = new Set<number>();
	flash.beforeOperation = (kind, offset) => {
		const sector = Math.floor(offset / sectorBytes);
		if (kind === "read" && headers.has(sector)) met.add(sector);
	};
	flash.resetCounters();
	Journal.open(options);
	flash.beforeOperation = undefined;
	for (const [sector, header] of headers) bytes.set(header, sector * sectorBytes);
	return met.size === 0 ? 0 : (flash.reads - LIMITS.recoveryReads) / met.size;
}

function flashOf(sectors: number, seed: number): SimulatedFlash {
	return new SimulatedFlash({ sectors, random: new SeededRandom(seedOf(seed, "flash")) });
}

function optionsOf(flash: SimulatedFlash): JournalOptions {
	return {
		flash,
		station: "pek-2",
		sha256: createSha256(),
		entropy: { fill: (bytes) => bytes.fill(0x5a) },
		publicKey: new Uint8Array(33).fill(2),
	};
}

function printTable(figures: Costs & { recoveryReads: Record<string, number> }): void {
	console.log(
		"\n1 MiB, every record durable; peers with 32-byte records, ours with 56-byte readings",
	);
	for (const peer of PEERS) console.log(`  ${peer}`);
	console.log(
		`  ours                    ${figures.bytesPerReading} B   ${figures.writesPerReading}         ` +
			`${figures.erasesPerThousandReadings}        ${figures.recoveryReads["1MiB"]}`,
	);
	console.log(`  held: ${figures.readingsPerMebibyte} readings per MiB\n`);
}

function rounded(figure: number): number {
	return Math.round(figure * 1000) / 1000;
}

/**
 * Runs a journal through a life (appends, acknowledgements, outages, overflows, restarts warm and
 * cold), and cuts the power: exhaustively, at every program and erase of the run in every way that
 * an operation can tear, and again in every operation of the recovery that follows; or at random.
 */

import { type BlockFailure, SimulatedFlash } from "../../sim/flash.js";
import { TEAR_MODES, type Tear } from "../../sim/flash-tear.js";
import { PowerCut } from "../../sim/power-cut.js";
import {
	type Chance,
	fraction,
	integerBelow,
	SeededChance,
	seedOf,
} from "../../src/core/chance.js";
import type { Journal } from "../../src/firmware/journal/journal.js";
import type { EntryDraft } from "../../src/protocol/entry.js";
import { dayOfReadings } from "./day.js";
import {
	nodeSha256,
	type OpenJournal,
	PUBLIC_KEY,
	STATION,
	Violation,
	Witness,
} from "./journal-witness.js";

export interface TrialOptions {
	readonly open: OpenJournal;
	readonly seed: number;
	/** Small sectors wrap soon: 512 bytes hold about twenty entries. */
	readonly sectors: number;
	readonly sectorBytes: number;
	/** First operation of the exhaustive run that is cut: for a replay. */
	readonly from?: number;
}

export interface TrialResult {
	cuts: number;
	images: number;
	/** One line each, with what replays it. */
	violations: string[];
}

const VIOLATIONS_MAX = 10;
/** More than any ring of a campaign holds: what is older has overflowed for good. */
const WITNESSED_ENTRIES = 300;
/** Appends and an acknowledgement after a cut: enough to hop, to go on, and to be cut again. */
const APPENDS_AFTER_CUT = 2;
const READINGS = Object.freeze(dayOfReadings(1));

/** A stream of entries of all shapes, a function of the number. */
export function draftOf(number: number, salt: number): EntryDraft {
	const base = READINGS[number % READINGS.length] as EntryDraft;
	const header = { ...base, uptimeSeconds: 600 + number * 300, boot: 1 + salt };
	if (number % 17 === 0) {
		const { kind: _, fields: __, ...rest } = header as EntryDraft & { fields: unknown };
		const text = "x".repeat((number * 7) % 41);
		return { ...rest, channelSet: 0, kind: "event", code: 32, detail: -number, text } as EntryDraft;
	}
	if (number % 23 === 0) return { ...header, stationFlags: number & 3 } as EntryDraft;
	return header as EntryDraft;
}

/** One journal on one part with its witness: a branch of history. */
class Life {
	journal: Journal;
	readonly flash: SimulatedFlash;
	readonly witness: Witness;
	readonly #options: TrialOptions;
	readonly #entropy: Chance;

	constructor(options: TrialOptions, flash: SimulatedFlash, witness: Witness, seed: number) {
		this.#options = options;
		this.flash = flash;
		this.witness = witness;
		this.#entropy = new SeededChance(seed);
		this.journal = this.#open(undefined);
		this.witness.check(this.journal, true);
	}

	append(draft: EntryDraft): void {
		this.witness.appending(draft);
		const { sequence, canonical } = this.journal.append(draft);
		this.witness.appended(draft, sequence, canonical);
	}

	acknowledge(cursor: number): void {
		this.witness.acknowledging(cursor);
		this.journal.acknowledge(cursor);
		this.witness.acknowledged(cursor);
	}

	/** A wake from deep sleep: what was retained is believed if flash agrees. */
	wake(): void {
		const note = this.journal.save();
		this.journal = this.#open(note.length === 0 ? undefined : note);
	}

	/** The power comes back, or was never gone. */
	boot(): void {
		this.flash.powerUp();
		this.journal = this.#open(undefined);
		this.witness.check(this.journal, true);
	}

	#open(retained: Uint8Array | undefined): Journal {
		return this.#options.open({
			flash: this.flash,
			station: STATION,
			sha256: nodeSha256,
			entropy: {
				fill: (bytes) => {
					for (let index = 0; index < bytes.length; index++) {
						bytes[index] = integerBelow(this.#entropy, 256);
					}
				},
			},
			publicKey: PUBLIC_KEY,
			...(retained === undefined ? {} : { retained }),
		});
	}
}

/** One step of the long run; outages come and go so that the ring overflows and recovers. */
function step(life: Life, number: number, chance: Chance, salt: number): void {
	const isOutage = number % 400 > 250;
	const what = fraction(chance);
	if (what < 0.8) life.append(draftOf(number, salt));
	else if (what < 0.9) {
		const last = life.journal.nextSequence - 1;
		if (!isOutage && last > 0) life.acknowledge(Math.max(last - integerBelow(chance, 4), 1));
	} else if (what < 0.96) life.journal.idle();
	else if (what < 0.995) life.wake();
	else life.boot();
}

/** How many ways each operation is torn: every mode once, prefixes and chances several times. */
export function tearsOf(isErase: boolean, length: number, isFull: boolean): Tear[] {
	const tears: Tear[] = TEAR_MODES.filter((mode) => mode !== "prefix").map((mode) => ({ mode }));
	if (isErase) {
		for (const amount of isFull ? [1, 4, 8, 12, 15] : [8]) tears.push({ mode: "prefix", amount });
	} else {
		const stride = isFull ? 1 : Math.ceil(length / 3);
		for (let amount = 1; amount < length; amount += stride) tears.push({ mode: "prefix", amount });
	}
	if (isFull) tears.push({ mode: "subset" }, { mode: "unstable" }, { mode: "unstable" });
	return tears;
}

/** Cuts at every operation of a run of `operations` programs and erases, `depth` deep. */
export function runExhaustively(
	options: TrialOptions,
	operations: number,
	depth: 1 | 2,
	isFull: boolean,
	onProgress: (done: number) => void = () => {},
): TrialResult {
	const result: TrialResult = { cuts: 0, images: 0, violations: [] };
	const chance = new SeededChance(seedOf(options.seed, "run"));
	const flash = new SimulatedFlash({ ...options, chance: new SeededChance(options.seed) });
	const witness = new Witness();
	let operation = 0;
	flash.beforeOperation = (kind, offset, length, data) => {
		if (kind === "read" || operation >= operations) return;
		witness.forgetBelow(witness.next - WITNESSED_ENTRIES);
		const tears = operation < (options.from ?? 0) ? [] : tearsOf(kind === "erase", length, isFull);
		tears.forEach((tear, position) => {
			if (result.violations.length >= VIOLATIONS_MAX) return;
			const seed = seedOf(options.seed, `${operation}/${position}`);
			const torn = flash.clone(new SeededChance(seed));
			result.cuts++;
			tearNow(torn, offset, data, tear);
			const label = `operation ${operation} ${kind} ${tear.mode} ${tear.amount ?? ""}`;
			afterCut(options, torn, witness.branch(), seed, depth, label, result);
		});
		operation++;
		if (operation % 500 === 0) onProgress(operation);
	};
	try {
		const life = new Life(options, flash, witness, options.seed);
		for (let number = 1; operation < operations && result.violations.length === 0; number++) {
			step(life, number, chance, 0);
		}
		witness.check(life.journal, false);
		if (flash.reprogrammedUnits > 0) throw new Violation("programmed what was not erased");
	} catch (error) {
		noteViolation(result, error, `operation ${operation}`, options);
	}
	return result;
}

function tearNow(
	flash: SimulatedFlash,
	offset: number,
	data: Uint8Array | undefined,
	tear: Tear,
): void {
	flash.cutAt(0, tear);
	try {
		if (data === undefined) flash.eraseBlock(Math.floor(offset / flash.sectorBytes));
		else flash.write(data, offset);
	} catch (error) {
		if (!(error instanceof PowerCut)) throw error;
	}
}

/** Boots from an image, checks, goes on, boots again; and cuts in all of that while depth is left. */
function afterCut(
	options: TrialOptions,
	flash: SimulatedFlash,
	witness: Witness,
	seed: number,
	depth: number,
	label: string,
	result: TrialResult,
): void {
	result.images++;
	let operation = 0;
	const chance = new SeededChance(seed);
	if (depth > 1) {
		flash.beforeOperation = (kind, offset, _length, data) => {
			if (kind === "read") return;
			const mode = TEAR_MODES[integerBelow(chance, TEAR_MODES.length)] ?? "all";
			const tear: Tear = { mode, amount: 1 + integerBelow(chance, 15) };
			const deeper = flash.clone(new SeededChance(chance.uint32()));
			result.cuts++;
			tearNow(deeper, offset, data, tear);
			const deepLabel = `${label}, then operation ${operation} ${kind} ${mode} ${tear.amount}`;
			afterCut(options, deeper, witness.branch(), chance.uint32(), depth - 1, deepLabel, result);
			operation++;
		};
	}
	try {
		flash.powerUp();
		const life = new Life(options, flash, witness, seed);
		// Other contents than those under way, so that a number used twice shows.
		const salt = 1 + (seed >>> 8);
		for (let count = 0; count < APPENDS_AFTER_CUT; count++) {
			life.append(draftOf(witness.next + 1000 + count, salt));
		}
		life.acknowledge(life.journal.nextSequence - 1);
		if (flash.reprogrammedUnits > 0) throw new Violation("programmed what was not erased");
		flash.beforeOperation = undefined;
		life.boot();
	} catch (error) {
		noteViolation(result, error, label, options);
	}
}

export interface RandomOptions extends TrialOptions {
	readonly cuts: number;
	/** Share of sectors that are bad from the start, and chance per cut that one more fails. */
	readonly badShare?: number;
	readonly failPerCut?: number;
	/** Sectors that fail from the start in a known way. */
	readonly bad?: readonly (readonly [sector: number, kind: BlockFailure])[];
	/** Begins with this part's history: for a replay. */
	readonly firstPart?: number;
}

/** Cuts at random, again and again on the same part, whose history goes on from cut to cut. */
export function runRandomly(
	options: RandomOptions,
	onProgress: (done: number) => void = () => {},
): TrialResult {
	const result: TrialResult = { cuts: 0, images: 0, violations: [] };
	/** A fresh part now and then, so that formatting is cut as well. */
	const cutsPerPart = 500;
	for (
		let part = options.firstPart ?? 0;
		result.cuts < options.cuts && result.violations.length === 0;
		part++
	) {
		const seed = seedOf(options.seed, `part-${part}`);
		const cuts = Math.min(cutsPerPart, options.cuts - result.cuts);
		runPart(options, seed, cuts, part, result);
		onProgress(result.cuts);
	}
	return result;
}

function runPart(
	options: RandomOptions,
	seed: number,
	cuts: number,
	part: number,
	result: TrialResult,
): void {
	const chance = new SeededChance(seed);
	const flash = new SimulatedFlash({ ...options, chance });
	for (let sector = 0; sector < options.sectors; sector++) {
		if (fraction(chance) < (options.badShare ?? 0)) flash.failSector(sector, failureOf(chance));
	}
	for (const [sector, kind] of options.bad ?? []) flash.failSector(sector, kind);
	const witness = new Witness();
	let number = 1;
	for (let cut = 0; cut < cuts; cut++) {
		const mode = TEAR_MODES[integerBelow(chance, TEAR_MODES.length)] ?? "all";
		const longRun = fraction(chance) < 0.1 ? 60 : 12;
		const tear: Tear = { mode, amount: 1 + integerBelow(chance, 127) };
		try {
			flash.powerUp();
			flash.cutAt(integerBelow(chance, longRun), tear);
			const life = new Life(options, flash, witness, chance.uint32());
			for (;;) step(life, number++, chance, cut);
		} catch (error) {
			if (!(error instanceof PowerCut)) {
				noteViolation(result, error, `part ${part}, cut ${cut} ${mode}`, options);
				return;
			}
		}
		result.cuts++;
		result.images++;
		if (flash.reprogrammedUnits > 0) {
			const error = new Violation("programmed what was not erased");
			noteViolation(result, error, `part ${part}, cut ${cut} ${mode}`, options);
			return;
		}
		if (fraction(chance) < (options.failPerCut ?? 0)) {
			flash.failSector(integerBelow(chance, options.sectors), failureOf(chance), 3);
		}
	}
}

function failureOf(chance: Chance): BlockFailure {
	return (["loud", "silent", "half-erased"] as const)[integerBelow(chance, 3)] ?? "loud";
}

function noteViolation(
	result: TrialResult,
	error: unknown,
	label: string,
	options: TrialOptions,
): void {
	const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	const replay = `--seed ${options.seed} --sectors ${options.sectors} --sector-bytes ${options.sectorBytes}`;
	result.violations.push(`${what} [${label}; ${replay}]`);
}

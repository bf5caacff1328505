/**
 * Runs a journal through a life (appends, acknowledgements, outages, overflows, restarts warm and
 * cold), and cuts the power: exhaustively, at every program and erase of the run in every way that
 * an operation can tear, and again in every operation of the recovery that follows; or at random.
 */

import { PowerCut } from "../../../sim/board/power-cut.js";
import { type BlockFailure, SimulatedFlash } from "../../../sim/flash/flash.js";
import { TEAR_MODES, type Tear } from "../../../sim/flash/flash-tear.js";
import { StationError } from "../../../src/core/errors.js";
import {
	fraction,
	integerBelow,
	type RandomSource,
	SeededRandom,
	seedOf,
} from "../../../src/core/random.js";
import type { Journal } from "../../../src/firmware/journal/journal.js";
import type { EntryDraft } from "../../../src/protocol/record/entry-layouts.js";
import { dayOfReadings } from "../data/day.js";
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
	/** Which share of operations and parts is cut here, where several threads share the work. */
	readonly share?: Share;
}

/** Every thread plays the same run; each cuts only what is its own. */
export interface Share {
	readonly index: number;
	readonly count: number;
}

export interface TrialResult {
	cuts: number;
	images: number;
	/** Parts that ended because three neighbouring sectors had failed. */
	wornOut: number;
	/** One line each, with what replays it. */
	violations: string[];
}

/** How much of the exhaustive run is cut a second time, in the recovery that follows. */
export type Thoroughness =
	/** One cut deep; every mode once. */
	| "once"
	/** Two deep; every mode once, then at each operation of the recovery one mode drawn by the seed. */
	| "drawn"
	/**
	 * Two deep; every mode, of a program every prefix, of an erase five, and three modes again with
	 * other draws. After every mode, each operation of the recovery is torn in every mode; after
	 * the further prefixes and draws in one mode drawn by the seed.
	 */
	| "every";

const VIOLATIONS_MAX = 10;
/** More than any ring of a campaign holds: what is older has overflowed for good. */
const WITNESSED_ENTRIES = 1500;
/** Appends and an acknowledgement after a cut: enough to switch sectors, to continue, and to be cut again. */
const APPENDS_AFTER_CUT = 2;
/** Sixteenths of a sector that a torn erase has got to; the first in every run, all in a full one. */
const ERASE_PREFIXES = [8, 1, 4, 12, 15] as const;
/** Threads take turns by so many operations, so that all have their part of every phase. */
const OPERATIONS_PER_BLOCK = 10;
const PROGRESS_OPERATIONS = 100;
/** A fresh part now and then, so that formatting is cut as well. */
const CUTS_PER_PART = 500;
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
class PowerCycle {
	journal: Journal;
	readonly flash: SimulatedFlash;
	readonly witness: Witness;
	readonly #options: TrialOptions;
	readonly #entropy: RandomSource;

	constructor(options: TrialOptions, flash: SimulatedFlash, witness: Witness, seed: number) {
		this.#options = options;
		this.flash = flash;
		this.witness = witness;
		this.#entropy = new SeededRandom(seed);
		this.journal = this.#open(undefined);
		this.witness.check(this.journal, true);
	}

	append(draft: EntryDraft): void {
		this.witness.appending(draft, this.journal.nextSequence);
		const { sequence, canonicalBytes } = this.journal.append(draft);
		this.witness.appended(draft, sequence, canonicalBytes);
	}

	acknowledge(cursor: number): void {
		this.witness.acknowledging(cursor);
		this.journal.acknowledge(cursor);
		// It holds in memory only.
		if (this.journal.refusal !== undefined) throw endOfLife();
		this.witness.acknowledged(cursor);
	}

	/** A wake from deep sleep: what was retained is believed if flash agrees. */
	wake(): void {
		const note = this.journal.save();
		const { nextSequence: next, epoch } = this.journal;
		this.journal = this.#open(note.length === 0 ? undefined : note);
		// The note was not believed: this was a boot, and may have passed over numbers, or begun another epoch.
		if (this.journal.nextSequence !== next || this.journal.epoch !== epoch) {
			this.witness.check(this.journal, false);
		}
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
function step(powerCycle: PowerCycle, number: number, random: RandomSource, salt: number): void {
	const isOutage = number % 400 > 250;
	const what = fraction(random);
	if (what < 0.8) powerCycle.append(draftOf(number, salt));
	else if (what < 0.9) {
		const last = powerCycle.journal.nextSequence - 1;
		if (!isOutage && last > 0) powerCycle.acknowledge(Math.max(last - integerBelow(random, 4), 1));
	} else if (what < 0.96) powerCycle.journal.idle();
	else if (what < 0.995) powerCycle.wake();
	else powerCycle.boot();
}

/** One way of each mode; of a program three prefixes. */
export function tearsOf(isErase: boolean, length: number): Tear[] {
	const tears: Tear[] = TEAR_MODES.filter((mode) => mode !== "prefix").map((mode) => ({ mode }));
	if (isErase) return [...tears, { mode: "prefix", amount: ERASE_PREFIXES[0] }];
	// The one in the middle first: of one tear for each mode it is the one.
	const stride = prefixStride(length);
	for (const amount of [1 + stride, 1, 1 + 2 * stride]) {
		if (amount < length) tears.push({ mode: "prefix", amount });
	}
	return tears;
}

/** All other prefixes (of an erase some), and more draws where the tear is random. */
export function moreTearsOf(isErase: boolean, length: number): Tear[] {
	const tears: Tear[] = [{ mode: "subset" }, { mode: "unstable" }, { mode: "unstable" }];
	if (isErase) {
		for (const amount of ERASE_PREFIXES.slice(1)) tears.push({ mode: "prefix", amount });
		return tears;
	}
	for (let amount = 1; amount < length; amount++) {
		if ((amount - 1) % prefixStride(length) !== 0) tears.push({ mode: "prefix", amount });
	}
	return tears;
}

function prefixStride(length: number): number {
	return Math.ceil(length / 3);
}

function isShared(share: Share | undefined, block: number): boolean {
	return share === undefined || block % share.count === share.index;
}

/** Cuts at every operation of a run of `operations` programs and erases. */
export function runExhaustively(
	options: TrialOptions,
	operations: number,
	thoroughness: Thoroughness,
	onProgress: (done: number, result: TrialResult) => void = () => {},
): TrialResult {
	const result: TrialResult = { cuts: 0, images: 0, wornOut: 0, violations: [] };
	const random = new SeededRandom(seedOf(options.seed, "run"));
	const flash = new SimulatedFlash({ ...options, random: new SeededRandom(options.seed) });
	const witness = new Witness();
	let operation = 0;
	let done = 0;
	flash.beforeOperation = (kind, offset, length, data) => {
		if (kind === "read" || operation >= operations) return;
		witness.forgetBelow(witness.last - WITNESSED_ENTRIES);
		const isCut =
			operation >= (options.from ?? 0) &&
			isShared(options.share, Math.floor(operation / OPERATIONS_PER_BLOCK));
		const tears = isCut ? tearsOf(kind === "erase", length) : [];
		if (isCut && thoroughness === "every") tears.push(...moreTearsOf(kind === "erase", length));
		tears.forEach((tear, position) => {
			if (result.violations.length >= VIOLATIONS_MAX) return;
			const seed = seedOf(options.seed, `${operation}/${position}`);
			const torn = flash.clone(new SeededRandom(seed));
			result.cuts++;
			tearNow(torn, offset, data, tear);
			const label = `operation ${operation} ${kind} ${tear.mode} ${tear.amount ?? ""}`;
			const isFirstOfMode = position < TEAR_MODES.length;
			const deeper = thoroughness === "every" && !isFirstOfMode ? "drawn" : thoroughness;
			const replay = `--from ${operation} --operations ${operation + 1} --cuts 0 --worn 0`;
			const context = { options, result, label, replay };
			afterCut(context, torn, witness.branch(), seed, deeper);
		});
		operation++;
		if (isCut && ++done % PROGRESS_OPERATIONS === 0) onProgress(done, result);
	};
	try {
		const powerCycle = new PowerCycle(options, flash, witness, options.seed);
		for (let number = 1; operation < operations && result.violations.length === 0; number++) {
			step(powerCycle, number, random, 0);
		}
		witness.check(powerCycle.journal, false);
		if (flash.reprogrammedUnits > 0) throw new Violation("programmed what was not erased");
	} catch (error) {
		const replay = `--from ${operation} --operations ${operation + 1} --cuts 0 --worn 0`;
		noteViolation({ options, result, label: `operation ${operation}`, replay }, error);
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

/** What a violation is told with. */
interface Context {
	readonly options: TrialOptions;
	readonly result: TrialResult;
	readonly label: string;
	readonly replay: string;
}

/** Boots from an image, checks, continues, boots again; and cuts in all of that unless it is deep. */
function afterCut(
	context: Context,
	flash: SimulatedFlash,
	witness: Witness,
	seed: number,
	thoroughness: Thoroughness,
): void {
	const { options, result } = context;
	result.images++;
	let operation = 0;
	const random = new SeededRandom(seed);
	if (thoroughness !== "once") {
		flash.beforeOperation = (kind, offset, length, data) => {
			if (kind === "read") return;
			const drawn = TEAR_MODES[integerBelow(random, TEAR_MODES.length)] ?? "all";
			for (const mode of thoroughness === "every" ? TEAR_MODES : [drawn]) {
				const amount = 1 + integerBelow(random, kind === "erase" ? 15 : length - 1);
				const deeper = flash.clone(new SeededRandom(random.uint32()));
				result.cuts++;
				tearNow(deeper, offset, data, { mode, amount });
				const label = `${context.label}, then operation ${operation} ${kind} ${mode} ${amount}`;
				afterCut({ ...context, label }, deeper, witness.branch(), random.uint32(), "once");
			}
			operation++;
		};
	}
	try {
		flash.powerUp();
		const powerCycle = new PowerCycle(options, flash, witness, seed);
		// Other contents than those under way, so that a number used twice shows.
		const salt = 1 + (seed >>> 8);
		for (let count = 0; count < APPENDS_AFTER_CUT; count++) {
			powerCycle.append(draftOf(witness.last + 1001 + count, salt));
		}
		powerCycle.acknowledge(powerCycle.journal.nextSequence - 1);
		if (flash.reprogrammedUnits > 0) throw new Violation("programmed what was not erased");
		flash.beforeOperation = undefined;
		powerCycle.boot();
	} catch (error) {
		noteViolation(context, error);
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

/** Cuts at random, again and again on the same part, whose history continues from cut to cut. */
export function runRandomly(
	options: RandomOptions,
	onProgress: (done: number, result: TrialResult) => void = () => {},
): TrialResult {
	const result: TrialResult = { cuts: 0, images: 0, wornOut: 0, violations: [] };
	const parts = Math.ceil(options.cuts / CUTS_PER_PART);
	for (let nth = 0; nth < parts && result.violations.length === 0; nth++) {
		if (!isShared(options.share, nth)) continue;
		const cuts = Math.min(CUTS_PER_PART, options.cuts - nth * CUTS_PER_PART);
		runPart(options, cuts, (options.firstPart ?? 0) + nth, result);
		onProgress(result.cuts, result);
	}
	return result;
}

function runPart(options: RandomOptions, cuts: number, part: number, result: TrialResult): void {
	const random = new SeededRandom(seedOf(options.seed, `part-${part}`));
	const flash = new SimulatedFlash({ ...options, random });
	const failed = new Set<number>();
	const fail = (sector: number, kind: BlockFailure, operations = 0): void => {
		flash.failSector(sector, kind, operations);
		failed.add(sector);
	};
	for (let sector = 0; sector < options.sectors; sector++) {
		if (fraction(random) < (options.badShare ?? 0)) fail(sector, failureOf(random));
	}
	for (const [sector, kind] of options.bad ?? []) fail(sector, kind);
	const witness = new Witness();
	let number = 1;
	for (let cut = 0; cut < cuts; cut++) {
		const mode = TEAR_MODES[integerBelow(random, TEAR_MODES.length)] ?? "all";
		const longRun = fraction(random) < 0.1 ? 60 : 12;
		const tear: Tear = { mode, amount: 1 + integerBelow(random, 127) };
		const isWorn = (options.badShare ?? 0) > 0;
		const replay = isWorn
			? `--operations 0 --cuts 0 --worn ${cut + 1} --part ${part}`
			: `--operations 0 --cuts ${cut + 1} --part ${part} --worn 0`;
		const context = { options, result, label: `part ${part}, cut ${cut} ${mode}`, replay };
		try {
			flash.powerUp();
			flash.cutAt(integerBelow(random, longRun), tear);
			const powerCycle = new PowerCycle(options, flash, witness, random.uint32());
			for (;;) step(powerCycle, number++, random, cut);
		} catch (error) {
			if (isEndOfLife(error) && hasThreeInARow(failed, options.sectors)) {
				result.wornOut++;
				checkWornOut(context, flash, witness, random);
				return;
			}
			if (!(error instanceof PowerCut)) {
				noteViolation(context, error);
				return;
			}
		}
		result.cuts++;
		result.images++;
		if (flash.reprogrammedUnits > 0) {
			noteViolation(context, new Violation("programmed what was not erased"));
			return;
		}
		if (fraction(random) < (options.failPerCut ?? 0)) {
			fail(integerBelow(random, options.sectors), failureOf(random), 3);
		}
	}
}

function endOfLife(): StationError {
	return new StationError("journal-full-of-bad-sectors", "the flash takes no more");
}

function isEndOfLife(error: unknown): boolean {
	return error instanceof StationError && error.code === "journal-full-of-bad-sectors";
}

/** The one reason for which a journal may give a part up: docs/FORMAT.md, 2.4. */
function hasThreeInARow(failed: ReadonlySet<number>, sectors: number): boolean {
	for (const first of failed) {
		if (failed.has((first + 1) % sectors) && failed.has((first + 2) % sectors)) return true;
	}
	return false;
}

/** A part that is given up still gives back everything. */
function checkWornOut(
	context: Context,
	flash: SimulatedFlash,
	witness: Witness,
	random: RandomSource,
): void {
	// The cut that was still to come does not.
	flash.kill();
	flash.powerUp();
	try {
		new PowerCycle(context.options, flash, witness, random.uint32());
	} catch (error) {
		// A part that was never formatted has nothing to give back.
		if (!isEndOfLife(error) || witness.last > 0) noteViolation(context, error);
	}
}

function failureOf(random: RandomSource): BlockFailure {
	return (["loud", "silent", "half-erased"] as const)[integerBelow(random, 3)] ?? "loud";
}

function noteViolation({ options, result, label, replay }: Context, error: unknown): void {
	const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	const ring = `--sectors ${options.sectors} --sector-bytes ${options.sectorBytes}`;
	result.violations.push(`${what} [${label}]; replay: ${replay} --seed ${options.seed} ${ring}`);
}

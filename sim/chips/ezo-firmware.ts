/**
 * What differs between the generations of the Atlas EZO circuits' firmware, as rows of a table.
 * Where boards were seen to differ within a generation, or the fact is not settled, it is a column
 * too: spread a row and change it.
 */

import { unreachable } from "../../src/core/errors.js";
import { fraction, type RandomSource } from "../../src/core/random.js";

/** Short queries: 4 ms measured, 300 ms printed. */
const SHORT_MILLISECONDS = 4;
const SHORT_MILLISECONDS_DATASHEET = 300;
const BOOT_MILLISECONDS_DATASHEET = 1000;

export interface EzoFirmware {
	/** As `i` reports it. */
	readonly version: string;
	/** `?STATUS,` and the like, or the datasheet's `?Status,`; capitals are seen on both sides of 2.16. */
	readonly prefixes: "upper case" | "datasheet";
	/** The answer to `O,?` begins with this. */
	readonly outputPrefix: "?O," | "?,O,";
	/** Fields of `Slope,?`: the oldest boards leave out the offset. */
	readonly slopeFields: 2 | 3;
	/** `Export,?`: strings and characters alone, as the datasheet prints, or after a prefix. */
	readonly exportForm: "bare" | "prefixed";
	/** An import takes effect as a whole with its last string, or each string as it comes. */
	readonly importTakes: "whole" | "each string";
	/** `T,?`, `K,?` and the volts of `Status`: as few decimals as there are, or always two. */
	readonly decimals: "few" | "two";
	/** `RT,t`. */
	readonly hasReadWithTemperature: boolean;
	/** `Find` and `Export`/`Import`; the oldest have `F` alone. */
	readonly hasFindAndExport: boolean;
	/** `pHext`. */
	readonly hasExtendedScale: boolean;
	/** Conductivity circuits leave the factory with all four outputs on, or with EC alone. */
	readonly hasFourOutputs: boolean;
	/** The command that wakes a sleeping circuit is lost; reading then gives 255. */
	readonly wakeConsumesCommand: boolean;
	/** A zero-byte write to a sleeping circuit leaves the data line low until power goes. */
	readonly emptyWriteHangsSleeping: boolean;
	/** What a second read of one response gives. */
	readonly secondRead: "no data" | "repeats";
	/** A point out of order (low before mid, a solution before dry). */
	readonly calibrationOrder: "strict" | "lax";
	/** Whether `T` outlives Sleep. */
	readonly sleepKeepsTemperature: boolean;
	/** Short queries and boots as boards were measured, or as the datasheet prints them. */
	readonly timing: "measured" | "datasheet";
}

const NEWEST: EzoFirmware = {
	version: "2.16",
	prefixes: "datasheet",
	outputPrefix: "?,O,",
	slopeFields: 3,
	exportForm: "bare",
	importTakes: "whole",
	decimals: "two",
	hasReadWithTemperature: true,
	hasFindAndExport: true,
	hasExtendedScale: true,
	hasFourOutputs: false,
	wakeConsumesCommand: true,
	emptyWriteHangsSleeping: true,
	secondRead: "no data",
	calibrationOrder: "strict",
	sleepKeepsTemperature: true,
	timing: "measured",
};

/** Generations by version. `1.98`: four outputs, two slopes. `2.10`: Export, EC alone. `2.16`: RT. */
export const EZO_FIRMWARE: Readonly<Record<"1.98" | "2.10" | "2.16", EzoFirmware>> = Object.freeze({
	"1.98": {
		...NEWEST,
		version: "1.98",
		prefixes: "upper case",
		outputPrefix: "?O,",
		exportForm: "prefixed",
		decimals: "few",
		slopeFields: 2,
		hasReadWithTemperature: false,
		hasFindAndExport: false,
		hasExtendedScale: false,
		hasFourOutputs: true,
	},
	"2.10": {
		...NEWEST,
		version: "2.10",
		prefixes: "upper case",
		outputPrefix: "?O,",
		exportForm: "prefixed",
		decimals: "few",
		hasReadWithTemperature: false,
		hasExtendedScale: false,
	},
	"2.16": NEWEST,
});

/** Shortest and longest, milliseconds. */
export type MillisecondsRange = readonly [number, number];

/** How quick a reading is belongs to the board, not to the command. */
export type EzoBoard = "usual" | "slow";

/**
 * What `Export` gives: the kind's address, settings, a check, spare; in strings of six bytes, of which the last may be
 * shorter. How many bytes were seen at real circuits of the kind; what stands in them is the simulator's own.
 */
export interface EzoExport {
	readonly bytes: number;
	/** Settings that are four bytes each, and those that are one. */
	readonly numbers: readonly string[];
	readonly flags: readonly string[];
}

/** What differs between circuits, a row in the file of each: sources are the datasheets and published measurements. */
export interface EzoKind {
	readonly exported: EzoExport;
	/** As `i` reports it. */
	readonly name: string;
	readonly address: number;
	/** Power-on to the first acknowledgement. */
	readonly bootMilliseconds: MillisecondsRange;
	/** The datasheet's, which Atlas' examples wait for, and the slowest board that was seen. */
	readonly readMilliseconds: Readonly<Record<EzoBoard, number>>;
	readonly calibrateMilliseconds: number;
	/** At 3.3 V and at 5 V, LED on: longest, standby, sleep; LED off (3.3 V): longest, standby. */
	readonly milliamperes3V3: readonly [number, number, number];
	readonly milliamperes5V: readonly [number, number, number];
	readonly milliamperes3V3Dark: readonly [number, number];
}

/** Current of a powered circuit, mA, by supply and by what it does. */
export function milliamperesOf(
	kind: EzoKind,
	supplyVolts: number,
	isLedOn: boolean,
	activity: "sleep" | "standby" | "longest",
): number {
	const is5V = supplyVolts > 4;
	const currents = is5V ? kind.milliamperes5V : kind.milliamperes3V3;
	if (activity === "sleep") return currents[2];
	const place = activity === "longest" ? 0 : 1;
	return isLedOn || is5V ? currents[place] : kind.milliamperes3V3Dark[place];
}

/** What takes its time. */
export type EzoDuration = "short" | "read" | "calibrate" | "boot";

/** How long it takes this time, milliseconds; a boot is drawn where boards were measured. */
export function millisecondsOf(
	kind: EzoKind,
	firmware: EzoFirmware,
	duration: EzoDuration,
	board: EzoBoard,
	random: RandomSource,
): number {
	const isPrinted = firmware.timing === "datasheet";
	switch (duration) {
		case "short":
			return isPrinted ? SHORT_MILLISECONDS_DATASHEET : SHORT_MILLISECONDS;
		case "read":
			return kind.readMilliseconds[board];
		case "calibrate":
			return kind.calibrateMilliseconds;
		case "boot":
			return isPrinted ? BOOT_MILLISECONDS_DATASHEET : drawn(kind.bootMilliseconds, random);
	}
	return unreachable(duration);
}

function drawn([shortest, longest]: MillisecondsRange, random: RandomSource): number {
	return shortest + fraction(random) * (longest - shortest);
}

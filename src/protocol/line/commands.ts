/**
 * Commands of the technician's line, one row each, for the station that answers and the program that asks:
 * docs/CONSOLE.md has the table. Strings of words stand for lists, because that is what the chip can hold cheapest.
 */

const UINT32_MAX = 0xffffffff;

/** Least, most and, where it may be left out, what it is then; `own`: what the station itself has. */
export type NumberArgument = readonly [low: number, high: number, start?: number | "own"];

export interface CommandRow {
	/** For people, in `help` and in the program's own help. */
	readonly about: string;
	readonly takes?: Readonly<Record<string, NumberArgument | "word">>;
	/**
	 * It takes its time, and only one such command runs at once: seconds that the station itself waits at most
	 * (0: for nothing), and that the program hears nothing at most. Absent: answered at once.
	 */
	readonly seconds?: readonly [station: number, program: number];
	/** Names of a part's fields, with `#` after a number's and `@` after a time's, Unix seconds; the rest are words. */
	readonly parts?: string;
	/** The same of the answer, which has `parts#` besides. */
	readonly answer?: string;
}

const CHANNEL = "channel value# unit method flags raw# rawUnit";

/**
 * 180 s: a reading that is due, then ours, each with every probe failing slowly, 2 x 90 s. 300 s: a session has
 * several attempts of two minutes.
 */
export const COMMANDS = Object.freeze({
	help: { about: "this list", takes: { command: "word" }, parts: "command text" },
	version: {
		about: "of line and firmware, and which station",
		answer: "protocol# station firmware",
	},
	status: {
		about: "station, clock, journal, flash, schedule and uplink, probes",
		parts:
			"station supply intervalSeconds# configuration# trialSeconds# resetReason freeHeapBytes# " +
			"utc@ timeQuality clock boot# uptimeSeconds# epoch# held# next# cursor# waiting# gaps# journal " +
			"flashSectors# flashRetired# flashRefusals# flashBitsCorrected# flashSlotsSkipped# " +
			"nextReadingSeconds# nextUploadSeconds# uploading uploadFailures# rssiDecibelMilliwatts# " +
			"lastUpload failedProbes battery garbled#",
	},
	read: {
		about: "measure now and record it",
		seconds: [180, 200],
		parts: CHANNEL,
		answer: "utc@ sequence#",
	},
	watch: {
		about: "measure again and again; only what was due anyway is recorded",
		takes: { count: [1, 1000, 10] },
		seconds: [180, 200],
		parts: `round# utc@ sequence# ${CHANNEL}`,
		answer: "count#",
	},
	"self-test": {
		about: "a verdict on every probe, on buses, clock and journal",
		seconds: [180, 200],
		parts: "probe verdict flags cause value#",
		answer: "failed# doubtful# milliseconds#",
	},
	journal: {
		about: "entries from a sequence on",
		takes: { first: [1, UINT32_MAX], count: [1, 1000, 100], epoch: [0, UINT32_MAX, "own"] },
		seconds: [0, 10],
		parts: "sequence# bytes",
		answer: "epoch# held# next# end# unreadable#",
	},
	upload: { about: "deliver now", seconds: [300, 320], answer: "cursor# waiting#" },
	stop: { about: "end what is under way" },
} as const satisfies Readonly<Record<string, CommandRow>>);

export type CommandName = keyof typeof COMMANDS;

type Taken<Argument> = Argument extends "word"
	? string | undefined
	: Argument extends readonly [number, number, "own"]
		? number | undefined
		: number;

/** Arguments of a row, each within its limits. */
export type GivenOf<Row> = Row extends { readonly takes: infer Takes }
	? { readonly [Name in keyof Takes]: Taken<Takes[Name]> }
	: Readonly<Record<string, never>>;

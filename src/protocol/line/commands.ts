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
			"lastUpload failedProbes battery powerLevel chargePerMille forecastDays monthMilliwattHours " +
			"forecastAssumes untold electrode electrodeDays# electrodeBy garbled#",
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
	calibrate: {
		about:
			"begin a calibration, or a check as-found or as-left; the circuit's export is kept first",
		takes: { channel: "word", act: "word", by: "word", solutions: [1, 2, 1] },
		seconds: [180, 200],
		answer: "id# previous# digest circuit facts celsius#",
	},
	settle: {
		about: "read once a second until the probe has come to rest in a bottle",
		takes: {
			standard: "word",
			lot: "word",
			expiry: "word",
			value: "word",
			celsius: "word",
			seconds: [10, 1200, 300],
		},
		seconds: [180, 200],
		parts: "second# value# celsius# drift# spread# count# left# settled",
		answer:
			"settled why nominal# reading# celsius# drift# spread# deviation# count# seconds# doubts",
	},
	point: {
		about: "take what has settled; text= is the reason for one that is doubted",
		takes: { text: "word" },
		seconds: [180, 200],
		answer: "points# cal slope k doubts",
	},
	commit: {
		about:
			"judge, and make it so: the record has it then; text= is the reason for one that is rejected",
		takes: { due: [0, 3660, 0], text: "word" },
		seconds: [180, 200],
		answer: "id# verdict doubts a# b# c# digest",
	},
	cancel: { about: "go back to the calibration before", seconds: [180, 200], answer: "digest" },
	undo: {
		about: "import the calibration before the one in force",
		takes: { channel: "word", by: "word", text: "word" },
		seconds: [180, 200],
		answer: "id# digest",
	},
	log: {
		about: "record a cleaning, a swap or a note",
		takes: { channel: "word", act: "word", by: "word", text: "word" },
		answer: "id#",
	},
	calibrations: {
		about: "calibrations in force, and the one that is open",
		parts: "channel id# previous# digest undo a# b# c# state points#",
		answer: "checked@",
	},
	coupling: {
		about: "pH with the conductivity circuit asleep, and awake: a current in the water shows",
		seconds: [180, 200],
		answer: "asleep# awake# difference# verdict",
	},
	upload: { about: "deliver now", seconds: [300, 320], answer: "cursor# waiting#" },
	stop: { about: "end what is under way" },
	leave: { about: "end service now: the station sleeps, plugged in or not" },
	"provision-begin": {
		about: "begin a draft of what this board is told; the one before is gone",
		answer: "station configuration# missing",
	},
	"provision-set": {
		about: "put text after the first characters of a field of the draft; nothing: as if untold",
		takes: { field: "word", at: [0, 4096, 0], text: "word" },
		answer: "field length#",
	},
	"provision-show": {
		about: "the draft, and all that is wrong with it or missing",
		parts: "field state text",
		answer: "check wrong# missing#",
	},
	"provision-commit": {
		about: "keep the draft that was shown under this check, and restart with it",
		takes: { check: "word" },
		answer: "configuration# restarting",
	},
	"provision-drop": { about: "forget the draft" },
	identity: {
		about: "who this station is, signed over 16 bytes that the asker chose, in hexadecimal",
		takes: { nonce: "word" },
		seconds: [10, 15],
		parts: "bytes",
		answer: "station firmware epoch# publicKey",
	},
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

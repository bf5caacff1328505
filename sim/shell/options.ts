/** The command line of `npm start`. */
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { PRINTABLE_USAGE } from "../../src/host/usage.js";
import { wholeNumber } from "../../src/host/whole-number.js";
import { SCENARIOS } from "../river/scenarios.js";
import { RecordedTimes } from "./recorded-times.js";
import { RIVER_COLUMNS, type RiverFileOptions } from "./river-columns.js";

export interface StartOptions {
	/** Absolute path of a recording. */
	readonly river: string | undefined;
	/** How it is to be understood; undefined: as it was at the first start, or as it is written. */
	readonly riverFile: Partial<RiverFileOptions>;
	/** Name in SCENARIOS; undefined: one quiet and one stormy river. */
	readonly scenario: string | undefined;
	readonly stations: number | undefined;
	/** Simulated seconds per second of the wall, or Infinity. */
	readonly speed: number;
	/** Simulated seconds, "recording", or undefined: until Ctrl-C. */
	readonly duration: number | "recording" | undefined;
	readonly seed: number | undefined;
	/** Absolute path. */
	readonly data: string;
	readonly summary: "text" | "json";
	readonly quiet: boolean;
	readonly port: number;
	/** Of the first station's technician's line, 0 for free ones; undefined: as the view needs them. */
	readonly consolePort: number | undefined;
	/** Of the page for readers, 0 for a free one; undefined: none. */
	readonly pagePort: number | undefined;
	/** Of the playground, 0 for a free one; it is there where the page is. */
	readonly playgroundPort: number;
}

export const SPEED_DEFAULT = 120;
const STATIONS_MAX = 100;
const DATA_DEFAULT = "bistrina-data";
const UNITS: Readonly<Record<string, number>> = Object.freeze({
	s: 1,
	m: 60,
	h: 3600,
	d: 86_400,
	w: 604_800,
});

/** The parser; it prints usage and throws CommanderError (exit 2) for what it does not know. */
export function parseStartOptions(argv: readonly string[]): StartOptions {
	const program = startCommand();
	program.parse([...argv], { from: "user" });
	const given = program.opts<{
		river?: string;
		riverColumns?: Readonly<Record<string, string>>;
		riverZone?: string;
		riverSort?: true;
		scenario?: string;
		stations?: number;
		speed: number;
		for?: number | "recording";
		seed?: number;
		data: string;
		summary: "text" | "json";
		port: number;
		consolePort?: number;
		pagePort?: number;
		playgroundPort: number;
		quiet: boolean;
	}>();
	if (given.river !== undefined && given.scenario !== undefined) {
		program.error("error: --river and --scenario exclude each other");
	}
	const { riverColumns: columns, riverZone: zone, riverSort: isSorted } = given;
	if (given.scenario !== undefined && (columns ?? zone ?? isSorted) !== undefined) {
		program.error("error: --river-columns, --river-zone and --river-sort are for --river");
	}
	if (given.scenario !== undefined && given.for === "recording") {
		program.error("error: --for recording needs --river, and --scenario excludes that");
	}
	const { port, consolePort } = given;
	if (consolePort !== undefined && consolePort > 0) {
		const last = consolePort + (given.stations ?? 1) - 1;
		if (port >= consolePort && port <= last) {
			program.error(`error: --port ${port} is among the ports of --console-port`);
		}
	}
	return {
		river: given.river === undefined ? undefined : resolve(given.river),
		riverFile: {
			...(columns === undefined ? {} : { columns }),
			...(zone === undefined ? {} : { zone }),
			...(isSorted === undefined ? {} : { isSorted }),
		},
		scenario: given.scenario,
		stations: given.stations,
		speed: given.speed,
		duration: given.for,
		seed: given.seed,
		data: resolve(given.data),
		summary: given.summary,
		quiet: given.quiet,
		port: given.port,
		consolePort: given.consolePort,
		// A quiet run has nobody who looks, unless it is asked.
		pagePort: given.pagePort ?? (given.quiet ? undefined : 0),
		playgroundPort: given.playgroundPort,
	};
}

/** What `--help` prints. */
export function startUsage(): string {
	return startCommand().helpInformation();
}

function startCommand(): Command {
	return new Command("npm start --")
		.description(
			"Simulated stations on the Bor and the Pek that deliver to a collector, all on this machine.",
		)
		.option(
			"--river <file.csv>",
			`play a recorded river: CSV with a header, columns ${RIVER_COLUMNS.join(",")} in any order, ` +
				"times of ISO 8601 with Z or offset, empty where there is no value (docs/RIVER.md)",
		)
		.option(
			"--river-columns <list>",
			'what its columns are called: "ph=pH mean,turbidity_ntu="; nothing after = where it has none',
			columns,
		)
		.option("--river-zone <zone>", "of its times without one: UTC, +01:00 or Europe/Belgrade", zone)
		.option("--river-sort", "put its rows in order; of several of one time the first counts")
		.addOption(
			new Option("--scenario <name>", "one scenario for every station").choices(
				Object.keys(SCENARIOS),
			),
		)
		.option(
			"--stations <n>",
			`how many stations, 1 to ${STATIONS_MAX}`,
			wholeNumber(1, STATIONS_MAX),
		)
		.option("--speed <n|max>", "simulated seconds per second", speed, SPEED_DEFAULT)
		.option("--for <duration|recording>", "how long to simulate: 90s, 30m, 12h, 7d, 2w", duration)
		.option("--seed <n>", "seed of all random numbers", wholeNumber(0, 0xffffffff))
		.option("--data <dir>", "where world and collector are kept", DATA_DEFAULT)
		.addOption(
			new Option("--summary <form>", "what the run ends with")
				.choices(["text", "json"])
				.default("text"),
		)
		.option(
			"--port <n>",
			"port of the collector on 127.0.0.1, 0 for a free one",
			wholeNumber(0, 65_535),
			0,
		)
		.option(
			"--console-port <n>",
			"port of the first station's technician's line, the others follow; 0 for free ones",
			wholeNumber(0, 65_535 - STATIONS_MAX),
		)
		.option(
			"--page-port <n>",
			"port of the page with the rivers on 127.0.0.1, 0 for a free one",
			wholeNumber(0, 65_535),
		)
		.option(
			"--playground-port <n>",
			"port of the playground on 127.0.0.1, where there is a page; 0 for a free one",
			wholeNumber(0, 65_535),
			0,
		)
		.option("--quiet", "no live view, and no page but by --page-port", false)
		.allowExcessArguments(false)
		.showHelpAfterError()
		.configureOutput(PRINTABLE_USAGE)
		.exitOverride();
}

function columns(text: string): Readonly<Record<string, string>> {
	const named: Record<string, string> = {};
	for (const part of text.split(",")) {
		const [ours = "", ...theirs] = part.split("=");
		if (!RIVER_COLUMNS.includes(ours.trim()) || theirs.length === 0) {
			throw new InvalidArgumentError(
				`Use NAME=THEIRS,... with a NAME of ${RIVER_COLUMNS.join(", ")}.`,
			);
		}
		named[ours.trim()] = theirs.join("=").trim();
	}
	if (named[RIVER_COLUMNS[0] ?? ""] === "")
		throw new InvalidArgumentError("Every row needs a time.");
	return named;
}

function zone(text: string): string {
	try {
		new RecordedTimes(text);
		return text;
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		throw new InvalidArgumentError("Use UTC, an offset as +01:00, or a zone as Europe/Belgrade.");
	}
}

function speed(text: string): number {
	if (text === "max") return Number.POSITIVE_INFINITY;
	const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
	if (value >= 0.1 && value <= 1e6) return value;
	throw new InvalidArgumentError("Use a number from 0.1 to 1000000, or max.");
}

function duration(text: string): number | "recording" {
	if (text === "recording") return text;
	const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
	const seconds = Number(count) * (UNITS[unit ?? ""] ?? Number.NaN);
	if (seconds > 0) return seconds;
	throw new InvalidArgumentError("Use a number with s, m, h, d or w, like 12h, or recording.");
}

/** What the tables of this build make of two hours of a station, of an entry, and of a command, as it is printed. */
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../../sim/station/station.js";
import { readOffer } from "../../../src/collector/ledger/configuration-offers.js";
import { CONFIGURATION_FIELDS } from "../../../src/firmware/config/configuration-fields.js";
import { parseFields } from "../../../src/firmware/config/parse-configuration.js";
import { messagesIn } from "../../../src/host/messages/messages.js";
import type { CommandName } from "../../../src/protocol/line/commands.js";
import { decodeEntry, encodeEntry } from "../../../src/protocol/record/entry.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { rowsOf } from "../../../src/technician/entry-rows.js";
import { runCommand, type Session } from "../../../src/technician/line-commands.js";
import {
	DIALECTS,
	lineOf,
	READING_COLUMNS,
	ReadingTable,
} from "../../../src/technician/reading-table.js";
import { createConsoleBench } from "../bench/console-bench.js";
import { configurationExample, fieldTable } from "../data/field-docs.js";
import { openBareCollector, serviceStation, stepStation } from "../engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../engines/bare-station.js";

const NAME = "bor-1";
const TWO_HOURS_SECONDS = 7200;

export interface PrintedDay {
	/** The table of readings as `bistrina readings` prints it: the names, then a line each. */
	readonly table: readonly string[];
	/** The last reading as `bistrina journal` prints it. */
	readonly row: Readonly<Record<string, string | number>>;
}

/** From the probes over flash, batches and the collector's rows to what is printed. */
export async function printedDay(): Promise<PrintedDay> {
	const clock = {
		get utcSeconds() {
			return station.utcSeconds;
		},
	};
	const { store, publicKey, endpoint } = await openBareCollector(clock, NAME);
	let newest = 0;
	let cursor = 0;
	const river = SCENARIOS["quiet-bor"]?.(1, START_UTC_SECONDS);
	if (river === undefined) throw new Error("no such river");
	const station: SimulatedStation = bareStation({
		name: NAME,
		river,
		collectorPublicKey: publicKey,
		endpoint,
		witness: {
			attempted: () => {},
			appended: (canonicalBytes) => {
				newest = decodeEntry(canonicalBytes).sequence;
			},
			acknowledged: (to) => {
				cursor = to;
			},
		},
	});
	while (station.utcSeconds < START_UTC_SECONDS + TWO_HOURS_SECONDS) await stepStation(station);
	if (station.counters.crashes > 0) throw new Error("the station crashes");
	while (cursor < newest) await serviceStation(station);
	const stored = store.rowsOf(NAME);
	const entries = stored.map(decodeEntry);
	const table = new ReadingTable(NAME);
	for (const entry of entries) table.observe(entry);
	const rows = entries.flatMap((entry) => {
		const cells = table.row(entry);
		return cells === undefined ? [] : [lineOf(cells, DIALECTS.comma)];
	});
	const row =
		rowsOf(stored)
			.filter(({ kind }) => kind === "reading")
			.at(-1) ?? {};
	return { table: [lineOf(READING_COLUMNS, DIALECTS.comma), ...rows], row };
}

/** An entry's body as `bistrina journal` prints it, and how many bytes it has. */
export function printedEntry(body: Readonly<Record<string, unknown>>): {
	readonly bytes: number;
	readonly text: string | number | undefined;
} {
	const entry = {
		channelSet: 0,
		timeQuality: 1,
		epoch: 7,
		sequence: 1,
		boot: 1,
		uptimeSeconds: 5,
		utcSeconds: START_UTC_SECONDS,
		configurationId: 1,
		stationFlags: 0,
		...body,
	} as unknown as Entry;
	const canonicalBytes = encodeEntry(entry);
	return { bytes: canonicalBytes.length, text: rowsOf([canonicalBytes])[0]?.["text"] };
}

/** An operator's line for the documented example, as the station has it, and the row of the document. */
export function printedField(name: string, line: string) {
	const example = configurationExample().replaceAll("```\n", "");
	const lines = example.split("\n").filter((each) => !each.startsWith(`${name}=`));
	const { canonicalBytes } = readOffer([...lines, line, ""].join("\n"), "offer");
	const configuration = parseFields(canonicalBytes, CONFIGURATION_FIELDS);
	return {
		isInExample: example.includes(`${name}=`),
		value: (configuration as Readonly<Record<string, unknown>>)[name],
		document: fieldTable()
			.split("\n")
			.find((row) => row.includes(`\`${name}\``)),
	};
}

/** A command typed at the station's line, and what the program prints of the same answer. */
export async function printedCommand(name: string, typed: string) {
	const bench = createConsoleBench();
	bench.attach();
	bench.feed(`${typed}\n`);
	const lines = bench.lines.filter((each) => /^[+!]/.test(each));
	bench.feed("help\n");
	const help = bench.lines.filter((each) => each.includes(` ${name}`)).at(-1);
	const fieldsOf = (line: string): Map<string, string> =>
		new Map(
			[...line.matchAll(/(\w+)=(\S+)/g)].map(([, key = "", value = ""]) => [key, value] as const),
		);
	const session = {
		format: "text",
		log: () => {},
		messages: messagesIn("en"),
		greeting: { station: NAME, firmware: "1.2.3" },
		client: {
			request: async () => ({
				parts: lines.filter((each) => each.startsWith("+")).map(fieldsOf),
				fields: fieldsOf(lines.find((each) => each.startsWith("!")) ?? ""),
			}),
		},
	} as unknown as Session;
	let printed = "";
	const { write } = process.stdout;
	process.stdout.write = ((piece: string) => {
		printed += piece;
		return true;
	}) as typeof write;
	try {
		await runCommand(session, name as CommandName, {});
	} finally {
		process.stdout.write = write;
	}
	return { lines, help, printed };
}

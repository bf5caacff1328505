#!/usr/bin/env node
import { randomInt } from "node:crypto";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { bytesOfHex } from "../core/bytes.js";
import { printable, printableLines } from "../core/printable.js";
import { createSha256 } from "../core/sha256.js";
import { onStderr } from "../host/colours.js";
/**
 * `bistrina`: the technician's tools. Composition root: it alone knows that there are a simulator and
 * a collector, and loads them only when they are asked for. Exit 0, 1 (trouble), 2 (usage), 70 (bug).
 */
import { OperationalError, UsageError } from "../host/errors.js";
import { instant, type OutputFormat } from "../host/output.js";
import type { DocumentPaths } from "./document-files.js";
import type { Line } from "./line.js";
import type { Session } from "./line-commands.js";
import type { DialectName } from "./reading-table.js";
import type { EntrySource } from "./readings.js";
import type { ValuesOptions } from "./values.js";

const SIMULATION_SCHEME = "sim:";
const BAUD_DEFAULT = 115_200;
/** Ids of one program begin anywhere below; a thousand million would not fit. */
const FIRST_ID_MAX = 900_000_000;
const PUBLIC_KEY_BYTES = 33;
const WATCH_COUNT_MAX = 1000;
const DIALECT_NAMES = Object.keys({ comma: 0, semicolon: 0 } satisfies Record<DialectName, number>);
/** What a command needs beyond its help is loaded when it runs: --help is asked for often, on slow machines. */
const lineCommands = () => import("./line-commands.js");
const fileCommands = () => import("./file-commands.js");

interface CommonOptions {
	readonly port?: string;
	readonly baud: number;
	readonly format?: OutputFormat;
	readonly timeout?: number;
}

interface RecordOptions {
	readonly data?: string;
	readonly postgres?: string;
	readonly station?: string;
	readonly key?: readonly string[];
	readonly epoch?: number;
	readonly first?: number;
	readonly last?: number;
}

interface ValuesCommandOptions extends RecordOptions, DocumentPaths {
	readonly from?: number;
	readonly to?: number;
	readonly days?: boolean;
}

interface VerifyCommandOptions extends RecordOptions, DocumentPaths {
	readonly values?: string;
	readonly from?: number;
	readonly to?: number;
}

interface ReadingsCommandOptions extends RecordOptions {
	readonly dialect: DialectName;
	readonly from?: number;
	readonly to?: number;
}

function say(line: string, paint: (text: string) => string = (text) => text): void {
	process.stderr.write(`${paint(printable(line))}\n`);
}

/** The command line; `done` is told the exit code of what ran. */
function commandLine(done: (exitCode: number) => void): Command {
	const program = new Command("bistrina")
		.description("Tools for those who deploy and service Bistrina stations.")
		.version("0.1.0")
		.option(
			"--port <port>",
			"serial port, socket://HOST:PORT, or sim:[SCENARIO][@AGE][,SEED]: a simulated station with a " +
				"collector of its own, a new one at each call (sim:dry-bor@9h)",
		)
		.option("--baud <rate>", "of the serial port", wholeNumber(300, 3_000_000), BAUD_DEFAULT)
		.addOption(
			new Option("--format <form>", "of what goes to stdout").choices([
				"text",
				"json",
				"jsonl",
				"csv",
			]),
		)
		.option(
			"--timeout <seconds>",
			"longest silence of any request, the first one included",
			wholeNumber(1, 3600),
		)
		.showHelpAfterError("see bistrina --help")
		.exitOverride();
	const onLine = (
		command: Command,
		run: (session: Session, ...given: string[]) => Promise<number>,
	): void => {
		command.action(async (...given: unknown[]) => {
			const words = given.filter((each) => typeof each === "string");
			done(await withStation(program, (session) => run(session, ...words)));
		});
	};
	onLine(program.command("status").description("how the station is"), async (session) =>
		(await lineCommands()).showStatus(session),
	);
	onLine(program.command("read").description("measure now and record it"), async (session) =>
		(await lineCommands()).showReading(session),
	);
	const watching = program
		.command("watch")
		.description("measure again and again; only what was due anyway is recorded")
		.option("--count <n>", "how often", wholeNumber(1, WATCH_COUNT_MAX), 10);
	onLine(watching, async (session) =>
		(await lineCommands()).watch(session, watching.opts<{ count: number }>().count),
	);
	onLine(program.command("self-test").description("a verdict on every probe"), async (session) =>
		(await lineCommands()).selfTest(session),
	);
	onLine(program.command("upload").description("deliver now"), async (session) =>
		(await lineCommands()).uploadNow(session),
	);
	const exporting = program
		.command("export <file>")
		.description("fetch the journal into a file; the same command again goes on where it stopped")
		.option("--first <sequence>", "of a new file", wholeNumber(1, 0xffffffff), 1);
	onLine(exporting, async (session, file = "") =>
		(await lineCommands()).exportTo(session, file, exporting.opts<{ first: number }>().first),
	);
	program
		.command("journal <image>")
		.description("entries of a raw flash image or an export, as csv (default), json or jsonl")
		.action(async (image: string) => {
			const format = program.opts<CommonOptions>().format ?? "csv";
			if (format === "text") program.error("error: journal writes csv, json or jsonl");
			done((await fileCommands()).showJournal(image, format, say));
		});
	documentOptions(
		recordOptions(
			program
				.command("verify [file]")
				.description(
					"what a station's public key proves of a record: a file, or a collector's database",
				)
				.option("--values <table>", "a published table: also whether it follows from the record")
				.option(
					"--key <hex>",
					"the station's public key, of several all in the order of their lives, or enrolled: the " +
						"collector's word for them",
					(key: string, before: readonly string[]) => [...before, key],
					[],
				)
				.option("--epoch <n>", "only this epoch", wholeNumber(0, 0xffffffff))
				.option("--first <n>", "only from this entry", wholeNumber(1, 0xffffffff))
				.option("--last <n>", "only to this entry", wholeNumber(1, 0xffffffff)),
		),
	).action(async (file: string | undefined, options: VerifyCommandOptions, command: Command) => {
		done(await verify(command, file, options));
	});
	documentOptions(
		recordOptions(
			program
				.command("values [file]")
				.description(
					"the published table: values with QARTOD flags, corrections, grades and status",
				)
				.option("--days", "a row for each day and channel in place of each reading"),
		),
	).action(async (file: string | undefined, options: ValuesCommandOptions, command: Command) => {
		done(await printValues(command, file, options));
	});
	program
		.command("documents <files...>")
		.description("check policies, corrections, approvals and visits; their SHA-256")
		.action(async (files: string[], _options: object, command: Command) => {
			const format = command.optsWithGlobals<CommonOptions>().format ?? "text";
			if (format === "csv") command.error("error: documents writes text, json or jsonl");
			const { showDocuments } = await import("./document-files.js");
			done(showDocuments(files, format, say));
		});
	program
		.command("propose <visits>")
		.description("corrections that visits propose, for an operator to decide on")
		.requiredOption("--station <id>", "whose visits")
		.action(async (visits: string, { station }: { station: string }) => {
			const { propose } = await import("./document-files.js");
			done(propose(visits, station, say));
		});
	recordOptions(
		program
			.command("record <file>")
			.description("write a station's signed batches for others to verify"),
	).action(async (file: string, options: RecordOptions, command: Command) => {
		done(await writeRecord(command, file, options));
	});
	recordOptions(
		program
			.command("readings [file]")
			.description("values with flags and times, out of a collector's database or a record's file")
			.addOption(
				new Option("--dialect <name>", "of csv: comma, or semicolon with decimal commas")
					.choices(DIALECT_NAMES)
					.default("comma"),
			)
			.option("--from <time>", "first time, ISO 8601 in UTC", instantOption)
			.option("--to <time>", "end, not included", instantOption),
	).action(async (file: string | undefined, options: ReadingsCommandOptions, command: Command) => {
		done(await printReadings(command, file, options));
	});
	// The whole help would take the error off a small screen.
	for (const command of program.commands) {
		const name = `bistrina ${command.name()}`;
		command.showHelpAfterError(`usage: ${name} ${command.usage()}\nsee ${name} --help`);
	}
	return program;
}

async function printReadings(
	command: Command,
	file: string | undefined,
	options: ReadingsCommandOptions,
): Promise<number> {
	requireOneSource(command, options, file);
	const { station = "", dialect, from, to } = options;
	const format = command.optsWithGlobals<CommonOptions>().format ?? "csv";
	if (format !== "csv" && format !== "jsonl") command.error("error: readings writes csv or jsonl");
	const { DIALECTS } = await import("./reading-table.js");
	const { writeReadings } = await import("./readings.js");
	const form = format === "jsonl" ? "jsonl" : { csv: DIALECTS[dialect] };
	return withEntries(file, options, async (source) => {
		const report = await writeReadings({ station, source, form, from, to, write: onStdoutWritten });
		const { rows, unknown, undated } = report;
		say(`${rows} readings of ${station}`);
		if (undated > 0) say(`${undated} readings that nothing in the record dates`);
		if (unknown > 0) say(`${unknown} readings of a later version: use newer tools`);
		return 0;
	});
}

async function printValues(
	command: Command,
	file: string | undefined,
	options: ValuesCommandOptions,
): Promise<number> {
	requireOneSource(command, options, file);
	const { station = "", from, to, days } = options;
	const format = command.optsWithGlobals<CommonOptions>().format ?? "csv";
	if (format !== "csv" && format !== "jsonl") command.error("error: values writes csv or jsonl");
	const form = format === "jsonl" ? "jsonl" : "csv";
	if ((options.policy ?? []).length === 0) command.error("error: --policy says by what to judge");
	const { readDocuments } = await import("./document-files.js");
	const { writeDays, writeValues } = await import("./values.js");
	const documents = readDocuments(options, station, say);
	return withEntries(file, options, async (source) => {
		const given: ValuesOptions = { station, documents, source, from, to };
		const report = await (days === true ? writeDays : writeValues)(given, form, onStdoutWritten);
		const { rows, unjudged, undated, unknown } = report;
		say(`${rows} readings of ${station}`);
		if (unjudged > 0) say(`${unjudged} readings from before the first policy: not judged`);
		if (undated > 0) say(`${undated} readings that nothing in the record dates`);
		if (unknown > 0) say(`${unknown} readings of a later version: use newer tools`);
		return 0;
	});
}

/** Whether a published table follows from the record; exit 0 or 1. */
async function verifyValues(
	command: Command,
	table: string,
	file: string | undefined,
	options: VerifyCommandOptions,
): Promise<number> {
	const { station = "", from, to } = options;
	const format = command.optsWithGlobals<CommonOptions>().format ?? "text";
	const { readDocuments } = await import("./document-files.js");
	const { visitValues } = await import("./values.js");
	const { showValuesVerdict, ValuesCheck } = await import("./values-check.js");
	const { piecesOf } = await fileCommands();
	const documents = readDocuments(options, station, say);
	const pieces = function* (): Generator<Uint8Array> {
		for (const { bytes } of piecesOf(table)) yield bytes;
	};
	const check = new ValuesCheck(table, pieces());
	return withEntries(file, options, async (source) => {
		await visitValues({ station, documents, source, from, to }, (row) => check.take(row));
		return showValuesVerdict(check.finish(), format, say);
	});
}

/** Entries of a record's file or of a database as of one instant: both passes see the same. */
async function withEntries(
	file: string | undefined,
	options: RecordOptions,
	work: (source: EntrySource) => Promise<number>,
): Promise<number> {
	const { station = "" } = options;
	if (file !== undefined) {
		const { readRecord } = await fileCommands();
		const { recordFileSource } = await import("./record-source.js");
		return work(recordFileSource(file, () => readRecord(file), station, createSha256()));
	}
	const { visitEntries } = await import("../collector/store/query.js");
	return mended(async () => {
		const store = await openStore(options);
		try {
			return await store.transaction(async (session) => {
				await session.execute("set transaction isolation level repeatable read, read only");
				return work((visit) => visitEntries(session, station, visit));
			});
		} finally {
			await store.close();
		}
	});
}

/** Resolves when the terminal or the pipe takes more. */
function onStdoutWritten(text: string): Promise<void> {
	return new Promise((resolve) => {
		if (process.stdout.write(text)) resolve();
		else process.stdout.once("drain", resolve);
	});
}

function instantOption(text: string): number {
	const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text);
	const seconds = isIso ? Date.parse(text) / 1000 : Number.NaN;
	// Date.parse takes 30 February for 2 March.
	if (Number.isFinite(seconds) && instant(seconds).startsWith(text.slice(0, 10))) return seconds;
	throw new InvalidArgumentError("Use a date or a time in UTC: 2026-10-01 or 2026-10-01T06:00Z.");
}

function recordOptions(command: Command): Command {
	return command
		.requiredOption("--station <id>", "whose record")
		.option(
			"--data <directory>",
			"a collector's embedded database (npm start: bistrina-data/collector)",
		)
		.option("--postgres <url>", "a collector's database; the password goes into PGPASSWORD");
}

/** What values rest on, and which of them. */
function documentOptions(command: Command): Command {
	return command
		.option(
			"--policy <file>",
			"of the station or for any, each version a file",
			(path: string, before: readonly string[]) => [...before, path],
			[],
		)
		.option("--corrections <file>", "an operator's")
		.option("--approvals <file>", "an operator's")
		.option("--from <time>", "of values: first time, ISO 8601 in UTC", instantOption)
		.option("--to <time>", "of values: end, not included", instantOption);
}

async function withStation(
	program: Command,
	run: (session: Session) => Promise<number>,
): Promise<number> {
	const options = program.opts<CommonOptions>();
	const { port, timeout } = options;
	const format = options.format ?? "text";
	if (port === undefined) program.error("error: --port says which station");
	if (format === "csv") program.error("error: csv is for journal; use text, json or jsonl");
	const line = await openLine(port ?? "", options.baud);
	const { ConsoleClient } = await import("./client.js");
	const client = new ConsoleClient(
		line,
		randomInt(1, FIRST_ID_MAX),
		(text) => say(`# ${text}`, onStderr.dim),
		timeout === undefined ? undefined : timeout * 1000,
	);
	try {
		const greeting = await client.greet();
		return await run({
			client,
			greeting,
			format,
			say,
		});
	} finally {
		await client.close();
	}
}

async function openLine(port: string, baud: number): Promise<Line> {
	if (!port.startsWith(SIMULATION_SCHEME)) {
		const { openPort } = await import("./ports.js");
		return openPort(port, baud);
	}
	const { openSimulatedLine } = await import("../../sim/shell/station-line.js");
	try {
		return await openSimulatedLine(port.slice(SIMULATION_SCHEME.length), say);
	} catch (error) {
		if (error instanceof Error && error.name === "UsageError") {
			throw new UsageError(error.message);
		}
		if (error instanceof Error && error.name === "OperationalError") {
			throw new OperationalError(error.message);
		}
		throw error;
	}
}

async function verify(
	command: Command,
	file: string | undefined,
	options: VerifyCommandOptions,
): Promise<number> {
	const { values, policy = [] } = options;
	if (values === undefined) {
		const { corrections, approvals, from, to } = options;
		const isOfValues = [corrections, approvals, from, to].some((each) => each !== undefined);
		if (isOfValues || policy.length > 0) {
			command.error("error: policies, corrections, approvals and times are those of --values");
		}
		return verifyRecord(command, file, options);
	}
	if (policy.length === 0) command.error("error: --values needs the policies, --policy");
	const ofRecord = await verifyRecord(command, file, options);
	return Math.max(ofRecord, await verifyValues(command, values, file, options));
}

async function verifyRecord(
	command: Command,
	file: string | undefined,
	options: RecordOptions,
): Promise<number> {
	const { station = "", key = [], epoch, first, last } = options;
	const format = command.optsWithGlobals<CommonOptions>().format ?? "text";
	if (key.length === 0) command.error("error: --key is the station's public key, 66 digits");
	if ((first !== undefined || last !== undefined) && epoch === undefined) {
		command.error("error: --first and --last need --epoch");
	}
	requireOneSource(command, options, file);
	const part =
		epoch === undefined
			? {}
			: { part: { epoch, first: first ?? 1, ...(last === undefined ? {} : { last }) } };
	const { verifyExport, verifyStore, enrolledKeysOf } = await import(
		"../collector/ledger/verify.js"
	);
	const { readRecord, showVerification } = await fileCommands();
	if (file !== undefined) {
		const keys = keysOf(command, key);
		const verification = mended(() => verifyExport(readRecord(file), { station, keys, ...part }));
		return showVerification(await verification, format, say);
	}
	return mended(async () => {
		const store = await openStore(options);
		try {
			const isEnrolled = key.length === 1 && key[0] === "enrolled";
			const keys = isEnrolled ? await enrolledKeysOf(store, station) : keysOf(command, key);
			const verification = await verifyStore(store, { station, keys, ...part });
			return showVerification(verification, format, say);
		} finally {
			await store.close();
		}
	});
}

async function writeRecord(
	command: Command,
	file: string,
	options: RecordOptions,
): Promise<number> {
	requireOneSource(command, options);
	const { exportStation } = await import("../collector/ledger/verify.js");
	const { writeRecordFile } = await import("./record-file.js");
	return mended(async () => {
		const store = await openStore(options);
		try {
			const format = file.endsWith(".cbor") ? "cbor-sequence" : "json-lines";
			const { station = "" } = options;
			const count = await writeRecordFile(file, station, (write) =>
				exportStation(store, station, format, write),
			);
			say(`${count} signed batches of ${options.station} are in ${file}`);
			return 0;
		} finally {
			await store.close();
		}
	});
}

async function openStore({ data, postgres }: RecordOptions) {
	if (postgres !== undefined) {
		const { requireNoPassword } = await import("../collector/service/service-options.js");
		const { openPostgresqlStore } = await import("../collector/store/postgresql-store.js");
		requireNoPassword(postgres);
		return openPostgresqlStore(postgres);
	}
	const { openPGliteStore, requireDatabase } = await import("../collector/store/pglite-store.js");
	requireDatabase(data ?? "");
	say("opening the collector's database, some seconds");
	return openPGliteStore(data ?? "");
}

/** A database, or to verify also a `file`. */
function requireOneSource(
	command: Command,
	{ data, postgres }: RecordOptions,
	file?: string | undefined,
): void {
	const given = [file, data, postgres].filter((each) => each !== undefined).length;
	if (given === 1) return;
	const what = given === 0 ? "say what to read" : "give one source only";
	const those = command.name() !== "record" ? "a file that `record` wrote, or " : "";
	command.error(
		`error: ${what}: ${those}a collector's database by --data DIR (npm start has it in ` +
			"bistrina-data/collector) or --postgres URL",
	);
}

function keysOf(command: Command, keys: readonly string[]): { publicKey: Uint8Array }[] {
	return keys.map((key) => {
		const publicKey = bytesOfHex(key);
		if (publicKey?.length === PUBLIC_KEY_BYTES) return { publicKey };
		return command.error(`error: --key: use the ${2 * PUBLIC_KEY_BYTES} digits of a public key`);
	});
}

/** The collector's trouble is the technician's. */
async function mended<Result>(work: () => Result | Promise<Result>): Promise<Result> {
	try {
		return await work();
	} catch (error) {
		const isTrouble = error instanceof Error && error.name === "OperationalError";
		if (isTrouble) throw new OperationalError(error.message);
		throw error;
	}
}

function wholeNumber(low: number, high: number): (text: string) => number {
	return (text) => {
		const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
		if (value >= low && value <= high) return value;
		throw new InvalidArgumentError(`Use a whole number from ${low} to ${high}.`);
	};
}

async function main(argv: readonly string[]): Promise<number> {
	let exitCode = 0;
	const program = commandLine((code) => {
		exitCode = code;
	});
	try {
		await program.parseAsync([...argv], { from: "user" });
		return exitCode;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		if (!(error instanceof OperationalError)) throw error;
		process.stderr.write(`${onStderr.red("error:")} ${printable(error.message)}\n`);
		return error instanceof UsageError ? 2 : 1;
	}
}

// Who reads only the first lines of a table has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit(0);
});

main(process.argv.slice(2)).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		const stack = error instanceof Error ? String(error.stack) : String(error);
		process.stderr.write(`${printableLines(`bug: ${stack}`)}\n`);
		process.exitCode = 70;
	},
);

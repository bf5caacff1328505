/** Commands about records: entries of an image, readings, signed batches and what they prove. */

import { type Command, Option } from "commander";
import { bytesOfHex } from "../../core/bytes.js";
import { wholeNumber } from "../../host/whole-number.js";
import type { DialectName } from "../reading-table.js";
import {
	type CommonOptions,
	type Done,
	documentOptions,
	fileCommands,
	instantOption,
	print,
	type RecordOptions,
	recordOptions,
	terminalOf,
} from "./options.js";
import {
	onStdoutWritten,
	openStore,
	requireOneSource,
	withEntries,
	withOperationalErrors,
} from "./sources.js";
import { type VerifyCommandOptions, verifyValues } from "./values.js";

const PUBLIC_KEY_BYTES = 33;
/** What the equations of the saturation are for; the help does not load them. */
const HECTOPASCALS_RANGE = [507, 1114] as const;
const DIALECT_NAMES = Object.keys({ comma: 0, semicolon: 0 } satisfies Record<DialectName, number>);

interface ReadingsCommandOptions extends RecordOptions {
	readonly dialect: DialectName;
	readonly airPressure?: number;
	readonly from?: number;
	readonly to?: number;
}

/** Adds `journal` and `verify` to the program. */
export function addJudgingCommands(program: Command, done: Done): void {
	program
		.command("journal <image>")
		.description("entries of a raw flash image or an export, as csv (default), json or jsonl")
		.action(async (image: string) => {
			const format = program.opts<CommonOptions>().format ?? "csv";
			if (format === "text") program.error("error: journal writes csv, json or jsonl");
			done((await fileCommands()).showJournal(image, format, await terminalOf(program)));
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
}

/** Adds `record` and `readings` to the program. */
export function addRecordCommands(program: Command, done: Done): void {
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
			.option(
				"--air-pressure <hPa>",
				"usual at the station, not reduced to the sea: fills the saturation of oxygen",
				wholeNumber(...HECTOPASCALS_RANGE),
			)
			.option("--from <time>", "first time, ISO 8601 in UTC", instantOption)
			.option("--to <time>", "end, not included", instantOption),
	).action(async (file: string | undefined, options: ReadingsCommandOptions, command: Command) => {
		done(await printReadings(command, file, options));
	});
}

async function printReadings(
	command: Command,
	file: string | undefined,
	options: ReadingsCommandOptions,
): Promise<number> {
	requireOneSource(command, options, file);
	const { station = "", dialect, airPressure, from, to } = options;
	const format = command.optsWithGlobals<CommonOptions>().format ?? "csv";
	if (format !== "csv" && format !== "jsonl") command.error("error: readings writes csv or jsonl");
	const { DIALECTS } = await import("../reading-table.js");
	const { writeReadings } = await import("../readings.js");
	const form = format === "jsonl" ? "jsonl" : { csv: DIALECTS[dialect] };
	return withEntries(file, options, async (source) => {
		const report = await writeReadings({
			station,
			source,
			form,
			airPressureHectopascals: airPressure,
			from,
			to,
			write: onStdoutWritten,
		});
		const { rows, unknown, undated } = report;
		const { messages } = await terminalOf(command);
		print(messages.text("readings", { count: rows, station }));
		if (undated > 0) print(messages.text("undated", { count: undated }));
		if (unknown > 0) print(messages.text("newer", { count: unknown }));
		return 0;
	});
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
		"../../collector/ledger/verify.js"
	);
	const { readRecord, showVerification } = await fileCommands();
	if (file !== undefined) {
		const keys = keysOf(command, key);
		const verification = withOperationalErrors(() =>
			verifyExport(readRecord(file), { station, keys, ...part }),
		);
		return showVerification(await verification, format, await terminalOf(command));
	}
	return withOperationalErrors(async () => {
		const store = await openStore(options);
		try {
			const isEnrolled = key.length === 1 && key[0] === "enrolled";
			const keys = isEnrolled ? await enrolledKeysOf(store, station) : keysOf(command, key);
			const verification = await verifyStore(store, { station, keys, ...part });
			return showVerification(verification, format, await terminalOf(command));
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
	const { exportStation } = await import("../../collector/ledger/verify.js");
	const { writeRecordFile } = await import("../record-file.js");
	return withOperationalErrors(async () => {
		const store = await openStore(options);
		try {
			const format = file.endsWith(".cbor") ? "cbor-sequence" : "json-lines";
			const { station = "" } = options;
			const count = await writeRecordFile(file, station, (write) =>
				exportStation(store, station, format, write),
			);
			print((await terminalOf(command)).messages.text("batches", { count, station, file }));
			return 0;
		} finally {
			await store.close();
		}
	});
}

function keysOf(command: Command, keys: readonly string[]): { publicKey: Uint8Array }[] {
	return keys.map((key) => {
		const publicKey = bytesOfHex(key);
		if (publicKey?.length === PUBLIC_KEY_BYTES) return { publicKey };
		return command.error(`error: --key: use the ${2 * PUBLIC_KEY_BYTES} digits of a public key`);
	});
}

/** Commands about published values: the table, its check, and the documents that it rests on. */
import type { Command } from "commander";
import type { DocumentPaths } from "../document-files.js";
import type { ValuesOptions } from "../values.js";
import {
	type CommonOptions,
	type Done,
	documentOptions,
	fileCommands,
	print,
	type RecordOptions,
	recordOptions,
	terminalOf,
} from "./options.js";
import { onStdoutWritten, requireOneSource, withEntries } from "./sources.js";

interface ValuesCommandOptions extends RecordOptions, DocumentPaths {
	readonly from?: number;
	readonly to?: number;
	readonly days?: boolean;
}

export interface VerifyCommandOptions extends RecordOptions, DocumentPaths {
	readonly values?: string;
	readonly from?: number;
	readonly to?: number;
}

/** Adds them to the program. */
export function addValuesCommands(program: Command, done: Done): void {
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
			const { showDocuments } = await import("../document-files.js");
			done(showDocuments(files, format, print));
		});
	recordOptions(
		program
			.command("propose [visits]")
			.description(
				"corrections that visits propose, of a file or of a station's record, for an operator to decide on",
			)
			.option("--record <file>", "the visits that a record holds, for a file of them"),
	).action(
		async (
			visits: string | undefined,
			options: RecordOptions & { readonly record?: string },
			command: Command,
		) => {
			const { propose, proposeFromRecord } = await import("../document-files.js");
			const { record, station = "" } = options;
			if (visits !== undefined && record === undefined) {
				requireOneSource(command, options, visits);
				done(propose(visits, station, print));
				return;
			}
			if (visits !== undefined) command.error("error: give one source only");
			requireOneSource(command, options, record);
			done(
				await withEntries(record, options, (source) => proposeFromRecord(source, station, print)),
			);
		},
	);
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
	const { readDocuments } = await import("../document-files.js");
	const { writeDays, writeValues } = await import("../values.js");
	const documents = readDocuments(options, station, print);
	return withEntries(file, options, async (source) => {
		const given: ValuesOptions = { station, documents, source, from, to };
		const report = await (days === true ? writeDays : writeValues)(given, form, onStdoutWritten);
		const { rows, unjudged, undated, unknown } = report;
		const { messages } = await terminalOf(command);
		print(messages.text("readings", { count: rows, station }));
		if (unjudged > 0) print(messages.text("unjudged", { count: unjudged }));
		if (undated > 0) print(messages.text("undated", { count: undated }));
		if (unknown > 0) print(messages.text("newer", { count: unknown }));
		return 0;
	});
}

/** Whether a published table follows from the record; exit 0 or 1. */
export async function verifyValues(
	command: Command,
	table: string,
	file: string | undefined,
	options: VerifyCommandOptions,
): Promise<number> {
	const { station = "", from, to } = options;
	const format = command.optsWithGlobals<CommonOptions>().format ?? "text";
	const { readDocuments } = await import("../document-files.js");
	const { visitValues } = await import("../values.js");
	const { showValuesVerdict, ValuesCheck } = await import("../values-check.js");
	const { piecesOf } = await fileCommands();
	const documents = readDocuments(options, station, print);
	const pieces = function* (): Generator<Uint8Array> {
		for (const { bytes } of piecesOf(table)) yield bytes;
	};
	const check = new ValuesCheck(table, pieces());
	return withEntries(file, options, async (source) => {
		await visitValues({ station, documents, source, from, to }, (row) => check.take(row));
		return showValuesVerdict(check.finish(), format, print);
	});
}

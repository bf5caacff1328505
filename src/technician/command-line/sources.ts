/** Where records are read from: a collector's database, or a file. */
import type { Command } from "commander";
import { createSha256 } from "../../core/sha256.js";
import { OperationalError } from "../../host/errors.js";
import type { EntrySource } from "../readings.js";
import { fileCommands, print, type RecordOptions } from "./options.js";

/** Entries of a record's file or of a database as of one instant: both passes see the same. */
export async function withEntries(
	file: string | undefined,
	options: RecordOptions,
	work: (source: EntrySource) => Promise<number>,
): Promise<number> {
	const { station = "" } = options;
	if (file !== undefined) {
		const { readRecord } = await fileCommands();
		const { recordFileSource } = await import("../record-source.js");
		return work(recordFileSource(file, () => readRecord(file), station, createSha256()));
	}
	const { visitEntries } = await import("../../collector/store/query.js");
	return withOperationalErrors(async () => {
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

/** Signed batches of a record, of a file or of a database. Throws OperationalError. */
export async function envelopesOf(
	file: string | undefined,
	options: RecordOptions,
): Promise<readonly Uint8Array[]> {
	const { station = "" } = options;
	const { ExportReader } = await import("../../protocol/audit/batch-archive.js");
	const envelopes: Uint8Array[] = [];
	const reader = new ExportReader(createSha256(), {
		onEnvelope: ({ envelope }) => envelopes.push(envelope),
		onFault: ({ where, text }) => {
			throw new OperationalError(`${where}: ${text}; see \`bistrina verify\``);
		},
	});
	if (file !== undefined) {
		const { readRecord } = await fileCommands();
		for (const piece of readRecord(file)) reader.push(piece);
	} else {
		const { exportStation } = await import("../../collector/ledger/verify.js");
		await withOperationalErrors(async () => {
			const store = await openStore(options);
			try {
				await exportStation(store, station, "json-lines", (piece) => reader.push(piece));
			} finally {
				await store.close();
			}
		});
	}
	reader.end();
	return envelopes;
}

export async function openStore(
	{ data, postgres }: RecordOptions,
	printOpening = () => print("opening the collector's database, some seconds"),
) {
	if (postgres !== undefined) {
		const { requireNoPassword } = await import("../../collector/service/service-options.js");
		const { openPostgresqlStore } = await import("../../collector/store/postgresql-store.js");
		requireNoPassword(postgres);
		return openPostgresqlStore(postgres);
	}
	const { openPGliteStore, requireDatabase } = await import(
		"../../collector/store/pglite-store.js"
	);
	requireDatabase(data ?? "");
	printOpening();
	return openPGliteStore(data ?? "");
}

/** A database, or to verify also a `file`. */
export function requireOneSource(
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

/** An operational error of the collector is one of the technician's program. */
export async function withOperationalErrors<Result>(
	work: () => Result | Promise<Result>,
): Promise<Result> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		const isOperational = error instanceof Error && error.name === "OperationalError";
		if (isOperational) throw new OperationalError(error.message);
		throw error;
	}
}

/** Resolves when the terminal or the pipe takes more. */
export function onStdoutWritten(text: string): Promise<void> {
	return new Promise((resolve) => {
		if (process.stdout.write(text)) resolve();
		else process.stdout.once("drain", resolve);
	});
}

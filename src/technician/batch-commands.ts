/** `bistrina batch`: its plan, its labels, and who plugs in the next board. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { parse } from "csv-parse/sync";
import { OperationalError } from "../host/errors.js";
import type { Language } from "../host/messages/messages.js";
import { type Said, said, textOfSaid } from "../host/messages/said.js";
import { printJson, printTable } from "../host/output.js";
import { type BatchRow, readBatch, runBatch } from "./batch.js";
import type { ControlledPort } from "./controlled-port.js";
import type { Bundle } from "./flash/bundle.js";
import { appendResult, askSecretly } from "./provision-commands.js";
import { encoded, readProvisionFile } from "./provision-file.js";
import { labelSvg, labelText } from "./station-label.js";

const STATIONS_MAX = 10_000;

export interface BatchCommandOptions {
	readonly plan: string;
	/** What all boards are told, a file as of `provision`. */
	readonly common: string | undefined;
	readonly bundle: Bundle;
	readonly results: string;
	readonly labels: string | undefined;
	readonly baud: number;
	readonly format: string;
	/** `%` of the port's name is the station's. */
	readonly open: (station: string) => Promise<ControlledPort>;
	readonly isOnePort: boolean;
	readonly firstId: () => number;
	readonly tell: (what: Said) => void;
	readonly language: Language;
}

export async function batch(options: BatchCommandOptions): Promise<number> {
	const { results, labels, tell, language } = options;
	const shared =
		options.common === undefined
			? new Map<string, string>()
			: await readProvisionFile(options.common, {
					ask: (name) => askSecretly(name),
					environment: process.env,
				});
	const plan = readPlan(options.plan, shared);
	if (labels !== undefined) mkdirSync(labels, { recursive: true });
	const made = await runBatch({
		...options,
		plan,
		append: (row) => appendResult(results, row),
		open: async (station) => {
			if (options.isOnePort) await askForBoard(station, language);
			return options.open(station);
		},
		now: () => new Date(),
		onDone: (row) => {
			if (labels !== undefined) writeLabel(labels, row);
			const { station, mac, verdict } = row;
			tell(said("batch-made", { station, mac, verdict }));
		},
	});
	const { done } = readBatch(results);
	const rows = done.map(({ mac, station, fingerprint, firmware, verdict, at }) => ({
		station,
		mac,
		fingerprint,
		firmware,
		verdict,
		at,
	}));
	if (options.format === "text") printTable(rows);
	else printJson(rows);
	tell(said("batch-end", { made, done: done.length, count: plan.length, file: results }));
	return done.some(({ verdict }) => verdict !== "good") ? 1 : 0;
}

/** Labels of a station: a drawing to print, and the same as text. */
export function writeLabel(folder: string, row: BatchRow): void {
	writeFileSync(join(folder, `${row.station}.svg`), labelSvg(row));
	writeFileSync(join(folder, `${row.station}.txt`), labelText(row));
}

/** A row for each station: `station`, and any other field by its name; what is empty is as in the common file. */
function readPlan(path: string, shared: ReadonlyMap<string, string>) {
	let rows: Record<string, string>[];
	try {
		rows = parse(readFileSync(path), {
			columns: true,
			bom: true,
			trim: true,
			skip_empty_lines: true,
		});
	} catch (error) {
		throw new OperationalError(`${path}: ${(error as Error).message}`);
	}
	if (rows.length === 0 || rows.length > STATIONS_MAX) {
		throw new OperationalError(said("plan-empty", { file: path }));
	}
	const seen = new Set<string>();
	return rows.map((row, index) => {
		const station = row["station"] ?? "";
		const place = { file: path, line: index + 2 };
		if (station === "") throw new OperationalError(said("plan-no-station", place));
		if (seen.has(station)) throw new OperationalError(said("plan-twice", { ...place, station }));
		seen.add(station);
		const own = Object.entries(row).filter(([, value]) => value !== "");
		const fields = new Map([
			...shared,
			...own.map(([name, value]) => [name, encoded(value)] as const),
		]);
		return { station, fields };
	});
}

async function askForBoard(station: string, language: Language): Promise<void> {
	if (!process.stdin.isTTY) return;
	const terminal = createInterface({ input: process.stdin, output: process.stderr });
	try {
		await terminal.question(textOfSaid(said("plug-in", { station }), language));
	} finally {
		terminal.close();
	}
}

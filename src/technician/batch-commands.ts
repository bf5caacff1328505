/** `bistrina batch`: its plan, its labels, and who plugs in the next board. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { parse } from "csv-parse/sync";
import { replaceFile } from "../host/disk.js";
import { OperationalError } from "../host/errors.js";
import { makeFolders } from "../host/folders.js";
import { type Language, messagesIn } from "../host/messages/messages.js";
import { type Notice, notice, textOfNotice } from "../host/messages/notice.js";
import { printJson, printTable } from "../host/output.js";
import { withLockOf } from "../host/process-lock.js";
import { writing } from "../host/replace-file.js";
import { appendRow } from "../host/station-result.js";
import { type BatchRow, readBatch, runBatch } from "./batch.js";
import type { ControlledPort } from "./controlled-port.js";
import { faultOfField } from "./field-rules.js";
import type { Bundle } from "./flash/bundle.js";
import type { ListedPort } from "./list-ports.js";
import { PlugWatch } from "./plug-watch.js";
import { askSecretly } from "./provision-commands.js";
import { encoded, listed, readProvisionFile } from "./provision-file.js";
import { labelSvg, labelText } from "./station-label.js";

const STATIONS_MAX = 10_000;
/** A port that comes is looked at twice. */
const LOOK_MILLISECONDS = 500;

export interface BatchCommandOptions {
	readonly plan: string;
	/** What all boards are provisioned with, a file as of `provision`. */
	readonly common: string | undefined;
	readonly bundle: Bundle;
	readonly results: string;
	readonly labels: string | undefined;
	readonly baud: number;
	readonly format: string;
	/** Opens a port by its name. */
	readonly open: (name: string) => Promise<ControlledPort>;
	/** `%` is the station's name; undefined: wherever a board is plugged in. */
	readonly port: string | undefined;
	/** What is plugged in by now; undefined where nobody can tell (a simulated board, a port of another machine). */
	readonly list: (() => Promise<readonly ListedPort[]>) | undefined;
	readonly firstId: () => number;
	readonly notify: (what: Notice) => void;
	readonly language: Language;
}

export async function batch(options: BatchCommandOptions): Promise<number> {
	// A second one would give the same names to other boards.
	return withLockOf(options.results, () => batchAlone(options));
}

async function batchAlone(options: BatchCommandOptions): Promise<number> {
	const { results, labels, notify, language } = options;
	const shared =
		options.common === undefined
			? new Map<string, string>()
			: await readProvisionFile(options.common, {
					ask: (name) => askSecretly(name),
					environment: process.env,
				});
	const plan = readPlan(options.plan, shared);
	const watch = watchOf(options);
	if (labels !== undefined) await writeMissingLabels(labels, plan, results);
	const made = await runBatch({
		...options,
		isWatched: watch !== undefined,
		plan,
		append: (row) => appendRow(results, row),
		open: async (station) => {
			const { port = "" } = options;
			if (port.includes("%")) return options.open(port.replace("%", () => station));
			if (watch === undefined) {
				await askForBoard(station, language);
				return options.open(port);
			}
			notify(notice("wait-for-board", { station }));
			const path = await watch.next();
			notify(notice("board-plugged-in", { station, port: path }));
			return options.open(path);
		},
		now: () => new Date(),
		onDone: async (row) => {
			if (labels !== undefined) await writeLabel(labels, row);
			const { station, mac, verdict } = row;
			notify(notice("batch-made", { station, mac, verdict }));
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
	if (options.format === "text") printTable(rows, messagesIn(language).name);
	else printJson(rows);
	notify(notice("batch-end", { made, done: done.length, count: plan.length, file: results }));
	return done.some(({ verdict }) => verdict !== "good") ? 1 : 0;
}

/** Undefined where a person has to say that the next board is there. */
function watchOf({ port, list }: BatchCommandOptions): PlugWatch | undefined {
	if (list === undefined || port?.includes("%")) return undefined;
	const pause = () => new Promise<void>((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
	return new PlugWatch({ list, pause, path: port });
}

/** Of a row that was written before its label could be. */
async function writeMissingLabels(
	folder: string,
	plan: readonly { readonly station: string }[],
	results: string,
): Promise<void> {
	const planned = new Set(plan.map(({ station }) => station));
	for (const row of readBatch(results).done) {
		// Names of the plan are names of stations, and of files; the last of the three is looked for.
		const isMissing = !existsSync(join(folder, `${row.station}.txt`));
		if (planned.has(row.station) && isMissing) await writeLabel(folder, row);
	}
}

/** Labels of a station: a drawing to print, the same as points for printers of labels, and as text. */
export async function writeLabel(folder: string, row: BatchRow): Promise<void> {
	const { labelPng } = await import("./label-png.js");
	const labels = [
		[".png", labelPng(row)],
		[".svg", Buffer.from(labelSvg(row))],
		[".txt", Buffer.from(labelText(row))],
	] as const;
	writing(folder, () => {
		makeFolders(folder);
		for (const [ending, bytes] of labels) {
			replaceFile(join(folder, `${row.station}${ending}`), bytes);
		}
	});
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
		throw new OperationalError(notice("plan-empty", { file: path }));
	}
	const seen = new Set<string>();
	const faults: Notice[] = [];
	const stations = rows.map((row, index) => {
		const station = row["station"] ?? "";
		const location = { file: path, line: index + 2 };
		if (station === "") faults.push(notice("plan-no-station", location));
		else if (seen.has(station)) faults.push(notice("plan-twice", { ...location, station }));
		seen.add(station);
		const own = Object.entries(row)
			.filter(([, value]) => value !== "")
			.map(([name, value]) => [name, encoded(value)] as const);
		for (const [name, text] of own) {
			const fault = faultOfField(name, text);
			if (fault !== undefined) faults.push(notice("fault-at", { ...location, fault }));
		}
		return { station, fields: new Map([...shared, ...own]) };
	});
	if (faults.length > 0) throw new OperationalError(listed(faults));
	return stations;
}

async function askForBoard(station: string, language: Language): Promise<void> {
	if (!process.stdin.isTTY) return;
	const terminal = createInterface({ input: process.stdin, output: process.stderr });
	try {
		await terminal.question(textOfNotice(notice("plug-in", { station }), language));
	} finally {
		terminal.close();
	}
}

/**
 * Board after board into stations: flashed, provisioned, asked who they are, tested. The result file is what is known; a row is
 * begun before a board is given its name, so that an interruption anywhere gives no name to two boards.
 */
import { existsSync, readFileSync } from "node:fs";
import { OperationalError } from "../host/errors.js";
import { type Notice, notice } from "../host/messages/notice.js";
import { resultOf, rowLines, type StationResult } from "../host/station-result.js";
import { UNPROVISIONED_STATION } from "../protocol/wire/possession.js";
import { ConsoleClient } from "./client.js";
import { type ControlledPort, lineOf } from "./controlled-port.js";
import type { Bundle } from "./flash/bundle.js";
import { flashBoard } from "./flash/flash-board.js";
import { identified, provision, restarted } from "./provision.js";

/** A station, the board that it is, and how that was tested. */
export interface TestedRow extends StationResult {
	readonly mac: string;
	/** `good`, or the probes that failed their test. */
	readonly verdict: string;
	/** ISO 8601 in UTC. */
	readonly at: string;
}

export type BatchRow = TestedRow;

/** Written before the board is given its name. */
export interface BegunRow {
	readonly begun: string;
	readonly mac: string;
}

export interface BatchOptions {
	/** In order; each with all fields of its board, encoded. */
	readonly plan: readonly {
		readonly station: string;
		readonly fields: ReadonlyMap<string, string>;
	}[];
	readonly bundle: Bundle;
	readonly baud: number;
	/** The result file, whose rows are taken into account. */
	readonly results: string;
	readonly append: (row: BatchRow | BegunRow) => void;
	/** Waits for the board of a station and opens its port. */
	readonly open: (station: string) => Promise<ControlledPort>;
	/** `open` waits for another board than the last one: one that has a name already is told, and not the end. */
	readonly isWatched: boolean;
	readonly firstId: () => number;
	readonly now: () => Date;
	readonly notify: (what: Notice) => void;
	readonly onDone: (row: BatchRow) => Promise<void>;
}

/** How many stations were made now. Throws OperationalError at the first board that cannot be one. */
export async function runBatch(options: BatchOptions): Promise<number> {
	const { plan, results, notify } = options;
	let made = 0;
	for (const { station, fields } of plan) {
		const known = readBatch(results);
		if (known.done.some((row) => row.station === station)) continue;
		notify(notice("batch-next", { station, number: known.done.length + 1, count: plan.length }));
		while (!(await isMade(options, station, fields, known))) notify(notice("batch-another"));
		made++;
	}
	return made;
}

/** False: this board has a name already, and another one is waited for. */
async function isMade(
	options: BatchOptions,
	station: string,
	fields: ReadonlyMap<string, string>,
	known: KnownBatch,
): Promise<boolean> {
	const port = await options.open(station);
	try {
		const row = await makeStation(options, port, station, fields, known);
		options.append(row);
		await options.onDone(row);
		return true;
	} catch (error) {
		const what = error instanceof OperationalError ? error.notice : undefined;
		if (!options.isWatched || what?.key !== "replace-other-station") throw error;
		options.notify(what);
		return false;
	} finally {
		await port.close();
	}
}

async function makeStation(
	options: BatchOptions,
	port: ControlledPort,
	station: string,
	fields: ReadonlyMap<string, string>,
	known: KnownBatch,
): Promise<BatchRow> {
	const { bundle, baud, notify, firstId } = options;
	const { mac } = await flashBoard({
		port,
		bundle,
		baud,
		firstId: firstId(),
		notify,
		onProgress: () => {},
	});
	requireFree(known, station, mac);
	const client = new ConsoleClient(lineOf(port), firstId(), () => {});
	const { station: other } = await client.greet();
	// What is begun on a board stays there: nothing is on a board that is another station.
	if (other !== UNPROVISIONED_STATION && other !== station) {
		throw new OperationalError(notice("replace-other-station", { station, mac, other }));
	}
	options.append({ begun: station, mac });
	const id = await provision({ client, fields, review: async () => true });
	if (id !== undefined) await restarted(client, id);
	const result = await identified(client);
	if (result.station !== station) {
		throw new OperationalError(notice("batch-other-name", { station, other: result.station }));
	}
	const twin = known.done.find((row) => row.publicKey === result.publicKey);
	if (twin !== undefined) {
		throw new OperationalError(notice("batch-twin", { station, other: twin.station }));
	}
	const verdict = await selfTestVerdict(client);
	return { mac, ...result, verdict, at: `${options.now().toISOString().slice(0, 19)}Z` };
}

/** `good`, or the probes that failed. */
export async function selfTestVerdict(client: ConsoleClient): Promise<string> {
	const { parts } = await client.request("self-test");
	const failed = parts
		.filter((part) => part.get("verdict") === "failed")
		.map((part) => part.get("probe"));
	return failed.length === 0 ? "good" : `failed: ${failed.join(", ")}`;
}

interface KnownBatch {
	readonly done: readonly BatchRow[];
	readonly begun: readonly BegunRow[];
}

/** Throws where this board has a name already, or the name a board. */
function requireFree({ done, begun }: KnownBatch, station: string, mac: string): void {
	const owner =
		done.find((row) => row.mac === mac)?.station ?? begun.find((row) => row.mac === mac)?.begun;
	if (owner !== undefined && owner !== station) {
		throw new OperationalError(notice("replace-other-station", { station, mac, other: owner }));
	}
	const other = begun.find((row) => row.begun === station && row.mac !== mac);
	if (other !== undefined) {
		throw new OperationalError(notice("batch-other-board", { station, mac: other.mac }));
	}
}

/** Rows of a result file; none where there is no file. Throws OperationalError for a line that is no row. */
export function readBatch(path: string): KnownBatch {
	if (!existsSync(path)) return { done: [], begun: [] };
	const known: { done: BatchRow[]; begun: BegunRow[] } = { done: [], begun: [] };
	for (const [index, line] of rowLines(readFileSync(path, "utf8")).entries()) {
		if (line.trim() === "") continue;
		const row = rowOf(line);
		if (row === undefined) {
			throw new OperationalError(notice("batch-no-row", { file: path, line: index + 1 }));
		}
		if ("begun" in row) known.begun.push(row);
		else known.done.push(row);
	}
	return known;
}

/** Undefined for a line that is none. A replacement that was begun has its name, too. */
function rowOf(line: string): BatchRow | BegunRow | undefined {
	const result = resultOf(line);
	if (result !== undefined) return result as BatchRow;
	try {
		const { begun, replacing, mac } = JSON.parse(line) as Partial<
			BegunRow & { readonly replacing: string }
		>;
		const station = begun ?? replacing;
		const isWhole = typeof station === "string" && typeof mac === "string";
		return isWhole ? { begun: station, mac } : undefined;
	} catch {
		return undefined;
	}
}

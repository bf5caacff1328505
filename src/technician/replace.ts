/**
 * A board in place of a dead one, under the same station id: flashed, provisioned with what the dead one had delivered, asked
 * who it is, tested, enrolled. The result file is what is known of it: the board is written down before it is told
 * anything, and the row of who it is before it is enrolled, so that the same command continues after an interruption.
 */
import { existsSync, readFileSync } from "node:fs";
import { OperationalError } from "../host/errors.js";
import { type Notice, notice } from "../host/messages/notice.js";
import { rowLines, type StationResult } from "../host/station-result.js";
import { UNPROVISIONED_STATION } from "../protocol/wire/possession.js";
import { selfTestVerdict, type TestedRow } from "./batch.js";
import { ConsoleClient } from "./client.js";
import { type ControlledPort, lineOf } from "./controlled-port.js";
import type { Bundle } from "./flash/bundle.js";
import { flashBoard } from "./flash/flash-board.js";
import { askIdentity, identified, provision, restarted } from "./provision.js";

/** Where the dead board's record ends. */
export interface PredecessorDelivery {
	readonly epoch: number;
	readonly sequence: number;
	/** Hexadecimal. */
	readonly head: string;
}

/** Written before the board is provisioned. */
export interface ReplacingRow {
	readonly replacing: string;
	readonly mac: string;
	/** Null: nothing was delivered. */
	readonly predecessor: PredecessorDelivery | null;
}

/** Of the board that came in place of another. */
export interface ReplacedRow extends TestedRow {
	readonly predecessor: PredecessorDelivery | null;
	/** The key that was the station's, hexadecimal. */
	readonly formerKey: string;
	readonly by: string;
	readonly why: string;
}

export interface ReplaceOptions {
	readonly station: string;
	/** All fields of the board but its predecessor, encoded. */
	readonly fields: ReadonlyMap<string, string>;
	readonly bundle: Bundle;
	readonly baud: number;
	readonly port: ControlledPort;
	readonly by: string;
	readonly why: string;
	/** The result file, whose rows are taken into account. */
	readonly results: string;
	readonly append: (row: ReplacedRow | ReplacingRow) => void;
	/** Keys of the station in the order of their lives, hexadecimal. */
	readonly keys: readonly string[];
	/** What the dead board had delivered; null: nothing. */
	readonly delivered: PredecessorDelivery | null;
	readonly enrol: (row: StationResult) => Promise<void>;
	readonly firstId: () => number;
	readonly now: () => Date;
	readonly notify: (what: Notice) => void;
}

/** The row of the board that has the station's name and key by now. Throws OperationalError. */
export async function replaceBoard(options: ReplaceOptions): Promise<ReplacedRow> {
	const { station, keys, port, notify, results, append } = options;
	const formerKey = keys.at(-1);
	if (formerKey === undefined) throw refused("replace-not-enrolled", { station });
	const { bundle, baud, firstId } = options;
	const flashed = { port, bundle, baud, firstId: firstId(), notify, onProgress: () => {} };
	const { mac } = await flashBoard(flashed);
	const client = new ConsoleClient(lineOf(port), firstId(), () => {});
	const greeting = await client.greet();
	const { publicKey } = await askIdentity(client);
	const { begun, done } = replacementOf(results, station, keys, mac);
	if (keys.includes(publicKey)) {
		if (done?.mac === mac && done.publicKey === publicKey) return finished(done, notify);
		throw refused("replace-same-board", { station, mac });
	}
	if (begun !== undefined && begun.mac !== mac) {
		throw refused("replace-other-board", { station, mac: begun.mac, file: results });
	}
	const other = greeting.station;
	if (other !== UNPROVISIONED_STATION && other !== station) {
		throw refused("replace-other-station", { station, mac, other });
	}
	const predecessor = begun === undefined ? options.delivered : begun.predecessor;
	if (begun === undefined) append({ replacing: station, mac, predecessor });
	else notify(notice("replace-goes-on", { station, mac }));
	const isProvisioned = begun !== undefined && done?.mac === mac && done.publicKey === publicKey;
	const row = isProvisioned
		? done
		: await provisionAndTest(options, client, { mac, predecessor, formerKey });
	await options.enrol(row);
	return finished(row, notify);
}

async function provisionAndTest(
	options: ReplaceOptions,
	client: ConsoleClient,
	facts: Pick<ReplacedRow, "mac" | "predecessor" | "formerKey">,
): Promise<ReplacedRow> {
	const { station, by, why, notify } = options;
	const { predecessor } = facts;
	const fields = new Map(options.fields);
	if (predecessor !== null) {
		const { epoch, sequence, head } = predecessor;
		fields.set("predecessor", `${epoch},${sequence},${head}`);
		notify(notice("replace-predecessor", { station, epoch, sequence }));
	} else notify(notice("replace-no-predecessor", { station }));
	const id = await provision({ client, fields, review: async () => true });
	if (id !== undefined) await restarted(client, id);
	const result = await identified(client);
	const verdict = await selfTestVerdict(client);
	const at = `${options.now().toISOString().slice(0, 19)}Z`;
	const row = { ...facts, ...result, verdict, at, by, why };
	options.append(row);
	return row;
}

function finished(row: ReplacedRow, notify: (what: Notice) => void): ReplacedRow {
	const { station, mac, fingerprint } = row;
	notify(notice("replace-done", { station, mac, fingerprint }));
	return row;
}

/** The last replacement of a station in a result file. Throws OperationalError for a line that is no row. */
function replacementOf(path: string, station: string, keys: readonly string[], mac: string) {
	let begun: ReplacingRow | undefined;
	let done: ReplacedRow | undefined;
	const lines = existsSync(path) ? rowLines(readFileSync(path, "utf8")) : [];
	for (const [index, line] of lines.entries()) {
		if (line.trim() === "") continue;
		const row = rowOf(line);
		if (row === undefined) throw refused("no-result", { file: path, line: index + 1 });
		if (row.replacing === station) {
			begun = row as ReplacingRow;
			done = undefined;
		} else if (row.station === station && row.mac === begun?.mac && row.proof !== undefined) {
			done = row as ReplacedRow;
		}
	}
	// One that was ended is of another board than the one that comes in its place later.
	const isEnded = done !== undefined && keys.includes(done.publicKey) && done.mac !== mac;
	return isEnded ? { begun: undefined, done: undefined } : { begun, done };
}

/** Undefined for a line that is none. */
function rowOf(line: string): Partial<ReplacingRow & ReplacedRow> | undefined {
	try {
		const row: unknown = JSON.parse(line);
		return typeof row === "object" && row !== null ? row : undefined;
	} catch {
		return undefined;
	}
}

function refused(...parts: Parameters<typeof notice>): OperationalError {
	return new OperationalError(notice(...parts));
}

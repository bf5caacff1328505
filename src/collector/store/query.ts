/** Read-only questions to the collector's store. */
import { decodeEntry } from "../../protocol/record/entry.js";
import { bytesOf, type SqlSession } from "./store.js";

export interface StoredEntry {
	readonly epoch: number;
	readonly sequence: number;
	readonly canonicalBytes: Uint8Array;
}

export interface StoredBatch {
	readonly epoch: number;
	readonly first: number;
	readonly last: number;
	readonly envelope: Uint8Array;
}

export interface StoredEvidence {
	readonly station: string | undefined;
	readonly reason: string;
	readonly detail: string;
}

/** All entries of a station in order of epoch and sequence. */
export async function entriesOf(session: SqlSession, station: string): Promise<StoredEntry[]> {
	const rows = await session.query(
		"select epoch, sequence, canonical from entries where station = $1 order by epoch, sequence",
		[station],
	);
	return rows.map((row) => ({
		epoch: Number(row["epoch"]),
		sequence: Number(row["sequence"]),
		canonicalBytes: bytesOf(row["canonical"]),
	}));
}

/** All signed batches of a station, by place. */
export async function batchesOf(session: SqlSession, station: string): Promise<StoredBatch[]> {
	const rows = await session.query(
		"select epoch, first, last, envelope from batches where station = $1 order by epoch, first, last, hash",
		[station],
	);
	return rows.map((row) => ({
		epoch: Number(row["epoch"]),
		first: Number(row["first"]),
		last: Number(row["last"]),
		envelope: bytesOf(row["envelope"]),
	}));
}

/** The last of a station's record that a signature vouches for. */
export interface DeliveredEnd {
	readonly epoch: number;
	readonly sequence: number;
	/** h(sequence), hexadecimal. */
	readonly head: string;
}

/**
 * Where a station's record ends: in the epoch that no other continues, of several in the one with the latest entry.
 * Undefined while nothing was delivered.
 */
export async function deliveredEndOf(
	session: SqlSession,
	station: string,
): Promise<DeliveredEnd | undefined> {
	const ends = await session.query(
		`select distinct on (h.epoch) h.epoch, h.sequence, h.head, e.canonical from heads h
		join entries e on e.station = h.station and e.epoch = h.epoch and e.sequence = h.sequence
		where h.station = $1 and h.sequence > 0 order by h.epoch, h.sequence desc`,
		[station],
	);
	const begins = await session.query(
		"select canonical from entries where station = $1 and sequence = 1",
		[station],
	);
	const continued = begins.map((row) => {
		const entry = decodeEntry(bytesOf(row["canonical"]));
		return entry.kind === "epoch" ? entry.previousEpoch : 0;
	});
	const [last] = ends
		.filter((row) => !continued.includes(Number(row["epoch"])))
		.map((row) => ({ row, utcSeconds: decodeEntry(bytesOf(row["canonical"])).utcSeconds }))
		.sort((a, b) => b.utcSeconds - a.utcSeconds);
	if (last === undefined) return undefined;
	return {
		epoch: Number(last.row["epoch"]),
		sequence: Number(last.row["sequence"]),
		head: Buffer.from(bytesOf(last.row["head"])).toString("hex"),
	};
}

/** What was not believed. */
export async function evidenceOf(session: SqlSession): Promise<StoredEvidence[]> {
	const rows = await session.query(
		"select station, reason, detail from evidence order by hash, reason",
	);
	return rows.map((row) => ({
		station: row["station"] === null ? undefined : String(row["station"]),
		reason: String(row["reason"]),
		detail: String(row["detail"]),
	}));
}

/** Rows of a page: 5 000 entries are at most 615 KB. */
const ROWS_PER_PAGE = 5000;

/** Visits all entries of a station in order of epoch and sequence, page by page: memory stays flat. */
export async function visitEntries(
	session: SqlSession,
	station: string,
	visit: (canonicalBytes: Uint8Array) => void | Promise<void>,
): Promise<void> {
	let after: readonly [number, number] = [-1, 0];
	for (;;) {
		const rows = await session.query(
			`select epoch, sequence, canonical from entries
			where station = $1 and (epoch, sequence) > ($2::bigint, $3::bigint)
			order by epoch, sequence limit ${ROWS_PER_PAGE}`,
			[station, ...after],
		);
		for (const row of rows) await visit(bytesOf(row["canonical"]));
		const last = rows.at(-1);
		if (last === undefined || rows.length < ROWS_PER_PAGE) return;
		after = [Number(last["epoch"]), Number(last["sequence"])];
	}
}

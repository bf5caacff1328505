/**
 * What publishing asks of the record, and the answers out of the collector's tables. All questions are small ones: no
 * statement reads more than a page, so that a batch that comes meanwhile waits for milliseconds.
 */
import { hexOf } from "../../core/bytes.js";
import { bytesOf, type SqlSession } from "../store/store.js";

/** Rows of a page: in the embedded database some milliseconds. */
export const PAGE_ROWS = 500;

/** Entries one after the other, and where each ends. */
export interface PackedEntries {
	readonly bytes: Uint8Array;
	readonly ends: readonly number[];
}

export interface Position {
	readonly epoch: number;
	readonly sequence: number;
}

/** An envelope as its station signed it. */
export interface PublishedEnvelope {
	readonly epoch: number;
	readonly first: number;
	readonly last: number;
	readonly envelope: Uint8Array;
}

/** What only ever grows of a station's record. */
export interface StationCounts {
	readonly station: string;
	readonly batches: number;
	readonly keys: number;
	readonly revoked: number;
	readonly evidence: number;
}

/** What the record says of itself. */
export interface RecordFacts {
	readonly station: string;
	readonly batchCount: number;
	/** Enrolled keys in the order of their lives, hexadecimal, and when one was revoked. */
	readonly keys: readonly { readonly publicKey: string; readonly revoked: number | null }[];
	/** What is present or named as a gap, ascending by epoch and first. */
	readonly coverage: readonly Range[];
	readonly gaps: readonly (Range & { readonly namedIn: number; readonly sequence: number })[];
	readonly floors: readonly { readonly epoch: number; readonly floor: number }[];
	/** The last head that is vouched for, of each epoch. */
	readonly heads: readonly {
		readonly epoch: number;
		readonly sequence: number;
		readonly head: string;
	}[];
	/** What was not believed, by reason. */
	readonly evidence: readonly { readonly reason: string; readonly count: number }[];
}

export interface Range {
	readonly epoch: number;
	readonly first: number;
	readonly last: number;
}

export interface RecordReader {
	/** Enrolled stations, by name. */
	stations(): Promise<readonly string[]>;
	/** Of all stations, by name. Reads an index of all batches: for a database that works beside the collector. */
	counts(): Promise<readonly StationCounts[]>;
	facts(station: string): Promise<RecordFacts>;
	/** At most PAGE_ROWS entries after a place, by rising (epoch, sequence). */
	entries(station: string, after: Position): Promise<PackedEntries>;
	/** Envelopes of exactly these entries. */
	batchesAt(station: string, range: Range): Promise<readonly PublishedEnvelope[]>;
	/** At most PAGE_ROWS envelopes after a place, by rising (epoch, first, last, hash). */
	batches(
		station: string,
		after: BatchPosition,
	): Promise<readonly (PublishedEnvelope & { readonly hash: Uint8Array })[]>;
}

export interface BatchPosition extends Range {
	readonly hash: Uint8Array;
}

export class SqlRecordReader implements RecordReader {
	readonly #session: SqlSession;

	constructor(session: SqlSession) {
		this.#session = session;
	}

	async stations(): Promise<readonly string[]> {
		const rows = await this.#session.query(
			"select distinct station from station_keys order by station",
		);
		return rows.map((row) => String(row["station"]));
	}

	async counts(): Promise<readonly StationCounts[]> {
		const rows = await this.#session.query(
			`select k.station, k.keys, k.revoked, coalesce(b.count, 0) as batches, coalesce(e.count, 0) as evidence
			from (select station, count(*) as keys, count(revoked_at) as revoked
				from station_keys group by station) k
			left join (select station, count(*) as count from batches group by station) b using (station)
			left join (select station, count(*) as count from evidence group by station) e using (station)
			order by k.station`,
		);
		return rows.map((row) => ({
			station: String(row["station"]),
			batches: Number(row["batches"]),
			keys: Number(row["keys"]),
			revoked: Number(row["revoked"]),
			evidence: Number(row["evidence"]),
		}));
	}

	async facts(station: string): Promise<RecordFacts> {
		const [keys, coverage, gaps, floors, evidence, counted] = await Promise.all([
			this.#of(station, "select public_key, revoked_at from station_keys", "order by number"),
			this.#of(station, "select epoch, first, last from coverage", "order by epoch, first"),
			this.#of(
				station,
				"select epoch, first, last, named_in, sequence from gaps",
				"order by epoch, first, named_in, sequence",
			),
			this.#of(station, "select epoch, floor from floors", "order by epoch"),
			this.#of(
				station,
				"select reason, count(*)::integer as count from evidence",
				"group by reason order by reason",
			),
			this.#of(station, "select count(*)::bigint as count from batches", ""),
		]);
		const heads: RecordFacts["heads"][number][] = [];
		for (const row of floors) {
			const epoch = Number(row["epoch"]);
			const [found] = await this.#session.query(
				`select sequence, head from heads where station = $1 and epoch = $2::bigint
				order by sequence desc limit 1`,
				[station, epoch],
			);
			if (found === undefined) continue;
			heads.push({
				epoch,
				sequence: Number(found["sequence"]),
				head: hexOf(bytesOf(found["head"])),
			});
		}
		return {
			station,
			batchCount: Number(counted[0]?.["count"] ?? 0),
			keys: keys.map((row) => ({
				publicKey: hexOf(bytesOf(row["public_key"])),
				revoked: row["revoked_at"] === null ? null : Number(row["revoked_at"]),
			})),
			coverage: coverage.map(rangeOf),
			gaps: gaps.map((row) => ({
				...rangeOf(row),
				namedIn: Number(row["named_in"]),
				sequence: Number(row["sequence"]),
			})),
			floors: floors.map((row) => ({ epoch: Number(row["epoch"]), floor: Number(row["floor"]) })),
			heads,
			evidence: evidence.map((row) => ({
				reason: String(row["reason"]),
				count: Number(row["count"]),
			})),
		};
	}

	async entries(station: string, { epoch, sequence }: Position): Promise<PackedEntries> {
		const rows = await this.#session.query(
			`select canonical from entries
			where station = $1 and (epoch, sequence) > ($2::bigint, $3::bigint)
			order by epoch, sequence limit ${PAGE_ROWS}`,
			[station, epoch, sequence],
		);
		return packed(rows.map((row) => bytesOf(row["canonical"])));
	}

	async batchesAt(station: string, { epoch, first, last }: Range) {
		const rows = await this.#session.query(
			`select epoch, first, last, envelope from batches
			where station = $1 and epoch = $2::bigint and first = $3::bigint and last = $4::bigint
			order by hash limit ${PAGE_ROWS}`,
			[station, epoch, first, last],
		);
		return rows.map((row) => ({ ...rangeOf(row), envelope: bytesOf(row["envelope"]) }));
	}

	async batches(station: string, { epoch, first, last, hash }: BatchPosition) {
		const rows = await this.#session.query(
			`select epoch, first, last, hash, envelope from batches
			where station = $1 and (epoch, first, last, hash) > ($2::bigint, $3::bigint, $4::bigint, $5::bytea)
			order by epoch, first, last, hash limit ${PAGE_ROWS}`,
			[station, epoch, first, last, Buffer.from(hash)],
		);
		return rows.map((row) => ({
			...rangeOf(row),
			hash: bytesOf(row["hash"]),
			envelope: bytesOf(row["envelope"]),
		}));
	}

	#of(station: string, select: string, rest: string) {
		return this.#session.query(`${select} where station = $1 ${rest}`, [station]);
	}
}

export function packed(entries: readonly Uint8Array[]): PackedEntries {
	const ends: number[] = [];
	let end = 0;
	for (const { length } of entries) {
		end += length;
		ends.push(end);
	}
	return { bytes: Buffer.concat(entries), ends };
}

export function* unpacked({ bytes, ends }: PackedEntries): Generator<Uint8Array> {
	let start = 0;
	for (const end of ends) {
		yield bytes.subarray(start, end);
		start = end;
	}
}

function rangeOf(row: Record<string, unknown>): Range {
	return {
		epoch: Number(row["epoch"]),
		first: Number(row["first"]),
		last: Number(row["last"]),
	};
}

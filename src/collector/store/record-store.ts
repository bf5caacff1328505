/** What the ledger asks of a store: keys of stations, batches in one transaction each, evidence. */

import { joinKeys, keyOfRow, type StationKey } from "../ledger/station-keys.js";
import { BatchWriter, type CheckedBatch, type StoreOutcome } from "./batch-writer.js";
import { EvidenceLimit } from "./evidence-limit.js";
import { KeyLookup } from "./key-lookup.js";
import { bytesOf, type SqlSession, type SqlStore } from "./store.js";

export interface Evidence {
	/** SHA-256 of the envelope. */
	readonly hash: Uint8Array;
	readonly envelope: Uint8Array;
	readonly station: string;
	readonly reason: string;
	readonly detail: string;
}

export interface RecordStore {
	/** The enrolled keys of a station in the order of their lives; none when it is not enrolled. */
	keysOf(station: string): Promise<readonly StationKey[]>;
	/** Enrols, adds keys, revokes; what is against it, and then nothing of it was done. */
	setKeys(station: string, keys: readonly StationKey[]): Promise<string | undefined>;
	/** The key that an epoch began with, where a stored batch says so. */
	ownerOf(station: string, epoch: number): Promise<Uint8Array | undefined>;
	/** Resolves after the commit; rejects when the store fails, and then nothing was stored. */
	write(checked: CheckedBatch): Promise<StoreOutcome>;
	/** Keeps an envelope unless `countMax` of this station and reason are kept already. */
	keepEvidence(evidence: Evidence, countMax: number): Promise<void>;
}

/** The record in SQL tables. */
export class SqlRecordStore implements RecordStore {
	readonly #store: SqlStore;
	readonly #writer: BatchWriter;
	readonly #lookup: KeyLookup;
	readonly #evidence = new EvidenceLimit();

	constructor(store: SqlStore) {
		this.#store = store;
		this.#writer = new BatchWriter(store);
		this.#lookup = new KeyLookup(store);
	}

	keysOf(station: string): Promise<readonly StationKey[]> {
		return this.#lookup.keysOf(station);
	}

	async setKeys(station: string, wanted: readonly StationKey[]): Promise<string | undefined> {
		const conflict = await this.#store.transaction(async (session) => {
			await session.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [station]);
			const held = await stationKeysOf(session, station);
			const joined = joinKeys(station, held, wanted);
			if ("conflict" in joined) return joined.conflict;
			for (const [index, { publicKey, enrolled, revoked }] of joined.entries()) {
				if (index < held.length && revoked === held[index]?.revoked) continue;
				await session.query(
					`insert into station_keys values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
					on conflict (station, number) do update set revoked_at = excluded.revoked_at,
						revoked_by = excluded.revoked_by, revoked_why = excluded.revoked_why`,
					[
						station,
						index + 1,
						Buffer.from(publicKey),
						enrolled.atUtcSeconds,
						enrolled.by,
						enrolled.why,
						revoked?.atUtcSeconds ?? null,
						revoked?.by ?? null,
						revoked?.why ?? null,
					],
				);
			}
			return undefined;
		});
		this.#lookup.forget(station);
		return conflict;
	}

	async ownerOf(station: string, epoch: number): Promise<Uint8Array | undefined> {
		const [row] = await this.#store.query(
			"select public_key from epochs where station = $1 and epoch = $2",
			[station, epoch],
		);
		return row === undefined ? undefined : bytesOf(row["public_key"]);
	}

	write(checked: CheckedBatch): Promise<StoreOutcome> {
		return this.#writer.write(checked);
	}

	async keepEvidence(evidence: Evidence, countMax: number): Promise<void> {
		const { hash, envelope, station, reason, detail } = evidence;
		if (!this.#evidence.isNew(hash, `${station} ${reason}`, countMax)) return;
		await this.#store.query(
			`insert into evidence select $1::bytea, $2::text, $3::text, $4::text, $5::bytea
			where (select count(*) from evidence where station = $3::text and reason = $2::text) < $6::integer
			on conflict do nothing`,
			[Buffer.from(hash), reason, station, detail, Buffer.from(envelope), countMax],
		);
	}
}

/** The enrolled keys of a station in the order of their lives. */
export async function stationKeysOf(
	session: SqlSession,
	station: string,
): Promise<readonly StationKey[]> {
	const rows = await session.query(
		"select * from station_keys where station = $1 order by number",
		[station],
	);
	return rows.map(keyOfRow);
}

/** What the ledger asks of a store: keys of stations, batches in one transaction each, evidence. */
import { equalBytes } from "../core/bytes.js";
import { BatchWriter, type CheckedBatch, type StoreOutcome } from "./batch-writer.js";
import { EvidenceLimit } from "./evidence-limit.js";
import { KeyLookup } from "./key-lookup.js";
import type { SqlStore } from "./store.js";

export interface Evidence {
	/** SHA-256 of the envelope. */
	readonly hash: Uint8Array;
	readonly envelope: Uint8Array;
	readonly station: string;
	readonly reason: string;
	readonly detail: string;
}

export interface RecordStore {
	/** The enrolled key of a station, 33 bytes, or undefined. */
	keyOf(station: string): Promise<Uint8Array | undefined>;
	/** Enrols; false when the station is enrolled with another key. */
	enrol(station: string, publicKey: Uint8Array): Promise<boolean>;
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

	keyOf(station: string): Promise<Uint8Array | undefined> {
		return this.#lookup.keyOf(station);
	}

	async enrol(station: string, publicKey: Uint8Array): Promise<boolean> {
		await this.#store.query("insert into stations values ($1, $2) on conflict do nothing", [
			station,
			Buffer.from(publicKey),
		]);
		this.#lookup.forget(station);
		const held = await this.keyOf(station);
		return held !== undefined && equalBytes(held, publicKey);
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

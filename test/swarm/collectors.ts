/** The collectors of a swarm's seed: one at first, which may be restored from a backup, and successors. */
import { type SigningKey, signingKeyOf } from "../../src/collector/ledger/keys.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { onlyKey, type StationKey } from "../../src/collector/ledger/station-keys.js";
import { createHandler, type Handler } from "../../src/collector/service/receiver.js";
import type { RecordStore } from "../../src/collector/store/record-store.js";
import { equalBytes } from "../../src/core/bytes.js";
import { MemoryRecordStore } from "../support/collectors/memory-record-store.js";
import { isKeyedHashOf, keyedHashKeyOf } from "../support/engines/bare-collector.js";

type Checked = Parameters<RecordStore["write"]>[0];

export interface SwarmCollectorOptions {
	readonly host: string;
	readonly key: SigningKey;
	readonly isKeyedHash: boolean;
	/** The world's clock, and what this collector's is off by. */
	readonly clock: { readonly utcSeconds: number };
	readonly plant: ((store: RecordStore) => RecordStore) | undefined;
}

export class SwarmCollector {
	readonly host: string;
	readonly key: SigningKey;
	/** What its clock is off by, seconds. */
	lieSeconds = 0;
	readonly #options: SwarmCollectorOptions;
	/** In the order of their lives. */
	readonly #enrolled = new Map<string, StationKey[]>();
	/** What it stored, in order: a backup is the first of them. */
	#batches: Checked[] = [];
	#store = new MemoryRecordStore();
	/** Rows of stores that were restored over. */
	readonly #formerRows: Uint8Array[] = [];
	readonly #formerEvidence: string[] = [];
	#handler: Handler;

	constructor(options: SwarmCollectorOptions) {
		this.#options = options;
		this.host = options.host;
		this.key = options.key;
		this.#handler = this.#open();
	}

	/** A station's first key, or one in place of the last. */
	async enrol(station: string, publicKey: Uint8Array): Promise<void> {
		const keys = this.#enrolled.get(station) ?? [];
		const atUtcSeconds = Math.floor(this.#options.clock.utcSeconds);
		const enrolled = { atUtcSeconds, by: "the swarm", why: "its memory was lost" };
		keys.push(keys.length === 0 ? onlyKey(publicKey) : { publicKey, enrolled });
		this.#enrolled.set(station, keys);
		await this.#store.setKeys(station, keys);
		// As after a restart: the ledger remembers keys.
		this.#handler = this.#open();
	}

	readonly handle: Handler = (request) => this.#handler(request);

	/** How many batches a backup holds that is made now. */
	backUp(): number {
		return this.#batches.length;
	}

	/** The disk is gone; a backup is put in its place. */
	async restore(backup: number): Promise<void> {
		this.#formerRows.push(...this.rows());
		for (const { reason } of this.#store.evidence) this.#formerEvidence.push(reason);
		this.#store = new MemoryRecordStore();
		for (const [station, keys] of this.#enrolled) await this.#store.setKeys(station, keys);
		this.#batches = this.#batches.slice(0, backup);
		for (const batch of this.#batches) await this.#store.write(batch);
		this.#handler = this.#open();
	}

	/** What it holds now. */
	rows(): Uint8Array[] {
		return [...this.#enrolled.keys()].flatMap((station) => this.#store.rowsOf(station));
	}

	/** What it holds or held before it was restored. */
	everHeld(): Uint8Array[] {
		return [...this.#formerRows, ...this.rows()];
	}

	/** Reasons of its refusals. */
	get refusals(): string[] {
		return [...this.#formerEvidence, ...this.#store.evidence.map(({ reason }) => reason)];
	}

	#open(): Handler {
		const { key, clock, isKeyedHash, plant } = this.#options;
		const store = this.#store;
		const recording: RecordStore = {
			keysOf: (station) => store.keysOf(station),
			setKeys: (station, keys) => store.setKeys(station, keys),
			ownerOf: (station, epoch) => store.ownerOf(station, epoch),
			keepEvidence: (evidence, countMax) => store.keepEvidence(evidence, countMax),
			write: async (checked) => {
				const outcome = await store.write(checked);
				if (outcome.outcome === "stored") this.#batches.push(checked);
				return outcome;
			},
		};
		const collector = this;
		const ledger = new Ledger({
			store: plant?.(recording) ?? recording,
			key,
			clock: {
				get utcSeconds() {
					return clock.utcSeconds + collector.lieSeconds;
				},
			},
			...(isKeyedHash ? { verifySignature: isKeyedHashOf } : {}),
		});
		return createHandler(ledger);
	}
}

/** The key of the `index`-th collector. */
export function collectorKeyOf(index: number, isKeyedHash: boolean): SigningKey {
	if (isKeyedHash) return keyedHashKeyOf(index === 0 ? "collector" : `collector ${index}`);
	return signingKeyOf(new Uint8Array(32).fill(9 + index));
}

/** Each row once; `onConflict` for a place that bears two contents. */
export function unionOf(
	rows: readonly Uint8Array[],
	onConflict: (sequence: number) => void,
): Uint8Array[] {
	const byPosition = new Map<string, Uint8Array>();
	for (const row of rows) {
		const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
		const [epoch, sequence] = [view.getUint32(4, true), view.getUint32(8, true)];
		const position = `${epoch}/${sequence}`;
		const known = byPosition.get(position);
		if (known === undefined) byPosition.set(position, row);
		else if (!equalBytes(known, row)) onConflict(sequence);
	}
	return [...byPosition.values()];
}

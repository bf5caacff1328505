/**
 * The record in memory, for simulated weeks and years that keep nothing: the same outcomes as the SQL
 * function `bistrina_store`, held to it by a contract suite. Rows lie in large blocks of bytes, so
 * that a year of them is no work for the garbage collector.
 */

import { joinKeys, type StationKey } from "../../../src/collector/ledger/station-keys.js";
import type { CheckedBatch, StoreOutcome } from "../../../src/collector/store/batch-writer.js";
import type { Evidence, RecordStore } from "../../../src/collector/store/record-store.js";
import { RANGES_READ } from "../../../src/collector/store/schema-functions.js";
import { equalBytes } from "../../../src/core/bytes.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { chainNext, HEAD_BYTES } from "../../../src/protocol/record/chain.js";
import { BATCH_ENTRIES_MAX } from "../../../src/protocol/wire/batch.js";
import { HashTable } from "./hash-table.js";
import { HeadTable } from "./head-table.js";

const BLOCK_BYTES = 256 * 1024;
/** 2^22 rows of about 60 bytes; a year at five minutes is 2^17. */
const ROWS_MAX = 4_194_304;

interface Range {
	first: number;
	last: number;
}

export class MemoryRecordStore implements RecordStore {
	readonly evidence: Evidence[] = [];
	readonly #keys = new Map<string, readonly StationKey[]>();
	readonly #records = new Map<string, EpochRecord>();

	async keysOf(station: string): Promise<readonly StationKey[]> {
		return this.#keys.get(station) ?? [];
	}

	async setKeys(station: string, wanted: readonly StationKey[]): Promise<string | undefined> {
		const joined = joinKeys(station, await this.keysOf(station), wanted);
		if ("conflict" in joined) return joined.conflict;
		this.#keys.set(station, joined);
		return undefined;
	}

	async ownerOf(station: string, epoch: number): Promise<Uint8Array | undefined> {
		return this.#records.get(`${station}/${epoch}`)?.owner;
	}

	async write(checked: CheckedBatch): Promise<StoreOutcome> {
		const { station, epoch } = checked.batch;
		const recordOf = (other: number): EpochRecord => {
			const name = `${station}/${other}`;
			const known = this.#records.get(name);
			if (known !== undefined) return known;
			const record = new EpochRecord();
			this.#records.set(name, record);
			return record;
		};
		return recordOf(epoch).write(checked, recordOf);
	}

	async keepEvidence(evidence: Evidence, countMax: number): Promise<void> {
		const same = this.evidence.filter(
			({ station, reason }) => station === evidence.station && reason === evidence.reason,
		);
		if (same.length >= countMax) return;
		if (same.some(({ hash }) => equalBytes(hash, evidence.hash))) return;
		this.evidence.push(evidence);
	}

	/** Canonical bytes of all rows of a station, by epoch and sequence. */
	rowsOf(station: string): Uint8Array[] {
		const names = [...this.#records.keys()].filter((name) => name.startsWith(`${station}/`));
		return names.sort().flatMap((name) => this.#records.get(name)?.rows() ?? []);
	}
}

class EpochRecord {
	readonly #blocks: Uint8Array[] = [];
	#usedBytes = BLOCK_BYTES;
	/** Index: sequence; block * BLOCK_BYTES + offset, 0xFFFFFFFF where there is none. */
	#addresses = new Uint32Array(0);
	#lengths = new Uint8Array(0);
	readonly #heads = new HeadTable();
	readonly #sha256 = createSha256();
	readonly #batches = new HashTable();
	readonly #coverage: Range[] = [];
	#floor = 1;

	/** The key that the epoch began with. */
	owner: Uint8Array | undefined;

	/** `recordOf` gives the record of a former epoch, of which gap entries may speak. */
	write(
		{ batch, heads, gaps, content, owner }: CheckedBatch,
		recordOf: (epoch: number) => EpochRecord,
	): StoreOutcome {
		const { first, entries } = batch;
		if (owner !== undefined && this.owner !== undefined && !equalBytes(owner, this.owner)) {
			return outcome("other-key", 0);
		}
		const last = first + entries.length - 1;
		if (this.#batches.has(content)) return { ...this.#stored(entries.length), outcome: "known" };
		let held = 0;
		let sequence = first - 1;
		for (const canonicalBytes of entries) {
			const row = this.row(++sequence);
			if (row === undefined) continue;
			held++;
			if (!equalBytes(row, canonicalBytes)) return outcome("conflict", 0);
		}
		const vouched = new Map<number, Uint8Array>();
		if (heads !== undefined) {
			let isMet = false;
			sequence = first - 1;
			for (const head of heads) {
				if (this.#denies(sequence, head)) return outcome("fork", held);
				if (this.#heads.has(sequence)) isMet = true;
				sequence++;
			}
			const walked = isMet ? undefined : this.#headByWalking(first - 1);
			if (walked !== undefined && !equalBytes(walked, heads[0] ?? walked)) {
				return outcome("fork", held);
			}
			vouched.set(first - 1, heads[0] ?? new Uint8Array(HEAD_BYTES));
			vouched.set(last, heads[heads.length - 1] ?? new Uint8Array(HEAD_BYTES));
		}
		const named = gaps.map((gap) => ({
			...gap,
			record: gap.lostEpoch === 0 ? this : recordOf(gap.lostEpoch),
		}));
		for (const { to, resume, record } of named) {
			if (!isZero(resume) && record.#denies(to, resume)) return outcome("fork", held);
		}
		this.owner ??= owner?.slice();
		sequence = first - 1;
		for (const canonicalBytes of entries) {
			if (this.row(++sequence) === undefined) this.#append(sequence, canonicalBytes);
		}
		for (const [sequence, head] of vouched) this.#heads.add(sequence, head);
		this.#batches.add(content);
		this.#cover(first, last);
		for (const { from, to, resume, record } of named) {
			if (!isZero(resume)) record.#heads.add(to, resume);
			record.#cover(from, to);
		}
		this.#floor = Math.max(this.#floor, batch.floor);
		return this.#stored(held);
	}

	row(sequence: number): Uint8Array | undefined {
		const address = this.#addresses[sequence];
		const length = this.#lengths[sequence];
		if (address === undefined || length === undefined || length === 0) return undefined;
		const offset = address % BLOCK_BYTES;
		return this.#blocks[Math.floor(address / BLOCK_BYTES)]?.subarray(offset, offset + length);
	}

	rows(): Uint8Array[] {
		const rows: Uint8Array[] = [];
		for (let sequence = 0; sequence < this.#lengths.length; sequence++) {
			const row = this.row(sequence);
			if (row !== undefined) rows.push(row);
		}
		return rows;
	}

	#denies(sequence: number, head: Uint8Array): boolean {
		const known = this.#heads.get(sequence);
		return known !== undefined && !equalBytes(known, head);
	}

	/** h(sequence) from the nearest head below, or undefined when not all between is held. */
	#headByWalking(sequence: number): Uint8Array | undefined {
		let below = sequence - 1;
		while (below >= Math.max(sequence - BATCH_ENTRIES_MAX, 0) && !this.#heads.has(below)) below--;
		let head = this.#heads.get(below);
		for (let next = below + 1; next <= sequence && head !== undefined; next++) {
			const row = this.row(next);
			head = row === undefined ? undefined : chainNext(this.#sha256, head, row);
		}
		return head;
	}

	#append(sequence: number, canonicalBytes: Uint8Array): void {
		if (sequence >= this.#addresses.length) {
			const length = Math.min(Math.max(1024, 2 * sequence), ROWS_MAX);
			if (sequence >= length) throw new RangeError(`sequence ${sequence} in a store in memory`);
			const addresses = new Uint32Array(length);
			addresses.set(this.#addresses);
			this.#addresses = addresses;
			const lengths = new Uint8Array(length);
			lengths.set(this.#lengths);
			this.#lengths = lengths;
		}
		if (this.#usedBytes + canonicalBytes.length > BLOCK_BYTES) {
			this.#blocks.push(new Uint8Array(BLOCK_BYTES));
			this.#usedBytes = 0;
		}
		this.#blocks[this.#blocks.length - 1]?.set(canonicalBytes, this.#usedBytes);
		this.#addresses[sequence] = (this.#blocks.length - 1) * BLOCK_BYTES + this.#usedBytes;
		this.#lengths[sequence] = canonicalBytes.length;
		this.#usedBytes += canonicalBytes.length;
	}

	/** Ranges are apart from each other and ascending: only those that the new one touches are looked at. */
	#cover(first: number, last: number): void {
		const ranges = this.#coverage;
		let from = this.#countUpTo(first);
		if (from > 0 && (ranges[from - 1]?.last ?? 0) >= first - 1) from--;
		const to = this.#countUpTo(last + 1);
		const range: Range = {
			first: Math.min(first, ranges[from]?.first ?? first),
			last: to > from ? Math.max(last, ranges[to - 1]?.last ?? last) : last,
		};
		ranges.splice(from, Math.max(to - from, 0), range);
	}

	/** How many ranges begin at or below `sequence`. */
	#countUpTo(sequence: number): number {
		let low = 0;
		let high = this.#coverage.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#coverage[middle]?.first ?? 0) <= sequence) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	#stored(held: number): StoreOutcome {
		const ranges = this.#coverage;
		const lastAt = Math.max(ranges.length - RANGES_READ, 0);
		const floorAt = this.#countUpTo(this.#floor) - 1;
		const read = floorAt >= 0 && floorAt < lastAt ? ranges.slice(floorAt, floorAt + 1) : [];
		read.push(...ranges.slice(lastAt));
		return {
			outcome: "stored",
			held,
			floor: this.#floor,
			rangeFirsts: read.map(({ first }) => first),
			rangeLasts: read.map(({ last }) => last),
		};
	}
}

function isZero(bytes: Uint8Array): boolean {
	return bytes.every((byte) => byte === 0);
}

function outcome(kind: "other-key" | "conflict" | "fork", held: number): StoreOutcome {
	return { outcome: kind, held, floor: 0, rangeFirsts: [], rangeLasts: [] };
}

/**
 * A batch: consecutive entries of one station, as the payload of a COSE_Sign1. The end head is a
 * function of `previous` and the entries, so one signature covers both. CDDL in docs/WIRE.md.
 */
import { CborReader, CborWriter } from "../../core/cbor.js";
import { assert, StationError } from "../../core/errors.js";
import { HEAD_BYTES } from "../record/chain.js";
import { isStationId, SEQUENCE_MAX } from "../record/entry.js";
import { PAYLOAD_KINDS } from "./acknowledgement.js";
import { decodeColumns, encodeColumns } from "./batch-columns.js";
import type { EntryRun } from "./packed-entries.js";

export const BATCH_VERSION = 1;
/** A day of readings at five minutes. */
export const BATCH_ENTRIES_MAX = 288;
/** Bound on either side. A day of readings is about 1.4 KiB; 288 events would be 15 KiB. */
export const BATCH_PAYLOAD_BYTES_MAX = 16 * 1024;

const UINT32_MAX = 0xffffffff;
const STATION_CHARACTERS_MAX = 8;
const ITEMS = 9;

/** What `encodeBatch` takes: a batch, its entries in whatever they are kept. */
export interface BatchToEncode extends Omit<Batch, "entries"> {
	readonly entries: EntryRun;
	/** How many of `entries` to take; all of them by default. */
	readonly count?: number;
}

export interface Batch {
	/** Station id, 1 to 8 of `[a-z0-9-]`. */
	readonly station: string;
	readonly epoch: number;
	/** Sequence of the first entry. */
	readonly first: number;
	/** Lowest sequence that may still come: held, or lost and not yet named by a gap entry. */
	readonly floor: number;
	/** h(first - 1), 32 bytes; undefined: the chain is broken before `first`, signed only. */
	readonly previous: Uint8Array | undefined;
	/** Canonical bytes of entries first, first + 1, ...; 1 to 288. */
	readonly entries: readonly Uint8Array[];
}

/** What every version of a batch says first, so that a refusal can be addressed. */
export interface BatchLabel {
	readonly version: number;
	readonly station: string;
	readonly epoch: number;
}

/** A batch of a version that this program is too old for: keep it aside, refuse it by code 5. */
export class NewerBatchError extends StationError {
	override name = "NewerBatchError";
	readonly label: BatchLabel;

	constructor(label: BatchLabel) {
		super("batch-malformed", `batch: version ${label.version} is newer than ${BATCH_VERSION}`);
		this.label = label;
	}
}

/** The batch's payload, to be signed. Entries with a hole or of another epoch are a bug. */
export function encodeBatch(batch: BatchToEncode): Uint8Array {
	const count = batch.count ?? batch.entries.length;
	assert(count >= 1 && count <= BATCH_ENTRIES_MAX, `a batch of ${count} entries`);
	const writer = new CborWriter()
		.array(ITEMS)
		.unsigned(PAYLOAD_KINDS.batch)
		.unsigned(BATCH_VERSION)
		.text(batch.station)
		.unsigned(batch.epoch)
		.unsigned(batch.first)
		.unsigned(count)
		.unsigned(batch.floor);
	if (batch.previous === undefined) writer.null();
	else writer.bytes(batch.previous);
	const range = { epoch: batch.epoch, first: batch.first, count };
	return writer.bytes(encodeColumns(range, batch.entries)).finish();
}

/**
 * Reads a batch's payload. Strict and bounded; throws StationError `batch-malformed`, and
 * NewerBatchError for a later version. Entries have a header that fits the batch; their bodies are
 * for `decodeEntry` to judge.
 */
export function decodeBatch(payload: Uint8Array): Batch {
	if (payload.length > BATCH_PAYLOAD_BYTES_MAX) throw malformed(`${payload.length} bytes`);
	const reader = new CborReader(payload, malformed);
	const { label, itemCount } = readLabel(reader);
	if (label.version > BATCH_VERSION) throw new NewerBatchError(label);
	if (itemCount !== ITEMS) throw malformed(`${itemCount} items`);
	const first = reader.unsigned(SEQUENCE_MAX);
	const count = reader.unsigned(BATCH_ENTRIES_MAX);
	const floor = reader.unsigned(SEQUENCE_MAX);
	const previous = reader.takeNull() ? undefined : reader.bytes(HEAD_BYTES, HEAD_BYTES);
	const columns = reader.bytes(0, BATCH_PAYLOAD_BYTES_MAX);
	reader.end();
	if (first < 1 || count < 1 || first + count - 1 > SEQUENCE_MAX) throw malformed("no such place");
	if (floor > first) throw malformed(`entry ${first} below the floor ${floor}`);
	const { station, epoch } = label;
	const entries = decodeColumns({ epoch, first, count }, columns);
	return { station, epoch, first, floor, previous, entries };
}

/** The first items of a batch of any version; throws StationError `batch-malformed`. */
export function readBatchLabel(payload: Uint8Array): BatchLabel {
	return readLabel(new CborReader(payload, malformed)).label;
}

function readLabel(reader: CborReader): { label: BatchLabel; itemCount: number } {
	// Later versions may append items.
	const itemCount = reader.array(64);
	const kind = reader.unsigned(UINT32_MAX);
	if (kind !== PAYLOAD_KINDS.batch) throw malformed(`a payload of kind ${kind}`);
	const version = reader.unsigned(UINT32_MAX);
	const station = reader.text(STATION_CHARACTERS_MAX);
	if (!isStationId(station)) throw malformed("no station id");
	const epoch = reader.unsigned(UINT32_MAX);
	if (version < 1) throw malformed("version 0");
	return { label: { version, station, epoch }, itemCount };
}

function malformed(what: string): StationError {
	return new StationError("batch-malformed", `batch: ${what}`);
}

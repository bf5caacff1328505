/**
 * What the collector answers: an acknowledgement, given only after the commit, or a refusal. Both
 * travel as the payload of a COSE_Sign1 by the collector's key. CDDL in docs/WIRE.md.
 */
import { CborReader, CborWriter } from "../../core/cbor.js";
import { assert, StationError } from "../../core/errors.js";
import { isStationId, SEQUENCE_MAX } from "../record/entry.js";

/** First item of every signed payload, so that no batch can pass for an answer or the reverse. */
export const PAYLOAD_KINDS = Object.freeze({
	batch: 1,
	acknowledgement: 2,
	refusal: 3,
	possession: 4,
});

export const ANSWER_VERSION = 1;
/** Further ranges beyond the cursor; more would only say the same later. */
export const RANGES_MAX = 4;
/** A configuration rides along whole: about 20 short lines. */
export const CONFIGURATION_BYTES_MAX = 1024;
/** `next` and every other pause that a collector may ask for: a week. */
export const NEXT_SECONDS_MAX = 604_800;

/** Why a collector does not take a batch. The station keeps everything and slows down. */
export const REFUSAL_CODES = Object.freeze({
	/** The station is not enrolled here. */
	"unknown-station": 1,
	/** The signature does not fit the enrolled key. */
	"bad-signature": 2,
	/** The chain continues differently from what is stored. */
	fork: 3,
	/** A number bears other contents than what is stored. */
	"conflicting-content": 4,
	/** The batch's version is newer than this collector; it was kept aside. */
	"unsupported-version": 5,
	malformed: 6,
	/** The batch or its entries name another station or epoch than they belong to. */
	"wrong-station": 7,
	/** The station sends more than its quota; the answer says when to come again. */
	"over-quota": 8,
	/** The key that signed it is revoked: it delivers nothing more. */
	"revoked-key": 9,
} as const);

export type RefusalReason = keyof typeof REFUSAL_CODES;

interface AnswerHead {
	readonly station: string;
	readonly epoch: number;
	/** SHA-256 of the envelope that this answers, 32 bytes. */
	readonly requestHash: Uint8Array;
	/** The collector's clock, Unix seconds. */
	readonly nowUtcSeconds: number;
	/** When the station should come again, seconds from now; 0: as it likes. */
	readonly nextSeconds: number;
}

/** Of sequences in a row, both ends included. */
export interface SequenceRange {
	readonly first: number;
	readonly last: number;
}

/** Stored durably: everything up to `cursor`, and the ranges beyond. */
export interface Acknowledgement extends AnswerHead {
	readonly kind: "acknowledgement";
	/** Highest sequence of this epoch up to which everything is stored; 0 none. */
	readonly cursor: number;
	/** At most four, ascending, apart from each other and from the cursor. */
	readonly ranges: readonly SequenceRange[];
	/** A new configuration in its canonical form, at most 1024 bytes. */
	readonly configuration?: Uint8Array;
}

export interface Refusal extends AnswerHead {
	readonly kind: "refusal";
	/** One of REFUSAL_CODES; a newer collector may send others, 1..255. */
	readonly code: number;
}

export type Answer = Acknowledgement | Refusal;

const UINT32_MAX = 0xffffffff;
const HASH_BYTES = 32;
const STATION_CHARACTERS_MAX = 8;

/** Name of a refusal code, or undefined for one of a newer collector. */
export function refusalReasonOf(code: number): RefusalReason | undefined {
	for (const [name, value] of Object.entries(REFUSAL_CODES)) {
		if (value === code) return name as RefusalReason;
	}
	return undefined;
}

/** The payload of an answer, to be signed by the collector's key. */
export function encodeAnswer(answer: Answer): Uint8Array {
	assert(answer.requestHash.length === HASH_BYTES, "an answer names a hash of 32 bytes");
	const isRefusal = answer.kind === "refusal";
	const writer = new CborWriter()
		.array(isRefusal ? 8 : 10)
		.unsigned(PAYLOAD_KINDS[answer.kind])
		.unsigned(ANSWER_VERSION)
		.text(answer.station)
		.unsigned(answer.epoch)
		.bytes(answer.requestHash)
		.unsigned(answer.nowUtcSeconds)
		.unsigned(answer.nextSeconds);
	if (isRefusal) return writer.unsigned(answer.code).finish();
	assert(answer.ranges.length <= RANGES_MAX, "too many ranges");
	writer.unsigned(answer.cursor).array(2 * answer.ranges.length);
	for (const range of answer.ranges) writer.unsigned(range.first).unsigned(range.last);
	if (answer.configuration === undefined) writer.null();
	else writer.bytes(answer.configuration);
	return writer.finish();
}

/** Reads an answer's payload; throws StationError `acknowledgement-malformed`. */
export function decodeAnswer(payload: Uint8Array): Answer {
	const reader = new CborReader(payload, malformed);
	const count = reader.array(10);
	const kind = reader.unsigned(UINT32_MAX);
	if (kind !== PAYLOAD_KINDS.acknowledgement && kind !== PAYLOAD_KINDS.refusal) {
		throw malformed(`a payload of kind ${kind}`);
	}
	const isRefusal = kind === PAYLOAD_KINDS.refusal;
	const version = reader.unsigned(UINT32_MAX);
	if (version !== ANSWER_VERSION) throw malformed(`version ${version} is not known`);
	if (count !== (isRefusal ? 8 : 10)) throw malformed(`${count} items`);
	const station = reader.text(STATION_CHARACTERS_MAX);
	if (!isStationId(station)) throw malformed("no station id");
	const head = {
		station,
		epoch: reader.unsigned(UINT32_MAX),
		requestHash: reader.bytes(HASH_BYTES, HASH_BYTES),
		nowUtcSeconds: reader.unsigned(UINT32_MAX),
		nextSeconds: reader.unsigned(NEXT_SECONDS_MAX),
	};
	if (isRefusal) {
		const code = reader.unsigned(0xff);
		reader.end();
		if (code === 0) throw malformed("refusal code 0");
		return { kind: "refusal", ...head, code };
	}
	const cursor = reader.unsigned(SEQUENCE_MAX);
	const ranges = readRanges(reader, cursor);
	const configuration = reader.takeNull() ? undefined : reader.bytes(1, CONFIGURATION_BYTES_MAX);
	reader.end();
	return {
		kind: "acknowledgement",
		...head,
		cursor,
		ranges,
		...(configuration === undefined ? {} : { configuration }),
	};
}

function readRanges(reader: CborReader, cursor: number): SequenceRange[] {
	const count = reader.array(2 * RANGES_MAX);
	if (count % 2 !== 0) throw malformed("half a range");
	const ranges: SequenceRange[] = [];
	let before = cursor;
	for (let index = 0; index < count / 2; index++) {
		const first = reader.unsigned(SEQUENCE_MAX);
		const last = reader.unsigned(SEQUENCE_MAX);
		// Touching the one before would be one range, so it must leave at least one number out.
		if (first < before + 2 || last < first) throw malformed(`range ${first} to ${last}`);
		ranges.push({ first, last });
		before = last;
	}
	return ranges;
}

function malformed(what: string): StationError {
	return new StationError("acknowledgement-malformed", `answer: ${what}`);
}

/** What an uplink leaves from wake to wake: 128 bytes for retained memory. */
import { putUint32, uint32At } from "../../core/bytes.js";
import { HEAD_BYTES } from "../../protocol/record/chain.js";
import type { SequenceRange } from "../../protocol/wire/acknowledgement.js";
import { RANGES_MAX } from "../../protocol/wire/acknowledgement.js";
import type { ChainJoin } from "./batch-maker.js";
import { SCHEDULE_BYTES } from "./schedule.js";

const STATE_VERSION = 4;
/**
 * Version, flags, count, spare, mark of the collector's key 2, of the envelope without an answer 2, epoch 4, collector's cursor 4, offered 4,
 * then ranges of 8 bytes, the schedule, the join.
 */
const STATE_HEAD_BYTES = 20;
const SCHEDULE_AT = STATE_HEAD_BYTES + 8 * RANGES_MAX;
const JOIN_AT = SCHEDULE_AT + SCHEDULE_BYTES;
/** 20 + 4 x 8 + 40 + 4 + 32 = 128, of 128 that retained memory has for the uplink. */
export const UPLINK_STATE_BYTES = JOIN_AT + 4 + HEAD_BYTES;
/** Above every sequence. */
export const UNKNOWN = 0xffffffff;

export interface UplinkState {
	/** Of the collector's key, 16 bits: what another collector holds says nothing of what this one does. */
	readonly collectorMark: number;
	/** Of the envelope that was sent last, 16 bits, 0 none. */
	readonly lastSentMark: number;
	readonly isRefused: boolean;
	/** The four below are of this one. */
	readonly epoch: number;
	readonly collectorCursor: number;
	readonly offeredTo: number;
	readonly ranges: readonly SequenceRange[];
	readonly join: ChainJoin | undefined;
}

/** UPLINK_STATE_BYTES, in `bytes` where there are some. */
export function encodeUplinkState(
	state: UplinkState,
	schedule: { save(into: Uint8Array): void },
	bytes: Uint8Array = new Uint8Array(UPLINK_STATE_BYTES),
): Uint8Array {
	bytes.fill(0);
	bytes[0] = STATE_VERSION;
	bytes[1] = state.isRefused ? 1 : 0;
	bytes[2] = state.ranges.length;
	putUint32(bytes, 4, state.collectorMark | (state.lastSentMark << 16));
	putUint32(bytes, 8, state.epoch);
	putUint32(bytes, 12, state.collectorCursor);
	putUint32(bytes, 16, state.offeredTo);
	state.ranges.forEach((range, index) => {
		putUint32(bytes, STATE_HEAD_BYTES + 8 * index, range.first);
		putUint32(bytes, STATE_HEAD_BYTES + 8 * index + 4, range.last);
	});
	schedule.save(bytes.subarray(SCHEDULE_AT, JOIN_AT));
	if (state.join !== undefined) {
		putUint32(bytes, JOIN_AT, state.join.sequence);
		bytes.set(state.join.head, JOIN_AT + 4);
	}
	return bytes;
}

/** The reverse, with the schedule's bytes in their place; undefined for what another version left. */
export function decodeUplinkState(
	bytes: Uint8Array | undefined,
): (UplinkState & { readonly schedule: Uint8Array }) | undefined {
	if (bytes?.length !== UPLINK_STATE_BYTES || bytes[0] !== STATE_VERSION) return undefined;
	const ranges: SequenceRange[] = [];
	for (let index = 0; index < Math.min(bytes[2] ?? 0, RANGES_MAX); index++) {
		ranges.push({
			first: uint32At(bytes, STATE_HEAD_BYTES + 8 * index),
			last: uint32At(bytes, STATE_HEAD_BYTES + 8 * index + 4),
		});
	}
	const marks = uint32At(bytes, 4);
	const sequence = uint32At(bytes, JOIN_AT);
	return {
		collectorMark: marks & 0xffff,
		lastSentMark: marks >>> 16,
		isRefused: bytes[1] === 1,
		epoch: uint32At(bytes, 8),
		collectorCursor: uint32At(bytes, 12),
		offeredTo: uint32At(bytes, 16),
		ranges,
		join: sequence === 0 ? undefined : { sequence, head: bytes.slice(JOIN_AT + 4) },
		schedule: bytes.subarray(SCHEDULE_AT, JOIN_AT),
	};
}

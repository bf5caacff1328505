/**
 * Learns from the readings that pass which parameters the next anchor should carry: a running mean
 * of each difference's size, and the largest step that divides all recent ones. It only chooses;
 * what it chose is in the frame, so that decoding needs none of it.
 */
import { uint32At } from "../../core/bytes.js";
import { bitLengthOf, zigzagOf } from "../../protocol/flash/bits.js";
import { type CodecParameters, ORDER_MAX, QUANTA } from "../../protocol/flash/journal-codec.js";
import { valueFieldsOf } from "../../protocol/flash/steady-fields.js";
import { type FieldSpec, fieldOf } from "../../protocol/record/channel-set.js";
import { ENTRY_HEADER_BYTES } from "../../protocol/record/entry.js";

/** Weight of the newest difference in the running mean: 1/8. */
const MEAN_SHIFT = 8;
const ALL_QUANTA = (1 << QUANTA.length) - 1;
/** Readings that must agree before a step is believed. */
const EVIDENCE_MIN = 4;
/** Order of a field nothing is known of. */
const FIRST_ORDER = 5;
const FIRST_INTERVAL_SECONDS = 300;
/** An interval is taken for jitter of the known one within this many seconds. */
const JITTER_SECONDS = 3;

/** Channel set, evidence, interval. */
const TUNING_FIXED_BYTES = 4;

/** What is learned of one channel set; small, and lost without harm. */
export class CodecTuning {
	#channelSet = 0;
	#fields: readonly FieldSpec[] = [];
	#intervalSeconds = FIRST_INTERVAL_SECONDS;
	/** Mean zigzag of uptime residual, UTC residual, then of each value, in units of its type. */
	#means: number[] = [];
	/** Bit q: QUANTA[q] divides every recent difference of this value. */
	#quanta: number[] = [];
	#evidence = 0;
	#previous: Uint8Array | undefined;

	/** Learns from a reading that was stored as differences from `reference`. */
	observe(canonicalBytes: Uint8Array, reference: Uint8Array): void {
		if (canonicalBytes[2] !== this.#channelSet) this.#reset(canonicalBytes[2] ?? 0);
		const previous = this.#previous ?? reference;
		if (this.#previous !== undefined) this.#observeInterval(canonicalBytes, previous);
		this.#observeTime(canonicalBytes, reference);
		for (let position = 0; position < this.#fields.length; position++) {
			const field = this.#fields[position] as FieldSpec;
			const value = fieldOf(canonicalBytes, ENTRY_HEADER_BYTES, field);
			const referred = fieldOf(reference, ENTRY_HEADER_BYTES, field);
			const last = fieldOf(previous, ENTRY_HEADER_BYTES, field);
			const absent = field.absent;
			if (value === absent || referred === absent || last === absent) continue;
			this.#blend(2 + position, zigzagOf((value - referred) | 0));
			this.#quanta[position] = (this.#quanta[position] ?? 0) & dividing(value - last);
		}
		this.#evidence++;
		this.#previous = canonicalBytes;
	}

	/** Parameters for a new anchor; `isKey` also forgets which steps were ruled out. */
	choose(channelSet: number, isKey: boolean): CodecParameters {
		if (channelSet !== this.#channelSet) this.#reset(channelSet);
		const quanta = this.#fields.map((_, position) =>
			this.#evidence < EVIDENCE_MIN ? 0 : largestOf(this.#quanta[position] ?? 0),
		);
		const orders = [orderOf(this.#means[0] ?? 0, 1), orderOf(this.#means[1] ?? 0, 1)];
		this.#fields.forEach((_, position) => {
			const mean = this.#means[2 + position];
			orders.push(
				mean === undefined ? FIRST_ORDER : orderOf(mean, QUANTA[quanta[position] ?? 0] ?? 1),
			);
		});
		if (isKey) {
			this.#quanta = this.#fields.map(() => ALL_QUANTA);
			this.#evidence = 0;
		}
		return { intervalSeconds: this.#intervalSeconds, orders, quanta };
	}

	/** Bytes of the arrays that are kept, a number counted as eight. */
	get heldBytes(): number {
		return (this.#previous?.length ?? 0) + 8 * (this.#means.length + this.#quanta.length);
	}

	/** What is worth keeping from wake to wake: channel set, interval, evidence, means, steps. */
	save(): Uint8Array {
		const count = this.#fields.length;
		const bytes = new Uint8Array(tuningBytes(count));
		bytes[0] = this.#channelSet;
		bytes[1] = Math.min(this.#evidence, 255);
		bytes[2] = this.#intervalSeconds & 0xff;
		bytes[3] = this.#intervalSeconds >> 8;
		for (let position = 0; position < 2 + count; position++) {
			const packed = packMean(this.#means[position] ?? 0);
			bytes[TUNING_FIXED_BYTES + 2 * position] = packed & 0xff;
			bytes[TUNING_FIXED_BYTES + 2 * position + 1] = packed >> 8;
		}
		bytes.set(this.#quanta, bytes.length - count);
		return bytes;
	}

	/** Takes up what `save` kept; `previous` is the last reading, if it is known. */
	restore(bytes: Uint8Array, previous: Uint8Array | undefined): void {
		this.#reset(bytes[0] ?? 0);
		const count = this.#fields.length;
		if (count === 0 || bytes.length !== tuningBytes(count)) return;
		this.#evidence = bytes[1] ?? 0;
		this.#intervalSeconds = Math.max((bytes[2] ?? 0) | ((bytes[3] ?? 0) << 8), 1);
		for (let position = 0; position < 2 + count; position++) {
			const at = TUNING_FIXED_BYTES + 2 * position;
			this.#means[position] = unpackMean((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
		}
		for (let position = 0; position < count; position++) {
			this.#quanta[position] = bytes[bytes.length - count + position] ?? 0;
		}
		this.#previous = previous;
	}

	#observeInterval(canonicalBytes: Uint8Array, before: Uint8Array): void {
		const step = uint32At(canonicalBytes, 16) - uint32At(before, 16);
		if (step > 0 && step <= 0xffff && Math.abs(step - this.#intervalSeconds) > JITTER_SECONDS) {
			this.#intervalSeconds = step;
		}
	}

	#observeTime(canonicalBytes: Uint8Array, from: Uint8Array): void {
		const elapsed = (uint32At(canonicalBytes, 16) - uint32At(from, 16)) | 0;
		const intervals = Math.round(elapsed / this.#intervalSeconds);
		this.#blend(0, zigzagOf(elapsed - intervals * this.#intervalSeconds));
		const utc = (uint32At(canonicalBytes, 20) - uint32At(from, 20)) | 0;
		this.#blend(1, Math.min(zigzagOf((utc - elapsed) | 0), 255));
	}

	#blend(position: number, zigzag: number): void {
		const mean = this.#means[position];
		this.#means[position] = mean === undefined ? zigzag : mean + (zigzag - mean) / MEAN_SHIFT;
	}

	#reset(channelSet: number): void {
		this.#channelSet = channelSet;
		this.#fields = valueFieldsOf(channelSet);
		this.#means = [];
		this.#quanta = this.#fields.map(() => ALL_QUANTA);
		this.#evidence = 0;
		this.#previous = undefined;
	}
}

function tuningBytes(count: number): number {
	return TUNING_FIXED_BYTES + 2 * (2 + count) + count;
}

/** A mean 0 .. 2^33 in 16 bits: exponent 5 bits, mantissa 11, so that a change of 1/8 shows. */
function packMean(mean: number): number {
	let exponent = 0;
	let mantissa = Math.floor(mean * 16);
	while (mantissa > 0x7ff) {
		mantissa = Math.floor(mantissa / 2);
		exponent++;
	}
	return (exponent << 11) | mantissa;
}

function unpackMean(packed: number): number {
	return ((packed & 0x7ff) * 2 ** (packed >> 11)) / 16;
}

/** Order that suits a mean of `mean` in steps of `quantum`: its logarithm, rounded down. */
function orderOf(mean: number, quantum: number): number {
	const steps = Math.floor(mean / quantum);
	return steps < 2 ? 0 : Math.min(bitLengthOf(Math.min(steps, 0xffffffff)) - 1, ORDER_MAX);
}

function dividing(difference: number): number {
	let mask = 0;
	for (let code = 0; code < QUANTA.length; code++) {
		if (difference % (QUANTA[code] ?? 1) === 0) mask |= 1 << code;
	}
	return mask;
}

function largestOf(mask: number): number {
	let best = 0;
	for (let code = 0; code < QUANTA.length; code++) {
		if ((mask >> code) & 1 && (QUANTA[code] ?? 1) > (QUANTA[best] ?? 1)) best = code;
	}
	return best;
}

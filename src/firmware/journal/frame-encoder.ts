/**
 * Turns canonical bytes into the frame that costs least: a delta against the key, else against the
 * newest anchor, else a new anchor, else a new key. What it made it reads again before it is
 * written: a frame that would not give back the same bytes is stored whole instead.
 */
import { equalBytes, putUint32, uint32At } from "../../core/bytes.js";
import {
	type Anchor,
	encodeAnchor,
	encodeDelta,
	encodeKey,
	encodeRaw,
	isKnownReading,
} from "../../protocol/flash/journal-codec.js";
import {
	FRAME_SLOTS_MAX,
	FRAME_TYPES,
	SLOT_BYTES,
	sealFrame,
} from "../../protocol/flash/journal-format.js";
import {
	CURSOR_AT,
	decodeFrame,
	type StoredAnchor,
	storedAnchor,
} from "../../protocol/flash/journal-image.js";
import { CodecTuning } from "./journal-tuning.js";

/** A frame ready to be written, and what is to be remembered once it is. */
export interface EncodedFrame {
	readonly bytes: Uint8Array;
	readonly slots: number;
	readonly type: number;
	readonly anchor: Anchor | undefined;
	readonly reference: Anchor | undefined;
	readonly canonicalBytes: Uint8Array;
}

/** Seals what was encoded at the start of `frame`; undefined when it took no slots or reads badly. */
type Finish = (
	frame: Uint8Array,
	type: number,
	slots: number,
	reference?: Anchor,
) => EncodedFrame | undefined;

export class FrameEncoder {
	readonly tuning: CodecTuning;
	#key: StoredAnchor | undefined;
	#anchor: StoredAnchor | undefined;

	constructor(tuning = new CodecTuning()) {
		this.tuning = tuning;
	}

	get key(): StoredAnchor | undefined {
		return this.#key;
	}

	get anchor(): StoredAnchor | undefined {
		return this.#anchor;
	}

	/** Bytes of the canonical forms that are kept. */
	get heldBytes(): number {
		const key = this.#key?.canonicalBytes.length ?? 0;
		const anchor = this.#anchor === this.#key ? 0 : (this.#anchor?.canonicalBytes.length ?? 0);
		return key + anchor + this.tuning.heldBytes;
	}

	/** A new sector begins: nothing in it can be referred to yet. */
	beginSector(): void {
		this.#key = undefined;
		this.#anchor = undefined;
	}

	/** Continues in a sector whose newest key and anchor are known. */
	resume(key: StoredAnchor | undefined, anchor: StoredAnchor | undefined): void {
		this.#key = key;
		this.#anchor = anchor;
	}

	/** Frame of the entry with `index` in its sector; allocates the frame. */
	encode(canonicalBytes: Uint8Array, index: number, epoch: number, seed: number): EncodedFrame {
		const sequence = uint32At(canonicalBytes, 8);
		const position = { epoch, sequence };
		const finish: Finish = (frame, type, slots, reference) => {
			if (slots === 0) return undefined;
			sealFrame(frame, type, slots, index, seed);
			const length = slots * SLOT_BYTES;
			const bytes = frame.length === length ? frame : frame.slice(0, length);
			const anchorOf = (wanted: number) => (reference?.index === wanted ? reference : undefined);
			const decoded = decodeFrame(bytes, { type, index }, anchorOf, position);
			if (decoded === undefined || !equalBytes(decoded.canonicalBytes, canonicalBytes))
				return undefined;
			return { bytes, slots, type, anchor: decoded.anchor, reference, canonicalBytes };
		};
		const made = isKnownReading(canonicalBytes)
			? this.#encodeReading(canonicalBytes, index, finish)
			: undefined;
		if (made !== undefined) return made;
		const frame = new Uint8Array(FRAME_SLOTS_MAX * SLOT_BYTES);
		return finish(frame, FRAME_TYPES.raw, encodeRaw(canonicalBytes, frame)) as EncodedFrame;
	}

	/** The frame is durable at `slot`: remembers what later frames may refer to. */
	commit(encoded: EncodedFrame, slot: number): void {
		if (encoded.anchor !== undefined) {
			this.#anchor = storedAnchor(encoded.anchor, slot);
			if (encoded.type === FRAME_TYPES.key) this.#key = this.#anchor;
		}
		if (encoded.reference !== undefined) {
			this.tuning.observe(encoded.canonicalBytes, encoded.reference.canonicalBytes);
		}
	}

	#encodeReading(
		canonicalBytes: Uint8Array,
		index: number,
		finish: Finish,
	): EncodedFrame | undefined {
		const key = this.#key;
		// The usual frame is one slot; the long one is made for those that need it.
		const slot = new Uint8Array(SLOT_BYTES);
		if (key !== undefined) {
			for (const reference of this.#anchor === key ? [key] : [key, this.#anchor ?? key]) {
				const slots = encodeDelta(canonicalBytes, index, reference, slot);
				const made = finish(slot, FRAME_TYPES.delta, slots, reference);
				if (made !== undefined) return made;
			}
		}
		const frame = new Uint8Array(FRAME_SLOTS_MAX * SLOT_BYTES);
		if (key !== undefined) {
			const parameters = this.tuning.choose(canonicalBytes[2] ?? 0, false);
			const slots = encodeAnchor(canonicalBytes, index, key, parameters, frame);
			const made = finish(frame, FRAME_TYPES.anchor, slots, key);
			if (made !== undefined) return made;
		}
		const parameters = this.tuning.choose(canonicalBytes[2] ?? 0, true);
		return finish(frame, FRAME_TYPES.key, encodeKey(canonicalBytes, parameters, frame));
	}
}

/** A cursor frame; `index` is that of the next entry. Of a former epoch it names the last sequence, too. */
export function encodeCursor(
	{ cursor, epoch, last }: { cursor: number; epoch: number; last?: number },
	index: number,
	seed: number,
): { readonly bytes: Uint8Array; readonly slots: number } {
	const slots = last === undefined ? 1 : 2;
	const bytes = new Uint8Array(slots * SLOT_BYTES);
	putUint32(bytes, CURSOR_AT, cursor);
	putUint32(bytes, CURSOR_AT + 4, epoch);
	if (last !== undefined) putUint32(bytes, CURSOR_AT + 8, last);
	sealFrame(bytes, FRAME_TYPES.cursor, slots, index, seed);
	return { bytes, slots };
}

/** Memory that lives through deep sleep and resets: 2 KB of the board, at their end the crash record. */
import type { RetainedMemory } from "../../src/firmware/ports.js";
import { CRASH_RECORD_BYTES } from "../../src/firmware/station/crash-record.js";

const RETAINED_BYTES = 2048;
const CRASH_AT = RETAINED_BYTES - CRASH_RECORD_BYTES;

export class RetainedCells {
	readonly bytes = new Uint8Array(RETAINED_BYTES);
	/** What a power cycle has read of them; who reads them again is of another one. */
	readonly #copy = new Uint8Array(RETAINED_BYTES);
	readonly #state = this.#sectionOf(0, CRASH_AT);
	readonly #crash = this.#sectionOf(CRASH_AT, RETAINED_BYTES);

	/** `check` and `beforeWrite` throw when power is gone. */
	statePortOf(check: () => void, beforeWrite: () => void): RetainedMemory {
		return portOf(this.#state, check, beforeWrite);
	}

	crashPortOf(check: () => void, beforeWrite: () => void): RetainedMemory {
		return portOf(this.#crash, check, beforeWrite);
	}

	#sectionOf(first: number, end: number): Section {
		return { cells: this.bytes.subarray(first, end), copy: this.#copy.subarray(first, end) };
	}
}

interface Section {
	readonly cells: Uint8Array;
	readonly copy: Uint8Array;
}

/** Each wake opens two: their sections are made once. */
function portOf(
	{ cells, copy }: Section,
	check: () => void,
	beforeWrite: () => void,
): RetainedMemory {
	return {
		byteLength: cells.length,
		read: (byteLength) => {
			check();
			copy.set(cells);
			return copy.subarray(0, byteLength);
		},
		write: (bytes) => {
			beforeWrite();
			cells.set(bytes);
		},
	};
}

import { strict as assert } from "node:assert";
import {
	putRetainedState,
	RETAINED_BYTES,
	RetainedSections,
	type RetainedState,
	retainedStateIn,
} from "../../../src/firmware/station/retained-state.js";

/** As it is stored. */
function stored(state: RetainedState): Uint8Array {
	const bytes = new Uint8Array(RETAINED_BYTES);
	putRetainedState(bytes, state);
	return bytes;
}

const STATE: RetainedState = {
	boot: 3,
	bootMilliseconds: 12_345_678_901,
	wakeCount: 99,
	wasAttached: true,
	recordedGapTo: 77,
	calibrationBank: 3,
	networkTimeNotBeforeSeconds: 0xfedcba97,
	delivered: { epoch: 4_000_000_321, to: 57_839 },
	bootLog: { unrecordedReset: "brown-out", isBootWaiting: true, isClockFaulty: true },
	readings: {
		failedProbes: 5,
		isBatteryLow: true,
		batteryStep: 2,
		identities: [1, 0, 0xffff, 4, 5, 6],
	},
	manager: {
		trialEndsMilliseconds: 12_345_999_901.5,
		refusedOffer: 0xfedcba98,
		settledId: -7,
	},
	time: {
		newestUtcSeconds: 1_700_000_100,
		newestMilliseconds: 12_345_678_999.25,
		disciplinedMilliseconds: undefined,
		doubtSeconds: 17,
		isVouched: true,
		stepOffer: { atMilliseconds: 5, utcSeconds: 1_700_000_000, source: 3 },
		reference: { atMilliseconds: 12_345_000_000.5, behindSeconds: -1 },
		hasJumped: true,
		hasUnrecordedStep: true,
	},
	journal: Uint8Array.of(1, 2, 3),
	pace: {
		times: {
			nextReadingMilliseconds: 12_345_978_901,
			lastReadingUtcSeconds: 4_000_000_123,
		},
		events: new Uint8Array(408).fill(7),
		power: new Uint8Array(36).fill(8),
		heartbeat: new Uint8Array(192).fill(9),
	},
	uplink: Uint8Array.of(9),
};

describe("retained state", () => {
	it("comes back as it was stored", () => {
		assert.deepEqual(retainedStateIn(stored(STATE)), STATE);
	});

	it("is the same bytes when its sections are put where they are", () => {
		const bytes = stored(STATE);
		const state = retainedStateIn(bytes);
		assert.ok(state !== undefined);
		putRetainedState(bytes, state);
		assert.deepEqual(bytes, stored(STATE));
	});

	it("is nothing, and zeros, on fresh memory", () => {
		const bytes = new Uint8Array(RETAINED_BYTES).fill(0xa5);
		assert.equal(retainedStateIn(bytes), undefined);
		assert.deepEqual(bytes, new Uint8Array(RETAINED_BYTES));
	});

	it("is there for the wake after a sleep, and for no other boot nor after a wake that died", () => {
		const cells = stored(STATE);
		const memory = {
			byteLength: RETAINED_BYTES,
			read: (byteLength: number) => cells.slice(0, byteLength),
			write: (bytes: Uint8Array) => cells.set(bytes),
		};
		const sections = new RetainedSections(memory, true);
		assert.deepEqual(sections.state, STATE);
		assert.equal(new RetainedSections(memory, true).state, undefined);
		sections.store(STATE);
		assert.deepEqual(cells, stored(STATE));
		assert.equal(new RetainedSections(memory, false).state, undefined);
	});

	it("is nothing when any bit of it flipped", () => {
		const whole = stored(STATE);
		for (let bit = 0; bit < RETAINED_BYTES * 8; bit++) {
			const bytes = whole.slice();
			bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
			assert.equal(retainedStateIn(bytes), undefined, `bit ${bit}`);
		}
	});
});

import { strict as assert } from "node:assert";
import {
	invalidateRetainedState,
	loadRetainedState,
	RETAINED_BYTES,
	type RetainedState,
	storeRetainedState,
} from "../../../src/firmware/station/retained-state.js";

function memory(byteLength = 2048) {
	const bytes = new Uint8Array(byteLength);
	return {
		bytes,
		byteLength,
		read: (into: Uint8Array): void => into.set(bytes.subarray(0, into.length)),
		write: (from: Uint8Array): void => bytes.set(from),
	};
}

const STATE: RetainedState = {
	boot: 3,
	bootMilliseconds: 12_345_678_901,
	wakeCount: 99,
	wasAttached: true,
	recordedGapTo: 77,
	networkTimeNotBeforeSeconds: 0xfedcba97,
	delivered: { epoch: 4_000_000_321, to: 57_839 },
	bootLog: { unrecordedReset: "brown-out", isBootWaiting: true, isClockFaulty: true },
	times: {
		nextReadingMilliseconds: 12_345_978_901,
		lastReadingUtcSeconds: 4_000_000_123,
	},
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
	events: new Uint8Array(408).fill(7),
	power: new Uint8Array(36).fill(8),
	heartbeat: new Uint8Array(192).fill(9),
	uplink: Uint8Array.of(9),
};

describe("retained state", () => {
	it("comes back as it was stored", () => {
		const retained = memory();
		storeRetainedState(retained, STATE);
		assert.deepEqual(loadRetainedState(retained), STATE);
	});

	it("is nothing on fresh memory, after invalidation, and in memory that is too small", () => {
		const retained = memory();
		assert.equal(loadRetainedState(retained), undefined);
		storeRetainedState(retained, STATE);
		invalidateRetainedState(retained);
		assert.equal(loadRetainedState(retained), undefined);
		assert.equal(loadRetainedState(memory(64)), undefined);
	});

	it("is nothing when any bit of it flipped", () => {
		const retained = memory();
		storeRetainedState(retained, STATE);
		for (let bit = 0; bit < RETAINED_BYTES * 8; bit++) {
			const at = bit >> 3;
			retained.bytes[at] = (retained.bytes[at] ?? 0) ^ (1 << (bit & 7));
			assert.equal(loadRetainedState(retained), undefined, `bit ${bit}`);
			retained.bytes[at] = (retained.bytes[at] ?? 0) ^ (1 << (bit & 7));
		}
	});
});

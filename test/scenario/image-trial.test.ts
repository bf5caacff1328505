import { strict as assert } from "node:assert";
import { Bootloader, type SlotImage } from "../../sim/flash/bootloader.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { bareStation, runUntil, START_UTC_SECONDS } from "../support/engines/bare-station.js";

const OLD: SlotImage = { firmwareVersion: 1, isIntact: true };
const NEW: SlotImage = { firmwareVersion: 2, isIntact: true };

/** The new image is staged and the board about to restart into it. */
function staged(): Bootloader {
	const bootloader = new Bootloader({ images: [OLD, NEW] });
	bootloader.boot("power-on");
	bootloader.setBoot(1);
	return bootloader;
}

function played(station: SimulatedStation, minutes: number): void {
	runUntil(station, START_UTC_SECONDS + minutes * 60);
}

describe("a station with a new image", () => {
	it("stays awake on trial, and out of reach of a network keeps the image that measured and stored", () => {
		const bootloader = staged();
		const station = bareStation({ bootloader });
		station.network.faults = { "link-refused": 1 };
		const sleeps: number[] = [];
		station.onSleep = ({ utcSeconds }) => sleeps.push(utcSeconds - START_UTC_SECONDS);
		played(station, 14);
		assert.deepEqual(sleeps, []);
		assert.equal(bootloader.text, "1:valid 2:pendingVerify");
		played(station, 60);
		assert.equal(bootloader.text, "1:valid 2:valid");
		assert.equal(bootloader.running, 1);
		assert.ok(sleeps.length > 5, `${sleeps.length} sleeps`);
		assert.equal(station.counters.crashes, 0);
	});

	it("goes back to the old image when the network is there and nothing is acknowledged", () => {
		const bootloader = staged();
		const station = bareStation({ bootloader });
		played(station, 14);
		assert.equal(bootloader.running, 1);
		played(station, 60);
		assert.equal(bootloader.text, "1:valid 2:aborted");
		assert.equal(bootloader.running, 0);
	});

	it("goes back to the old image when the power fails during the trial", () => {
		const bootloader = staged();
		const station = bareStation({ bootloader });
		played(station, 2);
		station.cutPowerNow(10);
		played(station, 4);
		assert.equal(bootloader.text, "1:valid 2:aborted");
		assert.equal(bootloader.running, 0);
	});

	it("saves slots and otadata with the sleeping station", () => {
		const bootloader = staged();
		const station = bareStation({ bootloader });
		station.network.faults = { "link-refused": 1 };
		played(station, 60);
		while (!station.isAsleep) station.clock.runNext();
		assert.deepEqual(station.save().bootloader, bootloader.save());
		assert.equal(bareStation().save().bootloader, undefined);
	});
});

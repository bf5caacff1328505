import { strict as assert } from "node:assert";
import { Bootloader, type SlotImage } from "../../../sim/flash/bootloader.js";

const A: SlotImage = { firmwareVersion: 1, isIntact: true };
const B: SlotImage = { firmwareVersion: 2, isIntact: true };

/** A runs and is confirmed, B is in the other slot; `cutAfter` operations on otadata the power fails. */
function confirmedA(): { loader: Bootloader; cutAfter: (operations: number) => void } {
	let left = Number.POSITIVE_INFINITY;
	const loader = new Bootloader({
		images: [A, B],
		beforeOperation: () => {
			if (left-- <= 0) throw new Error("power");
		},
	});
	assert.equal(loader.boot("power-on"), A);
	return {
		loader,
		cutAfter: (operations) => {
			left = operations;
		},
	};
}

/** Power fails in `job` after so many operations, comes back, and this is what boots, and otadata then. */
function afterCut(
	{ loader, cutAfter }: ReturnType<typeof confirmedA>,
	operations: number,
	job: () => void,
): string {
	cutAfter(operations);
	assert.throws(job, /power/);
	cutAfter(Number.POSITIVE_INFINITY);
	return `${loader.boot("power-on")?.firmwareVersion} ${loader.text}`;
}

describe("the bootloader's slots", () => {
	it("boots the first slot of a blank otadata and writes that down", () => {
		const { loader } = confirmedA();
		assert.equal(loader.text, "1:valid blank");
		assert.deepEqual([...loader.otadata.subarray(28, 32)], [0x9a, 0x98, 0x43, 0x47]);
	});

	it("takes the second slot of a blank otadata when the first does not verify", () => {
		const loader = new Bootloader({ images: [{ ...A, isIntact: false }, B] });
		assert.equal(loader.boot("power-on"), B);
		assert.equal(loader.text, "2:valid blank");
	});

	it("runs a new image once, on trial", () => {
		const { loader } = confirmedA();
		assert.equal(loader.setBoot(1), true);
		assert.equal(loader.text, "1:valid 2:new");
		assert.equal(loader.boot("reset"), B);
		assert.equal(loader.text, "1:valid 2:pendingVerify");
		assert.equal(loader.isOnTrial, true);
	});

	it("goes back at the next boot that is not a wake, when nobody confirmed", () => {
		const { loader } = confirmedA();
		loader.setBoot(1);
		loader.boot("reset");
		assert.equal(loader.boot("deep-sleep"), B);
		assert.equal(loader.text, "1:valid 2:pendingVerify");
		assert.equal(loader.boot("reset"), A);
		assert.equal(loader.text, "1:valid 2:aborted");
	});

	it("keeps a confirmed image, and goes back when that one calls itself invalid", () => {
		const { loader } = confirmedA();
		loader.setBoot(1);
		loader.boot("reset");
		loader.markValid();
		assert.equal(loader.boot("reset"), B);
		assert.equal(loader.markInvalid(), true);
		assert.equal(loader.boot("reset"), A);
		assert.equal(loader.text, "1:valid 2:invalid");
	});

	it("puts an old image on trial, too, and returns from it", () => {
		const { loader } = confirmedA();
		loader.setBoot(1);
		loader.boot("reset");
		loader.markValid();
		loader.setBoot(0);
		assert.equal(loader.boot("reset"), A);
		assert.equal(loader.boot("reset"), B);
		assert.equal(loader.text, "3:aborted 2:valid");
	});

	it("stays where it is when there is nothing to go back to", () => {
		const { loader } = confirmedA();
		assert.equal(loader.markInvalid(), false);
		assert.equal(loader.boot("reset"), A);
	});

	it("does not stage an image that does not verify", () => {
		const loader = new Bootloader({ images: [A, { ...B, isIntact: false }] });
		loader.boot("power-on");
		assert.equal(loader.setBoot(1), false);
		assert.equal(loader.text, "1:valid blank");
	});

	it("continues with the old image when a switch ends in sleep and no restart", () => {
		const { loader } = confirmedA();
		loader.setBoot(1);
		assert.equal(loader.boot("deep-sleep"), A);
		assert.equal(loader.text, "1:valid 2:new");
	});

	it("boots the intact slot when the chosen one is damaged, and nothing when both are", () => {
		const damaged = { firmwareVersion: 3, isIntact: false };
		const { loader } = confirmedA();
		loader.setBoot(1);
		loader.write(1, damaged);
		assert.equal(loader.boot("reset"), A);
		const dead = new Bootloader({ images: [damaged, undefined] });
		assert.equal(dead.boot("power-on"), undefined);
	});

	it("boots an image through every cut of a switch", () => {
		const outcomes = [0, 1, 2].map((cut) => {
			const bench = confirmedA();
			return afterCut(bench, cut, () => bench.loader.setBoot(1));
		});
		assert.deepEqual(outcomes, ["1 1:valid blank", "1 1:valid blank", "2 1:valid 2:pendingVerify"]);
	});

	it("boots an image through every cut of the bootloader's own write", () => {
		const outcomes = [0, 1, 2].map((cut) => {
			const bench = confirmedA();
			bench.loader.setBoot(1);
			return afterCut(bench, cut, () => bench.loader.boot("reset"));
		});
		assert.deepEqual(outcomes, [
			"2 1:valid 2:pendingVerify",
			"1 1:valid blank",
			"1 1:valid 2:aborted",
		]);
	});

	it("boots an image through every cut of a confirmation", () => {
		const outcomes = [0, 1, 2].map((cut) => {
			const bench = confirmedA();
			bench.loader.setBoot(1);
			bench.loader.boot("reset");
			return afterCut(bench, cut, () => bench.loader.markValid());
		});
		assert.deepEqual(outcomes, ["1 1:valid 2:aborted", "1 1:valid blank", "2 1:valid 2:valid"]);
	});

	it("continues from what was saved: a wake stays with its slot, and a reset ends the trial", () => {
		const before = confirmedA().loader;
		before.setBoot(1);
		assert.equal(before.boot("reset")?.firmwareVersion, 2);
		const saved = JSON.parse(JSON.stringify(before.save())) as ReturnType<typeof before.save>;
		assert.equal(saved.sleptSlot, 1);
		const after = new Bootloader({ images: [A, B] });
		after.load(saved);
		assert.equal(after.text, "1:valid 2:pendingVerify");
		assert.equal(after.isOnTrial, true);
		assert.equal(after.boot("deep-sleep")?.firmwareVersion, 2);
		assert.equal(after.boot("reset")?.firmwareVersion, 1);
		assert.equal(after.text, "1:valid 2:aborted");
	});
});

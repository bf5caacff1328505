import { strict as assert } from "node:assert";
import { PowerCut } from "../../../sim/board/power-cut.js";
import { SimulatedFlash } from "../../../sim/flash/flash.js";
import { TEAR_MODES } from "../../../sim/flash/flash-tear.js";
import { SeededRandom } from "../../../src/core/random.js";

function flashOf(seed = 1): SimulatedFlash {
	return new SimulatedFlash({ sectors: 4, sectorBytes: 256, random: new SeededRandom(seed) });
}

function read(flash: SimulatedFlash, offset: number, length: number): number[] {
	return [...new Uint8Array(flash.read(length, offset))];
}

describe("the simulated flash", () => {
	it("clears bits when it programs and sets them only when it erases", () => {
		const flash = flashOf();
		flash.write(Uint8Array.of(0xf0, 0x0f), 10);
		flash.write(Uint8Array.of(0xff, 0xf3), 10);
		assert.deepEqual(read(flash, 9, 4), [0xff, 0xf0, 0x03, 0xff]);
		flash.eraseBlock(0);
		assert.deepEqual(read(flash, 10, 2), [0xff, 0xff]);
		assert.equal(flash.reprogrammedUnits, 1);
	});

	it("speaks the SDK's words", () => {
		const flash = flashOf();
		assert.throws(() => flash.read(2, 1023), { message: "read failed" });
		assert.throws(() => flash.write(Uint8Array.of(1, 2), 1023), { message: "write failed" });
		assert.throws(() => flash.eraseBlock(4), { message: "erase failed" });
		assert.deepEqual(flash.status(), { size: 1024, blockLength: 256, blocks: 4 });
	});

	it("tears a program in every mode into what that mode may leave", () => {
		const target = Uint8Array.from({ length: 16 }, (_, index) => index * 3);
		for (const mode of TEAR_MODES) {
			const flash = flashOf();
			flash.cutAt(0, { mode, amount: 5 });
			assert.throws(() => flash.write(target, 32), PowerCut);
			assert.throws(() => flash.read(1, 0), PowerCut, "dead until power is back");
			const unstable = flash.unstableBits.size;
			flash.powerUp();
			const left = read(flash, 32, 16);
			// Whatever happened, no bit is clear that was not to be cleared.
			assert.ok(left.every((byte, index) => (byte & target[index]!) === target[index]));
			if (mode === "none") assert.deepEqual(left, Array(16).fill(0xff));
			if (mode === "all") assert.deepEqual(left, [...target]);
			if (mode === "prefix") assert.deepEqual(left.slice(0, 5), [...target.slice(0, 5)]);
			if (mode === "prefix") assert.deepEqual(left.slice(5), Array(11).fill(0xff));
			assert.equal(unstable > 0, ["unstable", "weak", "hidden"].includes(mode), mode);
		}
	});

	it("lets a weakly erased sector read as erased today and otherwise after the next start", () => {
		const flash = flashOf(3);
		flash.write(new Uint8Array(256), 0);
		flash.cutAt(0, { mode: "weak" });
		assert.throws(() => flash.eraseBlock(0), PowerCut);
		assert.ok(flash.bytes.subarray(0, 256).every((byte) => byte === 0xff));
		flash.powerUp();
		assert.ok(flash.bytes.subarray(0, 256).some((byte) => byte !== 0xff));
		flash.eraseBlock(0);
		flash.powerUp();
		assert.ok(
			flash.bytes.subarray(0, 256).every((byte) => byte === 0xff),
			"an erase makes firm",
		);
	});

	it("has blocks that refuse loudly, silently, by halves, and only after a while", () => {
		const flash = flashOf();
		for (let sector = 0; sector < 4; sector++) flash.write(new Uint8Array(256), sector * 256);
		flash.failSector(0, "loud");
		flash.failSector(1, "silent");
		flash.failSector(2, "half-erased");
		flash.failSector(3, "silent", 1);
		assert.throws(() => flash.eraseBlock(0), { message: "erase failed" });
		flash.eraseBlock(1);
		flash.eraseBlock(2);
		flash.eraseBlock(3);
		flash.write(Uint8Array.of(0), 3 * 256);
		assert.deepEqual([...read(flash, 256, 1), ...read(flash, 512, 1)], [0, 0xff]);
		assert.deepEqual([...read(flash, 512 + 128, 1), ...read(flash, 768, 1)], [0, 0xff]);
	});

	it("charges the processor for the time that operations take", () => {
		let microseconds = 0;
		const flash = new SimulatedFlash({
			sectors: 1,
			random: new SeededRandom(1),
			onBusy: (passed) => {
				microseconds += passed;
			},
		});
		flash.eraseBlock(0);
		flash.write(new Uint8Array(16), 0);
		assert.equal(microseconds, 45_000 + 50 + 40);
		flash.slowness = 10;
		flash.eraseBlock(0);
		assert.equal(microseconds, 45_090 + 450_000);
	});

	it("can be cut from outside, in the very operation that is announced", () => {
		const flash = flashOf();
		flash.beforeOperation = (kind) => {
			if (kind === "erase") flash.tearThis({ mode: "none" });
		};
		flash.write(Uint8Array.of(1), 0);
		assert.throws(() => flash.eraseBlock(0), PowerCut);
	});

	it("that refuses everything is changed by no cut of the power either", () => {
		const flash = flashOf();
		flash.write(new Uint8Array(32).fill(0x55), 0);
		const before = flash.bytes.slice();
		flash.refusesAll = true;
		for (const mode of TEAR_MODES) {
			flash.cutAt(0, { mode, amount: 5 });
			assert.throws(() => flash.eraseBlock(0), PowerCut);
			flash.powerUp();
			flash.cutAt(0, { mode, amount: 5 });
			assert.throws(() => flash.write(new Uint8Array(32), 0), PowerCut);
			flash.powerUp();
			assert.deepEqual(flash.bytes, before);
		}
	});
});

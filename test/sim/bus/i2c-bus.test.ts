import { strict as assert } from "node:assert";
import { VirtualClock } from "../../../sim/board/clock.js";
import { type I2CChip, SimulatedI2CBus } from "../../../sim/bus/i2c-bus.js";
import { SeededRandom } from "../../../src/core/random.js";
import type { I2C } from "../../../src/firmware/ports.js";
import { ChipBench, hex } from "../../support/bench/chip-bench.js";

/** A chip of sixteen registers, at 0x20, that remembers what it was told. */
class Registers implements I2CChip {
	address = 0x20;
	isPowered = false;
	readonly memory = new Uint8Array(16);
	readonly writes: string[] = [];
	#pointer = 0;

	setPower(isOn: boolean): void {
		this.isPowered = isOn;
	}

	write(bytes: Uint8Array): boolean {
		this.writes.push(hex(bytes));
		this.#pointer = bytes[0] ?? this.#pointer;
		this.memory.set(bytes.subarray(1), this.#pointer);
		return true;
	}

	read(count: number): Uint8Array {
		return this.memory.slice(this.#pointer, this.#pointer + count);
	}
}

function build(): { bench: ChipBench; chip: Registers; peer: I2C } {
	const bench = new ChipBench();
	const chip = new Registers();
	const peer = bench.plug(chip);
	return { bench, chip, peer };
}

function elapsed(bench: ChipBench, action: () => void): number {
	const start = bench.clock.microseconds;
	action();
	return bench.clock.microseconds - start;
}

describe("the simulated I2C bus", () => {
	it("writes, reads, and reads after a repeated start, into new or given memory", () => {
		const { chip, peer } = build();
		assert.equal(peer.write(Uint8Array.of(3, 0xaa, 0xbb)), undefined);
		assert.equal(hex(peer.writeRead(Uint8Array.of(3), 2)), "aabb");
		const into = new Uint8Array(3);
		assert.equal(peer.read(into), 3);
		assert.equal(hex(into), "aabb00");
		assert.equal(peer.writeRead(Uint8Array.of(4).buffer, into.buffer), 3);
		assert.equal(hex(into), "bb0000");
		assert.deepEqual(chip.writes, ["03aabb", "03", "04"]);
	});

	it("throws what the SDK throws when nobody answers", () => {
		const { bench } = build();
		const stranger = bench.open(0x21);
		assert.throws(() => stranger.read(1), { name: "Error", message: "read failed" });
		assert.throws(() => stranger.write(Uint8Array.of(1)), { message: "write failed" });
		assert.throws(() => stranger.writeRead(Uint8Array.of(1), 1), { message: "writeRead failed" });
	});

	it("takes an empty write for a probe, which does not throw", () => {
		const { bench, chip, peer } = build();
		assert.equal(peer.write(new Uint8Array(0)), undefined);
		chip.setPower(false);
		assert.equal(peer.write(new Uint8Array(0)), 1);
		assert.equal(bench.open(0x21).write(new ArrayBuffer(0)), 1);
	});

	it("takes nine bits a byte, and one more byte for the address", () => {
		const { bench, peer } = build();
		// (2 + 9 x 3) bits at 100 kHz.
		assert.equal(
			elapsed(bench, () => peer.write(Uint8Array.of(1, 2))),
			290,
		);
		// Write of one byte, repeated start, read of four: 200 + 470.
		assert.equal(
			elapsed(bench, () => peer.writeRead(Uint8Array.of(1), 4)),
			670,
		);
	});

	it("refuses a second peer at one address, foreign pins, and use after close", () => {
		const { bench, peer } = build();
		assert.throws(() => bench.open(0x20), { name: "RangeError", message: "duplicate address" });
		const { io, ...pins } = bench.bus.connection;
		assert.throws(() => new io({ ...pins, data: 4, hz: 1, address: 1 }), RangeError);
		peer.close();
		peer.close();
		assert.throws(() => peer.read(1));
		bench.open(0x20);
	});

	it("forgets the peers of the last boot", () => {
		const { bench, peer } = build();
		bench.bus.processorReset();
		assert.throws(() => peer.read(1));
		assert.equal(hex(bench.open(0x20).read(1)), "00");
	});

	it("fails for the whole time-out while the data line is held, until nine clocks free it", () => {
		const { bench, peer } = build();
		bench.bus.stickData(9);
		assert.equal(
			elapsed(bench, () => assert.throws(() => peer.read(1))),
			400_000,
		);
		assert.equal(peer.write(new Uint8Array(0)), 1);
		assert.equal(bench.bus.recovery.clear(), true);
		assert.equal(peer.read(1).byteLength, 1);
	});

	it("needs a second recovery when nine clocks are not enough", () => {
		const { bench, peer } = build();
		bench.bus.stickData(12);
		assert.equal(bench.bus.recovery.clear(), false);
		assert.throws(() => peer.read(1));
		assert.equal(bench.bus.recovery.clear(), true);
	});

	it("is freed by power alone when a chip holds the data or the clock for good", () => {
		for (const stick of ["data", "clock"]) {
			const { bench, peer } = build();
			if (stick === "data") bench.bus.stickData("power");
			else bench.bus.stickClock();
			assert.equal(bench.bus.recovery.clear(), false);
			bench.bus.setPower(false);
			bench.bus.setPower(true);
			assert.equal(bench.bus.recovery.clear(), true);
			assert.equal(peer.read(1).byteLength, 1);
		}
	});

	it("is dead while unpowered circuits clamp it", () => {
		const clock = new VirtualClock();
		const rail = { isOn: false };
		const bus = new SimulatedI2CBus({ clock, isClamped: () => !rail.isOn });
		const chip = new Registers();
		bus.attach(chip);
		chip.setPower(true);
		const { io, ...pins } = bus.connection;
		const peer = new io({ ...pins, hz: 100_000, address: 0x20, timeout: 5 });
		assert.throws(() => peer.read(1), { message: "read failed" });
		assert.equal(clock.microseconds, 5000);
		assert.equal(bus.recovery.clear(), false);
		rail.isOn = true;
		assert.equal(peer.read(1).byteLength, 1);
	});

	it("lets a cut be thrown out of an operation before the chip hears of it", () => {
		const clock = new VirtualClock();
		const bus = new SimulatedI2CBus({
			clock,
			beforeOperation: (_kind, address) => {
				throw new RangeError(`cut at ${address}`);
			},
		});
		const chip = new Registers();
		bus.attach(chip);
		chip.setPower(true);
		const { io, ...pins } = bus.connection;
		const peer = new io({ ...pins, hz: 100_000, address: 0x20 });
		assert.throws(() => peer.write(Uint8Array.of(1, 2)), { message: "cut at 32" });
		assert.deepEqual(chip.writes, []);
	});
});

describe("a read that is torn by a cut", () => {
	/** Tears one read of `byte`; the number of clocks that the line then needs, 0 if it is free. */
	function clocksAfterTear(byte: number, seed: number): number {
		const clock = new VirtualClock();
		const power = { fails: false };
		const bus = new SimulatedI2CBus({
			clock,
			tearing: new SeededRandom(seed),
			beforeOperation: () => {
				if (power.fails) throw new RangeError("cut");
			},
		});
		const chip = new Registers();
		chip.memory[0] = byte;
		bus.attach(chip);
		chip.setPower(true);
		const { io, ...pins } = bus.connection;
		const options = { ...pins, hz: 100_000, address: 0x20, timeout: 1 };
		const peer = new io(options);
		power.fails = true;
		assert.throws(() => peer.write(Uint8Array.of(0)), { message: "cut" });
		assert.throws(() => peer.read(1), { message: "cut" });
		power.fails = false;
		bus.processorReset();
		const next = new io(options);
		try {
			next.read(1);
			return 0;
		} catch {
			const before = clock.microseconds;
			assert.equal(bus.recovery.clear(), true);
			next.read(1);
			return (clock.microseconds - before - 10 - 200) / 10;
		}
	}

	it("holds the line until the next one bit or the acknowledgement", () => {
		const seeds = Array.from({ length: 200 }, (_, seed) => seed);
		const seen = (byte: number): number[] =>
			[...new Set(seeds.map((seed) => clocksAfterTear(byte, seed)))].sort((a, b) => a - b);
		assert.deepEqual(seen(0xff), [0]);
		assert.deepEqual(seen(0x00), [1, 2, 3, 4, 5, 6, 7, 8]);
		// 1 000 1 000: free at the ones, up to three clocks before the next one or the end.
		assert.deepEqual(seen(0x88), [0, 1, 2, 3]);
	});
});

describe("faults laid over the bus", () => {
	it("refuse so many transactions of one address, after some that pass", () => {
		const { bench, peer } = build();
		bench.bus.addFault({ kind: "nack", address: 0x20, skip: 1, times: 2 });
		peer.read(1);
		assert.throws(() => peer.read(1));
		assert.equal(peer.write(new Uint8Array(0)), 1);
		peer.read(1);
		assert.equal(bench.bus.counters.nacks, 2);
	});

	it("corrupt one byte of a read, and one of a write", () => {
		const { bench, chip, peer } = build();
		peer.write(Uint8Array.of(0, 0x10, 0x20));
		bench.bus.addFault({ kind: "corrupt-read", address: 0x20, byteIndex: 1, xor: 0x01 });
		assert.equal(hex(peer.writeRead(Uint8Array.of(0), 2)), "1021");
		assert.equal(hex(peer.writeRead(Uint8Array.of(0), 2)), "1020");
		bench.bus.addFault({ kind: "corrupt-write", byteIndex: 1, xor: 0x80 });
		peer.write(Uint8Array.of(5, 0x01));
		assert.equal(chip.memory[5], 0x81);
	});

	it("stretch the clock: a little costs time, more than the master bears fails", () => {
		const { bench, peer } = build();
		bench.bus.addFault({ kind: "stretch", milliseconds: 10 });
		assert.equal(
			elapsed(bench, () => peer.read(1)),
			10_200,
		);
		bench.bus.addFault({ kind: "stretch", milliseconds: 20 });
		assert.equal(
			elapsed(bench, () => assert.throws(() => peer.read(1))),
			13_100,
		);
		peer.read(1);
	});

	it("strike together, and go when they are taken away", () => {
		const { bench, peer } = build();
		bench.bus.addFault({ kind: "stretch", milliseconds: 1, times: Number.POSITIVE_INFINITY });
		bench.bus.addFault({ kind: "nack" });
		bench.bus.addFault({ kind: "stretch", milliseconds: 2 });
		assert.equal(
			elapsed(bench, () => assert.throws(() => peer.read(1))),
			3110,
		);
		assert.equal(
			elapsed(bench, () => peer.read(1)),
			1200,
		);
		bench.bus.clearFaults();
		assert.equal(
			elapsed(bench, () => peer.read(1)),
			200,
		);
	});

	it("mix the answers of two chips at one address", () => {
		const { bench, chip, peer } = build();
		const second = new Registers();
		bench.bus.attach(second);
		second.setPower(true);
		chip.memory[0] = 0b1100;
		second.memory[0] = 0b1010;
		assert.equal(hex(peer.read(1)), "08");
	});
});

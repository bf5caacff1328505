import { strict as assert } from "node:assert";
import DS18B20 from "../../drivers/ds18b20.js";
import { crc8Of } from "../../drivers/one-wire.js";
import type { OneWire } from "../../src/firmware/ports.js";

const ROM = withCrc([0x28, 0xff, 0x4b, 0x12, 0x34, 0x56, 0x78]);
const POWER_ON = [0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10, 0x1c];

function withCrc(bytes: readonly number[]): number[] {
	return [...bytes, crc8Of(Uint8Array.from(bytes))];
}

/** A scratchpad of so many sixteenths of a degree; resolution 12 bits unless told. */
function scratchpad(steps: number, configuration = 0x7f): number[] {
	const rest = [0x4b, 0x46, configuration, 0xff, 0x0c, 0x10];
	return withCrc([steps & 0xff, (steps >> 8) & 0xff, ...rest]);
}

function build(
	options: { rom?: readonly number[]; isPresent?: boolean; busy?: number[]; alarm?: number } = {},
) {
	const lines: string[] = [];
	const busy = options.busy ?? [];
	const scratchpads: (readonly number[])[] = [];
	let alarms: readonly number[] = [0x4b, 0x46];
	let hasConverted = false;
	class Wire implements OneWire {
		reset(): boolean {
			lines.push("reset");
			return options.isPresent ?? true;
		}
		write(bytes: Uint8Array): void {
			lines.push([...bytes].map((byte) => byte.toString(16)).join(" "));
			if (bytes[1] === 0x4e) alarms = [...bytes.slice(2, 4)];
			if (bytes[1] === 0x44) hasConverted = true;
		}
		read(byteLength: number): ArrayBuffer {
			// Alone on the wire, with an alarm by its conversion: bit 0, its complement, and nobody more.
			if (byteLength === 1 && lines.at(-1) === "ec")
				return Uint8Array.of(options.alarm ?? 0xfe).buffer;
			if (byteLength === 1) return Uint8Array.of(busy.shift() ?? 0).buffer;
			if (byteLength === 8) return Uint8Array.from(options.rom ?? ROM).buffer;
			// Before it converts it shows 85 degC.
			const first = withCrc([...POWER_ON.slice(0, 2), ...alarms, ...POWER_ON.slice(4, 8)]);
			const bytes = hasConverted ? (scratchpads.shift() ?? []) : first;
			hasConverted = false;
			return Uint8Array.from(bytes).buffer;
		}
		close(): void {}
	}
	const probe = new DS18B20({ sensor: { io: Wire, pin: 4 } });
	/** `isSameLife`: the part kept what was written to it. */
	const read = (bytes: readonly number[], isSameLife = true): number | undefined => {
		probe.begin();
		const isPart = bytes.some((byte) => byte !== bytes[0]);
		const kept = [...bytes.slice(0, 2), ...alarms, ...bytes.slice(4, 8)];
		const isWhole = bytes[8] === crc8Of(Uint8Array.from(bytes.slice(0, 8)));
		scratchpads.push(isSameLife && isPart && isWhole ? withCrc(kept) : bytes);
		return probe.sample()?.thermometer.temperature;
	};
	return { lines, probe, read };
}

function code(expected: string) {
	return (error: unknown) => (error as { code?: string }).code === expected;
}

describe("the DS18B20 driver", () => {
	it("knows the CRC of the datasheet's scratchpads", () => {
		assert.equal(crc8Of(Uint8Array.from(POWER_ON.slice(0, 8))), 0x1c);
		const warm = [0x91, 0x01, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10];
		assert.equal(crc8Of(Uint8Array.from(warm)), 0x70);
	});

	it("identifies, converts and reads the scratchpad", () => {
		const { lines, probe, read } = build();
		assert.equal(read(scratchpad(0x0191)), 25.0625);
		assert.deepEqual(lines, [
			"reset",
			"33",
			"reset",
			"cc be",
			"reset",
			"cc 4e 81 7e 7f",
			"reset",
			"cc 44",
			"reset",
			"cc be",
		]);
		assert.equal(probe.identification.uniqueID, ROM.map((byte) => byte.toString(16)).join(""));
	});

	it("tells a part to convert once more that does not look busy, and one that never does is read all the same", () => {
		for (const busy of [
			[0xff, 0],
			[0xff, 0xff],
		]) {
			const { lines, read } = build({ busy });
			assert.equal(read(scratchpad(0x0191)), 25.0625);
			assert.deepEqual(lines.slice(6), ["reset", "cc 44", "reset", "cc 44", "reset", "cc be"]);
		}
	});

	it("reads below zero, and only the bits of its resolution", () => {
		assert.equal(build().read(scratchpad(0xff5e & 0xffff)), -10.125);
		assert.equal(build().read(scratchpad(0x0197, 0x1f)), 25);
	});

	for (const [what, bytes] of [
		["85 degC", POWER_ON],
		[
			"25 degC, as clones do, of which byte 7 is 66",
			withCrc([0x90, 1, 0x4b, 0x46, 0x7f, 0xff, 0xc, 0x66]),
		],
		["what it read before", scratchpad(84 * 16)],
	] as const) {
		it(`refuses what a part shows that lost power and came back with ${what}`, () => {
			const { read } = build();
			assert.equal(read(scratchpad(84 * 16)), 84);
			assert.throws(() => read(bytes, false), code("probe-malformed"));
			assert.throws(() => read(bytes, false), code("probe-malformed"));
			assert.equal(read(scratchpad(0x0191)), 25.0625);
		});
	}

	it("takes 85.0 degC and 25.0 degC that were measured", () => {
		const { read } = build();
		assert.equal(read(POWER_ON), 85);
		assert.equal(read(scratchpad(25 * 16)), 25);
	});

	it("takes 85 degC that was there before only where the alarm search finds this part alone", () => {
		for (const alarm of [0xff, 0x00, 0xfc, 0xfd]) {
			assert.throws(() => build({ alarm }).read(POWER_ON), code("probe-malformed"));
		}
	});

	it("takes an all-zero scratchpad for a shorted wire, though its CRC holds", () => {
		const zeros = Array.from({ length: 9 }, () => 0);
		assert.equal(crc8Of(Uint8Array.from(zeros)), 0);
		assert.throws(() => build().read(zeros), code("probe-malformed"));
	});

	it("takes all ones and no presence for an absent part", () => {
		assert.throws(() => build().read(Array.from({ length: 9 }, () => 0xff)), code("probe-absent"));
		assert.throws(() => build({ isPresent: false }).read([]), code("probe-absent"));
	});

	it("refuses any single flipped bit, and a part of another family", () => {
		for (let bit = 0; bit < 72; bit++) {
			const bytes = scratchpad(0x0191);
			bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
			assert.throws(() => build().read(bytes), code("probe-malformed"), `bit ${bit}`);
		}
		const rom = withCrc([0x10, 1, 2, 3, 4, 5, 6]);
		assert.throws(() => build({ rom }).read(scratchpad(0)), code("probe-malformed"));
	});
});

/** A station in a recorded river with holes: it measures what the recording says, and nothing else. */

import { strict as assert } from "node:assert";
import { type Recording, riverOf, WATER_CHANNELS } from "../../sim/river/recorded-river.js";
import type { WaterChannel } from "../../sim/river/water.js";
import { StationLine } from "../../sim/shell/station-line.js";
import { DerivationContext, type DerivedReading } from "../../src/protocol/record/derive.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";

const START = 1_790_812_800;
const STEP = 900;
const HOUR = 3600;

/** Six hours of a river that stands still; `rowsOf` picks the rows that are there, `has` their values. */
function recording(
	isThere: (row: number) => boolean,
	has: (channel: WaterChannel, row: number) => boolean,
): Recording {
	const rows = Array.from({ length: 25 }, (_, row) => row).filter(isThere);
	const [pH, conductivity, turbidity, temperature] = [7.1, 750, 12, 14].map((value, index) =>
		Float64Array.from(rows, (row) =>
			has(WATER_CHANNELS[index] as WaterChannel, row) ? value : Number.NaN,
		),
	) as [Float64Array, Float64Array, Float64Array, Float64Array];
	return {
		utcSeconds: Float64Array.from(rows, (row) => START + row * STEP),
		values: {
			pH,
			conductivityAt25MicrosiemensPerCm: conductivity,
			turbidityFormazinUnits: turbidity,
			temperatureCelsius: temperature,
		},
		stepSeconds: STEP,
	};
}

/** What the station recorded in six hours of it, by seconds since the start. */
async function readingsIn(of: Recording): Promise<Map<number, DerivedReading>> {
	const river = riverOf("recorded", of);
	const line = await StationLine.open({ seed: 3, river, seconds: 6 * HOUR });
	const context = new DerivationContext();
	const readings = new Map<number, DerivedReading>();
	const entries = line.played.witness.returned.map((canonicalBytes) => decodeEntry(canonicalBytes));
	for (const entry of entries) context.observe(entry);
	for (const entry of entries) {
		const derived = context.derive(entry);
		if (derived !== undefined) readings.set(entry.utcSeconds - START, derived);
	}
	line.close();
	return readings;
}

describe("a station in a recorded river with holes", function () {
	this.timeout(60_000);
	const { absent, fault } = CHANNEL_FLAGS;

	it("has no value of a channel where its cell is empty, with the flags of a probe that is silent", async () => {
		const readings = await readingsIn(
			recording(
				() => true,
				(channel, row) => channel !== "pH" || row < 8 || row > 12,
			),
		);
		let silent = 0;
		for (const [seconds, { pH, conductivity: conductivityAt25, turbidity }] of readings) {
			const isSilent = seconds > 7 * STEP + STEP / 2 && seconds < 13 * STEP - STEP / 2;
			const what = `after ${seconds} s`;
			assert.equal(pH.value === undefined, isSilent, what);
			if (isSilent) {
				silent++;
				assert.equal(pH.flags & (absent | fault), absent | fault, what);
			} else assert.ok(Math.abs((pH.value ?? 0) - 7.1) < 0.02, `${what}: ${pH.value}`);
			assert.ok(Math.abs((conductivityAt25.value ?? 0) - 750) < 15, what);
			assert.ok(turbidity.value !== undefined, what);
		}
		assert.ok(silent >= 12, `${silent} readings`);
	});

	it("measures nothing through a hole of hours, and everything again after it", async () => {
		const readings = await readingsIn(
			recording(
				(row) => row < 6 || row > 16,
				() => true,
			),
		);
		let silent = 0;
		for (const [seconds, reading] of readings) {
			const isSilent = seconds > 5 * STEP + STEP / 2 && seconds < 17 * STEP - STEP / 2;
			const { battery: batteryVolts, turbidity, dissolvedOxygen, ...circuits } = reading;
			assert.equal(dissolvedOxygen.value, undefined);
			for (const [channel, { value, flags }] of Object.entries(circuits)) {
				assert.equal(value === undefined, isSilent, `${channel} after ${seconds} s`);
				if (isSilent) assert.notEqual(flags & fault, 0, `${channel} after ${seconds} s`);
			}
			// A loop in which no current flows: its raw 0 V stand in the record, marked as a fault.
			assert.equal((turbidity.flags & fault) !== 0, isSilent, `turbidity after ${seconds} s`);
			if (!isSilent) assert.ok(Math.abs((turbidity.value ?? 0) - 12) < 3, `${turbidity.value}`);
			assert.ok((batteryVolts.value ?? 0) > 12);
			if (isSilent) silent++;
		}
		assert.ok(silent >= 30, `${silent} readings`);
	});
});

/** The sums of the real station's table in POWER.md, and the simulator's currents in it. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, sources } from "../support/sources.js";

const EFFICIENCY = 0.85;

interface Row {
	readonly what: string;
	readonly milliamperes: number;
	readonly volts: number;
	readonly seconds: number;
	readonly milliwattHours: number;
}

function rowsOf(paper: string): readonly Row[] {
	const number = "([\\d.]+)";
	const pattern = new RegExp(
		`^\\| (.+?) +\\| ${number} +\\| ${number} +\\| (\\d+) +\\| ${number} +\\| .+ \\|$`,
		"gm",
	);
	return [...paper.matchAll(pattern)].map(([, what = "", ...cells]) => {
		const [milliamperes = 0, volts = 0, seconds = 0, milliwattHours = 0] = cells.map(Number);
		return { what, milliamperes, volts, seconds, milliwattHours };
	});
}

describe("the real station's table in POWER.md", () => {
	const rows = rowsOf(readFileSync(join(PROJECT, "docs/POWER.md"), "utf8"));

	it("has sums that are those of its currents, volts and seconds", () => {
		assert.equal(rows.length, 17);
		for (const { what, milliamperes, volts, seconds, milliwattHours } of rows) {
			const sum = (milliamperes * volts * seconds) / EFFICIENCY / 3600;
			assert.equal(milliwattHours, Math.round(sum * 10) / 10, what);
		}
	});

	it("has the currents that the simulator's account takes", () => {
		const [supply] = sources("sim/board").filter(({ path }) => path.endsWith("/supply.ts"));
		const numberOf = (name: string): number =>
			Number(new RegExp(`const ${name} = ([\\d.]+);`).exec(supply?.code ?? "")?.[1]);
		const currentOf = (what: string) => rows.find((row) => row.what === what)?.milliamperes;
		assert.equal(numberOf("CONVERTER_EFFICIENCY"), EFFICIENCY);
		assert.equal(currentOf("asleep, simulator"), numberOf("SLEEP_MILLIAMPERES"));
		assert.equal(
			currentOf("waits for probes in light sleep"),
			numberOf("LIGHT_SLEEP_MILLIAMPERES"),
		);
		assert.equal(currentOf("waits for probes awake"), numberOf("PROCESSOR_MILLIAMPERES"));
		assert.match(supply?.code ?? "", /draw\("loop", isOn \? 22 : 0, LOOP_VOLTS\)/);
		assert.match(supply?.code ?? "", /connecting: 110,/);
	});
});

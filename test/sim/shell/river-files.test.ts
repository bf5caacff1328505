import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WATER_CHANNELS } from "../../../sim/river/recorded-river.js";
import type { River } from "../../../sim/river/river.js";
import { readRiverFile } from "../../../sim/shell/river-file.js";
import { SeededRandom } from "../../../src/core/random.js";
import { IS_LONG, IS_WHOLE } from "../../support/depth.js";
import { drawRiverFile, type RiverFile, type RiverRow } from "../../support/trials/river-files.js";

const FIRST_SEED = Number(process.env["BISTRINA_SEED"] ?? 1);
const FILES = IS_LONG ? 20_000 : IS_WHOLE ? 1500 : 40;
const FAULTS_SHOWN = 10;

/** What a channel reads at a time, by docs/RIVER.md; NaN: its probe is silent. */
function valueBy(rows: readonly RiverRow[], channel: number, utcSeconds: number): number {
	const value = (row: RiverRow | undefined): number => row?.values[channel] ?? Number.NaN;
	const at = rows.findIndex((row) => row.utcSeconds >= utcSeconds);
	if (at < 0) return value(rows.at(-1));
	const [before, after] = [rows[at - 1], rows[at]];
	if (before === undefined || after === undefined || after.utcSeconds === utcSeconds)
		return value(after);
	const steps = rows.slice(1).map((row, index) => row.utcSeconds - (rows[index]?.utcSeconds ?? 0));
	const usual = steps.sort((one, other) => one - other)[Math.floor(steps.length / 2)] ?? 0;
	const distance = after.utcSeconds - before.utcSeconds;
	const share = (utcSeconds - before.utcSeconds) / distance;
	if (distance <= 3 * usual && !Number.isNaN(value(before)) && !Number.isNaN(value(after))) {
		return value(before) * (1 - share) + value(after) * share;
	}
	const near = [before, after].find(
		(row) => !Number.isNaN(value(row)) && Math.abs(row.utcSeconds - utcSeconds) <= usual / 2,
	);
	return value(near);
}

function requireAsWritten(river: River, { rows }: RiverFile, printed: readonly string[]): void {
	const times = rows.flatMap(({ utcSeconds }, at) => {
		const next = rows[at + 1]?.utcSeconds ?? utcSeconds + 1e6;
		return [0, 0.1, 0.4, 0.6, 0.9].map((share) => utcSeconds + share * (next - utcSeconds));
	});
	const first = rows[0]?.utcSeconds ?? 0;
	assert.equal(river.firstUtcSeconds, first);
	assert.equal(river.lastUtcSeconds, rows.at(-1)?.utcSeconds);
	for (const utcSeconds of [first - 1e6, ...times.slice(0, 60), ...times.slice(-60)]) {
		const [state, unknown] = [river.at(utcSeconds), river.unknownAt?.(utcSeconds) ?? []];
		for (const [index, channel] of WATER_CHANNELS.entries()) {
			const due = valueBy(rows, index, utcSeconds);
			const got = unknown.includes(channel) ? Number.NaN : state[channel];
			const isIt = Number.isNaN(due) ? Number.isNaN(got) : Math.abs(got - due) < 1e-6;
			assert.ok(
				isIt,
				`${channel} at ${new Date(utcSeconds * 1000).toISOString()}: ${got} for ${due}`,
			);
		}
	}
	for (const [index, name] of ["ph", "ec25_us_cm", "turbidity_ntu", "temperature_c"].entries()) {
		const empty = rows.filter(({ values }) => Number.isNaN(values[index])).length;
		const said = printed.find((line) => line.includes(`: ${name}: no value in `));
		if (empty === 0) assert.equal(said, undefined);
		else assert.match(said ?? "", new RegExp(`no value in ${empty} of ${rows.length} rows`));
	}
}

function requireFaults(message: string, path: string, { faults }: RiverFile): void {
	const lines = message.split("\n");
	const more = faults.length - FAULTS_SHOWN;
	if (more > 0) assert.equal(lines.pop(), `and ${more} faults more`);
	const places = lines.map((line) => {
		assert.ok(line.startsWith(`${path}:`), line);
		return line
			.slice(path.length + 1)
			.split(":", 2)
			.join(":");
	});
	assert.equal(places.length, Math.min(faults.length, FAULTS_SHOWN), message);
	if (more > 0) {
		for (const place of places)
			assert.ok(faults.includes(place), `${place} of ${faults.join(" ")}`);
	} else assert.deepEqual([...places].sort(), [...faults].sort());
}

describe("recorded rivers as loggers write them", () => {
	let folder: string;

	before(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-rivers-"));
	});

	after(() => {
		rmSync(folder, { recursive: true });
	});

	it("are the rivers that the document says, or every fault is told with its place", async () => {
		const path = join(folder, "river.csv");
		const counts = { right: 0, refused: 0 };
		const wrong: string[] = [];
		for (let seed = FIRST_SEED; seed < FIRST_SEED + FILES; seed++) {
			const file = drawRiverFile(new SeededRandom(seed));
			writeFileSync(path, file.bytes);
			const { columns, zone, isSorted } = file;
			const printed: string[] = [];
			let what: River | Error;
			try {
				what = await readRiverFile(path, { columns, zone, isSorted }, (line) => printed.push(line));
			} catch (error) {
				what = error as Error;
			}
			try {
				if (what instanceof Error) {
					assert.equal(what.name, "OperationalError", what.stack);
					requireFaults(what.message, path, file);
					counts.refused++;
				} else {
					assert.deepEqual(file.faults, []);
					requireAsWritten(what, file, printed);
					counts.right++;
				}
			} catch (error) {
				wrong.push(`BISTRINA_SEED=${seed}: ${(error as Error).message}`);
			}
		}
		assert.equal(wrong.slice(0, 5).join("\n"), "", `${wrong.length} files`);
		assert.ok(counts.right > FILES / 5 && counts.refused > FILES / 5, JSON.stringify(counts));
	});
});

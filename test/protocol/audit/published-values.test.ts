import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VALUE_COLUMNS } from "../../../src/protocol/audit/published-values.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { CONFIGURATION_BODY } from "../../support/data/configuration-body.js";
import { fieldsOfNamed, namedOf } from "../../support/data/named-reading.js";
import { seededValues } from "../../support/data/seeded-values.js";
import {
	cellsByName,
	valuesRequest,
	valuesRows,
	valuesTable,
} from "../../support/data/values-table.js";
import { IS_LONG, IS_WHOLE, proof, whole } from "../../support/depth.js";
import type { ValuesRequest } from "../../support/engines/xs-values.js";
import { PROJECT } from "../../support/sources.js";
import { mutatedTable, VALUES_MUTANTS } from "../../support/trials/values-mutants.js";
import { oracleTable } from "../../support/trials/values-oracle.js";

const SEEDS = IS_LONG ? 2000 : IS_WHOLE ? 40 : 10;
const policy = readFileSync(join(PROJECT, "policies/bor.json"), "utf8");

const header = (sequence: number, utcSeconds: number) => ({
	channelSet: 0,
	timeQuality: utcSeconds === 0 ? 0 : 2,
	epoch: 7,
	sequence,
	boot: 1,
	uptimeSeconds: sequence * 300,
	utcSeconds,
	configurationId: 1,
	stationFlags: 0,
});

const CONFIGURATION: Entry = {
	...header(1, 1_790_812_800),
	...CONFIGURATION_BODY,
};

/** At 2026-10-01T00:00:00Z and every five minutes after. */
function reading(sequence: number, pHMilli: number | undefined, utcSeconds?: number): Entry {
	return {
		...header(sequence, utcSeconds ?? 1_790_812_800 + (sequence - 2) * 300),
		channelSet: 1,
		kind: "reading",
		fields: fieldsOfNamed({
			pHMilli,
			pHFlags: pHMilli === undefined ? 1 : 0,
			pHCalibration: 0,
			temperatureMillidegrees: 20_000 + 20 * sequence,
			temperatureFlags: 0,
			temperatureCalibration: 0,
			conductivityHundredths: 50_000 + 100 * sequence,
			conductivityFlags: 0,
			conductivityCalibration: 0,
			turbidityMicrovolts: 687_500 + 125 * (sequence % 3),
			turbiditySpreadSteps: 2,
			turbidityRange: 0,
			turbidityFlags: 0,
			turbidityCalibration: 0,
			batteryMillivolts: 12_750,
			batteryFlags: 0,
		}),
	};
}

function rowsOf(values: readonly (number | undefined)[]) {
	const readings = values.map((pHMilli, index) => reading(index + 2, pHMilli));
	const entries = [CONFIGURATION, ...readings];
	return valuesRows({ station: "bor-1", entries, policies: [policy] }).map(cellsByName);
}

describe("the published table", () => {
	whole("is what another program makes of the paper, byte for byte", function () {
		this.timeout(300_000);
		for (let seed = 1; seed <= SEEDS; seed++) {
			const input = seededValues(seed);
			assert.equal(
				valuesTable(input),
				oracleTable(input.station, input.entries, input),
				`seed ${seed}`,
			);
		}
	});

	proof("is found wrong by that program with any one of eighteen mistakes", async function () {
		this.timeout(300_000);
		assert.equal(VALUES_MUTANTS.length, 18);
		const requests: { readonly request: ValuesRequest; readonly expected: string }[] = [];
		for (let seed = 1; seed <= 24; seed++) {
			const input = seededValues(seed, 130);
			requests.push({
				request: valuesRequest(input),
				expected: oracleTable(input.station, input.entries, input),
			});
		}
		const unfound: string[] = [];
		for (const mutant of [undefined, ...VALUES_MUTANTS]) {
			const folder = mkdtempSync(join(tmpdir(), "bistrina-values-"));
			try {
				const table = await mutatedTable(folder, mutant);
				const isFound = requests.some(({ request, expected }) => table(request) !== expected);
				if (!isFound) unfound.push(mutant?.name ?? "none");
			} finally {
				rmSync(folder, { recursive: true });
			}
		}
		assert.deepEqual(unfound, ["none"]);
	});

	it("says of each reading how each value of it came about", () => {
		const [first] = rowsOf([7810, 7812, 7811]);
		assert.equal(first?.["time"], "2026-10-01T00:00:00Z");
		assert.equal(first?.["derivation"], "2");
		assert.match(first?.["policy"] ?? "", /^1:[0-9a-f]{32}$/);
		assert.equal(first?.["ph_raw"], "7.810");
		assert.equal(first?.["ph"], "7.810");
		assert.equal(first?.["ph_qc_agg"], "1");
		assert.equal(first?.["ph_qc_tests"], "1102110");
		assert.equal(first?.["ph_status"], "provisional");
		assert.equal(first?.["ph_grade"], "");
		assert.equal(first?.["ec_raw_us_cm"], "502.00");
		// 502 uS/cm at 20.04 degC: the factor of ISO 7888 is 1.114987 there.
		assert.equal(first?.["ec25_us_cm"], "559.72");
		assert.equal(first?.["ec25_method"], "iso-7888");
		assert.equal(first?.["turbidity_unit"], "FNU");
		assert.equal(first?.["battery_v"], "12.750");
	});

	it("shows a missing value as missing in every test that was asked for, and gives it no status", () => {
		const [, second] = rowsOf([7810, undefined, 7812]);
		assert.equal(second?.["ph"], "");
		assert.equal(second?.["ph_qc_agg"], "9");
		assert.equal(second?.["ph_qc_tests"], "9909990");
		assert.equal(second?.["ph_status"], "");
	});

	it("has dissolved oxygen where the station has such a probe, and empty cells elsewhere", () => {
		const withOxygen = (sequence: number, hundredths: number, flags: number): Entry => {
			const entry = reading(sequence, 7810);
			if (entry.kind !== "reading") return entry;
			return { ...entry, channelSet: 2, fields: [...entry.fields, hundredths, flags, 0] };
		};
		const entries = [
			CONFIGURATION,
			reading(2, 7810),
			withOxygen(3, 912, 0),
			withOxygen(4, 0xffff, CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault),
		];
		const rows = valuesRows({ station: "bor-1", entries, policies: [policy] }).map(cellsByName);
		const names = ["do_raw_mg_l", "do_mg_l", "do_method", "do_flags", "do_calibration"];
		assert.deepEqual(
			rows.map((row) => names.map((name) => row[name])),
			[
				["", "", "", "", ""],
				["9.12", "9.12", "measured", "", "0"],
				["", "", "none", "absent fault", "0"],
			],
		);
		assert.deepEqual(
			rows.map((row) => row["notes"]),
			["", "", "raw-absent"],
		);
	});

	it("calls an acid front suspect and a spike suspect, neither fail", () => {
		const front = rowsOf([7810, 7800, 3100, 3090, 3095]);
		assert.deepEqual(
			front.map((row) => row["ph_qc_agg"]),
			["1", "1", "3", "1", "1"],
		);
		const spike = rowsOf([7810, 7800, 7310, 7805, 7800]);
		assert.equal(spike[2]?.["ph_qc_tests"], "1103110");
	});

	it("does not change but for its newest row when readings come later", () => {
		const changed = new Set<number>();
		for (let seed = 1; seed <= 12; seed++) {
			const input = seededValues(seed);
			// Nothing but readings after the cut: a later time or curve may change whatever it is about.
			const isReading = ({ kind }: Entry): boolean => kind === "reading";
			const cut = Math.floor(input.entries.length / 2);
			const early = input.entries.slice(0, cut);
			const later = input.entries
				.slice(cut)
				.filter((entry) => isReading(entry) && entry.epoch === early[cut - 1]?.epoch);
			const before = valuesRows({ ...input, entries: early });
			const after = valuesRows({ ...input, entries: [...early, ...later] });
			before.forEach((row, index) => {
				const names = VALUE_COLUMNS.filter(
					(_column, at) => row.cells[at] !== after[index]?.cells[at],
				).map(({ name }) => name);
				if (names.length === 0) return;
				changed.add(before.length - index);
				assert.ok(
					names.every((name) => /_qc_(agg|tests)$/.test(name)),
					`${seed}: ${names.join(" ")}`,
				);
			});
		}
		// The newest row waits for its neighbour; the one before it only in a series of two.
		assert.ok(changed.has(1));
		assert.ok(
			[...changed].every((fromEnd) => fromEnd <= 2),
			[...changed].join(" "),
		);
	});

	it("judges each channel by itself: what happens to one changes no flag of another", () => {
		for (let seed = 1; seed <= 8; seed++) {
			const input = seededValues(seed);
			const otherWater = input.entries.map((entry): Entry => {
				if (entry.kind !== "reading") return entry;
				const raw = namedOf(entry.fields);
				const turbidityMicrovolts = raw.turbidityMicrovolts && raw.turbidityMicrovolts + 250_000;
				const pHMilli = raw.pHMilli === undefined ? 7000 : undefined;
				return {
					...entry,
					fields: fieldsOfNamed({ ...raw, turbidityMicrovolts, pHMilli }),
				};
			});
			const [rows, others] = [input.entries, otherWater].map((entries) =>
				valuesRows({ ...input, entries }),
			);
			const names = VALUE_COLUMNS.flatMap(({ name }, at) =>
				/^(temperature|ec25|ec_raw)_/.test(name) ? [at] : [],
			);
			rows?.forEach((row, index) => {
				for (const at of names) assert.equal(others?.[index]?.cells[at], row.cells[at]);
			});
		}
	});

	it("begins a new series where time went back, and says so", () => {
		const entries = [
			CONFIGURATION,
			reading(2, 7000),
			reading(3, 7001),
			reading(4, 9000, 1_790_812_800),
			reading(5, 9001),
		];
		const rows = valuesRows({ station: "bor-1", entries, policies: [policy] }).map(cellsByName);
		assert.deepEqual(
			rows.map((row) => row["notes"]),
			["", "", "time-went-back", ""],
		);
		assert.deepEqual(
			rows.map((row) => row["ph_qc_tests"]),
			["1102110", "1102110", "1102110", "1102110"],
		);
	});

	it("judges by the policy in force at the reading, and by none before the first", () => {
		const text = policy.replace('"2020-01-01T00:00:00Z"', '"2026-10-01T00:05:00Z"');
		const second = text
			.replace('"version": 1', '"version": 2')
			.replace('"2026-10-01T00:05:00Z"', '"2026-10-01T00:10:00Z"')
			.replace('"suspect": [2, 10]', '"suspect": [8, 10]');
		const entries = [CONFIGURATION, ...[2, 3, 4].map((sequence) => reading(sequence, 7810))];
		const rows = valuesRows({ station: "bor-1", entries, policies: [second, text] });
		const cells = rows.map(cellsByName);
		assert.deepEqual(
			cells.map((row) => row["policy"]?.split(":")[0]),
			["", "1", "2"],
		);
		assert.deepEqual(
			cells.map((row) => row["ph_qc_agg"]),
			["", "1", "3"],
		);
	});
});

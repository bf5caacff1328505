/** What goes wrong at a visit and what the station says of it: played on the simulated station, a row each. */
import { bottleOf } from "../../../sim/probes/bottles.js";
import type { StationConfiguration } from "../../../src/firmware/config/configuration.js";
import { type Answered, CalibrationBench, LOT } from "../worlds/calibration-bench.js";
import { tableOf } from "./markdown.js";

export interface VisitDisturbance {
	readonly what: string;
	/** Which command says it. */
	readonly command: "settle" | "commit";
	readonly doubts: string;
	/** Of the command that would take it without a reason. */
	readonly code: string;
}

/** Every disturbance, played anew. */
export function visitDisturbances(): readonly VisitDisturbance[] {
	return [
		played("a bottle of 4.00 for the one of 7.00", (bench) => {
			bench.must("calibrate", { channel: "pH" });
			bench.put("american-4.00");
			return settled(bench, "american-7.00");
		}),
		played("a stuck electrode: the same value in every bottle", (bench) => {
			bench.hands.ailments.stuckPH = 7.2;
			bench.must("calibrate", { channel: "pH" });
			bench.point("american-7.00");
			bench.put("american-4.00");
			return settled(bench, "american-4.00");
		}),
		played("an electrode at its end: 86 % of the slope", (bench) => {
			bench.hands.ailments.electrode = { slopePart: 0.86, offsetMillivolts: 5 };
			bench.must("calibrate", { channel: "pH" });
			bench.point("american-7.00");
			bench.point("american-4.00");
			return committed(bench);
		}),
		played("an offset of 38 mV", (bench) => {
			bench.hands.ailments.electrode = { slopePart: 0.99, offsetMillivolts: 38 };
			bench.must("calibrate", { channel: "pH" });
			bench.point("american-7.00");
			return committed(bench);
		}),
		played("a bubble in the conductivity cell, that halves it", (bench) => {
			bench.must("calibrate", { channel: "conductivity" });
			bench.point("air");
			bench.hands.ailments.cellPart = 0.5;
			bench.put("kcl-1413");
			return settled(bench, "kcl-1413");
		}),
		played("a small bubble, 8 % of a cell that was known", (bench) => {
			bench.must("calibrate", { channel: "conductivity" });
			bench.point("air");
			bench.point("kcl-1413");
			bench.must("commit");
			bench.hands.ailments.cellPart = 0.92;
			bench.must("calibrate", { channel: "conductivity" });
			bench.point("air");
			bench.point("kcl-1413");
			return committed(bench);
		}),
		played("a cell that was not dry for its dry point", (bench) => {
			bench.must("calibrate", { channel: "conductivity" });
			return settled(bench, "air");
		}),
		played("a lot that has expired", (bench) => {
			bench.must("calibrate", { channel: "pH" });
			bench.put("american-7.00");
			return settled(bench, "american-7.00", { lot: "L12", expiry: "2026-08-31" });
		}),
		played("a bottle without a lot", (bench) => {
			bench.must("calibrate", { channel: "pH" });
			bench.put("american-7.00");
			return settled(bench, "american-7.00", {});
		}),
		played("a bottle 15 degC colder than the river", (bench) => {
			bench.put({ ...bottleOf("american-7.00"), celsius: 20 });
			bench.must("calibrate", { channel: "pH" });
			bench.put("american-7.00", { celsius: 5 });
			return settled(bench, "american-7.00");
		}),
		played("an electrode so slow that five minutes are too few", (bench) => {
			bench.hands.ailments.slowness = 120;
			bench.must("calibrate", { channel: "pH" });
			bench.put("american-7.00");
			return settled(bench, "american-7.00");
		}),
		played("river water for the zero of turbidity", (bench) => {
			bench.must("calibrate", { channel: "turbidity" });
			bench.put({ ...bottleOf("formazin-20"), turbidityFormazinUnits: 12 });
			return settled(bench, "filtered-water");
		}),
		played("a formazin of 20 for the one of 100", (bench) => {
			bench.must("calibrate", { channel: "turbidity" });
			bench.point("filtered-water");
			bench.put("formazin-20");
			return settled(bench, "formazin-100");
		}),
		played("a scratched window, that takes a fifth", (bench) => {
			bench.hands.ailments.opticsPart = 0.8;
			bench.must("calibrate", { channel: "turbidity" });
			bench.point("filtered-water");
			bench.point("formazin-100");
			return committed(bench);
		}),
		played(
			"a solution without oxygen that has stood open",
			(bench) => {
				bench.must("calibrate", { channel: "dissolvedOxygen" });
				bench.point("moist-air");
				bench.put("zero-oxygen", { aged: 0.2 });
				return settled(bench, "zero-oxygen");
			},
			{ oxygenProbe: "ezo-do" },
		),
		played(
			"a torn membrane of oxygen, that gives 60 %",
			(bench) => {
				bench.hands.ailments.oxygenPart = 0.6;
				bench.must("calibrate", { channel: "dissolvedOxygen" });
				bench.point("moist-air");
				return committed(bench);
			},
			{ oxygenProbe: "ezo-do" },
		),
	];
}

/** A row for each. */
export function visitDisturbanceTable(): string {
	const rows = visitDisturbances().map(({ what, command, doubts, code }) => [
		what,
		`\`${command}\``,
		`\`${doubts}\``,
		code === "ok" ? "named, and taken" : "refused without a reason",
	]);
	return tableOf([["what goes wrong", "said by", "doubts", "and then"], ...rows]);
}

type Expected = Pick<VisitDisturbance, "command" | "doubts" | "code">;

function played(
	what: string,
	play: (bench: CalibrationBench) => Expected,
	configuration: Partial<StationConfiguration> = {},
): VisitDisturbance {
	const bench = new CalibrationBench({ configuration }, 900);
	bench.attach();
	return { what, ...play(bench) };
}

function settled(
	bench: CalibrationBench,
	standard: string,
	more: Readonly<Record<string, string>> = LOT,
): Expected {
	const isAir = standard === "air";
	const answered = bench.settle(standard, isAir ? {} : more);
	const { code } = bench.request("point");
	return { command: "settle", doubts: doubtsOf(answered), code };
}

function committed(bench: CalibrationBench): Expected {
	const answer = bench.request("commit");
	const text = answer.fields.get("text") ?? "";
	const doubts = answer.fields.get("doubts") ?? text.split(":")[0]?.replaceAll(", ", ",") ?? "";
	return { command: "commit", doubts, code: answer.code };
}

function doubtsOf({ fields }: Answered): string {
	return fields.get("doubts") ?? "";
}

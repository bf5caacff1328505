/** The rule of docs/EVENTS.md is the rule of the code: each number of the table is made of the code's own here. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
	EVENT_RULE_VERSION,
	riseOf,
	STEPS_PER_E,
} from "../../../src/firmware/events/event-rule.js";
import { EVENT_THRESHOLDS } from "../../support/data/event-readings.js";
import { PROJECT, sources } from "../../support/sources.js";

/** Places of the state, how values are kept, and the longest silence that counts: no threshold of the rule. */
const NO_RULE: ReadonlySet<string> = new Set([
	...["CODE", "BEGIN", "SINCE", "QUIET", "ACIDS", "STRONGS", "CALMS", "BURSTS", "AGREED"],
	...["BASELINE", "SPREAD", "PH_LEVEL", "PH_SLOPE", "PH_AGE", "SPACING", "EC_COUNT", "PH_COUNT"],
	...["TURBIDITY_COUNT", "LONG_COUNT", "LONG_AGE", "TURBIDITY_SKIP", "STORM_BEGIN", "STORM_SINCE"],
	...["STORM_IS", "STORM_ROW", "LONG_MEDIAN", "TURBIDITY_MEDIAN", "FIRST_RISE", "VALUE_COUNT"],
	...["TURBIDITY_SHIFT", "ELAPSED_MAX", "EVENT_RULE_VERSION", "STEPS_PER_E"],
]);

/** Numbers that the code's files name, by their names. */
function numbersOfCode(): ReadonlyMap<string, number> {
	const found = new Map<string, number>();
	for (const { code } of sources("src/firmware/events")) {
		for (const [, name = "", value = ""] of code.matchAll(
			/^(?:export )?const ([A-Z_]+) = (-?[\d_.]+);$/gm,
		)) {
			found.set(name, Number(value.replaceAll("_", "")));
		}
	}
	return found;
}

/** The table's rows, what and how, joined where a row continues in the next. */
function rowsOfTable(paper: string): ReadonlyMap<string, string> {
	const rows = new Map<string, string>();
	let what = "";
	const [, rule = ""] = /^## The rule\n([\s\S]*?)\n## /m.exec(paper) ?? [];
	for (const line of rule.split("\n")) {
		const [, name, how] = /^\| ([a-z ]*?) *\| (.*?) *\|$/.exec(line) ?? [];
		if (name === undefined || how === undefined) continue;
		what = name === "" ? what : name;
		rows.set(what, rows.has(what) ? `${rows.get(what)} ${how}` : how);
	}
	return rows;
}

describe("the table of the rule in EVENTS.md", () => {
	const numbers = numbersOfCode();
	const rows = rowsOfTable(readFileSync(join(PROJECT, "docs/EVENTS.md"), "utf8"));
	const of = (name: string): number => {
		const value = numbers.get(name);
		assert.notEqual(value, undefined, `the code has no number ${name}`);
		return value ?? Number.NaN;
	};
	/** Steps of the logarithm as it is written: 0.04. */
	const steps = (name: string): string => String(Math.abs(of(name)) / STEPS_PER_E);
	/** Thousandths of pH. */
	const pH = (name: string): string => String(of(name) / 1000);
	const twoDecimals = (name: string): string => (of(name) / 1000).toFixed(2);
	const hours = (name: string): number => of(name) / 3600;
	const percentOfRise = (rise: number): string =>
		((Math.exp(rise / STEPS_PER_E) - 1) * 100).toFixed(1).replace(/\.0$/, "");
	const watch = riseOf(EVENT_THRESHOLDS.eventWatchPerMille);
	const strong = riseOf(EVENT_THRESHOLDS.eventStrongPerMille);
	const calm = String(EVENT_THRESHOLDS.eventAcidMilliPH / 1000);

	const expected: Readonly<Record<string, () => readonly string[]>> = {
		ring: () => [
			`last ${of("RING")} x`,
			`${of("NEWEST")} newest`,
			`before it has ${of("HOUR_OF_RING") + of("NEWEST")}`,
		],
		baseline: () => [`last ${of("HOUR_OF_RING")} `],
		spread: () => [`max(${steps("SPREAD_MIN")}, ${of("SPREAD_PER_DEVIATION")} median`],
		level: () => [
			`last ${of("BEFORE")} times`,
			of("LONG_SECONDS") === 10_800 ? "three hours" : "?",
			`from ${of("LONG_MIN")} on`,
			of("LONG_RING") * of("LONG_SECONDS") === 604_800 ? "of a week" : "?",
		],
		course: () => [
			`two medians of ${of("PH_HALF")}, ${of("NEWEST")} newest`,
			of("SLOPE_SECONDS_MAX") === 3600 ? "for an hour at most" : "?",
		],
		watch: () => [
			`x - b > ${percentOfRise(watch)} % (${percentOfRise(watch * of("BLIND_FACTOR"))} % where drop <= ${pH("PH_AGREES")})`,
			`drop > ${twoDecimals("PH_PROVES")};`,
			`two climbs of ${steps("CLIMB")} in a row`,
			`x - b > ${of("SPREADS")} s and x > level + ${steps("ABOVE_LONG")}`,
		],
		burst: () => [
			`${of("BURST_SECONDS")} s later`,
			`${of("BURST_AGREE") === 2 ? "two" : "?"} of ${of("BURST")} must agree`,
		],
		acid: () => [
			`${of("ACID_RUN")} in a row with x - b > ${percentOfRise(watch)} %`,
			`greatest of: ${calm}; ${pH("PH_PER_E")} (x - b)`,
			`${twoDecimals("PH_STORMY_WARM")} in stormy water (turbidity > ${of("STORMY_WARM")} times`,
			`${twoDecimals("PH_STORMY")} in stormy cold water (> ${of("STORMY_COLD")} times, below ${of("SALT_CELSIUS")} degC)`,
			`${twoDecimals("PH_UNGROWN")} where the rise has not grown by more than ${steps("GROWTH")} `,
			`${pH("PH_WANDERS")} more for each hour`,
		],
		strong: () => [
			`${of("STRONG_RUN")} in a row (stormy: ${of("STRONG_RUN_STORMY")}) with x - b > ${percentOfRise(strong)} %`,
			`more than ${steps("GROWTH_BLIND")} since`,
			`of ${of("SALT_CELSIUS")} degC and more`,
		],
		end: () => [
			`${of("CALM_RUN")} in a row with x - b < ${steps("CALM")};`,
			`${hours("WATCH_SECONDS_MAX")} h of watch or ${hours("ALARM_SECONDS_MAX")} h of alarm`,
		],
		quiet: () => [`for ${of("QUIET_SECONDS") / 60} min`, `drop >= ${pH("PH_OBVIOUS")}`],
		storm: () => [
			`${of("STORM_RUN")} in a row with x < level - ${(-of("STORM_DIP") / STEPS_PER_E).toFixed(2)} and turbidity > ${of("STORM_TURBID")} times`,
			`<= ${of("STORM_OVER")} times, or ${hours("STORM_SECONDS_MAX")} h`,
		],
		turbid: () => [
			`one reading of ${of("TURBIDITY_EVERY")} `,
			`the last ${of("TURBIDITY_RING")}, known from ${of("TURBIDITY_RING") / 2} on`,
		],
	};

	for (const [what, phrases] of Object.entries(expected)) {
		it(`says of ${what} what the code does`, () => {
			const row = rows.get(what) ?? "";
			for (const phrase of phrases()) assert.ok(row.includes(phrase), `"${phrase}" in "${row}"`);
		});
	}

	it("is of the version that claims carry", () => {
		assert.equal(EVENT_RULE_VERSION, 1);
		assert.match(
			readFileSync(join(PROJECT, "docs/EVENTS.md"), "utf8"),
			/Every claim carries the rule's version, and it is 1: /,
		);
	});

	it("names each number of the detector, so that a new one is told", () => {
		const text = Object.values(expected).map(String).join();
		const missing = [...numbers.keys()].filter((name) => !text.includes(`"${name}"`));
		assert.deepEqual(
			missing.filter((name) => !NO_RULE.has(name)),
			[],
		);
	});
});

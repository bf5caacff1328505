/** Published tables with one mistake each, which the oracle must find: rewritten source text, as compiled. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { flattenModules } from "../engines/xs-modules.js";
import type { ValuesRequest } from "../engines/xs-values.js";

export interface ValuesMutant {
	readonly name: string;
	/** Of build/src/protocol. */
	readonly module: string;
	readonly from: string;
	readonly to: string;
}

export const VALUES_MUTANTS: readonly ValuesMutant[] = [
	{
		name: "rounds down",
		module: "quality/decimal",
		from: "y - n >= 0.5 ?",
		to: "y - n >= 1 ?",
	},
	{
		name: "judges what is not rounded",
		module: "audit/published-values",
		from: "value: value.value === undefined ? undefined : roundedTo(value.value, decimals)",
		to: "value: value.value",
	},
	{
		name: "flags equality with a bound",
		module: "quality/gross-range",
		from: "value > span[1]",
		to: "value >= span[1]",
	},
	{
		name: "lets the first member win",
		module: "quality/climatology",
		from: "if (isOutside(this.#periodNumberIn(seconds, period), timeSpan))",
		to: "if (flag !== notEvaluated || isOutside(this.#periodNumberIn(seconds, period), timeSpan))",
	},
	{
		name: "calls a step a spike",
		module: "quality/spike",
		from: "rise * next >= 0 ? 0",
		to: "rise * next > 1e9 ? 0",
	},
	{
		name: "forgets the level of a relative spike",
		module: "quality/spike",
		from: "isRelative === true",
		to: "isRelative === undefined",
	},
	{
		name: "compares over the end of a series",
		module: "quality/channel-judge",
		from: "|| this.#isApart(row)",
		to: "",
	},
	{
		name: "keeps a series over a change of policy",
		module: "quality/channel-judge",
		from: "&& this.#before.rules === rules",
		to: "",
	},
	{
		name: "counts one row less in flat line",
		module: "quality/flat-line",
		from: "const first = row - this.#steps;",
		to: "const first = row - this.#steps + 1;",
	},
	{
		name: "calls missing values good in a short series",
		module: "quality/channel-judge",
		from: "pending.isMissing ? QUALITY_FLAGS.missing : flag",
		to: "flag",
	},
	{
		name: "closes the left end of a period",
		module: "quality/attenuated-signal",
		from: "?? 0) <= seconds)",
		to: "?? 0) < seconds)",
	},
	{
		name: "corrects drift before fouling",
		module: "quality/correction",
		from: "const b = w * errorAt(drift, c1);",
		to: "const b = w * errorAt(drift, raw);",
	},
	{
		name: "corrects turbidity of 10 in parts",
		module: "quality/correction",
		from: "value > TURBIDITY_ABSOLUTE_MAX",
		to: "value >= 9",
	},
	{
		name: "applies what the operator left",
		module: "audit/published-values",
		from: "decided.isApplied ?",
		to: "true ?",
	},
	{
		name: "approves the end of a period",
		module: "audit/published-values",
		from: "seconds < period.toSeconds",
		to: "seconds <= period.toSeconds",
	},
	{
		name: "judges an undated reading by no policy",
		module: "audit/published-values",
		from: "seconds === undefined ? this.#policy : this.#policyAt(seconds)",
		to: "seconds === undefined ? undefined : this.#policyAt(seconds)",
	},
	{
		name: "ignores the policy's law",
		module: "audit/record-knowledge",
		from: 'entry.kind !== "configuration" || law.law === "as-configured"',
		to: "true",
	},
	{
		name: "does not say that time went back",
		module: "audit/published-values",
		from: "if (isBack === true)",
		to: "if (isBack === undefined)",
	},
];

/** The table as the mutant makes it; without one, as it is. */
export async function mutatedTable(
	folder: string,
	mutant?: ValuesMutant,
): Promise<(request: ValuesRequest) => string> {
	const entry = flattenModules("test/support/engines/xs-values.js", folder);
	writeFileSync(join(dirname(entry), "package.json"), '{"type":"module"}');
	if (mutant !== undefined) {
		const flat = `src__protocol__${mutant.module.replaceAll("/", "__")}.js`;
		const path = join(dirname(entry), flat);
		const text = readFileSync(path, "utf8");
		if (!text.includes(mutant.from)) throw new Error(`${mutant.name}: nothing to rewrite`);
		writeFileSync(path, text.replace(mutant.from, mutant.to));
	}
	const { valuesCsv } = (await import(pathToFileURL(entry).href)) as {
		valuesCsv: (request: ValuesRequest) => string;
	};
	return valuesCsv;
}

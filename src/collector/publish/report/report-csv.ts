/** The report and the comparison as tables. They contain only numbers, times and words of this program. */
import type { Comparison, PeriodFigures, Report } from "./report.js";
import type { Figures } from "./statistics.js";

const COLUMNS = Object.freeze([
	"quantity",
	"unit",
	"readings",
	"left_out",
	"coverage_percent",
	"p5",
	"median",
	"p95",
	"class",
	"limit_of",
	"low",
	"high",
	"within_percent",
]);

/** A row for each month, quantity and limit; of a quantity without limits one. */
export function reportCsv({ months }: Report): string {
	const rows = months.flatMap((month) => rowsOf([month.month, month.from, month.to], month));
	return table(["month", "from", "to", ...COLUMNS], rows);
}

export function comparisonCsv({ before, after, differences }: Comparison): string {
	const rows = [
		...rowsOf(["before", before.from, before.to], before),
		...rowsOf(["after", after.from, after.to], after),
	];
	const named = rows.map((row) => {
		const [period, , , quantity = "", , , , , , , , , of = ""] = row;
		const difference = period === "after" ? differences[quantity] : undefined;
		const limit = difference?.limits.find((each) => each.quantity === of);
		return [
			...row,
			numberText(difference?.median, 3),
			numberText(difference?.medianPercent, 1),
			numberText(limit?.improvedPercent, 1),
		];
	});
	const added = ["median_difference", "median_difference_percent", "improved_percent"];
	return table(["period", "from", "to", ...COLUMNS, ...added], named);
}

function rowsOf(head: readonly string[], { quantities }: PeriodFigures): string[][] {
	return Object.entries(quantities).flatMap(([name, figures]) => {
		const own = [
			...head,
			name,
			figures.unit,
			String(figures.readings),
			String(figures.leftOut),
			percentText(figures.coveragePercent),
			...[figures.p5, figures.median, figures.p95].map((value) => valueText(value, figures)),
		];
		if (figures.limits.length === 0) return [[...own, "", "", "", "", ""]];
		return figures.limits.map((limit) => [
			...own,
			limit.class,
			limit.quantity,
			limit.low === null ? "" : String(limit.low),
			limit.high === null ? "" : String(limit.high),
			percentText(limit.withinPercent),
		]);
	});
}

function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
	return [names, ...rows].map((cells) => `${cells.join(",")}\r\n`).join("");
}

export function valueText(value: number | null, { decimals }: Pick<Figures, "decimals">): string {
	return value === null ? "" : value.toFixed(decimals);
}

/** Never 100.0 of what is less, nor 0.0 of what is more. */
export function percentText(percent: number): string {
	if (percent > 0 && percent < 0.05) return "0.1";
	if (percent < 100 && percent >= 99.95) return "99.9";
	return percent.toFixed(1);
}

function numberText(value: number | null | undefined, decimals: number): string {
	return value === null || value === undefined ? "" : value.toFixed(decimals);
}

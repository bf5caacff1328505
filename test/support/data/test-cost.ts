/** What the files of tests take of the processors, as test/support/spent.ts writes it and `npm run test:cost` tells it. */

export interface FileCost {
	/** Of the compiled file, from the project's folder. */
	readonly file: string;
	/** Seconds of user and system: of the tests' process, and of the programs that it started. */
	readonly own: number;
	readonly children: number;
	readonly tests: readonly { readonly title: string; readonly seconds: number }[];
}

/** Files that start programs of others (Chromium, PostgreSQL, nginx, Caddy, a C compiler): told apart. */
export const FOREIGN: readonly string[] = [
	"build/test/browser/page.test.js",
	"build/test/browser/playground.test.js",
	"build/test/collector/postgresql.test.js",
	"build/test/collector/proxy-example.test.js",
	"build/test/collector/restore.test.js",
	"build/test/firmware/board/native.test.js",
];
/** Of a quiet machine, for `npm test` without them. Another machine takes more or less: it is told and judged by nobody. */
const WANTED_SECONDS_MAX = 150;
/** Of a file, its dearest tests are told from here on. */
const LISTED_SECONDS_MIN = 0.5;

export function costLineOf(cost: FileCost): string {
	return `${JSON.stringify(cost)}\n`;
}

export interface CostSums {
	readonly files: number;
	/** Seconds of processor time of all but the foreign ones, and of those. */
	readonly seconds: number;
	readonly foreignSeconds: number;
}

export function sumsOf(costs: readonly FileCost[]): CostSums {
	let seconds = 0;
	let foreignSeconds = 0;
	for (const cost of costs) {
		if (FOREIGN.includes(cost.file)) foreignSeconds += secondsOf(cost);
		else seconds += secondsOf(cost);
	}
	return { files: costs.length, seconds: round(seconds), foreignSeconds: round(foreignSeconds) };
}

/** A line for each file, the dearest first, and below it one for each dear test. */
export function costLines(costs: readonly FileCost[]): string[] {
	const sorted = [...costs].sort((a, b) => secondsOf(b) - secondsOf(a));
	return [
		"seconds  of programs  file",
		...sorted.flatMap((cost) => [
			[
				secondsOf(cost).toFixed(2).padStart(7),
				cost.children.toFixed(2).padStart(11),
				`${cost.file}${FOREIGN.includes(cost.file) ? " (foreign programs)" : ""}`,
			].join("  "),
			...[...cost.tests]
				.filter(({ seconds }) => seconds >= LISTED_SECONDS_MIN)
				.sort((a, b) => b.seconds - a.seconds)
				.map(({ title, seconds }) => `${" ".repeat(22)}${seconds.toFixed(2)} ${title}`),
		]),
	];
}

/** How the sum of all files stands to what is wanted. */
export function wantedLine({ seconds }: CostSums): string {
	const share = Math.round((100 * seconds) / WANTED_SECONDS_MAX);
	return `${seconds.toFixed(0)} s without foreign programs, ${share} % of the ${WANTED_SECONDS_MAX} s that are wanted of a quiet machine; a busy or slower one takes more`;
}

function secondsOf({ own, children }: FileCost): number {
	return own + children;
}

function round(seconds: number): number {
	return Math.round(100 * seconds) / 100;
}

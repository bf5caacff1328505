/**
 * Loaded into each process of a test run (.mocharc.json): with BISTRINA_COST=FILE, what each file of tests takes of the
 * processors, with its imports and with every program that it started and saw the end of; a line of JSON each.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { costLineOf } from "./data/test-cost.js";

const TICKS_PER_SECOND = 100;
const MICROSECONDS = 1e6;

interface Spent {
	/** Seconds of user and system, of this process and all its threads. */
	readonly own: number;
	/** Of its children that ended, and theirs. Linux counts them by hundredths; elsewhere 0. */
	readonly children: number;
}

function spent(): Spent {
	const { user, system } = process.cpuUsage();
	return { own: (user + system) / MICROSECONDS, children: childrenSeconds() };
}

function childrenSeconds(): number {
	try {
		const text = readFileSync("/proc/self/stat", "utf8");
		// The name in brackets may hold anything; from the state on it is numbers.
		const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
		return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
	} catch {
		return 0;
	}
}

const since = (now: Spent, before: Spent): Spent => ({
	own: now.own - before.own,
	children: now.children - before.children,
});

const path = process.env["BISTRINA_COST"];

/** A file's cost begins where the one before ended, so that what it imports is its own. */
let fileBegan: Spent = { own: 0, children: 0 };
let testBegan = fileBegan;
let tests: { title: string; seconds: number }[] = [];

export const mochaHooks =
	path === undefined
		? {}
		: {
				beforeEach(): void {
					testBegan = spent();
				},
				afterEach(this: Mocha.Context): void {
					const { own, children } = since(spent(), testBegan);
					tests.push({ title: this.currentTest?.fullTitle() ?? "", seconds: own + children });
				},
				afterAll(this: Mocha.Context): void {
					const now = spent();
					let suite = this.test?.parent;
					while (suite?.file === undefined && suite?.suites[0] !== undefined)
						suite = suite.suites[0];
					const file = relative(process.cwd(), suite?.file ?? "?");
					appendFileSync(path, costLineOf({ file, ...since(now, fileBegan), tests }));
					fileBegan = now;
					tests = [];
				},
			};

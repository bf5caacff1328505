/** The counts of the structure: what may not grow again, and that the counting sees what is planted. */
import { strict as assert } from "node:assert";
import {
	cyclesOf,
	exportsForNobody,
	FILE_LINES_MAX,
	linesOf,
	longFunctions,
	namesOf,
} from "../support/census.js";
import { type Source, sources } from "../support/sources.js";

/** Longer than a file of one idea, and why they may. There may be four. */
const LONG_FILES: readonly (readonly [path: string, why: string])[] = [
	["sim/chips/ezo.ts", "the state machine of one circuit: what it may do depends on every state"],
	["src/protocol/audit/documents.ts", "four kinds of documents that refer to each other"],
	["src/protocol/audit/published-values.ts", "one pass that keeps windows of all tests together"],
	["src/protocol/audit/verify-chain.ts", "one walk, whose findings depend on what came before"],
];
/** As long as the longest of them was when it was argued, and a fiftieth. */
const LONG_FILE_LINES_MAX = 660;

/** Longer than one can see at once, and why they may. There may be three. */
const LONG_FUNCTIONS: readonly (readonly [name: string, why: string])[] = [
	["channelOf", "one schema of a document, a line for each of its fields"],
	["createSha256", "the rounds of one compression, whose words are its variables"],
	["parseServiceOptions", "one declaration of what the service may be told"],
];

/** Exported by production and used by its tests alone, and why. */
const FOR_TESTS: Readonly<Record<string, string>> = {
	"src/collector/store/pglite-store.ts openMemoryStore": "the store's own suite, without a folder",
	"src/collector/store/query.ts evidenceOf":
		"what a ledger kept of what it refused; operators ask with SQL",
	"src/protocol/record/entry.ts encodeEntry":
		"the other side of decodeEntry; a station writes into a buffer",
};

const source = (path: string, text: string): Source => ({ path, text, code: text });

describe("the census", () => {
	it("finds no import cycle in the house, imports of types included", () => {
		const all = sources("src", "drivers", "sim", "test");
		assert.ok(all.length > 300);
		assert.deepEqual(cyclesOf(all), []);
	});

	it("finds no other file beyond its lines than these", () => {
		const found = sources("src", "drivers", "sim")
			.map(({ path, text }) => ({ path, lines: linesOf(text) }))
			.filter(({ lines }) => lines > FILE_LINES_MAX);
		assert.deepEqual(
			found.map(({ path }) => path).sort(),
			LONG_FILES.map(([path]) => path),
		);
		assert.ok(LONG_FILES.length <= 4);
		const longer = found.filter(({ lines }) => lines > LONG_FILE_LINES_MAX);
		assert.deepEqual(longer, []);
	});

	it("finds no other function beyond its lines than those that say why", () => {
		const found = longFunctions(sources("src", "drivers", "sim"));
		assert.deepEqual(
			found.map(({ name }) => name).sort(),
			LONG_FUNCTIONS.map(([name]) => name),
		);
		assert.ok(LONG_FUNCTIONS.length <= 3);
	});

	it("finds nothing that production exports and does not use, but for what its own unit's tests need", () => {
		const production = sources("src", "drivers");
		// The simulator's parts and judges are there for tests, too; they are none of these.
		const users = sources("src", "drivers", "sim", "scripts");
		const found = exportsForNobody(users).filter((each) =>
			production.some(({ path }) => each.startsWith(`${path} `)),
		);
		assert.deepEqual(found, Object.keys(FOR_TESTS).sort());
	});

	it("finds a planted export that nobody uses, and none that its own file or another one uses", () => {
		const all = [
			source("src/a/one.ts", "export function lone(): void {}\nexport const shared = 1;\n"),
			source("src/a/two.ts", "export class Own {}\nconst own = new Own(shared);\n"),
		];
		assert.deepEqual(exportsForNobody(all), ["src/a/one.ts lone"]);
	});

	it("finds a planted cycle of three files, one of its imports a type", () => {
		const all = [
			source("src/a/one.ts", 'import { two } from "./two.js";\n'),
			source("src/a/two.ts", 'import type { Three } from "../b/three.js";\n'),
			source("src/b/three.ts", 'import { one } from "../a/one.js";\n'),
			source("src/b/four.ts", 'import { one } from "../a/one.js";\n'),
		];
		assert.deepEqual(cyclesOf(all), [["src/a/one", "src/a/two", "src/b/three"]]);
	});

	it("counts functions, methods and arrows by their whole length, and no loop", () => {
		const body = "\t\tcall();\n".repeat(5);
		const text = [
			`export function plain(): void {\n${body}}`,
			`export function split(\n\tfirst: number,\n\tsecond: number,\n): void {\n${body}}`,
			`class Held {\n\t#method(): (a: number) => void {\n${body}\t}\n}`,
			`const arrow = (a: number): void => {\n${body}};`,
			`for (const each of all) {\n${body}}`,
			"",
		].join("\n");
		const found = longFunctions([source("src/a.ts", text)], 6);
		assert.deepEqual(
			found.map(({ name, lines }) => [name, lines]),
			[
				["split", 10],
				["plain", 7],
				["#method", 7],
				["arrow", 7],
			],
		);
		assert.deepEqual(longFunctions([source("src/a.ts", text)], 10), []);
	});

	it("counts a fact once for each file that names it in code", () => {
		const all = [
			source("src/a.ts", 'const x = "oxygen"; const oxygenMilli = 1;\n'),
			source("src/b.ts", "const x = 1;\n"),
		];
		const [fact] = namesOf(all, [{ name: "oxygen", pattern: /oxygen/ }]);
		assert.deepEqual(fact, { name: "oxygen", files: ["src/a.ts"] });
	});
});

/** The rules of the house that types cannot hold: who imports whom, and what nobody may call. */
import { strict as assert } from "node:assert";
import { MAY_IMPORT } from "../support/data/rooms.js";
import { importsOf, type Source, sources } from "../support/sources.js";

const isPortable = (path: string): boolean =>
	/^(src\/(core|protocol|firmware)|drivers|sim)\//.test(path) &&
	!/^(src\/firmware\/(board\/|main\.ts)|sim\/shell\/)/.test(path);

function breaches(source: Source): string[] {
	const found: string[] = [];
	const rule = MAY_IMPORT.filter(([room]) => source.path.startsWith(room)).sort(
		(a, b) => b[0].length - a[0].length,
	)[0];
	if (rule === undefined) return [`${source.path} lives in no room`];
	for (const target of importsOf(source)) {
		const isOurs = /^(src|drivers|sim|test)\//.test(target);
		if (isOurs && !rule[1].some((allowed) => target.startsWith(allowed))) {
			found.push(`${source.path} imports ${target}`);
		}
		if (!isOurs && isPortable(source.path)) found.push(`${source.path} imports ${target}`);
		if (isPortable(source.path) && isOurs && target.startsWith("sim/shell/")) {
			found.push(`${source.path} imports ${target}`);
		}
	}
	return found;
}

/** Portable code runs on two engines that must agree, with no globals but the language's. */
const FORBIDDEN_IN_PORTABLE: readonly (readonly [RegExp, string])[] = [
	[
		/\bMath\.(?!sqrt\b|abs\b|floor\b|round\b|imul\b|min\b|max\b|trunc\b|ceil\b|clz32\b|sign\b|fround\b|SQRT1_2\b|SQRT2\b|PI\b|LN2\b)/,
		"inexact Math",
	],
	[/\bDate\b/, "Date"],
	[/\bglobalThis\b/, "globalThis"],
	[/\bconsole\.(log|error|warn|info|debug)\b/, "console"],
	[/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, "timers"],
	[/\b(async|await)\s/, "async"],
	[/\bPromise\b/, "promises"],
	[/\bprocess\.(env|argv|exit|stdout|stderr|on|pid)\b/, "process"],
	[/\bText(En|De)coder\b/, "TextEncoder"],
	[/^(export )?let\s/m, "module state"],
	[/\benum\s+\w+\s*\{/, "enum"],
	[/:\s*any\b|\bas any\b/, "any"],
];

function forbidden(source: Source): string[] {
	if (!isPortable(source.path)) return [];
	return FORBIDDEN_IN_PORTABLE.filter(([pattern]) => pattern.test(source.code)).map(
		([, what]) => `${source.path} uses ${what}`,
	);
}

/**
 * Regular expressions, in what runs on XS: its release 8.2.3 loses their matches to a garbage collection
 * (core/text.ts). The reader of export files has some, and no firmware imports it.
 */
const NOT_ON_BOARD = "src/protocol/audit/batch-archive";
const EXPRESSION =
	/\bRegExp\b|\.(match|matchAll|search)\(|\/[dgimsuvy]*\.(test|exec)\(|(^|[=(,:;!&|?[{]|=>|\breturn)\s*\/(?![/*])/m;

function expressions({ path, code }: Source): string[] {
	const isOnXs = isPortable(path) || /^(src\/firmware|sim\/shell\/xs)\//.test(path);
	return isOnXs && path !== `${NOT_ON_BOARD}.ts` && EXPRESSION.test(code) ? [path] : [];
}

/**
 * Iterators of its own, in what the image has: its bundle takes every generator for a task, and closes no iterator
 * when a loop is left (scripts/bundle/short-forms.ts).
 */
const OF_THE_IMAGE =
	/^(src\/(core|firmware|protocol\/(record|wire|flash|line|calibration))|drivers)\//;
const ITERATOR =
	/\b(Async)?(Generator|Iterator|Iterable(Iterator)?)<|\bSymbol\.(async)?[iI]terator\b/;

function iterators({ path, code }: Source): string[] {
	const isOther = OF_THE_IMAGE.test(path) && path !== "src/core/task.ts";
	return isOther && ITERATOR.test(code) ? [path] : [];
}

describe("the house", () => {
	const all = sources("src", "drivers", "sim", "test");

	it("keeps its import rules", () => {
		assert.ok(all.length > 30, `only ${all.length} sources found`);
		assert.deepEqual(all.flatMap(breaches), []);
	});

	it("finds a planted breach of the import rules", () => {
		const plant = (path: string, code: string): string[] => breaches({ path, text: code, code });
		assert.equal(plant("src/core/a.ts", 'import { x } from "../protocol/entry.js";').length, 1);
		assert.equal(plant("src/firmware/journal/a.ts", 'import fs from "node:fs";').length, 1);
		assert.equal(
			plant("src/collector/store/a.ts", 'import "../../firmware/station/station.js";').length,
			1,
		);
		assert.equal(
			plant("src/protocol/record/a.ts", 'import { z } from "../wire/batch.js";').length,
			1,
		);
		assert.equal(
			plant("src/firmware/uplink/a.ts", 'import "../../protocol/audit/verify-chain.js";').length,
			1,
		);
		assert.equal(plant("sim/a.ts", 'import { run } from "./shell/run.js";').length, 1);
		assert.equal(
			plant("src/protocol/record/a.ts", 'import { y } from "../../core/bytes.js";').length,
			0,
		);
	});

	it("loads simulator and collector into the technician's program only when they are asked for", () => {
		const program = all.filter(({ path }) => /^src\/technician\/(main|command-line)/.test(path));
		const code = program.map((source) => source.code).join("\n");
		assert.match(code, /await import\("[^"]*sim\/shell/);
		assert.match(code, /await import\(\s*"[^"]*collector\/store/);
		assert.doesNotMatch(code, /from "[^"]*(sim|collector)\//);
	});

	it("calls nothing in portable code that differs between engines or reaches outside", () => {
		assert.deepEqual(all.flatMap(forbidden), []);
	});

	it("finds planted uses of what is forbidden", () => {
		const plant = (code: string): number =>
			forbidden({ path: "src/core/a.ts", text: code, code }).length;
		assert.equal(plant("const x = Math.exp(1);"), 1);
		assert.equal(plant("const now = Date.now();"), 1);
		assert.equal(plant("let state = 0;"), 1);
		assert.equal(plant("const x = Math.floor(Math.sqrt(2));"), 0);
	});

	it("matches no regular expression on XS", () => {
		assert.deepEqual(all.flatMap(expressions), []);
		const importers = all.filter(({ path }) =>
			/^(src\/(core|protocol|firmware)|drivers|sim)\//.test(path),
		);
		assert.deepEqual(
			importers.filter((source) => importsOf(source).some((target) => target === NOT_ON_BOARD)),
			[],
		);
	});

	it("finds planted regular expressions", () => {
		const plant = (code: string, path = "src/firmware/board/a.ts"): number =>
			expressions({ path, text: code, code }).length;
		assert.equal(plant("const WORD = /^[a-z]+$/;"), 1);
		assert.equal(plant("if (!/^a$/m.test(text)) return;", "drivers/a.ts"), 1);
		assert.equal(plant('const short = text.replace(/[^ -~]/g, "?");', "src/protocol/a.ts"), 1);
		assert.equal(plant("const made = new RegExp(text);", "sim/a.ts"), 1);
		assert.equal(plant("const found =\n\t/a/.exec(text);", "src/core/a.ts"), 1);
		assert.equal(plant("const ratio = (a + b) / 2 / c;"), 0);
		assert.equal(plant("const WORD = /^[a-z]+$/;", "src/collector/a.ts"), 0);
	});

	it("has no iterators on the chip but those of arrays, maps and sets, and no generators but tasks", () => {
		assert.deepEqual(all.flatMap(iterators), []);
	});

	it("finds planted iterators", () => {
		const plant = (code: string, path = "src/firmware/station/a.ts"): number =>
			iterators({ path, text: code, code }).length;
		assert.equal(plant("function* a(): Generator<number> {"), 1);
		assert.equal(plant("*entries(): IterableIterator<Entry> {", "src/protocol/record/a.ts"), 1);
		assert.equal(plant("[Symbol.iterator]() {", "drivers/a.ts"), 1);
		assert.equal(plant("*wait(): Task<number> {"), 0);
		assert.equal(plant("function* a(): Generator<number> {", "src/collector/service/a.ts"), 0);
	});

	it("verifies TLS everywhere: nobody can switch it off", () => {
		const words = [`reject${"Unauthorized"}`, `NODE_TLS_REJECT${"_UNAUTHORIZED"}`];
		const found = all.filter(({ text }) => words.some((word) => text.includes(word)));
		assert.deepEqual(
			found.map(({ path }) => path),
			[],
		);
	});
});

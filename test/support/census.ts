/**
 * Counts of the code's structure, from its own sources: rooms, import cycles, long files and functions,
 * and in how many files one fact is named. The formatter's indentation gives the blocks.
 */
import { importsOf, type Source } from "./sources.js";

/** A file of more lines holds more than one idea. */
export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;

export interface LongFunction {
	readonly path: string;
	readonly name: string;
	readonly lines: number;
}

export interface NamedFact {
	readonly name: string;
	/** Paths of the files that name it, in code; comments do not count. */
	readonly files: readonly string[];
}

/** Folder of a source, `src/firmware/journal`; of a file at the top of a program that program. */
export function roomOf(path: string): string {
	return path.split("/").slice(0, -1).join("/");
}

/**
 * Strongly connected groups of more than one file (Tarjan 1972), type-only imports included: files
 * that can only be read together. Each group sorted, groups by their first file.
 */
export function cyclesOf(all: readonly Source[]): string[][] {
	const targets = new Map<string, readonly string[]>();
	for (const source of all) targets.set(source.path.replace(/\.ts$/, ""), importsOf(source));
	const order = new Map<string, number>();
	const lowest = new Map<string, number>();
	const stack: string[] = [];
	const groups: string[][] = [];
	const visit = (file: string): void => {
		const number = order.size;
		order.set(file, number);
		lowest.set(file, number);
		stack.push(file);
		for (const target of targets.get(file) ?? []) {
			if (!targets.has(target)) continue;
			if (!order.has(target)) visit(target);
			if (stack.includes(target)) {
				lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(target) ?? 0));
			}
		}
		if (lowest.get(file) !== number) return;
		const group = stack.splice(stack.indexOf(file));
		if (group.length > 1) groups.push(group.sort());
	};
	for (const file of targets.keys()) if (!order.has(file)) visit(file);
	return groups.sort((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
}

/** Lines of a text that ends with a line feed. */
export function linesOf(text: string): number {
	return text.split("\n").length - 1;
}

const OPENS_FUNCTION = /(=>|\)(: .+)?) \{$/;
const CONTROL = /^\s*(\} )?(if|for|while|switch|catch|else|do|try)\b/;

/** Functions, methods and constructors of more than `limit` lines, the longest first. */
export function longFunctions(all: readonly Source[], limit = FUNCTION_LINES_MAX): LongFunction[] {
	const found: LongFunction[] = [];
	for (const { path, text } of all) {
		const lines = text.split("\n");
		lines.forEach((line, index) => {
			if (!OPENS_FUNCTION.test(line) || CONTROL.test(line)) return;
			const indent = /^\t*/.exec(line)?.[0] ?? "";
			const isOutermost = (other: string): boolean =>
				other.startsWith(indent) && other.charAt(indent.length) !== "\t";
			let first = index;
			// Parameters on lines of their own: the name stands above them.
			while (first > 0 && /^\t*[)}]/.test(lines[first] ?? "")) {
				do first--;
				while (first > 0 && !isOutermost(lines[first] ?? ""));
			}
			let last = index + 1;
			while (last < lines.length && !(lines[last] ?? "").startsWith(`${indent}}`)) last++;
			const head = lines[first] ?? "";
			if (CONTROL.test(head)) return;
			const count = last - first + 1;
			if (count > limit) found.push({ path, name: nameOf(head), lines: count });
		});
	}
	return found.sort((a, b) => b.lines - a.lines);
}

/** In which files each fact is named; `pattern` is matched against code. Most files first. */
export function namesOf(
	all: readonly Source[],
	facts: readonly { readonly name: string; readonly pattern: RegExp }[],
): NamedFact[] {
	return facts
		.map(({ name, pattern }) => ({
			name,
			files: all.filter(({ code }) => pattern.test(code)).map(({ path }) => path),
		}))
		.sort((a, b) => b.files.length - a.files.length);
}

/**
 * Values that `production` exports and uses nowhere, not where they are declared either: `path name`, sorted. A name
 * that another file of production has counts as used.
 */
export function exportsForNobody(production: readonly Source[]): string[] {
	const words = new Map<string, Set<string>>();
	const wordsOf = (code: string): readonly string[] => code.match(/[A-Za-z_]\w*/g) ?? [];
	for (const { path, code } of production) {
		for (const word of wordsOf(code)) words.set(word, (words.get(word) ?? new Set()).add(path));
	}
	const found: string[] = [];
	for (const { path, code } of production) {
		const own = wordsOf(code);
		for (const [, name = ""] of code.matchAll(EXPORTED_VALUE)) {
			const isUsed =
				(words.get(name)?.size ?? 0) > 1 || own.filter((word) => word === name).length > 1;
			if (!isUsed) found.push(`${path} ${name}`);
		}
	}
	return found.sort();
}

const EXPORTED_VALUE = /^export (?:async )?(?:function\*? |const |(?:abstract )?class )(\w+)/gm;

function nameOf(head: string): string {
	const name = /(?:function\*? |const |get |set |\*)?(#?[A-Za-z]\w*)\s*(?:=|\(|<|:)/.exec(
		head,
	)?.[1];
	return name ?? head.trim();
}

/**
 * One module out of a compiled program (JavaScript of build/), small on XS: Rollup puts the modules into one and leaves
 * out what nobody reaches, private members become plain, functions become arrows, Terser inlines constants and
 * what is called once and renames, and bindings become globals. docs/BOARD.md, "What a row costs on the chip", says
 * what each step saves.
 */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import MagicString from "magic-string";
import { type Plugin, type RenderedChunk, rollup, type SourceMapInput } from "rollup";
import { parseAst } from "rollup/parseAst";
import { type MinifyOptions, minify } from "terser";
import { makeFunctionsArrows } from "./arrows.js";
import { makeBindingsGlobal } from "./globals.js";
import { nameSource } from "./names.js";
import { makeMembersPlain } from "./plain-members.js";
import { refuseUnkept, UnkeptForm } from "./refusals.js";
import { readMembers, spellBooleans, unrollIterations, yieldTasks } from "./short-forms.js";
import type { Node } from "./syntax.js";
import { foldTables } from "./tables.js";

/** Words that the SDK's compiler takes for its own. */
const RESERVED = ["native", "Native"];
/** Built-ins that `strip` of board/sdk.json leaves out of the image though their names are used for others. */
const LEFT_OUT = /\b(?:Array\.of|String\.raw)\b/;
/** Terser looks again at what it has made of the program. */
const PASSES = 3;
/** Of a refused form. */
const SHOWN_MAX = 120;

export interface Bundle {
	readonly code: string;
	/** JSON; from `code` to the sources in TypeScript. Empty where none was asked for. */
	readonly map: string;
	/** Specifiers of the SDK's modules that it imports. */
	readonly imports: readonly string[];
}

interface Text {
	readonly code: string;
	readonly map: SourceMapInput;
}

/**
 * @param entry Path of a compiled module whose exports are the bundle's.
 * @param isMapped A map costs as much processor time as a third of all else.
 */
export async function bundle(entry: string, isMapped = true): Promise<Bundle> {
	const step = (change: (code: string, isMapped: boolean) => Text | Promise<Text>): Plugin => ({
		name: change.name,
		renderChunk: async (code: string, chunk: RenderedChunk) => {
			try {
				return await change(code, isMapped);
			} catch (error) {
				throw error instanceof UnkeptForm ? locatedError(error, code, chunk) : error;
			}
		},
	});
	const build = await rollup({
		input: entry,
		external: (specifier) => !/^[./]/.test(specifier),
		plugins: [
			compiledSources(isMapped),
			step(plain),
			step(iterated),
			step(short),
			step(folded),
			step(tables),
			step(small),
			step(global),
		],
		onwarn: (warning) => {
			throw new Error(warning.message);
		},
	});
	const { output } = await build.generate({ format: "es", sourcemap: isMapped && "hidden" });
	const [chunk] = output;
	const missing = LEFT_OUT.exec(chunk.code);
	if (missing !== null) throw new Error(`${missing[0]} is not in the image (board/sdk.json)`);
	return {
		code: chunk.code,
		map: isMapped ? JSON.stringify(chunk.map) : "",
		imports: chunk.imports,
	};
}

/** Reads a module with the map that tsc has written beside it. */
function compiledSources(isMapped: boolean): Plugin {
	return {
		name: "compiled",
		load: (path) => ({
			code: readFileSync(path, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""),
			map: isMapped ? readFileSync(`${path}.map`, "utf8") : null,
		}),
	};
}

/** The same with file, line and what stands there; after the minifier, which leaves no lines, with that alone. */
function locatedError(
	{ node, message }: UnkeptForm,
	code: string,
	{ modules }: RenderedChunk,
): Error {
	const line = code.slice(code.lastIndexOf("\n", node.start) + 1).split("\n", 1)[0] ?? "";
	const shown = line.length > SHOWN_MAX ? code.slice(node.start, node.start + SHOWN_MAX) : line;
	for (const [path, { code: part }] of Object.entries(modules)) {
		const at = part === null ? -1 : code.indexOf(part);
		if (part === null || at < 0 || node.start < at || node.start >= at + part.length) continue;
		// Rollup may have written the line anew.
		const number = readFileSync(path, "utf8").split("\n").indexOf(line) + 1;
		const where = number === 0 ? "" : `${number}:`;
		return new Error(`${relative("", path)}:${where} ${message}: ${shown.trim()}`);
	}
	return new Error(`${message}: ${shown.trim()}`);
}

function changed(
	code: string,
	isMapped: boolean,
	change: (text: MagicString, tree: Node) => void,
): Text {
	const text = new MagicString(code);
	change(text, parseAst(code) as unknown as Node);
	const map = isMapped ? (text.generateMap({ hires: true }) as SourceMapInput) : null;
	return { code: text.toString(), map };
}

function plain(code: string, isMapped: boolean): Text {
	return changed(code, isMapped, (text, tree) => {
		refuseUnkept(tree);
		makeMembersPlain(text, tree);
		makeFunctionsArrows(text, tree);
	});
}

function iterated(code: string, isMapped: boolean): Text {
	return changed(code, isMapped, unrollIterations);
}

function short(code: string, isMapped: boolean): Text {
	return changed(code, isMapped, (text, tree) => {
		yieldTasks(text, tree);
		readMembers(text, tree);
	});
}

/** Inlines constants first, so that tables of them have literals. */
async function folded(code: string, isMapped: boolean): Promise<Text> {
	return minified(code, isMapped, false);
}

function tables(code: string, isMapped: boolean): Text {
	return changed(code, isMapped, foldTables);
}

function small(code: string, isMapped: boolean): Promise<Text> {
	return minified(code, isMapped, {
		reserved: RESERVED,
		// Not of @types/terser's options, but of its documentation.
		nth_identifier: { get: nameSource(parseAst(code) as unknown as Node) },
	} as MinifyOptions["mangle"]);
}

async function minified(
	code: string,
	isMapped: boolean,
	mangle: MinifyOptions["mangle"],
): Promise<Text> {
	const { code: result, map } = await minify(code, {
		module: true,
		ecma: 2020,
		compress: { passes: PASSES },
		...(mangle !== undefined && { mangle }),
		sourceMap: isMapped && { asObject: true },
	});
	if (result === undefined) throw new Error("the minifier gave nothing");
	return { code: result, map: isMapped ? (map as SourceMapInput) : null };
}

function global(code: string, isMapped: boolean): Text {
	return changed(code, isMapped, (text, tree) => {
		makeBindingsGlobal(text, tree);
		spellBooleans(text, tree);
	});
}

/**
 * One module out of a compiled program (JavaScript of build/), small on XS: Rollup puts the modules into one and leaves
 * out what nobody reaches, private members become plain, functions become arrows, Terser inlines constants and
 * what is called once and renames, and bindings become globals. docs/BOARD.md, "What a row costs on the chip", says
 * what each step saves.
 */
import { readFileSync } from "node:fs";
import MagicString from "magic-string";
import { type Plugin, type RenderedChunk, rollup, type SourceMapInput } from "rollup";
import { parseAst } from "rollup/parseAst";
import { type MinifyOptions, minify } from "terser";
import { makeFunctionsArrows } from "./arrows.js";
import { makeBindingsGlobal } from "./globals.js";
import { nameSource } from "./names.js";
import { makeMembersPlain } from "./plain-members.js";
import { readMembers, sayBooleans, unrollIterations, yieldTasks } from "./short-forms.js";
import type { Node } from "./syntax.js";
import { foldTables } from "./tables.js";

/** Words that the SDK's compiler takes for its own. */
const RESERVED = ["native", "Native"];
/** Built-ins that `strip` of board/sdk.json leaves out of the image though their names are used for others. */
const LEFT_OUT = /\b(?:Array\.of|String\.raw)\b/;
/** Terser looks again at what it has made of the program. */
const PASSES = 3;

export interface Bundle {
	readonly code: string;
	/** JSON; from `code` to the sources in TypeScript. */
	readonly map: string;
	/** Specifiers of the SDK's modules that it imports. */
	readonly imports: readonly string[];
}

interface Text {
	readonly code: string;
	readonly map: SourceMapInput;
}

/** @param entry Path of a compiled module whose exports are the bundle's. */
export async function bundle(entry: string): Promise<Bundle> {
	const build = await rollup({
		input: entry,
		external: (specifier) => !/^[./]/.test(specifier),
		plugins: [
			compiledSources(),
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
	const { output } = await build.generate({ format: "es", sourcemap: "hidden" });
	const [chunk] = output;
	const missing = LEFT_OUT.exec(chunk.code);
	if (missing !== null) throw new Error(`${missing[0]} is not in the image (board/sdk.json)`);
	return { code: chunk.code, map: JSON.stringify(chunk.map), imports: chunk.imports };
}

/** Reads a module with the map that tsc has written beside it. */
function compiledSources(): Plugin {
	return {
		name: "compiled",
		load: (path) => ({
			code: readFileSync(path, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""),
			map: readFileSync(`${path}.map`, "utf8"),
		}),
	};
}

function step(change: (code: string) => Text | Promise<Text>): Plugin {
	return {
		name: change.name,
		renderChunk: (code: string, _chunk: RenderedChunk) => change(code),
	};
}

function changed(code: string, change: (text: MagicString, tree: Node) => void): Text {
	const text = new MagicString(code);
	change(text, parseAst(code) as unknown as Node);
	return { code: text.toString(), map: text.generateMap({ hires: true }) as SourceMapInput };
}

function plain(code: string): Text {
	return changed(code, (text, tree) => {
		makeMembersPlain(text, tree);
		makeFunctionsArrows(text, tree);
	});
}

function iterated(code: string): Text {
	return changed(code, unrollIterations);
}

function short(code: string): Text {
	return changed(code, (text, tree) => {
		yieldTasks(text, tree);
		readMembers(text, tree);
	});
}

/** Inlines constants first, so that tables of them have literals. */
async function folded(code: string): Promise<Text> {
	return minified(code, false);
}

function tables(code: string): Text {
	return changed(code, foldTables);
}

function small(code: string): Promise<Text> {
	return minified(code, {
		reserved: RESERVED,
		// Not of @types/terser's options, but of its documentation.
		nth_identifier: { get: nameSource(parseAst(code) as unknown as Node) },
	} as MinifyOptions["mangle"]);
}

async function minified(code: string, mangle: MinifyOptions["mangle"]): Promise<Text> {
	const { code: result, map } = await minify(code, {
		module: true,
		ecma: 2020,
		compress: { passes: PASSES },
		...(mangle !== undefined && { mangle }),
		sourceMap: { asObject: true },
	});
	if (result === undefined) throw new Error("the minifier gave nothing");
	return { code: result, map: map as SourceMapInput };
}

function global(code: string): Text {
	return changed(code, (text, tree) => {
		makeBindingsGlobal(text, tree);
		sayBooleans(text, tree);
	});
}

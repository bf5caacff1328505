/**
 * Loaded into each process of a test run (.mocharc.json): the stack of a test that failed names lines of the sources. Node's own
 * --enable-source-maps reads and keeps the map of every module, which took 7 % of the processor time of two files of
 * scenarios (three runs each in turns).
 */
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const PLACE = /(file:\/\/\/[^\s()]+?\.js):(\d+):(\d+)/g;

/** A place without a map, or that its map does not know, stays as it is. */
export function stackOfSources(stack: string): string {
	return stack.replace(PLACE, (place: string, url: string, line: string, column: string) => {
		const file = fileURLToPath(url);
		if (!existsSync(`${file}.map`)) return place;
		const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
		const found = map.findEntry(Number(line) - 1, Number(column) - 1);
		if (!("originalSource" in found)) return place;
		const source = resolve(dirname(file), found.originalSource);
		return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
	});
}

export const mochaHooks = {
	afterEach(this: Mocha.Context): void {
		const error = this.currentTest?.err;
		if (error?.stack !== undefined) error.stack = stackOfSources(error.stack);
	},
};

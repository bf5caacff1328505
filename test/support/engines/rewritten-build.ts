/** The built program with some of its text rewritten, in a folder of its own: the shipped code has no switch. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PROJECT } from "../sources.js";

/** File below `build`, text that is there once, and what is there instead. */
export type Rewrite = readonly [file: string, text: string, instead: string];

/** Builds it, lets `use` import from it or run what is at a path, and removes it. Throws where a text is not there once. */
export async function withRewritten<Result>(
	rewrites: readonly Rewrite[],
	use: (
		load: (file: string) => Promise<unknown>,
		pathOf: (file: string) => string,
	) => Promise<Result>,
): Promise<Result> {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-rewritten-"));
	try {
		writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
		// The sources for what documents make of the comments in them.
		for (const same of ["node_modules", "src"]) {
			symlinkSync(join(PROJECT, same), join(folder, same));
		}
		for (const part of ["src", "drivers", "sim", "test/support", "test/swarm"]) {
			cpSync(join(PROJECT, "build", part), join(folder, "build", part), {
				recursive: true,
				filter: (path) => !path.endsWith(".d.ts") && !path.endsWith(".map"),
			});
		}
		for (const [file, text, instead] of rewrites) {
			const path = join(folder, "build", file);
			const before = readFileSync(path, "utf8");
			if (before.split(text).length !== 2) throw new Error(`not once in ${file}: ${text}`);
			writeFileSync(
				path,
				before.replace(text, () => instead),
			);
		}
		const pathOf = (file: string): string => join(folder, "build", file);
		return await use((file) => import(pathToFileURL(pathOf(file)).href), pathOf);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

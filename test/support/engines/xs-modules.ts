/**
 * Lays compiled modules out for the XS worker: it joins paths without normalizing `..`, and would load
 * a module twice under two names. So one flat folder, each file named by its path.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { PROJECT } from "../sources.js";

const SPECIFIER = /((?:^|\n)\s*(?:import|export)\b[^;"]*?from\s*|(?:^|\n)\s*import\s*)"([^"]+)"/g;

/** Copies `entry` (of build/) and all that it imports into `folder`; the path of its copy there. */
export function flattenModules(entry: string, folder: string): string {
	const build = join(PROJECT, "build");
	mkdirSync(folder, { recursive: true });
	const flatName = (path: string): string => relative(build, path).replaceAll("/", "__");
	const copied = new Set<string>();
	const copy = (path: string): void => {
		if (copied.has(path)) return;
		copied.add(path);
		const text = readFileSync(path, "utf8").replace(
			SPECIFIER,
			(_all, head: string, name: string) => {
				if (!name.startsWith("."))
					throw new Error(`${path} imports ${name}, which XS does not have`);
				const target = resolve(dirname(path), name);
				copy(target);
				return `${head}"./${flatName(target)}"`;
			},
		);
		// The worker would look for the map beside the copy, and refuse the module without it.
		const mapless = text.replace(/^\/\/# sourceMappingURL=.*$/m, "");
		writeFileSync(join(folder, flatName(path)), mapless);
	};
	copy(join(build, entry));
	return join(folder, flatName(join(build, entry)));
}

/** Folders made one by one: Node's own `recursive` never returns where none can be made, as in /proc. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Makes `path` and what is missing above it; the uppermost that it made, if any. Throws the system's error. */
export function makeFolders(path: string, mode = 0o777): string | undefined {
	const missing: string[] = [];
	for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) {
		missing.unshift(folder);
	}
	for (const folder of missing) {
		try {
			mkdirSync(folder, { mode });
		} catch (error) {
			// Somebody else was faster.
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		}
	}
	return missing[0];
}

/**
 * Makes a new embedded database, which costs seconds of processor time: once on a thread of its own, so that
 * its caller can do something else, and from then on as a copy of a ready-made one.
 */
import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { makeFolders } from "../../host/folders.js";

/** Beside the program's sources; where that cannot be written each database is made anew. */
const CACHE = fileURLToPath(new URL("../../../../.cache/", import.meta.url));

/**
 * Puts a new, closed database of PGlite at `path`, where none is. Whole or not at all: a start that is cut off
 * leaves `path.making`, which the next removes. Throws what the system or the database says.
 */
export async function makeDatabase(path: string, cache = CACHE): Promise<void> {
	const ready = join(cache, `database-${libraryVersion()}`);
	const making = `${path}.making`;
	rmSync(making, { recursive: true, force: true });
	try {
		if (existsSync(ready)) cpSync(ready, making, { recursive: true });
		else {
			makeFolders(making, 0o700);
			await makeOnThread(making);
			keep(making, ready);
		}
		// PGlite makes its files for everybody; this folder is who keeps them.
		chmodSync(making, 0o700);
		rmSync(path, { recursive: true, force: true });
		renameSync(making, path);
	} catch (error) {
		rmSync(making, { recursive: true, force: true });
		throw error;
	}
}

function makeOnThread(path: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const worker = new Worker(new URL("./new-database-thread.js", import.meta.url), {
			workerData: path,
		});
		worker.once("error", reject);
		worker.once("exit", (code) => {
			if (code === 0) resolve();
			else reject(new Error(`the thread that makes the database ended with ${code}`));
		});
	});
}

/** For the next new database. Of two that come at once one copy stays; without a place for it there is none. */
function keep(made: string, ready: string): void {
	const copy = `${ready}.${process.pid}`;
	try {
		makeFolders(dirname(ready));
		cpSync(made, copy, { recursive: true });
		renameSync(copy, ready);
	} catch {
		// A read-only installation, a full disk, another process that was first: none of it concerns this database.
		rmSync(copy, { recursive: true, force: true });
	}
}

/** A database is of its library's version of PostgreSQL. */
export function libraryVersion(): string {
	const main = createRequire(import.meta.url).resolve("@electric-sql/pglite");
	const file = join(dirname(main), "..", "package.json");
	return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}

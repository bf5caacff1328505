/**
 * Loaded into each process of a test run (.mocharc.json): temporary files are in memory where Linux has room for them. Tests
 * make and remove databases of a thousand files; on a disk that is a tenth of their processor time. TMPDIR, where it is
 * given, says otherwise.
 */
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

const MEMORY = "/dev/shm";
/** A whole run has less than one at a time. */
const FREE_GIGABYTES_MIN = 4;
const GIGABYTE = 1e9;

function hasRoom(): boolean {
	try {
		accessSync(MEMORY, constants.W_OK);
		const { bavail, bsize } = statfsSync(MEMORY);
		return bavail * bsize >= FREE_GIGABYTES_MIN * GIGABYTE;
	} catch {
		return false;
	}
}

// The run's first process makes it; its workers and what they start have it from there.
if (process.env["TMPDIR"] === undefined && hasRoom()) {
	const folder = mkdtempSync(join(MEMORY, "bistrina-tests-"));
	// A PostgreSQL server runs as another user.
	chmodSync(folder, 0o755);
	process.env["TMPDIR"] = folder;
	process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
}

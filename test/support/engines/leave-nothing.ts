/**
 * A campaign or benchmark that is ended in the middle leaves nothing behind: what it makes is in one temporary folder, and
 * what it started dies with it.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIGNALS = Object.freeze({ SIGINT: 130, SIGTERM: 143 } as const);

/** From now on, as long as this process lives; its temporary folder, which its children have too. */
export function leaveNothing(): string {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-run-"));
	// A PostgreSQL server runs as another user.
	chmodSync(folder, 0o755);
	process.env["TMPDIR"] = folder;
	process.once("exit", () => {
		for (const pid of descendantsOf(process.pid)) kill(pid);
		// Who was killed just now may still write for a moment.
		rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
	});
	for (const [signal, exitCode] of Object.entries(SIGNALS)) {
		process.once(signal, () => process.exit(exitCode));
	}
	return folder;
}

/** Of all that live, the nearest first; none where the system does not say. */
export function descendantsOf(pid: number): readonly number[] {
	const parents = new Map<number, number>();
	try {
		for (const name of readdirSync("/proc")) {
			if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(name));
		}
	} catch {
		return [];
	}
	const found = [pid];
	for (const ancestor of found) {
		for (const [child, parent] of parents) if (parent === ancestor) found.push(child);
	}
	return found.slice(1);
}

/** 0 of one that has ended by now. */
function parentOf(pid: string): number {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The name in brackets may hold anything; after it come state and parent.
		return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
	} catch {
		return 0;
	}
}

function kill(pid: number): void {
	try {
		process.kill(pid, "SIGKILL");
	} catch {
		// It has ended.
	}
}

/** What campaigns and benchmarks leave behind when somebody ends them in the middle. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../support/sources.js";

const MODULE = join(PROJECT, "build/test/support/engines/leave-nothing.js");
/** A program with a child that has a session and a child of its own, and files of all three. */
const PROGRAM = `
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { leaveNothing } from ${JSON.stringify(MODULE)};
const folder = leaveNothing();
mkdtempSync(tmpdir() + "/bistrina-anything-");
const child = spawn("/bin/sh", ["-c", "mktemp -d >/dev/null; sleep 60 & echo $!; wait"], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
child.stdout.once("data", (text) => console.log(JSON.stringify({ folder, pids: [child.pid, Number(text)] })));
setInterval(() => {}, 1000);
`;

const isAlive = (pid: number): boolean => {
	try {
		// One that nobody has waited for yet is dead all the same.
		return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
	} catch {
		return false;
	}
};

describe("a campaign or benchmark that is ended in the middle", () => {
	for (const [signal, expected] of [
		["SIGINT", 130],
		["SIGTERM", 143],
	] as const) {
		it(`leaves no folder and no process behind after ${signal}`, async function () {
			if (process.platform !== "linux") this.skip();
			const run = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM], {
				stdio: ["ignore", "pipe", "inherit"],
			});
			const [text] = (await once(run.stdout.setEncoding("utf8"), "data")) as [string];
			const { folder, pids } = JSON.parse(text) as { folder: string; pids: readonly number[] };
			assert.ok(existsSync(folder));
			assert.deepEqual(pids.map(isAlive), [true, true]);
			const gone = once(run, "exit");
			run.kill(signal);
			assert.deepEqual(await gone, [expected, null]);
			assert.equal(existsSync(folder), false);
			assert.deepEqual(pids.map(isAlive), [false, false]);
		});
	}
});

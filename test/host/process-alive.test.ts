import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { isProcessAlive } from "../../src/host/process-alive.js";

describe("a lock's holder", () => {
	it("is alive while it runs, and not when there is no such process", () => {
		assert.equal(isProcessAlive(process.pid), true);
		assert.equal(isProcessAlive(0x7ffffff0), false);
	});

	it("is dead when it was killed and nobody has waited for it yet", async () => {
		// The shell becomes a program that never waits for the child that it has started.
		const child = spawn("sh", ["-c", "sleep 0.05 & echo $!; exec sleep 10"], {
			stdio: ["ignore", "pipe", "ignore"],
		});
		try {
			const pid = await new Promise<number>((resolve) => {
				child.stdout.once("data", (text: Buffer) => resolve(Number(text.toString())));
			});
			for (let round = 0; round < 100 && isProcessAlive(pid); round++) {
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
			assert.equal(isProcessAlive(pid), false);
			if (process.platform === "linux") assert.doesNotThrow(() => process.kill(pid, 0));
		} finally {
			child.kill();
		}
	});
});

/** The line of a simulated board, offered to other programs by a process of its own. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openControlledPort } from "../../../src/technician/ports.js";
import { flashed } from "../../support/bench/chip-line.js";
import { bundleOf } from "../../support/bench/plain-bundle.js";
import { startCommand } from "../../support/collectors/command.js";
import { whole } from "../../support/depth.js";

describe("the line of a simulated board over RFC 2217", function () {
	this.timeout(120_000);

	whole(
		"leads to a board that is flashed by another program, and is the same one afterwards",
		async () => {
			const folder = mkdtempSync(join(tmpdir(), "bistrina-line-"));
			const bundle = await bundleOf({ imageBytes: 4096 });
			const macs: string[] = [];
			try {
				for (const isNew of [true, false]) {
					const running = startCommand("sim/shell/chip/main.js", [join(folder, "board")]);
					const [address = ""] = await running.seen(/rfc2217:\/\/127\.0\.0\.1:\d+/);
					const port = await openControlledPort(address, 115_200);
					const report = await flashed(port, bundle);
					await port.close();
					running.child.kill("SIGTERM");
					assert.equal((await running.finished).exitCode, 0);
					// Of what is there already only otadata is written: the boot loader made a note in it.
					assert.equal(report.writtenBytes > 8192, isNew);
					assert.equal(report.station, "untold");
					macs.push(report.mac);
				}
				assert.equal(macs[0], macs[1]);
			} finally {
				rmSync(folder, { recursive: true });
			}
		},
	);
});

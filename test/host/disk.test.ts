import { strict as assert } from "node:assert";
import { appendFileSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { energyText } from "../../sim/shell/run-report.js";
import { WitnessFile } from "../../sim/shell/witness-file.js";
import { diskFailure, writeWhole } from "../../src/host/disk.js";
import { OperationalError } from "../../src/host/errors.js";

function refusal(code: string): Error {
	return Object.assign(new Error(`${code}: of the system, write`), { code, syscall: "write" });
}

describe("the disk under a data directory", () => {
	it("is told of in one line with a remedy when it refuses a write", () => {
		const lost = "start again; nothing that was acknowledged is lost";
		for (const [code, line] of [
			["ENOSPC", `/data: the disk is full (ENOSPC): make room and ${lost}`],
			["EIO", `/data: the disk fails (EIO): mend that and ${lost}`],
			["EROFS", `/data: the disk cannot be written (EROFS): mend that and ${lost}`],
			["EACCES", `/data: permission denied (EACCES): mend that and ${lost}`],
		] as const) {
			const failure = diskFailure(refusal(code), "/data");
			assert.ok(failure instanceof OperationalError, code);
			assert.equal(failure.message, line);
		}
	});

	it("is not blamed for a bug", () => {
		for (const bug of [new TypeError("x is undefined"), refusal("EBADF")]) {
			assert.equal(diskFailure(bug, "/data"), bug);
		}
	});

	it("has refused a write when the system says so", () => {
		assert.throws(() => writeWhole(openSync("/dev/full", "w"), new Uint8Array(1)), {
			code: "ENOSPC",
		});
	});

	it("may leave half a note of a witness, after which the next is read all the same", () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-disk-"));
		try {
			const path = join(folder, "station-bor-1.witness");
			const before = new WitnessFile(path);
			before.appended(Uint8Array.of(1, 2, 3));
			before.close();
			const wholeBytes = statSync(path).size;
			appendFileSync(path, Uint8Array.of(1, 9, 0, 7));
			const after = new WitnessFile(path);
			assert.equal(statSync(path).size, wholeBytes);
			after.appended(Uint8Array.of(4, 5));
			after.close();
			const again = new WitnessFile(path);
			again.close();
			assert.deepEqual(
				again.returned.map((canonicalBytes) => [...canonicalBytes]),
				[
					[1, 2, 3],
					[4, 5],
				],
			);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("the summary's energy", () => {
	it("is of one station, and of a day only when a day has passed", () => {
		assert.equal(energyText(4.44, 60), "4.4 mWh per station so far");
		assert.equal(energyText(3000, 2 * 86_400), "1500.0 mWh a day per station");
	});
});

import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolders } from "../../src/host/folders.js";

describe("folders", () => {
	it("are made with all that is missing above them, and say which was the first", () => {
		const root = mkdtempSync(join(tmpdir(), "bistrina-"));
		try {
			assert.equal(makeFolders(join(root, "a", "b", "c"), 0o700), join(root, "a"));
			assert.equal(statSync(join(root, "a", "b", "c")).mode & 0o777, 0o700);
			assert.equal(makeFolders(join(root, "a", "b")), undefined);
			assert.equal(makeFolders(`${join(root, "a", "d")}/`), join(root, "a", "d"));
			writeFileSync(join(root, "file"), "");
			assert.throws(() => makeFolders(join(root, "file", "x")), { code: "ENOTDIR" });
		} finally {
			rmSync(root, { recursive: true });
		}
	});

	it("that cannot be made are an error, where Node's own way never ends", function () {
		if (!existsSync("/proc/self")) this.skip();
		assert.throws(() => makeFolders("/proc/nowhere/at/all"), { code: "ENOENT" });
	});
});

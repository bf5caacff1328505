/** All portable modules, loaded into a realm that has the language and nothing else. */
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT, sources } from "../support/sources.js";

const RUNNER = join(PROJECT, "build/test/support/engines/bare-realm.js");

function load(modules: readonly string[]): string {
	return execFileSync(
		process.execPath,
		["--experimental-vm-modules", "--no-warnings", RUNNER, ...modules],
		{ encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
	);
}

describe("portable modules", () => {
	const portable = sources("src/core", "src/protocol", "src/firmware", "drivers", "sim")
		.map(({ path }) => path)
		.filter((path) => !/^(src\/firmware\/(board\/|main\.ts)|sim\/shell\/)/.test(path))
		.map((path) => join(PROJECT, "build", path.replace(/\.ts$/, ".js")));

	it("load into a bare realm with frozen primordials and no Node globals", () => {
		assert.equal(load(portable).trim(), `${portable.length} modules`);
	});

	it("would not load if one of them reached for a global of Node", () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-realm-"));
		try {
			const planted = join(folder, "planted.js");
			for (const code of ["process.pid;", "setTimeout;", "Array.prototype.x = 1;"]) {
				writeFileSync(planted, code);
				assert.throws(() => load([planted]), /ReferenceError|TypeError/);
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STATION_ERROR_CODES } from "../../src/core/errors.js";
import { PROJECT, sources } from "../support/sources.js";

describe("every code of a station's errors", () => {
	const paper = readFileSync(join(PROJECT, "docs/TROUBLE.md"), "utf8");
	const tests = sources("test").filter(({ path }) => !path.startsWith("test/structure/"));
	const shipped = sources("src", "drivers").filter(({ path }) => path !== "src/core/errors.ts");

	it("has a line in docs/TROUBLE.md that says what to do", () => {
		const table = new Map(
			[...paper.matchAll(/^\| `([a-z-]+)` *\| (\S.+?) *\| (\S.+?) *\|$/gm)].map(
				([, code, what, remedy]) => [code, [what, remedy]],
			),
		);
		assert.deepEqual(
			STATION_ERROR_CODES.filter((code) => !table.has(code)),
			[],
		);
		assert.deepEqual(
			[...table.keys()].filter(
				(code) => !(STATION_ERROR_CODES as readonly (string | undefined)[]).includes(code),
			),
			[],
		);
	});

	it("is thrown somewhere and provoked by a test", () => {
		const isNamed = (code: string, { code: text }: { readonly code: string }): boolean =>
			new RegExp(`["\`/|(^]${code}["\`/|)$:]`).test(text);
		for (const code of STATION_ERROR_CODES) {
			assert.ok(
				shipped.some((source) => isNamed(code, source)),
				`nothing throws ${code}`,
			);
			assert.ok(
				tests.some((source) => isNamed(code, source)),
				`no test provokes ${code}`,
			);
		}
	});
});

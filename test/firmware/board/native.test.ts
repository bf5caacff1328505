/** What can be known of the board's C without a board: its arithmetic, and that three lists agree. */
import { strict as assert } from "node:assert";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { p256 } from "@noble/curves/nist.js";
import { hexOf } from "../../../src/core/bytes.js";
import { PROJECT } from "../../support/sources.js";

const BOARD = join(PROJECT, "src/firmware/board");
const text = (path: string): string => readFileSync(join(BOARD, path), "utf8");

interface Signature {
	readonly arguments: readonly string[];
	readonly returns: string;
}

describe("the board's native functions", () => {
	const manifest = JSON.parse(text("target/manifest.json")) as {
		ffi: { functions: Record<string, Signature> };
	};
	const { functions } = manifest.ffi;

	it("have one signature in the manifest, the C file and the TypeScript", () => {
		const inC = new Map<string, string>();
		const definition = /^(double|void|u?int32_t) (station_\w+)\(([^)]*)\)/gm;
		for (const [, returns, name, parameters] of text("native/station.c").matchAll(definition)) {
			const types = (parameters ?? "")
				.split(",")
				.map((each) => each.trim())
				.filter((each) => each !== "void" && each !== "")
				.map((each) => (each.includes("*") ? "uint8_t*" : each.replace(/ \w+$/, "")));
			inC.set(name ?? "", `${returns}(${types.join(",")})`);
		}
		const inManifest = new Map(
			Object.entries(functions).map(([name, { arguments: types, returns }]) => [
				name,
				`${returns}(${types.map((type) => type.replace(/\[\d+\]$/, "*")).join(",")})`,
			]),
		);
		const sorted = (map: Map<string, string>): [string, string][] =>
			[...map].sort(([a], [b]) => (a < b ? -1 : 1));
		assert.deepEqual(sorted(inManifest), sorted(inC));

		const inTypeScript = new Map<string, number>();
		const method = /^\t(station_\w+)\(([^)]*)\):/gm;
		for (const [, name, parameters] of text("native.ts").matchAll(method)) {
			inTypeScript.set(name ?? "", (parameters ?? "").split(":").length - 1);
		}
		for (const [name, { arguments: types }] of Object.entries(functions)) {
			assert.equal(inTypeScript.get(name), types.length, name);
		}
		assert.equal(inTypeScript.size, inManifest.size);
	});

	const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
	if (!hasCompiler) console.log("SKIPPED: the board's point arithmetic: there is no C compiler");

	(hasCompiler ? it : it.skip)("decompress points of P-256 as a library does", () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-c-"));
		try {
			const main = join(folder, "main.c");
			writeFileSync(
				main,
				`#include <stdio.h>
				#include "p256-point.h"
				int main(void) {
					uint8_t in[33], out[65];
					unsigned byte;
					for (;;) {
						for (int i = 0; i < 33; i++) {
							if (scanf("%2x", &byte) != 1) return 0;
							in[i] = (uint8_t)byte;
						}
						if (p256_decompress(in, out) != 0) printf("none\\n");
						else { for (int i = 0; i < 65; i++) printf("%02x", out[i]); printf("\\n"); }
					}
				}`,
			);
			const program = join(folder, "decompress");
			const source = join(BOARD, "native/p256-point.c");
			execFileSync("cc", [
				...["-std=c99", "-Wall", "-Wextra", "-Werror", "-O2"],
				...["-fsanitize=undefined", "-fno-sanitize-recover"],
				...["-I", join(BOARD, "native"), main, source, "-o", program],
			]);
			const compressed: string[] = [];
			const expected: string[] = [];
			for (let index = 1; index <= 24; index++) {
				const key = new Uint8Array(32).fill(index * 9);
				compressed.push(hexOf(p256.getPublicKey(key, true)));
				expected.push(hexOf(p256.getPublicKey(key, false)));
			}
			// Other first bytes, and x that is no element of the field.
			const x = compressed[0]?.slice(2) ?? "";
			const p = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
			for (const wrong of [`04${x}`, `00${x}`, `02${p}`, `03${"ff".repeat(32)}`]) {
				compressed.push(wrong);
				expected.push("none");
			}
			let without = 0;
			for (let small = 1; small <= 40; small++) {
				const point = `02${small.toString(16).padStart(64, "0")}`;
				compressed.push(point);
				try {
					expected.push(p256.Point.fromHex(point).toHex(false));
				} catch {
					expected.push("none");
					without++;
				}
			}
			assert.ok(without > 10, "half of all x have no point");
			const out = execFileSync(program, { input: compressed.join("\n"), encoding: "utf8" });
			assert.deepEqual(out.trim().split("\n"), expected);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

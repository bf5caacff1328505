/** manifest.json lists folders one by one; a forgotten one is found only where there is an SDK. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, sources } from "../support/sources.js";

interface Part {
	readonly modules?: Readonly<Record<string, unknown>>;
	readonly preload?: readonly string[];
}

/**
 * The SDK's mcconfig (8.2.3, filterPreload) matches a `*` in `preload` against JavaScript modules alone:
 * under a pattern ours would be loaded into RAM, 6 700 slots where the ESP32 has 4 928.
 */
function isPreloaded(part: Part, name: string): boolean {
	return (part.preload ?? []).includes(name);
}

describe("the SDK's manifest", () => {
	const manifest = JSON.parse(readFileSync(join(PROJECT, "manifest.json"), "utf8")) as Part & {
		readonly platforms: Readonly<Record<"esp32" | "lin", Part>>;
	};

	const holds = (part: Part, path: string): boolean => {
		const name = path.replace(/\.ts$/, "");
		const folder = name.replace(/\/[^/]*$/, "/*");
		const modules = Object.keys(part.modules ?? {});
		return (modules.includes(name) || modules.includes(folder)) && isPreloaded(part, name);
	};

	it("names each module that it preloads, for a pattern finds no TypeScript", () => {
		for (const part of [manifest, manifest.platforms.esp32, manifest.platforms.lin]) {
			assert.deepEqual(
				(part.preload ?? []).filter((name) => name.includes("*")),
				[],
			);
		}
	});

	it("preloads no module that is gone: mcconfig leaves out silently what it does not find", () => {
		const there = sources("src", "drivers", "sim").map(({ path }) => path.replace(/\.ts$/, ""));
		for (const part of [manifest, manifest.platforms.esp32, manifest.platforms.lin]) {
			const named = (part.preload ?? []).filter((name) => !name.startsWith("embedded:"));
			assert.ok(named.length > 0);
			assert.deepEqual(
				named.filter((name) => !there.includes(name)),
				[],
			);
		}
	});

	it("has every portable module of station and drivers, and preloads it", () => {
		const portable = sources("src/core", "src/protocol", "src/firmware", "drivers")
			.map(({ path }) => path)
			.filter((path) => !/^src\/firmware\/(board\/|main\.ts)/.test(path))
			// What is published is judged on hosts: no station needs it yet.
			.filter((path) => !/^src\/protocol\/(quality\/|verify-epochs)/.test(path));
		assert.ok(portable.length > 60, `only ${portable.length} found`);
		assert.deepEqual(
			portable.filter((path) => !holds(manifest, path)),
			[],
		);
	});

	it("has the board's adapters for esp32, and the simulated board for lin", () => {
		const adapters = sources("src/firmware/board")
			.map(({ path }) => path)
			.filter((path) => !path.endsWith(".d.ts"));
		assert.deepEqual(
			adapters.filter((path) => !holds(manifest.platforms.esp32, path)),
			[],
		);
		const world = sources("sim")
			.map(({ path }) => path)
			.filter((path) => !path.startsWith("sim/shell/"));
		assert.deepEqual(
			world.filter((path) => !holds(manifest.platforms.lin, path)),
			[],
		);
	});

	it("names components of ESP-IDF under a platform: mcconfig (8.2.3) overlooks them elsewhere", () => {
		const target = JSON.parse(
			readFileSync(join(PROJECT, "src/firmware/board/target/manifest.json"), "utf8"),
		) as {
			readonly dependency?: unknown;
			readonly platforms?: { readonly esp32?: { readonly dependency?: readonly unknown[] } };
		};
		assert.equal(target.dependency, undefined);
		assert.ok((target.platforms?.esp32?.dependency ?? []).length > 0);
	});

	it("gives a module the name of its path, so that relative imports resolve", () => {
		for (const part of [manifest, manifest.platforms.esp32, manifest.platforms.lin]) {
			for (const [name, source] of Object.entries(part.modules ?? {})) {
				if (/^(src|sim|drivers)\//.test(name)) assert.equal(source, `./${name}`);
			}
		}
	});
});

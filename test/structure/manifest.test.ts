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

	const chipModules = manifest.platforms.esp32.modules as { readonly "~": readonly string[] };
	const outOfTheImage = chipModules["~"].filter((path) => path.startsWith("./"));

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
			const named = (part.preload ?? []).filter((name) => /^(src|sim|drivers)\//.test(name));
			assert.ok(named.length > 0);
			assert.deepEqual(
				named.filter((name) => !there.includes(name)),
				[],
			);
		}
	});

	it("has every portable module that the station reaches, preloaded, and no other in the chip's image", () => {
		const reached = reachedFrom("src/firmware/main.ts");
		assert.ok(reached.size > 100, `only ${reached.size} found`);
		const portable = sources("src/core", "src/protocol", "src/firmware", "drivers")
			.map(({ path }) => path)
			.filter((path) => !/^src\/firmware\/(board\/|main\.ts)/.test(path));
		const out = outOfTheImage.map((path) => `${path.replace("./", "")}.ts`);
		assert.deepEqual(
			portable.filter((path) => reached.has(path) && !holds(manifest, path)),
			[],
		);
		// Modules of types alone leave nothing but an empty module.
		const needless = portable.filter((path) => !reached.has(path) && isInAFolderOf(manifest, path));
		assert.deepEqual(
			needless.filter((path) => !out.includes(path) && !/^src\/firmware\//.test(path)),
			[],
		);
		assert.deepEqual(
			out.filter((path) => reached.has(path)),
			[],
		);
	});

	it("gives the C of the station each folder of headers that the SDK's makefile does not search", () => {
		const read = (path: string): string => readFileSync(join(PROJECT, path), "utf8");
		const station = read("src/firmware/board/native/station.c");
		const target = JSON.parse(read("src/firmware/board/target/manifest.json")) as {
			readonly platforms: {
				readonly esp32: { readonly modules: Readonly<Record<"*", readonly string[]>> };
			};
		};
		const folders = target.platforms.esp32.modules["*"];
		// A folder is only searched for headers with the slash at its end.
		assert.deepEqual(
			folders.filter((folder) => !/^\$\(IDF_PATH\)\/components\/.*\/include\/$/.test(folder)),
			[],
		);
		const needed = [
			["esp_ota_ops.h", "app_update/include/"],
			["nvs.h", "nvs_flash/include/"],
			["psa/crypto.h", "tf-psa-crypto/include/"],
			["psa/crypto.h", "tf-psa-crypto/drivers/builtin/include/"],
			["psa/crypto.h", "mbedtls/port/include/"],
		] as const;
		for (const [header, folder] of needed) {
			assert.ok(station.includes(`#include "${header}"`), header);
			assert.ok(
				folders.some((each) => each.endsWith(folder)),
				folder,
			);
		}
		for (const macro of ["MBEDTLS_CONFIG_FILE", "TF_PSA_CRYPTO_USER_CONFIG_FILE"]) {
			const definition = station.indexOf(`#define ${macro} "mbedtls/esp_config.h"`);
			assert.ok(definition >= 0 && definition < station.indexOf("#include"), macro);
		}
		assert.match(station, /_Static_assert\(sizeof\(psa_hash_operation_t\) == 232/);
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

function isInAFolderOf(part: Part, path: string): boolean {
	return Object.keys(part.modules ?? {}).includes(path.replace(/\/[^/]*$/, "/*"));
}

/** The sources that a module loads when it runs, itself included: imports of types alone do not count. */
function reachedFrom(start: string): Set<string> {
	const texts = new Map(
		sources("src", "drivers").map(({ path }) => [path, readFileSync(join(PROJECT, path), "utf8")]),
	);
	const reached = new Set<string>();
	const visit = (path: string): void => {
		const text = texts.get(path);
		if (text === undefined || reached.has(path)) return;
		reached.add(path);
		for (const [, clause = "", specifier = ""] of text.matchAll(
			/^(?:import|export)\s+([^;"']*?)\s*(?:from\s+)?"(\.[^"]+)"/gm,
		)) {
			const names = /^\{([^}]*)\}/
				.exec(clause)?.[1]
				?.split(",")
				.filter((name) => /\w/.test(name));
			if (/^type\b/.test(clause) || names?.every((name) => /^\s*type\s/.test(name)) === true)
				continue;
			visit(join(path, "..", specifier).replace(/\.js$/, ".ts"));
		}
	};
	visit(start);
	return reached;
}

/** scripts/xs.sh with an SDK that only says what it was asked for. */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PROJECT } from "../support/sources.js";

const isLinux = process.platform === "linux";

(isLinux ? describe : describe.skip)("the script that builds for the board", () => {
	let folder = "";

	const put = (path: string, text: string): void => {
		const full = join(folder, path);
		mkdirSync(dirname(full), { recursive: true });
		writeFileSync(full, text);
		chmodSync(full, 0o755);
	};

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-sdk-"));
		put("sdk/xs/includes/xs.h", "");
		put("sdk/tools/VERSION", "8.2.3");
		put("sdk/build/bin/lin/release/mcconfig", '#!/bin/sh\necho "$@"\n');
		put("idf/tools/idf.py", "");
		put("bin/idf.py", "#!/bin/sh\n");
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	const run = (...parameters: string[]): { status: number | null; output: string } => {
		const { status, stdout, stderr } = spawnSync(
			"bash",
			[join(PROJECT, "scripts/xs.sh"), "esp32", ...parameters],
			{
				encoding: "utf8",
				env: {
					...process.env,
					MODDABLE: join(folder, "sdk"),
					IDF_PATH: join(folder, "idf"),
					PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
				},
			},
		);
		return { status, output: `${stdout}${stderr}`.trim().replaceAll(PROJECT, "./") };
	};

	it("takes the board of 8 MiB unless told otherwise, and passes the rest on to mcconfig", () => {
		assert.deepEqual(run("--modules", "-t", "build"), {
			status: 0,
			output: "-m -p esp32:./src/firmware/board/target -o ./build/xs -t build ./manifest.json",
		});
	});

	it("makes the target of a board of 4 MiB: its table, its size, the same C", () => {
		assert.deepEqual(run("--flash", "4", "--modules"), {
			status: 0,
			output: "-m -p esp32:./build/xs/target-4m -o ./build/xs ./manifest.json",
		});
		const read = (path: string): string => readFileSync(join(PROJECT, path), "utf8");
		const table = read("build/xs/target-4m/partitions.csv");
		assert.equal(table, read("src/firmware/board/target/partitions-4m.csv"));
		const options = read("build/xs/target-4m/sdkconfig/sdkconfig.defaults");
		assert.match(options, /^CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y$/m);
		assert.match(options, /^CONFIG_ESPTOOLPY_FLASHSIZE_8MB=n$/m);
		const manifest = JSON.parse(read("build/xs/target-4m/manifest.json")) as {
			readonly ffi: { readonly sources: readonly string[] };
		};
		assert.deepEqual(
			manifest.ffi.sources.map((path) => path.replace(PROJECT, "./")),
			["./src/firmware/board/native/station.c", "./src/firmware/board/native/p256-point.c"],
		);
	});

	it("refuses a size of flash that no table is for", () => {
		assert.deepEqual(run("--flash", "16"), {
			status: 2,
			output: "xs: --flash takes 8 or 4 (MiB)",
		});
	});
});

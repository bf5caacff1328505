/** `npm run bundle` over the folders that the SDK's build leaves. */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSimulatedBundle } from "../../sim/shell/chip/simulated-bundle.js";
import { PROJECT } from "../support/sources.js";

const OFFSETS = [
	["bootloader.bin", "bootloader/bootloader.bin"],
	["partition-table.bin", "partition_table/partition-table.bin"],
	["bistrina.bin", "xs_esp32.bin"],
] as const;

describe("the bundle for bistrina flash, of a build", function () {
	this.timeout(30_000);
	let folder = "";

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-built-"));
		writeSimulatedBundle(join(folder, "parts"), { version: "0.1.0", megabytes: 8 });
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	const build = (target: string): void => {
		const release = `esp32/${target}/release/bistrina`;
		const made = join(folder, "xs/tmp", release, "xsProj-esp32/build");
		const bin = join(folder, "xs/bin", release);
		mkdirSync(bin, { recursive: true });
		for (const [part, offset] of OFFSETS) {
			mkdirSync(join(made, offset, ".."), { recursive: true });
			copyFileSync(join(folder, "parts", part), join(made, offset));
			copyFileSync(join(folder, "parts", part), join(bin, offset.replace(/.*\//, "")));
		}
	};
	const run = () =>
		spawnSync(
			process.execPath,
			[join(PROJECT, "build/scripts/flash-bundle.js"), "--from", "xs", "out"],
			{ cwd: folder, encoding: "utf8" },
		);

	it("takes the files that the SDK laid into its bin, and not what it copied them from", () => {
		build("target");
		const { status, stderr } = run();
		assert.equal(stderr, "");
		assert.equal(status, 0);
		assert.deepEqual(
			readFileSync(join(folder, "out/bistrina.bin")),
			readFileSync(join(folder, "parts/bistrina.bin")),
		);
	});

	it("asks which, where boards of two sizes were built", () => {
		build("target");
		build("target-4m");
		const { status, stderr } = run();
		assert.equal(status, 1);
		assert.match(stderr, /xs_esp32\.bin is there 2 times; say --from DIR/);
	});
});

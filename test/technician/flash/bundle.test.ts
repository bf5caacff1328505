/** What a bundle is read from: a folder or a zip, each bounded, and nothing from outside of it. */
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { layoutOf } from "../../../sim/shell/chip/simulated-bundle.js";
import { KEPT_PARTITIONS, readBundle } from "../../../src/technician/flash/bundle.js";
import { bundleFolder, bundleOf, bundleRefusal } from "../../support/bench/plain-bundle.js";
import { whole } from "../../support/depth.js";

describe("a bundle", () => {
	let outside = "";

	beforeEach(() => {
		outside = mkdtempSync(join(tmpdir(), "bistrina-outside-"));
	});

	afterEach(() => rmSync(outside, { recursive: true }));

	/** What reading it is refused with when `bistrina.bin` is what `put` makes of it. */
	async function refusalOf(put: (path: string) => void): Promise<string> {
		const folder = bundleFolder();
		const path = join(folder, "bistrina.bin");
		try {
			rmSync(path);
			put(path);
			await readBundle(folder);
			return "taken";
		} catch (error) {
			return (error as Error).message.replaceAll(folder, "BUNDLE");
		} finally {
			rmSync(folder, { recursive: true });
		}
	}

	/** A bundle's files and others in a zip. */
	function zipOf(others: Readonly<Record<string, Uint8Array>> = {}): string {
		const folder = bundleFolder();
		const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]);
		rmSync(folder, { recursive: true });
		const path = join(outside, "bundle.zip");
		writeFileSync(path, zipSync({ ...others, ...Object.fromEntries(files) }));
		return path;
	}

	it("is a zip or a folder", async () => {
		assert.deepEqual(await readBundle(zipOf()), await bundleOf());
	});

	whole(
		"is told to be too long where the zip unpacks to more than a flash holds, and no part is called missing",
		async () => {
			const path = zipOf({ "a.bin": new Uint8Array(16 * 1024 * 1024) });
			await assert.rejects(readBundle(path), { message: `${path}: too long for a bundle` });
		},
	);

	it("takes no part by a link that leads out of the folder", async () => {
		const secret = join(outside, "secret");
		writeFileSync(secret, "key");
		assert.equal(
			await refusalOf((path) => symlinkSync(secret, path)),
			"BUNDLE: a part outside of it: bistrina.bin",
		);
	});

	it("does not wait for a pipe, which has no end", async () => {
		const pipe = await refusalOf((path) => execFileSync("mkfifo", [path]));
		assert.equal(pipe, "BUNDLE/bistrina.bin: not a file");
	});

	it("takes no folder for a part", async () => {
		assert.equal(await refusalOf((path) => mkdirSync(path)), "BUNDLE/bistrina.bin: not a file");
	});

	it("says which part is missing", async () => {
		assert.equal(await refusalOf(() => {}), "BUNDLE: bistrina.bin is missing");
	});

	it("takes a digest in capital digits, too", async () => {
		const capital = (text: string): string =>
			text.replace(/"[0-9a-f]{64}"/g, (digest) => digest.toUpperCase());
		assert.equal(await bundleRefusal({ manifest: capital }), "taken");
	});

	it("keeps the partitions that the firmware's tables have, by label, type and subtype", () => {
		for (const megabytes of [4, 8] as const) {
			const layout = layoutOf(megabytes);
			const kept = KEPT_PARTITIONS.map(({ label }) => layout.find((each) => each.label === label));
			assert.deepEqual(
				kept.map((each) => [each?.label, each?.type, each?.subtype]),
				KEPT_PARTITIONS.map(({ label, type, subtype }) => [label, type, subtype]),
			);
		}
	});
});

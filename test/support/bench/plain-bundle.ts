/** Bundles for tests: the simulated board's, and ones that are wrong in one thing each. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	layoutOf,
	type ManifestFacts,
	manifestOf,
	type PartFile,
	simulatedParts,
	writeBundle,
} from "../../../sim/shell/chip/simulated-bundle.js";
import { type Bundle, MANIFEST_FILE, readBundle } from "../../../src/technician/flash/bundle.js";

export interface BundleChange {
	readonly facts?: Partial<ManifestFacts>;
	readonly parts?: (parts: readonly PartFile[]) => readonly PartFile[];
	/** After the digests were taken. */
	readonly file?: { readonly path: string; readonly change: (bytes: Buffer) => Uint8Array };
	/** Of the manifest's text. */
	readonly manifest?: (text: string) => string;
	readonly megabytes?: 4 | 8;
	readonly imageBytes?: number;
}

/** A folder with a bundle; the caller removes it. */
export function bundleFolder(change: BundleChange = {}): string {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-bundle-"));
	const { megabytes = 8, imageBytes = 160 * 1024 } = change;
	const partitions = layoutOf(megabytes);
	const all = simulatedParts(partitions, "0.1.0", imageBytes);
	const parts = change.parts?.(all) ?? all;
	const facts = {
		version: "0.1.0",
		board: "simulated",
		flashBytes: megabytes * 2 ** 20,
		sdk: "none",
		idf: "none",
		partitions,
		...change.facts,
	};
	writeBundle(folder, manifestOf(facts, parts), parts);
	rewrite(folder, change);
	return folder;
}

function rewrite(folder: string, { file, manifest }: BundleChange): void {
	if (file !== undefined) {
		const path = join(folder, file.path);
		writeFileSync(path, file.change(readFileSync(path)));
	}
	if (manifest === undefined) return;
	const path = join(folder, MANIFEST_FILE);
	writeFileSync(path, manifest(readFileSync(path, "utf8")));
}

/** A bundle as the program has it; its folder is gone. */
export async function bundleOf(change: BundleChange = {}): Promise<Bundle> {
	const folder = bundleFolder(change);
	try {
		return await readBundle(folder);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** What reading it is refused with, without the folder's name. */
export async function bundleRefusal(change: BundleChange): Promise<string> {
	const folder = bundleFolder(change);
	try {
		await readBundle(folder);
		return "taken";
	} catch (error) {
		return (error as Error).message.replaceAll(folder, "BUNDLE");
	} finally {
		rmSync(folder, { recursive: true });
	}
}

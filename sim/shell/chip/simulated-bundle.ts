/** A bundle for the simulated board: what `npm run bundle -- --simulated` writes, and tests in memory. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
	BUNDLE_FORMAT,
	type Bundle,
	MANIFEST_FILE,
	type Manifest,
} from "../../../src/technician/flash/bundle.js";
import {
	encodePartitionTable,
	type Partition,
	partitionsOfCsv,
	TABLE_OFFSET,
} from "../../../src/technician/flash/partition-table.js";
import { simulatedBootloader, simulatedImage } from "./simulated-image.js";

const MEGABYTE = 1024 * 1024;
const TARGET = new URL("../../../../src/firmware/board/target/", import.meta.url);
export const PARTITION_LAYOUTS = Object.freeze({
	8: "partitions.csv",
	4: "partitions-4m.csv",
} as const);

export interface PartFile {
	readonly path: string;
	readonly offset: number;
	readonly bytes: Uint8Array;
}

/** The partitions of a board with so many MiB of flash. */
export function layoutOf(megabytes: keyof typeof PARTITION_LAYOUTS): readonly Partition[] {
	return partitionsOfCsv(readFileSync(new URL(PARTITION_LAYOUTS[megabytes], TARGET), "utf8"));
}

export function simulatedParts(
	partitions: readonly Partition[],
	version: string,
	imageBytes: number,
): PartFile[] {
	const partitionNamed = (label: string): Partition => {
		const found = partitions.find((partition) => partition.label === label);
		if (found === undefined) throw new Error(`no partition ${label}`);
		return found;
	};
	const otadata = partitionNamed("otadata");
	return [
		{ path: "bootloader.bin", offset: 0x1000, bytes: simulatedBootloader() },
		{
			path: "partition-table.bin",
			offset: TABLE_OFFSET,
			bytes: encodePartitionTable(partitions),
		},
		{
			path: "otadata.bin",
			offset: otadata.offset,
			bytes: new Uint8Array(otadata.size).fill(0xff),
		},
		{
			path: "bistrina.bin",
			offset: partitionNamed("ota_0").offset,
			bytes: simulatedImage({ version, bytes: imageBytes }),
		},
	];
}

export type ManifestFacts = Omit<Bundle, "name" | "parts">;

export function manifestOf(facts: ManifestFacts, parts: readonly PartFile[]): Manifest {
	const { version, ...build } = facts;
	return {
		bistrinaBundle: BUNDLE_FORMAT,
		name: "Bistrina",
		version,
		new_install_prompt_erase: false,
		builds: [
			{
				chipFamily: "ESP32",
				...build,
				parts: parts.map(({ path, offset, bytes }) => ({
					path,
					offset,
					size: bytes.length,
					sha256: createHash("sha256").update(bytes).digest("hex"),
				})),
			},
		],
	};
}

export interface SimulatedBundleOptions {
	readonly version: string;
	readonly megabytes?: keyof typeof PARTITION_LAYOUTS;
	/** Of the firmware's code. */
	readonly imageBytes?: number;
}

/** Writes the folder of a bundle that the simulated board runs. */
export function writeSimulatedBundle(folder: string, options: SimulatedBundleOptions): Manifest {
	const { version, megabytes = 8, imageBytes = 96 * 1024 } = options;
	const partitions = layoutOf(megabytes);
	const parts = simulatedParts(partitions, version, imageBytes);
	const manifest = manifestOf(
		{
			version,
			board: "simulated",
			flashBytes: megabytes * MEGABYTE,
			sdk: "none",
			idf: "none",
			partitions,
		},
		parts,
	);
	writeBundle(folder, manifest, parts);
	return manifest;
}

export function writeBundle(
	folder: string,
	manifest: Manifest,
	parts: readonly Pick<PartFile, "path" | "bytes">[],
): void {
	mkdirSync(folder, { recursive: true });
	for (const { path, bytes } of parts) writeFileSync(join(folder, path), bytes);
	writeFileSync(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, "\t")}\n`);
}

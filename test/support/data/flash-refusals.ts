/**
 * What `bistrina flash` refuses before it writes a byte, and how it says so: the tests provoke each row and compare
 * its words, and docs/FLASHING.md shows them.
 */

import { layoutOf, type PartFile } from "../../../sim/shell/chip/simulated-bundle.js";
import { simulatedImage } from "../../../sim/shell/chip/simulated-image.js";
import type { FlashLayer } from "../../../src/technician/flash/loader-session.js";
import {
	encodePartitionTable,
	type Partition,
} from "../../../src/technician/flash/partition-table.js";
import type { BenchOptions } from "../bench/chip-line.js";
import type { BundleChange } from "../bench/plain-bundle.js";
import { tableOf } from "./markdown.js";

export interface BundleRefusal {
	readonly what: string;
	readonly change: BundleChange;
	readonly message: string;
}

export interface BoardRefusal {
	readonly what: string;
	readonly layer: FlashLayer;
	readonly board: BenchOptions & {
		readonly table?: "4m" | "8m" | "moved-key";
		readonly isMute?: boolean;
	};
	readonly bundle?: BundleChange;
	/** After the port's name. */
	readonly message: string;
}

const changed =
	(path: string, change: (part: PartFile) => Partial<PartFile>) =>
	(parts: readonly PartFile[]): readonly PartFile[] =>
		parts.map((part) => (part.path === path ? { ...part, ...change(part) } : part));

/** A bundle whose table and manifest agree on other partitions. */
function laid(change: (partitions: readonly Partition[]) => readonly Partition[]): BundleChange {
	const partitions = change(layoutOf(8));
	const bytes = encodePartitionTable(partitions);
	return { facts: { partitions }, parts: changed("partition-table.bin", () => ({ bytes })) };
}

const without = (label: string) => (partitions: readonly Partition[]) =>
	partitions.filter((partition) => partition.label !== label);
const withOther =
	(label: string, other: Partial<Partition>) => (partitions: readonly Partition[]) =>
		partitions.map((partition) =>
			partition.label === label ? { ...partition, ...other } : partition,
		);

const APP = "bistrina.bin";

export const BUNDLE_REFUSALS: readonly BundleRefusal[] = [
	{
		what: "a part whose digest differs",
		change: { file: { path: APP, change: (bytes) => flipped(bytes, 4000) } },
		message: "BUNDLE/bistrina.bin: its SHA-256 is not the manifest's",
	},
	{
		what: "a part that is cut short",
		change: { file: { path: APP, change: (bytes) => bytes.subarray(0, 1000) } },
		message: "BUNDLE/bistrina.bin: truncated: 1000 bytes, the manifest says 164240",
	},
	{
		what: "an image that was cut before it was bundled",
		change: { parts: changed(APP, ({ bytes }) => ({ bytes: bytes.subarray(0, 100_000) })) },
		message: "BUNDLE/bistrina.bin: truncated: 100000 bytes, its header says 164200",
	},
	{
		what: "an image with a damaged byte",
		change: {
			parts: changed(APP, ({ bytes }) => ({ bytes: flipped(Buffer.from(bytes), 90_000) })),
		},
		message: "BUNDLE/bistrina.bin: damaged: its checksum does not hold",
	},
	{
		what: "another project's image",
		change: {
			parts: changed(APP, () => ({
				bytes: simulatedImage({ version: "0.1.0", projectName: "blinky" }),
			})),
		},
		message: 'BUNDLE/bistrina.bin: a foreign image: of "blinky", not of "bistrina"',
	},
	{
		what: "an image for another chip",
		change: {
			parts: changed(APP, () => ({ bytes: simulatedImage({ version: "0.1.0", chipId: 9 }) })),
		},
		message: "BUNDLE/bistrina.bin: an image for another chip (id 9, the ESP32 has 0)",
	},
	{
		what: "another version than the manifest's",
		change: { parts: changed(APP, () => ({ bytes: simulatedImage({ version: "0.2.0" }) })) },
		message: "BUNDLE/bistrina.bin: it is version 0.2.0, the manifest says 0.1.0",
	},
	{
		what: "no image at all",
		change: { parts: changed(APP, () => ({ bytes: new Uint8Array(64) })) },
		message: "BUNDLE/bistrina.bin: no image for an ESP32 (it does not begin with e9)",
	},
	{
		what: "a part over `nvs`, where the key is",
		change: {
			parts: (parts) => [
				...parts,
				{ path: "nvs.bin", offset: 0x9000, bytes: new Uint8Array(0x6000).fill(0xff) },
			],
		},
		message: "BUNDLE/nvs.bin: it would overwrite nvs at 0x9000",
	},
	{
		what: "a merged file from 0x1000 on, with `nvs` in it",
		change: {
			parts: changed("bootloader.bin", ({ bytes }) => ({
				bytes: Buffer.concat([bytes, new Uint8Array(0x9000).fill(0xff)]),
			})),
		},
		message: "BUNDLE/bootloader.bin: it runs into partition-table.bin at 0x8000",
	},
	{
		what: "a part over `readings`",
		change: {
			parts: (parts) => [
				...parts,
				{ path: "data.bin", offset: 0x600000, bytes: new Uint8Array(4096) },
			],
		},
		message: "BUNDLE/data.bin: it would overwrite readings at 0x520000",
	},
	{
		what: "a part beyond the flash",
		change: {
			parts: (parts) => [
				...parts,
				{ path: "data.bin", offset: 0x800000, bytes: new Uint8Array(4096) },
			],
		},
		message: "BUNDLE/data.bin: it ends at 0x801000, beyond a flash of 8388608 bytes",
	},
	{
		what: "a part within a sector",
		change: { parts: changed(APP, () => ({ offset: 0x20100 })) },
		message: "BUNDLE/bistrina.bin: it begins at 0x20100, within a sector of flash",
	},
	{
		what: "an otadata part that is not blank",
		change: { parts: changed("otadata.bin", () => ({ bytes: new Uint8Array(0x2000) })) },
		message: "BUNDLE/otadata.bin: it must be blank, or another slot than ota_0 would run",
	},
	{
		what: "no otadata part",
		change: { parts: (parts) => parts.filter(({ path }) => path !== "otadata.bin") },
		message: "BUNDLE: no otadata at 0xf000",
	},
	{
		what: "a partition table that is not the manifest's",
		change: {
			parts: changed("partition-table.bin", () => ({ bytes: encodePartitionTable([]) })),
		},
		message: "BUNDLE/partition-table.bin: it says other partitions than the manifest",
	},
	{
		what: "a partition table without `readings`",
		change: laid(without("readings")),
		message: "BUNDLE/partition-table.bin: its partition table has no readings",
	},
	{
		what: "a partition table without `nvs`",
		change: laid(without("nvs")),
		message: "BUNDLE/partition-table.bin: its partition table has no nvs",
	},
	{
		what: "a partition table that makes other data of `readings`",
		change: laid(withOther("readings", { subtype: 0x41 })),
		message:
			"BUNDLE/partition-table.bin: its partition table has readings twice, or as another kind of data",
	},
	{
		what: "a slot that runs over `readings`",
		change: laid(withOther("ota_1", { size: 0x300000 })),
		message: "BUNDLE/partition-table.bin: its partition table lays readings over ota_1",
	},
	{
		what: "a partition over the table itself",
		change: laid(withOther("phy_init", { offset: 0x8000 })),
		message: "BUNDLE/partition-table.bin: its partition table lays phy_init over partition table",
	},
	{
		what: "a partition beyond the flash",
		change: laid(withOther("readings", { size: 0x300000 })),
		message:
			"BUNDLE/partition-table.bin: its partition table lays readings beyond the flash of 8388608 bytes",
	},
	{
		what: "a part that is none of a bundle's",
		change: {
			parts: (parts) => [
				...parts,
				{ path: "phy.bin", offset: 0x11000, bytes: new Uint8Array(4096).fill(0xff) },
			],
		},
		message:
			"BUNDLE/phy.bin: nothing of a bundle belongs at 0x11000; it has boot loader, partition table, otadata and firmware, no more",
	},
	{
		what: "a bundle of another form",
		change: { manifest: (text) => text.replace('"bistrinaBundle": 1', '"bistrinaBundle": 2') },
		message: "BUNDLE: no bundle of format 1 (bistrinaBundle); `npm run bundle` makes one",
	},
	{
		what: "a bundle for another family of chips",
		change: { manifest: (text) => text.replace('"ESP32"', '"ESP32-S3"') },
		message: "BUNDLE: it is for ESP32-S3; our boards have an ESP32",
	},
	{
		what: "a part outside of the folder",
		change: { manifest: (text) => text.replace('"bistrina.bin"', '"../bistrina.bin"') },
		message: "BUNDLE: a part outside of it: ../bistrina.bin",
	},
];

export const BOARD_REFUSALS: readonly BoardRefusal[] = [
	{
		what: "another chip",
		layer: "chip",
		board: { chip: "esp32-s2" },
		message: "the chip is an ESP32-S2; our boards have an ESP32: is this the right port?",
	},
	{
		what: "a smaller flash",
		layer: "refused",
		board: { megabytes: 4 },
		message:
			"the bundle is for 8 MiB of flash, the board has 4: use the bundle for that size; nothing was written",
	},
	{
		what: "a board of the other layout",
		layer: "refused",
		board: { table: "4m" },
		message:
			"the board has readings at 0x2a0000 (1441792 bytes), the bundle at 0x520000 (3014656 bytes): what is in it " +
			"would be lost; use the bundle for its layout, or bistrina erase; nothing was written",
	},
	{
		what: "a board whose `readings` are longer",
		layer: "refused",
		board: { table: "8m" },
		bundle: laid(withOther("readings", { size: 0x2d0000 })),
		message:
			"the board has readings at 0x520000 (3014656 bytes), the bundle at 0x520000 (2949120 bytes): what is in it " +
			"would be lost; use the bundle for its layout, or bistrina erase; nothing was written",
	},
	{
		what: "a board whose own table has `nvs` where the firmware goes",
		layer: "refused",
		board: { table: "moved-key" },
		message:
			"bistrina.bin at 0x20000 would overwrite nvs, which the board has at 0x30000; use the bundle for its " +
			"layout, or bistrina erase; nothing was written",
	},
	{
		what: "nobody at the port",
		layer: "silent",
		board: { isMute: true },
		message:
			"nobody answers; check the cable (some only charge), that the board has power, and that this is its port; " +
			"else hold BOOT, press and release EN, and ask again",
	},
	{
		what: "a board whose IO0 the adapter does not pull low",
		layer: "boot-log",
		board: { isIo0Cut: true },
		message:
			"the board starts its program (boot:0x13) and not its loader; hold its BOOT button, press and release EN, " +
			"and ask again while BOOT is held",
	},
];

function flipped(bytes: Buffer, at: number): Uint8Array {
	const copy = Buffer.from(bytes);
	copy[at] = (copy[at] ?? 0) ^ 1;
	return copy;
}

/** What the papers show. */
export function refusalTable(): string {
	return tableOf([
		["what", "how it is said"],
		...BUNDLE_REFUSALS.map(({ what, message }) => [what, message.replaceAll("|", "\\|")]),
		...BOARD_REFUSALS.map(({ what, message }) => [what, `PORT: ${message}`]),
	]);
}

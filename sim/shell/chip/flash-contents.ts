/** What the flash of a simulated board holds, as its boot loader sees it: table, slots, and the program in each. */

import { imageBytesIn, readEspImage } from "../../../src/technician/flash/esp-image.js";
import {
	type Partition,
	readPartitionTable,
	TABLE_BYTES,
	TABLE_OFFSET,
} from "../../../src/technician/flash/partition-table.js";
import type { SlotImage } from "../../flash/bootloader.js";
import { programOf, SIMULATED_PROGRAM } from "./simulated-image.js";

const BOOTLOADER_OFFSET = 0x1000;

export interface FlashContents {
	readonly partitions: readonly Partition[];
	readonly images: readonly [SlotImage | undefined, SlotImage | undefined];
}

/** Or what the ROM or the boot loader says of it on the line. */
export function contentsOf(flash: Uint8Array): FlashContents | { readonly complaint: string } {
	const bootloader = flash.subarray(BOOTLOADER_OFFSET, TABLE_OFFSET);
	if (!isImage(bootloader)) {
		const word = Buffer.from(bootloader.subarray(0, 4)).readUInt32LE(0).toString(16);
		return { complaint: `invalid header: 0x${word}\r\n`.repeat(3) };
	}
	let partitions: readonly Partition[] = [];
	try {
		partitions = readPartitionTable(flash.subarray(TABLE_OFFSET, TABLE_OFFSET + TABLE_BYTES), "");
	} catch {
		// As an empty one.
	}
	if (partitions.length === 0) {
		return { complaint: "E (48) boot: Failed to verify partition table\r\n" };
	}
	const images = (["ota_0", "ota_1"] as const).map((label) => slotImage(flash, partitions, label));
	return { partitions, images: [images[0], images[1]] };
}

/** 0.1.0 as entries carry it: major * 1 000 000 + minor * 1 000 + patch. */
export function packedVersion(version: string): number | undefined {
	const [, major, minor, patch] = /^(\d+)\.(\d{1,3})\.(\d{1,3})$/.exec(version) ?? [];
	return major === undefined
		? undefined
		: Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(patch);
}

function slotImage(
	flash: Uint8Array,
	partitions: readonly Partition[],
	label: string,
): SlotImage | undefined {
	const found = partitions.find((partition) => partition.label === label);
	if (found === undefined) return undefined;
	const slot = flash.subarray(found.offset, found.offset + found.size);
	if (slot[0] === 0xff) return undefined;
	const firmwareVersion = versionOf(slot);
	return { firmwareVersion: firmwareVersion ?? 0, isIntact: firmwareVersion !== undefined };
}

/** Of a simulated program; undefined for what a simulated board cannot run, damaged or foreign. */
function versionOf(slot: Uint8Array): number | undefined {
	if (!isImage(slot) || programOf(slot) !== SIMULATED_PROGRAM) return undefined;
	const { description } = readEspImage(slot.subarray(0, imageBytesIn(slot)), "");
	return description === undefined ? undefined : packedVersion(description.version);
}

function isImage(slot: Uint8Array): boolean {
	try {
		readEspImage(slot.subarray(0, imageBytesIn(slot)), "");
		return true;
	} catch {
		return false;
	}
}

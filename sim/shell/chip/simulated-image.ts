/**
 * Images for the simulated board: with the true header, checksum, SHA-256 and description of an ESP32's, so that every
 * check of them holds; in place of machine code the name of the program that the simulator then runs.
 */
import { createHash } from "node:crypto";
import { DESCRIPTION_BYTES } from "../../../src/technician/flash/esp-image.js";

/** Where the description lies, and what comes after it: the name of the simulated program. */
const DATA_ADDRESS = 0x3f400020;
const CODE_ADDRESS = 0x400d0020;
const BOOTLOADER_ADDRESS = 0x3fff0030;
const ENTRY = 0x40081000;
const CHECKSUM_SEED = 0xef;
const MODE_DIO = 2;
/** 8 MiB, 40 MHz. */
const SIZE_AND_FREQUENCY = 0x30;
/** After the description. */
export const PROGRAM_MARK = "simulated program: ";
export const SIMULATED_PROGRAM = "bistrina";

export interface SimulatedImageOptions {
	/** As the description says it. */
	readonly version: string;
	readonly projectName?: string;
	readonly program?: string;
	/** About so long: what machine code there would be is noise, which does not compress. */
	readonly bytes?: number;
	readonly chipId?: number;
}

/** An application. */
export function simulatedImage(options: SimulatedImageOptions): Uint8Array {
	const { version, projectName = "bistrina", program = SIMULATED_PROGRAM, bytes = 0 } = options;
	const description = Buffer.alloc(DESCRIPTION_BYTES);
	description.writeUInt32LE(0xabcd5432, 0);
	description.write(version.slice(0, 31), 16, "latin1");
	description.write(projectName.slice(0, 31), 48, "latin1");
	description.write("12:00:00", 80, "latin1");
	description.write("Nov 28 2026", 96, "latin1");
	description.write("v6.0", 112, "latin1");
	const name = Buffer.alloc(64);
	name.write(`${PROGRAM_MARK}${program}`, "latin1");
	return imageOf(
		[
			[DATA_ADDRESS, Buffer.concat([description, name])],
			[CODE_ADDRESS, noise(bytes)],
		],
		options.chipId,
	);
}

/** A boot loader: a description of its own (80 bytes), and nothing that runs. */
export function simulatedBootloader(): Uint8Array {
	const description = Buffer.alloc(80);
	description.writeUInt8(80, 0);
	description.write("v6.0", 8, "latin1");
	return imageOf([[BOOTLOADER_ADDRESS, Buffer.concat([description, noise(8192)])]]);
}

/** The name that an image of ours carries; undefined for one that is for real chips. */
export function programOf(image: Uint8Array): string | undefined {
	const at = 32 + DESCRIPTION_BYTES;
	const text = Buffer.from(image.subarray(at, at + 64)).toString("latin1");
	return text.startsWith(PROGRAM_MARK)
		? text.slice(PROGRAM_MARK.length).replace(/\0.*$/s, "")
		: undefined;
}

function imageOf(segments: readonly (readonly [number, Uint8Array])[], chipId = 0): Uint8Array {
	const header = Buffer.alloc(24);
	header.set([0xe9, segments.length, MODE_DIO, SIZE_AND_FREQUENCY]);
	header.writeUInt32LE(ENTRY, 4);
	header.writeUInt8(0xee, 8);
	header.writeUInt16LE(chipId, 12);
	header.writeUInt16LE(399, 17);
	header.writeUInt8(1, 23);
	const parts: Uint8Array[] = [header];
	let checksum = CHECKSUM_SEED;
	for (const [address, data] of segments) {
		const head = Buffer.alloc(8);
		head.writeUInt32LE(address, 0);
		head.writeUInt32LE(data.length, 4);
		parts.push(head, data);
		for (const byte of data) checksum ^= byte;
	}
	const body = Buffer.concat(parts);
	const padded = Buffer.alloc((body.length + 16) & ~15);
	body.copy(padded);
	padded[padded.length - 1] = checksum;
	return new Uint8Array(Buffer.concat([padded, createHash("sha256").update(padded).digest()]));
}

function noise(bytes: number): Uint8Array {
	const parts: Uint8Array[] = [];
	for (let at = 0; at < bytes; at += 32) {
		parts.push(createHash("sha256").update(`machine code ${at}`).digest());
	}
	return new Uint8Array(Buffer.concat(parts).subarray(0, bytes - (bytes % 4)));
}

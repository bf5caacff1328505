/**
 * Where configurations that came over the air are kept: two banks that survive the loss of power. Bank
 * 0 holds the last one that has proved itself, bank 1 the newest that was tried; so whatever a cut
 * does to one of them, the other is whole. The bytes are in docs/FORMAT.md.
 */
import { crc32 } from "../../core/crc32.js";
import { assert, StationError } from "../../core/errors.js";
import type { SettingsMemory } from "../ports.js";
import { CANONICAL_CONFIGURATION_BYTES_MAX } from "./parse-configuration.js";

/**
 * What bank 1 says of its configuration; in bank 0 it is always `good`. `reported`: the verdict on it is in
 * the record.
 */
const STATES = ["good", "trial", "failed", "reported"] as const;

export interface StoredConfiguration {
	readonly state: (typeof STATES)[number];
	readonly id: number;
	/** Boots that began with this one on trial. */
	readonly boots: number;
	/** Canonical form; empty for one that failed. */
	readonly canonicalBytes: Uint8Array;
}

export interface StoredConfigurations {
	readonly good: StoredConfiguration | undefined;
	/** On trial or failed, and newer than `good`. */
	readonly newest: StoredConfiguration | undefined;
	/** A verdict was reached on the last one that was tried, and the record may not have it. */
	readonly unreported: { readonly id: number; readonly isGood: boolean } | undefined;
	/** Banks that hold something that does not check. */
	readonly damaged: readonly number[];
}

const GOOD_BANK = 0;
/** As `settings-damaged` names it. */
export const TRIAL_BANK = 1;
/** "BCFG" little-endian. */
const MAGIC = 0x47464342;
const VERSION = 1;
/** Magic 4, version 1, state 1, boots 1, spare 1, id 2, length 2; then the canonical form, CRC 4. */
const HEAD_BYTES = 12;
const CRC_BYTES = 4;

export class ConfigurationStore {
	readonly #memory: SettingsMemory;

	constructor(memory: SettingsMemory) {
		this.#memory = memory;
	}

	/** What is there; a memory that cannot be read is one whose banks are damaged. */
	load(): StoredConfigurations {
		const damaged: number[] = [];
		const [good, newest] = [GOOD_BANK, TRIAL_BANK].map((bank) => {
			const found = this.#read(bank);
			if (found !== "damaged") return found;
			damaged.push(bank);
			return undefined;
		});
		const isGood = good?.state === "good";
		const isKept = isGood && newest?.state === "trial" && newest.id === good.id;
		const isUnreported = newest !== undefined && (isKept || newest.state === "failed");
		return {
			unreported: isUnreported ? { id: newest.id, isGood: isKept } : undefined,
			good: isGood ? good : undefined,
			// After a configuration has proved itself both banks hold it.
			newest:
				newest === undefined || newest.state === "good" || (isGood && newest.id <= good.id)
					? undefined
					: newest,
			damaged,
		};
	}

	/** Puts one on trial. Throws StationError `settings-failed`; then the good one is untouched. */
	try(id: number, canonicalBytes: Uint8Array, boots: number): void {
		this.#write(TRIAL_BANK, { state: "trial", id, boots, canonicalBytes });
	}

	/** The one on trial has proved itself: it becomes the last good one. Throws `settings-failed`. */
	keep(id: number, canonicalBytes: Uint8Array): void {
		this.#write(GOOD_BANK, { state: "good", id, boots: 0, canonicalBytes });
	}

	/** Its number is never to be tried again. Throws `settings-failed`. */
	fail(id: number): void {
		this.#write(TRIAL_BANK, { state: "failed", id, boots: 0, canonicalBytes: new Uint8Array(0) });
	}

	/** The record has the verdict on `id`. Throws `settings-failed`; then the next boot reports it again. */
	markReported(id: number): void {
		this.#write(TRIAL_BANK, { state: "reported", id, boots: 0, canonicalBytes: new Uint8Array(0) });
	}

	#read(bank: number): StoredConfiguration | "damaged" | undefined {
		let bytes: Uint8Array | undefined;
		try {
			bytes = this.#memory.read(bank);
		} catch {
			// Whatever a port throws: nothing can be had from this bank.
			return "damaged";
		}
		if (bytes === undefined) return undefined;
		return decode(bytes) ?? "damaged";
	}

	#write(bank: number, stored: StoredConfiguration): void {
		const bytes = encode(stored);
		try {
			this.#memory.write(bank, bytes);
			const back = this.#memory.read(bank);
			if (back !== undefined && decode(back)?.id === stored.id) return;
		} catch (error) {
			throw failed(error);
		}
		throw failed(new Error("what was written does not read back"));
	}
}

function encode({ state, id, boots, canonicalBytes }: StoredConfiguration): Uint8Array {
	assert(
		canonicalBytes.length <= CANONICAL_CONFIGURATION_BYTES_MAX,
		"a configuration too long to keep",
	);
	const bytes = new Uint8Array(HEAD_BYTES + canonicalBytes.length + CRC_BYTES);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, MAGIC, true);
	view.setUint8(4, VERSION);
	view.setUint8(5, STATES.indexOf(state));
	view.setUint8(6, Math.min(boots, 0xff));
	view.setUint16(8, id, true);
	view.setUint16(10, canonicalBytes.length, true);
	bytes.set(canonicalBytes, HEAD_BYTES);
	const end = HEAD_BYTES + canonicalBytes.length;
	view.setUint32(end, crc32(bytes, 0, end), true);
	return bytes;
}

function decode(bytes: Uint8Array): StoredConfiguration | undefined {
	if (bytes.length < HEAD_BYTES + CRC_BYTES) return undefined;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const end = HEAD_BYTES + view.getUint16(10, true);
	const state = STATES[view.getUint8(5)];
	if (view.getUint32(0, true) !== MAGIC || view.getUint8(4) !== VERSION) return undefined;
	if (state === undefined || bytes.length !== end + CRC_BYTES) return undefined;
	if (view.getUint32(end, true) !== crc32(bytes, 0, end)) return undefined;
	return {
		state,
		boots: view.getUint8(6),
		id: view.getUint16(8, true),
		canonicalBytes: bytes.slice(HEAD_BYTES, end),
	};
}

function failed(cause: unknown): StationError {
	const why = cause instanceof Error ? cause.message : String(cause);
	return new StationError("settings-failed", `the configuration was not stored: ${why}`, { cause });
}

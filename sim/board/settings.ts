/**
 * The two places for configurations, as bad as the port allows: a write that is cut leaves part of what
 * was to be written (the board's NVS would leave what was there).
 */
import { bytesOfHex, hexOf } from "../../src/core/bytes.js";
import { integerBelow, type RandomSource } from "../../src/core/random.js";
import type { SettingsMemory } from "../../src/firmware/ports.js";
import type { PowerCycle } from "./power-cycle.js";

/** As hexadecimal, by place; null where nothing was ever written. */
export type SavedSettings = readonly (string | null)[];

export class SimulatedSettings {
	readonly #banks: (Uint8Array | undefined)[] = [undefined, undefined];
	/** What was read of each bank last: a bank that is read again is copied there again, one that is written has none. */
	readonly #copies: (Uint8Array | undefined)[] = [];
	readonly #random: RandomSource;
	/** Writes fail from now on, as those of a worn-out memory. */
	isBroken = false;
	/** Writes that were made. */
	writes = 0;

	constructor(random: RandomSource, saved: SavedSettings = []) {
		this.#random = random;
		saved.forEach((hex, bank) => {
			this.#banks[bank] = hex === null ? undefined : bytesOfHex(hex);
		});
	}

	save(): SavedSettings {
		return this.#banks.map((bytes) => (bytes === undefined ? null : hexOf(bytes)));
	}

	/** The memory is erased, and works again. */
	erase(): void {
		this.#banks.fill(undefined);
		this.isBroken = false;
	}

	/** Damages a bank. */
	corrupt(bank: number): void {
		const bytes = this.#banks[bank];
		if (bytes !== undefined) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
	}

	/** As it is now, whatever was done to an earlier copy; each wake reads what the last one did. */
	#read(bank: number): Uint8Array | undefined {
		const bytes = this.#banks[bank];
		if (bytes === undefined) return undefined;
		const copy = this.#copies[bank];
		if (copy?.length !== bytes.length) {
			this.#copies[bank] = bytes.slice();
			return this.#copies[bank];
		}
		copy.set(bytes);
		return copy;
	}

	/** The port of one power cycle; `beforeWrite` counts an operation and throws when power fails in it. */
	portOf(powerCycle: PowerCycle, beforeWrite: () => void): SettingsMemory {
		return {
			read: (bank) => {
				powerCycle.check();
				return this.#read(bank);
			},
			write: (bank, bytes) => {
				// A call after the end of its power cycle writes nothing.
				powerCycle.check();
				this.#copies[bank] = undefined;
				try {
					beforeWrite();
				} catch (error) {
					this.#banks[bank] = bytes.slice(0, integerBelow(this.#random, bytes.length + 1));
					throw error;
				}
				if (this.isBroken) throw new Error("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
				this.writes++;
				this.#banks[bank] = bytes.slice();
			},
		};
	}
}

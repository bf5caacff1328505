/**
 * Slots and otadata of the ESP32 as ESP-IDF v6.0 has them with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE and
 * CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP: two sectors of otadata, each one entry that is erased and
 * written whole; which slot a boot takes; what the calls of esp_ota_ops.h leave there. What comes before (the ROM's
 * loader) and how an image gets into a slot are not in it: `write` is a slot's whole new content.
 */
import { bytesOfHex, hexOf } from "../../src/core/bytes.js";
import { crc32 } from "../../src/core/crc32.js";

/** esp_ota_img_states_t. */
export const IMAGE_STATES = Object.freeze({
	new: 0,
	pendingVerify: 1,
	valid: 2,
	invalid: 3,
	aborted: 4,
	undefined: 0xffffffff,
});

const SECTOR_BYTES = 4096;
const ENTRY_BYTES = 32;
const STATE_OFFSET = 24;
const CRC_OFFSET = 28;
const ERASED = 0xffffffff;
const SLOTS = 2;

/** An image as the bootloader judges it. */
export interface SlotImage {
	readonly firmwareVersion: number;
	/** False: its checksum does not hold, and nothing boots it. */
	readonly isIntact: boolean;
}

/** What outlives the simulating process: the partition, and what RTC memory says of the slot that slept. */
export interface SavedBootloader {
	readonly otadataHex: string;
	readonly sleptSlot: number | null;
}

export interface BootloaderOptions {
	readonly images: readonly [SlotImage | undefined, SlotImage | undefined];
	/** Called before and after each erase and each write of a sector; may throw to cut the power. */
	readonly beforeOperation?: () => void;
}

export class Bootloader {
	/** The partition `otadata`: two sectors. */
	readonly otadata = new Uint8Array(2 * SECTOR_BYTES).fill(0xff);
	readonly #images: [SlotImage | undefined, SlotImage | undefined];
	readonly #beforeOperation: () => void;
	/** RTC fast memory: which slot a wake continues with. Lost with power. */
	#sleptSlot: number | undefined;
	#running: number | undefined;

	constructor(options: BootloaderOptions) {
		this.#images = [...options.images];
		this.#beforeOperation = options.beforeOperation ?? (() => {});
	}

	/** The slot that runs, 0 or 1; undefined before the first boot and when nothing boots. */
	get running(): number | undefined {
		return this.#running;
	}

	/** What the running image learns of itself: esp_ota_get_state_partition. */
	get isOnTrial(): boolean {
		const index = this.#entryOf(this.#running);
		return index !== undefined && this.#state(index) === IMAGE_STATES.pendingVerify;
	}

	/** `seq:STATE` of both sectors, for a reader. */
	get text(): string {
		return [0, 1].map((index) => this.#entryText(index)).join(" ");
	}

	save(): SavedBootloader {
		return { otadataHex: hexOf(this.otadata), sleptSlot: this.#sleptSlot ?? null };
	}

	load(saved: SavedBootloader): void {
		this.otadata.set(bytesOfHex(saved.otadataHex) ?? new Uint8Array(0));
		this.#sleptSlot = saved.sleptSlot ?? undefined;
		this.#running = this.#sleptSlot;
	}

	/** Puts an image into a slot that is not running. Throws on the running one. */
	write(slot: number, image: SlotImage): void {
		if (slot === this.#running) throw new Error("the running slot is not written");
		this.#images[slot] = image;
	}

	/** What a boot runs. Undefined: no slot holds an image that verifies. */
	boot(reason: "power-on" | "deep-sleep" | "reset"): SlotImage | undefined {
		if (reason === "power-on") this.#sleptSlot = undefined;
		if (reason === "deep-sleep" && this.#sleptSlot !== undefined) {
			// Neither verified nor asked of otadata.
			this.#running = this.#sleptSlot;
			return this.#images[this.#sleptSlot];
		}
		const slot = this.#choose();
		this.#running = slot;
		this.#sleptSlot = slot;
		return slot === undefined ? undefined : this.#images[slot];
	}

	/** esp_ota_set_boot_partition: false when the slot holds nothing that verifies. */
	setBoot(slot: number): boolean {
		if (this.#images[slot]?.isIntact !== true) return false;
		const active = this.#active();
		if (active === undefined) {
			this.#write(0, slot + 1, IMAGE_STATES.new);
			return true;
		}
		let sequence = this.#sequence(active) + 1;
		while ((sequence - 1) % SLOTS !== slot) sequence++;
		this.#write(1 - active, sequence, IMAGE_STATES.new);
		return true;
	}

	/** esp_ota_mark_app_valid_cancel_rollback: of the entry of the next boot, whichever image runs. */
	markValid(): void {
		const active = this.#active();
		if (active === undefined || this.#state(active) === IMAGE_STATES.valid) return;
		this.#write(active, this.#sequence(active), IMAGE_STATES.valid);
	}

	/** esp_ota_mark_app_invalid_rollback_and_reboot up to the reboot: false (ROLLBACK_FAILED) changes nothing. */
	markInvalid(): boolean {
		const active = this.#active();
		if (active === undefined || !this.#isUsable(1 - active)) return false;
		const other = (this.#sequence(1 - active) - 1) % SLOTS;
		if (this.#images[other]?.isIntact !== true) return false;
		this.#write(active, this.#sequence(active), IMAGE_STATES.invalid);
		return true;
	}

	#choose(): number | undefined {
		for (const index of [0, 1]) {
			if (this.#isUsable(index) && this.#state(index) === IMAGE_STATES.pendingVerify) {
				this.#write(index, this.#sequence(index), IMAGE_STATES.aborted);
			}
		}
		const active = this.#active();
		if (active === undefined) {
			const first = this.#firstIntact(0);
			const isBlank = [0, 1].every((index) => this.#sequence(index) === ERASED);
			if (first !== undefined && isBlank) this.#write(0, first + 1, IMAGE_STATES.valid);
			return first;
		}
		if (this.#state(active) === IMAGE_STATES.new) {
			this.#write(active, this.#sequence(active), IMAGE_STATES.pendingVerify);
		}
		return this.#firstIntact((this.#sequence(active) - 1) % SLOTS);
	}

	#firstIntact(from: number): number | undefined {
		return [from, 1 - from].find((slot) => this.#images[slot]?.isIntact === true);
	}

	/** Index of the usable entry with the larger sequence. */
	#active(): number | undefined {
		const usable = [0, 1].filter((index) => this.#isUsable(index));
		if (usable.length < 2) return usable[0];
		return this.#sequence(0) >= this.#sequence(1) ? 0 : 1;
	}

	#entryOf(slot: number | undefined): number | undefined {
		const active = this.#active();
		if (active === undefined || slot === undefined) return undefined;
		return (this.#sequence(active) - 1) % SLOTS === slot ? active : undefined;
	}

	#isUsable(index: number): boolean {
		const sequence = this.#sequence(index);
		if (sequence === ERASED || this.#word(index, CRC_OFFSET) !== sequenceCrc(sequence))
			return false;
		const state = this.#state(index);
		return state !== IMAGE_STATES.invalid && state !== IMAGE_STATES.aborted;
	}

	#sequence(index: number): number {
		return this.#word(index, 0);
	}

	#state(index: number): number {
		return this.#word(index, STATE_OFFSET);
	}

	#word(index: number, offset: number): number {
		return new DataView(this.otadata.buffer).getUint32(index * SECTOR_BYTES + offset, true);
	}

	#write(index: number, sequence: number, state: number): void {
		const begin = index * SECTOR_BYTES;
		this.#beforeOperation();
		this.otadata.fill(0xff, begin, begin + SECTOR_BYTES);
		this.#beforeOperation();
		const entry = new DataView(this.otadata.buffer, begin, ENTRY_BYTES);
		entry.setUint32(0, sequence, true);
		entry.setUint32(STATE_OFFSET, state, true);
		entry.setUint32(CRC_OFFSET, sequenceCrc(sequence), true);
		this.#beforeOperation();
	}

	#entryText(index: number): string {
		const sequence = this.#sequence(index);
		if (sequence === ERASED) return "blank";
		const name = Object.entries(IMAGE_STATES).find(([, code]) => code === this.#state(index))?.[0];
		return `${sequence}:${name ?? "?"}`;
	}
}

/** ESP-IDF's esp_rom_crc32_le started at all ones (bootloader_common_ota_select_crc): 1 gives 0x4743989A. */
function sequenceCrc(sequence: number): number {
	const bytes = new Uint8Array(4);
	new DataView(bytes.buffer).setUint32(0, sequence, true);
	return crc32(bytes, 0, bytes.length, 0xffffffff);
}

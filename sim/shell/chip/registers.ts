/**
 * The registers of an ESP32 that loaders look at: who the chip is (magic, eFuses), its clock, and the SPI controller
 * through which they ask the flash chip for its identity. Addresses and bits are ESP-IDF's `soc` headers'; every
 * other address reads 0.
 */
import { crc8Of } from "../../../drivers/one-wire.js";

/** What a loader asks for at 0x40001000. */
export const CHIP_MAGICS = Object.freeze({
	esp32: 0x00f01d83,
	"esp32-s2": 0x000007c6,
	"esp32-s3": 0x00000009,
} as const);

export type ChipName = keyof typeof CHIP_MAGICS;

const MAGIC = 0x40001000;
const EFUSE = 0x3ff5a000;
/** Bit 31 is the third bit of the chip's revision. */
const APB_CONTROL_DATE = 0x3ff6607c;
const UART_CLOCK_DIVIDER = 0x3ff40014;
const GPIO_STRAP = 0x3ff44038;
/** 115 200 baud times this is the crystal's 40 MHz. */
const DIVIDER_AT_40_MEGAHERTZ = 347;

const SPI1 = 0x3ff42000;
const SPI_COMMAND = SPI1;
const SPI_USER_2 = SPI1 + 0x24;
const SPI_WORD_0 = SPI1 + 0x80;
const SPI_COMMAND_USER = 1 << 18;

const FLASH_COMMANDS = Object.freeze({ identity: 0x9f, discovery: 0x5a });
/** "SFDP", little-endian. */
const DISCOVERY_SIGNATURE = 0x50444653;
/** Winbond, NOR; the third byte is the size's power of two. */
const FLASH_MAKER = 0x40ef;

export interface RegistersOptions {
	readonly chip: ChipName;
	/** 6 bytes. */
	readonly mac: Uint8Array;
	/** A power of two. */
	readonly flashBytes: number;
}

export class Registers {
	readonly #values: Map<number, number>;
	readonly #flashId: number;

	constructor({ chip, mac, flashBytes }: RegistersOptions) {
		this.#flashId = (Math.log2(flashBytes) << 16) | FLASH_MAKER;
		const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac;
		this.#values = new Map([
			[MAGIC, CHIP_MAGICS[chip]],
			[EFUSE + 0x04, ((c << 24) | (d << 16) | (e << 8) | f) >>> 0],
			[EFUSE + 0x08, ((crc8Of(mac) << 16) | (a << 8) | b) >>> 0],
			// Package ESP32-D0WDQ5, rated for 240 MHz, first bit of revision 3.
			[EFUSE + 0x0c, 0xa200],
			// Its second bit.
			[EFUSE + 0x14, 0x0010_0000],
			[APB_CONTROL_DATE, 0x8000_0000],
			[UART_CLOCK_DIVIDER, DIVIDER_AT_40_MEGAHERTZ],
			[GPIO_STRAP, 0x13],
		]);
	}

	read(address: number): number {
		return this.#values.get(address) ?? 0;
	}

	/** A write to the SPI controller's command register makes it ask the flash chip, at once. */
	write(address: number, value: number, mask: number): void {
		if (address === SPI_COMMAND && (value & SPI_COMMAND_USER) !== 0) {
			this.#values.set(SPI_WORD_0, this.#answerOfFlash(this.read(SPI_USER_2) & 0xff));
			return;
		}
		this.#values.set(address, ((this.read(address) & ~mask) | (value & mask)) >>> 0);
	}

	#answerOfFlash(command: number): number {
		if (command === FLASH_COMMANDS.identity) return this.#flashId;
		return command === FLASH_COMMANDS.discovery ? DISCOVERY_SIGNATURE : 0;
	}
}

/** A bench for chip models: a clock, a bus, a peer per chip, and EZO commands in one line. */

import { VirtualClock } from "../../../sim/board/clock.js";
import { type I2CChip, SimulatedI2CBus } from "../../../sim/bus/i2c-bus.js";
import { asciiBytes, asciiText, hexOf } from "../../../src/core/bytes.js";
import { SeededRandom } from "../../../src/core/random.js";
import type { I2C } from "../../../src/firmware/ports.js";

/** Longer than any command of the EZO circuits takes. */
const LONG_MILLISECONDS = 2000;

export class ChipBench {
	readonly clock = new VirtualClock();
	readonly bus = new SimulatedI2CBus({ clock: this.clock });
	readonly random = new SeededRandom(1);

	/** Solders a chip in, powers it and waits until it has booted. */
	plug(chip: I2CChip): I2C {
		this.bus.attach(chip);
		chip.setPower(true);
		this.wait(LONG_MILLISECONDS);
		return this.open(chip.address);
	}

	open(address: number, timeout?: number): I2C {
		const { io, ...pins } = this.bus.connection;
		const options = timeout === undefined ? {} : { timeout };
		return new io({ ...pins, hz: 100_000, address, ...options });
	}

	wait(milliseconds: number): void {
		this.clock.advanceTo(this.clock.microseconds + milliseconds * 1000);
	}

	/** Writes a command, waits, reads 40 bytes: status and text, as `1 ?I,pH,2.16`. */
	ask(peer: I2C, command: string, waitMilliseconds = LONG_MILLISECONDS): string {
		peer.write(asciiBytes(command));
		this.wait(waitMilliseconds);
		return readAnswer(peer);
	}
}

/** Reads 40 bytes: status, then the text up to its NUL if there is any. */
export function readAnswer(peer: I2C): string {
	const bytes = new Uint8Array(peer.read(40));
	const end = bytes.indexOf(0, 1);
	return `${bytes[0]} ${asciiText(bytes.subarray(1, end))}`.trim();
}

/** Hexadecimal of what a read gave. */
export function hex(bytes: ArrayBuffer | Uint8Array): string {
	return hexOf(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
}

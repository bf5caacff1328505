/**
 * A 1-Wire bus of the board, slot by slot: the master's port on one side, chips on the other. An
 * open bus reads ones, a shorted one reads zeros and looks as if somebody were present.
 */
import type { OneWire, OneWireConnection, OneWireOptions } from "../../src/firmware/ports.js";
import type { VirtualClock } from "../board/clock.js";

/** Reset: 480 us low, 480 us to look for presence. A slot with its recovery. */
const RESET_MICROSECONDS = 960;
const SLOT_MICROSECONDS = 65;

/** What the bus sees of a chip: resets and slots. */
export interface OneWireChip {
	readonly isPowered: boolean;
	setPower(isOn: boolean): void;
	/** True: answers with a presence pulse. */
	reset(): boolean;
	/** A write slot. */
	writeBit(bit: 0 | 1): void;
	/** A read slot: what the chip lets the line be. */
	readBit(): 0 | 1;
}

/** Fault laid over the bus: `bitIndex` counts the read slots since the last reset. */
export interface OneWireFault {
	readonly bitIndex: number;
	/** Resets to let pass before. Default 0. */
	readonly skip?: number;
}

export class SimulatedOneWireBus {
	readonly connection: OneWireConnection;
	/** Slot by slot, as a search of the bus wants it: bytes are not enough for that. */
	readonly slots: Slots;
	/** "short": the line lies at ground. "open": the cable is cut. */
	wiring: "good" | "short" | "open" = "good";
	/** Bits that a fault turned over. */
	strikes = 0;
	readonly #pin: number;
	readonly #clock: VirtualClock;
	readonly #chips: OneWireChip[] = [];
	readonly #beforeOperation: (() => void) | undefined;
	#fault: { bitIndex: number; skip: number } | undefined;
	#readSlots = 0;

	/** `beforeOperation` is called before every reset pulse; may throw the power cut. */
	constructor(options: { clock: VirtualClock; pin?: number; beforeOperation?: () => void }) {
		this.#clock = options.clock;
		this.#beforeOperation = options.beforeOperation;
		this.#pin = options.pin ?? 4;
		this.slots = this.#slotsUnder(() => {});
		this.connection = this.connectionUnder(() => {});
	}

	/** Its port, where `check` is called before every reset pulse, and may throw. */
	connectionUnder(check: () => void): OneWireConnection {
		const pin = this.#pin;
		const slots = this.#slotsUnder(check);
		return {
			io: class extends OneWirePort {
				constructor(portOptions: OneWireOptions) {
					if (portOptions.pin !== pin) throw new RangeError("unusable pins");
					super(slots);
				}
			},
			pin,
		};
	}

	#slotsUnder(check: () => void): Slots {
		return {
			reset: () => {
				check();
				return this.#reset();
			},
			writeBit: (bit) => this.#writeBit(bit),
			readBit: () => this.#readBit(),
		};
	}

	attach(chip: OneWireChip): void {
		this.#chips.push(chip);
	}

	/** Pulls all chips out and plugs this one in, at a bus without power. */
	replace(chip: OneWireChip): void {
		this.#chips.splice(0, this.#chips.length, chip);
	}

	/** Switches the supply of every chip. */
	setPower(isOn: boolean): void {
		for (const chip of this.#chips) if (chip.isPowered !== isOn) chip.setPower(isOn);
	}

	/** Turns one bit over that the master reads. */
	addFault(fault: OneWireFault): void {
		this.#fault = { bitIndex: fault.bitIndex, skip: fault.skip ?? 0 };
	}

	#reset(): boolean {
		this.#beforeOperation?.();
		this.#clock.consume(RESET_MICROSECONDS);
		this.#readSlots = 0;
		if (this.#fault !== undefined) this.#fault.skip--;
		if (this.wiring !== "good") return this.wiring === "short";
		let isPresent = false;
		for (const chip of this.#chips) if (chip.isPowered && chip.reset()) isPresent = true;
		return isPresent;
	}

	#writeBit(bit: 0 | 1): void {
		this.#clock.consume(SLOT_MICROSECONDS);
		if (this.wiring !== "good") return;
		for (const chip of this.#chips) if (chip.isPowered) chip.writeBit(bit);
	}

	#readBit(): 0 | 1 {
		this.#clock.consume(SLOT_MICROSECONDS);
		let bit: 0 | 1 = this.wiring === "short" ? 0 : 1;
		if (this.wiring === "good") {
			// Open drain: a zero of any chip wins, and every chip has its slot.
			for (const chip of this.#chips) if (chip.isPowered && chip.readBit() === 0) bit = 0;
		}
		const fault = this.#fault;
		if (fault !== undefined && fault.skip < 0 && fault.bitIndex === this.#readSlots) {
			this.#fault = undefined;
			this.strikes++;
			bit = bit === 0 ? 1 : 0;
		}
		this.#readSlots++;
		return bit;
	}
}

/** What a port may ask of its bus. */
export interface Slots {
	reset(): boolean;
	writeBit(bit: 0 | 1): void;
	readBit(): 0 | 1;
}

/** The port as drivers see it: bytes, least significant bit first. */
class OneWirePort implements OneWire {
	readonly #slots: Slots;
	#isOpen = true;

	constructor(slots: Slots) {
		this.#slots = slots;
	}

	reset(): boolean {
		this.#requireOpen();
		return this.#slots.reset();
	}

	write(bytes: Uint8Array): void {
		this.#requireOpen();
		for (const byte of bytes) {
			for (let bit = 0; bit < 8; bit++) this.#slots.writeBit(((byte >> bit) & 1) as 0 | 1);
		}
	}

	read(byteLength: number): ArrayBuffer {
		this.#requireOpen();
		const bytes = new Uint8Array(byteLength);
		for (let index = 0; index < byteLength; index++) {
			for (let bit = 0; bit < 8; bit++) bytes[index]! |= this.#slots.readBit() << bit;
		}
		return bytes.buffer;
	}

	close(): void {
		this.#isOpen = false;
	}

	#requireOpen(): void {
		if (!this.#isOpen) throw new Error("the 1-Wire port is closed");
	}
}

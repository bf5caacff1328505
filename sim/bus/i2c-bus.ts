/**
 * An I2C bus of the board: peers as the firmware opens them on one side, chip models on the other.
 * Bus time passes on the world's clock; what goes wrong is thrown in the SDK's own words. Faults
 * are laid over pristine chips, so that a chip never needs to know that it is being tried.
 */

import { assert } from "../../src/core/errors.js";
import { integerBelow, type RandomSource } from "../../src/core/random.js";
import type {
	I2CBus,
	I2CBusRecovery,
	I2CConnection,
	I2COptions,
} from "../../src/firmware/ports.js";
import type { VirtualClock } from "../board/clock.js";
import {
	type ActiveFault,
	corrupted,
	type I2CFault,
	NO_FAULTS,
	type Strike,
	strikes,
} from "./i2c-fault.js";
import { type I2CLine, SimulatedI2CPeer } from "./i2c-peer.js";

/** Longest stretch that the ESP32's master bears: 0xFFFFF cycles of 80 MHz = 13.1 ms. */
const STRETCH_MILLISECONDS_LIMIT = 13.1;
/** Clock pulses of one recovery: eight data bits and the acknowledgement. */
const RECOVERY_CLOCKS = 9;
/** Two halves of 5 us. */
const RECOVERY_CLOCK_MICROSECONDS = 10;
/** Start, stop: about one bit each. */
const FRAME_BITS = 2;
/** Eight data bits and the acknowledgement. */
const BYTE_BITS = 9;

/** What the bus sees of a chip. Bytes and bus time only. */
export interface I2CChip {
	/** 7-bit address; a chip may change its own. */
	readonly address: number;
	readonly isPowered: boolean;
	/** True while the chip pulls the data line low on its own account: the bus is dead. A chip that
	 * never does leaves it out. */
	readonly holdsData?: boolean;
	/** Bytes between the address and the stop; none for a probe. False: not acknowledged. */
	write(bytes: Uint8Array): boolean;
	/**
	 * Answers with exactly `count` bytes (>= 1), or undefined: not acknowledged. They are the chip's
	 * and stand until it is asked again.
	 */
	read(count: number): Uint8Array | undefined;
	setPower(isOn: boolean): void;
	/** How long the chip stretches the clock in this transaction, microseconds. */
	stretchMicroseconds?(): number;
	/** The second byte of a general call. */
	generalCall?(command: number): void;
}

export interface I2CBusCounters {
	transactions: number;
	/** Bytes that went over the bus, addresses included. */
	bytes: number;
	nacks: number;
	timeouts: number;
	/** Calls of `recovery.clear`. */
	recoveries: number;
	/** Transactions that a fault changed. */
	faults: number;
}

export interface SimulatedI2CBusOptions {
	clock: VirtualClock;
	/** Clock rate that `connection` proposes, hertz. Default 100 000. */
	hz?: number;
	/** Pins and controller that `connection` names. Default 21, 22, 0. */
	data?: number;
	clockPin?: number;
	port?: number;
	/** Called before every transaction; may throw the power cut that tears it. */
	beforeOperation?: (kind: "i2c", address: number) => void;
	/** True while unpowered circuits pull the lines to ground. */
	isClamped?: () => boolean;
	/**
	 * Draws the bit at which a cut that `beforeOperation` throws finds a read; the chip may then hold
	 * the data line into the next boot. Without it a cut leaves the bus free.
	 */
	tearing?: RandomSource;
}

const NO_BYTES = new Uint8Array(0);

export class SimulatedI2CBus implements I2CBus {
	readonly connection: I2CConnection;
	readonly recovery: I2CBusRecovery;
	readonly counters: I2CBusCounters = {
		transactions: 0,
		bytes: 0,
		nacks: 0,
		timeouts: 0,
		recoveries: 0,
		faults: 0,
	};
	readonly #clock: VirtualClock;
	readonly #beforeOperation: ((kind: "i2c", address: number) => void) | undefined;
	readonly #isClamped: (() => boolean) | undefined;
	readonly #tearing: RandomSource | undefined;
	readonly #chips: I2CChip[] = [];
	/** Those that may hold the data line. */
	readonly #holders: I2CChip[] = [];
	readonly #chipsByAddress: (I2CChip | undefined)[] = [];
	readonly #faults: ActiveFault[] = [];
	readonly #peers: SimulatedI2CPeer[] = [];
	/** Clock pulses that free the data line: 0 free, Infinity only by power. */
	#stuckClocks = 0;
	#isClockStuck = false;

	constructor(options: SimulatedI2CBusOptions) {
		this.#clock = options.clock;
		this.#beforeOperation = options.beforeOperation;
		this.#isClamped = options.isClamped;
		this.#tearing = options.tearing;
		const line: I2CLine = {
			register: (peer, peerOptions) => this.#register(peer, peerOptions),
			forget: (peer) => {
				const index = this.#peers.indexOf(peer);
				if (index >= 0) this.#peers.splice(index, 1);
			},
			transfer: (peer, out, readCount) => this.#transfer(peer, out, readCount),
		};
		this.connection = {
			io: class extends SimulatedI2CPeer {
				constructor(peerOptions: I2COptions) {
					super(line, peerOptions);
				}
			},
			data: options.data ?? 21,
			clock: options.clockPin ?? 22,
			port: options.port ?? 0,
			hz: options.hz ?? 100_000,
		};
		this.recovery = { clear: () => this.#clear() };
	}

	/** Solders a chip to the bus. Two chips with one address answer at once, as on a real bus. */
	attach(chip: I2CChip): void {
		this.#chips.push(chip);
		if ("holdsData" in chip) this.#holders.push(chip);
		this.#chipsByAddress.length = 0;
	}

	/** Switches the rail of every chip of this bus; losing power also frees stuck lines. */
	setPower(isOn: boolean): void {
		if (!isOn) {
			this.#stuckClocks = 0;
			this.#isClockStuck = false;
		}
		for (const chip of this.#chips) if (chip.isPowered !== isOn) chip.setPower(isOn);
	}

	/** A new boot: every peer that the last one left open is gone, and throws if it is still used. */
	processorReset(): void {
		for (const peer of this.#peers) peer.isOpen = false;
		this.#peers.length = 0;
	}

	/** A chip holds the data line low, until so many clock pulses or until it loses power. */
	stickData(untilClocks: number | "power"): void {
		this.#stuckClocks = untilClocks === "power" ? Number.POSITIVE_INFINITY : untilClocks;
	}

	/** A chip holds the clock line low: only power frees it. */
	stickClock(): void {
		this.#isClockStuck = true;
	}

	/** Lays a fault over the bus; faults strike in the order of their adding. */
	addFault(fault: I2CFault): void {
		this.#faults.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
	}

	/** Takes every overlay away; stuck lines stay stuck. */
	clearFaults(): void {
		this.#faults.length = 0;
	}

	#register(peer: SimulatedI2CPeer, options: I2COptions): void {
		const { data, clock, port } = this.connection;
		if (options.data === undefined) throw new RangeError("data required");
		if (options.clock === undefined) throw new RangeError("clock required");
		if (options.data !== data || options.clock !== clock || (options.port ?? 0) !== port) {
			throw new RangeError("unusable pins");
		}
		if (!(options.hz > 0)) throw new RangeError("invalid hz");
		if (!(options.address >= 0 && options.address <= 127)) throw new RangeError("invalid address");
		for (const other of this.#peers) {
			if (other.address === options.address) throw new RangeError("duplicate address");
		}
		this.#peers.push(peer);
	}

	#transfer(
		peer: SimulatedI2CPeer,
		out: Uint8Array | undefined,
		readCount: number,
	): Uint8Array | undefined {
		const { address } = peer;
		try {
			this.#beforeOperation?.("i2c", address);
		} catch (cut) {
			if (readCount > 0) this.#tear(address, out, readCount);
			throw cut;
		}
		this.counters.transactions++;
		if (this.#isDead()) return this.#timeOut(peer.timeoutMilliseconds);
		const chip = this.#chipAt(address);

		const faults = this.#faults.length === 0 ? NO_FAULTS : this.#strike(peer, out, readCount);
		const stretchMicroseconds = faults.stretchMicroseconds + (chip?.stretchMicroseconds?.() ?? 0);
		if (stretchMicroseconds > 0) {
			const limit =
				peer.timeoutMilliseconds < 0
					? STRETCH_MILLISECONDS_LIMIT
					: Math.min(STRETCH_MILLISECONDS_LIMIT, peer.timeoutMilliseconds);
			if (stretchMicroseconds > limit * 1000) return this.#timeOut(limit);
			this.#clock.consume(stretchMicroseconds);
		}
		if (chip === undefined || faults.isRefused) return this.#refuse(peer);

		if (out !== undefined) {
			// A chip acts on what was written when the transaction ends.
			this.#consumeBytes(peer, out.length);
			if (
				!chip.write(faults.corruptWrite === undefined ? out : corrupted(out, faults.corruptWrite))
			) {
				this.counters.nacks++;
				return undefined;
			}
			if (chip.address !== address) this.#chipsByAddress.length = 0;
			if (this.#isDead()) return this.#timeOut(peer.timeoutMilliseconds);
		}
		if (readCount === 0) return NO_BYTES;
		const bytes = chip.read(readCount);
		if (bytes === undefined) return this.#refuse(peer);
		assert(bytes.length === readCount, "a chip gives as many bytes as are read");
		this.#consumeBytes(peer, readCount);
		return faults.corruptRead === undefined ? bytes : corrupted(bytes, faults.corruptRead);
	}

	/**
	 * The chip that listens to an address, with power. A year of a station is ten million transactions, so the one that
	 * answered last is asked first; the table is made anew when a chip was added or has moved.
	 */
	#chipAt(address: number): I2CChip | undefined {
		const known = this.#chipsByAddress[address];
		if (known !== undefined && known.address === address)
			return known.isPowered ? known : undefined;
		let chip: I2CChip | undefined;
		let isShared = address === 0;
		for (const candidate of this.#chips) {
			if (candidate.address !== address) continue;
			if (chip !== undefined) isShared = true;
			chip = candidate;
		}
		if (isShared) return new SharedAddress(address, this.#chips);
		this.#chipsByAddress[address] = chip;
		return chip?.isPowered === true ? chip : undefined;
	}

	/**
	 * The master is gone in the middle of a read and the chip is not: it drives the bit that it was
	 * at. A zero holds the line until the next one, or until the slot of the acknowledgement.
	 */
	#tear(address: number, out: Uint8Array | undefined, readCount: number): void {
		const chip = this.#chipAt(address);
		if (this.#tearing === undefined || chip === undefined || this.#isDead()) return;
		if (out !== undefined && !chip.write(out)) return;
		const bytes = chip.read(readCount);
		if (bytes === undefined) return;
		const bit = integerBelow(this.#tearing, 8 * readCount);
		const rest = (bytes[bit >> 3]! << (bit & 7)) & 0xff;
		if ((rest & 0x80) !== 0) return;
		// Zeros ahead within the byte, by clz32 of its remaining bits; then the acknowledgement.
		const zeros = Math.min(Math.clz32(rest) - 24, 8 - (bit & 7));
		this.#stuckClocks = zeros;
	}

	/** All faults that strike this transaction; spent ones leave the list. */
	#strike(peer: SimulatedI2CPeer, out: Uint8Array | undefined, readCount: number): Strike {
		const strike: Strike = { ...NO_FAULTS };
		for (let index = 0; index < this.#faults.length; ) {
			const active = this.#faults[index]!;
			const { fault } = active;
			if (strikes(active, peer.address, out !== undefined, readCount > 0)) {
				this.counters.faults++;
				if (fault.kind === "nack") strike.isRefused = true;
				else if (fault.kind === "stretch") strike.stretchMicroseconds += fault.milliseconds * 1000;
				else if (fault.kind === "corrupt-read") strike.corruptRead = fault;
				else strike.corruptWrite = fault;
			}
			if (active.times > 0) index++;
			else this.#faults.splice(index, 1);
		}
		return strike;
	}

	#consumeBytes(peer: SimulatedI2CPeer, count: number): void {
		this.counters.bytes += count + 1;
		this.#clock.consume(((FRAME_BITS + BYTE_BITS * (count + 1)) * 1e6) / peer.hz);
	}

	#refuse(peer: SimulatedI2CPeer): undefined {
		this.counters.nacks++;
		this.#consumeBytes(peer, 0);
		return undefined;
	}

	#timeOut(milliseconds: number): undefined {
		assert(milliseconds >= 0, "a peer waits for ever on a dead bus");
		this.counters.timeouts++;
		this.#clock.consume(milliseconds * 1000);
		return undefined;
	}

	#isDead(): boolean {
		if (this.#stuckClocks > 0 || this.#isClockStuck || this.#isClamped?.() === true) return true;
		for (const chip of this.#holders) if (chip.holdsData === true && chip.isPowered) return true;
		return false;
	}

	#clear(): boolean {
		this.counters.recoveries++;
		let clocks = 0;
		while (clocks < RECOVERY_CLOCKS && this.#stuckClocks > 0 && !this.#isClockStuck) {
			this.#stuckClocks--;
			clocks++;
		}
		this.#clock.consume((clocks + 1) * RECOVERY_CLOCK_MICROSECONDS);
		return !this.#isDead();
	}
}

/** All that listen to one address at once: the general call, or a clash of two chips. */
class SharedAddress implements I2CChip {
	readonly address: number;
	readonly isPowered = true;
	readonly #chips: readonly I2CChip[];

	constructor(address: number, chips: readonly I2CChip[]) {
		this.address = address;
		this.#chips = chips.filter(
			(chip) => chip.isPowered && (chip.address === address || (address === 0 && chip.generalCall)),
		);
	}

	get holdsData(): boolean {
		return this.#chips.some((chip) => chip.holdsData === true);
	}

	setPower(): void {}

	write(bytes: Uint8Array): boolean {
		let isAcknowledged = false;
		for (const chip of this.#chips) {
			if (chip.address === this.address) {
				if (chip.write(bytes)) isAcknowledged = true;
			} else {
				const command = bytes[0];
				if (command !== undefined) chip.generalCall?.(command);
				isAcknowledged = true;
			}
		}
		return isAcknowledged;
	}

	/** Open-drain lines: where two chips answer, a zero of either wins. */
	read(count: number): Uint8Array | undefined {
		let bytes: Uint8Array | undefined;
		for (const chip of this.#chips) {
			if (chip.address !== this.address) continue;
			const answer = chip.read(count);
			if (bytes === undefined || answer === undefined) bytes ??= answer;
			else for (let index = 0; index < count; index++) bytes[index]! &= answer[index]!;
		}
		return bytes;
	}
}

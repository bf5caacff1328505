/** Where the energy goes: the current of every part, integrated over the world's clock. */
import type { VirtualClock } from "./clock.js";

/** 1 mA at 1 V for 1 us is 1 nJ; 1 mWh is 3.6 J. */
const MICROSECONDS_PER_HOUR = 3_600_000_000;

/** State of an account as plain data. */
export interface EnergyRecord {
	readonly part: string;
	readonly milliamperes: number;
	/** Charge drawn so far. */
	readonly milliampereMicroseconds: number;
}

interface Part {
	readonly name: string;
	milliamperes: number;
	milliampereMicroseconds: number;
	sinceMicroseconds: number;
}

export class EnergyAccount {
	readonly #clock: VirtualClock;
	readonly #volts: number;
	/** In the order in which they first drew current: a handful, which is looked through faster than a map. */
	readonly #parts: Part[] = [];

	/** `volts`: the supply that all currents of this account are referred to. */
	constructor(clock: VirtualClock, volts: number) {
		this.#clock = clock;
		this.#volts = volts;
	}

	/** From now on `part` draws `milliamperes` (>= 0). */
	setMilliamperes(part: string, milliamperes: number): void {
		const now = this.#clock.microseconds;
		const known = this.#partOf(part);
		if (known === undefined) {
			this.#parts.push({
				name: part,
				milliamperes,
				milliampereMicroseconds: 0,
				sinceMicroseconds: now,
			});
			return;
		}
		settle(known, now);
		known.milliamperes = milliamperes;
	}

	/** Charge beside the current that was set, milliampere microseconds; negative: it drew less. */
	add(part: string, milliampereMicroseconds: number): void {
		const known = this.#partOf(part);
		if (known !== undefined) known.milliampereMicroseconds += milliampereMicroseconds;
	}

	/** Present current of a part, 0 if it never drew any. */
	milliamperesOf(part: string): number {
		return this.#partOf(part)?.milliamperes ?? 0;
	}

	/** Present current of all parts together. */
	totalMilliamperes(): number {
		let sum = 0;
		for (const part of this.#parts) sum += part.milliamperes;
		return sum;
	}

	/** Energy drawn up to now by part, mWh, in the order in which the parts first drew current. */
	milliwattHoursByPart(): Map<string, number> {
		const now = this.#clock.microseconds;
		const energies = new Map<string, number>();
		for (const part of this.#parts) {
			settle(part, now);
			energies.set(part.name, (part.milliampereMicroseconds * this.#volts) / MICROSECONDS_PER_HOUR);
		}
		return energies;
	}

	/** Energy that all parts together have drawn up to now, mWh. */
	totalMilliwattHours(): number {
		const now = this.#clock.microseconds;
		let milliwattHours = 0;
		for (const part of this.#parts) {
			settle(part, now);
			milliwattHours += (part.milliampereMicroseconds * this.#volts) / MICROSECONDS_PER_HOUR;
		}
		return milliwattHours;
	}

	/** The account up to now, as plain data. */
	save(): EnergyRecord[] {
		const now = this.#clock.microseconds;
		const records: EnergyRecord[] = [];
		for (const part of this.#parts) {
			settle(part, now);
			const { name, milliamperes, milliampereMicroseconds } = part;
			records.push({ part: name, milliamperes, milliampereMicroseconds });
		}
		return records;
	}

	/** Takes up a saved account; the currents continue from the clock's present. */
	load(records: readonly EnergyRecord[]): void {
		this.#parts.length = 0;
		for (const { part, milliamperes, milliampereMicroseconds } of records) {
			this.#parts.push({
				name: part,
				milliamperes,
				milliampereMicroseconds,
				sinceMicroseconds: this.#clock.microseconds,
			});
		}
	}

	#partOf(name: string): Part | undefined {
		for (const part of this.#parts) if (part.name === name) return part;
		return undefined;
	}
}

function settle(part: Part, nowMicroseconds: number): void {
	const elapsed = nowMicroseconds - part.sinceMicroseconds;
	part.milliampereMicroseconds += part.milliamperes * elapsed;
	part.sinceMicroseconds = nowMicroseconds;
}

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
	milliamperes: number;
	milliampereMicroseconds: number;
	sinceMicroseconds: number;
}

export class EnergyAccount {
	readonly #clock: VirtualClock;
	readonly #volts: number;
	readonly #parts = new Map<string, Part>();

	/** `volts`: the supply that all currents of this account are referred to. */
	constructor(clock: VirtualClock, volts: number) {
		this.#clock = clock;
		this.#volts = volts;
	}

	/** From now on `part` draws `milliamperes` (>= 0). */
	setMilliamperes(part: string, milliamperes: number): void {
		const now = this.#clock.microseconds;
		const known = this.#parts.get(part);
		if (known === undefined) {
			this.#parts.set(part, { milliamperes, milliampereMicroseconds: 0, sinceMicroseconds: now });
			return;
		}
		settle(known, now);
		known.milliamperes = milliamperes;
	}

	/** Charge beside the current that was set, milliampere microseconds; negative: it drew less. */
	add(part: string, milliampereMicroseconds: number): void {
		const known = this.#parts.get(part);
		if (known !== undefined) known.milliampereMicroseconds += milliampereMicroseconds;
	}

	/** Present current of a part, 0 if it never drew any. */
	milliamperesOf(part: string): number {
		return this.#parts.get(part)?.milliamperes ?? 0;
	}

	/** Present current of all parts together. */
	totalMilliamperes(): number {
		let sum = 0;
		for (const part of this.#parts.values()) sum += part.milliamperes;
		return sum;
	}

	/** Energy drawn up to now by part, mWh, in the order in which the parts first drew current. */
	milliwattHoursByPart(): Map<string, number> {
		const now = this.#clock.microseconds;
		const energies = new Map<string, number>();
		for (const [name, part] of this.#parts) {
			settle(part, now);
			energies.set(name, (part.milliampereMicroseconds * this.#volts) / MICROSECONDS_PER_HOUR);
		}
		return energies;
	}

	/** Energy that all parts together have drawn up to now, mWh. */
	totalMilliwattHours(): number {
		const now = this.#clock.microseconds;
		let milliwattHours = 0;
		for (const part of this.#parts.values()) {
			settle(part, now);
			milliwattHours += (part.milliampereMicroseconds * this.#volts) / MICROSECONDS_PER_HOUR;
		}
		return milliwattHours;
	}

	/** The account up to now, as plain data. */
	save(): EnergyRecord[] {
		const now = this.#clock.microseconds;
		const records: EnergyRecord[] = [];
		for (const [name, part] of this.#parts) {
			settle(part, now);
			const { milliamperes, milliampereMicroseconds } = part;
			records.push({ part: name, milliamperes, milliampereMicroseconds });
		}
		return records;
	}

	/** Takes up a saved account; the currents continue from the clock's present. */
	load(records: readonly EnergyRecord[]): void {
		this.#parts.clear();
		for (const { part, milliamperes, milliampereMicroseconds } of records) {
			this.#parts.set(part, {
				milliamperes,
				milliampereMicroseconds,
				sinceMicroseconds: this.#clock.microseconds,
			});
		}
	}
}

function settle(part: Part, nowMicroseconds: number): void {
	const elapsed = nowMicroseconds - part.sinceMicroseconds;
	part.milliampereMicroseconds += part.milliamperes * elapsed;
	part.sinceMicroseconds = nowMicroseconds;
}

/**
 * When a probe in a bottle has come to rest: a rule of drift, spread and count over a window of the last minute,
 * the same for the station that captures a point and the program that shows it coming. docs/VISIT.md.
 */

/** Of one channel; where `isRelative` drift and spread are percent of the mean. */
export interface SettleRule {
	/** Largest slope of a least-squares line, either way, a minute. */
	readonly drift: number;
	/** Largest difference between two readings of the window. */
	readonly spread: number;
	readonly isRelative: boolean;
	/** Percent of next to nothing say nothing: what moves and differs by no more than this is quiet. */
	readonly quiet?: number;
}

/**
 * With readings of 0.005 pH noise a line over 60 s has a slope of 0.0022 a minute by chance
 * (0.005 / sqrt(60^3 / 12) a second), so that 0.02 is nine times that.
 */
export const SETTLE_RULES = Object.freeze({
	pH: Object.freeze({ drift: 0.02, spread: 0.02, isRelative: false }),
	temperature: Object.freeze({ drift: 0.02, spread: 0.05, isRelative: false }),
	conductivity: Object.freeze({ drift: 0.2, spread: 0.5, isRelative: true, quiet: 0.1 }),
	turbidity: Object.freeze({ drift: 2, spread: 10, isRelative: true, quiet: 1 }),
	dissolvedOxygen: Object.freeze({ drift: 0.05, spread: 0.1, isRelative: false }),
} as const satisfies Readonly<Record<string, SettleRule>>);

export type SettledChannel = keyof typeof SETTLE_RULES;

export const WINDOW_SECONDS = 60;
/** A slow circuit gives fewer readings a minute; then the window is as long as these need. */
export const COUNT_MIN = 40;
/** Two minutes at one reading in two seconds, and then some. */
const COUNT_MAX = 64;

export interface Settling {
	readonly mean: number;
	/** A minute, in the reading's unit. */
	readonly slopePerMinute: number;
	readonly deviation: number;
	readonly spread: number;
	/** Readings in the window. */
	readonly count: number;
	/** Seconds that it covers. */
	readonly seconds: number;
	readonly isSettled: boolean;
}

export class SettleWindow {
	readonly #rule: SettleRule;
	readonly #seconds: number[] = [];
	readonly #readings: number[] = [];

	constructor(rule: SettleRule) {
		this.#rule = rule;
	}

	/** Takes a reading; what the window says with it. */
	push(seconds: number, reading: number): Settling {
		this.#seconds.push(seconds);
		this.#readings.push(reading);
		while (this.#mayDrop(seconds)) {
			this.#seconds.shift();
			this.#readings.shift();
		}
		return this.#judge();
	}

	#mayDrop(now: number): boolean {
		const count = this.#seconds.length;
		// What is left must still cover the window.
		return (
			count > COUNT_MAX || (count > COUNT_MIN && now - (this.#seconds[1] ?? now) >= WINDOW_SECONDS)
		);
	}

	#judge(): Settling {
		const count = this.#readings.length;
		const first = this.#seconds[0] ?? 0;
		let [sumTime, sum] = [0, 0];
		let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
		for (let index = 0; index < count; index++) {
			const reading = this.#readings[index] ?? 0;
			sumTime += (this.#seconds[index] ?? 0) - first;
			sum += reading;
			low = Math.min(low, reading);
			high = Math.max(high, reading);
		}
		const [meanTime, mean] = [sumTime / count, sum / count];
		let [timeSquares, products, squares] = [0, 0, 0];
		for (let index = 0; index < count; index++) {
			const time = (this.#seconds[index] ?? 0) - first - meanTime;
			const off = (this.#readings[index] ?? 0) - mean;
			timeSquares += time * time;
			products += time * off;
			squares += off * off;
		}
		const slopePerMinute = timeSquares === 0 ? 0 : (60 * products) / timeSquares;
		const spread = high - low;
		const seconds = (this.#seconds[count - 1] ?? 0) - first;
		const { drift, spread: widest, isRelative, quiet = 0 } = this.#rule;
		const unit = isRelative ? Math.abs(mean) / 100 : 1;
		const isQuiet =
			(Math.abs(slopePerMinute) <= drift * unit && spread <= widest * unit) ||
			(spread <= quiet && Math.abs(slopePerMinute) <= quiet);
		return {
			mean,
			slopePerMinute,
			deviation: Math.sqrt(squares / count),
			spread,
			count,
			seconds,
			isSettled: isQuiet && count >= COUNT_MIN && seconds >= WINDOW_SECONDS,
		};
	}
}

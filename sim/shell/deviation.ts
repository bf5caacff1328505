/** What the published values come to: derived at the collector against the truth of the river. */
import { DerivationContext } from "../../src/protocol/record/derive.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { TimeResolver } from "../../src/protocol/record/time-resolver.js";
import type { River } from "../river/river.js";

const UNCERTAINTY_MILLISECONDS_MAX = 60_000;

export interface Deviation {
	largest: number;
	median: number;
}

export type Deviations = Record<
	"pH" | "conductivityAt25Percent" | "temperatureCelsius" | "turbidity" | "turbidityPercent",
	Deviation
>;

/** Collects derived values at the collector against the truth at each reading's instant. */
export class DeviationMeter {
	readonly #differences = new Map<keyof Deviations, number[]>();

	/** `rows` of one station in order of sequence, oldest epoch first. */
	add(rows: readonly Uint8Array[], river: River): void {
		const context = new DerivationContext();
		const resolver = new TimeResolver();
		const entries = rows.map((row) => decodeEntry(row));
		for (const entry of entries) resolver.observe(entry);
		for (const entry of entries) {
			context.observe(entry);
			const derived = context.derive(entry);
			const resolved = resolver.resolve(entry);
			if (derived === undefined || resolved === undefined) continue;
			// What is off by a minute for want of a clock is no deviation of a probe.
			if ((resolved.uncertaintyMilliseconds ?? 0) > UNCERTAINTY_MILLISECONDS_MAX) continue;
			// Without a thermometer the others are derived at a stand-in, and say so.
			if ((river.unknownAt?.(resolved.utcSeconds).length ?? 0) > 0) continue;
			const truth = river.at(resolved.utcSeconds);
			this.#note("pH", derived.pH.value, truth.pH);
			this.#note("temperatureCelsius", derived.temperature.value, truth.temperatureCelsius);
			this.#note("turbidity", derived.turbidity.value, truth.turbidityFormazinUnits);
			this.#notePercent("turbidityPercent", derived.turbidity.value, truth.turbidityFormazinUnits);
			this.#notePercent(
				"conductivityAt25Percent",
				derived.conductivity.value,
				truth.conductivityAt25MicrosiemensPerCm,
			);
		}
	}

	/** Largest and median absolute difference per channel, in its unit or percent; 0 without readings. */
	result(): Deviations {
		const deviation = (channel: keyof Deviations): Deviation => {
			const sorted = [...(this.#differences.get(channel) ?? [])].sort((a, b) => a - b);
			return {
				largest: rounded(sorted[sorted.length - 1] ?? 0),
				median: rounded(sorted[sorted.length >> 1] ?? 0),
			};
		};
		return {
			pH: deviation("pH"),
			conductivityAt25Percent: deviation("conductivityAt25Percent"),
			temperatureCelsius: deviation("temperatureCelsius"),
			turbidity: deviation("turbidity"),
			turbidityPercent: deviation("turbidityPercent"),
		};
	}

	#note(channel: keyof Deviations, value: number | undefined, truth: number): void {
		if (value === undefined) return;
		const list = this.#differences.get(channel) ?? [];
		list.push(Math.abs(value - truth));
		this.#differences.set(channel, list);
	}

	#notePercent(channel: keyof Deviations, value: number | undefined, truth: number): void {
		if (value === undefined || truth === 0) return;
		this.#note(channel, (value / truth) * 100, 100);
	}
}

function rounded(value: number): number {
	return Math.round(value * 10_000) / 10_000;
}

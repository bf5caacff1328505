/** Judges derived values against the water: right, or flagged, or not given. */
import { DerivationContext, type DerivedValue } from "../../src/protocol/record/derive.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import type { River } from "../river/river.js";
import type { StationDiary } from "../station/diary.js";
import type { Findings } from "./findings.js";

export interface DerivedOptions {
	readonly diary: StationDiary;
	/** Canonical bytes that the collector holds, by epoch and sequence. */
	readonly rows: readonly Uint8Array[];
	readonly river: River;
	/** UTC of the world's microsecond 0, Unix seconds. */
	readonly originUtcSeconds: number;
	/** Nothing ailed the probes from one instant to the other: every value must be there, unflagged. */
	readonly isWell?: (fromUtcSeconds: number, toUtcSeconds: number) => boolean;
}

/** What a value may be off by, absolutely and as a part of it: resolution, and the law for 25 degC. */
const TOLERANCES = Object.freeze({
	pH: [0.02, 0],
	temperature: [0.05, 0],
	conductivity: [0.5, 0.01],
	turbidity: [0.2, 0.02],
} as const);

type Quantity = keyof typeof TOLERANCES;

/** A measurement's water is looked at so often: it changes little meanwhile. */
const LOOKS = 6;

export function judgeDerived(options: DerivedOptions, findings: Findings): void {
	const { diary, rows, river, originUtcSeconds } = options;
	const contexts = new Map<number, DerivationContext>();
	const held = new Map<string, Entry>();
	for (const row of rows) {
		const entry = decodeEntry(row);
		let context = contexts.get(entry.epoch);
		if (context === undefined) {
			context = new DerivationContext();
			contexts.set(entry.epoch, context);
		}
		context.observe(entry);
		held.set(`${entry.epoch}/${entry.sequence}`, entry);
	}
	for (const { entry, atMicroseconds, measuredMicroseconds } of diary.entries) {
		if (entry.kind !== "reading" || measuredMicroseconds === undefined) continue;
		const row = held.get(`${entry.epoch}/${entry.sequence}`);
		const derived = row === undefined ? undefined : contexts.get(entry.epoch)?.derive(row);
		if (derived === undefined) continue;
		const from = originUtcSeconds + measuredMicroseconds / 1_000_000;
		const to = originUtcSeconds + atMicroseconds / 1_000_000;
		const water = waterBetween(river, from, to);
		const isWell = options.isWell?.(from, to) ?? false;
		for (const quantity of Object.keys(TOLERANCES) as Quantity[]) {
			const value = derived[quantity];
			const [low, high] = water[quantity];
			const wrong = verdict(value, quantity, low, high, isWell);
			if (wrong === undefined) continue;
			findings.add(
				"derived value",
				`${quantity} of reading ${entry.sequence} at ${to.toFixed(0)} is ${value.value} (${value.method}, flags ${value.flags}, ${value.notes.join()}), ${wrong}; the water had ${low.toFixed(3)} to ${high.toFixed(3)}`,
			);
		}
	}
}

function verdict(
	{ value, flags, notes }: DerivedValue,
	quantity: Quantity,
	low: number,
	high: number,
	isWell: boolean,
): string | undefined {
	const isClear = flags === 0 && notes.length === 0;
	if (value === undefined) return isWell ? "missing without a cause" : undefined;
	if (!isClear) return isWell ? "flagged without a cause" : undefined;
	const [absolute, part] = TOLERANCES[quantity];
	const tolerance = absolute + part * Math.abs(high);
	return value >= low - tolerance && value <= high + tolerance ? undefined : "wrong without a flag";
}

function waterBetween(
	river: River,
	from: number,
	to: number,
): Record<Quantity, readonly [low: number, high: number]> {
	const looks = Array.from({ length: LOOKS }, (_, index) =>
		river.at(from + ((to - from) * index) / (LOOKS - 1)),
	);
	const span = (values: readonly number[]): readonly [number, number] => [
		values.reduce((a, b) => Math.min(a, b)),
		values.reduce((a, b) => Math.max(a, b)),
	];
	return {
		pH: span(looks.map(({ pH }) => pH)),
		temperature: span(looks.map(({ temperatureCelsius }) => temperatureCelsius)),
		conductivity: span(
			looks.map(({ conductivityAt25MicrosiemensPerCm }) => conductivityAt25MicrosiemensPerCm),
		),
		turbidity: span(looks.map(({ turbidityFormazinUnits }) => turbidityFormazinUnits)),
	};
}

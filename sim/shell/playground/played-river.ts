/** A river into which somebody at the playground lets mine water or rain: still the truth at any instant. */
import {
	ACID_HALF_LIFE_SECONDS,
	ACID_RISE_SECONDS,
	PEAK_PART,
	withMineWater,
} from "../../river/acid-bor.js";
import { hydrograph } from "../../river/noise.js";
import type { River } from "../../river/river.js";
import type { WaterState } from "../../river/water.js";

const HOUR_SECONDS = 3600;
/** Of the storm on the Pek (scenarios.ts): silt within an hour, rain that thins the salts for half a day. */
const SILT_FORMAZIN_UNITS = 1050;
/** More of it is the same: a hundred presses are no river of acid. */
const STRENGTH_MAX = 1.5;

export class PlayedRiver implements River {
	readonly #river: River;
	readonly #acids: number[] = [];
	readonly #storms: number[] = [];

	constructor(river: River) {
		this.#river = river;
	}

	get name(): string {
		return this.#river.name;
	}

	get firstUtcSeconds(): number | undefined {
		return this.#river.firstUtcSeconds;
	}

	get lastUtcSeconds(): number | undefined {
		return this.#river.lastUtcSeconds;
	}

	get disturbances(): NonNullable<River["disturbances"]> {
		return this.#river.disturbances ?? {};
	}

	/** Mine water breaks in now. */
	pour(utcSeconds: number): void {
		this.#acids.push(utcSeconds);
	}

	/** It begins to rain upstream now. */
	rain(utcSeconds: number): void {
		this.#storms.push(utcSeconds);
	}

	at(utcSeconds: number): WaterState {
		const level = (events: readonly number[], rise: number, halfLife: number): number => {
			let sum = 0;
			for (const began of events) sum += hydrograph(utcSeconds - began, rise, halfLife);
			return Math.min(sum, STRENGTH_MAX);
		};
		const water = this.#river.at(utcSeconds);
		const rain = level(this.#storms, 2 * HOUR_SECONDS, 12 * HOUR_SECONDS);
		const silt = level(this.#storms, 0.8 * HOUR_SECONDS, 4 * HOUR_SECONDS);
		const rained: WaterState =
			rain === 0
				? water
				: {
						pH: water.pH - 0.35 * rain,
						conductivityAt25MicrosiemensPerCm:
							water.conductivityAt25MicrosiemensPerCm / (1 + 0.45 * rain),
						turbidityFormazinUnits: water.turbidityFormazinUnits + SILT_FORMAZIN_UNITS * silt,
						temperatureCelsius: water.temperatureCelsius - 1.2 * rain,
					};
		const acid = level(this.#acids, ACID_RISE_SECONDS, ACID_HALF_LIFE_SECONDS);
		return acid === 0 ? rained : withMineWater(rained, PEAK_PART * acid);
	}

	unknownAt(utcSeconds: number): ReturnType<NonNullable<River["unknownAt"]>> {
		return this.#river.unknownAt?.(utcSeconds) ?? [];
	}
}

/**
 * A realistic day of readings for the benches of journal and wire: twelve hours of quiet water at
 * Bor, then twelve of a storm on the Pek, channel set 1, every five minutes, with the noise of the
 * probes. Resolutions are those of the parts: pH and temperature in thousandths, raw conductivity
 * in the circuit's 0.1 uS/cm below 1 000 uS/cm, turbidity in codes of the ADS1115 (125 uV) over the
 * default loop (150 ohm, -50..1 550 FNU).
 */

import { exp } from "../../../src/core/elementary.js";
import { fraction, normal, SeededRandom, seedOf } from "../../../src/core/random.js";
import type { EntryDraft } from "../../../src/protocol/record/entry-layouts.js";
import { fieldsOfNamed } from "./named-reading.js";

export const READINGS_PER_DAY = 288;
const INTERVAL_SECONDS = 300;
/** 2026-03-20T00:00:00Z. */
const FIRST_UTC_SECONDS = 1_773_964_800;
const MICROVOLTS_PER_CODE = 125;
/** 150 ohm times 16 mA over 1 600 FNU. */
const MICROVOLTS_PER_FNU = 1500;
const MICROVOLTS_AT_ZERO_FNU = 675_000;

/** The 288 readings of day `day` (0, 1, 2 ... of one boot), a function of `seed` and `day`. */
export function dayOfReadings(seed: number, day = 0): EntryDraft[] {
	const random = new SeededRandom(seedOf(seed, `day-${day}`));
	const strength = 0.4 + 0.6 * fraction(random);
	return Array.from({ length: READINGS_PER_DAY }, (_, index) => {
		const hour = (index * 24) / READINGS_PER_DAY;
		const water = hour < 12 ? quietBor(hour) : stormOnPek(hour - 12, strength);
		const jitterSeconds = fraction(random) < 0.05 ? (fraction(random) < 0.5 ? 1 : -1) : 0;
		const elapsedSeconds = (day * READINGS_PER_DAY + index) * INTERVAL_SECONDS + jitterSeconds;
		// Water moves about its mean by a few per cent in a flood; the burst's median sees that.
		const fnu = water.fnu * (1 + water.turbulence * normal(random)) + 0.25 * normal(random);
		const spreadCodes = 3 + Math.abs(normal(random)) + water.fnu * water.turbulence * 6;
		const conductivity = water.conductivity + 0.25 * normal(random);
		const sunVolts = hour > 7 && hour < 17 ? 0.06 * (1 - ((hour - 12) / 5) ** 2) : 0;
		return {
			kind: "reading",
			channelSet: 1,
			timeQuality: 2,
			boot: 3,
			uptimeSeconds: 7200 + elapsedSeconds,
			utcSeconds: FIRST_UTC_SECONDS + elapsedSeconds + driftSeconds(elapsedSeconds),
			configurationId: 1,
			stationFlags: 0,
			fields: fieldsOfNamed({
				pHMilli: Math.round(water.pH * 1000 + 4 * normal(random)),
				pHFlags: 0,
				pHCalibration: 1,
				temperatureMillidegrees: Math.round(water.celsius * 1000 + 3 * normal(random)),
				temperatureFlags: 0,
				temperatureCalibration: 0,
				conductivityHundredths: 10 * Math.round(conductivity * 10),
				conductivityFlags: 0,
				conductivityCalibration: 1,
				turbidityMicrovolts:
					MICROVOLTS_PER_CODE *
					Math.round((MICROVOLTS_AT_ZERO_FNU + fnu * MICROVOLTS_PER_FNU) / MICROVOLTS_PER_CODE),
				turbiditySpreadSteps: Math.round(spreadCodes * (1 + 0.15 * normal(random))),
				turbidityRange: 0,
				turbidityFlags: 0,
				turbidityCalibration: 1,
				batteryMillivolts: Math.round(3900 + 1000 * sunVolts - 3 * hour + 2 * normal(random)),
				batteryFlags: 0,
			}),
		};
	});
}

interface Water {
	readonly pH: number;
	readonly celsius: number;
	/** Raw, at the water's temperature, uS/cm. */
	readonly conductivity: number;
	readonly fnu: number;
	/** Relative movement of turbidity between readings. */
	readonly turbulence: number;
}

/** Mine water at low flow: conductive, clear, a small daily course. */
function quietBor(hour: number): Water {
	const warmth = dailyCourse(hour);
	return {
		pH: 7.42 + 0.06 * warmth,
		celsius: 11.5 + 1.3 * warmth,
		conductivity: (905 + 8 * warmth) * (1 + 0.019 * (11.5 + 1.3 * warmth - 25)),
		fnu: 3.5,
		turbulence: 0.03,
	};
}

/** A flood wave: turbidity leads, conductivity dips, the water cools. */
function stormOnPek(hour: number, strength: number): Water {
	const rise = hour < 2 ? 0 : pulse((hour - 2) / 2.5);
	const flow = hour < 2 ? 0 : pulse((hour - 2) / 3.5);
	const celsius = 10.2 - 1.1 * flow * strength;
	return {
		pH: 8.05 - 0.25 * flow * strength,
		celsius,
		conductivity: 372 * (1 - 0.4 * flow * strength) * (1 + 0.019 * (celsius - 25)),
		fnu: 8 + 620 * rise * strength,
		turbulence: 0.05,
	};
}

/** Rises to 1 at 1 and falls away slowly: t^2 exp(2 (1 - t)). */
function pulse(t: number): number {
	return t * t * exp(2 * (1 - t));
}

/** A day's warmth, -1 at 04 h and 1 at 16 h: a parabola in place of a sine, exact everywhere. */
function dailyCourse(hour: number): number {
	const phase = ((hour + 20) % 24) / 12;
	const x = phase < 1 ? phase - 0.5 : 1.5 - phase;
	return 3 * x - 4 * x * x * x;
}

/** The processor's clock against the RTC: 20 parts per million. */
function driftSeconds(elapsedSeconds: number): number {
	return Math.floor(elapsedSeconds * 20e-6);
}

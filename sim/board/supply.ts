/** Battery, panel and what each part draws, all referred to the battery. */
import type { RadioState } from "../network/wire.js";
import { wave } from "../river/noise.js";
import type { Disturbances } from "../station/disturbances.js";
import { Battery } from "./battery.js";
import type { VirtualClock } from "./clock.js";
import { EnergyAccount } from "./energy.js";

/** All currents are referred to the battery: 12 V, and converters that waste 15 %. */
const BATTERY_VOLTS = 12;
const CONVERTER_EFFICIENCY = 0.85;
export const PROBE_VOLTS = 5;
const LOOP_VOLTS = 15;
const LOGIC_VOLTS = 3.3;

/** ESP32 in deep sleep, RTC, ADC, regulators: what is drawn day and night. */
const SLEEP_MILLIAMPERES = 0.15;
/** ESP32 awake, radio off (datasheet v4.6, table of current consumption, 160 MHz modem sleep). */
const PROCESSOR_MILLIAMPERES = 40;
/** In light sleep (the same table, 0.8 mA). */
const LIGHT_SLEEP_MILLIAMPERES = 0.8;
/**
 * Awake for each wait that is slept: waking takes under 1 ms (ESP-IDF, "Sleep Modes"); the rest is for the program
 * between two waits, which takes no time in this world. An assumption: nothing was measured on a chip.
 */
const AWAKE_MICROSECONDS = 3000;
const RADIO_MILLIAMPERES: Readonly<Record<RadioState, number>> = Object.freeze({
	off: 0,
	connecting: 110,
	idle: 95,
	active: 180,
});

/** 7 Ah at 12 V. */
const BATTERY_MILLIWATT_HOURS = 84_000;
/** A 5 W panel on an autumn day: this much at noon, nothing at night. */
const SOLAR_NOON_MILLIWATTS = 2500;

export interface SupplyOptions {
	readonly clock: VirtualClock;
	readonly utcSeconds: () => number;
	readonly disturbances: Disturbances | undefined;
}

export type Supply = ReturnType<typeof createSupply>;

/** A sleeping board on a full battery. */
export function createSupply({ clock, utcSeconds, disturbances }: SupplyOptions) {
	const energy = new EnergyAccount(clock, BATTERY_VOLTS);
	const draw = (part: string, milliamperes: number, volts: number): void => {
		energy.setMilliamperes(part, (milliamperes * volts) / (BATTERY_VOLTS * CONVERTER_EFFICIENCY));
	};
	draw("sleep", SLEEP_MILLIAMPERES, LOGIC_VOLTS);
	const usualMilliwatts = (utc: number): number =>
		Math.max(wave(utc / 86_400 - 0.25), 0) *
		SOLAR_NOON_MILLIWATTS *
		(disturbances?.sun?.(utc) ?? 1);
	const solarMilliwatts = disturbances?.solarMilliwatts ?? usualMilliwatts;
	const battery = new Battery({
		capacityMilliwattHours: BATTERY_MILLIWATT_HOURS,
		...disturbances?.battery,
		solarMilliwatts,
		utcSeconds,
		drawnMilliwattHours: () => energy.totalMilliwattHours(),
	});
	/** Of each circuit on the probes' rail. */
	const currents: number[] = [];
	return {
		energy,
		battery,
		/** Out of the battery, what the panel brings taken off. */
		batteryMilliamperes: (): number =>
			energy.totalMilliamperes() - solarMilliwatts(utcSeconds()) / BATTERY_VOLTS,
		/** For one more circuit on the probes' rail: called with what it draws. */
		onCurrent: (): ((milliamperes: number) => void) => {
			const place = currents.push(0) - 1;
			return (milliamperes) => {
				currents[place] = milliamperes;
				let sum = 0;
				for (let index = 0; index < currents.length; index++) sum += currents[index] ?? 0;
				draw("probes", sum, PROBE_VOLTS);
			};
		},
		drawLoop: (isOn: boolean): void => draw("loop", isOn ? 22 : 0, LOOP_VOLTS),
		drawProcessor: (isRunning: boolean): void =>
			draw("processor", isRunning ? PROCESSOR_MILLIAMPERES : 0, LOGIC_VOLTS),
		/** The running processor is about to wait for so long, and sleeps meanwhile. */
		lightSleep: (microseconds: number): void => {
			const saved = (PROCESSOR_MILLIAMPERES - LIGHT_SLEEP_MILLIAMPERES) * LOGIC_VOLTS;
			const slept = Math.max(microseconds - AWAKE_MICROSECONDS, 0);
			energy.add("processor", (-saved / (BATTERY_VOLTS * CONVERTER_EFFICIENCY)) * slept);
		},
		drawRadio: (state: RadioState): void => draw("radio", RADIO_MILLIAMPERES[state], LOGIC_VOLTS),
	};
}

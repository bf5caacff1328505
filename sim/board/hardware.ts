/**
 * What is soldered and what hangs in the water: chips on their buses, rails, battery, all of one
 * simulated station. It outlives wakes and power losses; a `Board` made of it does not.
 */

import { SeededChance, seedOf } from "../../src/core/chance.js";
import { createSha256 } from "../../src/core/sha256.js";
import type { ProbeKinds } from "../../src/protocol/record/probe-kinds.js";
import { type I2CChip, SimulatedI2CBus } from "../bus/i2c-bus.js";
import { Ads1115 } from "../chips/ads1115.js";
import { Ds3231 } from "../chips/ds3231.js";
import { EzoEc } from "../chips/ezo-ec.js";
import { EzoPh } from "../chips/ezo-ph.js";
import { EzoRtd } from "../chips/ezo-rtd.js";
import { LaggingProbe } from "../probes/lagging-probe.js";
import { TurbidityLoop } from "../probes/turbidity-loop.js";
import { type ConductionLaw, conductivityAt } from "../river/conduction.js";
import { wave } from "../river/noise.js";
import type { River } from "../river/river.js";
import type { WaterChannel, WaterState } from "../river/water.js";
import type { StationObserver } from "../station/observer.js";
import { Battery } from "./battery.js";
import { createChosenProbes } from "./chosen-probes.js";
import type { VirtualClock } from "./clock.js";
import { EnergyAccount } from "./energy.js";

/** All currents are referred to the battery: 12 V, and converters that waste 15 %. */
const BATTERY_VOLTS = 12;
const CONVERTER_EFFICIENCY = 0.85;
const PROBE_VOLTS = 5;
const LOOP_VOLTS = 15;
const LOGIC_VOLTS = 3.3;

/** ESP32 in deep sleep, RTC, ADC, regulators: what is drawn day and night. */
const SLEEP_MILLIAMPERES = 0.15;
/** ESP32 awake, radio off (datasheet v4.6, table of current consumption, 160 MHz modem sleep). */
const PROCESSOR_MILLIAMPERES = 40;
const RADIO_MILLIAMPERES: Readonly<Record<RadioState, number>> = Object.freeze({
	off: 0,
	connecting: 110,
	idle: 95,
	active: 180,
});

export type RadioState = "off" | "connecting" | "idle" | "active";

/** 7 Ah at 12 V. */
const BATTERY_MILLIWATT_HOURS = 84_000;
/** A 5 W panel on an autumn day: this much at noon, nothing at night. */
const SOLAR_NOON_MILLIWATTS = 2500;

const LOOP_WARM_UP_MILLISECONDS = 1000;
const BATTERY_DIVIDER = 6;

export interface HardwareOptions {
	readonly clock: VirtualClock;
	/** Unix seconds of the clock's origin. */
	readonly originUtcSeconds: number;
	readonly seed: number;
	readonly river: River;
	readonly conduction: ConductionLaw;
	readonly shuntOhms: number;
	readonly turbidityAt4Milliampere: number;
	readonly turbidityAt20Milliampere: number;
	/** Which parts measure; the reference board's without it. */
	readonly probes?: ProbeKinds;
	/** Called before every operation on a bus; may throw PowerCut. */
	readonly beforeOperation: () => void;
}

export type Hardware = ReturnType<typeof createHardware>;

/** Wires it up; everything is unpowered but the always-on parts. */
export function createHardware(options: HardwareOptions) {
	const { clock, river, beforeOperation } = options;
	const chance = (name: string): SeededChance =>
		new SeededChance(seedOf(options.seed, `${name} ${clock.microseconds}`));
	const seconds = (): number => clock.microseconds / 1_000_000;
	const utcSeconds = (): number => options.originUtcSeconds + seconds();
	const { incidents } = river;
	const surroundings = incidents?.surroundings ?? ((state: WaterState) => state);
	const lookAtWater = (): WaterState => surroundings(river.at(utcSeconds()), utcSeconds());
	let askedMicroseconds = clock.microseconds;
	let asked = lookAtWater();
	/** Several probes ask for the water of one instant. */
	const water = (): WaterState => {
		if (clock.microseconds !== askedMicroseconds) {
			askedMicroseconds = clock.microseconds;
			asked = lookAtWater();
		}
		return asked;
	};
	let soughtMicroseconds = Number.NaN;
	let unknown: readonly WaterChannel[] = [];
	/** False where a recorded river says nothing of a channel: its probe is as if unplugged. */
	const isKnown = (channel: WaterChannel): boolean => {
		if (river.unknownAt === undefined) return true;
		if (clock.microseconds !== soughtMicroseconds) {
			soughtMicroseconds = clock.microseconds;
			unknown = river.unknownAt(utcSeconds());
		}
		return !unknown.includes(channel);
	};
	const energy = new EnergyAccount(clock, BATTERY_VOLTS);
	const draw = (part: string, milliamperes: number, volts: number): void => {
		energy.setMilliamperes(part, (milliamperes * volts) / (BATTERY_VOLTS * CONVERTER_EFFICIENCY));
	};
	draw("sleep", SLEEP_MILLIAMPERES, LOGIC_VOLTS);
	const battery = new Battery({
		capacityMilliwattHours: BATTERY_MILLIWATT_HOURS,
		...incidents?.battery,
		solarMilliwatts: (utc) =>
			Math.max(wave(utc / 86_400 - 0.25), 0) * SOLAR_NOON_MILLIWATTS * (incidents?.sun?.(utc) ?? 1),
		utcSeconds,
		drawnMilliwattHours: () => energy.totalMilliwattHours(),
	});

	const probe = (
		name: string,
		truth: () => number,
		responseSeconds: number,
		noise: (reading: number) => number,
		slowness = (): number => 1,
	): LaggingProbe =>
		new LaggingProbe({ seconds, truth, responseSeconds, noise, slowness, chance: chance(name) });
	const pHProbe = probe(
		"pH",
		() => water().pH,
		8,
		() => 0.002,
		() => incidents?.electrodeSlowness?.(utcSeconds()) ?? 1,
	);
	const temperatureProbe = probe(
		"temperature",
		() => water().temperatureCelsius,
		6,
		() => 0.004,
	);
	const conductivityProbe = probe(
		"conductivity",
		() => {
			const { conductivityAt25MicrosiemensPerCm, temperatureCelsius } = water();
			return conductivityAt(
				options.conduction,
				conductivityAt25MicrosiemensPerCm,
				temperatureCelsius,
			);
		},
		1,
		(reading) => reading * 0.0005,
	);
	const turbidityProbe = probe(
		"turbidity",
		() => water().turbidityFormazinUnits,
		2,
		(reading) => 0.15 + 0.01 * Math.abs(reading),
	);

	const bubbles = chance("bubbles");
	const optics = (): number => {
		const turbidity = turbidityProbe.read();
		return incidents?.optics?.(turbidity, utcSeconds(), bubbles) ?? turbidity;
	};

	const loop = new TurbidityLoop({
		milliseconds: () => clock.microseconds / 1000,
		turbidity: optics,
		shuntOhms: options.shuntOhms,
		at4Milliampere: options.turbidityAt4Milliampere,
		at20Milliampere: options.turbidityAt20Milliampere,
		warmUpMilliseconds: LOOP_WARM_UP_MILLISECONDS,
	});

	const current = new Map<string, number>();
	const onCurrent =
		(chip: string) =>
		(milliamperes: number): void => {
			current.set(chip, milliamperes);
			let sum = 0;
			for (const each of current.values()) sum += each;
			draw("probes", sum, PROBE_VOLTS);
		};
	const ph = new EzoPh({
		clock,
		chance: chance("ezo-ph"),
		quantity: () => pHProbe.read() + coupling(),
		waterCelsius: () => water().temperatureCelsius,
		supplyVolts: PROBE_VOLTS,
		onCurrent: onCurrent("ph"),
	});
	const ec = new EzoEc({
		clock,
		chance: chance("ezo-ec"),
		quantity: () => conductivityProbe.read(),
		supplyVolts: PROBE_VOLTS,
		onCurrent: onCurrent("ec"),
	});
	const coupling = (): number =>
		incidents?.couplingPH !== undefined && ec.isPowered && !ec.isAsleep ? incidents.couplingPH : 0;
	const rtd = new EzoRtd({
		clock,
		chance: chance("ezo-rtd"),
		quantity: () => temperatureProbe.read(),
		supplyVolts: PROBE_VOLTS,
		onCurrent: onCurrent("rtd"),
	});
	const adc = new Ads1115({
		clock,
		inputs: (pin) => {
			if (pin === 0) return isKnown("turbidityFormazinUnits") ? loop.volts() : 0;
			if (pin === 1) return battery.volts() / BATTERY_DIVIDER;
			return chosen.volts(pin);
		},
	});
	const rtc = new Ds3231({
		clock,
		driftPartsPerMillion:
			(new SeededChance(seedOf(options.seed, "rtc")).uint32() / 2 ** 32) * 4 - 2,
	});

	const calibratePH = (points: number): void => {
		const [hasMid, hasOthers] = [points > 0 ? 1 : 0, points === 3 ? 1 : 0];
		const { own } = ph.save();
		ph.load({ ...ph.save(), own: { ...own, hasMid, hasLow: hasOthers, hasHigh: hasOthers } });
	};
	// Commissioned: a technician has calibrated the circuits with ideal electrodes.
	calibratePH(3);
	ec.load({ ...ec.save(), own: { ...ec.save().own, isDry: 1, points: 1 } });
	rtd.load({ ...rtd.save(), own: { ...rtd.save().own, isCalibrated: 1 } });

	const probeRailState = { isOn: false };
	const loopRailState = { isOn: false };
	const radioState: { now: RadioState } = { now: "off" };
	const systemBus = new SimulatedI2CBus({ clock, beforeOperation });
	const probeBus = new SimulatedI2CBus({
		clock,
		beforeOperation,
		isClamped: () => !probeRailState.isOn,
	});
	for (const chip of [adc, rtc]) {
		systemBus.attach(chip);
		chip.setPower(true);
	}
	const chosen = createChosenProbes(
		{
			clock,
			probes: options.probes,
			systemBus,
			turbidity: optics,
			celsius: () => temperatureProbe.read(),
			batteryVolts: () => battery.volts(),
			batteryMilliamperes: () => energy.totalMilliamperes(),
			beforeOperation,
		},
		loop,
	);
	const plug = (chip: I2CChip, channel: WaterChannel): void => {
		probeBus.attach(
			river.unknownAt === undefined ? chip : unpluggable(chip, () => isKnown(channel)),
		);
	};
	plug(ph, "pH");
	plug(ec, "conductivityAt25MicrosiemensPerCm");
	if (chosen.oneWire === undefined) plug(rtd, "temperatureCelsius");

	let observer: StationObserver | undefined;
	return {
		clock,
		utcSeconds,
		/** Told of what gets power. */
		set observer(told: StationObserver | undefined) {
			observer = told;
		},
		energy,
		battery,
		chips: { ph, ec, rtd, adc, rtc },
		/** The processor's own unit. */
		sha256: createSha256(),
		loop,
		calibratePH,
		systemBus,
		probeBus,
		oneWire: chosen.oneWire,
		switchProbes(isOn: boolean): void {
			if (isOn === probeRailState.isOn) return;
			probeRailState.isOn = isOn;
			probeBus.setPower(isOn);
			chosen.switchProbes(isOn);
			observer?.switched("probes", isOn);
		},
		/** The processor stops: peers that it had opened on the buses are gone. */
		resetProcessor(): void {
			systemBus.processorReset();
			probeBus.processorReset();
		},
		get isProbeRailOn(): boolean {
			return probeRailState.isOn;
		},
		get isLoopRailOn(): boolean {
			return loopRailState.isOn;
		},
		get isRadioOn(): boolean {
			return radioState.now !== "off";
		},
		switchLoop(isOn: boolean): void {
			if (isOn !== loopRailState.isOn) observer?.switched("loop", isOn);
			loopRailState.isOn = isOn;
			chosen.switchTurbidity(isOn);
			draw("loop", isOn ? 22 : 0, LOOP_VOLTS);
		},
		setProcessor(isRunning: boolean): void {
			draw("processor", isRunning ? PROCESSOR_MILLIAMPERES : 0, LOGIC_VOLTS);
		},
		setRadio(state: RadioState): void {
			if ((state === "off") !== (radioState.now === "off")) {
				observer?.switched("radio", state !== "off");
			}
			radioState.now = state;
			draw("radio", RADIO_MILLIAMPERES[state], LOGIC_VOLTS);
		},
	};
}

/** The chip as its bus sees it over a plug that may be out. */
function unpluggable(chip: I2CChip, isPlugged: () => boolean): I2CChip {
	return {
		get address() {
			return chip.address;
		},
		get isPowered() {
			return chip.isPowered;
		},
		write: (bytes) => isPlugged() && chip.write(bytes),
		read: (count) => (isPlugged() ? chip.read(count) : undefined),
		setPower: (isOn) => chip.setPower(isOn),
		stretchMicroseconds: () => (isPlugged() ? (chip.stretchMicroseconds?.() ?? 0) : 0),
		generalCall: (command) => chip.generalCall?.(command),
	};
}

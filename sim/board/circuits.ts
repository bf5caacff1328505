/** The EZO circuits on the probes' bus as they are delivered: a technician has calibrated them with ideal electrodes. */
import type { SeededRandom } from "../../src/core/random.js";
import { isFitted, type ProbeKinds } from "../../src/protocol/record/probe-kinds.js";
import type { I2CChip } from "../bus/i2c-bus.js";
import { EzoDo } from "../chips/ezo-do.js";
import { EzoEc } from "../chips/ezo-ec.js";
import type { EzoFirmware } from "../chips/ezo-firmware.js";
import { EzoPh } from "../chips/ezo-ph.js";
import { EzoRtd } from "../chips/ezo-rtd.js";
import { oxygenPart } from "../river/oxygen.js";
import type { WaterChannel } from "../river/water.js";
import type { Disturbances } from "../station/disturbances.js";
import type { VirtualClock } from "./clock.js";
import { PROBE_VOLTS, type Supply } from "./supply.js";
import type { SimulatedProbes } from "./water-probes.js";

export interface CircuitsOptions {
	readonly clock: VirtualClock;
	readonly utcSeconds: () => number;
	readonly randomFor: (name: string) => SeededRandom;
	readonly probes: SimulatedProbes;
	readonly supply: Supply;
	readonly disturbances: Disturbances | undefined;
	readonly kinds: ProbeKinds;
	/** Of the pH circuit. */
	readonly circuitFirmware?: EzoFirmware;
}

/** A circuit, and the quantity without which it is as if unplugged. */
export interface PluggedCircuit {
	readonly chip: I2CChip;
	readonly channel?: WaterChannel;
}

export function createCircuits(options: CircuitsOptions) {
	const { clock, randomFor, probes, supply, disturbances, kinds, circuitFirmware } = options;
	const ph = new EzoPh({
		clock,
		random: randomFor("ezo-ph"),
		...(circuitFirmware === undefined ? {} : { firmware: circuitFirmware }),
		quantity: () => probes.electrodePH() + coupling(),
		waterCelsius: () => probes.water().temperatureCelsius,
		supplyVolts: PROBE_VOLTS,
		onCurrent: supply.onCurrent(),
	});
	const ec = new EzoEc({
		clock,
		random: randomFor("ezo-ec"),
		quantity: () => probes.cellMicrosiemens(),
		supplyVolts: PROBE_VOLTS,
		onCurrent: supply.onCurrent(),
	});
	const coupling = (): number =>
		disturbances?.couplingPH !== undefined && ec.isPowered && !ec.isAsleep
			? disturbances.couplingPH
			: 0;
	const rtd = new EzoRtd({
		clock,
		random: randomFor("ezo-rtd"),
		quantity: () => probes.resistorCelsius(),
		supplyVolts: PROBE_VOLTS,
		onCurrent: supply.onCurrent(),
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
	const plugged: PluggedCircuit[] = [
		{ chip: ph, channel: "pH" },
		{ chip: ec, channel: "conductivityAt25MicrosiemensPerCm" },
	];
	if (kinds.thermometer === "ezo-rtd") plugged.push({ chip: rtd, channel: "temperatureCelsius" });
	const oxygen = isFitted(kinds.oxygenProbe) ? createOxygen(options) : undefined;
	if (oxygen !== undefined) plugged.push({ chip: oxygen });
	return { chips: { ph, ec, rtd, oxygen }, plugged, calibratePH };
}

/** Calibrated in air; its membrane takes 20 s for two thirds of a step. */
function createOxygen({ clock, utcSeconds, randomFor, probes, supply }: CircuitsOptions): EzoDo {
	const cell = probes.probe(
		"dissolvedOxygen",
		() => probes.hands.medium?.oxygenPart ?? oxygenPart(utcSeconds()),
		20,
		() => 0.0005,
	);
	const oxygen = new EzoDo({
		clock,
		random: randomFor("ezo-do"),
		quantity: () => cell.read() * probes.hands.ailments.oxygenPart,
		supplyVolts: PROBE_VOLTS,
		onCurrent: supply.onCurrent(),
	});
	oxygen.load({ ...oxygen.save(), own: { ...oxygen.save().own, points: 1 } });
	return oxygen;
}

/**
 * What is soldered and what hangs in the water: chips on their buses, rails, battery, all of one
 * simulated station. It outlives wakes and power losses; a `Board` made of it does not.
 */
import { SeededRandom, seedOf } from "../../src/core/random.js";
import { createSha256 } from "../../src/core/sha256.js";
import { type ProbeKinds, REFERENCE_PROBES } from "../../src/protocol/record/probe-kinds.js";
import { type I2CChip, SimulatedI2CBus } from "../bus/i2c-bus.js";
import { Ads1115 } from "../chips/ads1115.js";
import { Ds3231 } from "../chips/ds3231.js";
import type { EzoFirmware } from "../chips/ezo-firmware.js";
import { type LoopScale, TurbidityLoop } from "../probes/turbidity-loop.js";
import type { ConductionLaw } from "../river/conduction.js";
import type { River } from "../river/river.js";
import { createChosenProbes } from "./chosen-probes.js";
import { createCircuits } from "./circuits.js";
import type { VirtualClock } from "./clock.js";
import { createSupply } from "./supply.js";
import { Switches } from "./switches.js";
import { createWaterProbes } from "./water-probes.js";

const LOOP_WARM_UP_MILLISECONDS = 1000;
const BATTERY_DIVIDER = 6;

export interface HardwareOptions extends LoopScale {
	readonly clock: VirtualClock;
	/** Unix seconds of the clock's origin. */
	readonly originUtcSeconds: number;
	readonly seed: number;
	readonly river: River;
	readonly conduction: ConductionLaw;
	/** Generation of the pH circuit's firmware; the newest without it. */
	readonly circuitFirmware?: EzoFirmware;
	/** Which parts measure; the reference board's without it. */
	readonly probes?: ProbeKinds;
	/** Called before every operation on a bus; may throw PowerCut. */
	readonly beforeOperation: () => void;
}

export type Hardware = ReturnType<typeof createHardware>;

/** Wires it up; everything is unpowered but the always-on parts. */
export function createHardware(options: HardwareOptions) {
	const { clock, river, beforeOperation, conduction } = options;
	const { disturbances } = river;
	const randomFor = (name: string): SeededRandom =>
		new SeededRandom(seedOf(options.seed, `${name} ${clock.microseconds}`));
	const utcSeconds = (): number => options.originUtcSeconds + clock.microseconds / 1_000_000;
	const world = { clock, utcSeconds, disturbances };
	const probes = createWaterProbes({ clock, utcSeconds, river, conduction, randomFor });
	const supply = createSupply(world);
	const { energy, battery } = supply;
	const loop = createLoop(options, probes.optics);
	const kinds = options.probes ?? REFERENCE_PROBES;
	const circuits = createCircuits({ ...options, ...world, randomFor, probes, supply, kinds });
	const adc = new Ads1115({
		clock,
		inputs: (pin) => {
			if (pin === 0) return probes.isKnown("turbidityFormazinUnits") ? loop.volts() : 0;
			if (pin === 1) return battery.volts() / BATTERY_DIVIDER;
			return chosen.volts(pin);
		},
	});
	const drift = new SeededRandom(seedOf(options.seed, "rtc")).uint32() / 2 ** 32;
	const rtc = new Ds3231({ clock, driftPartsPerMillion: drift * 4 - 2 });
	const systemBus = new SimulatedI2CBus({ clock, beforeOperation });
	for (const chip of [adc, rtc]) {
		systemBus.attach(chip);
		chip.setPower(true);
	}
	const chosen = createChosenProbes(
		{
			clock,
			probes: kinds,
			systemBus,
			turbidity: probes.optics,
			celsius: () => probes.temperatureProbe.read(),
			batteryVolts: () => battery.volts(),
			batteryMilliamperes: supply.batteryMilliamperes,
			beforeOperation,
		},
		loop,
	);
	const switches = new Switches({ clock, supply, chosen, beforeOperation });
	for (const { chip, channel } of circuits.plugged) {
		const isAlways = river.unknownAt === undefined || channel === undefined;
		switches.probeBus.attach(isAlways ? chip : unpluggable(chip, () => probes.isKnown(channel)));
	}
	return {
		clock,
		utcSeconds,
		energy,
		battery,
		chips: { ...circuits.chips, adc, rtc },
		/** Of a technician: where the probes are, and what ails them. */
		hands: probes.hands,
		/** The processor's own unit. */
		sha256: createSha256(),
		loop,
		calibratePH: circuits.calibratePH,
		systemBus,
		probeBus: switches.probeBus,
		oneWire: chosen.oneWire,
		/** What is switched on and off. */
		switches,
		/** The processor stops: peers that it had opened on the buses are gone. */
		resetProcessor(): void {
			systemBus.processorReset();
			switches.probeBus.processorReset();
		},
	};
}

function createLoop(options: HardwareOptions, turbidity: () => number): TurbidityLoop {
	return new TurbidityLoop({
		milliseconds: () => options.clock.microseconds / 1000,
		turbidity,
		shuntOhms: options.shuntOhms,
		at4Milliampere: options.turbidityAt4Milliampere,
		at20Milliampere: options.turbidityAt20Milliampere,
		warmUpMilliseconds: LOOP_WARM_UP_MILLISECONDS,
	});
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

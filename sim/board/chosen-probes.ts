/** The parts that a board may have in place of the reference ones, wired as the drivers expect them. */
import type { OneWireConnection } from "../../src/firmware/ports.js";
import { type ProbeKinds, REFERENCE_PROBES } from "../../src/protocol/record/probe-kinds.js";
import type { SimulatedI2CBus } from "../bus/i2c-bus.js";
import { SimulatedOneWireBus } from "../bus/one-wire-bus.js";
import { Ds18b20, type Ds18b20Options } from "../chips/ds18b20.js";
import { Ina226 } from "../chips/ina226.js";
import { Obs3Probe } from "../probes/obs-3.js";
import { Sen0189Probe } from "../probes/sen0189.js";
import type { TurbidityLoop } from "../probes/turbidity-loop.js";
import type { VirtualClock } from "./clock.js";

/** The SEN0189's divider: 20 k of 30 k. */
const SEN0189_DIVIDER = 2 / 3;
/** The INA226's shunt. */
const GAUGE_OHMS = 0.1;

export interface ChosenProbesOptions {
	readonly clock: VirtualClock;
	/** Which parts are there; the reference board's without it. */
	readonly probes?: ProbeKinds | undefined;
	readonly systemBus: SimulatedI2CBus;
	/** What the optics see now, in the unit of the probe's curve. */
	readonly turbidity: () => number;
	/** Of the water at the 1-Wire thermometer, degC. */
	readonly celsius: () => number;
	readonly batteryVolts: () => number;
	/** Out of the battery now. */
	readonly batteryMilliamperes: () => number;
	/** Of the 1-Wire thermometer. */
	readonly thermometer?: Omit<Ds18b20Options, "clock" | "quantity">;
	readonly beforeOperation?: () => void;
}

export interface ChosenProbes {
	readonly kinds: ProbeKinds;
	/** Undefined on a board without a 1-Wire thermometer. */
	readonly oneWire: SimulatedOneWireBus | undefined;
	readonly obs3: Obs3Probe | undefined;
	/** Volts at the converter's inputs 2 and 3. */
	volts(pin: number): number;
	switchTurbidity(isOn: boolean): void;
	switchProbes(isOn: boolean): void;
}

/** Makes the chosen parts; the loop and the EZO-RTD are the board's own. */
export function createChosenProbes(
	options: ChosenProbesOptions,
	loop: TurbidityLoop,
): ChosenProbes {
	const { clock, systemBus, turbidity, batteryVolts } = options;
	const kinds = options.probes ?? REFERENCE_PROBES;
	const obs3 =
		kinds.turbidityProbe === "obs-3"
			? new Obs3Probe({ milliseconds: () => clock.microseconds / 1000, turbidity })
			: undefined;
	const sen0189 = kinds.turbidityProbe === "sen0189" ? new Sen0189Probe({ turbidity }) : undefined;
	let oneWire: SimulatedOneWireBus | undefined;
	if (kinds.thermometer === "ds18b20") {
		const { beforeOperation } = options;
		oneWire = new SimulatedOneWireBus({
			clock,
			...(beforeOperation === undefined ? {} : { beforeOperation }),
		});
		oneWire.attach(new Ds18b20({ clock, quantity: options.celsius, ...options.thermometer }));
	}
	if (kinds.batteryGauge === "ina226") {
		const gauge = new Ina226({
			clock,
			busVolts: batteryVolts,
			shuntVolts: () => (options.batteryMilliamperes() / 1000) * GAUGE_OHMS,
		});
		systemBus.attach(gauge);
		gauge.setPower(true);
	}
	return {
		kinds,
		oneWire,
		obs3,
		volts: (pin) => {
			if (obs3 !== undefined) return obs3.volts(pin === 2 ? "low" : "high");
			if (sen0189 !== undefined && pin === 2) return sen0189.volts() * SEN0189_DIVIDER;
			return 0;
		},
		switchTurbidity: (isOn) => {
			const probe = obs3 ?? sen0189 ?? loop;
			probe.setPower(isOn);
		},
		switchProbes: (isOn) => oneWire?.setPower(isOn),
	};
}

/** The 1-Wire port of one power cycle: nothing works any more once that is over. */
export function guardedOneWire(bus: SimulatedOneWireBus, check: () => void): OneWireConnection {
	return bus.connectionUnder(check);
}

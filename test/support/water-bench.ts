/** The reference board's probes as models: what measuring needs of a board, set in physical units. */
import { openRealTimeClock, openWaterProbes } from "../../drivers/board-probes.js";
import { SimulatedRail } from "../../sim/board/rail.js";
import { Ads1115 } from "../../sim/chips/ads1115.js";
import { Ds3231 } from "../../sim/chips/ds3231.js";
import { EzoEc } from "../../sim/chips/ezo-ec.js";
import { EZO_FIRMWARE, type EzoFirmware } from "../../sim/chips/ezo-firmware.js";
import { EzoPh } from "../../sim/chips/ezo-ph.js";
import { EzoRtd } from "../../sim/chips/ezo-rtd.js";
import { VirtualClock } from "../../sim/clock.js";
import { SimulatedI2CBus } from "../../sim/i2c-bus.js";
import { TurbidityLoop } from "../../sim/probes/turbidity-loop.js";
import { SeededChance } from "../../src/core/chance.js";
import type { Task } from "../../src/core/task.js";
import { measureWater, type WaterMeasurement } from "../../src/firmware/measure/water.js";

const SHUNT_OHMS = 150;
const DIVIDER_RATIO = 6;

export interface WaterBenchOptions {
	seed?: number;
	firmware?: EzoFirmware;
}

export class WaterBench {
	readonly clock = new VirtualClock();
	/** The truth: what a perfect instrument would show. */
	readonly water = {
		pH: 7.9,
		celsius: 8.25,
		microsiemens: 312.3,
		turbidity: 12.5,
		isRtdOpen: false,
		batteryVolts: 12.6,
	};
	readonly probeBus = new SimulatedI2CBus({
		clock: this.clock,
		isClamped: () => !this.probeRail.isOn,
	});
	readonly systemBus = new SimulatedI2CBus({ clock: this.clock });
	readonly probeRail = new SimulatedRail((isOn) => this.probeBus.setPower(isOn));
	readonly loopRail = new SimulatedRail((isOn) => this.loop.setPower(isOn));
	readonly loop: TurbidityLoop;
	readonly pH: EzoPh;
	readonly conductivity: EzoEc;
	readonly temperature: EzoRtd;
	readonly converter: Ads1115;
	readonly rtc: Ds3231;
	readonly watchdog = { timeoutMilliseconds: 5000, feed: () => {} };
	failedProbes = 0;

	constructor(options: WaterBenchOptions = {}) {
		const { clock, water } = this;
		const chance = new SeededChance(options.seed ?? 1);
		const ezo = { clock, chance, firmware: options.firmware ?? EZO_FIRMWARE["2.16"] };
		this.pH = new EzoPh({ ...ezo, quantity: () => water.pH, waterCelsius: () => water.celsius });
		this.conductivity = new EzoEc({ ...ezo, quantity: () => water.microsiemens });
		this.temperature = new EzoRtd({
			...ezo,
			quantity: () => water.celsius,
			isOpen: () => water.isRtdOpen,
		});
		this.loop = new TurbidityLoop({
			milliseconds: () => clock.milliseconds,
			turbidity: () => water.turbidity,
			shuntOhms: SHUNT_OHMS,
			at4Milliampere: -50,
			at20Milliampere: 1550,
			warmUpMilliseconds: 8000,
		});
		this.converter = new Ads1115({
			clock,
			inputs: (pin) => [this.loop.volts(), water.batteryVolts / DIVIDER_RATIO, 0, 0][pin] ?? 0,
		});
		this.rtc = new Ds3231({ clock });
		for (const chip of [this.pH, this.conductivity, this.temperature]) this.probeBus.attach(chip);
		for (const chip of [this.converter, this.rtc]) {
			this.systemBus.attach(chip);
			chip.setPower(true);
		}
	}

	/** One measurement by the firmware's own task and drivers. */
	measure(): WaterMeasurement {
		const measurement = this.run(
			measureWater({
				board: this,
				openProbes: () => openWaterProbes(this, { loopShuntMilliohms: SHUNT_OHMS * 1000 }),
				failedProbes: this.failedProbes,
			}),
		);
		this.failedProbes = measurement.failedProbes;
		return measurement;
	}

	openRealTimeClock() {
		return openRealTimeClock(this);
	}

	/** Runs a task alone, its waits being all that passes besides bus time. */
	run<Result>(task: Task<Result>): Result {
		for (;;) {
			const step = task.next();
			if (step.done === true) return step.value;
			this.clock.advanceTo(this.clock.microseconds + step.value.milliseconds * 1000);
		}
	}
}

/** The reference board's probes as chip models around one spot of water, without a station. */
import {
	openRealTimeClock,
	openWaterProbes,
	type ProbeBoard,
} from "../../../drivers/board-probes.js";
import { type ChosenProbes, createChosenProbes } from "../../../sim/board/chosen-probes.js";
import { VirtualClock } from "../../../sim/board/clock.js";
import { SimulatedRail } from "../../../sim/board/rail.js";
import { SimulatedI2CBus } from "../../../sim/bus/i2c-bus.js";
import { Ads1115 } from "../../../sim/chips/ads1115.js";
import type { Ds18b20Options } from "../../../sim/chips/ds18b20.js";
import { Ds3231 } from "../../../sim/chips/ds3231.js";
import { EzoDo } from "../../../sim/chips/ezo-do.js";
import { EzoEc } from "../../../sim/chips/ezo-ec.js";
import type { EzoFirmware } from "../../../sim/chips/ezo-firmware.js";
import { EzoPh } from "../../../sim/chips/ezo-ph.js";
import { EzoRtd } from "../../../sim/chips/ezo-rtd.js";
import { TurbidityLoop } from "../../../sim/probes/turbidity-loop.js";
import { SeededRandom } from "../../../src/core/random.js";
import { Scheduler } from "../../../src/core/task.js";
import { type IdentityMarks, NO_IDENTITIES } from "../../../src/firmware/measure/identity.js";
import type { MeasuringBoard } from "../../../src/firmware/measure/probe-session.js";
import {
	type MeasureWaterOptions,
	measureWater,
	type WaterMeasurement,
} from "../../../src/firmware/measure/water.js";
import { type ProbeKinds, REFERENCE_PROBES } from "../../../src/protocol/record/probe-kinds.js";

/** What there is to be measured. */
export interface Water {
	pH: number;
	celsius: number;
	/** At its own temperature. */
	microsiemens: number;
	turbidity: number;
	batteryVolts: number;
	isRtdOpen: boolean;
	/** Of saturation. */
	oxygenPart: number;
}

export const RIVER: Water = Object.freeze({
	pH: 7.812,
	celsius: 11.25,
	microsiemens: 487.3,
	turbidity: 25,
	batteryVolts: 12.648,
	isRtdOpen: false,
	oxygenPart: 0.9,
});

export interface ProbeBenchOptions {
	readonly firmware?: EzoFirmware;
	readonly seed?: number;
	readonly stretchMillisecondsMax?: number;
	/** Loop's own start, milliseconds. Default 5000. */
	readonly loopWarmUpMilliseconds?: number;
	/** `Cal,mid,7` and a one-point EC calibration by a technician beforehand. Default true. */
	readonly isCalibrated?: boolean;
	/** Other parts than the reference board's. */
	readonly probes?: Partial<ProbeKinds>;
	/** Of a 1-Wire thermometer; default a genuine one with its supply. */
	readonly thermometer?: Omit<Ds18b20Options, "clock" | "quantity">;
}

/** Scale of the loop: 0 FNU at 4 mA, 1000 at 20 mA. */
const LOOP_SPAN = 1000;
const SHUNT_OHMS = 150;

export class ProbeBench {
	readonly clock = new VirtualClock();
	readonly water: Water = { ...RIVER };
	readonly probeBus: SimulatedI2CBus;
	readonly systemBus: SimulatedI2CBus;
	readonly pH: EzoPh;
	readonly ec: EzoEc;
	readonly oxygen: EzoDo;
	readonly rtd: EzoRtd;
	readonly adc: Ads1115;
	readonly rtc: Ds3231;
	readonly loop: TurbidityLoop;
	readonly kinds: ProbeKinds;
	readonly chosen: ChosenProbes;
	readonly board: MeasuringBoard & ProbeBoard;
	/** Longest time within measurements in which the watchdog was not fed. */
	longestUnfedMilliseconds = 0;
	#fedMilliseconds = 0;
	failedProbes = 0;
	identities: IdentityMarks = NO_IDENTITIES;

	constructor(options: ProbeBenchOptions = {}) {
		const { clock, water } = this;
		const random = new SeededRandom(options.seed ?? 1);
		const common = {
			clock,
			random,
			...(options.firmware === undefined ? {} : { firmware: options.firmware }),
			...(options.stretchMillisecondsMax === undefined
				? {}
				: { stretchMillisecondsMax: options.stretchMillisecondsMax }),
		};
		this.pH = new EzoPh({
			...common,
			quantity: () => water.pH,
			waterCelsius: () => water.celsius,
		});
		this.ec = new EzoEc({ ...common, quantity: () => water.microsiemens });
		this.oxygen = new EzoDo({ ...common, quantity: () => water.oxygenPart });
		this.rtd = new EzoRtd({
			...common,
			quantity: () => water.celsius,
			isOpen: () => water.isRtdOpen,
		});
		this.loop = new TurbidityLoop({
			milliseconds: () => clock.milliseconds,
			turbidity: () => water.turbidity,
			shuntOhms: SHUNT_OHMS,
			at4Milliampere: 0,
			at20Milliampere: LOOP_SPAN,
			warmUpMilliseconds: options.loopWarmUpMilliseconds ?? 5000,
		});
		this.adc = new Ads1115({
			clock,
			inputs: (pin) =>
				pin === 0 ? this.loop.volts() : pin === 1 ? water.batteryVolts / 6 : this.chosen.volts(pin),
		});
		this.rtc = new Ds3231({ clock });
		this.systemBus = new SimulatedI2CBus({ clock, data: 18, clockPin: 19, port: 1 });
		this.kinds = { ...REFERENCE_PROBES, ...options.probes };
		this.chosen = createChosenProbes(
			{
				clock,
				probes: this.kinds,
				systemBus: this.systemBus,
				turbidity: () => water.turbidity,
				celsius: () => water.celsius,
				batteryVolts: () => water.batteryVolts,
				batteryMilliamperes: () => 120,
				thermometer: options.thermometer ?? {},
			},
			this.loop,
		);
		const probeRail = new SimulatedRail((isOn) => {
			this.probeBus.setPower(isOn);
			this.chosen.switchProbes(isOn);
		});
		this.probeBus = new SimulatedI2CBus({ clock, isClamped: () => !probeRail.isOn });
		for (const circuit of [this.pH, this.ec]) this.probeBus.attach(circuit);
		if (this.chosen.oneWire === undefined) this.probeBus.attach(this.rtd);
		if (this.kinds.oxygenProbe === "ezo-do") this.probeBus.attach(this.oxygen);
		for (const chip of [this.adc, this.rtc]) {
			this.systemBus.attach(chip);
			chip.setPower(true);
		}
		this.board = {
			clock,
			watchdog: {
				timeoutMilliseconds: 5000,
				feed: () => {
					const unfed = clock.milliseconds - this.#fedMilliseconds;
					this.longestUnfedMilliseconds = Math.max(this.longestUnfedMilliseconds, unfed);
					this.#fedMilliseconds = clock.milliseconds;
				},
			},
			probeRail,
			loopRail: new SimulatedRail((isOn) => this.chosen.switchTurbidity(isOn)),
			probeBus: this.probeBus,
			systemBus: this.systemBus,
			...(this.chosen.oneWire === undefined ? {} : { oneWire: this.chosen.oneWire.connection }),
		};
		if (options.isCalibrated !== false) this.#calibrate();
	}

	/** One measurement, run by the scheduler on the world's clock. Throws what the task throws. */
	measure(options: Partial<MeasureWaterOptions> = {}): WaterMeasurement {
		this.#fedMilliseconds = this.clock.milliseconds;
		let result: WaterMeasurement | undefined;
		let failure: { readonly error: unknown } | undefined;
		const scheduler = new Scheduler(this.clock, (error) => {
			failure = { error };
		});
		const measurement = measureWater({
			board: this.board,
			openProbes: () =>
				openWaterProbes(this.board, { ...this.kinds, loopShuntMilliohms: SHUNT_OHMS * 1000 }),
			failedProbes: this.failedProbes,
			identities: this.identities,
			burst: { count: 3, intervalMilliseconds: 100 },
			...options,
		});
		scheduler.start(
			(function* () {
				result = yield* measurement;
			})(),
		);
		while (scheduler.taskCount > 0 && this.clock.runNext());
		if (failure !== undefined) throw failure.error;
		if (result === undefined) throw new Error("the measurement never ended");
		this.failedProbes = result.failedProbes;
		this.identities = result.identities;
		return result;
	}

	openRealTimeClock(): ReturnType<typeof openRealTimeClock> {
		return openRealTimeClock(this.board);
	}

	/** Says a command to a circuit as a technician would, and throws its answer away. */
	command(address: number, ...commands: readonly string[]): void {
		const { io, ...pins } = this.probeBus.connection;
		const peer = new io({ ...pins, hz: 100_000, address });
		for (const command of commands) {
			peer.write(Uint8Array.from(command, (letter) => letter.charCodeAt(0)));
			this.#pass(2000);
		}
		peer.close();
	}

	#pass(milliseconds: number): void {
		this.clock.advanceTo(this.clock.microseconds + milliseconds * 1000);
	}

	/** Perfect calibrations: what the circuits show afterwards is the water. */
	#calibrate(): void {
		this.board.probeRail.on();
		this.#pass(2000);
		const { pH, celsius, microsiemens } = this.water;
		this.water.pH = 7;
		this.command(0x63, "Cal,mid,7.00");
		this.water.microsiemens = 0;
		this.command(0x64, "Cal,dry");
		this.water.microsiemens = 1413;
		this.command(0x64, "Cal,1413");
		Object.assign(this.water, { pH, celsius, microsiemens });
		this.board.probeRail.off();
		this.#pass(1000);
	}
}

import { strict as assert } from "node:assert";
import { StationError, type StationErrorCode } from "../../../src/core/errors.js";
import type { WaterProbes } from "../../../src/firmware/measure/probes.js";
import type { FurtherSensor, Surroundings } from "../../../src/firmware/measure/sensor.js";
import {
	type CalibrationIds,
	type MeasureWaterOptions,
	measureWater,
	type WaterMeasurement,
} from "../../../src/firmware/measure/water.js";
import { CHANNEL_SET_1 } from "../../../src/protocol/record/channel-set.js";
import { byChannel } from "../../../src/protocol/record/channels.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { runTask } from "../../support/bench/run-task.js";

const { absent, fault, outOfRange, saturated, suspect, uncalibrated, uncompensated, unstable } =
	CHANNEL_FLAGS;

type Loop = {
	signalMicrovolts: number;
	range: number;
	state: "good" | "saturated" | "clipped" | "fault";
	tenthOfScaleMicrovolts?: number;
};

/** 5.6 mA over 150 ohms. */
const SCALE = { tenthOfScaleMicrovolts: 840_000 };

/** What each probe says next: a value, or an error; the last one is said for ever. */
interface World {
	temperature: (number | StationErrorCode)[];
	pH: (number | StationErrorCode)[];
	conductivity: (number | StationErrorCode)[];
	turbidity: (Loop | StationErrorCode)[];
	battery: (number | StationErrorCode)[];
	/** Empty: none is fitted. */
	dissolvedOxygen: (number | StationErrorCode)[];
	calibrationPoints: number;
	/** Bus clearing, in the order of what frees it; `never` never. */
	stuckUntil: "never-stuck" | "clocks" | "rail" | "never";
	sleepFails: boolean;
	failedProbes: number;
	burst: { count: number; intervalMilliseconds: number };
	calibrationIds: CalibrationIds;
	withTurbidity: boolean;
}

const good = (signalMicrovolts: number): Loop => ({ signalMicrovolts, range: 0, state: "good" });

function measure(changes: Partial<World> = {}): {
	measured: WaterMeasurement;
	lines: string[];
	waits: number[];
	longestUnfedMilliseconds: number;
} {
	const world: World = {
		temperature: [12.345],
		pH: [7.654],
		conductivity: [512.3],
		turbidity: [good(1_500_000)],
		battery: [12.6],
		dissolvedOxygen: [],
		calibrationPoints: 2,
		stuckUntil: "never-stuck",
		sleepFails: false,
		failedProbes: 0,
		burst: { count: 5, intervalMilliseconds: 250 },
		calibrationIds: byChannel(() => [0]),
		withTurbidity: true,
		...changes,
	};
	const clock = { milliseconds: 1000 };
	const lines: string[] = [];
	const waits: number[] = [];
	let fedMilliseconds = clock.milliseconds;
	let longestUnfedMilliseconds = 0;
	const feed = (): void => {
		longestUnfedMilliseconds = Math.max(
			longestUnfedMilliseconds,
			clock.milliseconds - fedMilliseconds,
		);
		fedMilliseconds = clock.milliseconds;
	};
	let isStuck = world.stuckUntil !== "never-stuck";
	const rail = (name: string) => ({
		isOn: false,
		on() {
			this.isOn = true;
			lines.push(`${name} on`);
			if (world.stuckUntil === "rail" && lines.filter((line) => line === `${name} on`).length > 1) {
				isStuck = false;
			}
		},
		off() {
			if (this.isOn) lines.push(`${name} off`);
			this.isOn = false;
		},
	});
	const probeRail = rail("probe rail");
	const loopRail = rail("loop rail");
	const bus = (name: string) => ({
		connection: undefined as never,
		recovery: {
			clear: () => {
				lines.push(`${name} cleared`);
				if (world.stuckUntil === "clocks") isStuck = false;
				return !isStuck;
			},
		},
	});
	const take = <Value>(queue: Value[]): Value => {
		const value = queue.length > 1 ? queue.shift() : queue[0];
		assert.ok(value !== undefined);
		return value;
	};
	const probe = <Value, Sample>(
		name: string,
		given: (Value | StationErrorCode)[],
		sampleOf: (value: Value) => Sample,
		needs?: { isOn: boolean },
	) => ({
		warmUpMilliseconds: name === "turbidity" ? 10_000 : 1000,
		pollMilliseconds: 50,
		configure: (options: object) => {
			lines.push(`${name} ${JSON.stringify(options)}`);
		},
		sleep: () => {
			lines.push(`${name} sleeps`);
			if (world.sleepFails) throw new StationError("bus-failed", "write failed");
		},
		begin: () => {
			lines.push(name);
			assert.ok(needs === undefined || needs.isOn, `${name} has no power`);
			if (isStuck && needs !== undefined) throw new StationError("bus-failed", "write failed");
			return 600;
		},
		sample: () => {
			const value = take(given);
			if (typeof value === "string") {
				throw new StationError(value as StationErrorCode, "as the test wants it");
			}
			return sampleOf(value);
		},
		close: () => {},
	});
	const oxygen = (): FurtherSensor => {
		let known: Surroundings | undefined;
		const sensor = probe(
			"dissolvedOxygen",
			world.dissolvedOxygen,
			(value: number) => ({
				value,
				isOutOfRange: value < 0.01 || value > 100,
				isUncompensated: known?.microsiemensAt25 === undefined,
				calibrationPoints: world.calibrationPoints,
			}),
			probeRail,
		);
		const configure = (surroundings: Surroundings): void => {
			known = surroundings;
			sensor.configure(surroundings);
		};
		return { ...sensor, agreement: 0.1, configure };
	};
	const openProbes = (): WaterProbes => ({
		temperature: probe(
			"temperature",
			world.temperature,
			(temperature: number) => ({ thermometer: { temperature } }),
			probeRail,
		),
		pH: probe(
			"pH",
			world.pH,
			(pH: number) => ({ pHMeter: { pH, calibrationPoints: world.calibrationPoints } }),
			probeRail,
		),
		conductivity: probe(
			"conductivity",
			world.conductivity,
			(conductivity: number) => ({
				conductivityMeter: { conductivity, calibrationPoints: world.calibrationPoints },
			}),
			probeRail,
		),
		turbidity: probe("turbidity", world.turbidity, (turbidimeter: Loop) => ({ turbidimeter })),
		battery: probe("battery", world.battery, (voltage: number) => ({ battery: { voltage } })),
		...(world.dissolvedOxygen.length === 0 ? {} : { dissolvedOxygen: oxygen() }),
		close: () => {
			lines.push("closed");
		},
	});
	const options: MeasureWaterOptions = {
		board: {
			// The one that jumps from wait to wait.
			clock: Object.assign(clock, { createAlarm: undefined as never }),
			watchdog: { timeoutMilliseconds: 1000, feed },
			probeRail,
			loopRail,
			probeBus: bus("probe bus"),
			systemBus: bus("system bus"),
		},
		openProbes,
		failedProbes: world.failedProbes,
		burst: world.burst,
		calibrationIds: world.calibrationIds,
		withTurbidity: world.withTurbidity,
	};
	try {
		const measured = runTask(measureWater(options), clock, waits);
		return { measured, lines, waits, longestUnfedMilliseconds };
	} finally {
		assert.ok(!probeRail.isOn && !loopRail.isOn, "a rail was left on");
	}
}

const CLEAN = { flags: 0, calibration: 0, range: 0, spread: undefined };

describe("measuring the water", () => {
	it("gives scaled integers with clean flags when all is well", () => {
		const { measured } = measure();
		assert.deepEqual(measured, {
			set: CHANNEL_SET_1,
			reading: {
				pH: { value: 7654, ...CLEAN },
				temperature: { value: 12_345, ...CLEAN },
				conductivity: { value: 51_230, ...CLEAN },
				turbidity: { value: 1_500_000, ...CLEAN, spread: 0 },
				battery: { value: 12_600, ...CLEAN },
				dissolvedOxygen: { value: undefined, ...CLEAN, flags: absent },
			},
			batteryMilliamperes: undefined,
			retries: [0, 0],
			failures: [],
			events: [],
			failedProbes: 0,
			identified: [],
			identities: [0, 0, 0, 0, 0, 0],
		});
	});

	it("without turbidity gives its probe no power, and keeps what was known of it", () => {
		const turbidityBit = 1 << 3;
		const { measured, lines } = measure({ withTurbidity: false, failedProbes: turbidityBit });
		assert.equal(measured.reading.turbidity.value, undefined);
		assert.equal(measured.reading.turbidity.flags, CHANNEL_FLAGS.absent);
		assert.equal(measured.failedProbes, turbidityBit);
		assert.deepEqual(measured.events, []);
		assert.ok(
			lines.every((line) => !/loop|turbidity/.test(line)),
			lines.join(" "),
		);
	});

	it("goes in the order that keeps the probes from disturbing each other", () => {
		const { lines } = measure({ burst: { count: 1, intervalMilliseconds: 0 } });
		assert.deepEqual(lines, [
			...["loop rail on", "probe rail on", "conductivity sleeps"],
			...["temperature", "temperature", "temperature sleeps"],
			...["conductivity sleeps", 'pH {"temperature":12.345}', "pH"],
			...["conductivity sleeps", 'pH {"temperature":12.345}', "pH"],
			...["pH sleeps", "conductivity", "pH sleeps", "conductivity", "probe rail off"],
			...["turbidity", "battery", "battery", "closed", "loop rail off"],
		]);
	});

	it("warms the probes up side by side and feeds the watchdog in time", () => {
		const { waits, longestUnfedMilliseconds } = measure();
		const total = waits.reduce((sum, wait) => sum + wait, 0);
		// 10 s of the loop, 5 x 600 + 4 x 250 of the burst, 2 x 600 of the battery.
		assert.equal(total, 10_000 + 4000 + 1200);
		assert.ok(longestUnfedMilliseconds <= 500, `${longestUnfedMilliseconds} ms`);
	});

	it("reads until two in a row agree, so that a corrupt digit is not believed", () => {
		const { measured } = measure({ pH: [7.65, 1.65, 7.66, 7.64] });
		assert.equal(measured.reading.pH.value, 7640);
		assert.equal(measured.reading.pH.flags, 0);
	});

	it("flags as unstable the last of five readings that never agree", () => {
		const { measured } = measure({ conductivity: [100, 200, 300, 400, 500, 600] });
		assert.equal(measured.reading.conductivity.value, 50_000);
		assert.equal(measured.reading.conductivity.flags, unstable);
	});

	it("leaves a failed probe absent with its flag and measures the others", () => {
		const { measured } = measure({ conductivity: ["probe-malformed"] });
		assert.equal(measured.reading.conductivity.value, undefined);
		assert.equal(measured.reading.conductivity.flags, absent | fault);
		assert.equal(measured.reading.pH.value, 7654);
		assert.equal(measured.reading.turbidity.value, 1_500_000);
		assert.deepEqual(measured.failures, [{ channel: 2, code: "probe-malformed" }]);
		assert.equal(measured.failedProbes, 0b100);
		assert.deepEqual(measured.events, [
			{ code: "probe-failed", detail: 2, text: "probe-malformed" },
		]);
	});

	it("compensates pH with 25 degrees and says so when the thermometer is open", () => {
		const { measured, lines } = measure({ temperature: ["probe-absent"] });
		assert.equal(measured.reading.temperature.value, undefined);
		assert.equal(measured.reading.pH.flags, uncompensated);
		assert.ok(lines.includes('pH {"temperature":25}'));
		assert.ok(!lines.some((line) => line.includes("-1023")));
	});

	it("does not compensate with a temperature that no water has", () => {
		const { measured, lines } = measure({ temperature: [85] });
		assert.equal(measured.reading.temperature.value, 85_000);
		assert.equal(measured.reading.temperature.flags, outOfRange);
		assert.equal(measured.reading.pH.flags, uncompensated);
		assert.ok(lines.includes('pH {"temperature":25}'));
	});

	it("frees a stuck bus by clocks and records that", () => {
		const { measured, lines } = measure({ stuckUntil: "clocks" });
		assert.equal(measured.reading.temperature.value, 12_345);
		assert.deepEqual(measured.events, [{ code: "bus-cleared", detail: 1, text: "temperature" }]);
		assert.ok(lines.indexOf("probe bus cleared") > lines.indexOf("temperature"));
		assert.equal(lines.filter((line) => line === "probe rail off").length, 1);
	});

	it("cycles the rail when the clocks do not help, opens the probes anew, and records that", () => {
		const { measured, lines } = measure({ stuckUntil: "rail" });
		assert.deepEqual(measured.events, [{ code: "bus-cleared", detail: 2, text: "temperature" }]);
		assert.deepEqual(measured.failures, []);
		const cycle = lines.indexOf("probe rail off");
		assert.deepEqual(lines.slice(cycle - 1, cycle + 2), [
			"closed",
			"probe rail off",
			"probe rail on",
		]);
	});

	it("marks every probe of a bus that stays stuck, cycles the rail once, and continues", () => {
		const { measured, lines } = measure({ stuckUntil: "never", sleepFails: true });
		assert.deepEqual(measured.failures, [
			{ channel: 1, code: "bus-stuck" },
			{ channel: 0, code: "bus-stuck" },
			{ channel: 2, code: "bus-stuck" },
		]);
		assert.equal(measured.failedProbes, 0b111);
		assert.equal(measured.reading.turbidity.value, 1_500_000);
		assert.equal(measured.reading.battery.value, 12_600);
		assert.equal(lines.filter((line) => line === "probe rail on").length, 2);
	});

	it("calls a probe absent that does not answer on a free bus", () => {
		const { measured } = measure({ battery: ["bus-failed"] });
		assert.deepEqual(measured.failures, [{ channel: 4, code: "probe-absent" }]);
		assert.equal(measured.reading.battery.flags, absent | fault);
	});

	it("reports a failure when it begins and ends, not at every measurement in between", () => {
		const still = measure({ pH: ["probe-no-data"], failedProbes: 0b1 });
		assert.deepEqual(still.measured.events, []);
		assert.equal(still.measured.failedProbes, 0b1);
		const again = measure({ failedProbes: 0b1 });
		assert.deepEqual(again.measured.events, [{ code: "probe-recovered", detail: 0, text: "" }]);
		assert.equal(again.measured.failedProbes, 0);
	});

	it("does not ask again what was refused", () => {
		const { lines } = measure({ pH: ["probe-syntax"] });
		assert.equal(lines.filter((line) => line === "pH").length, 1);
	});

	it("suspects a pH of 7.00 without noise: a shorted or open electrode", () => {
		assert.equal(measure({ pH: [7.001] }).measured.reading.pH.flags, suspect);
		assert.equal(measure({ pH: [7.004, 6.998] }).measured.reading.pH.flags, 0);
	});

	it("flags a pH at the end of the scale, and a circuit without calibration", () => {
		assert.equal(measure({ pH: [0] }).measured.reading.pH.flags, outOfRange);
		const { reading } = measure({ calibrationPoints: 0 }).measured;
		assert.equal(reading.pH.flags, uncalibrated);
		assert.equal(reading.conductivity.flags, uncalibrated);
	});

	it("suspects every channel when the cell is dry: the probes hang in the air", () => {
		const { reading } = measure({ conductivity: [0] }).measured;
		assert.equal(reading.conductivity.flags, outOfRange | suspect);
		assert.equal(reading.pH.flags, suspect);
		assert.equal(reading.temperature.flags, suspect);
		assert.equal(reading.turbidity.flags, suspect);
		assert.equal(reading.battery.flags, 0);
	});

	it("suspects a pH beside a conductivity circuit that could not be silenced", () => {
		assert.equal(measure({ sleepFails: true }).measured.reading.pH.flags, suspect);
	});

	it("takes the median of the burst and its spread, so that bubbles do not count", () => {
		const burst = [1_000_000, 3_000_000, 1_000_250, 1_000_500, 999_750].map(good);
		const { reading } = measure({ turbidity: burst }).measured;
		assert.equal(reading.turbidity.value, 1_000_250);
		// Deviations 250, 1999750, 0, 250, 500: the median is 250, two codes.
		assert.equal(reading.turbidity.spread, 2);
		assert.equal(reading.turbidity.flags, 0);
	});

	it("calls a burst unstable whose median lies above its darkest signals: most are of bubbles", () => {
		const flagsOf = (...signals: number[]): number => {
			const turbidity = signals.map((each) => ({
				...good(each),
				...{ zeroMicrovolts: 600_000, calmMicrovolts: 1500 },
			}));
			return measure({ turbidity, burst: { count: signals.length, intervalMilliseconds: 250 } })
				.measured.reading.turbidity.flags;
		};
		const [water, bubble] = [636_000, 708_000];
		assert.equal(flagsOf(water, bubble, water, bubble, water), 0);
		assert.equal(flagsOf(water, bubble, bubble, bubble, water), unstable);
		// All the same size, so that the spread about the median says nothing.
		assert.equal(flagsOf(water, bubble, bubble, bubble, bubble), unstable);
		// A storm's own restlessness, and a clear river's noise.
		assert.equal(flagsOf(2_000_000, 2_060_000, 1_970_000, 2_100_000, 2_020_000), 0);
		assert.equal(flagsOf(600_500, 601_500, 600_000, 602_000, 601_250), 0);
	});

	it("suspects every channel while a wet film on a cell in the air still conducts a little", () => {
		const { reading } = measure({ conductivity: [9.2] }).measured;
		assert.deepEqual(
			[
				reading.conductivity.flags,
				reading.pH.flags,
				reading.temperature.flags,
				reading.turbidity.flags,
			],
			[suspect, suspect, suspect, suspect],
		);
		// Melt water conducts more.
		assert.equal(measure({ conductivity: [15] }).measured.reading.conductivity.flags, 0);
	});

	it("keeps the raw signal of a loop in fault, flagged and reported", () => {
		const { measured } = measure({
			turbidity: [{ signalMicrovolts: 525_000, range: 0, state: "fault" }],
		});
		assert.equal(measured.reading.turbidity.value, 525_000);
		assert.equal(measured.reading.turbidity.flags, fault);
		assert.deepEqual(measured.failures, [{ channel: 3, code: "probe-out-of-range" }]);
	});

	it("drops the signals of a loop that was in fault for less than half the burst", () => {
		const down: Loop = { signalMicrovolts: 525_000, range: 0, state: "fault" };
		const { measured } = measure({
			turbidity: [down, down, good(10_000), good(10_125), good(10_250)],
		});
		assert.equal(measured.reading.turbidity.value, 10_125);
		assert.equal(measured.reading.turbidity.flags, suspect);
		assert.deepEqual(measured.failures, []);
	});

	it("flags a saturated loop, and a clipped one as out of range too", () => {
		const at = (state: Loop["state"]): number =>
			measure({ turbidity: [{ signalMicrovolts: 3_075_000, range: 0, state }] }).measured.reading
				.turbidity.flags;
		assert.equal(at("saturated"), saturated);
		assert.equal(at("clipped"), saturated | outOfRange);
	});

	it("suspects what follows saturation until it has been small: optics roll over", () => {
		const readingOf = (signalMicrovolts: number, failedProbes: number): WaterMeasurement =>
			measure({ turbidity: [{ ...good(signalMicrovolts), ...SCALE }], failedProbes }).measured;
		const flood = measure({
			turbidity: [{ signalMicrovolts: 3_075_000, range: 0, state: "saturated", ...SCALE }],
		}).measured;
		assert.equal(flood.failedProbes, 0x80);
		const rolledOver = readingOf(1_320_000, flood.failedProbes);
		assert.equal(rolledOver.reading.turbidity.flags, suspect);
		assert.equal(rolledOver.failedProbes, 0x80);
		const over = readingOf(839_000, rolledOver.failedProbes);
		assert.equal(over.reading.turbidity.flags, 0);
		assert.equal(over.failedProbes, 0);
		assert.equal(readingOf(1_320_000, over.failedProbes).reading.turbidity.flags, 0);
	});

	it("does not forget saturation over a fault of the loop or of the converter", () => {
		const down: Loop = { signalMicrovolts: 0, range: 0, state: "fault" };
		const broken = measure({ turbidity: [down], failedProbes: 0x80 }).measured;
		assert.equal(broken.failedProbes, 0x88);
		const dead = measure({ turbidity: ["adc-timeout"], failedProbes: 0x80 }).measured;
		assert.equal(dead.failedProbes, 0x88);
	});

	it("takes one range of a burst that straddles two, and the calibration of that range", () => {
		const low: Loop = { signalMicrovolts: 2_240_000, range: 0, state: "good" };
		const high: Loop = { signalMicrovolts: 564_000, range: 1, state: "good" };
		const { measured } = measure({
			turbidity: [low, high, low, high, high],
			calibrationIds: {
				pH: [4],
				temperature: [5],
				conductivity: [6],
				turbidity: [7, 8],
				battery: [],
				dissolvedOxygen: [],
			},
		});
		assert.equal(measured.reading.turbidity.value, 564_000);
		assert.equal(measured.reading.turbidity.range, 1);
		assert.equal(measured.reading.turbidity.calibration, 8);
		assert.equal(measured.reading.pH.calibration, 4);
	});

	it("switches the rails off when something foreign is thrown, and lets it through", () => {
		const foreign = new RangeError("a bug");
		assert.throws(
			() =>
				measure({
					battery: [
						{
							valueOf: () => {
								throw foreign;
							},
						} as unknown as number,
					],
				}),
			foreign,
		);
	});
});

describe("measuring dissolved oxygen", () => {
	const oxygenOf = (changes: Partial<World> = {}) =>
		measure({ dissolvedOxygen: [9.87], ...changes });

	it("is measured after conductivity, whose circuit sleeps then, and told temperature and salt", () => {
		const { measured, lines } = oxygenOf({ burst: { count: 1, intervalMilliseconds: 0 } });
		assert.equal(measured.set.id, 2);
		assert.deepEqual(measured.reading.dissolvedOxygen, { value: 987, ...CLEAN });
		const first = lines.findIndex((line) => line.startsWith("dissolvedOxygen {"));
		assert.equal(lines[first - 1], "conductivity sleeps");
		const configured = JSON.parse((lines[first] ?? "").slice("dissolvedOxygen ".length));
		assert.equal(configured.celsius, 12.345);
		// 512.3 uS/cm at 12.345 degC are about 680 at 25.
		assert.ok(configured.microsiemensAt25 > 660 && configured.microsiemensAt25 < 700);
		assert.ok(lines.lastIndexOf("dissolvedOxygen") < lines.indexOf("probe rail off"));
	});

	it("is flagged for each way in which it fails", () => {
		const flagsOf = (changes: Partial<World>) =>
			oxygenOf(changes).measured.reading.dissolvedOxygen.flags;
		assert.equal(flagsOf({ dissolvedOxygen: ["probe-malformed"] }), absent | fault);
		assert.equal(flagsOf({ dissolvedOxygen: [0] }), outOfRange);
		assert.equal(flagsOf({ dissolvedOxygen: [100.01] }), outOfRange);
		assert.equal(flagsOf({ dissolvedOxygen: [1, 2, 3, 4, 5] }), unstable);
		assert.equal(flagsOf({ temperature: ["probe-absent"] }), uncompensated);
		assert.equal(flagsOf({ temperature: [12, 14, 16, 18, 20] }), uncompensated);
		assert.equal(flagsOf({ conductivity: ["probe-absent"] }), uncompensated);
		assert.equal(flagsOf({ conductivity: [0] }), uncompensated | suspect);
		assert.equal(flagsOf({ calibrationPoints: 0 }), uncalibrated | uncompensated);
	});

	it("notes its failure under its own number", () => {
		const { measured } = oxygenOf({ dissolvedOxygen: ["probe-malformed"] });
		assert.deepEqual(measured.failures, [{ channel: 5, code: "probe-malformed" }]);
		assert.equal(measured.failedProbes, 0b100000);
	});
});

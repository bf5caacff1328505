import { strict as assert } from "node:assert";
import { DerivationContext, naturalWaterFactorTo25 } from "../../../src/protocol/record/derive.js";
import { INPUT_DOUBTS } from "../../../src/protocol/record/doubt.js";
import {
	type CalibrationBody,
	type Entry,
	NO_CALIBRATION_ACT,
} from "../../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { BENCH_CONFIGURATION_BODY } from "../../support/data/configuration-body.js";
import { deriveNamed, fieldsOfNamed, type NamedReading } from "../../support/data/named-reading.js";

const CONFIGURATION = BENCH_CONFIGURATION_BODY;

const READING: NamedReading = {
	pHMilli: 7812,
	pHFlags: 0,
	pHCalibration: 0,
	temperatureMillidegrees: 20_000,
	temperatureFlags: 0,
	temperatureCalibration: 0,
	conductivityHundredths: 50_000,
	conductivityFlags: 0,
	conductivityCalibration: 0,
	turbidityMicrovolts: 1_800_000,
	turbiditySpreadSteps: 2,
	turbidityRange: 0,
	turbidityFlags: 0,
	turbidityCalibration: 0,
	batteryMillivolts: 12_600,
	batteryFlags: 0,
};

const none = () => undefined;

describe("derived values", () => {
	it("refer natural water to 25 degC as the printed table of ISO 7888 does", () => {
		const printed: readonly (readonly [number, number])[] = [
			[0, 1.918],
			[5, 1.643],
			[10, 1.428],
			[15, 1.256],
			[20, 1.116],
			[25, 1.0],
			[30, 0.903],
			[35, 0.822],
		];
		for (const [celsius, factor] of printed) {
			assert.ok(Math.abs(naturalWaterFactorTo25(celsius) - factor) < 0.0013, `${celsius} degC`);
		}
		for (let celsius = 0; celsius < 36; celsius++) {
			assert.ok(naturalWaterFactorTo25(celsius + 1) < naturalWaterFactorTo25(celsius));
		}
	});

	it("are computed from raw conductivity and temperature, and name their law", () => {
		const { conductivity: conductivityAt25 } = deriveNamed(READING, CONFIGURATION, none);
		assert.equal(conductivityAt25.method, "iso-7888");
		assert.ok(Math.abs((conductivityAt25.value ?? 0) - 558) < 0.5);
		const linear = deriveNamed(READING, { ...CONFIGURATION, conductivityLaw: 0 }, none);
		assert.equal(linear.conductivity.method, "linear");
		assert.ok(Math.abs((linear.conductivity.value ?? 0) - 500 / 0.9045) < 1e-9);
	});

	it("give no conductivity at 25 degC without a temperature or beyond the law's range", () => {
		const noTemperature = { ...READING, temperatureMillidegrees: undefined };
		const hot = { ...READING, temperatureMillidegrees: 36_001 };
		const derived = [noTemperature, hot].map(
			(reading) => deriveNamed(reading, CONFIGURATION, none).conductivity,
		);
		assert.deepEqual(
			derived.map(({ value, notes }) => ({ value, notes })),
			[
				{ value: undefined, notes: ["temperature-absent"] },
				{ value: undefined, notes: ["temperature-beyond-law"] },
			],
		);
	});

	it("give none by a temperature that is not the water's, under either law", () => {
		// 487.3 uS/cm at 11.25 degC are 660.9 at 25; by a thermometer in the sun they would be 325.6.
		const hot = { ...READING, conductivityHundredths: 48_730, temperatureMillidegrees: 51_000 };
		for (const conductivityLaw of [0, 1]) {
			const { conductivity: conductivityAt25 } = deriveNamed(
				{ ...hot, temperatureFlags: CHANNEL_FLAGS.outOfRange },
				{ ...CONFIGURATION, conductivityLaw },
				none,
			);
			assert.equal(conductivityAt25.value, undefined);
			assert.deepEqual(conductivityAt25.notes, ["temperature-doubtful"]);
		}
	});

	it("bear the doubts of the temperature and of the pH, flag by flag", () => {
		const seen = (fields: Partial<NamedReading>): string => {
			const { value, flags, notes } = deriveNamed(
				{ ...READING, ...fields },
				CONFIGURATION,
				none,
			).conductivity;
			return `${value === undefined ? "none" : "value"} ${flags} ${notes.join()}`.trim();
		};
		const effects = Object.entries(CHANNEL_FLAGS).map(([name, flag]) => [
			name,
			seen({ temperatureFlags: flag }),
			seen({ pHFlags: flag }),
		]);
		assert.deepEqual(effects, [
			["absent", "none 0 temperature-absent", "value 0 acidity-unknown"],
			["fault", "none 0 temperature-absent", "value 0 acidity-unknown"],
			["outOfRange", "none 0 temperature-doubtful", "value 0 acidity-unknown"],
			["unstable", "value 8", "value 0 acidity-unknown"],
			["uncompensated", "value 16", "value 0"],
			["suspect", "value 32", "value 0 acidity-unknown"],
			["saturated", "none 0 temperature-doubtful", "value 0 acidity-unknown"],
			["uncalibrated", "value 128", "value 0 acidity-unknown"],
		]);
	});

	it("have every flag of every input in one column of the table", () => {
		for (const [input, { refused, inherited, noted, ignored }] of Object.entries(INPUT_DOUBTS)) {
			for (const flag of Object.values(CHANNEL_FLAGS)) {
				const columns = [refused, inherited, noted, ignored].filter((mask) => (mask & flag) !== 0);
				assert.equal(columns.length, 1, `${input} ${flag}`);
			}
		}
	});

	it("say that the natural-water law is not made for acid water, and keep the value", () => {
		const acid = deriveNamed({ ...READING, pHMilli: 3100 }, CONFIGURATION, none);
		assert.deepEqual(acid.conductivity.notes, ["law-not-for-acid-water"]);
		assert.notEqual(acid.conductivity.value, undefined);
	});

	it("turn the loop's voltage into turbidity and keep small negatives", () => {
		assert.equal(deriveNamed(READING, CONFIGURATION, none).turbidity.value, 500);
		const below = { ...READING, turbidityMicrovolts: 595_000 };
		const { value } = deriveNamed(below, CONFIGURATION, none).turbidity;
		assert.ok(Math.abs((value ?? 0) + 2.0833) < 0.001, `${value}`);
	});

	it("use the calibration that the reading names, and nothing when it is not in the record", () => {
		const calibration: CalibrationBody = {
			kind: "calibration",
			...NO_CALIBRATION_ACT,
			calibrationId: 4,
			channel: 3,
			range: 0,
			curve: 1,
			coefficients: [-1, 100, 10],
		};
		const reading = { ...READING, turbidityCalibration: 4 };
		const known = deriveNamed(reading, CONFIGURATION, (channel, id) =>
			channel === 3 && id === 4 ? calibration : undefined,
		);
		assert.ok(Math.abs((known.turbidity.value ?? 0) - (-1 + 180 + 32.4)) < 1e-9);
		const unknown = deriveNamed(reading, CONFIGURATION, none);
		assert.deepEqual(unknown.turbidity.notes, ["calibration-unknown"]);
		assert.equal(unknown.turbidity.value, undefined);
	});

	it("take no curve of another range, and none that this version does not know", () => {
		const calibration: CalibrationBody = {
			kind: "calibration",
			...NO_CALIBRATION_ACT,
			calibrationId: 4,
			channel: 3,
			range: 1,
			curve: 1,
			coefficients: [0, 100, 0],
		};
		const derived = (range: number, curve: number) =>
			deriveNamed(
				{ ...READING, turbidityCalibration: 4, turbidityRange: range },
				CONFIGURATION,
				() => ({ ...calibration, curve }),
			).turbidity;
		assert.equal(derived(1, 1).value, 180);
		assert.deepEqual(derived(0, 1).notes, ["calibration-unknown"]);
		assert.deepEqual(
			[derived(1, 3).value, derived(1, 3).notes],
			[undefined, ["calibration-unknown"]],
		);
	});

	it("do not fold back beyond the vertex of a falling signal's parabola", () => {
		const sen0189: CalibrationBody = {
			kind: "calibration",
			...NO_CALIBRATION_ACT,
			calibrationId: 1,
			channel: 3,
			range: 0,
			curve: 2,
			coefficients: [-4352.9, 5742.3, -1120.4],
		};
		const at = (turbidityMicrovolts: number): number =>
			deriveNamed(
				{ ...READING, turbidityMicrovolts, turbidityCalibration: 1 },
				CONFIGURATION,
				() => sen0189,
			).turbidity.value ?? Number.NaN;
		assert.ok(Math.abs(at(4_000_000) - 689.9) < 0.1, `${at(4_000_000)}`);
		assert.ok(Math.abs(at(2_563_000) - 3004.7) < 0.1, `${at(2_563_000)}`);
		// 2.0 V would be 2650, and 0.925 V clear water.
		assert.ok(Math.abs(at(2_000_000) - 3004.7) < 0.1, `${at(2_000_000)}`);
		assert.ok(Math.abs(at(925_000) - 3004.7) < 0.1, `${at(925_000)}`);
	});

	it("are held and flagged at the vertex on whichever side of the falling branch it lies", () => {
		const at = (volts: number, coefficients: CalibrationBody["coefficients"]) => {
			const { value, flags } = deriveNamed(
				{ ...READING, turbidityMicrovolts: volts * 1_000_000, turbidityCalibration: 1 },
				CONFIGURATION,
				() => ({
					kind: "calibration",
					calibrationId: 1,
					channel: 3,
					range: 0,
					curve: 2,
					coefficients,
					...NO_CALIBRATION_ACT,
				}),
			).turbidity;
			return [Math.round((value ?? Number.NaN) * 10) / 10, flags];
		};
		// A fit that opens upwards: 300 (4.2 - x)^2.
		const upwards = [5292, -2520, 300] as const;
		assert.deepEqual(at(4, upwards), [12, 0]);
		assert.deepEqual(at(2, upwards), [1452, 0]);
		assert.deepEqual(at(4.4, upwards), [0, CHANNEL_FLAGS.outOfRange]);
		assert.deepEqual(at(2, [-4352.9, 5742.3, -1120.4]), [3004.7, CHANNEL_FLAGS.saturated]);
	});

	it("follow the chain: a configuration counts from its entry on", () => {
		const header = {
			channelSet: 0,
			timeQuality: 0,
			epoch: 1,
			sequence: 1,
			boot: 1,
			uptimeSeconds: 0,
			utcSeconds: 0,
			configurationId: 1,
			stationFlags: 0,
		};
		const reading: Entry = {
			...header,
			channelSet: 1,
			kind: "reading",
			fields: fieldsOfNamed(READING),
		};
		const context = new DerivationContext();
		assert.deepEqual(context.derive(reading)?.turbidity.notes, ["configuration-unknown"]);
		context.observe({ ...header, ...CONFIGURATION });
		assert.equal(context.derive(reading)?.turbidity.value, 500);
	});
});

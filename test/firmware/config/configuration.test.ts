import { strict as assert } from "node:assert";
import { hexOf } from "../../../src/core/bytes.js";
import { createSha256 } from "../../../src/core/sha256.js";
import {
	configurationBodyOf,
	configurationEntriesOf,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
	validateConfiguration,
} from "../../../src/firmware/config/configuration.js";

const CONFIGURATION: StationConfiguration = {
	...DEFAULT_CONFIGURATION,
	station: "bor-1",
	collectorHost: "collector.example",
	collectorPort: 443,
	collectorPublicKey: new Uint8Array(33).fill(2),
};

describe("the station's configuration", () => {
	it("is valid by default", () => {
		assert.doesNotThrow(() => validateConfiguration(CONFIGURATION));
	});

	it("is refused with the field, the value and the range that is allowed", () => {
		assert.throws(() => validateConfiguration({ ...CONFIGURATION, intervalSeconds: 5 }), {
			code: "configuration-invalid",
			message: "intervalSeconds is 5; use a whole number from 10 to 86400",
		});
		const wrong: Partial<StationConfiguration>[] = [
			{ station: "Bor" },
			{ collectorHost: "a b" },
			{ timeHost: "a b" },
			{ timeHost: "t".repeat(64) },
			{ collectorPublicKey: new Uint8Array(32) },
			{ turbidityAt20MilliampereMilli: -50_000 },
			{ id: 0 },
			{ uploadIntervalSeconds: 1.5 },
		];
		for (const fields of wrong) {
			assert.throws(() => validateConfiguration({ ...CONFIGURATION, ...fields }), {
				code: "configuration-invalid",
			});
		}
	});

	it("is refused with a unit or a count of coefficients that its turbidity probe cannot have", () => {
		const cases: [Partial<StationConfiguration>, RegExp][] = [
			[{ turbidityProbe: "obs-3" }, /of obs-3 has 0 numbers; use 6/],
			[{ turbidityProbe: "sen0189" }, /turbidityUnit of sen0189 is FNU; use relative/],
			[{ turbidityCoefficientsMicro: [1, 2] }, /of loop-4-20 has 2 numbers; use 3/],
			[{ turbidityCoefficientsMicro: [1, 2, 0.5] }, /turbidityCoefficientsMicro is 0.5/],
			[{ turbidityCalibrationId: 255 }, /turbidityCalibrationId is 255/],
		];
		for (const [fields, complaint] of cases) {
			assert.throws(() => validateConfiguration({ ...CONFIGURATION, ...fields }), {
				code: "configuration-invalid",
				message: complaint,
			});
		}
		const relative = { turbidityProbe: "sen0189", turbidityUnit: "relative" } as const;
		assert.doesNotThrow(() => validateConfiguration({ ...CONFIGURATION, ...relative }));
	});

	it("is refused with a curve that goes the other way than its probe's signal", () => {
		const sen0189 = { turbidityProbe: "sen0189", turbidityUnit: "relative" } as const;
		const validate = (fields: Partial<StationConfiguration>) => () =>
			validateConfiguration({ ...CONFIGURATION, ...fields });
		const micro = (...units: number[]) => ({
			turbidityCoefficientsMicro: units.map((unit) => unit * 1_000_000),
		});
		assert.doesNotThrow(validate({ ...sen0189, ...micro(5700, -2600, 300) }));
		assert.throws(validate({ ...sen0189, ...micro(0, 10, 300) }), /must fall at 4.2 V/);
		assert.throws(validate({ ...sen0189, ...micro(0, 10, 0) }), /must fall at 4.2 V/);
		assert.throws(validate(micro(0, 600, -101)), /of loop-4-20 must rise at 3 V/);
		const obs3 = { turbidityProbe: "obs-3", turbidityUnit: "NTU" } as const;
		assert.throws(validate({ ...obs3, ...micro(0, 190, -39, 0, 760, 32) }), /must rise at 2.5 V/);
	});

	it("puts a calibration for each range after its own entry, and none where the loop's law stands", () => {
		const sha256 = createSha256();
		const kinds = (fields: Partial<StationConfiguration>) =>
			configurationEntriesOf({ ...CONFIGURATION, ...fields }, sha256).map((entry) =>
				entry.kind === "calibration"
					? [entry.calibrationId, entry.range, entry.curve, ...entry.coefficients]
					: entry.turbidityCurve,
			);
		assert.deepEqual(kinds({}), [0]);
		assert.deepEqual(kinds({ turbidityProbe: "sen0189" }), [
			1,
			[1, 0, 2, -4352.9, 5742.3, -1120.4],
		]);
		const certificate = [-160_000, 191_247_000, 8_071_460, -640_000, 764_988_000, 32_285_840];
		assert.deepEqual(
			kinds({
				turbidityProbe: "obs-3",
				turbidityCoefficientsMicro: certificate,
				turbidityCalibrationId: 9,
			}),
			[1, [9, 0, 1, -0.16, 191.247, 8.07146], [10, 1, 1, -0.64, 764.988, 32.28584]],
		);
	});

	it("has another hash for another content", () => {
		const sha256 = createSha256();
		const hash = hexOf(configurationBodyOf(CONFIGURATION, sha256).hash);
		const other = { ...CONFIGURATION, collectorPort: 444 };
		assert.notEqual(hexOf(configurationBodyOf(other, sha256).hash), hash);
	});
});

import { strict as assert } from "node:assert";
import { asciiBytes } from "../../../src/core/bytes.js";
import { StationError } from "../../../src/core/errors.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../../src/firmware/config/configuration.js";
import { parseCanonicalConfiguration } from "../../../src/firmware/config/parse-configuration.js";

const CONFIGURATION: StationConfiguration = {
	...DEFAULT_CONFIGURATION,
	station: "bor-1",
	collectorHost: "collector.example",
	collectorPort: 443,
	collectorPublicKey: new Uint8Array(33).fill(2),
};
const TEXT = canonicalConfiguration(CONFIGURATION);

function refusalOf(bytes: Uint8Array): string {
	try {
		parseCanonicalConfiguration(bytes);
		return "";
	} catch (error) {
		assert.ok(error instanceof StationError, String(error));
		assert.equal(error.code, "configuration-invalid");
		return error.message;
	}
}

describe("a configuration from outside", () => {
	it("comes back as it was written", () => {
		assert.deepEqual(parseCanonicalConfiguration(asciiBytes(TEXT)), CONFIGURATION);
	});

	it("comes back with other parts and a certificate, and fits an acknowledgement with the longest hosts", () => {
		const other: StationConfiguration = {
			...CONFIGURATION,
			collectorHost: "a".repeat(253),
			timeHost: "t".repeat(63),
			turbidityProbe: "obs-3",
			thermometer: "ds18b20",
			batteryGauge: "ina226",
			turbidityUnit: "NTU",
			turbidityCoefficientsMicro: [
				-160_000, 191_247_000, 8_071_460, -640_000, 764_988_000, 32_285_840,
			],
			turbidityCalibrationId: 200,
		};
		const text = canonicalConfiguration(other);
		assert.match(text, /^turbidityCoefficientsMicro=-160000,191247000,8071460,-640000,/m);
		assert.deepEqual(parseCanonicalConfiguration(asciiBytes(text)), other);
	});

	for (const [what, text, complaint] of [
		["a missing field", TEXT.replace(/^id=.*\n/m, ""), /id is missing/],
		["an unknown field", `${TEXT}zebra=1\n`, /canonical form/],
		[
			"a key in capitals",
			TEXT.replace(/(?<=PublicKey=)02/, "0A"),
			/collectorPublicKey has capitals; use small letters$/,
		],
		["a repeated field", `${TEXT}uploadIntervalSeconds=3600\n`, /canonical form/],
		[
			"a field out of its range",
			TEXT.replace(/intervalSeconds=300/, "intervalSeconds=3"),
			/intervalSeconds is 3/,
		],
		[
			"a number written otherwise",
			TEXT.replace(/Seconds=300/, "Seconds=0x12c"),
			/intervalSeconds "0x12c" is no number/,
		],
		[
			"a word that is none of the choices",
			TEXT.replace("battery\n", "coal\n"),
			/use battery or mains/,
		],
		["a list that is none", TEXT.replace("Micro=\n", "Micro=1,,2\n"), /Micro "" is no number/],
		["a line without a name", `${TEXT}=1\n`, /is not name=value/],
		["too much", TEXT.repeat(4), /at most 1024/],
	] as const) {
		it(`is refused for ${what}`, () => {
			assert.match(refusalOf(asciiBytes(text)), complaint);
		});
	}
});

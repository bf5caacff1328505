import { strict as assert } from "node:assert";
import { hexOf } from "../../../src/core/bytes.js";
import { createSha256 } from "../../../src/core/sha256.js";
import {
	configurationBodyOf,
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

	it("has another hash for another content", () => {
		const sha256 = createSha256();
		const hash = hexOf(configurationBodyOf(CONFIGURATION, sha256).hash);
		const other = { ...CONFIGURATION, collectorPort: 444 };
		assert.notEqual(hexOf(configurationBodyOf(other, sha256).hash), hash);
	});
});

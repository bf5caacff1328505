/** What a configuration entry says in a test: natural water by ISO 7888, a loop over 150 ohms, every five minutes. */
import type { ConfigurationBody } from "../../../src/protocol/record/entry-layouts.js";

export const CONFIGURATION_BODY: ConfigurationBody = Object.freeze({
	kind: "configuration",
	definedId: 1,
	conductivityLaw: 1,
	alphaPerMillionPerDegree: 19_100,
	turbidityUnit: 0,
	turbidityCurve: 0,
	probes: 0,
	loopShuntMilliohms: 150_000,
	turbidityAt4MilliampereMilli: -50_000,
	turbidityAt20MilliampereMilli: 1_550_000,
	intervalSeconds: 300,
	hash: new Uint8Array(32),
});

/** The same with a loop of the bench: 0 FNU at 4 mA, 1000 at 20 mA. */
export const BENCH_CONFIGURATION_BODY: ConfigurationBody = Object.freeze({
	...CONFIGURATION_BODY,
	turbidityAt4MilliampereMilli: 0,
	turbidityAt20MilliampereMilli: 1_000_000,
});

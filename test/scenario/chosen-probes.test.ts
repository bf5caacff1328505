/** Stations with other parts than the reference board's: a day from the river to derived rows. */

import { strict as assert } from "node:assert";
import { oxygenPart, oxygenSaturation } from "../../sim/river/oxygen.js";
import type { River } from "../../sim/river/river.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";
import { DerivationContext, type DerivedReading } from "../../src/protocol/record/derive.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { probeKindsOf } from "../../src/protocol/record/probe-kinds.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";
import { namedOf } from "../support/data/named-reading.js";
import { IS_WHOLE, whole } from "../support/depth.js";
import {
	openBareCollector,
	serviceStation,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";

const DAY_SECONDS = 86_400;
/** What is the same all day in quiet water takes a quarter of one in a short run. */
const QUIET_SECONDS = IS_WHOLE ? DAY_SECONDS : DAY_SECONDS / 4;
const QUIET_READINGS = QUIET_SECONDS / 300;
const NAME = "bor-1";

/** The certificate of sim/probes/obs-3.ts in volts: NTU/V and NTU/V2 of NTU/mV and NTU/mV2. */
const OBS_3: Partial<StationConfiguration> = Object.freeze({
	turbidityProbe: "obs-3",
	turbidityUnit: "NTU",
	turbidityCoefficientsMicro: [-160_000, 191_247_000, 8_071_460, -640_000, 764_988_000, 32_285_840],
	turbidityCalibrationId: 7,
});
const SEN0189: Partial<StationConfiguration> = Object.freeze({
	turbidityProbe: "sen0189",
	turbidityUnit: "relative",
});

interface Day {
	readonly rows: readonly { readonly entry: Entry; readonly derived: DerivedReading | undefined }[];
	readonly river: River;
}

/** What a collector holds after a day, derived from nothing but its rows. */
async function dayOf(
	configuration: Partial<StationConfiguration>,
	river: River,
	ail: (station: SimulatedStation) => void = () => {},
	seconds = DAY_SECONDS,
): Promise<Day> {
	const clock = {
		get utcSeconds() {
			return station.utcSeconds;
		},
	};
	const { store, publicKey, endpoint } = await openBareCollector(clock, NAME);
	let newest = 0;
	let cursor = 0;
	const station: SimulatedStation = bareStation({
		name: NAME,
		river,
		configuration,
		collectorPublicKey: publicKey,
		endpoint,
		witness: {
			attempted: () => {},
			appended: (canonicalBytes) => {
				newest = decodeEntry(canonicalBytes).sequence;
			},
			acknowledged: (to) => {
				cursor = to;
			},
		},
	});
	ail(station);
	while (station.utcSeconds < START_UTC_SECONDS + seconds) await stepStation(station);
	while (cursor < newest) await serviceStation(station);
	assert.equal(station.counters.crashes, 0);
	const context = new DerivationContext();
	const rows = store.rowsOf(NAME).map((canonicalBytes) => {
		const entry = decodeEntry(canonicalBytes);
		context.observe(entry);
		return { entry, derived: context.derive(entry) };
	});
	return { rows, river };
}

/** Every reading against the river; how many there were. */
function compare(
	{ rows, river }: Day,
	check: (derived: DerivedReading, water: ReturnType<River["at"]>, utcSeconds: number) => void,
): number {
	let count = 0;
	for (const { entry, derived } of rows) {
		if (derived === undefined) continue;
		count++;
		check(derived, river.at(entry.utcSeconds), entry.utcSeconds);
	}
	return count;
}

function near(value: number | undefined, truth: number, part: number, least: number): void {
	const tolerance = Math.max(Math.abs(truth) * part, least);
	assert.ok(value !== undefined && Math.abs(value - truth) <= tolerance, `${value} for ${truth}`);
}

const river = (scenario: string): River =>
	SCENARIOS[scenario]?.(1, START_UTC_SECONDS) ?? assert.fail();

describe("a station with an OBS-3+", () => {
	whole(
		"gives NTU within 3 % and 3 through a storm, from both ranges, by the certificate in its record",
		async () => {
			const day = await dayOf(OBS_3, river("storm-pek"));
			const ranges = new Set<number>();
			const ids = new Set<number>();
			for (const { entry } of day.rows) {
				if (entry.kind !== "reading") continue;
				const { turbidityRange, turbidityCalibration } = namedOf(entry.fields);
				ranges.add(turbidityRange);
				ids.add(turbidityCalibration);
			}
			assert.deepEqual(
				[[...ranges].sort(), [...ids].sort()],
				[
					[0, 1],
					[7, 8],
				],
			);
			const certificates = day.rows.flatMap(({ entry }) =>
				entry.kind === "calibration" ? [[entry.calibrationId, entry.range, entry.curve]] : [],
			);
			assert.deepEqual(certificates, [
				[7, 0, 1],
				[8, 1, 1],
			]);
			let highest = 0;
			const count = compare(day, ({ turbidity }, water) => {
				assert.deepEqual([turbidity.unit, turbidity.method], ["NTU", "calibrated"]);
				assert.equal(turbidity.flags & ~CHANNEL_FLAGS.suspect, 0);
				near(turbidity.value, water.turbidityFormazinUnits, 0.03, 3);
				highest = Math.max(highest, turbidity.value ?? 0);
			});
			assert.ok(count >= 288 && highest > 600, `${count} readings up to ${highest} NTU`);
		},
	);

	whole("says saturated at the end of its scale, and suspects what comes after it", async () => {
		const flood: River = {
			...river("quiet-bor"),
			at: (utcSeconds) => ({
				...river("quiet-bor").at(utcSeconds),
				turbidityFormazinUnits: utcSeconds < START_UTC_SECONDS + 43_200 ? 4000 : 300,
			}),
		};
		const seen = new Map<string, number>();
		compare(await dayOf(OBS_3, flood), ({ turbidity: { flags } }, water) => {
			const key = `${water.turbidityFormazinUnits} ${flags}`;
			seen.set(key, (seen.get(key) ?? 0) + 1);
		});
		const { saturated, suspect } = CHANNEL_FLAGS;
		assert.deepEqual([...seen.keys()].slice(0, 2), [`4000 ${saturated}`, `300 ${suspect}`]);
	});
});

describe("a station with a SEN0189", () => {
	whole("gives relative turbidity within 4 % and 6 of its maker's curve, never NTU", async () => {
		const day = await dayOf(SEN0189, river("storm-pek"));
		const count = compare(day, ({ turbidity }, _water, utcSeconds) => {
			// The module warms up for 30 s, and half of the burst is 3.5 s more: the river has moved on.
			const water = day.river.at(utcSeconds + 34);
			assert.equal(turbidity.unit, "relative");
			if (water.turbidityFormazinUnits > 20) assert.equal(turbidity.flags, 0);
			near(turbidity.value, water.turbidityFormazinUnits, 0.04, 6);
		});
		assert.ok(count >= 288, `${count} readings`);
	});

	it("stops at the vertex of its folded parabola, saturated, where dirtier water would look cleaner", async () => {
		const flood: River = {
			...river("quiet-bor"),
			at: (utcSeconds) => ({
				...river("quiet-bor").at(utcSeconds),
				turbidityFormazinUnits: 4000,
			}),
		};
		compare(await dayOf(SEN0189, flood, undefined, QUIET_SECONDS), ({ turbidity }) => {
			assert.equal(turbidity.flags, CHANNEL_FLAGS.saturated);
			near(turbidity.value, 3004.7, 0, 0.1);
		});
	});
});

describe("a station with a DS18B20 and an INA226", () => {
	const PARTS: Partial<StationConfiguration> = {
		...OBS_3,
		thermometer: "ds18b20",
		batteryGauge: "ina226",
	};

	it("measures temperature within 0.1 degC, the battery within 10 mV, and EC25 from them", async () => {
		let volts = 0;
		const day = await dayOf(
			PARTS,
			river("quiet-bor"),
			(station) => {
				volts = station.hardware.battery.volts();
			},
			QUIET_SECONDS,
		);
		const count = compare(day, (derived, water) => {
			near(derived.temperature.value, water.temperatureCelsius, 0, 0.1);
			near(derived.pH.value, water.pH, 0, 0.03);
			near(derived.conductivity.value, water.conductivityAt25MicrosiemensPerCm, 0.01, 0);
			for (const { flags } of Object.values(derived)) assert.equal(flags, 0);
		});
		assert.ok(count >= QUIET_READINGS);
		const first = day.rows.find(({ derived }) => derived !== undefined)?.derived;
		near(first?.battery.value, volts, 0, 0.01);
		const [configuration] = day.rows.flatMap(({ entry }) =>
			entry.kind === "configuration" ? [entry] : [],
		);
		assert.deepEqual(probeKindsOf(configuration?.probes ?? 0), {
			turbidityProbe: "obs-3",
			thermometer: "ds18b20",
			batteryGauge: "ina226",
		});
	});

	it("continues when the thermometer's wire is shorted: absent, EC25 withheld, pH uncompensated", async () => {
		const day = await dayOf(
			PARTS,
			river("quiet-bor"),
			({ hardware }) => {
				(hardware.oneWire ?? assert.fail()).wiring = "short";
			},
			QUIET_SECONDS,
		);
		const count = compare(day, (derived) => {
			assert.equal(derived.temperature.value, undefined);
			assert.equal(derived.temperature.flags, CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault);
			assert.equal(derived.pH.flags, CHANNEL_FLAGS.uncompensated);
			assert.equal(derived.conductivity.value, undefined);
			assert.equal(derived.turbidity.flags, 0);
		});
		assert.ok(count >= QUIET_READINGS);
	});
});

describe("a station with an EZO-DO", () => {
	whole(
		"gives dissolved oxygen within 0.1 mg/L for a day, and its record says what measured",
		async () => {
			const day = await dayOf({ oxygenProbe: "ezo-do" }, river("quiet-bor"));
			const kinds = day.rows.flatMap(({ entry }) =>
				entry.kind === "configuration" ? [probeKindsOf(entry.probes)?.oxygenProbe] : [],
			);
			assert.deepEqual(kinds, ["ezo-do"]);
			let highest = 0;
			let lowest = 100;
			const count = compare(day, ({ dissolvedOxygen }, { temperatureCelsius }, utcSeconds) => {
				assert.deepEqual([dissolvedOxygen.unit, dissolvedOxygen.flags], ["mg/L", 0]);
				// 860 uS/cm are 0.42 g of salt in a litre.
				const truth = oxygenPart(utcSeconds) * oxygenSaturation(temperatureCelsius, 0.42, 1013);
				near(dissolvedOxygen.value, truth, 0, 0.1);
				highest = Math.max(highest, dissolvedOxygen.value ?? 0);
				lowest = Math.min(lowest, dissolvedOxygen.value ?? 0);
			});
			assert.ok(
				count >= 288 && highest - lowest > 0.5,
				`${count} readings, ${lowest} to ${highest}`,
			);
		},
	);

	it("says nothing of oxygen, of no flag and no note, where none is fitted", async () => {
		const day = await dayOf({}, river("quiet-bor"), undefined, QUIET_SECONDS);
		for (const { entry } of day.rows) {
			if (entry.kind === "reading") assert.equal(entry.channelSet, 1);
		}
		compare(day, ({ dissolvedOxygen }) => {
			assert.deepEqual(
				[dissolvedOxygen.value, dissolvedOxygen.flags, dissolvedOxygen.notes],
				[undefined, 0, []],
			);
		});
	});
});

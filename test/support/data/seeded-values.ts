/**
 * Records with all that troubles a published table, and documents for them: a function of the seed. Values stay
 * near thresholds and repeat, so that equality, flat runs and single spikes are met often.
 */

import { integerBelow, type RandomSource, SeededRandom } from "../../../src/core/random.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { fieldsOfNamed } from "./named-reading.js";

export interface SeededValues {
	readonly station: string;
	readonly entries: readonly Entry[];
	readonly policies: readonly string[];
	readonly corrections: string | undefined;
	readonly approvals: string | undefined;
}

/** 2026-02-27T00:00:00Z: three days take in a change of month. */
const START_SECONDS = 1_772_150_400;
const CHANNELS = ["ph", "temperature", "ec25", "turbidity"] as const;

export function seededValues(seed: number, readings = 160): SeededValues {
	const random = new SeededRandom(seed);
	const below = (count: number): number => integerBelow(random, count);
	const entries = entriesOf(random, readings);
	const policies = Array.from({ length: 1 + below(3) }, (_, index) =>
		JSON.stringify(policyOf(random, index + 1, START_SECONDS - 9000 + index * 15_000)),
	);
	return {
		station: "bor-1",
		entries,
		policies,
		corrections: below(4) === 0 ? undefined : JSON.stringify(correctionsOf(random, entries)),
		approvals: below(3) === 0 ? undefined : JSON.stringify(approvalsOf(random, entries)),
	};
}

function entriesOf(random: RandomSource, readings: number): Entry[] {
	const below = (count: number): number => integerBelow(random, count);
	const entries: Entry[] = [];
	const levels = { pH: 7400, celsius: 9000, conductivity: 52_000, microvolts: 690_000 };
	let epoch = 5;
	let sequence = 0;
	let boot = 1;
	let uptimeSeconds = 60;
	let utcSeconds = START_SECONDS;
	let isClockSet = true;
	let isStill = false;
	const header = () => ({
		channelSet: 0,
		timeQuality: isClockSet ? 1 + below(3) : 0,
		epoch,
		sequence: ++sequence,
		boot,
		uptimeSeconds,
		utcSeconds: isClockSet ? utcSeconds : 0,
		configurationId: 1,
		stationFlags: below(12) === 0 ? 0x10 : below(12) === 0 ? 0x101 : 0,
	});
	const configure = (): void => {
		entries.push({
			...header(),
			kind: "configuration",
			definedId: 1,
			conductivityLaw: below(2),
			alphaPerMillionPerDegree: 19_100,
			turbidityUnit: below(8) === 0 ? 1 : 0,
			turbidityCurve: 0,
			probes: 0,
			loopShuntMilliohms: 150_000,
			turbidityAt4MilliampereMilli: -50_000,
			turbidityAt20MilliampereMilli: 1_550_000,
			intervalSeconds: 300,
			hash: new Uint8Array(32),
		});
	};
	configure();
	for (let index = 0; index < readings; index++) {
		const apart = below(30) === 0 ? below(9000) : below(25) === 0 ? 0 : 300;
		uptimeSeconds += apart;
		utcSeconds += apart;
		if (below(50) === 0) utcSeconds -= below(4000);
		if (below(60) === 0) utcSeconds += 86_400 * below(3);
		if (below(45) === 0) {
			boot++;
			uptimeSeconds = below(100);
			isClockSet = below(3) !== 0;
		}
		if (below(70) === 0) {
			epoch++;
			sequence = 0;
			boot = 1;
			if (below(2) === 0) configure();
		}
		if (below(35) === 0) {
			entries.push({
				...header(),
				kind: "time",
				atBoot: boot,
				atUptimeSeconds: uptimeSeconds,
				atUtcSeconds: utcSeconds + below(3) - 1,
				uncertaintyMilliseconds: below(4) === 0 ? undefined : 500 + below(3000),
				stepSeconds: below(3) === 0 ? undefined : below(5) - 2,
				driftPartsPerBillion: undefined,
				source: below(3),
			});
		}
		if (below(20) === 0) isStill = !isStill;
		if (!isStill) {
			levels.pH += (below(5) - 2) * (below(12) === 0 ? 100 : 1);
			levels.celsius += (below(5) - 2) * (below(12) === 0 ? 500 : 10);
			levels.conductivity += (below(5) - 2) * (below(12) === 0 ? 2000 : 10);
			levels.microvolts += (below(5) - 2) * 125 * (below(12) === 0 ? 100 : 1);
		}
		const some = (value: number): number | undefined => (below(18) === 0 ? undefined : value);
		const flag = (): number => (below(15) === 0 ? 1 << below(8) : 0);
		const spike = below(15) === 0 ? 300 * (below(3) - 1) : 0;
		const pH = some(levels.pH + spike);
		const celsius = some(levels.celsius - 8700 * (below(60) === 0 ? 1 : 0));
		const conductivity = some(Math.max(0, levels.conductivity + 20 * spike));
		const microvolts = some(levels.microvolts + 125 * spike);
		const absent = (value: number | undefined): number =>
			value === undefined ? CHANNEL_FLAGS.absent : flag();
		entries.push({
			...header(),
			channelSet: 1,
			kind: "reading",
			fields: fieldsOfNamed({
				pHMilli: pH,
				pHFlags: absent(pH),
				pHCalibration: 0,
				temperatureMillidegrees: celsius,
				temperatureFlags: absent(celsius),
				temperatureCalibration: below(40) === 0 ? 3 : 0,
				conductivityHundredths: conductivity,
				conductivityFlags: absent(conductivity),
				conductivityCalibration: 0,
				turbidityMicrovolts: microvolts,
				turbiditySpreadSteps: some(below(40)),
				turbidityRange: 0,
				turbidityFlags: absent(microvolts),
				turbidityCalibration: below(50) === 0 ? 2 : 0,
				batteryMillivolts: some(3900 + below(60)),
				batteryFlags: 0,
			}),
		});
	}
	if (below(2) === 0) {
		// A curve known only at the end, and one that gives no number.
		const coefficients = below(3) === 0 ? [1e300, 1e300, 0] : [0, 1.01, 0];
		entries.push({
			...header(),
			kind: "calibration",
			calibrationId: 3,
			previousId: 0,
			channel: 1,
			range: 0,
			curve: 1,
			act: 1,
			verdict: 1,
			rule: 1,
			parts: 0,
			points: 0,
			coefficients: coefficients as [number, number, number],
			dueUtcSeconds: 0,
			firstPart: 0,
			exportBefore: new Uint8Array(8),
			exportAfter: new Uint8Array(8),
		});
	}
	return entries;
}

/** In the channel's unit: what one step of the record is, and where the values are. */
const SCALES = {
	ph: { step: 0.001, leap: 0.1, level: 7.4 },
	temperature: { step: 0.01, leap: 0.5, level: 9 },
	ec25: { step: 0.15, leap: 30, level: 750 },
	turbidity: { step: 0.08, leap: 9, level: 12 },
} as const;

export function policyOf(random: RandomSource, version: number, validFromSeconds: number): object {
	const below = (count: number): number => integerBelow(random, count);
	const channel = (name: (typeof CHANNELS)[number]): object => {
		const { step, leap, level } = SCALES[name];
		const reason = "by the seed";
		const maybe = (test: object): object | undefined => (below(6) === 0 ? undefined : test);
		const grade = (unit: number): number => unit * (1 + below(6));
		const isFailing = below(3) === 0;
		const failing = (member: string, threshold: number): object =>
			isFailing ? { [member]: threshold, mayFail: true } : {};
		const rate = (leap * (1 + below(4))) / 300;
		const spike = grade(leap / 2);
		const isRelative = below(4) === 0;
		const seconds = 600 * (1 + below(4));
		const deviation = grade(step);
		return {
			isCorrected: below(5) !== 0,
			...(name === "turbidity" ? { unit: "FNU" } : {}),
			instrument: {
				fail: ["fault", "outOfRange"],
				suspect: below(2) === 0 ? ["suspect", "unstable"] : [],
				reason,
			},
			grossRange: maybe({
				fail: [level - 4 * leap, level + 4 * leap],
				...(below(3) === 0 ? {} : { suspect: [level - 2 * leap, level + 2 * leap] }),
				reason,
			}),
			climatology: maybe({
				members: [
					{ months: [1, 2], suspect: [level - leap, level + leap] },
					{
						months: [2 + below(2), 3],
						suspect: [level - 2 * leap, level + 2 * leap],
						...(isFailing ? { fail: [level - 3 * leap, level + 3 * leap] } : {}),
					},
				],
				mayFail: isFailing,
				reason,
			}),
			spike: maybe({
				method: below(3) === 0 ? "average" : "differential",
				suspect: isRelative ? 0.01 : spike,
				...failing("fail", isRelative ? 0.02 : 2 * spike),
				isRelative,
				reason,
			}),
			rateOfChange: maybe({
				suspectPerSecond: rate,
				...failing("failPerSecond", 2 * rate),
				isEqualTimeUnjudged: below(2) === 0,
				reason,
			}),
			flatLine: maybe({
				suspectSeconds: seconds,
				failSeconds: 2 * seconds,
				tolerance: grade(step),
				validValuesMin: 1 + below(3),
				...(below(3) === 0 ? { valueMin: level } : {}),
				reason,
			}),
			attenuatedSignal: maybe({
				check: below(2) === 0 ? "std" : "range",
				suspect: 2 * deviation,
				fail: deviation,
				periodSeconds: 300 * (2 + below(6)),
				validValuesMin: 1 + below(3),
				reason,
			}),
		};
	};
	return {
		document: "bistrina-policy",
		schema: 1,
		station: below(2) === 0 ? "*" : "bor-1",
		version,
		validFrom: timeOf(validFromSeconds),
		reason: "by the seed",
		intervalSeconds: 300,
		...(below(3) === 0 ? {} : { gapSeconds: 1500 }),
		conductivity:
			below(3) === 0
				? { law: "linear", alphaPerMillionPerDegree: 20_000, reason: "by the seed" }
				: { law: below(2) === 0 ? "iso-7888" : "as-configured", reason: "by the seed" },
		stationSuspect: below(2) === 0 ? ["serviceMode"] : [],
		channels: {
			ph: channel("ph"),
			temperature: channel("temperature"),
			ec25: channel("ec25"),
			turbidity: channel("turbidity"),
		},
		limits: [],
	};
}

function correctionsOf(random: RandomSource, entries: readonly Entry[]): object {
	const below = (count: number): number => integerBelow(random, count);
	const corrections: object[] = [];
	for (const name of CHANNELS) {
		const { leap, level } = SCALES[name];
		let from = START_SECONDS - 3000 + below(6000);
		for (let index = 0; index < below(4); index++) {
			const to = timeNear(random, entries, from + 600 * (1 + below(40)), from);
			const near = (): number => Math.round(1000 * (level + leap * (below(9) - 4) * 0.3)) / 1000;
			const hasFouling = below(3) !== 0;
			corrections.push({
				id: `${name}-${index}`,
				channel: name,
				from: timeOf(from),
				to: timeOf(to),
				decision: below(4) === 0 ? "leave" : "apply",
				reason: "by the seed",
				...(hasFouling
					? {
							fouling: {
								stationFouled: near(),
								stationCleaned: near(),
								fieldFouled: near(),
								fieldCleaned: near(),
							},
						}
					: {}),
				...(!hasFouling || below(2) === 0
					? {
							drift: [1.9, 0.7, 1.2].slice(below(3)).map((part) => ({
								standard: Math.round(level * part * 100) / 100,
								reading: Math.round(level * (part + 0.01 * (below(5) - 2)) * 100) / 100 + part,
							})),
						}
					: {}),
			});
			from = below(2) === 0 ? to : to + 300 * below(20);
		}
	}
	return {
		document: "bistrina-corrections",
		schema: 1,
		station: "bor-1",
		version: 1 + below(9),
		operator: "M. Jović",
		date: "2026-03-20",
		corrections,
	};
}

/** Mostly the time of an entry, so that ends are met: the first from `wanted` on. */
function timeNear(
	random: RandomSource,
	entries: readonly Entry[],
	wanted: number,
	after: number,
): number {
	if (integerBelow(random, 4) === 0) return wanted;
	const found = entries.find(({ utcSeconds }) => utcSeconds >= wanted && utcSeconds > after);
	return found?.utcSeconds ?? wanted;
}

function approvalsOf(random: RandomSource, entries: readonly Entry[]): object {
	const below = (count: number): number => integerBelow(random, count);
	const approvals = Array.from({ length: below(5) }, () => {
		const from = START_SECONDS + 300 * below(100);
		return {
			channel: CHANNELS[below(4)],
			from: timeOf(from),
			to: timeOf(timeNear(random, entries, from + 300 * (1 + below(80)), from)),
			reason: "by the seed",
		};
	});
	return {
		document: "bistrina-approvals",
		schema: 1,
		station: "bor-1",
		version: 1 + below(9),
		operator: "M. Jović",
		date: "2026-03-21",
		approvals,
	};
}

function timeOf(seconds: number): string {
	return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

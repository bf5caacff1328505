/** A reading of channel set 1 with a name for each field: short to write down in a test. */
import { CHANNEL_SET_1 } from "../../../src/protocol/record/channel-set.js";
import {
	type CalibrationLookup,
	type DerivedReading,
	deriveReading,
} from "../../../src/protocol/record/derive.js";
import type { ConfigurationBody } from "../../../src/protocol/record/entry-layouts.js";
import { canBeAbsent, readingOf } from "../../../src/protocol/record/reading.js";

/** In the order of the set. */
const NAMES = [
	"pHMilli",
	"pHFlags",
	"pHCalibration",
	"temperatureMillidegrees",
	"temperatureFlags",
	"temperatureCalibration",
	"conductivityHundredths",
	"conductivityFlags",
	"conductivityCalibration",
	"turbidityMicrovolts",
	"turbiditySpreadSteps",
	"turbidityRange",
	"turbidityFlags",
	"turbidityCalibration",
	"batteryMillivolts",
	"batteryFlags",
] as const;

type Quantity =
	| "Milli"
	| "Millidegrees"
	| "Hundredths"
	| "Microvolts"
	| "SpreadSteps"
	| "Millivolts";
type Name = (typeof NAMES)[number];

export type NamedReading = {
	readonly [Each in Name]: Each extends `${string}${Quantity}` ? number | undefined : number;
};

export function fieldsOfNamed(reading: NamedReading): number[] {
	return CHANNEL_SET_1.fields.map((field, index) => {
		const name = NAMES[index];
		return (name === undefined ? undefined : reading[name]) ?? field.absent;
	});
}

export function namedOf(fields: readonly number[]): NamedReading {
	const reading: Partial<Record<Name, number | undefined>> = {};
	CHANNEL_SET_1.fields.forEach((field, index) => {
		const name = NAMES[index];
		const value = fields[index];
		if (name === undefined) return;
		reading[name] = canBeAbsent(field) && value === field.absent ? undefined : value;
	});
	return reading as NamedReading;
}

export function deriveNamed(
	reading: NamedReading,
	configuration: ConfigurationBody | undefined,
	calibrationOf: CalibrationLookup,
): DerivedReading {
	const channels = readingOf(CHANNEL_SET_1, fieldsOfNamed(reading));
	return deriveReading(CHANNEL_SET_1, channels, configuration, calibrationOf);
}

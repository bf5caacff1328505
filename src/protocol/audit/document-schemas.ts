/** What operators' documents look like: docs/VALUES.md, section 3. Published in docs/schema as they stand here. */

import { STANDARD_NAMES } from "../calibration/standards.js";
import { QUALITY_CHANNELS } from "../quality/correction.js";
import { TURBIDITY_UNITS } from "../record/derive.js";
import { STATION_FLAGS } from "../record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../record/reading.js";
import type { Schema } from "./schema.js";

/** Doubles of any channel; beyond it no water is. */
const VALUE_MAX = 1e9;
/** Ten years. */
const SECONDS_MAX = 315_576_000;
const VERSION_MAX = 999_999;
/** 32 channels of months; each month once is 12. */
const MEMBERS_MAX = 48;
/** A visit a fortnight for forty years. */
export const ITEMS_MAX = 1000;
const STANDARDS_MAX = 8;
const LIMITS_MAX = 100;

const TEXT: Schema = { type: "string", format: "text" };
const TIME: Schema = { type: "string", format: "date-time" };
const IDENTIFIER: Schema = { type: "string", format: "identifier" };
const VALUE: Schema = { type: "number", minimum: -VALUE_MAX, maximum: VALUE_MAX };
const THRESHOLD: Schema = { type: "number", minimum: 0, maximum: VALUE_MAX };
const SECONDS: Schema = { type: "integer", minimum: 1, maximum: SECONDS_MAX };
const SPAN: Schema = { type: "array", items: VALUE, minItems: 2, maxItems: 2 };
const COUNT: Schema = { type: "integer", minimum: 1, maximum: 10_000 };
const FLAG: Schema = { type: "boolean" };
const CHANNEL: Schema = { type: "string", enum: QUALITY_CHANNELS };

function object(
	properties: Readonly<Record<string, Schema>>,
	optional: readonly string[] = [],
): Schema {
	const required = Object.keys(properties).filter((name) => !optional.includes(name));
	return { type: "object", properties, required, additionalProperties: false };
}

function list(items: Schema, maxItems: number, minItems = 0): Schema {
	return { type: "array", items, minItems, maxItems };
}

function flagList(table: Readonly<Record<string, number>>): Schema {
	const names = Object.keys(table);
	return list({ type: "string", enum: names }, names.length);
}

// Long because it is a schema, written out in the order in which a person reads it: no branch, nothing to divide.
function channelOf(properties: Readonly<Record<string, Schema>>): Schema {
	return object(
		{
			isCorrected: FLAG,
			...properties,
			instrument: object({
				fail: flagList(CHANNEL_FLAGS),
				suspect: flagList(CHANNEL_FLAGS),
				reason: TEXT,
			}),
			grossRange: object({ fail: SPAN, suspect: SPAN, reason: TEXT }, ["suspect"]),
			climatology: object(
				{
					members: list(
						object(
							{
								months: list({ type: "integer", minimum: 1, maximum: 12 }, 2, 2),
								suspect: SPAN,
								fail: SPAN,
							},
							["fail"],
						),
						MEMBERS_MAX,
						1,
					),
					mayFail: FLAG,
					reason: TEXT,
				},
				["mayFail"],
			),
			spike: object(
				{
					method: { type: "string", enum: ["average", "differential"] },
					suspect: THRESHOLD,
					fail: THRESHOLD,
					isRelative: FLAG,
					mayFail: FLAG,
					reason: TEXT,
				},
				["suspect", "fail", "isRelative", "mayFail"],
			),
			rateOfChange: object(
				{
					suspectPerSecond: THRESHOLD,
					failPerSecond: THRESHOLD,
					isEqualTimeUnjudged: FLAG,
					mayFail: FLAG,
					reason: TEXT,
				},
				["failPerSecond", "isEqualTimeUnjudged", "mayFail"],
			),
			flatLine: object(
				{
					suspectSeconds: SECONDS,
					failSeconds: SECONDS,
					tolerance: THRESHOLD,
					validValuesMin: COUNT,
					valueMin: VALUE,
					reason: TEXT,
				},
				["validValuesMin", "valueMin"],
			),
			attenuatedSignal: object(
				{
					check: { type: "string", enum: ["std", "range"] },
					suspect: THRESHOLD,
					fail: THRESHOLD,
					periodSeconds: SECONDS,
					validValuesMin: COUNT,
					reason: TEXT,
				},
				["validValuesMin"],
			),
		},
		["grossRange", "climatology", "spike", "rateOfChange", "flatLine", "attenuatedSignal"],
	);
}

function head(document: string): Readonly<Record<string, Schema>> {
	return {
		document: { type: "string", const: document },
		schema: { type: "integer", const: 1, minimum: 1, maximum: 1 },
		station: { type: "string", format: "station" },
		version: { type: "integer", minimum: 1, maximum: VERSION_MAX },
	};
}

const FOULING: Schema = object({
	stationFouled: VALUE,
	stationCleaned: VALUE,
	fieldFouled: VALUE,
	fieldCleaned: VALUE,
});

/** A standard by its worth at its temperature. */
const DRIFT: Schema = list(object({ standard: VALUE, reading: VALUE }), STANDARDS_MAX, 1);

/** At a visit also by its name and temperature. */
const VISIT_DRIFT: Schema = list(
	object(
		{
			standard: VALUE,
			solution: { type: "string", enum: STANDARD_NAMES },
			celsius: { type: "number", minimum: -5, maximum: 50 },
			reading: VALUE,
		},
		["standard", "solution", "celsius"],
	),
	STANDARDS_MAX,
	1,
);

const CORRECTIONS: Schema = list(
	object(
		{
			id: IDENTIFIER,
			channel: CHANNEL,
			from: TIME,
			to: TIME,
			decision: { type: "string", enum: ["apply", "leave"] },
			reason: TEXT,
			fouling: FOULING,
			drift: DRIFT,
		},
		["fouling", "drift"],
	),
	ITEMS_MAX,
);

export const DOCUMENT_SCHEMAS = Object.freeze({
	"bistrina-policy": object(
		{
			...head("bistrina-policy"),
			validFrom: TIME,
			reason: TEXT,
			intervalSeconds: SECONDS,
			gapSeconds: SECONDS,
			conductivity: object(
				{
					law: { type: "string", enum: ["as-configured", "iso-7888", "linear"] },
					alphaPerMillionPerDegree: { type: "integer", minimum: 1, maximum: 65_535 },
					reason: TEXT,
				},
				["alphaPerMillionPerDegree"],
			),
			stationSuspect: flagList(STATION_FLAGS),
			channels: object({
				ph: channelOf({}),
				temperature: channelOf({}),
				ec25: channelOf({}),
				turbidity: channelOf({ unit: { type: "string", enum: TURBIDITY_UNITS } }),
			}),
			limits: list(
				object(
					{
						class: IDENTIFIER,
						quantity: {
							type: "string",
							enum: ["ph", "temperature", "ec25", "ec20", "turbidity"],
						},
						low: VALUE,
						high: VALUE,
						reason: TEXT,
					},
					["low", "high"],
				),
				LIMITS_MAX,
			),
		},
		["gapSeconds"],
	),
	"bistrina-corrections": object({
		...head("bistrina-corrections"),
		operator: TEXT,
		date: { type: "string", format: "date" },
		corrections: CORRECTIONS,
	}),
	"bistrina-correction-proposal": object({
		...head("bistrina-correction-proposal"),
		corrections: CORRECTIONS,
	}),
	"bistrina-visits": object({
		...head("bistrina-visits"),
		visits: list(
			object({
				id: IDENTIFIER,
				time: TIME,
				who: TEXT,
				checks: list(
					object({ channel: CHANNEL, fouling: FOULING, drift: VISIT_DRIFT }, ["fouling", "drift"]),
					4,
					1,
				),
			}),
			ITEMS_MAX,
		),
	}),
	"bistrina-approvals": object({
		...head("bistrina-approvals"),
		operator: TEXT,
		date: { type: "string", format: "date" },
		approvals: list(object({ channel: CHANNEL, from: TIME, to: TIME, reason: TEXT }), ITEMS_MAX),
	}),
} satisfies Record<string, Schema>);

export type DocumentKind = keyof typeof DOCUMENT_SCHEMAS;

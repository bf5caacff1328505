/** The eight sets of SensorThings 1.1 (OGC 18-088, section 8.2): what they hold and how they hang together. */

export const SETS = Object.freeze([
	"Things",
	"Locations",
	"HistoricalLocations",
	"Datastreams",
	"Sensors",
	"ObservedProperties",
	"Observations",
	"FeaturesOfInterest",
] as const);

export type SetName = (typeof SETS)[number];

export interface Relation {
	readonly to: SetName;
	readonly isMany: boolean;
}

const one = (to: SetName): Relation => ({ to, isMany: false });
const many = (to: SetName): Relation => ({ to, isMany: true });

export const RELATIONS: Readonly<Record<SetName, Readonly<Record<string, Relation>>>> =
	Object.freeze({
		Things: {
			Datastreams: many("Datastreams"),
			Locations: many("Locations"),
			HistoricalLocations: many("HistoricalLocations"),
		},
		Locations: { Things: many("Things"), HistoricalLocations: many("HistoricalLocations") },
		HistoricalLocations: { Thing: one("Things"), Locations: many("Locations") },
		Datastreams: {
			Thing: one("Things"),
			Sensor: one("Sensors"),
			ObservedProperty: one("ObservedProperties"),
			Observations: many("Observations"),
		},
		Sensors: { Datastreams: many("Datastreams") },
		ObservedProperties: { Datastreams: many("Datastreams") },
		Observations: {
			Datastream: one("Datastreams"),
			FeatureOfInterest: one("FeaturesOfInterest"),
		},
		FeaturesOfInterest: { Observations: many("Observations") },
	});

/** In the order in which they are written. */
export const PROPERTIES: Readonly<Record<SetName, readonly string[]>> = Object.freeze({
	Things: ["name", "description", "properties"],
	Locations: ["name", "description", "encodingType", "location", "properties"],
	HistoricalLocations: ["time"],
	Datastreams: [
		"name",
		"description",
		"observationType",
		"unitOfMeasurement",
		"phenomenonTime",
		"resultTime",
		"properties",
	],
	Sensors: ["name", "description", "encodingType", "metadata", "properties"],
	ObservedProperties: ["name", "definition", "description", "properties"],
	Observations: ["phenomenonTime", "resultTime", "result", "resultQuality", "parameters"],
	FeaturesOfInterest: ["name", "description", "encodingType", "feature", "properties"],
});

/** Something of a set, whatever it is made of. */
export interface Entity {
	readonly set: SetName;
	readonly id: number;
	/** As JSON has it; undefined where it has none. */
	property(name: string): unknown;
	/** The one of a relation to one. */
	one(relation: string): Entity | undefined;
	/** All of a relation to many but Observations, which are asked for in pages. */
	many(relation: string): readonly Entity[];
}

export function isSet(name: string): name is SetName {
	return (SETS as readonly string[]).includes(name);
}

export function relationOf(set: SetName, name: string): Relation | undefined {
	const relations = RELATIONS[set];
	return Object.hasOwn(relations, name) ? relations[name] : undefined;
}

/** What a reader asked that cannot be answered: its status and why. */
export class Refusal extends Error {
	override readonly name = "Refusal";
	readonly status: 400 | 404 | 501;

	constructor(status: 400 | 404 | 501, message: string) {
		super(message);
		this.status = status;
	}
}

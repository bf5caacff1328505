/** Rows of the readers' interface for SensorThings: the root, each set, and every path below. */
import { type Asked, JSON_TYPE, type Parameter, type Route } from "../route.js";
import { SENSORTHINGS_ROOT, sensorThings } from "./service.js";
import { SETS } from "./sets.js";

const OPTIONS: readonly Parameter[] = Object.freeze(
	(
		[
			["$filter", "Which; OData as OGC 18-088 has it.", "id gt 0"],
			["$orderby", "In which order.", "id"],
			["$top", "At most so many.", "10"],
			["$skip", "After so many.", "0"],
			["$count", "How many there are.", "true"],
			["$select", "Which properties.", "id"],
			["$expand", "With which relations.", ""],
		] as const
	).map(([name, description, example]) => ({
		name,
		in: "query" as const,
		description,
		...(example === "" ? {} : { example }),
	})),
);

const answer = ({ library, request, names }: Asked) =>
	// An encoded slash parts as a plain one does.
	sensorThings(
		library,
		request,
		(names.get("path") ?? "").split("/").filter((segment) => segment !== ""),
	);

export const SENSORTHINGS_ROUTES: readonly Route[] = Object.freeze([
	{
		path: SENSORTHINGS_ROOT,
		summary: "OGC SensorThings API 1.1, reading: its sets and what it conforms to.",
		type: JSON_TYPE,
		parameters: [],
		answer,
	},
	...SETS.map((set) => ({
		path: `${SENSORTHINGS_ROOT}/${set}`,
		summary: `SensorThings: ${set}.`,
		type: JSON_TYPE,
		parameters: OPTIONS,
		answer: (asked: Asked) => sensorThings(asked.library, asked.request, [set]),
	})),
	{
		path: `${SENSORTHINGS_ROOT}/{path}`,
		isRest: true,
		summary: "SensorThings: one of a set, what it is related to, a property, $value, $ref.",
		type: JSON_TYPE,
		parameters: [
			{
				name: "path",
				in: "path" as const,
				description: "As Things(1)/Datastreams(8)/Observations; slashes are part of it.",
			},
			...OPTIONS,
		],
		answer,
	},
]);

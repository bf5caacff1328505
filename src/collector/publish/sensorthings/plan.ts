/** What a question about Observations can be answered out of: which streams, which days, in which order. */
import type { Expression } from "./expression.js";
import type { Stream } from "./model.js";
import { type Bounds, EVER, type WalkOrder } from "./observations.js";
import type { Ordering } from "./options.js";

export interface Narrowed {
	readonly streams: readonly Stream[];
	readonly bounds: Bounds;
	/** The filter says no more than streams and bounds do. */
	readonly isExact: boolean;
}

const TIMES = Object.freeze(["phenomenonTime", "resultTime"]);

/** What a filter holds at most; it is asked of each Observation besides, unless it says no more. */
export function narrowed(streams: readonly Stream[], filter: Expression | undefined): Narrowed {
	let found: Narrowed = { streams, bounds: EVER, isExact: true };
	for (const part of conjuncts(filter)) found = narrowedBy(found, part);
	return found;
}

function conjuncts(filter: Expression | undefined): Expression[] {
	if (filter === undefined) return [];
	if (filter.kind === "binary" && filter.operator === "and")
		return [...conjuncts(filter.left), ...conjuncts(filter.right)];
	return [filter];
}

function narrowedBy(found: Narrowed, part: Expression): Narrowed {
	const other = { ...found, isExact: false };
	if (part.kind !== "binary" || part.left.kind !== "path") return other;
	const { operator, right } = part;
	const name = part.left.segments.join("/").replaceAll("@iot.id", "id");
	if (TIMES.includes(name) && right.kind === "instant") {
		const { from, to } = found.bounds;
		const { seconds } = right;
		// Times of readings are whole seconds.
		if (operator === "ge") return bounded(found, Math.max(from, Math.ceil(seconds)), to);
		if (operator === "gt") return bounded(found, Math.max(from, Math.floor(seconds) + 1), to);
		if (operator === "le") return bounded(found, from, Math.min(to, Math.floor(seconds)));
		if (operator === "lt") return bounded(found, from, Math.min(to, Math.ceil(seconds) - 1));
		if (operator === "eq" && Number.isInteger(seconds))
			return bounded(found, Math.max(from, seconds), Math.min(to, seconds));
		return other;
	}
	if (operator !== "eq" || right.kind !== "literal" || typeof right.value !== "number")
		return other;
	const { value } = right;
	const isOf: Readonly<Record<string, (stream: Stream) => boolean>> = {
		"Datastream/id": ({ id }) => id === value,
		"Datastream/Sensor/id": ({ id }) => id === value,
		"Datastream/Thing/id": ({ stationNumber }) => stationNumber === value,
		"FeatureOfInterest/id": ({ stationNumber }) => stationNumber === value,
	};
	const isIn = Object.hasOwn(isOf, name) ? isOf[name] : undefined;
	return isIn === undefined ? other : { ...found, streams: found.streams.filter(isIn) };
}

function bounded(found: Narrowed, from: number, to: number): Narrowed {
	return { ...found, bounds: { from, to } };
}

/** The walk that gives an order; undefined where all that is found must be sorted. */
export function walkOf(
	orderBy: readonly Ordering[],
	streams: readonly Stream[],
): WalkOrder | undefined {
	const names = orderBy.map(({ expression, isDescending }) => {
		const name = expression.kind === "path" ? expression.segments.join("/") : "";
		return `${name.replaceAll("@iot.id", "id")}${isDescending ? " desc" : ""}`;
	});
	const isOne = streams.length <= 1;
	const shownNames = names.join(",").replace("resultTime", "phenomenonTime");
	if (shownNames === "" || shownNames === "Datastream/id,phenomenonTime")
		return isOne ? "rising" : "grouped";
	if (shownNames === "phenomenonTime" || shownNames === "phenomenonTime,id") return "rising";
	if (shownNames === "phenomenonTime desc" || shownNames === "phenomenonTime desc,id desc")
		return "falling";
	return undefined;
}

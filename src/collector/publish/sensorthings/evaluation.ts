/**
 * What an expression is of an entity. Like databases: what is compared with a missing value is neither true nor false,
 * and a path over a relation to many is true where it is of any of them.
 */
import type { BinaryOperator, Expression } from "./expression.js";
import { callOf } from "./functions.js";
import { secondsOfInstant } from "./instants.js";
import { type Entity, PROPERTIES, Refusal, relationOf, type SetName } from "./sets.js";
import type { Geometry, Instant, Value } from "./values.js";

export type Evaluation = (entity: Entity) => Value;

const TIMES: ReadonlySet<string> = new Set(["phenomenonTime", "resultTime", "time"]);

/** Throws Refusal for what no entity of the set has. */
export function compiled(expression: Expression, set: SetName, nowSeconds: number): Evaluation {
	switch (expression.kind) {
		case "literal": {
			const { value } = expression;
			return () => value;
		}
		case "instant": {
			const value: Instant = { kind: "instant", seconds: expression.seconds };
			if (Number.isNaN(value.seconds)) throw new Refusal(400, "a time that there is not");
			return () => value;
		}
		case "geography": {
			const value: Geometry = { kind: "geometry", text: expression.text };
			return () => value;
		}
		case "path": {
			const all = pathOf(expression.segments, set);
			return (entity) => all(entity)[0] ?? null;
		}
		case "not": {
			const of = compiled(expression.of, set, nowSeconds);
			return (entity) => {
				const value = of(entity);
				return typeof value === "boolean" ? !value : null;
			};
		}
		case "negative": {
			const of = compiled(expression.of, set, nowSeconds);
			return (entity) => {
				const value = of(entity);
				return typeof value === "number" ? -value : null;
			};
		}
		case "call": {
			const given = expression.given.map((each) => compiled(each, set, nowSeconds));
			const call = callOf(expression.name, given.length, nowSeconds);
			return (entity) => call(given.map((each) => each(entity)));
		}
		case "binary":
			return binary(expression, set, nowSeconds);
	}
}

export function isTrue(value: Value): boolean {
	return value === true;
}

function binary(
	{ operator, left, right }: Expression & { readonly kind: "binary" },
	set: SetName,
	nowSeconds: number,
): Evaluation {
	const [a, b] = [left, right].map((each) => compiled(each, set, nowSeconds));
	if (a === undefined || b === undefined) throw new TypeError("a side is missing");
	if (operator === "and")
		return (entity) => {
			const value = a(entity);
			if (value === false) return false;
			const other = b(entity);
			return other === false ? false : value === true && other === true ? true : null;
		};
	if (operator === "or")
		return (entity) => {
			const value = a(entity);
			if (value === true) return true;
			const other = b(entity);
			return other === true ? true : value === false && other === false ? false : null;
		};
	const many = [left, right].map((each) =>
		each.kind === "path" && isOfMany(each.segments, set) ? pathOf(each.segments, set) : undefined,
	);
	if (many[0] !== undefined)
		return (entity) =>
			many[0]?.(entity).some((value) => operated(operator, value, b(entity)) === true) ?? null;
	if (many[1] !== undefined)
		return (entity) =>
			many[1]?.(entity).some((value) => operated(operator, a(entity), value) === true) ?? null;
	return (entity) => operated(operator, a(entity), b(entity));
}

function operated(operator: BinaryOperator, a: Value, b: Value): Value {
	switch (operator) {
		case "eq":
		case "ne": {
			// `eq null` asks whether there is a value.
			const isSame = a === null || b === null ? a === b : sameness(a, b);
			return isSame === null ? null : (operator === "eq") === isSame;
		}
		case "gt":
		case "ge":
		case "lt":
		case "le":
			return compared(operator, a, b);
		default:
			return typeof a === "number" && typeof b === "number" ? calculated(operator, a, b) : null;
	}
}

function sameness(a: Value, b: Value): boolean | null {
	const [one, other] = [boundsOf(a), boundsOf(b)];
	if (one !== undefined && other !== undefined)
		return one.from === other.from && one.to === other.to;
	return typeof a === typeof b && typeof a !== "object" ? a === b : null;
}

function compared(operator: "gt" | "ge" | "lt" | "le", a: Value, b: Value): boolean | null {
	const [one, other] = [boundsOf(a), boundsOf(b)];
	if (one !== undefined && other !== undefined) {
		if (operator === "gt") return one.from > other.to;
		if (operator === "ge") return one.from >= other.to;
		return operator === "lt" ? one.to < other.from : one.to <= other.from;
	}
	const isComparable =
		(typeof a === "number" && typeof b === "number") ||
		(typeof a === "string" && typeof b === "string");
	if (!isComparable) return null;
	if (operator === "gt") return a > b;
	if (operator === "ge") return a >= b;
	return operator === "lt" ? a < b : a <= b;
}

function boundsOf(value: Value): { readonly from: number; readonly to: number } | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	if (value.kind === "instant") return { from: value.seconds, to: value.seconds };
	return value.kind === "interval" ? value : undefined;
}

function calculated(operator: BinaryOperator, a: number, b: number): number | null {
	switch (operator) {
		case "add":
			return a + b;
		case "sub":
			return a - b;
		case "mul":
			return a * b;
		case "div":
			return b === 0 ? null : a / b;
		case "mod":
			return b === 0 ? null : a % b;
		default:
			return null;
	}
}

/** Order of two values: missing ones first, then by type, so that any order is the same each time. */
export function compareValues(a: Value, b: Value): number {
	const [one, other] = [sortable(a), sortable(b)];
	if (one.rank !== other.rank) return one.rank - other.rank;
	if (one.value === other.value) return 0;
	return one.value < other.value ? -1 : 1;
}

function sortable(value: Value): { readonly rank: number; readonly value: number | string } {
	if (value === null) return { rank: 0, value: 0 };
	if (typeof value === "boolean") return { rank: 1, value: Number(value) };
	if (typeof value === "number") return { rank: 2, value };
	if (typeof value === "string") return { rank: 3, value };
	const bounds = boundsOf(value);
	if (bounds !== undefined) return { rank: 4, value: bounds.from };
	return { rank: 5, value: 0 };
}

function isOfMany(segments: readonly string[], set: SetName): boolean {
	const relation = relationOf(set, segments[0] ?? "");
	if (relation === undefined) return false;
	return relation.isMany || isOfMany(segments.slice(1), relation.to);
}

function pathOf(segments: readonly string[], set: SetName): (entity: Entity) => readonly Value[] {
	const [name = "", ...rest] = segments;
	const relation = relationOf(set, name);
	if (relation !== undefined) {
		if (relation.to === "Observations")
			throw new Refusal(501, "Observations of others are asked for by /Observations");
		if (rest.length === 0) throw new Refusal(400, `${name} is no value`);
		const further = pathOf(rest, relation.to);
		if (relation.isMany) return (entity) => entity.many(name).flatMap(further);
		return (entity) => {
			const found = entity.one(name);
			return found === undefined ? [] : further(found);
		};
	}
	if (name === "id" || name === "@iot.id") return ({ id }) => [id];
	if (!PROPERTIES[set].includes(name)) throw new Refusal(400, `${set} have no ${name}`);
	return (entity) => [typedValue(name, inside(entity.property(name), rest))];
}

function inside(value: unknown, keys: readonly string[]): unknown {
	return keys.reduce<unknown>((found, key) => {
		const isObject = typeof found === "object" && found !== null && Object.hasOwn(found, key);
		return isObject ? (found as Record<string, unknown>)[key] : undefined;
	}, value);
}

function typedValue(name: string, value: unknown): Value {
	if (typeof value === "number" || typeof value === "boolean") return value;
	if (typeof value === "string") return TIMES.has(name) ? timeOf(value) : value;
	if (typeof value !== "object" || value === null) return null;
	const of = value as Record<string, unknown>;
	if (name !== "location" && name !== "feature") return { kind: "structure", of };
	const { coordinates } = (of["geometry"] ?? {}) as { coordinates?: [number, number] };
	return coordinates === undefined ? null : { kind: "geometry", point: coordinates };
}

function timeOf(text: string): Value {
	const [from, to] = text.split("/").map(secondsOfInstant);
	if (from === undefined) return null;
	return to === undefined ? { kind: "instant", seconds: from } : { kind: "interval", from, to };
}

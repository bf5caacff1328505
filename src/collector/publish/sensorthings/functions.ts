/**
 * Functions of `$filter` (OGC 18-088, table 23): those of texts, of times, of numbers, and of places what holds of points.
 * The others are answered with 501, so that the requirement `built-in-query-functions` is not declared.
 */
import { isoTextOf } from "../../../core/calendar.js";
import { Refusal } from "./sets.js";
import type { Geometry, Value } from "./values.js";

type Call = (given: readonly Value[]) => Value;

interface Row {
	readonly least: number;
	readonly most: number;
	readonly call: Call;
}

/** Longer texts come of nothing that is stored here. */
const TEXT_CHARACTERS_MAX = 4096;
const CORNERS_MAX = 1000;

const ofTexts = (count: number, call: (...texts: string[]) => Value): Row => ({
	least: count,
	most: count,
	call: (given) =>
		given.every((each) => typeof each === "string") ? call(...(given as string[])) : null,
});
const ofTime = (call: (date: Date) => number | string): Row => ({
	least: 1,
	most: 1,
	call: ([value]) => {
		const seconds = secondsOf(value);
		return seconds === undefined ? null : call(new Date(seconds * 1000));
	},
});
const ofNumber = (call: (value: number) => number): Row => ({
	least: 1,
	most: 1,
	call: ([value]) => (typeof value === "number" ? call(value) : null),
});
const ofGeometries = (call: (a: Geometry, b: Geometry) => Value): Row => ({
	least: 2,
	most: 2,
	call: ([a, b]) => {
		const [one, other] = [geometry(a), geometry(b)];
		return one === undefined || other === undefined ? null : call(one, other);
	},
});

const intersect = ofGeometries((a, b) => meets(a, b));

const ROWS: Readonly<Record<string, Row>> = Object.freeze({
	substringof: ofTexts(2, (part, text) => text.includes(part)),
	contains: ofTexts(2, (text, part) => text.includes(part)),
	endswith: ofTexts(2, (text, end) => text.endsWith(end)),
	startswith: ofTexts(2, (text, start) => text.startsWith(start)),
	length: ofTexts(1, (text) => text.length),
	indexof: ofTexts(2, (text, part) => text.indexOf(part)),
	substring: {
		least: 2,
		most: 3,
		call: ([text, from, count]) => {
			if (typeof text !== "string" || typeof from !== "number") return null;
			return text.slice(from, typeof count === "number" ? from + count : undefined);
		},
	},
	tolower: ofTexts(1, (text) => text.toLowerCase()),
	toupper: ofTexts(1, (text) => text.toUpperCase()),
	trim: ofTexts(1, (text) => text.trim()),
	concat: ofTexts(2, (a, b) => (a + b).slice(0, TEXT_CHARACTERS_MAX)),
	year: ofTime((date) => date.getUTCFullYear()),
	month: ofTime((date) => date.getUTCMonth() + 1),
	day: ofTime((date) => date.getUTCDate()),
	hour: ofTime((date) => date.getUTCHours()),
	minute: ofTime((date) => date.getUTCMinutes()),
	second: ofTime((date) => date.getUTCSeconds()),
	fractionalseconds: ofTime((date) => date.getUTCMilliseconds() / 1000),
	date: ofTime((date) => isoTextOf(Math.floor(date.getTime() / 1000)).slice(0, 10)),
	time: ofTime((date) => isoTextOf(Math.floor(date.getTime() / 1000)).slice(11, 19)),
	// All times here are UTC.
	totaloffsetminutes: ofTime(() => 0),
	mindatetime: instant(() => Date.parse("0001-01-01T00:00:00Z") / 1000),
	maxdatetime: instant(() => Date.parse("9999-12-31T23:59:59Z") / 1000),
	now: instant((nowSeconds) => nowSeconds),
	// Halves upwards, as OData has it of positive ones; of negative ones away from zero.
	round: ofNumber((value) => Math.sign(value) * Math.round(Math.abs(value))),
	floor: ofNumber(Math.floor),
	ceiling: ofNumber(Math.ceil),
	"geo.distance": ofGeometries((a, b) => {
		const [one, other] = [pointOf(a), pointOf(b)];
		if (one === undefined || other === undefined) return null;
		return Math.hypot(one[0] - other[0], one[1] - other[1]);
	}),
	"geo.intersects": intersect,
	st_intersects: intersect,
	st_within: ofGeometries((a, b) => (pointOf(a) === undefined ? null : meets(a, b))),
	st_contains: ofGeometries((a, b) => (pointOf(b) === undefined ? null : meets(a, b))),
	st_disjoint: ofGeometries((a, b) => {
		const value = meets(a, b);
		return value === null ? null : !value;
	}),
	st_equals: ofGeometries((a, b) => {
		const [one, other] = [pointOf(a), pointOf(b)];
		if (one === undefined || other === undefined) return null;
		return one[0] === other[0] && one[1] === other[1];
	}),
});

/** Named by the standard, and answered by nobody here: stations are points. */
const NOT_HERE: ReadonlySet<string> = new Set([
	"geo.length",
	"st_touches",
	"st_overlaps",
	"st_crosses",
	"st_relate",
	"cast",
	"isof",
]);

/** Throws Refusal where there is no such function, or not of so many values. */
export function callOf(name: string, count: number, nowSeconds: number): Call {
	if (NOT_HERE.has(name)) throw new Refusal(501, `${name} is not implemented`);
	const row = Object.hasOwn(ROWS, name) ? ROWS[name] : undefined;
	if (row === undefined) throw new Refusal(400, `there is no function ${name}`);
	if (count < row.least || count > row.most)
		throw new Refusal(400, `${name} takes another number of values`);
	return name === "now" ? () => ({ kind: "instant", seconds: nowSeconds }) : row.call;
}

function instant(seconds: (nowSeconds: number) => number): Row {
	return { least: 0, most: 0, call: () => ({ kind: "instant", seconds: seconds(0) }) };
}

function secondsOf(value: Value | undefined): number | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	if (value.kind === "instant") return value.seconds;
	return value.kind === "interval" ? value.from : undefined;
}

function geometry(value: Value | undefined): Geometry | undefined {
	return typeof value === "object" && value?.kind === "geometry" ? value : undefined;
}

type Point = readonly [longitude: number, latitude: number];

function pointOf({ point, text = "" }: Geometry): Point | undefined {
	if (point !== undefined) return point;
	const [corner] = /^\s*POINT\s*\(([^()]*)\)\s*$/i.exec(text) === null ? [] : cornersOf(text);
	return corner;
}

/** A point in a polygon, or two points that are one; null for other shapes. */
function meets(a: Geometry, b: Geometry): boolean | null {
	const [one, other] = [pointOf(a), pointOf(b)];
	if (one !== undefined && other !== undefined) return one[0] === other[0] && one[1] === other[1];
	if (one !== undefined) return isWithin(one, b);
	return other === undefined ? null : isWithin(other, a);
}

function isWithin([x, y]: Point, { text = "" }: Geometry): boolean | null {
	const rings = /^\s*POLYGON\s*\((.*)\)\s*$/is.exec(text)?.[1]?.match(/\([^()]*\)/g);
	if (rings === undefined || rings === null) return null;
	// Holes count by the even-odd rule.
	let isInside = false;
	for (const ring of rings) {
		const corners = cornersOf(ring);
		corners.forEach(([ax, ay], at) => {
			const [bx, by] = corners[(at + 1) % corners.length] ?? [ax, ay];
			if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside;
		});
	}
	return isInside;
}

function cornersOf(text: string): Point[] {
	const inner = /\(([^()]*)\)/.exec(text)?.[1] ?? "";
	return inner
		.split(",")
		.slice(0, CORNERS_MAX)
		.map((corner) => corner.trim().split(/\s+/).map(Number))
		.filter((corner) => corner.length >= 2 && corner.every(Number.isFinite))
		.map(([x = 0, y = 0]): Point => [x, y]);
}

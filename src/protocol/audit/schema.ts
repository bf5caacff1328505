/**
 * JSON documents against a schema, with all problems at once. The schemas are JSON Schema (2020-12) in the part that
 * is needed here, and are published as they stand (docs/schema); texts are checked by named formats in place
 * of patterns, because the station's engine runs no regular expressions.
 */

import { civilDateOf, dayNumberOf, dayNumberOfDate } from "../../core/calendar.js";
import { isDigit, isLetter, isLowerLetter, isTextOf } from "../../core/text.js";

export type TextFormat = "date-time" | "date" | "identifier" | "station" | "text";

export type Schema =
	| {
			readonly type: "string";
			readonly description?: string;
			readonly const?: string;
			readonly enum?: readonly string[];
			readonly format?: TextFormat;
	  }
	| {
			readonly type: "number" | "integer";
			readonly description?: string;
			readonly const?: number;
			readonly minimum: number;
			readonly maximum: number;
	  }
	| { readonly type: "boolean"; readonly description?: string }
	| {
			readonly type: "array";
			readonly description?: string;
			readonly items: Schema;
			readonly minItems: number;
			readonly maxItems: number;
	  }
	| {
			readonly type: "object";
			readonly description?: string;
			readonly properties: Readonly<Record<string, Schema>>;
			readonly required: readonly string[];
			readonly additionalProperties: false;
	  };

/** Problems of a document that are listed at once; the rest is counted. */
export const PROBLEMS_MAX = 50;

const TEXT_CHARACTERS_MAX = 1000;
const IDENTIFIER_CHARACTERS_MAX = 24;
const STATION_CHARACTERS_MAX = 8;
/** Deeper than any schema here: a text of brackets alone must not exhaust the stack. */
const DEPTH_MAX = 16;

/** A document's text as a value, or why it is none. */
export function parsedJson(
	text: string,
): { readonly value: unknown } | { readonly problem: string } {
	const twice = nameGivenTwice(text);
	if (twice !== undefined) return { problem: twice };
	try {
		return { value: JSON.parse(text) as unknown };
	} catch (error) {
		if (error instanceof SyntaxError) return { problem: "is no JSON" };
		throw error;
	}
}

/** What of a value the schema does not allow, a sentence each. */
export function problemsOf(schema: Schema, value: unknown, at = ""): string[] {
	const problem = (text: string): string[] => [`${at === "" ? "the document" : at} ${text}`];
	switch (schema.type) {
		case "string": {
			if (typeof value !== "string") return problem(`must be text, not ${shown(value)}`);
			if (schema.const !== undefined && value !== schema.const) {
				return problem(`must be "${schema.const}", not ${shown(value)}`);
			}
			if (schema.enum !== undefined && !schema.enum.includes(value)) {
				return problem(`must be one of ${schema.enum.join(", ")}, not ${shown(value)}`);
			}
			return schema.format === undefined || isOfFormat(value, schema.format)
				? []
				: problem(`must be ${FORMAT_NAMES[schema.format]}, not ${shown(value)}`);
		}
		case "integer":
		case "number": {
			const { const: only, minimum, maximum } = schema;
			const isNumber =
				typeof value === "number" &&
				(schema.type === "number" ? Number.isFinite(value) : Number.isInteger(value));
			const what = schema.type === "number" ? "a number" : "a whole number";
			if (isNumber && only !== undefined && value !== only) {
				return problem(`must be ${only}, not ${value}`);
			}
			return isNumber && value >= minimum && value <= maximum
				? []
				: problem(`must be ${what} from ${minimum} to ${maximum}, not ${shown(value)}`);
		}
		case "boolean":
			return typeof value === "boolean"
				? []
				: problem(`must be true or false, not ${shown(value)}`);
		case "array": {
			const { items, minItems, maxItems } = schema;
			if (!Array.isArray(value)) return problem(`must be a list, not ${shown(value)}`);
			if (value.length < minItems || value.length > maxItems) {
				const count = minItems === maxItems ? `${minItems}` : `${minItems} to ${maxItems}`;
				return problem(`must have ${count} items, not ${value.length}`);
			}
			return value.flatMap((item: unknown, index) => problemsOf(items, item, `${at}[${index}]`));
		}
		case "object": {
			if (typeof value !== "object" || value === null || Array.isArray(value)) {
				return problem(`must be an object, not ${shown(value)}`);
			}
			const members = new Map<string, unknown>(Object.entries(value));
			const pathOf = (name: string): string => (at === "" ? name : `${at}.${name}`);
			const problems: string[] = [];
			for (const name of schema.required) {
				if (!members.has(name)) problems.push(`${pathOf(name)} is missing`);
			}
			const known = new Map(Object.entries(schema.properties));
			for (const [name, member] of members) {
				const property = known.get(name);
				if (property !== undefined) problems.push(...problemsOf(property, member, pathOf(name)));
				else problems.push(`${pathOf(name)} is not known: ${[...known.keys()].join(", ")} are`);
			}
			return problems;
		}
	}
}

const FORMAT_NAMES: Readonly<Record<TextFormat, string>> = Object.freeze({
	"date-time": "a time like 2026-10-01T06:00:00Z",
	date: "a date like 2026-10-01",
	identifier: `1 to ${IDENTIFIER_CHARACTERS_MAX} letters, digits, points, hyphens or underscores`,
	station: "a station's id, or * for any",
	text: `a text of 1 to ${TEXT_CHARACTERS_MAX} characters`,
});

function isOfFormat(text: string, format: TextFormat): boolean {
	switch (format) {
		case "date-time":
			return secondsOf(text) !== undefined;
		case "date":
			return text.length === 10 && secondsOf(`${text}T00:00:00Z`) !== undefined;
		case "identifier":
			return isTextOf(
				text,
				1,
				IDENTIFIER_CHARACTERS_MAX,
				(code) =>
					isDigit(code) || isLetter(code) || code === 0x2d || code === 0x2e || code === 0x5f,
			);
		case "station":
			return (
				text === "*" ||
				isTextOf(
					text,
					1,
					STATION_CHARACTERS_MAX,
					(code) => isDigit(code) || isLowerLetter(code) || code === 0x2d,
				)
			);
		case "text":
			return isTextOf(text, 1, TEXT_CHARACTERS_MAX, () => true);
	}
}

const TIME_SHAPE = "0000-00-00T00:00:00Z";

/** Unix seconds of "2026-10-01T06:00:00Z"; undefined for any other text and for dates that are none. */
export function secondsOf(text: string): number | undefined {
	if (text.length !== TIME_SHAPE.length) return undefined;
	for (let index = 0; index < text.length; index++) {
		const isExpected =
			TIME_SHAPE[index] === "0"
				? isDigit(text.charCodeAt(index))
				: text[index] === TIME_SHAPE[index];
		if (!isExpected) return undefined;
	}
	const number = (from: number, to: number): number => Number(text.slice(from, to));
	const date = { year: number(0, 4), month: number(5, 7), day: number(8, 10) };
	const [hour, minute, second] = [number(11, 13), number(14, 16), number(17, 19)];
	if (date.month < 1 || date.month > 12 || hour > 23 || minute > 59 || second > 59)
		return undefined;
	const day = dayNumberOfDate(date);
	const same = civilDateOf(day);
	if (same.day !== date.day || same.month !== date.month) return undefined;
	return day * 86_400 + hour * 3600 + minute * 60 + second;
}

/** The reverse; years of four digits. */
export function timeText(seconds: number): string {
	const day = dayNumberOf(seconds);
	const { year, month, day: dayOfMonth } = civilDateOf(day);
	const rest = seconds - day * 86_400;
	const hour = Math.floor(rest / 3600);
	const minute = Math.floor((rest - hour * 3600) / 60);
	const two = (number: number): string => (number < 10 ? `0${number}` : `${number}`);
	const four = `${year + 10_000}`.slice(1);
	return `${four}-${two(month)}-${two(dayOfMonth)}T${two(hour)}:${two(minute)}:${two(rest % 60)}Z`;
}

function shown(value: unknown): string {
	// JSON writes null for a number that is beyond what a number holds.
	if (typeof value === "number" && !Number.isFinite(value)) return "a number beyond all bounds";
	const text = JSON.stringify(value) ?? "nothing";
	return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/**
 * JSON gives the last of two members of one name, other readers the first: such a text means different things to
 * different people. Looks at names alone; whether the text is JSON at all is JSON.parse's to say.
 */
function nameGivenTwice(text: string): string | undefined {
	/** Names of each open object; undefined for a list. */
	const open: (Set<string> | undefined)[] = [];
	for (let index = 0; index < text.length; index++) {
		const character = text[index];
		if (character === "{") open.push(new Set());
		else if (character === "[") open.push(undefined);
		else if (character === "}" || character === "]") open.pop();
		else if (character === '"') {
			const end = endOfText(text, index);
			let next = end + 1;
			while (next < text.length && " \t\r\n".includes(text[next] ?? "")) next++;
			const names = open[open.length - 1];
			if (text[next] === ":" && names !== undefined) {
				const name = nameOf(text.slice(index, end + 1));
				if (names.has(name)) return `has "${name}" twice in one object`;
				names.add(name);
			}
			index = end;
		}
		if (open.length > DEPTH_MAX) return `is more than ${DEPTH_MAX} objects and lists deep`;
	}
	return undefined;
}

/** Index of the closing quote. */
function endOfText(text: string, first: number): number {
	let index = first + 1;
	while (index < text.length && text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
	return index;
}

/** Two spellings of one name are one name. */
function nameOf(quoted: string): string {
	try {
		return String(JSON.parse(quoted));
	} catch (error) {
		if (error instanceof SyntaxError) return quoted;
		throw error;
	}
}

/** System query options of a request, and of each `$expand` within it. Limits: docs/PUBLISHING.md, section 8. */
import { type Expression, parseExpression } from "./expression.js";
import { PROPERTIES, Refusal, relationOf, type SetName } from "./sets.js";

export interface Ordering {
	readonly expression: Expression;
	readonly isDescending: boolean;
}

export interface Expansion {
	readonly relation: string;
	readonly to: SetName;
	readonly isMany: boolean;
	readonly options: Options;
}

export interface Options {
	readonly filter: Expression | undefined;
	readonly orderBy: readonly Ordering[];
	readonly top: number | undefined;
	readonly skip: number;
	/** After which a page continues; ours, and nobody else's to make. */
	readonly token: string | undefined;
	readonly isCounted: boolean;
	/** Undefined: all. */
	readonly select: readonly string[] | undefined;
	readonly expand: readonly Expansion[];
	readonly isDataArray: boolean;
	/** As they came, for the link to the next page. */
	readonly given: ReadonlyMap<string, string>;
}

const EXPAND_DEPTH_MAX = 3;
const EXPANSIONS_MAX = 16;
const ORDERINGS_MAX = 8;
const SKIP_MAX = 1_000_000_000;

const KNOWN = Object.freeze([
	"$filter",
	"$orderby",
	"$top",
	"$skip",
	"$skiptoken",
	"$count",
	"$select",
	"$expand",
	"$resultFormat",
] as const);

/** Throws Refusal: 501 for an option that is not known, 400 for one that cannot be read. */
export function optionsOf(set: SetName, query: URLSearchParams): Options {
	const given = new Map<string, string>();
	for (const [name, value] of query) {
		// What has no dollar sign is none of the standard's.
		if (!name.startsWith("$")) continue;
		take(given, name, value);
	}
	return parsed(set, given, 1);
}

function take(given: Map<string, string>, name: string, value: string): void {
	if (!(KNOWN as readonly string[]).includes(name))
		throw new Refusal(501, `${name} is not implemented`);
	if (given.has(name)) throw new Refusal(400, `${name} comes twice`);
	given.set(name, value.trim());
}

function parsed(set: SetName, given: ReadonlyMap<string, string>, depth: number): Options {
	const optionOf = <Result>(name: string, parse: (text: string) => Result): Result | undefined => {
		const text = given.get(name);
		if (text === undefined) return undefined;
		try {
			return parse(text);
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			throw new Refusal(error.status, `${name}: ${error.message}`);
		}
	};
	return {
		filter: optionOf("$filter", parseExpression),
		orderBy: optionOf("$orderby", orderingsOf) ?? [],
		top: optionOf("$top", wholeNumber),
		skip: optionOf("$skip", wholeNumber) ?? 0,
		token: given.get("$skiptoken"),
		isCounted: optionOf("$count", truth) ?? false,
		select: optionOf("$select", (text) => selectionOf(set, text)),
		expand: optionOf("$expand", (text) => expansionsOf(set, text, depth)) ?? [],
		isDataArray: optionOf("$resultFormat", (text) => formatOf(set, text)) ?? false,
		given,
	};
}

function wholeNumber(text: string): number {
	if (!/^\d{1,10}$/.test(text) || Number(text) > SKIP_MAX)
		throw new Refusal(400, "must be a whole number");
	return Number(text);
}

function truth(text: string): boolean {
	if (text !== "true" && text !== "false") throw new Refusal(400, "must be true or false");
	return text === "true";
}

function formatOf(set: SetName, text: string): boolean {
	if (text !== "dataArray") throw new Refusal(501, `${text.slice(0, 40)} is not implemented`);
	if (set !== "Observations") throw new Refusal(400, "dataArray is of Observations");
	return true;
}

function orderingsOf(text: string): Ordering[] {
	const parts = partsOf(text, ",");
	if (parts.length > ORDERINGS_MAX) throw new Refusal(400, `more than ${ORDERINGS_MAX}`);
	return parts.map((part) => {
		// Some clients write the direction in capitals.
		const [, what = part, direction = "asc"] = /^(.*?)\s+(asc|desc)$/i.exec(part.trim()) ?? [];
		return {
			expression: parseExpression(what),
			isDescending: direction.toLowerCase() === "desc",
		};
	});
}

function selectionOf(set: SetName, text: string): string[] {
	const names = text.split(",").map((name) => name.trim());
	for (const name of names) {
		const isKnown =
			name === "id" ||
			name === "@iot.id" ||
			name === "@iot.selfLink" ||
			PROPERTIES[set].includes(name) ||
			relationOf(set, name) !== undefined;
		if (!isKnown) throw new Refusal(400, `${set} have no ${name.slice(0, 60)}`);
	}
	return names;
}

function expansionsOf(set: SetName, text: string, depth: number): Expansion[] {
	if (depth > EXPAND_DEPTH_MAX) throw new Refusal(400, `deeper than ${EXPAND_DEPTH_MAX}`);
	const parts = partsOf(text, ",");
	if (parts.length > EXPANSIONS_MAX) throw new Refusal(400, `more than ${EXPANSIONS_MAX}`);
	const expansions = new Map<string, Expansion>();
	for (const part of parts) {
		const [, path = "", inner] = /^\s*([A-Za-z/]+)\s*(?:\((.*)\))?\s*$/s.exec(part) ?? [];
		const [relation = "", ...rest] = path.split("/");
		const found = relationOf(set, relation);
		if (found === undefined) throw new Refusal(400, `${set} have no ${part.trim().slice(0, 60)}`);
		if (rest.length >= EXPAND_DEPTH_MAX) throw new Refusal(400, `deeper than ${EXPAND_DEPTH_MAX}`);
		const given = new Map<string, string>();
		if (rest.length > 0) {
			given.set("$expand", rest.join("/") + (inner === undefined ? "" : `(${inner})`));
		} else if (inner !== undefined) {
			for (const option of partsOf(inner, ";")) {
				const at = option.indexOf("=");
				take(given, option.slice(0, Math.max(at, 0)).trim(), option.slice(at + 1));
			}
		}
		const options = parsed(found.to, given, depth + 1);
		const before = expansions.get(relation);
		expansions.set(relation, { relation, ...found, options: both(before?.options, options) });
	}
	return [...expansions.values()];
}

/** `A/B,A/C` is A with both. */
function both(before: Options | undefined, options: Options): Options {
	if (before === undefined) return options;
	const texts = [before, options].flatMap(({ given }) => given.get("$expand") ?? []);
	const given = new Map([...before.given, ...options.given]);
	if (texts.length > 0) given.set("$expand", texts.join(","));
	return { ...before, expand: [...before.expand, ...options.expand], given };
}

/** Parts between a sign that is in no brackets and no quotes. Throws Refusal where these do not match. */
function partsOf(text: string, sign: "," | ";"): string[] {
	const parts: string[] = [];
	let depth = 0;
	let isQuoted = false;
	let from = 0;
	for (let at = 0; at < text.length; at++) {
		const letter = text[at];
		if (letter === "'") isQuoted = !isQuoted;
		if (isQuoted) continue;
		if (letter === "(") depth++;
		if (letter === ")" && --depth < 0) throw new Refusal(400, 'a ")" too many');
		if (letter === sign && depth === 0) {
			parts.push(text.slice(from, at));
			from = at + 1;
		}
	}
	if (depth > 0 || isQuoted) throw new Refusal(400, "a bracket or a quote is not closed");
	parts.push(text.slice(from));
	return parts;
}

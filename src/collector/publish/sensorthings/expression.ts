/** `$filter` and `$orderby` as trees (OData 4 as SensorThings 1.1 takes it, table 22 and 23), bounded in length and depth. */
import { secondsOfInstant } from "./instants.js";
import { Refusal } from "./sets.js";

export type BinaryOperator =
	| "or"
	| "and"
	| "eq"
	| "ne"
	| "gt"
	| "ge"
	| "lt"
	| "le"
	| "add"
	| "sub"
	| "mul"
	| "div"
	| "mod";

export type Expression =
	| { readonly kind: "literal"; readonly value: number | string | boolean | null }
	| { readonly kind: "instant"; readonly seconds: number }
	| { readonly kind: "geography"; readonly text: string }
	| { readonly kind: "path"; readonly segments: readonly string[] }
	| { readonly kind: "not" | "negative"; readonly of: Expression }
	| {
			readonly kind: "binary";
			readonly operator: BinaryOperator;
			readonly left: Expression;
			readonly right: Expression;
	  }
	| { readonly kind: "call"; readonly name: string; readonly given: readonly Expression[] };

/** The weakest first; of one level they are taken from the left. */
const LEVELS: readonly (readonly BinaryOperator[])[] = Object.freeze([
	["or"],
	["and"],
	["eq", "ne"],
	["gt", "ge", "lt", "le"],
	["add", "sub"],
	["mul", "div", "mod"],
]);
/** Brackets, calls and signs within each other: deeper ones are nobody's question. */
const DEPTH_MAX = 32;
/** Each is computed of each reading that a question looks at: of 400 000 forty million steps at most. */
const TOKENS_MAX = 100;
const SEGMENTS_MAX = 6;

interface Token {
	readonly kind: "word" | "number" | "text" | "instant" | "geography" | "sign";
	readonly text: string;
}

const TOKEN =
	/\s*(?:(?<instant>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))|(?<geography>geography'(?:[^']|'')*')|(?<text>'(?:[^']|'')*')|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)|(?<word>[@A-Za-z_][\w.@]*(?:\/[@A-Za-z_][\w.@]*)*)|(?<sign>[(),-]))/y;

export function parseExpression(text: string): Expression {
	const parser = new Parser(tokensOf(text));
	return parser.whole();
}

function tokensOf(text: string): Token[] {
	const tokens: Token[] = [];
	TOKEN.lastIndex = 0;
	const end = text.trimEnd().length;
	while (TOKEN.lastIndex < end) {
		const at = TOKEN.lastIndex;
		const groups = TOKEN.exec(text)?.groups;
		const [kind, found] = Object.entries(groups ?? {}).find(([, each]) => each !== undefined) ?? [];
		if (kind === undefined) throw new Refusal(400, `cannot be read from character ${at + 1} on`);
		tokens.push({ kind: kind as Token["kind"], text: found ?? "" });
		if (tokens.length > TOKENS_MAX) throw new Refusal(400, `more than ${TOKENS_MAX} words`);
	}
	return tokens;
}

class Parser {
	readonly #tokens: readonly Token[];
	#at = 0;
	#depth = 0;

	constructor(tokens: readonly Token[]) {
		this.#tokens = tokens;
	}

	whole(): Expression {
		const expression = this.#level(0);
		const left = this.#tokens[this.#at];
		if (left !== undefined) throw new Refusal(400, `nobody expects "${left.text}" there`);
		return expression;
	}

	#level(level: number): Expression {
		const operators = LEVELS[level];
		if (operators === undefined) return this.#unary();
		let left = this.#level(level + 1);
		for (;;) {
			const token = this.#tokens[this.#at];
			const operator = operators.find((each) => token?.kind === "word" && token.text === each);
			if (operator === undefined) return left;
			this.#at++;
			left = { kind: "binary", operator, left, right: this.#level(level + 1) };
		}
	}

	#unary(): Expression {
		const isNot = this.#isNext("word", "not");
		if (isNot || this.#isNext("sign", "-")) {
			this.#at++;
			const of = this.#deeper(() => this.#unary());
			return { kind: isNot ? "not" : "negative", of };
		}
		return this.#primary();
	}

	#primary(): Expression {
		const token = this.#tokens[this.#at++];
		if (token === undefined) throw new Refusal(400, "it ends too early");
		const { kind, text } = token;
		switch (kind) {
			case "number":
				return { kind: "literal", value: Number(text) };
			case "text":
				return { kind: "literal", value: unquoted(text) };
			case "instant":
				return { kind: "instant", seconds: secondsOfInstant(text) ?? Number.NaN };
			case "geography":
				return { kind: "geography", text: unquoted(text.slice("geography".length)) };
			case "sign": {
				if (text !== "(") throw new Refusal(400, `nobody expects "${text}" there`);
				const inner = this.#deeper(() => this.#level(0));
				this.#expect(")");
				return inner;
			}
			case "word":
				return this.#word(text);
		}
	}

	#word(text: string): Expression {
		if (text === "true" || text === "false") return { kind: "literal", value: text === "true" };
		if (text === "null") return { kind: "literal", value: null };
		if (!this.#isNext("sign", "(")) {
			const segments = text.split("/");
			if (segments.length > SEGMENTS_MAX) throw new Refusal(400, `${text}: too long a path`);
			return { kind: "path", segments };
		}
		this.#at++;
		const given: Expression[] = [];
		while (!this.#isNext("sign", ")")) {
			if (given.length > 0) this.#expect(",");
			given.push(this.#deeper(() => this.#level(0)));
		}
		this.#at++;
		return { kind: "call", name: text, given };
	}

	#deeper(parse: () => Expression): Expression {
		if (++this.#depth > DEPTH_MAX) throw new Refusal(400, `more than ${DEPTH_MAX} levels`);
		const expression = parse();
		this.#depth--;
		return expression;
	}

	#isNext(kind: Token["kind"], text: string): boolean {
		const token = this.#tokens[this.#at];
		return token?.kind === kind && token.text === text;
	}

	#expect(sign: string): void {
		if (!this.#isNext("sign", sign)) throw new Refusal(400, `a "${sign}" is missing`);
		this.#at++;
	}
}

function unquoted(text: string): string {
	return text.slice(1, -1).replaceAll("''", "'");
}

/**
 * Forms for which XS writes long byte code, in short ones that do the same here. Bytes of byte code each, SDK 8.2.3:
 *
 * - `yield* task` 119, `yield task` 22: `core/task.ts` runs a task that is yielded. All generators of the program are tasks.
 * - `for (const a of list)` 126, a `while` over its iterator 62. It is not closed when the loop is left early: arrays, maps and
 *   sets have nothing to close, and generators are not iterated.
 * - `const {a, b} = it` 9 more than `const a = it.a, b = it.b`; a parameter that is taken apart the same.
 * - `!0` 3, `true` 1.
 */
import type MagicString from "magic-string";
import { UnkeptForm } from "./refusals.js";
import { isFunction, type Node, nameOf, namesIn, nodeOf, nodesOf, walk } from "./syntax.js";

/** Gives the iterator of what is iterated. Members begin with a dollar, too, but no binding does. */
const ITERATOR = "$iterator";

export function yieldTasks(text: MagicString, tree: Node): void {
	walk(tree, (node) => {
		if (node.type !== "YieldExpression" || node["delegate"] !== true) return undefined;
		const argument = nodeOf(node, "argument");
		text.overwrite(node.start, argument.start, `yield ${opening(text, node, argument)}`);
		return undefined;
	});
}

/** Parentheses that stand before the argument. */
function opening(text: MagicString, node: Node, argument: Node): string {
	return text.original.slice(node.start, argument.start).replace(/^yield\s*\*\s*/, "");
}

/** @throws Error at a labelled loop, and at one that has no `const`. */
export function unrollIterations(text: MagicString, tree: Node): void {
	let isUsed = false;
	walk(tree, (node, parents) => {
		if (node.type !== "ForOfStatement") return undefined;
		if (parents.at(-1)?.type === "LabeledStatement")
			throw new UnkeptForm(node, "a label before for...of");
		const left = nodeOf(node, "left");
		if (left["kind"] !== "const") throw new UnkeptForm(node, "for...of without const");
		const [declarator] = nodesOf(left, "declarations");
		const pattern = sourceOf(text, nodeOf(declarator ?? left, "id"));
		const right = nodeOf(node, "right");
		const body = nodeOf(node, "body");
		for (const part of [left, right]) {
			walk(part, (each) => {
				if (each.type === "ForOfStatement") {
					throw new UnkeptForm(each, "for...of in what is iterated");
				}
				return undefined;
			});
		}
		isUsed = true;
		text.overwrite(
			node.start,
			body.start,
			`{const $each=${ITERATOR}(${right.type === "SequenceExpression" ? `(${sourceOf(text, right)})` : sourceOf(text, right)});let $step;` +
				`while(!($step=$each.next()).done){const ${pattern}=$step.value;`,
		);
		text.appendLeft(body.end, "}}");
		return undefined;
	});
	if (isUsed) text.prepend(`const ${ITERATOR}=(list)=>list[Symbol.iterator]();\n`);
}

/** A space where a word would come right after another. */
function gap(text: MagicString, node: Node): string {
	return /\w/.test(text.original.charAt(node.start - 1)) ? " " : "";
}

function sourceOf(text: MagicString, node: Node): string {
	return text.original.slice(node.start, node.end);
}

/** Patterns of plain names, without defaults and rests, below the outermost level. */
export function readMembers(text: MagicString, tree: Node): void {
	let count = 0;
	walk(tree, (node, parents) => {
		// What a generator takes apart it does when it is called, not when it begins.
		if (isFunction(node) && node["generator"] !== true && !hasDefaults(node)) {
			for (const pattern of nodesOf(node, "params")) {
				const names = plainNames(pattern);
				// They become constants.
				if (names === undefined || isAnySet(nodeOf(node, "body"), names)) continue;
				const whole = `$whole${count++}`;
				text.overwrite(pattern.start, pattern.end, whole);
				const reads = names.map(([key, name]) => `${name}=${whole}.${key}`).join(",");
				bodyBegins(text, node, `const ${reads};`);
			}
		}
		if (node.type !== "VariableDeclarator" || parents.length < 3) return undefined;
		const pattern = nodeOf(node, "id");
		const names = plainNames(pattern);
		if (names === undefined) return undefined;
		const init = nodeOf(node, "init");
		// Parentheses of its own would lose one of the two.
		if (text.original.slice(pattern.end, init.start).includes("(")) return undefined;
		const [only, ...others] = names;
		if (only !== undefined && others.length === 0) {
			text.overwrite(pattern.start, init.start, `${gap(text, pattern)}${only[1]}=(`);
			text.appendLeft(init.end, `).${only[0]}`);
			return undefined;
		}
		const whole = nameOf(init) ?? `$whole${count++}`;
		const reads = names.map(([key, name]) => `${name}=${whole}.${key}`).join(",");
		const space = gap(text, pattern);
		if (nameOf(init) !== undefined) text.overwrite(pattern.start, init.end, `${space}${reads}`);
		else {
			text.overwrite(pattern.start, init.start, `${space}${whole}=(`);
			text.appendLeft(init.end, `),${reads}`);
		}
		return undefined;
	});
}

/** Key and binding of each; undefined for every other pattern. */
function plainNames(pattern: Node): readonly (readonly [key: string, name: string])[] | undefined {
	if (pattern.type !== "ObjectPattern") return undefined;
	const names = nodesOf(pattern, "properties").map((each) => {
		if (each.type !== "Property" || each["computed"] === true) return undefined;
		const key = nameOf(each["key"]);
		const name = nameOf(each["value"]);
		return key === undefined || name === undefined ? undefined : ([key, name] as const);
	});
	const plain = names.filter((each) => each !== undefined);
	return plain.length === names.length && plain.length > 0 ? plain : undefined;
}

/** A default or a computed key may use what is taken apart before it. */
function hasDefaults(node: Node): boolean {
	let hasAny = false;
	for (const parameter of nodesOf(node, "params")) {
		walk(parameter, (each) => {
			if (each.type === "AssignmentPattern" || each["computed"] === true) hasAny = true;
			return undefined;
		});
	}
	return hasAny;
}

function isAnySet(body: Node, names: readonly (readonly [key: string, name: string])[]): boolean {
	let isSet = false;
	walk(body, (node) => {
		const target =
			node.type === "AssignmentExpression" || /^For(In|Of)Statement$/.test(node.type)
				? nodeOf(node, "left")
				: node.type === "UpdateExpression"
					? nodeOf(node, "argument")
					: undefined;
		// A member that is set is another's.
		if (target === undefined || /^(VariableDeclaration|MemberExpression)$/.test(target.type))
			return undefined;
		const set = namesIn(target);
		if (names.some(([, name]) => set.has(name))) isSet = true;
		return undefined;
	});
	return isSet;
}

function bodyBegins(text: MagicString, node: Node, statement: string): void {
	const body = nodeOf(node, "body");
	if (body.type === "BlockStatement") {
		text.appendRight(body.start + 1, statement);
		return;
	}
	const last = nodesOf(node, "params").at(-1);
	const arrow = text.original.indexOf("=>", last?.end ?? node.start) + 2;
	text.appendRight(arrow, `{${statement}return `);
	text.appendLeft(node.end, "}");
}

export function spellBooleans(text: MagicString, tree: Node): void {
	walk(tree, (node) => {
		if (node.type !== "UnaryExpression" || node["operator"] !== "!") return undefined;
		const value = nodeOf(node, "argument")["value"];
		if (value !== 0 && value !== 1) return undefined;
		text.overwrite(node.start, node.end, `${gap(text, node)}${value === 0}`);
		return undefined;
	});
}

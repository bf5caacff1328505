/**
 * `function f() {}` of the program's outermost level becomes `const f = () => {}` at its beginning: XS gives every
 * `function` a prototype and a home of its own, four slots, which nobody uses who does not call `new f()`.
 * Generators keep theirs, and so does who looks at `this` or `arguments`.
 */
import type MagicString from "magic-string";
import { isClass, isFunction, type Node, nameOf, nodeOf, nodesOf, walk } from "./syntax.js";

export function makeFunctionsArrows(text: MagicString, tree: Node): void {
	const statements = nodesOf(tree, "body");
	const top = statements.find((each) => each.type !== "ImportDeclaration")?.start;
	if (top === undefined) return;
	const constructed = new Set<string>();
	walk(tree, (node) => {
		const name = node.type === "NewExpression" ? nameOf(node["callee"]) : undefined;
		if (name !== undefined) constructed.add(name);
	});
	for (const node of statements) {
		if (
			node.type !== "FunctionDeclaration" ||
			node["generator"] === true ||
			node["async"] === true
		) {
			continue;
		}
		const name = nameOf(node["id"]) ?? "";
		if (constructed.has(name) || hasOwnContext(node)) continue;
		const body = nodeOf(node, "body");
		const parameters = nodesOf(node, "params");
		const first = parameters[0]?.start ?? body.start;
		const last = parameters.at(-1)?.end ?? body.start;
		if (parameters.length === 0) text.overwrite(node.start, body.start, `const ${name} = () => `);
		else {
			text.overwrite(node.start, first, `const ${name} = (`);
			text.overwrite(last, body.start, ") => ");
		}
		text.appendLeft(node.end, ";\n");
		if (node.start !== top) text.move(node.start, node.end, top);
	}
}

function hasOwnContext(node: Node): boolean {
	let refersToItself = false;
	walk(node, (each) => {
		if (
			each !== node &&
			(isClass(each) || (isFunction(each) && each.type !== "ArrowFunctionExpression"))
		) {
			return false;
		}
		if (/^(ThisExpression|MetaProperty)$/.test(each.type) || nameOf(each) === "arguments") {
			refersToItself = true;
		}
		return undefined;
	});
	return refersToItself;
}

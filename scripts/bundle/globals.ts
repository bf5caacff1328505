/**
 * What the program declares at its outermost level becomes a property of `globalThis`: XS gives each function a
 * slot for every outer binding that it uses and two more for having any, and reads a global by its key. The machine
 * has no other program. All of it is constant, and functions come first, as they were hoisted.
 */
import type MagicString from "magic-string";
import { type Node, nameOf, nodeOf, nodesOf } from "./syntax.js";

const GLOBAL = "globalThis";

/** @throws Error at a statement of a form that no bundle had so far. */
export function makeBindingsGlobal(text: MagicString, tree: Node): void {
	const statements = nodesOf(tree, "body");
	const top = statements.find((each) => each.type !== "ImportDeclaration")?.start ?? 0;
	for (const node of statements) {
		switch (node.type) {
			case "ImportDeclaration":
			case "ExpressionStatement":
				break;
			case "FunctionDeclaration": {
				const id = nodeOf(node, "id");
				text.remove(id.start, id.end);
				text.appendRight(node.start, `${GLOBAL}.${nameOf(id)}=`);
				text.appendLeft(node.end, ";");
				if (node.start !== top) text.move(node.start, node.end, top);
				break;
			}
			case "ClassDeclaration": {
				const id = nodeOf(node, "id");
				text.overwrite(node.start, id.end, `${GLOBAL}.${nameOf(id)}=class`);
				text.appendLeft(node.end, ";");
				break;
			}
			case "VariableDeclaration":
				declare(text, node);
				break;
			case "ExportNamedDeclaration":
				reexport(text, node);
				break;
			default:
				throw new Error(`a ${node.type} at the outermost level`);
		}
	}
}

function declare(text: MagicString, node: Node): void {
	const declarators = nodesOf(node, "declarations");
	let from = node.start;
	for (const declarator of declarators) {
		const id = nodeOf(declarator, "id");
		const value = declarator["init"] as Node | null;
		if (value === null) throw new Error("a binding without a value: it would change");
		if (id.type === "ObjectPattern") {
			for (const property of nodesOf(id, "properties")) {
				const bound = nodeOf(property, "value");
				if (nameOf(bound) === undefined) throw new Error("a pattern in a pattern");
				const target = `${GLOBAL}.${nameOf(bound)}`;
				if (property["shorthand"] === true) {
					text.overwrite(property.start, property.end, `${nameOf(bound)}:${target}`);
				} else text.overwrite(bound.start, bound.end, target);
			}
			text.overwrite(from, id.start, "(");
			text.appendLeft(declarator.end, ")");
		} else {
			if (nameOf(id) === undefined) throw new Error(`a ${id.type} at the outermost level`);
			text.overwrite(from, id.end, `${GLOBAL}.${nameOf(id)}`);
		}
		from = declarator.end;
		if (declarator !== declarators.at(-1)) {
			// The comma; the next name is written over what is between.
			text.appendLeft(declarator.end, ";");
		}
	}
	if (from < node.end) text.overwrite(from, node.end, ";");
	else text.appendLeft(node.end, ";");
}

/** An export needs a binding: of all that is exported, one more. */
function reexport(text: MagicString, node: Node): void {
	if (node["declaration"] !== null) throw new Error("an exported declaration");
	const names = nodesOf(node, "specifiers").map((each) => [
		nameOf(each["local"]) ?? "",
		nameOf(each["exported"]) ?? "",
	]);
	const bindings = names.map(([local, exported]) => `const $${exported}=${GLOBAL}.${local};`);
	const exports = names.map(([, exported]) => `$${exported} as ${exported}`);
	text.overwrite(node.start, node.end, `${bindings.join("")}export{${exports.join(",")}};`);
}

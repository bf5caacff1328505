/**
 * What is read by name out of a frozen table of the outermost level becomes the number or the short text itself: that
 * is seven bytes less per reading. A table that nobody looks at as a whole goes, with a slot per row and its keys.
 */
import type MagicString from "magic-string";
import { UnkeptForm } from "./refusals.js";
import {
	isFunction,
	isPropertyName,
	type Node,
	nameOf,
	namesIn,
	nodeOf,
	nodesOf,
	walk,
} from "./syntax.js";

/** Longer texts stay in the table: each reading would have a copy. */
const TEXT_LENGTH_MAX = 4;

interface Table {
	readonly init: Node;
	readonly rows: ReadonlyMap<string, Node>;
	isRead: boolean;
}

export function foldTables(text: MagicString, tree: Node): void {
	const tables = tablesOf(tree);
	for (const name of boundInside(tree)) tables.delete(name);
	walk(tree, (node, parents) => {
		const parent = parents.at(-1);
		const table = node.type === "Identifier" ? tables.get(nameOf(node) ?? "") : undefined;
		if (table === undefined || isPropertyName(node, parent)) return undefined;
		if (parent?.type === "VariableDeclarator" && parent["id"] === node) return undefined;
		const value =
			parent?.type === "MemberExpression" && parent["computed"] !== true
				? table.rows.get(nameOf(parent["property"]) ?? "")
				: undefined;
		const above = parents.at(-2);
		if (value !== undefined && above !== undefined) requireRead(above, parent);
		// A member of a number is no form of its own: `4.toString`.
		const isOfNumber =
			typeof value?.["value"] === "number" &&
			above?.type === "MemberExpression" &&
			above["object"] === parent;
		if (value === undefined || parent === undefined || isOfNumber) table.isRead = true;
		else text.overwrite(parent.start, parent.end, text.original.slice(value.start, value.end));
		return undefined;
	});
	// The minifier leaves out what nobody uses, but knows nothing of freezing.
	for (const { init, isRead } of tables.values()) {
		if (!isRead) text.overwrite(init.start, init.end, "0");
	}
}

/** @throws UnkeptForm where a row is set or deleted: a frozen table refuses that, a number cannot. */
function requireRead(above: Node, row: Node | undefined): void {
	const isSet =
		(above.type === "AssignmentExpression" && above["left"] === row) ||
		above.type === "UpdateExpression";
	if (isSet || (above.type === "UnaryExpression" && above["operator"] === "delete")) {
		throw new UnkeptForm(above, "a row of a frozen table set or deleted");
	}
}

function tablesOf(tree: Node): Map<string, Table> {
	const tables = new Map<string, Table>();
	for (const statement of nodesOf(tree, "body")) {
		if (statement.type !== "VariableDeclaration" || statement["kind"] !== "const") continue;
		for (const declarator of nodesOf(statement, "declarations")) {
			const name = nameOf(declarator["id"]);
			const init = nodeOf(declarator, "init");
			const rows = rowsOf(init);
			if (name !== undefined && rows !== undefined) tables.set(name, { init, rows, isRead: false });
		}
	}
	return tables;
}

/** Names that mean something else somewhere below the outermost level. */
function boundInside(tree: Node): Set<string> {
	const names = new Set<string>();
	walk(tree, (node, parents) => {
		const patterns: Node[] = [];
		if (isFunction(node)) patterns.push(...nodesOf(node, "params"));
		if (node.type === "VariableDeclarator" && parents.length > 2) patterns.push(nodeOf(node, "id"));
		if (node.type === "CatchClause" && node["param"] !== null) patterns.push(nodeOf(node, "param"));
		for (const pattern of patterns) for (const name of namesIn(pattern)) names.add(name);
		if (/^(Function|Class)/.test(node.type)) names.add(nameOf(node["id"]) ?? "");
		return undefined;
	});
	return names;
}

/** Rows of `Object.freeze({...})` whose values are all known. */
function rowsOf(init: Node): ReadonlyMap<string, Node> | undefined {
	if (init.type !== "CallExpression") return undefined;
	const callee = nodeOf(init, "callee");
	if (nameOf(callee["object"]) !== "Object" || nameOf(callee["property"]) !== "freeze") {
		return undefined;
	}
	const [table] = nodesOf(init, "arguments");
	if (table?.type !== "ObjectExpression") return undefined;
	const rows = new Map<string, Node>();
	for (const row of nodesOf(table, "properties")) {
		const key = nameOf(row["key"]);
		// A spread could say something else of a row before it.
		if (row.type !== "Property" || row["computed"] === true || key === undefined) return undefined;
		const value = nodeOf(row, "value");
		if (!isShort(value)) return undefined;
		rows.set(key, value);
	}
	return rows;
}

function isShort(value: Node): boolean {
	if (value.type !== "Literal") return false;
	const literal = value["value"];
	return (
		typeof literal === "number" ||
		(typeof literal === "string" && literal.length <= TEXT_LENGTH_MAX)
	);
}

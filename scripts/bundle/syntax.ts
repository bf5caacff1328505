/** What the steps know of an ESTree tree with positions, as Rollup's parser gives it. */

export interface Node {
	readonly type: string;
	readonly start: number;
	readonly end: number;
	readonly [part: string]: unknown;
}

/** Parts in order of the source; `visit` returning false leaves a node's inside out. */
export function walk(
	node: Node,
	visit: (node: Node, parents: readonly Node[]) => false | undefined,
	parents: Node[] = [],
): void {
	if (visit(node, parents) === false) return;
	parents.push(node);
	for (const key in node) {
		const part = node[key];
		if (Array.isArray(part)) {
			for (const each of part as unknown[]) if (isNode(each)) walk(each, visit, parents);
		} else if (isNode(part)) walk(part, visit, parents);
	}
	parents.pop();
}

function isNode(value: unknown): value is Node {
	return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

export function nodeOf(node: Node, part: string): Node {
	const value = node[part];
	if (!isNode(value)) throw new Error(`${node.type} has no ${part}`);
	return value;
}

export function nodesOf(node: Node, part: string): readonly Node[] {
	const value = node[part];
	if (!Array.isArray(value)) throw new Error(`${node.type} has no list ${part}`);
	return (value as unknown[]).filter(isNode);
}

/** Name of an identifier, private or not; undefined for everything else. */
export function nameOf(node: unknown): string | undefined {
	if (!isNode(node) || !/^(Private)?Identifier$/.test(node.type)) return undefined;
	return node["name"] as string;
}

export function isFunction(node: Node): boolean {
	return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

export function isClass(node: Node): boolean {
	return /^Class(Declaration|Expression)$/.test(node.type);
}

/** Names that stand for a property where they are: after a dot, as a key. */
export function isPropertyName(node: Node, parent: Node | undefined): boolean {
	if (parent === undefined || parent["computed"] === true) return false;
	if (parent.type === "MemberExpression") return parent["property"] === node;
	if (/^(Property|MethodDefinition|PropertyDefinition)$/.test(parent.type)) {
		return parent["key"] === node && parent["shorthand"] !== true;
	}
	return false;
}

/** Identifiers under `node` that are no names of properties. */
export function namesIn(node: Node): Set<string> {
	const names = new Set<string>();
	walk(node, (each, parents) => {
		const name = each.type === "Identifier" ? nameOf(each) : undefined;
		if (name !== undefined && !isPropertyName(each, parents.at(-1))) names.add(name);
	});
	return names;
}

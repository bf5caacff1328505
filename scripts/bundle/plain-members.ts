/**
 * Private members become plain ones: XS keeps a key per private name and class, and a slot in every function
 * for each private name that it touches; a private method is a slot of each object. `#level` becomes `$0`, the
 * next one `$1`: the same few names in every class, apart along a chain of classes. Nothing else in the program
 * may begin with a dollar (refusals.ts); TypeScript has checked by then that nobody outside touches them.
 *
 * A field that a getter of the class shows as it is takes the getter's name, and the getter goes.
 *
 * Fields that were private are set where the constructor begins, as XS makes a function of a class's fields.
 */
import type MagicString from "magic-string";
import { UnkeptForm } from "./refusals.js";
import { isClass, type Node, nameOf, namesIn, nodeOf, nodesOf, walk } from "./syntax.js";

interface ClassMembers {
	readonly node: Node;
	readonly extendsName: string | undefined;
	readonly privateNames: readonly string[];
	readonly plainNames: Map<string, string>;
}

/** @throws Error when the program has something that this step cannot carry over. */
export function makeMembersPlain(text: MagicString, tree: Node): void {
	const classes = new Map<Node, ClassMembers>();
	const byName = new Map<string, ClassMembers>();
	walk(tree, (node, parents) => {
		if (!isClass(node)) return;
		const members = membersOf(node);
		classes.set(node, members);
		// Rollup calls the second class of a name `let Peer$1 = class Peer {}`.
		const name = nameOf(parents.at(-1)?.["id"]) ?? nameOf(node["id"]);
		if (name === undefined) return;
		if (byName.has(name)) throw new UnkeptForm(node, `two classes ${name}`);
		byName.set(name, members);
	});
	for (const members of classes.values()) {
		let first = 0;
		for (
			let base = byName.get(members.extendsName ?? "");
			base !== undefined;
			base = byName.get(base.extendsName ?? "")
		) {
			first += base.privateNames.length;
		}
		members.privateNames.forEach((name, index) => {
			members.plainNames.set(name, `$${(first + index).toString(36)}`);
		});
	}
	const chains = chainedNames(classes.values(), byName);
	const above = superNames(tree);
	const gone = new Set<Node>();
	for (const members of classes.values()) {
		for (const getter of showFields(members, new Set([...above, ...(chains.get(members) ?? [])]))) {
			gone.add(getter);
			text.remove(getter.start, getter.end);
		}
	}
	walk(tree, (node, parents) => {
		if (gone.has(node)) return false;
		if (node.type !== "PrivateIdentifier") return undefined;
		if (parents.at(-1)?.type === "BinaryExpression")
			throw new UnkeptForm(node, `#${nameOf(node)} in an object`);
		const owner = parents
			.map((parent) => classes.get(parent)?.plainNames.get(nameOf(node) ?? ""))
			.filter((name) => name !== undefined)
			.at(-1);
		if (owner === undefined) throw new UnkeptForm(node, `nobody's #${nameOf(node)}`);
		text.overwrite(node.start, node.end, owner);
		return undefined;
	});
	for (const members of classes.values()) moveFields(text, members);
}

function membersOf(node: Node): ClassMembers {
	const privateNames = new Set<string>();
	for (const member of nodesOf(nodeOf(node, "body"), "body")) {
		const key = member["key"] as Node | undefined;
		if (key?.type === "PrivateIdentifier") privateNames.add(nameOf(key) ?? "");
	}
	return {
		node,
		extendsName: nameOf(node["superClass"]),
		privateNames: [...privateNames],
		plainNames: new Map(),
	};
}

/** What other classes of its chain call their members, for each class that has a base or is one. */
function chainedNames(
	all: Iterable<ClassMembers>,
	byName: ReadonlyMap<string, ClassMembers>,
): Map<ClassMembers, Set<string>> {
	const named = new Map<ClassMembers, Set<string>>();
	const meet = (members: ClassMembers, other: ClassMembers): void => {
		const names = named.get(members) ?? new Set();
		for (const name of memberNames(other)) names.add(name);
		named.set(members, names);
	};
	for (const members of all) {
		for (
			let base = byName.get(members.extendsName ?? "");
			base !== undefined;
			base = byName.get(base.extendsName ?? "")
		) {
			meet(members, base);
			meet(base, members);
		}
	}
	return named;
}

/** What is read by `super.name`, which finds a getter and no field. */
function superNames(tree: Node): Set<string> {
	const names = new Set<string>();
	walk(tree, (node) => {
		if (node.type === "MemberExpression" && nodeOf(node, "object").type === "Super") {
			names.add(nameOf(node["property"]) ?? "");
		}
		return undefined;
	});
	return names;
}

function memberNames({ node }: ClassMembers): string[] {
	return nodesOf(nodeOf(node, "body"), "body")
		.map((each) => nameOf(each["key"]))
		.filter((name) => name !== undefined);
}

/**
 * `get level() {return this.#level}` goes, and the field is called `level`: a getter is four slots. Nobody sets it
 * from outside, for it had no setter. Gives the getters that go.
 */
function showFields({ node, plainNames }: ClassMembers, taken: ReadonlySet<string>): Node[] {
	const members = nodesOf(nodeOf(node, "body"), "body");
	const shown = new Set<string>();
	const gone: Node[] = [];
	for (const member of members) {
		const shows = member["kind"] === "get" ? fieldShownBy(member) : undefined;
		const name = nameOf(member["key"]);
		if (shows === undefined || name === undefined || shown.has(shows)) continue;
		const namesakes = members.filter(
			(each) => each["key"] !== undefined && nameOf(each["key"]) === name && isPublic(each),
		);
		const field = members.find(
			(each) =>
				each.type === "PropertyDefinition" && !isPublic(each) && nameOf(each["key"]) === shows,
		);
		if (namesakes.length > 1 || field === undefined || field["static"] === true) continue;
		if (taken.has(name)) continue;
		shown.add(shows);
		plainNames.set(shows, name);
		gone.push(member);
	}
	return gone;
}

function isPublic(member: Node): boolean {
	return (member["key"] as Node).type !== "PrivateIdentifier";
}

/** The private field that a public getter gives as it is. */
function fieldShownBy(member: Node): string | undefined {
	if (member["static"] === true || member["computed"] === true || !isPublic(member))
		return undefined;
	const [statement, ...others] = nodesOf(nodeOf(nodeOf(member, "value"), "body"), "body");
	if (statement?.type !== "ReturnStatement" || others.length > 0) return undefined;
	const value = statement["argument"] as Node | null;
	if (value?.type !== "MemberExpression" || nodeOf(value, "object").type !== "ThisExpression")
		return undefined;
	const property = nodeOf(value, "property");
	return property.type === "PrivateIdentifier" ? nameOf(property) : undefined;
}

/** A class that has public fields with values, too, keeps its fields as they are, for the sake of their order. */
function moveFields(text: MagicString, { node, plainNames }: ClassMembers): void {
	const body = nodeOf(node, "body");
	const members = nodesOf(body, "body");
	const fields = members.filter(
		(each) => each.type === "PropertyDefinition" && each["static"] !== true,
	);
	const isPrivate = (field: Node): boolean => nodeOf(field, "key").type === "PrivateIdentifier";
	const own = fields.filter(isPrivate);
	const set = own.filter((field) => field["value"] !== null);
	const maker = members.find((each) => each["kind"] === "constructor");
	const start = maker === undefined ? undefined : startOf(maker, node);
	const isMovable =
		set.length === 0 ||
		(start !== undefined && !fields.some((field) => !isPrivate(field) && field["value"] !== null));
	if (!isMovable) return;
	for (const field of set) {
		if (maker !== undefined) requireFreeNames(field, maker);
		const value = nodeOf(field, "value");
		const name = plainNames.get(nameOf(field["key"]) ?? "") ?? "";
		// What stands between name and value, and what ends the field.
		text.overwrite(field.start, value.start, `this.${name}=`);
		text.overwrite(value.end, field.end, ";");
		text.move(field.start, field.end, start ?? 0);
	}
	for (const field of own) if (field["value"] === null) text.remove(field.start, field.end);
}

/** Where a constructor's own work begins: after `super(...)` in a derived class. */
function startOf(maker: Node, node: Node): number | undefined {
	const body = nodeOf(nodeOf(maker, "value"), "body");
	if (node["superClass"] === null) return body.start + 1;
	return nodesOf(body, "body").find(
		(each) =>
			each.type === "ExpressionStatement" &&
			nodeOf(each, "expression").type === "CallExpression" &&
			nodeOf(nodeOf(each, "expression"), "callee").type === "Super",
	)?.end;
}

/** A value may not meet a name of the constructor that it does not mean. */
function requireFreeNames(field: Node, maker: Node): void {
	const bound = new Set<string>();
	const bind = (pattern: Node): void => {
		for (const name of namesIn(pattern)) bound.add(name);
	};
	for (const parameter of nodesOf(nodeOf(maker, "value"), "params")) bind(parameter);
	walk(nodeOf(maker, "value"), (node) => {
		if (node.type === "VariableDeclarator" || /^(Function|Class)Declaration$/.test(node.type)) {
			bind(nodeOf(node, "id"));
		}
	});
	for (const name of namesIn(nodeOf(field, "value"))) {
		if (bound.has(name))
			throw new UnkeptForm(field, `a field's value means another ${name} in the constructor`);
	}
}

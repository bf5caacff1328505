/**
 * What the steps after this one would change the meaning of is refused here, by its form. They know no types: an instance is known
 * as `this`, `new Class` or a constant that is one, a generator by its name. Code that hides one of these from that sees no error.
 */
import {
	isClass,
	isFunction,
	isPropertyName,
	type Node,
	nameOf,
	namesIn,
	nodesOf,
	walk,
} from "./syntax.js";

/** A program's form that a bundle would not keep, where it stands. */
export class UnkeptForm extends Error {
	constructor(
		readonly node: Node,
		message: string,
	) {
		super(message);
	}
}

interface Program {
	readonly classes: ReadonlyMap<string, Node>;
	readonly imported: ReadonlySet<string>;
	/** Names that the program binds, imports and classes apart. */
	readonly bound: ReadonlySet<string>;
	/** Names of generators, functions and methods. */
	readonly generators: ReadonlySet<string>;
	readonly functions: ReadonlySet<string>;
	/** Constants and what they begin as. */
	readonly constants: ReadonlyMap<string, Node>;
}

const LANGUAGE = new Set(Object.getOwnPropertyNames(globalThis));

/** @throws UnkeptForm */
export function refuseUnkept(tree: Node): void {
	const program = programOf(tree);
	walk(tree, (node, parents) => {
		for (const check of CHECKS) check(node, parents, program);
		return undefined;
	});
}

type Check = (node: Node, parents: readonly Node[], program: Program) => void;

function programOf(tree: Node): Program {
	const classes = new Map<string, Node>();
	const imported = new Set<string>();
	const bound = new Set<string>();
	const generators = new Set<string>();
	const functions = new Set<string>();
	const constants = new Map<string, Node>();
	walk(tree, (node, parents) => {
		const parent = parents.at(-1);
		if (/^Import\w*Specifier$/.test(node.type)) imported.add(nameOf(node["local"]) ?? "");
		if (isClass(node)) {
			// Rollup calls the second class of a name `let Peer$1 = class Peer {}`.
			for (const id of [node["id"], parent?.["id"]]) {
				const name = nameOf(id);
				if (name !== undefined) classes.set(name, node);
			}
		}
		if (isFunction(node)) {
			const name =
				nameOf(node["id"]) ??
				nameOf(parent?.["id"]) ??
				(parent?.type === "MethodDefinition" || parent?.type === "Property"
					? nameOf(parent["key"])
					: undefined);
			if (name !== undefined && node["generator"] === true) generators.add(name);
			if (node.type === "FunctionDeclaration" && parents.length === 1 && name !== undefined) {
				functions.add(name);
			}
			for (const parameter of nodesOf(node, "params")) {
				for (const each of namesIn(parameter)) bound.add(each);
			}
		}
		if (node.type === "VariableDeclarator") {
			const name = nameOf(node["id"]);
			const init = node["init"] as Node | null;
			if (name === undefined) for (const each of namesIn(node["id"] as Node)) bound.add(each);
			else {
				if (init === null || !isClass(init)) bound.add(name);
				if (init !== null) constants.set(name, init);
			}
		}
		return undefined;
	});
	return { classes, imported, bound, generators, functions, constants };
}

/** `$0` and on are what private members and bindings come to be called. */
const refuseDollars: Check = (node, parents) => {
	const parent = parents.at(-1);
	const name = node.type === "Identifier" ? nameOf(node) : undefined;
	if (name?.startsWith("$") === true) {
		const what = isPropertyName(node, parent) ? "property" : "binding";
		throw new UnkeptForm(
			node,
			`a ${what} ${name}: names that begin with a dollar are the bundle's`,
		);
	}
	const value = node.type === "Literal" ? node["value"] : undefined;
	if (typeof value === "string" && /^\$[0-9a-z]*$/.test(value)) {
		throw new UnkeptForm(node, `a text "${value}", which may come to name a member`);
	}
};

/** Private members of one name are kept apart along the classes of a chain: it must be known. */
const refuseUnknownBases: Check = (node, _parents, { classes, imported, bound }) => {
	if (!isClass(node) || !membersOf(node).some((each) => isPrivate(each))) return;
	for (let above: Node | undefined = node; above !== undefined; ) {
		const base = above["superClass"] as Node | null;
		if (base === null) return;
		const name = nameOf(base) ?? "";
		above = classes.get(name);
		if (above !== undefined || (name !== "" && (imported.has(name) || !bound.has(name)))) continue;
		throw new UnkeptForm(base, "a base that is no class by its name: their members may meet");
	}
};

/** A constructor sets private fields of the class below it only after the class above is done. */
const refuseEarlyCalls: Check = (node, _parents, { classes }) => {
	if (!isClass(node) || !membersOf(node).some((each) => isPrivate(each))) return;
	const names = new Set(membersOf(node).map((each) => nameOf(each["key"])));
	let above = classes.get(nameOf(node["superClass"]) ?? "");
	for (; above !== undefined; above = classes.get(nameOf(above["superClass"]) ?? "")) {
		const maker = membersOf(above).find((each) => each["kind"] === "constructor");
		if (maker === undefined) continue;
		walk(maker, (each) => {
			if (each.type !== "CallExpression") return undefined;
			const callee = each["callee"] as Node;
			const isOwn = (callee["object"] as Node | undefined)?.type === "ThisExpression";
			const name = nameOf(callee["property"]);
			if (isOwn && !isPrivate(callee, "property") && names.has(name)) {
				throw new UnkeptForm(each, `a constructor that calls ${name} of the class below it`);
			}
			return undefined;
		});
	}
};

const LOOKS =
	/^(freeze|seal|preventExtensions|keys|values|entries|assign|getOwnPropertyNames|stringify)$/;

/** Private members of an instance become properties, which who looks at the whole of it would find. */
const refuseWholeInstances: Check = (node, parents, program) => {
	let whole: Node | undefined;
	if (node.type === "SpreadElement" && parents.at(-1)?.type === "ObjectExpression") {
		whole = node["argument"] as Node;
	} else if (node.type === "CallExpression") {
		const callee = node["callee"] as Node;
		const of = nameOf(callee["object"]);
		if ((of !== "Object" && of !== "JSON") || !LOOKS.test(nameOf(callee["property"]) ?? "")) return;
		whole = nodesOf(node, "arguments").find((each) => isInstance(each, program, parents));
	}
	if (whole === undefined || !isInstance(whole, program, parents)) return;
	throw new UnkeptForm(
		node,
		"an instance looked at as a whole, whose private members would be seen",
	);
};

function isInstance(value: Node, program: Program, parents: readonly Node[]): boolean {
	const init = program.constants.get(nameOf(value) ?? "") ?? value;
	if (init.type === "ThisExpression") return parents.some(isClass);
	return init.type === "NewExpression" && program.classes.has(nameOf(init["callee"]) ?? "");
}

/** Loops do not close what they leave early, and what a task yields is a wait or a task. */
const refuseIteratedGenerators: Check = (node, _parents, program) => {
	if (node.type === "MemberExpression" && nameOf(node["property"]) === "iterator") {
		throw new UnkeptForm(node, "an iterator of one's own, which no loop would close");
	}
	const given =
		node.type === "ForOfStatement"
			? node["right"]
			: node.type === "SpreadElement"
				? node["argument"]
				: undefined;
	if (given === undefined) return;
	const value = program.constants.get(nameOf(given) ?? "") ?? (given as Node);
	const callee = value.type === "CallExpression" ? (value["callee"] as Node) : undefined;
	if (callee === undefined) return;
	const isNamed =
		program.generators.has(nameOf(callee) ?? "") ||
		((callee["object"] as Node | undefined)?.type === "ThisExpression" &&
			program.generators.has(nameOf(callee["property"]) ?? ""));
	if (isNamed || callee["generator"] === true) {
		throw new UnkeptForm(node, "a generator that is iterated: all of them are tasks");
	}
};

/** `yield* it` becomes `yield it`, which a task's stack takes for a task. */
const refuseYieldedLists: Check = (node, parents) => {
	if (node.type !== "YieldExpression") return;
	if (node["delegate"] === true) {
		const { type } = node["argument"] as Node;
		if (/^(ArrayExpression|Literal|TemplateLiteral|NewExpression)$/.test(type)) {
			throw new UnkeptForm(node, "yield* of what is no task");
		}
	}
	// An ended task is closed at once, and what is below it with it.
	parents.forEach((parent, index) => {
		if (parent.type !== "TryStatement" || parent["finalizer"] !== parents[index + 1]) return;
		if (parents.slice(index + 1).some(isFunction)) return;
		throw new UnkeptForm(node, "a wait in a finally: a task that is ended does not wait");
	});
};

const refuseThrowsInFinally: Check = (node, parents) => {
	if (node.type !== "ThrowStatement") return;
	parents.forEach((parent, index) => {
		if (parent.type !== "TryStatement" || parent["finalizer"] !== parents[index + 1]) return;
		const inside = parents.slice(index + 1);
		if (inside.some(isFunction) || inside.some(({ type }) => type === "TryStatement")) return;
		throw new UnkeptForm(
			node,
			"a throw in a finally: an ended task's would not be caught above it",
		);
	});
};

/** The class becomes a global only when it is made: within its making its name means nothing. */
const refuseStaticSelf: Check = (node, parents) => {
	if (!isClass(node)) return;
	const names = [node["id"], parents.at(-1)?.["id"]]
		.map(nameOf)
		.filter((name) => name !== undefined);
	for (const member of membersOf(node)) {
		if (member.type !== "StaticBlock" && member["static"] !== true) continue;
		if (member.type === "MethodDefinition") continue;
		const inside = member.type === "StaticBlock" ? member : (member["value"] as Node | null);
		if (inside === null) continue;
		for (const name of names) {
			if (!namesIn(inside).has(name)) continue;
			throw new UnkeptForm(member, `a static part of ${name} that needs ${name} while it is made`);
		}
	}
};

/** Functions become arrows, which have no prototype and make nothing. */
const refuseMakers: Check = (node, _parents, { functions, constants }) => {
	if (node.type === "MemberExpression" && nameOf(node["property"]) === "prototype") {
		const name = nameOf(node["object"]);
		if (name !== undefined && functions.has(name)) {
			throw new UnkeptForm(node, `the prototype of the function ${name}`);
		}
	}
	if (node.type !== "NewExpression") return;
	const init = constants.get(nameOf(node["callee"]) ?? "");
	if (init === undefined || isClass(init)) return;
	if ([...namesIn(init)].some((name) => functions.has(name))) {
		throw new UnkeptForm(node, `new ${nameOf(node["callee"])}, which may be a function`);
	}
};

/** Bindings become properties of globalThis. */
const refuseGlobals: Check = (node) => {
	if (node.type !== "MemberExpression" || nameOf(node["object"]) !== "globalThis") return;
	const name = node["computed"] === true ? undefined : nameOf(node["property"]);
	if (name !== undefined && LANGUAGE.has(name)) return;
	throw new UnkeptForm(node, "a property of globalThis, where the program's bindings come to be");
};

const CHECKS: readonly Check[] = [
	refuseDollars,
	refuseUnknownBases,
	refuseEarlyCalls,
	refuseWholeInstances,
	refuseIteratedGenerators,
	refuseYieldedLists,
	refuseThrowsInFinally,
	refuseStaticSelf,
	refuseMakers,
	refuseGlobals,
];

function membersOf(node: Node): readonly Node[] {
	return nodesOf(node["body"] as Node, "body");
}

function isPrivate(node: Node, part = "key"): boolean {
	return (node[part] as Node | undefined)?.type === "PrivateIdentifier";
}

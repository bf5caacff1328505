/**
 * Names for all that the minifier renames. A key costs XS 20 bytes and its letters, once for the image, whatever it
 * names: so bindings are called as members are, `$0` and on, and then as properties that the program has anyway.
 */
import { isPropertyName, type Node, nameOf, walk } from "./syntax.js";

/** An inner capital: no global of the SDK is called so that the language does not have, too. */
const TWO_WORDS = /^[a-z]+[A-Z]\w*$/;

/** Names by number, the most useful ones first; the same program gives the same names. */
export function nameSource(tree: Node): (index: number) => string {
	const counts = new Map<string, number>();
	walk(tree, (node, parents) => {
		const name = node.type === "Identifier" ? nameOf(node) : undefined;
		if (name !== undefined && isPropertyName(node, parents.at(-1))) {
			counts.set(name, (counts.get(name) ?? 0) + 1);
		}
	});
	const members = [...counts.keys()].filter((name) => name.startsWith("$")).length;
	const known = languageNames();
	const properties = [...counts]
		.filter(([name]) => TWO_WORDS.test(name) && !known.has(name))
		.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
		.map(([name]) => name);
	return (index) => {
		if (index < members) return `$${index.toString(36)}`;
		const property = properties[index - members];
		return property ?? `$${(index - properties.length).toString(36)}`;
	};
}

/** What the language calls its own: XS strips a built-in method whose name no program has. */
function languageNames(): Set<string> {
	const names = new Set<string>();
	for (const global of Object.getOwnPropertyNames(globalThis)) {
		names.add(global);
		const value = (globalThis as Record<string, unknown>)[global];
		for (const each of [value, (value as { prototype?: unknown } | undefined)?.prototype]) {
			if (Object(each) !== each) continue;
			for (const name of Object.getOwnPropertyNames(each)) names.add(name);
		}
	}
	return names;
}

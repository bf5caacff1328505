/**
 * Loads modules into a fresh realm with frozen primordials: `node --experimental-vm-modules`, paths
 * as arguments. Prints how many were loaded; an error ends it with a stack and exit 1.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createContext, runInContext, SourceTextModule } from "node:vm";

const context = createContext({});
runInContext(
	`for (const name of Object.getOwnPropertyNames(globalThis)) {
		if (name === "globalThis") continue;
		const value = globalThis[name];
		const seen = [value, value && value.prototype];
		for (const one of seen) {
			if (one !== null && (typeof one === "object" || typeof one === "function")) Object.freeze(one);
		}
	}
	// What V8 and Node add to a realm beyond the language.
	for (const name of ["console", "WebAssembly", "SharedArrayBuffer", "escape", "unescape"]) {
		delete globalThis[name];
	}`,
	context,
);

const modules = new Map<string, SourceTextModule>();

function moduleAt(path: string): SourceTextModule {
	const known = modules.get(path);
	if (known !== undefined) return known;
	const module = new SourceTextModule(readFileSync(path, "utf8"), { context, identifier: path });
	modules.set(path, module);
	return module;
}

const roots = process.argv.slice(2);
for (const root of roots) {
	const module = moduleAt(resolve(root));
	if (module.status === "unlinked") {
		await module.link((specifier, referrer) =>
			moduleAt(resolve(dirname(referrer.identifier), specifier)),
		);
	}
	await module.evaluate();
}
console.log(`${roots.length} modules`);

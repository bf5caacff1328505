/** The bundle of scripts/bundle on the XS worker. */
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { setTimeout as passed } from "node:timers/promises";
import { type Bundle, bundle } from "../../../scripts/bundle/bundle.js";
import { OperationalError } from "../../../src/host/errors.js";
import { withLockOf } from "../../../src/host/process-lock.js";
import { PROJECT } from "../sources.js";

const BUILD = join(PROJECT, "build");
/** Beside the modules that are bundled, all that can change what becomes of them. */
const TOOLS = join(BUILD, "scripts/bundle");
const SPECIFIER = /^(?:import|export)\b[^;"']*?["'](\.[^"']+)["'];$/gm;
const CACHE = join(PROJECT, ".cache/bundles");
const LOOK_AGAIN_MILLISECONDS = 100;

/**
 * Bundles a module of build/ and writes it into `folder`; its path there. Modules of the SDK, which the worker
 * lacks, become empty classes: what is declared can be loaded, and nothing of the board can run.
 */
export async function writeBundle(entry: string, folder: string): Promise<string> {
	const { code, imports } = await bundleOnce(entry);
	let text = code;
	imports.forEach((specifier, index) => {
		writeFileSync(join(folder, `sdk${index}.js`), "export default class {}\n");
		text = text.replace(`"${specifier}"`, `"./sdk${index}.js"`);
	});
	const path = join(folder, "bundle.js");
	writeFileSync(path, text);
	return path;
}

/**
 * A bundle takes ten seconds of processor time, and several files of tests look at the same one: it is made once of the same
 * sources by the same tools. Whoever needs it meanwhile waits for it.
 */
export async function bundleOnce(
	entry: string,
	cache = CACHE,
	make: (path: string) => Promise<Bundle> = (path) => bundle(path, false),
	hashOf: (entry: string) => string = sourcesHash,
): Promise<Bundle> {
	const name = entry.replaceAll("/", "-");
	const path = join(cache, `${name}-${hashOf(entry)}.json`);
	mkdirSync(cache, { recursive: true });
	for (;;) {
		if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Bundle;
		try {
			return await withLockOf(join(cache, name), async () => {
				if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Bundle;
				const made = await make(join(PROJECT, "build", entry));
				// Of former sources: nobody will ask for it again.
				for (const file of readdirSync(cache)) {
					if (file.startsWith(`${name}-`)) rmSync(join(cache, file), { force: true });
				}
				writeFileSync(`${path}.making`, JSON.stringify(made));
				renameSync(`${path}.making`, path);
				return made;
			});
		} catch (error) {
			if (!(error instanceof OperationalError)) throw error;
			await passed(LOOK_AGAIN_MILLISECONDS);
		}
	}
}

/** Of the module and all that it imports, by name, of the tools that bundle them, and of the engine that runs those. */
export function sourcesHash(entry: string, build = BUILD): string {
	const files = new Set<string>();
	const reach = (path: string): void => {
		if (files.has(path)) return;
		files.add(path);
		for (const [, specifier = ""] of readFileSync(path, "utf8").matchAll(SPECIFIER)) {
			reach(join(dirname(path), specifier));
		}
	};
	reach(join(build, entry));
	for (const file of readdirSync(TOOLS)) if (file.endsWith(".js")) files.add(join(TOOLS, file));
	files.add(join(PROJECT, "package-lock.json"));
	const hash = createHash("sha256").update(process.version);
	for (const path of [...files].sort()) {
		const text = readFileSync(path);
		hash.update(`\n${relative(build, path)} ${text.length}\n`).update(text);
	}
	return hash.digest("hex");
}

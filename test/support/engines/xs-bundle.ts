/** The bundle of scripts/bundle on the XS worker. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../../../scripts/bundle/bundle.js";
import { PROJECT } from "../sources.js";

/**
 * Bundles a module of build/ and writes it into `folder`; its path there. Modules of the SDK, which the worker
 * lacks, become empty classes: what is declared can be loaded, and nothing of the board can run.
 */
export async function writeBundle(entry: string, folder: string): Promise<string> {
	const { code, imports } = await bundle(join(PROJECT, "build", entry), false);
	let text = code;
	imports.forEach((specifier, index) => {
		writeFileSync(join(folder, `sdk${index}.js`), "export default class {}\n");
		text = text.replace(`"${specifier}"`, `"./sdk${index}.js"`);
	});
	const path = join(folder, "bundle.js");
	writeFileSync(path, text);
	return path;
}

/**
 * `node build/scripts/bundle/main.js FOLDER`: writes into it the two modules of the image, `bistrina.js` (preloaded)
 * and `main.js`, which starts it, and the map by which a position in the first is found in the sources.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.js";

const ENTRY = fileURLToPath(new URL("../../src/firmware/board/start.js", import.meta.url));

const folder = process.argv[2];
if (folder === undefined) {
	console.error("usage: node build/scripts/bundle/main.js FOLDER");
	process.exit(2);
}
const { code, map } = await bundle(ENTRY);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "bistrina.js"), code);
// No comment leads to it: the SDK's compiler would read it and has no room for as much.
writeFileSync(join(folder, "bistrina.js.map"), map);
writeFileSync(join(folder, "main.js"), 'import { start } from "bistrina";\nstart();\n');
console.log(`bistrina.js: ${code.length} characters`);

#!/usr/bin/env node
// What `npx bistrina-collector` runs: the built program, or the word that it must be built first.
import { existsSync } from "node:fs";

const program = new URL("../build/src/collector/service/main.js", import.meta.url);
if (existsSync(program)) await import(program.href);
else {
	process.stderr.write("error: not built yet; run: npm run build\n");
	process.exitCode = 1;
}

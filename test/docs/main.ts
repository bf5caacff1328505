/** `npm run docs`: writes the blocks of the documents that come from the code's tables. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GENERATED_BLOCKS } from "../support/data/generated-docs.js";
import { withBlock } from "../support/data/markdown.js";
import { PROJECT } from "../support/sources.js";

for (const { document, name, text } of GENERATED_BLOCKS) {
	const path = join(PROJECT, document);
	writeFileSync(path, withBlock(readFileSync(path, "utf8"), name, text()));
	console.log(`${document}: ${name}`);
}

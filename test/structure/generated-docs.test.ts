/** What documents say of the code's tables is what the tables say. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GENERATED_BLOCKS } from "../support/data/generated-docs.js";
import { blockOf } from "../support/data/markdown.js";
import { PROJECT } from "../support/sources.js";

describe("the documents", () => {
	for (const { document, name, text } of GENERATED_BLOCKS) {
		it(`say in ${document} of ${name} what its table says (npm run docs writes it)`, () => {
			assert.equal(blockOf(readFileSync(join(PROJECT, document), "utf8"), name), text());
		});
	}
});

/** What the journal holds against itself, on in the field: wrong ones stop before flash or a reader has the wrong thing. */
import { strict as assert } from "node:assert";
import { createSha256 } from "../../../src/core/sha256.js";
import { encodeCheckpoint } from "../../../src/firmware/journal/journal-checkpoint.js";
import { sealFrame } from "../../../src/protocol/flash/journal-format.js";
import { chainNext } from "../../../src/protocol/record/chain.js";
import { type Mutant, withMutant } from "../../support/trials/journal-mutants.js";
import { runExhaustively } from "../../support/trials/journal-trial.js";

const WRITER = "firmware/journal/log-writer.js";
const READER = "firmware/journal/log-reader.js";

const CAUGHT: readonly (readonly [what: string, text: RegExp, rewrites: Mutant["rewrites"]])[] = [
	[
		"a log that counts an entry twice",
		/an append that moved its log otherwise|an entry is stored out of its order/,
		[
			[
				WRITER,
				"extent.head = chainNext(this.#sha256, extent.head, canonicalBytes);\n        extent.nextSequence++;",
				"extent.head = chainNext(this.#sha256, extent.head, canonicalBytes);\n        extent.nextSequence += 2;",
			],
		],
	],
	[
		"a reader that counts from another number",
		/an entry is read out of its order/,
		[
			[
				READER,
				"const sequence = firstSequence + index;",
				"const sequence = firstSequence + index + 1;",
			],
		],
	],
	[
		"a frame over a sector's header",
		/a frame over its sector's header/,
		[[WRITER, "const slot = this.#nextSlot;\n        assert(", "const slot = 0;\n        assert("]],
	],
	[
		"a program beyond its sector",
		/a program beyond its sector/,
		[[WRITER, "slot * SLOT_BYTES, bytes))", "this.#slotsPerSector * SLOT_BYTES, bytes))"]],
	],
	[
		"a cursor ahead of its log",
		/a cursor ahead of its log/,
		[[WRITER, "storeCursor(cursor) {", "storeCursor(cursor) { cursor += 1000;"]],
	],
];

describe("a journal that goes wrong inside", () => {
	for (const [what, text, rewrites] of CAUGHT) {
		it(`is stopped by an assertion at ${what}`, async () => {
			const run = withMutant(rewrites, (open) =>
				runExhaustively({ open, seed: 3, sectors: 4, sectorBytes: 256 }, 20, "once"),
			);
			const output = await run.then(
				({ violations }) => violations.join("\n"),
				(error: unknown) => String(error),
			);
			assert.match(output, text);
		});
	}

	it("refuses heads, frames and notes that have no form", () => {
		const sha256 = createSha256();
		assert.throws(() => chainNext(sha256, new Uint8Array(31), new Uint8Array(60)), /32 bytes/);
		assert.throws(() => sealFrame(new Uint8Array(160), 0, 9, 0, 1), /no form/);
		assert.throws(() => sealFrame(new Uint8Array(160), 0, 1, 256, 1), /no form/);
		const note = { cursor: 5, nextSequence: 5, tuning: new Uint8Array(0) };
		assert.throws(() => encodeCheckpoint(note as never), /ahead of its log/);
	});
});

/** Every number of the record is written by some firmware, or marked as reserved: no other promise. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GAP_REASONS, TIME_SOURCES } from "../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { RESERVED } from "../support/data/record-docs.js";
import { PROJECT, type Source, sources } from "../support/sources.js";

/** Those of the names that no source says as a text of its own. */
function unwritten(names: readonly string[], all: readonly Source[]): string[] {
	return names.filter((name) => !all.some(({ code }) => code.includes(`"${name}"`)));
}

describe("what the firmware writes into the record", () => {
	const firmware = sources("src/firmware");

	it("is every event code but the reserved ones", () => {
		assert.deepEqual(unwritten(Object.keys(EVENT_CODES), firmware), RESERVED.events);
	});

	it("is every reason of a gap but the reserved one", () => {
		assert.deepEqual(unwritten(GAP_REASONS, firmware), RESERVED.gapReasons);
	});

	it("is every source of time but the reserved one", () => {
		assert.deepEqual(unwritten(TIME_SOURCES, firmware), RESERVED.timeSources);
	});

	it("is told apart from a planted code that nothing records", () => {
		const plant = { path: "src/firmware/a.ts", text: "", code: 'recorder.event("crash", 1, "");' };
		assert.deepEqual(unwritten(["crash", "never-recorded"], [plant]), ["never-recorded"]);
	});

	it("and the reserved numbers are named as reserved in FORMAT.md", () => {
		const format = readFileSync(join(PROJECT, "docs/FORMAT.md"), "utf8");
		for (const name of RESERVED.events) {
			assert.match(format, new RegExp(`\`${name}\` +\\| reserved: `));
		}
		assert.match(format, /2 sector lost: reserved/);
		assert.match(format, /3 technician: reserved/);
	});
});

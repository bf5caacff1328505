/** What a wake reads of the ring: on the chip every header costs time awake. */
import { strict as assert } from "node:assert";
import sinon from "sinon";
import { Rehearsal } from "../../sim/station/rehearsal.js";
import { Journal } from "../../src/firmware/journal/journal.js";
import { whole } from "../support/depth.js";

describe("the condition of the ring, for which every header is read", () => {
	afterEach(() => sinon.restore());

	whole("is asked for when a whole day is over, and not for each of 576 readings", () => {
		const health = sinon.spy(Journal.prototype, "health");
		const rehearsal = new Rehearsal({ seed: 3, scenario: "quiet-bor", sectors: 16 });
		rehearsal.runUntil(2 * 86_400);
		const readings = rehearsal.report().appended;
		assert.equal(readings > 570, true, `${readings} entries`);
		assert.equal(health.callCount, 1);
	});
});

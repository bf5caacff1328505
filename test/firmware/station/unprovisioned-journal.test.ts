import { strict as assert } from "node:assert";
import { StationError } from "../../../src/core/errors.js";
import {
	TolerantJournal,
	type TolerantJournalOptions,
} from "../../../src/firmware/station/tolerant-journal.js";

describe("the journal of a board that was not told its station", () => {
	it("is not there, which is said once, and the station starts all the same", () => {
		const lines: string[] = [];
		const journal = new TolerantJournal({
			open: () => assert.fail("nothing is opened under no name"),
			board: {} as TolerantJournalOptions["board"],
			station: () => {
				throw new StationError("configuration-invalid", "the board was not told its station");
			},
			retained: undefined,
			delivered: undefined,
			log: (text) => lines.push(text),
		});
		assert.throws(
			() => journal.append({} as Parameters<TolerantJournal["append"]>[0]),
			/the board was not told its station/,
		);
		assert.deepEqual(lines, [
			"no journal: configuration-invalid the board was not told its station",
		]);
	});
});

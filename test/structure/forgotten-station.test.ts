import { strict as assert } from "node:assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Board } from "../../src/firmware/ports.js";
import { proof } from "../support/depth.js";
import { bareStation, runUntil, START_UTC_SECONDS } from "../support/engines/bare-station.js";

const COLLECTIONS = 50;
/** Enough for whatever does not last: the sound world needs two or three. */
const COLLECTIONS_OF_PLANTED = 6;

describe("between two wakes", () => {
	// --expose-gc at run time, so that the tests need no option of their own.
	setFlagsFromString("--expose-gc");
	const collectGarbage = runInNewContext("gc") as () => void;

	async function survivors(
		keep: (made: unknown) => void,
		collections = COLLECTIONS,
	): Promise<number> {
		const references: WeakRef<object>[] = [];
		const station = bareStation({
			wrap: (program) => (board: Board) => {
				const made = program(board) as object;
				references.push(new WeakRef(made), new WeakRef(board));
				keep(made);
			},
		});
		runUntil(station, START_UTC_SECONDS + 3600);
		while (!station.isAsleep) station.step();
		assert.ok(references.length >= 20, `${references.length / 2} wakes`);
		const alive = (): number =>
			references.filter((reference) => reference.deref() !== undefined).length;
		// A weak reference lives on until its job ends, and a dead frame's registers may keep the last
		// station a little longer; what really holds it does so after any number of collections.
		for (let round = 0; round < collections; round++) {
			await new Promise((resolve) => setTimeout(resolve, 1));
			collectGarbage();
			await new Promise((resolve) => setTimeout(resolve, 1));
			if (alive() === 0) break;
		}
		return alive();
	}

	it("nothing in the world refers to a station or its board", async () => {
		assert.equal(await survivors(() => {}), 0);
	});

	proof("a planted reference is found", async () => {
		const planted: unknown[] = [];
		const alive = await survivors((made) => planted.push(made), COLLECTIONS_OF_PLANTED);
		assert.ok(planted.length >= 10, `${planted.length} wakes`);
		assert.ok(alive >= planted.length, `${alive} alive of ${planted.length} planted`);
	});
});

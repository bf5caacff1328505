import { strict as assert } from "node:assert";
import sinon from "sinon";
import { Rereading } from "../../../src/collector/service/rereading.js";

describe("reading the operator's files again", () => {
	let clock: sinon.SinonFakeTimers;
	beforeEach(() => {
		clock = sinon.useFakeTimers({ toFake: ["setTimeout", "performance"] });
	});
	afterEach(() => clock.restore());

	/** Readings that end when they are told to. */
	function readings() {
		const ends: ((error?: Error) => void)[] = [];
		const failures: unknown[] = [];
		const rereading = new Rereading((error) => failures.push(error));
		const read = () =>
			new Promise<void>((resolve, reject) => {
				ends.push((error) => (error === undefined ? resolve() : reject(error)));
			});
		const turn = () => new Promise((resolve) => setImmediate(resolve));
		return { ends, failures, rereading, read, turn };
	}

	it("is done once after any number of wishes that came while it was done", async () => {
		const { ends, rereading, read, turn } = readings();
		rereading.ask();
		assert.equal(ends.length, 0);
		const begun = rereading.begin(read);
		for (let count = 0; count < 1000; count++) rereading.ask();
		assert.equal(ends.length, 1);
		ends[0]?.();
		await begun;
		assert.equal(ends.length, 2);
		for (let count = 0; count < 1000; count++) rereading.ask();
		ends[1]?.();
		await turn();
		assert.equal(ends.length, 2);
		clock.tick(1000);
		assert.equal(ends.length, 3);
		ends[2]?.();
		await turn();
		clock.tick(60_000);
		assert.equal(ends.length, 3);
	});

	it("leaves the database to the stations between two readings, four times as long as one took", async () => {
		const { ends, rereading, read, turn } = readings();
		const begun = rereading.begin(read);
		ends[0]?.();
		await begun;
		rereading.ask();
		assert.equal(ends.length, 2);
		clock.tick(2000);
		ends[1]?.();
		await turn();
		rereading.ask();
		clock.tick(7999);
		assert.equal(ends.length, 2);
		clock.tick(1);
		assert.equal(ends.length, 3);
	});

	it("fails at a start, and is told of and tried again after that", async () => {
		const { ends, failures, rereading, read, turn } = readings();
		const begun = assert.rejects(rereading.begin(read), /no such file/);
		ends[0]?.(new Error("no such file"));
		await begun;
		const other = readings();
		const good = other.rereading.begin(other.read);
		other.ends[0]?.();
		await good;
		other.rereading.ask();
		other.ends[1]?.(new Error("gone"));
		await other.turn();
		assert.deepEqual(
			other.failures.map((error) => (error as Error).message),
			["gone"],
		);
		other.rereading.ask();
		clock.tick(1000);
		assert.equal(other.ends.length, 3);
		assert.deepEqual(failures, []);
		await turn();
	});
});

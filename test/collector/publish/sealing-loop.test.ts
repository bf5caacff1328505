/** Which stations the collector's database is asked about, and when. */
import assert from "node:assert/strict";
import sinon from "sinon";
import { DAY_CACHE_FORMAT } from "../../../src/collector/publish/day-cache.js";
import type { RecordFacts } from "../../../src/collector/publish/record-reader.js";
import { SealingLoop } from "../../../src/collector/publish/sealing-loop.js";

const STATIONS = ["bor-1", "bor-2", "pek-1"];

describe("the order in which stations are sealed", () => {
	let time: sinon.SinonFakeTimers;
	let sealed: string[];
	let asked: string[];
	let held: Record<string, number>;
	let batches: Record<string, number>;

	beforeEach(() => {
		time = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
		sealed = [];
		asked = [];
		held = { "bor-1": 1, "bor-2": 1, "pek-1": 1 };
		batches = { ...held };
	});

	afterEach(() => time.restore());

	function loopOf({ isShared = false, names = STATIONS } = {}): SealingLoop {
		return new SealingLoop({
			isShared,
			reader: {
				stations: async () => {
					asked.push("stations");
					return names;
				},
				counts: async () => {
					asked.push("counts");
					return names.map((station) => ({
						station,
						batches: batches[station] ?? 0,
						keys: 1,
						revoked: 0,
						evidence: 0,
					}));
				},
			},
			cache: { index: (station) => indexOf(held[station] ?? 0) },
			seal: async (station) => {
				sealed.push(station);
				held[station] = batches[station] ?? 0;
				return "unchanged";
			},
			onStations: () => {},
			onFailure: (_station, error) => {
				throw error;
			},
		});
	}

	it("asks an embedded database about each station once, and from then on about who delivered", async () => {
		const loop = loopOf();
		loop.begin();
		await time.tickAsync(1000);
		assert.deepEqual(sealed, ["bor-1", "bor-2", "pek-1"]);
		await time.tickAsync(3_600_000);
		loop.arrived("bor-2");
		await time.tickAsync(1000);
		assert.deepEqual(sealed, ["bor-1", "bor-2", "pek-1", "bor-2"]);
		assert.ok(!asked.includes("counts"));
		await loop.close();
	});

	it("asks a database that other collectors write to about who has more than is sealed", async () => {
		const loop = loopOf({ isShared: true });
		loop.begin();
		await time.tickAsync(1000);
		sealed.length = 0;
		batches["pek-1"] = 2;
		await time.tickAsync(60_000);
		assert.deepEqual(sealed, ["pek-1"]);
		await loop.close();
	});

	it("asks about all when the operator's documents change", async () => {
		const loop = loopOf();
		loop.begin();
		await time.tickAsync(1000);
		sealed.length = 0;
		loop.checkAll();
		await time.tickAsync(1000);
		assert.deepEqual(sealed, ["bor-1", "bor-2", "pek-1"]);
		await loop.close();
	});

	it("seals who delivered before those of whom nothing is known to be new", async () => {
		const loop = loopOf();
		loop.begin();
		loop.arrived("pek-1");
		await time.tickAsync(1000);
		assert.deepEqual(sealed, ["pek-1", "bor-1", "bor-2"]);
		await loop.close();
	});

	it("asks about a station that was enrolled since when it delivers", async () => {
		const names = [...STATIONS];
		const loop = loopOf({ names });
		loop.begin();
		await time.tickAsync(1000);
		sealed.length = 0;
		names.push("pek-2");
		loop.arrived("pek-2");
		await time.tickAsync(1000);
		assert.equal(asked.length, 2);
		assert.deepEqual(sealed, ["pek-2"]);
		await loop.close();
	});
});

function indexOf(batchCount: number) {
	const facts: RecordFacts = {
		station: "",
		batchCount,
		keys: [{ publicKey: "02", revoked: null }],
		coverage: [],
		gaps: [],
		floors: [],
		heads: [],
		evidence: [],
	};
	return { format: DAY_CACHE_FORMAT, basis: "", envelopeBytes: 0, facts, last: null, days: {} };
}

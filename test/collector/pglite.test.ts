import { strict as assert } from "node:assert";
import { ALARM_POLICY } from "../../src/collector/alarms/alarm-policy.js";
import { AlarmQueue } from "../../src/collector/alarms/alarm-queue.js";
import { Silence } from "../../src/collector/alarms/silence.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { describeAlarms } from "../support/collectors/alarm-suite.js";
import { COLLECTOR_KEY, describeLedger, recordOf } from "../support/collectors/ledger-suite.js";
import { emptyStore } from "../support/collectors/shared-store.js";
import { judgeRecord } from "../support/judges/record-judge.js";

describe("collector with PGlite", () => {
	before(async function () {
		this.timeout(90_000);
		await emptyStore();
	});

	const openEmpty = async () => ({ ...(await emptyStore()), close: async () => {} });
	describeLedger("PGlite", openEmpty);
	describeAlarms("PGlite", openEmpty);

	it("gives back the room of what is noted of stations again and again", async function () {
		this.timeout(60_000);
		const store = await emptyStore();
		const queue = new AlarmQueue(store);
		const clock = { utcSeconds: 1_796_000_000 };
		const silence = new Silence({ store, clock, raise: async () => {} });
		const policy = { ...ALARM_POLICY };
		const bytesAfterHours = async (count: number): Promise<number> => {
			for (let hour = 0; hour < count; hour++) {
				clock.utcSeconds += 3600;
				for (let station = 0; station < 100; station++) silence.heard(`s${station}`);
				await silence.turn(() => policy);
			}
			await queue.tidy();
			const [row] = await store.query("select pg_total_relation_size('alarm_stations') as bytes");
			return Number(row?.["bytes"]);
		};
		const before = await bytesAfterHours(40);
		await bytesAfterHours(40);
		const grown = (await bytesAfterHours(40)) - before;
		// 33 KB; without it 262.
		assert.ok(grown < 100_000, `${grown} bytes`);
	});
});

describe("judge of the kill campaign", () => {
	for (const [what, statement, missing] of [
		["nothing when all is there", "select 1", 0],
		["a row that is gone, and the record", "delete from entries where sequence = 7", 2],
		[
			"a row with other contents, and the record",
			"update entries set canonical = set_byte(canonical, 30, 77) where sequence = 7",
			2,
		],
	] as const) {
		it(`finds ${what}`, async () => {
			const store = await emptyStore();
			const ledger = new Ledger({ store, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } });
			const station = recordOf(24);
			await ledger.enrol(station.station, station.publicKey);
			for (const envelope of station.envelopes(12)) await ledger.receive(envelope);
			await store.execute(statement);
			const judgement = await judgeRecord(store, [station], [{ station, first: 1, last: 24 }]);
			assert.deepEqual([judgement.entryCount, judgement.missing], [24, missing]);
		});
	}
});

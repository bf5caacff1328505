import assert from "node:assert/strict";
import type { AlarmNotice } from "../../../src/collector/alarms/alarm-notice.js";
import { ALARM_POLICY } from "../../../src/collector/alarms/alarm-policy.js";
import type { AlarmQueue } from "../../../src/collector/alarms/alarm-queue.js";
import { AlarmWatch } from "../../../src/collector/alarms/alarm-watch.js";
import { Batteries } from "../../../src/collector/alarms/batteries.js";
import type { SqlRow, SqlStore } from "../../../src/collector/store/store.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import { SignedStation } from "../../support/collectors/signed-station.js";

const NOW_SECONDS = 1_796_000_000;
/** In 2096: as no clock of a collector says it. */
const AHEAD_SECONDS = 4_000_000_000;

/** A longest batch of power levels, with and without the radio in turns. */
function levels(): SignedStation {
	const station = new SignedStation();
	for (let count = 0; count < 287; count++) {
		station.append({
			...{ kind: "event", code: 52, detail: count % 2 === 0 ? 4 : 0, text: "" },
			utcSeconds: AHEAD_SECONDS + count,
		});
	}
	return station;
}

function storeWithout(rows: readonly SqlRow[]): { store: SqlStore; asked: string[] } {
	const asked: string[] = [];
	const query = async (sql: string): Promise<SqlRow[]> => {
		asked.push(sql.trim().split(" ")[0] ?? "");
		return [...rows];
	};
	return { store: { query } as unknown as SqlStore, asked };
}

describe("what stations say of their batteries", () => {
	it("takes a question, one list of notices and a note, however much a batch says", async () => {
		const { store, asked } = storeWithout([]);
		const raised: (readonly AlarmNotice[])[] = [];
		const batteries = new Batteries({
			store,
			clock: { utcSeconds: NOW_SECONDS },
			raise: async (notices) => void raised.push(notices),
		});
		const entries = levels().entries.map((bytes) => decodeEntry(bytes));
		await batteries.observe("bor-1", entries, ALARM_POLICY);
		assert.deepEqual(asked, ["select", "insert"]);
		assert.deepEqual(
			raised.map((notices) => notices.length),
			[287],
		);
		assert.deepEqual(
			raised[0]?.slice(0, 3).map(({ id }) => id),
			[
				"bor-1/battery/level/4000000000",
				"bor-1/battery/level/4000000000/end",
				"bor-1/battery/level/4000000002",
			],
		);
	});

	it("names the station whose alarms are not told, so that its lines are counted as its own", async () => {
		const { store } = storeWithout([]);
		const said: (string | undefined)[][] = [];
		const watch = new AlarmWatch({
			store,
			queue: { raise: async () => ({ count: 0, unraised: 187 }) } as unknown as AlarmQueue,
			clock: { utcSeconds: NOW_SECONDS },
			policies: () => ALARM_POLICY,
			log: (text, station) => said.push([text, station]),
			onRaised: () => {},
		});
		await watch.stored({ station: "bor-1", entries: levels().entries, isNew: true });
		assert.deepEqual(said, [["bor-1: 187 alarms are not told: too many of this station", "bor-1"]]);
	});
});

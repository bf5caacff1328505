/** Alarms on their way to an operator: each is handed over until it is taken, and then never again. */
import { strict as assert } from "node:assert";
import {
	appendFileSync,
	chmodSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AlarmPost, deliverToCommand } from "../../../src/collector/service/alarm-post.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { AlarmBody } from "../../../src/protocol/record/entry-layouts.js";

const ALARM: AlarmBody = {
	kind: "alarm",
	code: 2,
	phase: 2,
	rule: 1,
	beginSequence: 40,
	readingSequence: 44,
	conductivityHundredths: 61_200,
	baselineHundredths: 50_000,
	baselineSpread: 100,
	pHMilli: 7420,
	pHBeforeMilli: 7800,
	burstAgreed: 2,
	burstReadings: 2,
	turbidityMilli: -0x80000000,
	turbidityMedianMilli: -0x80000000,
	secondsSinceBegin: 240,
};

function alarm(sequence: number, more: Partial<AlarmBody> = {}): Uint8Array {
	return encodeEntry({
		channelSet: 0,
		timeQuality: 2,
		epoch: 7,
		sequence,
		boot: 1,
		uptimeSeconds: 100,
		utcSeconds: 1_796_000_000,
		configurationId: 1,
		stationFlags: 0,
		...ALARM,
		...more,
	});
}

describe("the post of alarms", () => {
	let folder = "";
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-alarms-"));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	function open(take: (line: string) => boolean) {
		const sent: string[] = [];
		const pauses: { seconds: number; then: () => void }[] = [];
		const post = new AlarmPost({
			path: join(folder, "alarms.jsonl"),
			deliver: async (line) => {
				sent.push(line);
				return take(line);
			},
			say: () => {},
			wait: (seconds, then) => {
				pauses.push({ seconds, then });
				return { cancel: () => {} };
			},
		});
		return { post, sent, pauses };
	}
	const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

	it("hands over what was claimed, with what the claim rests on", async () => {
		const { post, sent } = open(() => true);
		post.notice("bor-1", [alarm(45)]);
		await settled();
		assert.deepEqual(
			sent.map((line) => JSON.parse(line)),
			[
				{
					id: "bor-1/7/45",
					station: "bor-1",
					event: "acid",
					phase: "change",
					utcSeconds: 1_796_000_000,
					rule: 1,
					beginSequence: 40,
					readingSequence: 44,
					conductivity: 612,
					baseline: 500,
					pH: 7.42,
					pHBefore: 7.8,
					turbidity: null,
					secondsSinceBegin: 240,
				},
			],
		);
	});

	it("tries again with longer pauses until it is taken, in order, and then never again", async () => {
		let isUp = false;
		const { post, sent, pauses } = open(() => isUp);
		post.notice("bor-1", [alarm(45), alarm(46, { phase: 3 })]);
		await settled();
		pauses[0]?.then();
		await settled();
		assert.deepEqual(
			pauses.map(({ seconds }) => seconds),
			[5, 10],
		);
		isUp = true;
		pauses[1]?.then();
		for (let turn = 0; turn < 4; turn++) await settled();
		const ids = sent.map((line) => JSON.parse(line).id);
		assert.deepEqual(ids, ["bor-1/7/45", "bor-1/7/45", "bor-1/7/45", "bor-1/7/46"]);
		post.notice("bor-1", [alarm(45), alarm(46, { phase: 3 })]);
		await settled();
		assert.equal(sent.length, 4);
	});

	it("goes on after a restart with what was not taken, and sends what was taken no second time", async () => {
		const first = open((line) => line.includes("/45"));
		first.post.notice("bor-1", [alarm(45), alarm(46)]);
		for (let turn = 0; turn < 4; turn++) await settled();
		first.post.close();
		// The process died in the middle of a line.
		appendFileSync(join(folder, "alarms.jsonl"), '{"notice":{"id":"bor-1/7/4');
		const second = open(() => true);
		second.post.notice("bor-1", [alarm(45), alarm(46)]);
		for (let turn = 0; turn < 4; turn++) await settled();
		assert.deepEqual(
			second.sent.map((line) => JSON.parse(line).id),
			["bor-1/7/46"],
		);
		assert.equal(second.post.waitingCount, 0);
	});

	it("gives a command its line on standard input, and believes its exit code", async () => {
		const path = join(folder, "hook");
		writeFileSync(path, `#!/bin/sh\ncat > "${folder}/got"\ngrep -q good "${folder}/got"\n`);
		chmodSync(path, 0o755);
		assert.equal(await deliverToCommand(path)("a good line"), true);
		assert.equal(readFileSync(join(folder, "got"), "utf8"), "a good line\n");
		assert.equal(await deliverToCommand(path)("another"), false);
		await assert.rejects(deliverToCommand(join(folder, "none"))("x"), /ENOENT/);
	});
});

/** The station on a real XS engine, module by module and as it is bundled for the chip: the same bytes as on Node. */

import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rehearsal, type RehearsalReport } from "../../sim/station/rehearsal.js";
import { encodeRequest } from "../../src/protocol/line/console.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { IS_LONG, sample, whole } from "../support/depth.js";
import { writeBundle } from "../support/engines/xs-bundle.js";
import { findXsWorker, XsEngine } from "../support/engines/xs-engine.js";
import { hostScheme, openRehearsal, send } from "../support/engines/xs-host.js";
import { flattenModules } from "../support/engines/xs-modules.js";

const DAY_SECONDS = 86_400;
const found = findXsWorker();
if ("missing" in found) console.log(`SKIPPED: tests on XS: ${found.missing}`);

const PROGRAM = "test/support/engines/xs-rehearsal.js";
const FORMS: readonly (readonly [
	form: string,
	write: (folder: string) => string | Promise<string>,
])[] = [
	["module by module", (folder) => flattenModules(PROGRAM, folder)],
	["in one bundle", (folder) => writeBundle(PROGRAM, folder)],
];

// A bundle takes ten seconds to make: all that needs one is in whole runs only.
for (const [form, write] of sample(FORMS))
	("path" in found ? describe : describe.skip)(`the station on XS, ${form}`, function () {
		this.timeout(IS_LONG ? 900_000 : 60_000);
		let folder = "";
		let program = "";
		let xs: XsEngine;

		before(async () => {
			folder = mkdtempSync(join(tmpdir(), "bistrina-xs-"));
			program = await write(folder);
		});

		after(() => rmSync(folder, { recursive: true }));

		beforeEach(async () => {
			xs = new XsEngine("path" in found ? found.path : "");
			await xs.importModule(program);
		});

		afterEach(() => xs.close());

		whole(
			"keeps, signs and delivers a stormy day byte for byte as on Node, signed by the host",
			async () => {
				const options = { seed: 20_260_901, scenario: "storm-pek", sectors: 16 };
				await openRehearsal(xs, options, true);
				await send(xs, { kind: "run", untilSeconds: DAY_SECONDS });
				await send(xs, { kind: "settle" });
				const onXs = (await send(xs, { kind: "report" })).reply as RehearsalReport;

				const rehearsal = new Rehearsal({ ...options, scheme: hostScheme() });
				rehearsal.runUntil(DAY_SECONDS);
				rehearsal.settle();
				assert.deepEqual(onXs, rehearsal.report());
				assert.deepEqual(onXs.problems, []);
				assert.equal(onXs.crashes, 0);
				assert.ok(onXs.appended > 288, `${onXs.appended} entries in a day`);
				assert.equal(onXs.acknowledged, onXs.appended);
			},
		);

		whole(
			"calibrates three points, undoes it and tells it in the record, byte for byte as on Node",
			async () => {
				const options = { seed: 5, scenario: "quiet-bor", sectors: 8 };
				const bottle = (name: string): string[] => [
					`@${name}`,
					`settle standard=${name} lot=A1 expiry=2027-05-31`,
					"point",
				];
				const lines = [
					"calibrate channel=pH by=mira",
					...bottle("american-7.00"),
					...bottle("american-4.00"),
					// A reading is due in the middle, and the window continues after it.
					...bottle("american-10.01").slice(0, 2),
					...bottle("american-10.01").slice(1),
					"commit due=30",
					"undo channel=pH by=mira text=only a trial",
					"calibrations",
					"@river",
					"journal first=1 count=100",
				];
				await openRehearsal(xs, options, false);
				await send(xs, { kind: "run", untilSeconds: 900 });
				const onXs = (await send(xs, { kind: "converse", lines })).reply as string[];

				const rehearsal = new Rehearsal(options);
				rehearsal.runUntil(900);
				assert.deepEqual(onXs, rehearsal.converse(lines));
				const answers = onXs.filter((line) => line.startsWith("!"));
				assert.match(answers.find((line) => line.includes("verdict=")) ?? "", /verdict=good/);
				assert.ok(
					answers.every((line) => !line.startsWith("! failed")),
					answers.join("\n"),
				);
			},
		);

		whole("answers a technician line by line as on Node, noise and all", async () => {
			const options = { seed: 5, scenario: "storm-pek", sectors: 8 };
			const framed = (id: number, command: string, fields = {}): string =>
				Buffer.from(encodeRequest(id, command, fields))
					.toString("latin1")
					.trimEnd();
			const lines = [
				...[
					"help",
					"status",
					"read",
					"watch count=2",
					"journal first=1 count=50",
					"sing",
					"read loud=1",
				],
				...[
					"?1 status *00000000",
					"x".repeat(300),
					framed(7, "version"),
					"status",
					framed(8, "self-test"),
				],
				...[
					framed(9, "journal", { first: 2, count: 3 }),
					framed(10, "upload"),
					framed(11, "status"),
				],
			];
			await openRehearsal(xs, options, false);
			await send(xs, { kind: "run", untilSeconds: 7200 });
			const onXs = (await send(xs, { kind: "converse", lines })).reply as string[];
			const rehearsal = new Rehearsal(options);
			rehearsal.runUntil(7200);
			assert.deepEqual(onXs, rehearsal.converse(lines));
			const answers = onXs.filter((line) => line.startsWith("!")).map((line) => line.split(" ")[1]);
			assert.deepEqual(answers, [
				...["ok", "ok", "ok", "ok", "ok", "unknown-command", "bad-argument", "garbled", "too-long"],
				...["ok", "unframed", "ok", "ok", "ok", "ok"],
			]);
		});

		it("takes up a configuration and proves it, as on Node", async () => {
			const options = {
				seed: 6,
				scenario: "quiet-bor",
				sectors: 8,
				offer: { fromSeconds: 3600, intervalSeconds: 60 },
			};
			await openRehearsal(xs, options, false);
			await send(xs, { kind: "run", untilSeconds: 4 * 3600 });
			await send(xs, { kind: "settle" });
			const onXs = (await send(xs, { kind: "report" })).reply as RehearsalReport;
			const rehearsal = new Rehearsal(options);
			rehearsal.runUntil(4 * 3600);
			rehearsal.settle();
			assert.deepEqual(onXs, rehearsal.report());
			assert.deepEqual(onXs.problems, []);
			const entries = rehearsal.entries.map((canonicalBytes) => decodeEntry(canonicalBytes));
			const ids = entries.map(({ configurationId }) => configurationId);
			assert.deepEqual([ids[0], ids.at(-1)], [1, 2]);
			const confirmed = EVENT_CODES["configuration-confirmed"];
			assert.equal(entries.filter((e) => e.kind === "event" && e.code === confirmed).length, 1);
			assert.ok(entries.length > 100, `${entries.length} entries`);
		});

		whole("asks for network time when the collector's clock lies, as on Node", async () => {
			const options = {
				seed: 8,
				scenario: "quiet-bor",
				sectors: 8,
				lie: { fromSeconds: 7200, seconds: 94_608_000 },
			};
			await openRehearsal(xs, options, false);
			await send(xs, { kind: "run", untilSeconds: 6 * 3600 });
			await send(xs, { kind: "settle" });
			const onXs = (await send(xs, { kind: "report" })).reply as RehearsalReport;
			const rehearsal = new Rehearsal(options);
			rehearsal.runUntil(6 * 3600);
			rehearsal.settle();
			assert.deepEqual(onXs, rehearsal.report());
			assert.deepEqual(onXs.problems, []);
			assert.equal(rehearsal.station.network.timeServer.requests, 1);
			const refused = EVENT_CODES["time-refused"];
			const entries = rehearsal.entries.map((canonicalBytes) => decodeEntry(canonicalBytes));
			// Once for the lie, and once more after network time had spoken for the clock.
			assert.equal(entries.filter((e) => e.kind === "event" && e.code === refused).length, 2);
		});

		whole("tells another seed by other bytes", async () => {
			const reports: RehearsalReport[] = [];
			for (const seed of [1, 2]) {
				await openRehearsal(xs, { seed, scenario: "quiet-bor", sectors: 8 }, false);
				await send(xs, { kind: "run", untilSeconds: 1800 });
				reports.push((await send(xs, { kind: "report" })).reply as RehearsalReport);
			}
			assert.notEqual(reports[0]?.entriesHash, reports[1]?.entriesHash);
			assert.notEqual(reports[0]?.imageHash, reports[1]?.imageHash);
		});

		if (IS_LONG)
			it("does the same for a week", async () => {
				const options = { seed: 7, scenario: "storm-pek", sectors: 64 };
				await openRehearsal(xs, options, true);
				for (let day = 1; day <= 7; day++) {
					await send(xs, { kind: "run", untilSeconds: day * DAY_SECONDS });
				}
				const onXs = (await send(xs, { kind: "report" })).reply as RehearsalReport;
				const rehearsal = new Rehearsal({ ...options, scheme: hostScheme() });
				rehearsal.runUntil(7 * DAY_SECONDS);
				assert.deepEqual(onXs, rehearsal.report());
				assert.deepEqual(onXs.problems, []);
			});
	});

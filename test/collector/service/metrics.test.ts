/** What Prometheus is told, and a log for machines: exact text, few labels, and of a whole collector what happened to it. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "../../../src/collector/service/log.js";
import { Family, Histogram } from "../../../src/collector/service/metrics.js";
import { Readiness, roomProblem } from "../../../src/collector/service/readiness.js";
import { hexOf } from "../../../src/core/bytes.js";
import {
	type CollectorProcess,
	startCollector,
} from "../../support/collectors/collector-process.js";
import { recordOf } from "../../support/collectors/ledger-suite.js";
import { whole } from "../../support/depth.js";

describe("metrics of the collector", () => {
	it("are written in Prometheus' text, with what would end a label escaped", () => {
		const family = new Family("a_total", "counter", "Things.");
		family.add({ reason: "fork" });
		family.add({ reason: "fork" }, 2);
		family.add({ reason: 'a"b\\c\nd' });
		assert.equal(
			family.text(),
			"# HELP a_total Things.\n# TYPE a_total counter\n" +
				'a_total{reason="fork"} 3\na_total{reason="a\\"b\\\\c\\nd"} 1\n',
		);
		const histogram = new Histogram("b_seconds", "Times.", [0.005, 1]);
		for (const seconds of [0.001, 0.005, 0.5, 30]) histogram.observe(seconds);
		assert.equal(
			histogram.text(),
			"# HELP b_seconds Times.\n# TYPE b_seconds histogram\n" +
				'b_seconds_bucket{le="0.005"} 2\nb_seconds_bucket{le="1"} 3\nb_seconds_bucket{le="+Inf"} 4\n' +
				"b_seconds_sum 30.506\nb_seconds_count 4\n",
		);
	});

	it("forget the station that was heard longest ago where there are too many", () => {
		const family = new Family("c", "gauge", "Times.", 2);
		for (const station of ["a", "b", "a", "c"]) family.set({ station }, 1);
		assert.match(family.text(), /\{station="a"\} 1\nc\{station="c"\} 1\n$/);
	});

	it("leave a log of one JSON object a line, whatever a stranger says", () => {
		const lines: string[] = [];
		const log = new Log(
			(line) => lines.push(line),
			() => new Date(0),
		);
		log.line("refused \x1b[2J", { station: "bor-1" });
		log.format = "json";
		log.line("refused \x1b[2J\n", { station: "bor-1", event: "refused" });
		log.line("error: no room");
		assert.deepEqual(lines, [
			"refused \\x1b[2J\n",
			'{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"refused \\u001b[2J\\n",' +
				'"station":"bor-1","event":"refused"}\n',
			'{"time":"1970-01-01T00:00:00.000Z","level":"error","message":"error: no room"}\n',
		]);
	});

	it("go with a readiness that knows when the disk of an embedded database is nearly full", async () => {
		assert.equal(roomProblem("data", { bavail: 10_000, bsize: 4096 }), undefined);
		const full = (): string | undefined => roomProblem("data", { bavail: 100, bsize: 4096 });
		assert.equal(full(), "data: only 0 MB left on its disk; make room");
		const store = { query: async () => [] };
		assert.equal(await new Readiness(store, () => 0, full).problem(), full());
		assert.equal(await new Readiness(store, () => 0).problem(), undefined);
	});
});

describe("a collector that is watched", function () {
	this.timeout(120_000);
	let folder = "";
	let collector: CollectorProcess | undefined;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-metrics-"));
	});
	after(async () => {
		await collector?.stop("SIGKILL");
		rmSync(folder, { recursive: true, force: true });
	});

	// A collector that starts, takes a batch and stops is in the short form by service.test.ts.
	whole(
		"counts batches, refusals, entries, requests and acknowledgements, and logs for machines",
		async () => {
			const station = recordOf(24);
			writeFileSync(join(folder, "stations"), `bor-1 ${hexOf(station.publicKey)}\n`);
			collector = await startCollector(join(folder, "data"), [
				...["--stations", join(folder, "stations"), "--metrics-port", "0", "--log", "json"],
				...["--readers-port", "0"],
			]);
			const { metricsPort = 0, readersPort } = collector;
			await collector.post(station.envelope(1, 12));
			await collector.post(station.envelope(1, 12));
			await collector.post(station.envelope(13, 24, { previous: new Uint8Array(32).fill(9) }));
			await collector.post(new Uint8Array([1, 2, 3]));
			assert.equal((await fetch(`http://127.0.0.1:${readersPort}/v1/health`)).status, 200);
			const scrape = async (): Promise<string> => {
				const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
				assert.equal(
					answer.headers.get("content-type"),
					"text/plain; version=0.0.4; charset=utf-8",
				);
				return answer.text();
			};
			let text = await scrape();
			// The readers' thread tells once a second.
			while (!text.includes('route="readers:/v1"')) text = await scrape();
			for (const line of [
				'bistrina_batches_total{result="stored"} 1',
				'bistrina_batches_total{result="known"} 1',
				'bistrina_batches_total{result="refused"} 1',
				'bistrina_batches_total{result="unreadable"} 1',
				'bistrina_refusals_total{reason="fork"} 1',
				"bistrina_entries_stored_total 12",
				'bistrina_acknowledgement_seconds_bucket{le="+Inf"} 2',
				"bistrina_acknowledgement_seconds_count 2",
				'bistrina_http_requests_total{route="/v1/batches",code="200"} 2',
				'bistrina_http_requests_total{route="/v1/batches",code="422"} 1',
				'bistrina_http_requests_total{route="/v1/batches",code="400"} 1',
				'bistrina_http_requests_total{route="readers:/v1",code="200"} 1',
				"bistrina_streams 0",
				"bistrina_ready 1",
				'bistrina_build_info{version="0.1.0"} 1',
			]) {
				assert.ok(text.split("\n").includes(line), `${line} is not in\n${text}`);
			}
			assert.match(
				text,
				/\nbistrina_station_last_contact_timestamp_seconds\{station="bor-1"\} 1\d{9}\n/,
			);
			const post = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { method: "POST" });
			assert.equal(post.status, 405);
			assert.equal((await fetch(`http://127.0.0.1:${metricsPort}/v1/batches`)).status, 404);
			assert.equal(await collector.stop("SIGINT"), 0);
			const lines = collector.output().trimEnd().split("\n");
			const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
			assert.ok(logged.every(({ time, level, message }) => time && level && message));
			assert.deepEqual(
				logged.filter(({ event }) => event === "refused").map(({ time: _time, ...rest }) => rest),
				[
					{
						level: "info",
						message:
							"refused bor-1: fork, entries 13 to 24 continue another chain than what is stored",
						event: "refused",
						claimed: "bor-1",
						reason: "fork",
						station: "bor-1",
					},
				],
			);
		},
	);
});

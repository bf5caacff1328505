/** What operators decide by `bistrina-collector alarms`, over a collector that runs and one that stands still. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hexOf } from "../../../src/core/bytes.js";
import {
	type CollectorProcess,
	startCollector,
} from "../../support/collectors/collector-process.js";
import type { Finished } from "../../support/collectors/command.js";
import { callCommand } from "../../support/collectors/command-here.js";
import { SignedStation } from "../../support/collectors/signed-station.js";
import { ACID_ALARM } from "../../support/data/alarm-body.js";
import { IS_WHOLE, sample, whole } from "../../support/depth.js";

const SECRET = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;

describe("the collector's command for alarms", function () {
	this.timeout(120_000);
	let folder = "";
	let receiver: Server;
	let collector: CollectorProcess | undefined;
	/** For the tests that need one that runs and no other than that; with its folder. */
	let shared: { readonly folder: string; readonly collector: CollectorProcess } | undefined;
	let status = 200;
	let got: Record<string, unknown>[] = [];

	before(async () => {
		receiver = createServer((request, response) => {
			let body = "";
			request.setEncoding("utf8").on("data", (part: string) => {
				body += part;
			});
			request.on("end", () => {
				got.push(JSON.parse(body) as Record<string, unknown>);
				response.writeHead(status).end();
			});
		});
		await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
	});
	after(async () => {
		await shared?.collector.stop("SIGKILL");
		rmSync(shared?.folder ?? folder, { recursive: true, force: true });
		receiver.close();
	});
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-alarms-"));
		got = [];
		status = 200;
	});
	afterEach(async () => {
		await collector?.stop("SIGKILL");
		collector = undefined;
		if (folder !== shared?.folder) rmSync(folder, { recursive: true, force: true });
	});

	const alarms = (...words: string[]): Promise<Finished> =>
		callCommand(
			"src/collector/service/main.js",
			"alarms",
			...words,
			"--data",
			join(folder, "data"),
			"--lang",
			"en",
		);
	const AUTHOR = ["--by", "Amina", "--why", "a test"];

	async function start(station: SignedStation): Promise<CollectorProcess> {
		writeFileSync(join(folder, "stations"), `${station.station} ${hexOf(station.publicKey)}\n`);
		const { port } = receiver.address() as AddressInfo;
		writeFileSync(join(folder, "webhook"), `url=http://127.0.0.1:${port}/\nsecret=${SECRET}\n`, {
			mode: 0o600,
		});
		return startCollector(join(folder, "data"), [
			"--stations",
			join(folder, "stations"),
			"--alarm-webhook",
			join(folder, "webhook"),
			"--alarm-language",
			"sr-Cyrl",
		]);
	}

	async function runningFor(station: SignedStation): Promise<CollectorProcess> {
		if (shared === undefined) shared = { folder, collector: await start(station) };
		else rmSync(folder, { recursive: true, force: true });
		({ folder } = shared);
		return shared.collector;
	}

	whole("tests, lists, mutes and acknowledges while the collector runs", async () => {
		const station = new SignedStation();
		station.append({ ...ACID_ALARM, phase: 1, beginSequence: 0 });
		station.append({ ...ACID_ALARM, phase: 3, beginSequence: 2 });
		const running = await runningFor(station);
		assert.equal(statSync(join(folder, "data", "alarms.sock")).mode & 0o777, 0o600);
		const tested = await alarms("test", ...AUTHOR);
		assert.equal(tested.stdout, "test alarm collector/test/1\nwebhook: told\n");
		assert.equal(tested.exitCode, 0);
		assert.equal(got[0]?.["isTest"], true);
		assert.match(String(got[0]?.["text"]), /^ПРОБА, ништа се није десило: тражи Amina, a test$/);
		const muted = await alarms("mute", "bor-1", "--until", "12h", ...AUTHOR);
		assert.match(muted.stdout, /^muted until 20\d\d-.*Z\n$/);
		assert.equal((await running.post(station.envelope(1, 2))).status, 200);
		const listed = await alarms("list");
		assert.match(listed.stdout, /bor-1\/77\/2 {2}\(webhook: waits\)\n {2}bor-1: acid water begins/);
		assert.match(listed.stdout, /muted until .*: bor-1, every cause\n$/);
		const seen = await alarms("acknowledge", "bor-1/77/2", ...AUTHOR);
		assert.equal(seen.stdout, "1 alarms are noted as seen\n");
		assert.equal((await alarms("unmute", "bor-1", ...AUTHOR)).stdout, "no longer muted\n");
		assert.equal((await running.post(station.envelope(3, 3))).status, 200);
		while (got.length < 2) await new Promise((resolve) => setImmediate(resolve));
		assert.equal(got[1]?.["id"], "bor-1/77/3");
		const json = JSON.parse((await alarms("list", "--all", "--format", "json")).stdout) as {
			alarms: { body: { id: string }; acknowledged: { by: string } | null }[];
		};
		assert.deepEqual(
			json.alarms.map(({ body, acknowledged }) => [body.id, acknowledged?.by]),
			[
				["collector/test/1", undefined],
				["bor-1/77/2", "Amina"],
				["bor-1/77/3", undefined],
			],
		);
	});

	whole(
		"decides over a collector that stands still, and it is done when that runs again",
		async () => {
			const station = new SignedStation();
			station.append({ ...ACID_ALARM });
			status = 500;
			collector = await start(station);
			assert.equal((await collector.post(station.envelope(1, 2))).status, 200);
			while (got.length < 1) await new Promise((resolve) => setImmediate(resolve));
			assert.equal(await collector.stop("SIGINT"), 0);
			const seen = await alarms("acknowledge", "bor-1", ...AUTHOR);
			assert.equal(seen.stdout, "1 alarms are noted as seen\n");
			const tested = await alarms("test", ...AUTHOR);
			assert.equal(
				tested.stdout,
				"test alarm collector/test/2\nwebhook: waits\nit is told when a collector with a hook runs\n",
			);
			assert.equal(tested.exitCode, 0);
			status = 200;
			got = [];
			collector = await start(station);
			while (got.length < 1) await new Promise((resolve) => setImmediate(resolve));
			assert.equal(await collector.stop("SIGINT"), 0);
			assert.deepEqual(
				got.map((line) => line["id"]),
				["collector/test/2"],
			);
		},
	);

	it("says in a line what is wrong", async () => {
		const nowhere = await alarms("list");
		assert.equal(nowhere.exitCode, 1);
		assert.match(nowhere.stderr, /no collector's database/);
		const cases: readonly (readonly [number, RegExp, ...string[]])[] = [
			[2, /required option '--by <name>'/, "test"],
			[2, /use 2026-11-28T18:00Z, a day, or 30m/, "mute", "bor-1", "--until", "soon", ...AUTHOR],
			[2, /unknown command 'delete'/, "delete"],
		];
		for (const [exitCode, expected, ...words] of sample(cases)) {
			const refused = await alarms(...words);
			assert.equal(refused.exitCode, exitCode);
			assert.match(refused.stderr, expected);
		}
		if (!IS_WHOLE) return;
		await runningFor(new SignedStation());
		for (const [expected, ...words] of sample([
			[/^error: pek-9: no alarm and no station with one/, "acknowledge", "pek-9"],
			[/^error: Bor: no station id; \* stands for all/, "mute", "Bor", "--until", "1h"],
			[/^error: hail: no cause; there are event, /, "mute", "*", "--cause=hail", "--until", "1h"],
		] as const)) {
			const refused = await alarms(...words, ...AUTHOR);
			assert.equal(refused.exitCode, 1, refused.stdout);
			assert.match(refused.stderr, expected);
		}
	});
});

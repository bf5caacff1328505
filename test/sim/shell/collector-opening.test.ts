/** A world that begins before its collector is open. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import type { CollectorHost } from "../../../sim/shell/collector-host.js";
import { CollectorOpening } from "../../../sim/shell/collector-opening.js";
import { DataDirectory } from "../../../sim/shell/data-directory.js";
import { simulatedPrivateKey } from "../../../sim/shell/played-station.js";
import { Simulation } from "../../../sim/shell/simulation.js";
import { signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { type StationResult, verifiedPossession } from "../../../src/host/station-result.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";

const START = 1_790_812_800;

describe("a collector that is still opening", () => {
	let folder: string;
	let directory: DataDirectory;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-opening-"));
		directory = DataDirectory.open(folder);
	});

	afterEach(() => {
		directory.release();
		rmSync(folder, { recursive: true });
	});

	/** A world over a collector whose opening ends as the test says. */
	function world() {
		let succeed: (host: CollectorHost) => void = () => {};
		let fail: (error: Error) => void = () => {};
		const lines: string[] = [];
		const opening = new CollectorOpening({
			open: () =>
				new Promise((resolve, reject) => {
					succeed = resolve;
					fail = reject;
				}),
			print: (line) => lines.push(line),
		});
		const river = SCENARIOS["quiet-bor"]?.(1, START);
		assert.ok(river !== undefined);
		const simulation = new Simulation({
			directory,
			seed: 1,
			startUtcSeconds: START,
			stations: [{ name: "bor-1", river }],
			saved: undefined,
			collectorPublicKey: signingKeyOf(simulatedPrivateKey(1, "collector")).publicKey,
			endpoint: opening.endpoint,
		});
		opening.begin(simulation.played);
		return { opening, simulation, lines, succeed: () => succeed, fail: () => fail };
	}

	async function untilItUploads(simulation: Simulation): Promise<void> {
		while (simulation.world.waiting === undefined) await simulation.step();
	}

	it("is not waited for by the first reading, and stations wait with their first upload", async () => {
		const { opening, simulation } = world();
		await untilItUploads(simulation);
		const [played] = simulation.played;
		const kinds = played?.witness.returned.map(
			(canonicalBytes) => decodeEntry(canonicalBytes).kind,
		);
		assert.ok(kinds?.includes("reading"), String(kinds));
		assert.notEqual(played?.latest, undefined);
		assert.match(opening.state, /^opens its database, \d+ s$/);
		simulation.close();
	});

	it("is told when it is open, with its stations enrolled before anything is asked", async () => {
		const { opening, simulation, lines, succeed } = world();
		await untilItUploads(simulation);
		const done: string[] = [];
		opening.onOpen = () => done.push("open");
		succeed()({
			port: 4711,
			identity: { certificateAuthority: "" },
			enrol: async (results: readonly StationResult[]) => {
				for (const result of results) verifiedPossession(result);
				done.push(`enrol ${results.map(({ station }) => station).join(" ")}`);
			},
			close: async () => {
				done.push("close");
			},
		} as unknown as CollectorHost);
		await opening.collector;
		assert.deepEqual(done, ["enrol bor-1", "open"]);
		assert.match(
			lines.join("\n"),
			/^the collector is open after \d+\.\d s: https:\/\/127\.0\.0\.1:4711$/,
		);
		await opening.close();
		assert.equal(done.at(-1), "close");
		simulation.close();
	});

	it("lets uploads fail when it does not open, and says why to who asks", async () => {
		const { opening, simulation, fail } = world();
		await untilItUploads(simulation);
		let hasFailed = false;
		opening.onFailed = () => {
			hasFailed = true;
		};
		fail()(new Error("no room"));
		await assert.rejects(opening.collector, /no room/);
		await simulation.untilAllSleep();
		assert.equal(hasFailed, true);
		assert.equal(simulation.played[0]?.witness.acknowledgedCursor, 0);
		await opening.close();
		simulation.close();
	});
});

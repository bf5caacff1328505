/** A whole visit at the station that is bundled for the chip, on a real XS engine: typed in a terminal, and by JSON lines. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rehearsal, type RehearsalReport } from "../../sim/station/rehearsal.js";
import { hexOf } from "../../src/core/bytes.js";
import { createSha256 } from "../../src/core/sha256.js";
import { ExportWriter } from "../../src/protocol/audit/batch-archive.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { ChannelValue } from "../../src/technician/visit/report.js";
import {
	FIRST_SITTING,
	hasTerminals,
	playedByHands,
	playedInTerminal,
	playedProgram,
	SECOND_SITTING,
} from "../support/bench/played-program.js";
import { whole } from "../support/depth.js";
import { writeBundle } from "../support/engines/xs-bundle.js";
import { findXsWorker, XsEngine } from "../support/engines/xs-engine.js";
import { hostScheme, openRehearsal, send } from "../support/engines/xs-host.js";

const OPTIONS = Object.freeze({ seed: 17, scenario: "quiet-bor", sectors: 16 });
const LIVED_SECONDS = 1800;

/** What came to the station in its order, and what it said to that. */
type Step =
	| { readonly kind: "plug-in"; readonly output: string }
	| { readonly kind: "send"; readonly text: string; readonly output: string }
	| { readonly kind: "put"; readonly where: string }
	| { readonly kind: "unplug" };

/** The engine's station at a socket; a program after the other is plugged in. */
class XsLine {
	readonly steps: Step[] = [];
	readonly #xs: XsEngine;
	readonly #server: Server;
	/** What is still to be done, one after the other. */
	#last: Promise<void> = Promise.resolve();
	#failure: unknown;

	constructor(xs: XsEngine) {
		this.#xs = xs;
		this.#server = createServer((socket) => {
			let typed = "";
			socket.on("error", () => {});
			this.#next(async () => {
				const output = (await send(xs, { kind: "plug-in" })).reply as string;
				this.steps.push({ kind: "plug-in", output });
				socket.write(output);
			});
			socket.on("data", (bytes) => {
				typed += bytes.toString("latin1");
				const end = typed.lastIndexOf("\n") + 1;
				const text = typed.slice(0, end);
				typed = typed.slice(end);
				if (text !== "")
					this.#next(async () => {
						const output = (await send(xs, { kind: "send", text })).reply as string;
						this.steps.push({ kind: "send", text, output });
						socket.write(output);
					});
			});
			socket.on("close", () =>
				this.#next(async () => {
					await send(xs, { kind: "unplug" });
					this.steps.push({ kind: "unplug" });
				}),
			);
		});
	}

	async listen(): Promise<string> {
		await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
		return `socket://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
	}

	putProbes(where: string): void {
		this.#next(async () => {
			await send(this.#xs, { kind: "put", where });
			this.steps.push({ kind: "put", where });
		});
	}

	/** When all is done. Throws what went wrong. */
	async done(): Promise<void> {
		await this.#last;
		if (this.#failure !== undefined) throw this.#failure;
	}

	close(): void {
		this.#server.close();
	}

	#next(step: () => Promise<void>): void {
		this.#last = this.#last.then(step).catch((error: unknown) => {
			this.#failure ??= error;
		});
	}
}

const found = findXsWorker();
if ("missing" in found) console.log(`SKIPPED: a visit on XS: ${found.missing}`);

("path" in found ? describe : describe.skip)("a visit at the bundled station on XS", function () {
	this.timeout(300_000);
	let folder = "";
	let program = "";
	let xs: XsEngine;
	let line: XsLine;
	let port = "";

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-xs-visit-"));
		program = await writeBundle("test/support/engines/xs-rehearsal.js", folder);
	});

	after(() => rmSync(folder, { recursive: true }));

	beforeEach(async () => {
		xs = new XsEngine("path" in found ? found.path : "");
		await xs.importModule(program);
		await openRehearsal(xs, OPTIONS, true);
		await send(xs, { kind: "run", untilSeconds: LIVED_SECONDS });
		line = new XsLine(xs);
		port = await line.listen();
	});

	afterEach(() => {
		line.close();
		xs.close();
	});

	/** The same deeds at the same station on Node say the same and leave the same; its envelopes and entries. */
	async function comparedWithNode(): Promise<{
		readonly envelopes: readonly Uint8Array[];
		readonly entries: readonly Uint8Array[];
	}> {
		await line.done();
		await send(xs, { kind: "settle" });
		const onXs = (await send(xs, { kind: "report" })).reply as RehearsalReport;
		const envelopes: Uint8Array[] = [];
		const onBatch = (envelope: Uint8Array): void => {
			envelopes.push(envelope.slice());
		};
		const rehearsal = new Rehearsal({ ...OPTIONS, scheme: hostScheme(), onBatch });
		rehearsal.runUntil(LIVED_SECONDS);
		for (const step of line.steps) {
			if (step.kind === "plug-in") assert.equal(rehearsal.plugIn(), step.output);
			else if (step.kind === "send") assert.equal(rehearsal.send(step.text), step.output);
			else if (step.kind === "put") rehearsal.put(step.where);
			else rehearsal.unplug();
		}
		rehearsal.settle();
		assert.deepEqual(onXs, rehearsal.report());
		assert.deepEqual(onXs.problems, []);
		assert.equal(onXs.crashes, 0);
		assert.equal(onXs.acknowledged, onXs.appended);
		return { envelopes, entries: rehearsal.entries };
	}

	// At a station on Node it is in the short form (technician/visit.test.ts), and a technician at one on XS (rehearsal.test.ts).
	whole(
		"is typed by a person, left, taken up again, and its page is proved by what the station signed",
		async function () {
			if (!hasTerminals()) {
				console.log("SKIPPED: a visit in a terminal on XS; install python3 to run it");
				this.skip();
			}
			const argv = ["--port", port, "visit", "--file", join(folder, "visit.json")];
			const putProbes = (what: string): void => line.putProbes(what);
			const first = await playedInTerminal(argv, FIRST_SITTING, putProbes);
			assert.equal(first.code, 1, first.shown);
			const second = await playedInTerminal(argv, SECOND_SITTING, putProbes);
			assert.equal(second.code, 0, second.shown);
			const { envelopes, entries } = await comparedWithNode();
			const text = readFileSync(join(folder, "visit.txt"), "utf8");
			assert.match(text, /^Visit at bor-1, 2026-09-01 00:\d\d UTC\nTechnician: Mira K\n/);
			assert.match(text, /pH, calibration 1: good\./);
			assert.match(text, /conductivity[^\n]*, calibration 1: good/);
			assert.match(text, /gate repaired/);
			const sequences = entries.map((canonicalBytes) => decodeEntry(canonicalBytes).sequence);
			const proofs = [...text.matchAll(/#(\d+) {2}([0-9a-f]{16})/g)];
			assert.ok(proofs.length >= 7, text);
			for (const [, sequence] of proofs) assert.ok(sequences.includes(Number(sequence)));
			// The page against the signatures of that very station.
			const page = join(folder, "visit.html");
			const record = join(folder, "record.jsonl");
			const writer = new ExportWriter("json-lines", "bor-1", createSha256());
			const items = envelopes.map((envelope) => writer.item(envelope));
			writeFileSync(record, Buffer.concat([...items, writer.end()]));
			const key = hexOf(hostScheme().publicKey("station"));
			const check = ["signatures", page, "--station", "bor-1", "--key", key];
			assert.equal((await playedProgram(check)).code, 1);
			const filled = await playedProgram([...check, "--record", record]);
			assert.equal(filled.code, 0, filled.shown);
			const checked = await playedProgram(check);
			assert.equal(checked.code, 0, checked.shown);
			assert.match(checked.shown, /calibrations and notes told as signed, 0 problems/);
			const verified = await playedProgram(["verify", record, "--station", "bor-1", "--key", key]);
			assert.equal(verified.code, 0, verified.shown);
		},
	);

	// On Node it is in the short form (technician/visit.test.ts).
	whole("is asked for by JSON lines without a person", async () => {
		const file = join(folder, "by-lines.json");
		const argv = ["--port", port, "visit", "--file", file, "--by", "robot", "--note", "by itself"];
		const standards = "american-7.00:A1:2027-05-31,american-4.00:A2:2027-05-31";
		const { lines, code } = await playedByHands(
			[
				...argv,
				"--ph-standards",
				standards,
				"--conductivity-standards",
				"air,kcl-1413:K1:2027-05-31",
			],
			(what) => line.putProbes(what),
		);
		assert.equal(code, 0);
		const steps = lines.map((each) => each["step"]).filter((step) => step !== "reading");
		assert.deepEqual(steps, [
			...["visit", "read", "coupling", "visit", "clean", "visit", "read", "visit"],
			...["begin", "put", "settled", "point", "put", "settled", "point", "commit"],
			...["visit", "begin", "put", "settled", "point", "put", "settled", "point", "commit"],
			...["visit", "put", "read", "visit", "visit", "report"],
		]);
		const committed = lines.filter((each) => each["step"] === "commit");
		assert.deepEqual(
			committed.map((each) => each["verdict"]),
			["good", "good"],
		);
		const { entries } = await comparedWithNode();
		// As left is the river again, as it was found.
		const reads = lines.filter((each) => each["step"] === "read");
		assert.deepEqual(
			reads.map((each) => each["does"]),
			["as-found", "found-again", "as-left"],
		);
		const pHs = reads.map(({ values }) => (values as readonly ChannelValue[])[0]?.value ?? 0);
		assert.ok(Math.abs((pHs[2] ?? 0) - (pHs[0] ?? 0)) < 0.05, pHs.join(" "));
		assert.ok(entries.length > 30, `${entries.length} entries`);
	});
});

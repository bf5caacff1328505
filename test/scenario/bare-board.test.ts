/** From nothing to the first acknowledged reading, by the commands that docs/FLASHING.md shows, in one sitting. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hexOf } from "../../src/core/bytes.js";
import { startCollector } from "../support/collectors/collector-process.js";
import { IS_WHOLE, whole } from "../support/depth.js";
import { PROJECT } from "../support/sources.js";

const PASSWORD = "very secret 100%";

/** A minute. */
const LOOKS_MAX = 600;

interface Step {
	readonly command: string;
	readonly shown: string;
}

/** Commands of the paper's transcript, with what it shows of each. */
function transcript(): Step[] {
	const paper = readFileSync(join(PROJECT, "docs/FLASHING.md"), "utf8");
	const blocks = [...paper.matchAll(/<!-- transcript -->\n```console\n([\s\S]*?)```/g)];
	return blocks
		.map(([, block = ""]) => block)
		.join("")
		.split(/^\$ /m)
		.slice(1)
		.map((step) => {
			const [command = "", ...shown] = step.split("\n");
			return { command, shown: shown.join("\n").trimEnd() };
		});
}

/** What differs from run to run, made one. */
function shapeOf(text: string): string {
	return text
		.replace(/\b(0[23])?[0-9a-f]{16,66}\b/g, "HEX")
		.replace(/24:0a:c4:[0-9a-f:]{8}/g, "MAC")
		.replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, "TIME")
		.replace(/\d+(\.\d+)?/g, "N")
		.replace(/ +/g, " ")
		.trimEnd();
}

/** The page, once it shows a pH of the station. Sealing takes it a moment after the delivery. */
async function pageOf(port: number): Promise<string> {
	let shown = "";
	for (let poll = 0; poll < LOOKS_MAX && !/\b7\.\d{3}\b/.test(shown); poll++) {
		const answer = await fetch(`http://127.0.0.1:${port}/status/bor-1`, {
			headers: { "accept-language": "en" },
		});
		shown = answer.ok ? await answer.text() : `${answer.status}`;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	return shown;
}

describe("a bare board", function () {
	this.timeout(240_000);
	let folder = "";

	before(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-bare-"));
	});

	after(() => rmSync(folder, { recursive: true, force: true }));

	const run = (command: string, environment: Readonly<Record<string, string>> = {}) =>
		new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
			const given = command
				.replace(/npx bistrina /g, `node ${join(PROJECT, "build/src/technician/main.js")} `)
				.replace(
					/npm run --silent bundle --/,
					`node ${join(PROJECT, "build/scripts/flash-bundle.js")}`,
				);
			const child = spawn("bash", ["-c", `set -o pipefail; ${given}`], {
				cwd: folder,
				stdio: ["ignore", "pipe", "pipe"],
				env: { ...process.env, WIFI_PASSWORD: PASSWORD, ...environment },
			});
			let stdout = "";
			let stderr = "";
			child.stdout.setEncoding("utf8").on("data", (text: string) => {
				stdout += text;
			});
			child.stderr.setEncoding("utf8").on("data", (text: string) => {
				stderr += text;
			});
			child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
		});

	it("is refused a bundle that is not there in the reader's language, by option and by locale", async () => {
		const flash = "npx bistrina --port board:x flash nothing";
		const cyrillic = await run(flash.replace("bistrina", "bistrina --lang sr-Cyrl"));
		assert.equal(cyrillic.exitCode, 1);
		assert.equal(cyrillic.stderr, "грешка: nothing: нема такве фасцикле ни зип датотеке\n");
		const latin = await run(flash, { LC_ALL: "sr_RS@latin" });
		assert.match(latin.stderr, /^greška: nothing: nema takve fascikle ni zip datoteke$/m);
		if (!IS_WHOLE) return;
		const english = await run(flash, { LC_ALL: "C" });
		assert.equal(english.stderr, "error: nothing: no such folder or zip\n");
	});

	// Ten programs after each other, ten seconds of processor time; flash.test.ts, provision.test.ts and batch.test.ts take the steps in one.
	whole(
		"becomes a station whose readings a collector acknowledges, as the paper shows",
		async () => {
			const collector = await startCollector(join(folder, "collector"), ["--readers-port", "0"]);
			try {
				const conf = /\n\n```\n(station=[\s\S]*?)```/.exec(
					readFileSync(join(PROJECT, "docs/FLASHING.md"), "utf8"),
				)?.[1];
				writeFileSync(
					join(folder, "bor-1.conf"),
					(conf ?? "")
						.replace("8443", String(collector.port))
						.replace(/collectorPublicKey=.*/, `collectorPublicKey=${hexOf(collector.publicKey)}`),
				);
				const steps = transcript();
				assert.ok(steps.length >= 8, `${steps.length} steps`);
				for (const { command, shown } of steps) {
					const ended = await run(command);
					assert.equal(ended.exitCode, 0, `${command}: ${ended.stderr}`);
					assert.equal(shapeOf(ended.stdout), shapeOf(shown), command);
					assert.ok(!`${ended.stdout}${ended.stderr}`.includes("very secret"), command);
				}
				assert.match(await pageOf(collector.readersPort ?? 0), /bor-1[\s\S]*\b7\.\d{3}\b/);
			} finally {
				await collector.stop("SIGINT");
			}
			const readings = await run("npx bistrina readings --station bor-1 --data collector");
			assert.equal(readings.exitCode, 0, readings.stderr);
			assert.ok(readings.stdout.split("\n").length > 2, readings.stdout);
			const check =
				"npx bistrina verify --station bor-1 --key enrolled --data collector --format json";
			const { exitCode, stdout: judged } = await run(check);
			assert.equal(exitCode, 0, judged);
			const { ranges } = JSON.parse(judged) as { ranges: { standing: string }[] };
			assert.deepEqual(
				ranges.map(({ standing }) => standing),
				["chained", "chained"],
			);
		},
	);
});

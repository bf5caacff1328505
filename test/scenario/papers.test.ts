/** Commands that the papers show: each is run as it stands, or a named test runs it. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IS_WHOLE, proof } from "../support/depth.js";
import { PROJECT } from "../support/sources.js";

/** Why a command of a paper is not run here: the test that does so, and what it must contain. */
const ELSEWHERE: readonly (readonly [command: RegExp, test: string, evidence: RegExp])[] = [
	[/^npm ci && npm start$/, "test/scenario/command-line.test.ts", /sim\/shell\/main\.js/],
	[/^npm test$/, ".ci/run", /^npm test/m],
	[/^npm start -- --data recorded /, "test/scenario/command-line.test.ts", /"--river"/],
	[/^npm run test:cost /, "test/structure/test-cost.test.ts", /"test\/cost\/main\.js"/],
	[/^npm run xs:(sim|esp32)/, "test/structure/manifest.test.ts", /manifest/],
	[
		/^npm run lint$/,
		"package.json",
		/"test": "npm run --silent build && npm run --silent lint && /,
	],
	[/^npx bistrina --port socket:/, "test/scenario/technician.test.ts", /socket:\/\//],
	[
		/^npx bistrina --port \/dev\/ttyUSB0 flash/,
		"test/technician/flash/flash.test.ts",
		/flashBoard/,
	],
	[/^npx bistrina ports$/, "test/technician/list-ports.test.ts", /portRows/],
	[/^npx bistrina --port \/dev\//, "test/technician/line.test.ts", /serial/i],
	[/^npx bistrina journal station\.bin /, "test/technician/image.test.ts", /csv/],
	[/^npx bistrina readings --station /, "test/scenario/command-line.test.ts", /"readings"/],
	[/^npx bistrina values --station /, "test/scenario/command-line.test.ts", /"values"/],
	[/^npx bistrina verify .* --values /, "test/scenario/command-line.test.ts", /"--values"/],
	[/^npx bistrina verify --station /, "test/scenario/command-line.test.ts", /"verify"/],
];

/** Lines of the `sh` blocks of a paper, comments and continuation lines aside. */
function commandsOf(paper: string): string[] {
	const text = readFileSync(join(PROJECT, paper), "utf8");
	return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
		block
			.replaceAll("\\\n", " ")
			.split("\n")
			.map((line) => line.replace(/ +# .*$/, "").trim())
			.filter((line) => line !== "" && !line.startsWith("#")),
	);
}

interface Ended {
	readonly exitCode: number | null;
	readonly output: string;
}

/** A shell's word on a command in the project's folder; `--data` leads to `folder`. */
function run(command: string, folder: string): Promise<Ended> {
	const given = command.replace(/--data \S+/, `--data ${join(folder, "data")}`);
	return new Promise((resolve, reject) => {
		const child = spawn("bash", ["-c", given], {
			cwd: PROJECT,
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, CI: "true" },
		});
		let output = "";
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding("utf8").on("data", (text: string) => {
				output += text;
			});
		}
		child.on("error", reject);
		child.on("close", (exitCode) => resolve({ exitCode, output }));
	});
}

describe("the papers", () => {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-papers-"));
	after(() => rmSync(folder, { recursive: true, force: true }));

	const papers: readonly (readonly [paper: string, commands: number])[] = [
		["README.md", 5],
		["docs/HACKING.md", 5],
		["docs/TECHNICIAN.md", 5],
		["docs/SIMULATOR.md", 1],
	];
	for (const [paper, count] of papers) {
		const commands = commandsOf(paper);
		it(`find commands in ${paper}`, () => {
			assert.ok(commands.length >= count, `only ${commands.length}`);
		});
		for (const command of commands) {
			const elsewhere = ELSEWHERE.find(([pattern]) => pattern.test(command));
			if (elsewhere !== undefined) {
				it(`of ${paper}: "${command}" is run by ${elsewhere[1]}`, () => {
					assert.match(readFileSync(join(PROJECT, elsewhere[1]), "utf8"), elsewhere[2]);
				});
				continue;
			}
			// A newcomer's first lines always; the rest takes half a minute of processor. The short run of what
			// npx starts is one of these: test/scenario/technician.test.ts asks for the status, too.
			const isLater = paper !== "README.md" || / sim:\S* (status|self-test)$/.test(command);
			if (isLater && !IS_WHOLE) continue;
			it(`of ${paper}: "${command}" works`, async function () {
				this.timeout(300_000);
				const { exitCode, output } = await run(command, folder);
				assert.equal(exitCode, 0, output);
				// A pattern that matches no test is no failure to mocha.
				if (command.includes("mocha ")) assert.match(output, /[1-9]\d* passing/);
			});
		}
	}

	proof("notice a command that fails", async () => {
		const { exitCode } = await run("npx mocha build/test/core/no-such.test.js", folder);
		assert.notEqual(exitCode, 0);
	});
});

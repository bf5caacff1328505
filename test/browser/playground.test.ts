/** The playground in a real browser, over a whole `npm start`: what is pressed is seen within two seconds. */
import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, Page } from "playwright-core";
import { chromiumProgram, openBrowser, watchedPage } from "../support/browser.js";
import { PROJECT } from "../support/sources.js";

const START = join(PROJECT, "build/sim/shell/main.js");
const AXE = createRequire(import.meta.url).resolve("axe-core");
const SHOWN_MILLISECONDS_MAX = 2000;
const program = chromiumProgram();

if (program === undefined) {
	describe("the playground in Chromium", () => {
		it("SKIPPED: no Chromium is installed (Debian: apt install chromium)", function () {
			console.log("SKIPPED: the Chromium lane; install chromium to run it");
			this.skip();
		});
	});
} else {
	describe("the playground in Chromium", function () {
		this.timeout(120_000);
		let browser: Browser;
		let simulator: ChildProcess;
		let folder: string;
		let origin = "";

		before(async () => {
			browser = await openBrowser(program);
			folder = mkdtempSync(join(tmpdir(), "bistrina-playground-"));
			const args = ["--data", folder, "--page-port", "0", "--quiet", "--speed", "600"];
			simulator = spawn(process.execPath, [START, ...args], {
				stdio: ["ignore", "ignore", "pipe"],
			});
			const said = simulator.stderr;
			if (said === null) throw new Error("no stderr");
			for await (const line of createInterface({ input: said })) {
				origin = /^the playground: (http:\/\/127\.0\.0\.1:\d+)\//.exec(line)?.[1] ?? "";
				if (origin !== "") break;
			}
			said.resume();
			assert.notEqual(origin, "");
		});

		after(async () => {
			await browser?.close();
			if (simulator !== undefined) {
				const gone = once(simulator, "exit");
				simulator.kill("SIGINT");
				// It ends well, whatever was pressed: the network is given back and the collector started.
				assert.deepEqual(await gone, [0, null]);
			}
			rmSync(folder, { recursive: true, force: true });
		});

		async function opened(language = "en") {
			const watched = await watchedPage(browser, origin);
			await watched.page.goto(`${origin}/?lang=${language}`);
			// Something was delivered and published.
			await watched.page.waitForFunction(
				() => Number(document.body.dataset["drawn"]) > 3,
				undefined,
				{ timeout: 60_000 },
			);
			return watched;
		}

		const newestMark = (page: Page): Promise<string> =>
			page.evaluate(() => document.querySelector("ol.marks li")?.textContent ?? "");

		async function shows(page: Page, words: string, press: () => Promise<void>): Promise<number> {
			const began = performance.now();
			await press();
			await page.waitForFunction(
				(wanted) => document.querySelector("ol.marks li")?.textContent?.includes(wanted) === true,
				words,
				{ timeout: SHOWN_MILLISECONDS_MAX, polling: 50 },
			);
			return performance.now() - began;
		}

		it("shows each fault that is pressed within two seconds, and that it is over", async () => {
			const { page, complaints } = await opened();
			const pressed: readonly (readonly [string, string])[] = [
				["network", "bor-1: the network is cut"],
				["network", "bor-1: the network is back"],
				["foul", "bor-1: slime on the probes"],
				["dry", "bor-1: the probes are in the air"],
				["dry", "bor-1: the probes are in the water"],
				["clock", "bor-1: its clock is an hour ahead"],
				["power", "bor-1: no power for ten minutes"],
				["acid", "bor-1: mine water breaks in"],
				["storm", "bor-1: it rains upstream"],
				["collector", "the collector’s process was killed"],
			];
			for (const [action, words] of pressed) {
				const took = await shows(page, words, () => page.click(`[data-action="${action}"]`));
				assert.ok(took <= SHOWN_MILLISECONDS_MAX, `${action}: ${took} ms`);
			}
			assert.equal(await page.textContent('[data-fact="collector"]'), "is dead");
			const isPressed = (action: string) =>
				page.getAttribute(`[data-action="${action}"]`, "aria-pressed");
			assert.equal(await isPressed("collector"), "true");
			assert.equal(await isPressed("foul"), "true");
			assert.equal(await isPressed("network"), "false");
			await page.click('[data-action="collector"]');
			// A killed database is opened and mended first.
			await page.waitForFunction(
				() => document.querySelector('[data-fact="collector"]')?.textContent === "runs",
			);
			assert.deepEqual(complaints, []);
		});

		it("draws truth and readings on one axis, and values of a killed collector when it is back", async () => {
			const { page } = await opened();
			const counts = (): Promise<{ truth: number; delivered: number }> =>
				page.evaluate(() => {
					const host = document.querySelector('[data-channel="ph"] .plot');
					const { data } = (host as unknown as { plot: { data: (number | null)[][] } }).plot;
					const count = (values: (number | null)[] = []) =>
						values.filter((each) => each !== null && each !== undefined).length;
					return { truth: count(data[1]), delivered: count(data[2]) };
				});
			const before = await counts();
			assert.ok(before.truth >= 600 && before.delivered > 3, JSON.stringify(before));
			await page.click('[data-action="upload"]');
			await page.waitForFunction(
				(least) => {
					const host = document.querySelector('[data-channel="ph"] .plot');
					const { data } = (host as unknown as { plot: { data: (number | null)[][] } }).plot;
					const [, , values = []] = data;
					return values.filter((each) => each !== null && each !== undefined).length > least;
				},
				before.delivered,
				{ timeout: 60_000 },
			);
		});

		it("stands still while it is paused", async () => {
			const { page } = await opened();
			await page.click('button[name="pause"]');
			await page.waitForFunction(
				() =>
					document.querySelector('button[name="pause"]')?.getAttribute("aria-pressed") === "true",
			);
			const world = () => page.textContent('[data-fact="world"]');
			const now = async () =>
				(await (await page.request.get(`${origin}/state?station=bor-1`)).json())
					.utcSeconds as number;
			const stood = await now();
			assert.equal(await now(), stood);
			assert.match((await world()) ?? "", /^2026-10-0\d \d\d:\d\d:\d\d UTC$/);
			await page.click('button[name="pause"]');
			await page.waitForFunction(
				() =>
					document.querySelector('button[name="pause"]')?.getAttribute("aria-pressed") === "false",
			);
		});

		it("speaks three languages, works by the keyboard alone, and axe finds nothing serious", async () => {
			const titles: string[] = [];
			for (const language of ["en", "sr", "sr-Cyrl"]) {
				const { page } = await opened(language);
				titles.push((await page.textContent("h1")) ?? "");
			}
			assert.deepEqual(titles, ["Playground", "Igralište", "Игралиште"]);
			const { page } = await opened();
			const focused = (): Promise<string> =>
				page.evaluate(() => (document.activeElement as HTMLElement).dataset["action"] ?? "");
			for (let tries = 0; tries < 40 && (await focused()) !== "storm"; tries++)
				await page.keyboard.press("Tab");
			await shows(page, "bor-1: it rains upstream", () => page.keyboard.press("Enter"));
			assert.match(await newestMark(page), /it rains upstream/);
			const context = await browser.newContext({ bypassCSP: true });
			const examined = await context.newPage();
			await examined.goto(`${origin}/?lang=en`);
			await examined.addScriptTag({ path: AXE });
			const { violations } = (await examined.evaluate("axe.run()")) as {
				violations: { impact: string; id: string; nodes: { html: string }[] }[];
			};
			const serious = violations.filter(({ impact }) => /serious|critical/.test(impact));
			assert.deepEqual(
				serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
				[],
			);
		});
	});
}

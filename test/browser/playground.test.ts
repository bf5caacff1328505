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
			const stderr = simulator.stderr;
			if (stderr === null) throw new Error("no stderr");
			for await (const line of createInterface({ input: stderr })) {
				origin = /^the playground: (http:\/\/127\.0\.0\.1:\d+)\//.exec(line)?.[1] ?? "";
				if (origin !== "") break;
			}
			stderr.resume();
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
			const drawn = (): Promise<(number | null)[][]> =>
				page.evaluate(() => {
					const host = document.querySelector('[data-channel="ph"] .plot');
					const { data } = (host as unknown as { plot: { data: (number | null)[][] } }).plot;
					return data.map((values) => values.map((each) => each ?? null));
				});
			const present = (values: readonly (number | null)[] = []): number =>
				values.filter((each) => each !== null).length;
			const [times = [], truth = [], delivered = []] = await drawn();
			assert.deepEqual([truth.length, delivered.length], [times.length, times.length]);
			assert.ok(times.every((at, index) => index === 0 || (at ?? 0) > (times[index - 1] ?? 0)));
			const before = present(delivered);
			assert.ok(present(truth) >= 600 && before > 3, `${present(truth)}, ${before}`);
			// What is measured and never reaches a collector that is dead waits in flash.
			await page.click('[data-action="collector"]');
			const showsWords = (name: string, words: string): Promise<unknown> =>
				page.waitForFunction(
					([fact, wanted]) =>
						document.querySelector(`[data-fact="${fact}"]`)?.textContent === wanted,
					[name, words],
				);
			await showsWords("collector", "is dead");
			const waiting = async () => Number(await page.textContent('[data-fact="waiting"]'));
			const stood = await waiting();
			await page.click('[data-action="upload"]');
			await page.waitForFunction(
				(least) => Number(document.querySelector('[data-fact="waiting"]')?.textContent) > least,
				stood,
				{ timeout: 60_000 },
			);
			const [at = [], , values = []] = await drawn();
			const known = at.map((time) => time ?? 0).filter((_, index) => values[index] !== null);
			await page.click('[data-action="collector"]');
			await showsWords("collector", "runs");
			await page.click('[data-action="upload"]');
			// One at a time that had none, not one more: a plot that is full of a day's values has no more of them later.
			await page.waitForFunction(
				(had) => {
					const host = document.querySelector('[data-channel="ph"] .plot');
					const { data } = (host as unknown as { plot: { data: (number | null)[][] } }).plot;
					const [at = [], , values = []] = data;
					return values.some((value, index) => {
						const isThere = value !== null && value !== undefined;
						return isThere && !had.includes(at[index] ?? 0);
					});
				},
				known,
				{ timeout: 60_000 },
			);
		});

		it("keeps the words under its plots apart", async () => {
			const { page } = await opened();
			const room = await page.evaluate(() => {
				interface Axis {
					readonly _splits: readonly number[];
					readonly _values: readonly string[];
				}
				interface Plot {
					readonly axes: readonly Axis[];
					readonly ctx: CanvasRenderingContext2D;
					valToPos(value: number, scale: string, isOnCanvas: boolean): number;
				}
				const host = document.querySelector('[data-channel="ph"] .plot');
				const { plot } = host as unknown as { plot: Plot };
				const [axis] = plot.axes;
				const { _splits: splits = [], _values: words = [] } = axis ?? {};
				plot.ctx.font = `${12 * devicePixelRatio}px system-ui`;
				const widest = Math.max(...words.map((word) => plot.ctx.measureText(word).width));
				const at = splits.map((split) => plot.valToPos(split, "x", true));
				const apart = Math.min(...at.slice(1).map((place, index) => place - (at[index] ?? 0)));
				return { count: words.length, left: apart - widest };
			});
			assert.ok(room.count >= 2, `${room.count} words`);
			assert.ok(room.left > 4, `${room.left} pixels between two words`);
		});

		it("stands still while it is paused, and continues after it", async () => {
			const { page } = await opened();
			const pressed = (wanted: string): Promise<unknown> =>
				page.waitForFunction(
					(state) =>
						document.querySelector('button[name="pause"]')?.getAttribute("aria-pressed") === state,
					wanted,
				);
			const world = async () => (await page.textContent('[data-fact="world"]')) ?? "";
			const moved = (from: string): Promise<unknown> =>
				page.waitForFunction(
					(text) => document.querySelector('[data-fact="world"]')?.textContent !== text,
					from,
				);
			const ran = await world();
			assert.match(ran, /^2026-10-0\d \d\d:\d\d:\d\d UTC$/);
			await moved(ran);
			await page.click('button[name="pause"]');
			await pressed("true");
			// At 600 times our time each of these questions would see another minute.
			const times = new Set<number>();
			for (let asked = 0; asked < 4; asked++) {
				const answer = await page.waitForResponse((each) => each.url().includes("/state?"));
				times.add((await answer.json()).utcSeconds);
			}
			assert.equal(times.size, 1, [...times].join(", "));
			const stood = await world();
			await page.click('button[name="pause"]');
			await pressed("false");
			await moved(stood);
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

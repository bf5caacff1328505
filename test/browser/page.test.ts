/** The page in a real browser: it holds what the record holds, for the eye, the keyboard and the screen reader. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser } from "playwright-core";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";
import { chromiumProgram, openBrowser, watchedPage } from "../support/browser.js";
import {
	openPublishedRecord,
	type PublishedRecord,
} from "../support/collectors/published-record.js";
import { SignedStation } from "../support/collectors/signed-station.js";
import { CONFIGURATION_BODY } from "../support/data/configuration-body.js";
import { dayOfReadings } from "../support/data/day.js";
import { policyWithLimits } from "../support/data/example-limits.js";
import { valuesRows } from "../support/data/values-table.js";

const START = 1_773_964_800;
const AXE = createRequire(import.meta.url).resolve("axe-core");
/** Readings 300 to 347 are left out. */
const HOLE = [START + 299 * 300, START + 348 * 300];
const CHANNELS = ["ph", "temperature", "ec25", "turbidity", "battery"] as const;
const COLUMNS = ["ph", "temperature_c", "ec25_us_cm", "turbidity", "battery_v"];
const REPORT = "ab".repeat(32);
const SAMPLES = [
	"time,station,place,parameter,value,unit,method,laboratory,report_sha256",
	`2026-03-21T10:00:00Z,bor-1,,pH,4.5,,potentiometry,Institut Bor,${REPORT}`,
	`2026-03-21T10:00:00Z,bor-1,,Cu,120,µg/L,ISO 17294-2,Institut Bor,${REPORT}`,
	`2025-05-02,,slatina,Cu,<0.01,mg/L,ISO 17294-2,Institut Bor,${REPORT}`,
	"",
].join("\r\n");
const PERIODS =
	"before_from=2026-03-20&before_to=2026-03-21&after_from=2026-03-21&after_to=2026-03-23";
const program = chromiumProgram();

/** Three days, a hole of four hours that nobody names, a bad and an absent pH, an event and a technician. */
function stationOf(): SignedStation {
	const station = new SignedStation({ station: "bor-1" });
	station.append({ ...CONFIGURATION_BODY, intervalSeconds: 300, utcSeconds: START } as never);
	const drafts = [0, 1, 2].flatMap((day) => dayOfReadings(3, day));
	drafts.forEach((draft, index) => {
		if (draft.kind !== "reading" || (index >= 300 && index < 348)) return;
		const fields = [...draft.fields];
		const calibrations = [2, 5, 8, 13];
		for (const fieldIndex of calibrations) fields[fieldIndex] = 0;
		if (index === 700) fields[1] = CHANNEL_FLAGS.fault;
		if (index === 720) [fields[0], fields[1]] = [-0x8000, CHANNEL_FLAGS.absent];
		station.append({ ...draft, fields });
		if (index === 200) {
			const utcSeconds = draft.utcSeconds ?? 0;
			station.append({ kind: "event", code: 60, detail: 1, text: "Amina", utcSeconds } as never);
		}
	});
	return station;
}

/** Twelve months, four readings a day, with dissolved oxygen. */
function yearOfReadings(): SignedStation {
	const station = new SignedStation({ station: "bor-2", seed: 2 });
	station.append({ ...CONFIGURATION_BODY, intervalSeconds: 300, utcSeconds: START } as never);
	for (let day = 0; day < 345; day++) {
		for (const draft of dayOfReadings(4, day).filter((_, at) => at % 72 === 0)) {
			if (draft.kind !== "reading") continue;
			const fields = [...draft.fields];
			for (const fieldIndex of [2, 5, 8, 13]) fields[fieldIndex] = 0;
			station.append({ ...draft, channelSet: 2, fields: [...fields, 900 + day, 0, 0] });
		}
	}
	return station;
}

if (program === undefined) {
	describe("the page in Chromium", () => {
		it("SKIPPED: no Chromium is installed (Debian: apt install chromium)", function () {
			console.log("SKIPPED: the Chromium lane; install chromium to run it");
			this.skip();
		});
	});
} else {
	describe("the page in Chromium", function () {
		this.timeout(120_000);
		let browser: Browser;
		let record: PublishedRecord;
		let origin: string;
		const station = stationOf();

		before(async () => {
			browser = await openBrowser(program);
			const policies = ["policy.json"];
			record = await openPublishedRecord({
				publication: {
					stations: {
						"bor-1": {
							name: "Borska reka",
							nameSr: "Borska reka ispod Bora",
							place: "slatina",
							class: "II",
							policies,
						},
						"bor-2": { name: "Ravna reka", place: "rgotina", class: "II", policies },
					},
					samples: ["samples.csv"],
					sampleLimits: [
						{ class: "II", parameter: "Cu", high: 0.1, reason: "An example of a reason." },
					],
				},
				files: { "samples.csv": SAMPLES, "policy.json": policyWithLimits() },
			});
			await record.publish(station);
			origin = `http://127.0.0.1:${record.port}`;
		});

		after(async () => {
			await browser?.close();
			await record?.close();
		});

		const opened = async (path: string, options = {}) => {
			const watched = await watchedPage(browser, origin, options);
			await watched.page.goto(`${origin}${path}`);
			if (path.startsWith("/station")) await loaded(watched.page);
			return watched;
		};

		it("draws the numbers that the record's values are, with holes left open", async () => {
			const { page, complaints } = await opened("/station/bor-1?lang=en");
			const drawn = await page.evaluate(
				(names) => {
					const found = names.map((name) => {
						const host = document.querySelector(`[data-channel="${name}"] .plot`);
						return (host as unknown as { plot: { data: (number | null)[][] } }).plot.data;
					});
					return found as (number | null)[][][];
				},
				CHANNELS as unknown as string[],
			);
			const entries = station.entries.map((canonicalBytes) => decodeEntry(canonicalBytes));
			const policies = [policyWithLimits()];
			const rows = valuesRows({ station: "bor-1", entries, policies });
			const { text } = await record.get("/v1/stations/bor-1/values.csv");
			const names = text.split("\r\n")[0]?.split(",") ?? [];
			assert.equal(rows.length, 816);
			COLUMNS.forEach((column, at) => {
				const columnIndex = names.indexOf(column);
				const expected = rows.map(({ seconds, cells }) => {
					return [seconds, cells[columnIndex] === "" ? null : Number(cells[columnIndex])];
				});
				const [times = [], values = []] = drawn[at] ?? [];
				const seen = times.map((time, index) => [time, values[index] ?? null]);
				const hole = seen.findIndex(([time]) => !rows.some(({ seconds }) => seconds === time));
				assert.deepEqual(seen[hole]?.[1], null);
				seen.splice(hole, 1);
				assert.deepEqual(seen, expected, column);
			});
			assert.deepEqual(complaints, []);
		});

		it("shows gaps and flags as pixels, and says both in its table", async () => {
			const { page } = await opened("/station/bor-1?lang=en");
			const painted = await page.evaluate(([holeFrom = 0, holeTo = 0]) => {
				const canvas = document.querySelector<HTMLCanvasElement>('[data-channel="ph"] canvas');
				const context = canvas?.getContext("2d");
				const { width = 0, height = 0 } = canvas ?? {};
				const style = getComputedStyle(document.documentElement);
				const count = (name: string, left = 0, right = width): number => {
					const pixels = context?.getImageData(left, 0, right - left, height).data ?? [];
					const hex = style.getPropertyValue(name).trim();
					const wanted = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
					let found = 0;
					for (let at = 0; at < pixels.length; at += 4) {
						const isNear = wanted.every((part, of) => Math.abs((pixels[at + of] ?? 0) - part) < 24);
						if (isNear && (pixels[at + 3] ?? 0) > 60) found++;
					}
					return found;
				};
				const host = document.querySelector('[data-channel="ph"] .plot');
				const { plot } = host as unknown as {
					plot: { valToPos(value: number, scale: string, isCanvas: boolean): number };
				};
				const at = (seconds: number): number => Math.round(plot.valToPos(seconds, "x", true));
				const hole = [at(holeFrom), at(holeTo)] as const;
				return {
					gap: count("--gap", ...hole),
					elsewhere: count("--gap", hole[0] - 60, hole[0] - 10),
					bad: count("--bad"),
					missing: count("--missing"),
				};
			}, HOLE);
			const { gap, elsewhere, bad, missing } = painted;
			assert.ok(gap > 100 && elsewhere < 20 && bad > 5 && missing > 5, JSON.stringify(painted));
			await page.click('[data-channel="ph"] summary');
			// Its rows are made when it opens, which the browser tells a moment later.
			await page.waitForFunction(
				() => document.querySelector('[data-channel="ph"] .rows')?.textContent,
			);
			const table = await textOf(page, '[data-channel="ph"] .rows');
			assert.match(table, /badthe probe reported a fault or did not answer/);
			assert.match(table, /–missingno value/);
		});

		it("loses no extreme where it draws columns", async () => {
			const { page, complaints } = await opened("/station/bor-1?lang=en", {
				viewport: { width: 320, height: 700 },
			});
			await page.click('[data-span="year"]');
			await page.waitForFunction(
				() => document.querySelector('[data-note="columns"]')?.textContent,
			);
			const [least, greatest] = await page.evaluate(() => {
				const host = document.querySelector('[data-channel="turbidity"] .plot');
				const { data } = (host as unknown as { plot: { data: (number | null)[][] } }).plot;
				const numbers = (values: (number | null)[] = []) => values.filter((each) => each !== null);
				return [Math.min(...numbers(data[1])), Math.max(...numbers(data[2]))];
			});
			const rows = (await record.get("/v1/stations/bor-1/readings.csv")).text.trim().split("\r\n");
			const columnIndex = rows[0]?.split(",").indexOf("turbidity_ntu") ?? 0;
			const values = rows.slice(1).map((row) => Number(row.split(",")[columnIndex]));
			assert.deepEqual([least, greatest], [Math.min(...values), Math.max(...values)]);
			assert.deepEqual(complaints, []);
		});

		it("speaks three languages, and Cyrillic where the browser asks for Serbian", async () => {
			const titles: Record<string, string> = {};
			for (const language of ["en", "sr", "sr-Cyrl"]) {
				const { page, complaints } = await opened(`/?lang=${language}`);
				titles[language] = await textOf(page, "h1");
				assert.deepEqual(complaints, []);
			}
			assert.deepEqual(titles, { en: "The rivers now", sr: "Reke sada", "sr-Cyrl": "Реке сада" });
			const { page } = await opened("/", { locale: "sr-RS" });
			assert.equal(await textOf(page, "h1"), "Реке сада");
			await page.click("text=English");
			assert.equal(await textOf(page, "h1"), "The rivers now");
		});

		it("is reached and moved by the keyboard alone", async () => {
			const { page } = await opened("/?lang=en");
			await page.keyboard.press("Tab");
			assert.equal(await focused(page), "Skip to the content");
			for (let tries = 0; tries < 20 && (await focused(page)) !== "Borska reka"; tries++)
				await page.keyboard.press("Tab");
			await page.keyboard.press("Enter");
			await loaded(page);
			const before = await period(page);
			for (let tries = 0; tries < 20 && (await focused(page)) !== "◀"; tries++)
				await page.keyboard.press("Tab");
			await page.keyboard.press("Enter");
			const earlier = await movedFrom(page, before);
			for (let tries = 0; tries < 30 && !(await focused(page)).startsWith("role=img"); tries++)
				await page.keyboard.press("Tab");
			await page.keyboard.press("+");
			const closer = await movedFrom(page, earlier);
			const [span = 0, wider = 0] = [closer, earlier].map(
				(each) => Number(each.split(" ")[1]) - Number(each.split(" ")[0]),
			);
			assert.equal(Math.round(wider / span), 2);
			await page.keyboard.press("Home");
			await movedFrom(page, closer);
			await page.keyboard.press("Shift+ArrowRight");
			assert.match(await textOf(page, "[data-readout]"), /UTC: Acidity \(pH\) \d\.\d{3}/);
		});

		it("says summer time honestly in the station's zone", async () => {
			const { page } = await opened("/station/bor-1?lang=en&at=2026-03-29T00:00:00Z");
			await page.selectOption('[data-control="zone"]', "Europe/Belgrade");
			await page.waitForFunction(() => document.querySelector('[data-note="zone"]')?.textContent);
			assert.equal(
				await textOf(page, '[data-note="zone"]'),
				"Summer time is shown: UTC+1 to UTC+2.",
			);
		});

		it("gives axe nothing serious, light and dark, on a desk and on a phone", async () => {
			const axe = readFileSync(AXE, "utf8");
			const sights = [
				["/?lang=en", {}],
				["/station/bor-1?lang=en", { colorScheme: "dark" }],
				["/station/bor-1?lang=sr", { viewport: { width: 390, height: 844 } }],
				["/status/bor-1?lang=sr-Cyrl", {}],
				[`/report/bor-1?lang=en&${PERIODS}`, { colorScheme: "dark" }],
				[`/report/bor-1?lang=sr-Cyrl&${PERIODS}`, { viewport: { width: 390, height: 844 } }],
				["/samples?lang=sr", { colorScheme: "dark" }],
				["/samples/station/bor-1?lang=en&parameter=Cu&year=2026", {}],
			] as const;
			for (const [path, options] of sights) {
				// The policy of the page forbids foreign scripts, axe included.
				const { page } = await opened(path, { ...options, bypassCSP: true });
				await page.evaluate(axe);
				const found = await page.evaluate(async () => {
					const { axe: run } = window as unknown as {
						axe: {
							run(): Promise<{
								violations: { id: string; impact: string; nodes: { html: string }[] }[];
							}>;
						};
					};
					const { violations } = await run.run();
					return violations
						.filter(({ impact }) => impact === "serious" || impact === "critical")
						.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
				});
				assert.deepEqual(found, [], path);
			}
		});

		it("holds all that it says without any script", async () => {
			const { page, complaints } = await opened("/status/bor-1?lang=en", {
				javaScriptEnabled: false,
			});
			const text = await textOf(page, "main");
			assert.match(text, /Complete: every entry from the first to number \d+ is here/);
			assert.match(text, /2026-03-2\d \d\d:\d\d UTC/);
			assert.equal(await page.locator("script").count(), 0);
			assert.deepEqual(complaints, []);
		});

		it("draws what a laboratory found beside the readings, and lists it", async () => {
			const { page, complaints } = await opened("/station/bor-1?lang=en");
			const drawn = await page.evaluate(() => {
				const host = document.querySelector('[data-channel="ph"] .plot');
				const { plot } = host as unknown as {
					plot: {
						valToPos(value: number, scale: string, isCanvas: boolean): number;
						scales: { y: { min: number; max: number } };
					};
				};
				const canvas = document.querySelector<HTMLCanvasElement>('[data-channel="ph"] canvas');
				const at = (value: number): number => Math.round(value);
				const x = at(plot.valToPos(Date.parse("2026-03-21T10:00:00Z") / 1000, "x", true));
				const y = at(plot.valToPos(4.5, "y", true));
				const pixels = canvas?.getContext("2d")?.getImageData(x - 2, y - 2, 4, 4).data ?? [];
				const dark = [...pixels].filter((part, index) => index % 4 !== 3 && part < 80).length;
				return { dark, min: plot.scales.y.min };
			});
			assert.ok(drawn.min < 4.5 && drawn.dark >= 40, JSON.stringify(drawn));
			const list = page.locator("details.marks", { has: page.locator("[data-samples]") });
			await list.locator("summary").click();
			const text = await textOf(page, "[data-samples]");
			assert.match(text, /2026-03-21 10:00 UTCAcidity \(pH\)4\.5Institut Bor/);
			assert.match(text, /Copper \(Cu\)0\.120 mg\/L/);
			await page.click('.verification a[href^="/samples/"]');
			assert.equal(await textOf(page, "h1"), "Laboratory samples: Borska reka");
			await page.click('a[href*="parameter=Cu&year=2025"]');
			assert.match(await textOf(page, "#list + div"), /<0\.01 mg\/L/);
			assert.deepEqual(complaints, []);
		});

		it("compares two periods by the keyboard alone, and prints that on one sheet", async () => {
			const { page, complaints } = await opened("/report/bor-1?lang=en");
			const dates = ["2026-03-20", "2026-03-21", "2026-03-21", "2026-03-23"];
			const isOnDate = () => page.evaluate(() => document.activeElement?.matches("[type=date]"));
			for (let tries = 0; tries < 40 && !(await isOnDate()); tries++)
				await page.keyboard.press("Tab");
			for (const date of dates) {
				const [year = "", month = "", day = ""] = date.split("-");
				// As the browser of this language asks: month, day, year.
				await page.keyboard.type(`${month}${day}${year}`);
				const name = await page.evaluate(() => document.activeElement?.getAttribute("name"));
				for (let tries = 0; tries < 5; tries++) {
					await page.keyboard.press("Tab");
					const now = await page.evaluate(() => document.activeElement?.getAttribute("name"));
					if (now !== name) break;
				}
			}
			assert.equal(await focused(page), "Compare");
			await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
			assert.equal(new URL(page.url()).searchParams.get("after_to"), "2026-03-23");
			assert.match(
				await textOf(page, ".verdict"),
				/pH 6\.5 – 8\.5.*2026-03-20 – 2026-03-20 \(\d+ readings\).*2026-03-21 – 2026-03-22 \(\d+ readings\)/,
			);
			await page.click("text=Српски");
			assert.equal(await textOf(page, "h1"), "Да ли је вода постала боља?");
			assert.equal(new URL(page.url()).searchParams.get("after_to"), "2026-03-23");
			assert.equal(await sheetsOf(page), 1);
			assert.deepEqual(complaints, []);
		});

		it("prints a whole year of all quantities with a comparison on one sheet, in each language", async () => {
			await record.publish(yearOfReadings());
			const periods =
				"before_from=2026-03-20&before_to=2026-09-20&after_from=2026-09-20&after_to=2027-03-20";
			for (const language of ["en", "sr", "sr-Cyrl"]) {
				const { page } = await opened(`/report/bor-2?lang=${language}&${periods}`);
				assert.equal(await page.locator("tbody th[scope=row]").count(), 12 * 5 + 2 * 5);
				assert.equal(await sheetsOf(page), 1, language);
			}
		});

		it("is nowhere wider than a phone, whatever its tables hold", async () => {
			const phone = { viewport: { width: 390, height: 844 } };
			const paths = ["/", "/station/bor-1", "/status", "/status/bor-1", "/samples"];
			for (const path of [...paths, `/report/bor-1?${PERIODS}`, "/samples/station/bor-1"]) {
				const { page } = await opened(path, phone);
				for (const details of await page.locator("details").all())
					await details.evaluate((element) => element.setAttribute("open", ""));
				const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				assert.ok(over <= 0, `${path}: ${over} pixels`);
			}
		});

		it("is drawn on paper as wide as paper is, in its light colours", async () => {
			const { page } = await opened("/station/bor-1?lang=en", { colorScheme: "dark" });
			const widths = await page.evaluate(async () => {
				const width = () => document.querySelector<HTMLElement>(".u-wrap")?.clientWidth ?? 0;
				const screen = width();
				dispatchEvent(new Event("beforeprint"));
				const ink = getComputedStyle(document.documentElement).getPropertyValue("--paper").trim();
				// uPlot lays out in a microtask.
				await Promise.resolve();
				const paper = width();
				dispatchEvent(new Event("afterprint"));
				await Promise.resolve();
				return { screen, paper, ink, again: width() };
			});
			assert.deepEqual([widths.paper, widths.ink], [700, "#ffffff"]);
			assert.ok(widths.screen > 1000 && widths.again === widths.screen, JSON.stringify(widths));
		});

		it("hears news without being asked to load again", async () => {
			const { page, complaints } = await opened("/station/bor-1?lang=en");
			await page.waitForFunction(
				() => document.querySelector("[data-live]")?.textContent === "live",
			);
			const before = await textOf(page, '[data-fact="last-heard"]');
			const last = station.entries.length;
			const [draft] = dayOfReadings(3, 3);
			assert.ok(draft?.kind === "reading");
			station.append(draft);
			await record.deliver(station.envelope(last + 1, last + 1), "bor-1");
			await page.waitForFunction(
				(old) => document.querySelector('[data-fact="last-heard"]')?.textContent !== old,
				before,
			);
			assert.equal(await textOf(page, '[data-fact="last-heard"]'), "2026-03-23 00:00 UTC");
			assert.deepEqual(complaints, []);
		});
	});
}

/** On A4, as the page's style says. */
async function sheetsOf(page: Page): Promise<number> {
	const paper = await page.pdf({ preferCSSPageSize: true, printBackground: true });
	return (paper.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;
}

type Page = Awaited<ReturnType<typeof watchedPage>>["page"];

async function loaded(page: Page): Promise<void> {
	await page.waitForFunction(() => document.body.dataset["loaded"] !== undefined);
}

async function textOf(page: Page, selector: string): Promise<string> {
	return (await page.textContent(selector)) ?? "";
}

function period(page: Page): Promise<string> {
	return page.evaluate(() => document.body.dataset["loaded"] ?? "");
}

async function movedFrom(page: Page, before: string): Promise<string> {
	await page.waitForFunction((old) => document.body.dataset["loaded"] !== old, before);
	return period(page);
}

function focused(page: Page): Promise<string> {
	return page.evaluate(() => {
		const { activeElement } = document;
		const role = activeElement?.getAttribute("role");
		return role === "img" ? "role=img" : (activeElement?.textContent ?? "");
	});
}

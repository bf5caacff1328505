/** "Has the water got better?": months and two periods, counted by time, with limits that somebody set and no others. */
import { strict as assert } from "node:assert";
import { heldSeconds } from "../../../src/collector/publish/report/statistics.js";
import {
	openPublishedRecord,
	type PublishedRecord,
} from "../../support/collectors/published-record.js";
import { SignedStation } from "../../support/collectors/signed-station.js";
import { CONFIGURATION_BODY } from "../../support/data/configuration-body.js";
import { policyWithLimits } from "../../support/data/example-limits.js";
import { fieldsOfNamed } from "../../support/data/named-reading.js";
import { whole } from "../../support/depth.js";

/** 2026-03-01T00:00:00Z. */
const MARCH = 1_772_323_200;
const DAY = 86_400;

/** Readings of pH in thousandths at seconds after the beginning of March. */
function stationOf(station: string, readings: readonly (readonly [number, number, number?])[]) {
	const made = new SignedStation({ station, seed: station.length });
	made.append({ ...CONFIGURATION_BODY, intervalSeconds: 300, utcSeconds: MARCH } as never);
	readings.forEach(([seconds, pHMilli, flags = 0], at) => {
		made.append({
			kind: "reading",
			channelSet: 1,
			utcSeconds: MARCH + seconds,
			uptimeSeconds: seconds,
			// A probe that stands still would be judged bad.
			fields: fieldsOfNamed({
				pHMilli: pHMilli + 4 * (at % 7),
				pHFlags: flags,
				pHCalibration: 0,
				temperatureMillidegrees: 10_000 + 20 * (at % 9),
				temperatureFlags: 0,
				temperatureCalibration: 0,
				conductivityHundredths: 50_000 + 100 * (at % 11),
				conductivityFlags: 0,
				conductivityCalibration: 0,
				turbidityMicrovolts: 687_500 + 125 * (at % 5),
				turbiditySpreadSteps: 2,
				turbidityRange: 0,
				turbidityFlags: 0,
				turbidityCalibration: 0,
				batteryMillivolts: 3900,
				batteryFlags: 0,
			}),
		} as never);
	});
	return made;
}

/** A day of readings each five minutes, of which the first are sour. */
function day(number: number, sour: number): [number, number][] {
	return Array.from({ length: 288 }, (_, at) => [number * DAY + at * 300, at < sour ? 5000 : 7500]);
}

describe("has the water got better", () => {
	let record: PublishedRecord;

	before(async () => {
		const policies = ["policy.json"];
		record = await openPublishedRecord({
			publication: {
				stations: {
					"bor-1": { name: "Borska reka", nameSr: "Borska reka ispod Bora", policies, class: "II" },
					"bor-22": { policies },
				},
			},
			files: { "policy.json": policyWithLimits() },
		});
		// March 1: a quarter of the day sour. April 1: a tenth, but measured each minute while it was.
		const minutes = Array.from({ length: 144 }, (_, at): [number, number] => [
			31 * DAY + at * 60,
			5000,
		]);
		const rest = day(31, 0).filter(([seconds]) => seconds >= 31 * DAY + 8640);
		const readings = [...day(0, 72), ...minutes, ...rest];
		const faulty: [number, number, number][] = [[31 * DAY + DAY, 1000, 2]];
		await record.publish(stationOf("bor-1", [...readings, ...faulty]));
		await record.publish(stationOf("bor-22", day(0, 72)));
	});

	after(() => record.close());

	const PERIODS =
		"before_from=2026-03-01&before_to=2026-03-02&after_from=2026-04-01&after_to=2026-04-02";
	const json = async (path: string) => JSON.parse((await record.get(path)).text);

	it("counts time and not readings, so that an event that was measured closely grows no longer", async () => {
		const { before, after } = await json(`/v1/stations/bor-1/comparison?${PERIODS}`);
		assert.equal(before.quantities.ph.readings, 288);
		assert.equal(before.quantities.ph.limits[0].withinPercent, 75);
		const { readings, limits, coveragePercent } = after.quantities.ph;
		assert.equal(readings, 144 + 259);
		assert.ok(Math.abs(limits[0].withinPercent - 90) < 0.2, String(limits[0].withinPercent));
		assert.ok(coveragePercent > 99 && coveragePercent <= 100, String(coveragePercent));
	});

	it("says how many values are left out as bad, and how much was measured", async () => {
		const { months, policy } = await json("/v1/stations/bor-1/report");
		assert.match(policy, /^1:[0-9a-f]{32}$/);
		assert.deepEqual(
			months.map(({ month }: { month: string }) => month),
			["2026-03", "2026-04"],
		);
		const [march, april] = months.map(
			({ quantities }: { quantities: { ph: object } }) => quantities.ph,
		);
		assert.deepEqual([march.readings, march.leftOut], [288, 0]);
		assert.equal(march.coveragePercent, 100 / 31);
		assert.equal(april.leftOut, 1);
		assert.deepEqual([march.p5, march.median, march.p95], [5.004, 7.508, 7.524]);
	});

	it("says improved by so much only with both periods, the measure and the numbers of readings", async () => {
		const { text } = await record.get(`/report/bor-1?lang=en&${PERIODS}`);
		assert.match(
			text,
			/Improved by 60 %: outside pH 6\.5 – 8\.5 was 25\.0 % of the measured time from 2026-03-01 – 2026-03-01 \(288 readings\), and 10\.\d % from 2026-04-01 – 2026-04-01 \(403 readings\)\./,
		);
		assert.match(text, /\(part of the time outside before − after\) \/ before × 100/);
		const turned =
			"before_from=2026-04-01&before_to=2026-04-02&after_from=2026-03-01&after_to=2026-03-02";
		assert.match(
			(await record.get(`/report/bor-1?lang=en&${turned}`)).text,
			/Worse by 14\d %: outside/,
		);
		const sparse =
			"before_from=2026-03-01&before_to=2026-03-20&after_from=2026-04-01&after_to=2026-04-02";
		const { text: few } = await record.get(`/report/bor-1?lang=en&${sparse}`);
		assert.match(few, /Neither better nor worse is said of pH/);
		assert.doesNotMatch(few, /Improved by \d/);
		const { text: alone } = await record.get("/report/bor-1?lang=en");
		assert.doesNotMatch(alone, /Improved by \d|Worse by \d/);
	});

	it("shows no limit where nobody set one, and the reason of one where somebody did", async () => {
		const { months } = await json("/v1/stations/bor-22/report");
		assert.deepEqual(months[0].quantities.ph.limits, []);
		const { text } = await record.get(`/report/bor-22?lang=en&${PERIODS}`);
		assert.match(
			text,
			/No limits are shown: the policy sets none for this station(&#39;|')s class\./,
		);
		assert.doesNotMatch(text, /Improved by \d|6\.5/);
		const { text: having } = await record.get("/report/bor-1?lang=en");
		assert.match(having, /An example of pH\./);
	});

	it("gives no percentage of pH or degrees, and one of what can be divided", async () => {
		const { differences } = await json(`/v1/stations/bor-1/comparison?${PERIODS}`);
		assert.equal(differences.ph.medianPercent, null);
		assert.equal(differences.temperature.medianPercent, null);
		assert.equal(typeof differences.ec25.medianPercent, "number");
	});

	it("is a table with a row for each month, quantity and limit", async () => {
		const { text } = await record.get("/v1/stations/bor-1/report.csv");
		const [head, ...lines] = text.trim().split("\r\n");
		assert.equal(
			head,
			"month,from,to,quantity,unit,readings,left_out,coverage_percent,p5,median,p95,class,limit_of,low,high,within_percent",
		);
		assert.equal(
			lines[0],
			"2026-03,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,ph,pH,288,0,3.2,5.004,7.508,7.524,II,ph,6.5,8.5,75.0",
		);
		const { text: compared } = await record.get(`/v1/stations/bor-1/comparison.csv?${PERIODS}`);
		const after = compared
			.split("\r\n")
			.find((line) => line.startsWith("after,") && line.includes(",ph,pH,"));
		assert.match(after ?? "", /,59\.\d$|,60\.\d$/);
	});

	it("speaks three languages, and leads to them with the periods kept", async () => {
		const titles = [
			["en", "Has the water got better?"],
			["sr", "Da li je voda postala bolja?"],
			["sr-Cyrl", "Да ли је вода постала боља?"],
		];
		for (const [language, title] of titles) {
			const { text } = await record.get(`/report/bor-1?lang=${language}&${PERIODS}`);
			assert.ok(text.includes(`<h1>${title}</h1>`), language);
			assert.match(text, /href="\?before_from=2026-03-01&amp;[^"]*lang=/);
			assert.equal(text.includes("<script"), false);
		}
	});

	it("answers dates that are none with 400, or in words on the page", async () => {
		for (const query of [
			"",
			"before_from=2026-02-30&before_to=x&after_from=y&after_to=z",
			PERIODS.replace("before_to=2026-03-02", "before_to=2026-03-01"),
			PERIODS.replace("before_to=2026-03-02", "before_to=2999-01-01"),
		])
			assert.equal((await record.get(`/v1/stations/bor-1/comparison?${query}`)).status, 400);
		assert.equal((await record.get("/v1/stations/bor-1/report?year=x")).status, 400);
		const { status, text } = await record.get(
			"/report/bor-1?lang=en&before_from=%22%3E%3Cscript%3E&before_to=1&after_from=2&after_to=3",
		);
		assert.equal(status, 200);
		assert.match(text, /Each period needs a first day/);
		assert.ok(!text.includes("<script"));
		assert.deepEqual((await json("/v1/stations/bor-1/report?year=1990")).months, []);
	});

	whole("is the same after the cache was thrown away", async () => {
		const paths = ["/v1/stations/bor-1/report.csv", `/v1/stations/bor-1/comparison?${PERIODS}`];
		const before = await Promise.all(paths.map((path) => record.get(path)));
		await record.reopen();
		const after = await Promise.all(paths.map((path) => record.get(path)));
		assert.deepEqual(
			after.map(({ text, headers }) => [text, headers.etag]),
			before.map(({ text, headers }) => [text, headers.etag]),
		);
	});
});

describe("the time that a reading stands for", () => {
	it("lasts until the next one, and before a hole or at the end one interval", () => {
		const seconds = Float64Array.from([0, 60, 360, 5000, 5300]);
		assert.deepEqual([...heldSeconds(seconds, 300, 10_000)], [60, 300, 300, 300, 300]);
		assert.deepEqual([...heldSeconds(seconds, 300, 5400)], [60, 300, 300, 300, 100]);
	});
});

/** What readers get: the same bytes as `bistrina values`, the proof, and nothing that anybody can write. */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSha256 } from "../../../src/core/sha256.js";
import { csvHeader, csvLineOf } from "../../../src/protocol/audit/published-values.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import {
	BOR_POLICY,
	openPublishedCache,
	openPublishedRecord,
	type PublishedRecord,
} from "../../support/collectors/published-record.js";
import { SignedStation } from "../../support/collectors/signed-station.js";
import { dayOfReadings } from "../../support/data/day.js";
import { readExport } from "../../support/data/read-export.js";
import { valuesRows } from "../../support/data/values-table.js";
import { whole } from "../../support/depth.js";

const HOSTILE = '<script>alert(1)</script>"\u001b[2J\u202e=1+1\u009b0m\u2066';

const SAMPLES = [
	"time,station,parameter,value,unit,method,laboratory,report_sha256",
	`2026-03-20,bor-1,Cu,0.1,mg/L,"<script>alert(1)</script>",Lab,${"ab".repeat(32)}`,
	"",
].join("\n");

function stationOf(readings: number, station = "bor-1"): SignedStation {
	const made = new SignedStation({ station });
	made.append({ kind: "event", code: 40, detail: 1, text: '=cmd|"/c calc"!A1<b>' });
	made.appendReadings(readings);
	return made;
}

describe("what readers get", () => {
	let record: PublishedRecord;
	const station = stationOf(600);

	before(async () => {
		const policies = [BOR_POLICY];
		record = await openPublishedRecord({
			publication: {
				operator: { name: HOSTILE, licence: "CC BY 4.0", licenceUrl: "https://example.org/by" },
				stations: {
					"bor-1": { name: HOSTILE, policies, class: "II", isExample: true },
					"bor-2": { name: HOSTILE },
				},
				samples: ["samples.csv"],
			},
			files: { "samples.csv": SAMPLES },
		});
		await record.publish(station);
	});

	after(() => record.close());

	const expectedCsv = (from = 0, to = Number.POSITIVE_INFINITY): string => {
		const entries = station.entries.map((canonicalBytes) => decodeEntry(canonicalBytes));
		const policies = [readFileSync(BOR_POLICY, "utf8")];
		const rows = valuesRows({ station: "bor-1", entries, policies }).filter(
			({ seconds }) => (seconds ?? 0) >= from && (seconds ?? 0) < to,
		);
		return csvHeader() + rows.map(({ cells }) => csvLineOf(cells)).join("");
	};

	it("is the published table byte for byte, whole and of a period", async () => {
		const whole = await record.get("/v1/stations/bor-1/values.csv");
		assert.equal(whole.text, expectedCsv());
		assert.equal(whole.headers["content-type"], "text/csv; charset=utf-8; header=present");
		assert.match(String(whole.headers["link"]), /<https:\/\/example\.org\/by>; rel="license"/);
		const from = 1_773_964_800 + 86_400;
		const part = await record.get(
			"/v1/stations/bor-1/values.csv?from=2026-03-21&to=2026-03-21T06:00:00Z",
		);
		assert.equal(part.text, expectedCsv(from, from + 21_600));
		assert.equal(part.text.split("\r\n").length, 74);
	});

	whole("is the same byte for byte after the cache was thrown away, tags included", async () => {
		const paths = (await allPaths(record)).filter((path) => !path.endsWith("/v1/stations"));
		const before = await Promise.all(paths.map((path) => record.get(path)));
		await record.reopen();
		const after = await Promise.all(paths.map((path) => record.get(path)));
		for (const [at, path] of paths.entries()) {
			assert.deepEqual(after[at]?.body, before[at]?.body, path);
			assert.equal(after[at]?.headers.etag, before[at]?.headers.etag, path);
		}
	});

	it("says that a station's days are still to be made, and does not know one that nobody enrolled", async () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-unmade-"));
		writeFileSync(join(folder, "publication.json"), "{}");
		const cache = await openPublishedCache(folder, ["bor-9"]);
		try {
			for (const path of ["/v1/stations/bor-9", "/station/bor-9", "/report/bor-9"]) {
				const { status, headers, text } = await cache.get(path);
				assert.deepEqual(
					[status, headers["retry-after"], text],
					[503, "5", "being derived; ask again\n"],
					path,
				);
			}
			for (const path of ["/v1/stations/bor-8", "/station/bor-8", "/report/bor-8"])
				assert.equal((await cache.get(path)).status, 404, path);
		} finally {
			await cache.close();
			rmSync(folder, { recursive: true });
		}
	});

	it("walks every path of its own OpenAPI, and each answers as it says", async () => {
		const { paths } = JSON.parse((await record.get("/v1/openapi.json")).text);
		assert.ok(Object.keys(paths).length >= 28);
		for (const [path, { get }] of Object.entries<{ get: Operation }>(paths)) {
			if (path === "/v1/events") continue;
			const asked = await pathOf(record, path, get.parameters);
			const { status, headers } = await record.get(asked);
			assert.equal(status, 200, path);
			const content = (get.responses as Record<string, { content: object }>)["200"]?.content;
			assert.deepEqual(Object.keys(content ?? {}), [headers["content-type"]?.split(";")[0]], path);
		}
	});

	it("gives the record as `bistrina record` does, with its end", async () => {
		for (const [name, format] of [
			["record.cbor", "cbor-sequence"],
			["record.jsonl", "json-lines"],
		]) {
			const { body } = await record.get(`/v1/stations/bor-1/${name}`);
			const content = readExport(body, createSha256());
			assert.deepEqual(content.faults, []);
			assert.equal(content.format, format);
			assert.equal(content.station, "bor-1");
			assert.equal(content.envelopes.length, 4);
		}
	});

	it("sends nothing again that a client has, and says what each answer rests on", async () => {
		const { headers } = await record.get("/v1/stations/bor-1");
		const tag = headers.etag ?? "";
		assert.match(tag, /^W\/"77-602-[0-9a-f]{12}-[0-9a-f]{16}"$/);
		assert.equal(headers["cache-control"], "no-cache");
		const again = await record.get("/v1/stations/bor-1", { "if-none-match": tag });
		assert.deepEqual([again.status, again.text], [304, ""]);
	});

	it("tells whoever asks later the same under the same tag", async () => {
		const paths = await allPaths(record);
		const before = await Promise.all(paths.map((path) => record.get(path)));
		record.pass(3600);
		let same = 0;
		for (const [at, path] of paths.entries()) {
			const { headers, text } = await record.get(path);
			if (headers.etag === undefined || headers.etag !== before[at]?.headers.etag) continue;
			assert.equal(text, before[at]?.text, path);
			same++;
		}
		assert.ok(same > 20, String(same));
		record.pass(-3600);
	});

	it("writes nothing by any method", async () => {
		for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
			const { status, headers } = await record.get("/v1/stations", {}, method);
			assert.equal(status, 405);
			assert.equal(headers.allow, "GET, HEAD, OPTIONS");
		}
		const { status, headers, body } = await record.get("/v1/stations", {}, "HEAD");
		assert.equal(status, 200);
		assert.ok(Number(headers["content-length"]) > 500);
		assert.equal(body.length, 0);
	});

	it("keeps names and texts that try to be markup or a formula what they are", async () => {
		const feed = (await record.get("/v1/stations/bor-1/feed.atom")).text;
		assert.ok(feed.includes("&lt;script&gt;alert(1)&lt;/script&gt;&quot;\\x1b[2J\\u202e=1+1"));
		assert.ok(feed.includes("=cmd|&quot;/c calc&quot;!A1&lt;b&gt;"));
		const table = (await record.get("/v1/stations/bor-1/marks.csv")).text;
		assert.ok(table.includes(`,crash,,"'=cmd|""/c calc""!A1<b>"`));
		for (const path of ["/", "/station/bor-1", "/status", "/status/bor-1?lang=sr-Cyrl"]) {
			const page = (await record.get(path)).text;
			assert.ok(
				page.includes("&lt;script&gt;alert(1)&lt;/script&gt;&quot;\\x1b[2J\\u202e=1+1"),
				path,
			);
			const never = ["<script>", "\u001b", "\u202e", 'style="', "onclick"];
			assert.deepEqual(
				never.filter((each) => page.includes(each)),
				[],
			);
		}
		const { headers } = await record.get("/v1/stations/bor-1");
		assert.match(String(headers["content-security-policy"]), /^default-src 'none'; /);
		assert.equal(headers["x-content-type-options"], "nosniff");
	});

	it("lets nothing out of any path that steers a terminal or turns the direction of text", async () => {
		const { value } = JSON.parse((await record.get("/sta/v1.1/Things")).text);
		const more = ["Things", "Locations", "Datastreams", "FeaturesOfInterest", "Sensors"].map(
			(set) => `/sta/v1.1/${set}`,
		);
		const thing = `/sta/v1.1/Things(${value[0]["@iot.id"]})/name`;
		const paths = [...(await allPaths(record)), ...more, thing, `${thing}/$value`];
		let named = 0;
		for (const path of paths) {
			// As the station signed it.
			if (path.endsWith("record.cbor")) continue;
			const { text } = await record.get(path);
			const found = ["\u001b", "\u009b", "\u202e", "\u2066"].filter((sign) => text.includes(sign));
			assert.deepEqual(found, [], path);
			if (/\\(x1b|u001b)/.test(text)) named++;
		}
		// It was there to be let out.
		assert.ok(named >= 12, String(named));
		assert.equal(value[0].name, HOSTILE);
	});

	it("answers what nobody can ask with 400 or 404, and continues", async () => {
		const odd = [
			["/v1/stations/nobody", 404],
			["/v1/stations/%2e%2e%2f%2e%2e/values.csv", 404],
			["/v1/stations/bor-1/values.csv?from=yesterday", 400],
			["/v1/stations/bor-1/values.csv?from=2026-02-30", 400],
			["/v1/stations/bor-1/values.csv?from=2026-03-02&to=2026-03-01", 400],
			["/v1/stations/bor-1/plot?columns=99999", 400],
			["/v1/stations/bor-1/plot?columns=-1", 400],
			["/v1/stations/bor-1/plot?shown=constructor", 400],
			["/v1/stations/__proto__", 404],
			["/%ff", 400],
			[`/${"a/".repeat(40)}`, 400],
			[`/v1/stations?x=${"y".repeat(5000)}`, 400],
		] as const;
		for (const [path, expected] of odd) {
			assert.equal((await record.get(path)).status, expected, path);
		}
		const centuries = "/v1/stations/bor-1/plot?from=1000-01-01&to=9999-12-31&columns=2000";
		const { status, text } = await record.get(centuries);
		assert.equal(status, 200);
		assert.equal(JSON.parse(text).readings, 600);
		assert.equal((await record.get("/v1/health")).status, 200);
	});

	it("draws every reading of a short period, and of a long one each extreme", async () => {
		const day = JSON.parse(
			(await record.get("/v1/stations/bor-1/plot?from=2026-03-20&to=2026-03-21")).text,
		);
		assert.equal(day.columnSeconds, 0);
		assert.equal(day.channels.ph.least.length, 288);
		const coarse = JSON.parse(
			(await record.get("/v1/stations/bor-1/plot?from=2026-03-20&to=2026-03-23&columns=12")).text,
		);
		assert.equal(coarse.columnSeconds, 21_600);
		const values = valuesOf(expectedCsv(), "temperature_c");
		let low = 0;
		coarse.channels.temperature.least.forEach((step: number | null, at: number) => {
			const inside = values.filter(
				({ seconds }) => Math.floor((seconds - 1_773_964_800) / 21_600) === at,
			);
			assert.equal(coarse.channels.temperature.counts[at], inside.length);
			if (step === null) return;
			low += step;
			assert.equal(low, Math.min(...inside.map(({ steps }) => steps)));
			const spread = coarse.channels.temperature.spread[at];
			assert.equal(low + spread, Math.max(...inside.map(({ steps }) => steps)));
		});
	});

	it("lets none of that into the live stream either, and breaks no event of it", async () => {
		const stream = await openStream(record.port);
		await record.publish(stationOf(1, "bor-2"));
		const { event, data } = await firstNews(stream);
		assert.equal(event, "station");
		const found = ["\u001b", "\u009b", "\u202e", "\u2066"].filter((sign) => data.includes(sign));
		assert.deepEqual(found, []);
		assert.equal(JSON.parse(data).site.name, HOSTILE);
	});
});

describe("a station with a probe for dissolved oxygen", () => {
	it("is shown with it on page, in tables and plots, and one without it is not", async () => {
		const record = await openPublishedRecord();
		const withOxygen = new SignedStation({ station: "bor-2", seed: 2 });
		for (const [at, draft] of dayOfReadings(1).slice(0, 5).entries()) {
			if (draft.kind !== "reading") continue;
			withOxygen.append({ ...draft, channelSet: 2, fields: [...draft.fields, 900 + at, 0, 0] });
		}
		await record.publish(stationOf(5));
		await record.publish(withOxygen);
		const get = async (path: string) => (await record.get(path)).text;
		const pages = ["bor-1", "bor-2"].map((station) => get(`/station/${station}?lang=sr-Cyrl`));
		const [without = "", having = ""] = await Promise.all(pages);
		const tables = ["bor-1", "bor-2"].map((station) =>
			get(`/v1/stations/${station}/readings.csv?units=row`),
		);
		const [plain = "", table = ""] = await Promise.all(tables);
		const senml = await get("/v1/stations/bor-2/senml.json");
		const { channels } = JSON.parse(await get("/v1/stations/bor-2/plot"));
		const { values } = JSON.parse(await get("/v1/stations/bor-2"));
		const overview = await get("/?lang=en");
		await record.close();
		assert.ok(having.includes("Растворени кисеоник") && having.includes('data-channel="do"'));
		assert.ok(!without.includes("Растворени кисеоник"));
		assert.ok(overview.includes('data-field="do"><span class="value">9.04</span>'));
		assert.ok(table.startsWith("time,ph,"));
		assert.match(table, /,do_mg_l,do_flags,battery_v,.*\r\n.*,mg\/L,,V,/);
		assert.ok(!plain.includes("do_mg_l"));
		assert.ok(
			senml.includes('"n":"do","t":1773964800,"u":"kg/m3","v":0.009}'),
			senml.slice(0, 600),
		);
		assert.deepEqual(channels.do.least, [900, 1, 1, 1, 1]);
		assert.deepEqual(values.do, {
			value: "9.04",
			unit: "mg/L",
			flags: "",
			judged: "",
			status: "",
		});
	});
});

describe("a day that the disk has lost", () => {
	whole(
		"is made anew when somebody asks for it, and is never left out of a table without a word",
		async () => {
			const record = await openPublishedRecord();
			try {
				const station = new SignedStation({ station: "bor-1" });
				station.appendReadings(1500);
				await record.publish(station);
				const path = "/v1/stations/bor-1/values.csv";
				const { text: whole } = await record.get(path);
				assert.equal(whole.trim().split("\r\n").length, 1501);
				// Opened anew, so that of the first day nothing is in memory.
				await record.reopen();
				const days = join(record.folder, "published", "bor-1", "days");
				const [first = ""] = readdirSync(days).sort();
				writeFileSync(join(days, first), "rotten");
				const statuses: number[] = [];
				for (let tries = 0; tries < 1000 && statuses.at(-1) !== 200; tries++) {
					const { status, text } = await record.get(`${path}?to=2026-03-21`);
					statuses.push(status);
					if (status === 200) assert.equal(text.split("\r\n").length, 290);
					else assert.equal(text, "a day of bor-1 is being derived; ask again\n");
					await new Promise((resolve) => setTimeout(resolve, 10));
				}
				assert.deepEqual([...new Set(statuses)], [503, 200]);
				assert.equal((await record.get(path)).text, whole);
			} finally {
				await record.close();
			}
		},
	);
});

describe("readers who want too much", () => {
	it("wait by address, and are told how long", async () => {
		const record = await openPublishedRecord({ limits: { burst: 5, perSecond: 0.5 } });
		const statuses: number[] = [];
		let wait: string | undefined;
		for (let index = 0; index < 7; index++) {
			const { status, headers } = await record.get("/v1/health");
			statuses.push(status);
			wait = headers["retry-after"];
		}
		await record.close();
		assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
		assert.equal(wait, "2");
	});

	it("do not hold more connections than an address may", async () => {
		const record = await openPublishedRecord({ limits: { connectionsPerAddress: 3 } });
		const sockets = Array.from({ length: 4 }, () => connect(record.port, "127.0.0.1"));
		const closed = await new Promise<number>((resolve) => {
			for (const [at, socket] of sockets.entries()) {
				socket.on("error", () => {});
				socket.once("close", () => resolve(at));
			}
		});
		assert.equal(closed, 3);
		for (const socket of sockets) socket.destroy();
		await record.close();
	});
});

/** Of a live stream. */
function openStream(port: number): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		get({ host: "127.0.0.1", port, path: "/v1/events" }, resolve).on("error", reject);
	});
}

/** The first thing that it tells. */
async function firstNews(
	stream: IncomingMessage,
): Promise<{ readonly event: string; readonly data: string }> {
	let text = "";
	for await (const part of stream.setEncoding("utf8")) {
		text += part;
		const [, event, data] = /^event: (.*)\ndata: (.*)\n\n/m.exec(text) ?? [];
		if (event !== undefined && data !== undefined) return { event, data };
	}
	throw new Error(`the stream ended: ${text}`);
}

function valuesOf(csv: string, column: string): { seconds: number; steps: number }[] {
	const [head = "", ...lines] = csv.trim().split("\r\n");
	const names = head.split(",");
	return lines.map((line) => {
		const cells = line.split(",");
		const steps = Math.round(Number(cells[names.indexOf(column)]) * 1000);
		return { seconds: Date.parse(cells[names.indexOf("time")] ?? "") / 1000, steps };
	});
}

interface Operation {
	readonly responses: object;
	readonly parameters: readonly {
		readonly name: string;
		readonly in: string;
		readonly required?: boolean;
		readonly example?: string;
	}[];
}

async function digestOf(record: PublishedRecord): Promise<string> {
	const { documents } = JSON.parse((await record.get("/v1/stations/bor-1")).text);
	return documents[0].digest;
}

async function allPaths(record: PublishedRecord): Promise<string[]> {
	const { paths } = JSON.parse((await record.get("/v1/openapi.json")).text);
	return Promise.all(
		Object.entries<{ get: Operation }>(paths)
			.filter(([path]) => path !== "/v1/events")
			.map(([path, { get }]) => pathOf(record, path, get.parameters)),
	);
}

/** With the names of things that there are. */
async function pathOf(
	record: PublishedRecord,
	path: string,
	parameters: Operation["parameters"],
): Promise<string> {
	if (path.startsWith("/assets/")) {
		const found = /"(\/assets\/[^"]+\/page\.css)"/.exec((await record.get("/")).text);
		return found?.[1] ?? "";
	}
	const { value } = JSON.parse((await record.get("/sta/v1.1/Things")).text);
	const demanded = parameters
		.filter(({ in: where, required }) => where === "query" && required)
		.map(({ name, example }) => `${name}=${example}`);
	return `${path}${demanded.length === 0 ? "" : `?${demanded.join("&")}`}`
		.replace("{station}", "bor-1")
		.replace("{digest}", await digestOf(record))
		.replace("{kind}", "station")
		.replace("{point}", "bor-1")
		.replace("{file}", createHash("sha256").update(SAMPLES).digest("hex"))
		.replace("{path}", `Things(${value[0]["@iot.id"]})/Datastreams`);
}

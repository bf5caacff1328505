/**
 * `npm run bench -- page [--streams N] [--stations N] [--seconds N] [--readers-alone]`: what a year of a station costs the page, and whether
 * those who read delay those who deliver. A year with faults planted (test/support/trials/planted-year.ts) is drawn in
 * Chromium by columns and, as the yardstick, with every reading; every least and greatest value is held
 * against the readings. Then as many streams as asked listen while as many stations deliver.
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { channelsOf } from "../../src/collector/publish/channels.js";
import { ByteWriter, writeColumn } from "../../src/collector/publish/column-bytes.js";
import { type CacheIndex, DayCache } from "../../src/collector/publish/day-cache.js";
import { Library } from "../../src/collector/publish/library.js";
import { plotOf } from "../../src/collector/publish/plot.js";
import { readPublication } from "../../src/collector/publish/publication.js";
import { Sealer } from "../../src/collector/publish/sealer.js";
import { Series } from "../../src/collector/publish/series.js";
import { hexOf } from "../../src/core/bytes.js";
import { chromiumProgram, openBrowser } from "../support/browser.js";
import { type CollectorProcess, startCollector } from "../support/collectors/collector-process.js";
import { MemoryRecord } from "../support/collectors/memory-record.js";
import { openPublishedCache } from "../support/collectors/published-record.js";
import { SignedStation } from "../support/collectors/signed-station.js";
import { numberAmong } from "../support/engines/number-options.js";
import { quantileOf, rounded } from "../support/judges/figures.js";
import { PROJECT } from "../support/sources.js";
import { plantedYear } from "../support/trials/planted-year.js";
import { processorUseOf, workClock } from "../support/trials/processor-time.js";

const COLUMNS = 1200;
const FROM = Date.UTC(2026, 0, 1) / 1000;
const TO = Date.UTC(2027, 0, 1) / 1000;
const CHANNELS = ["ph", "temperature", "ec25", "turbidity"] as const;
/** Of the reference's measurement: time, four values and the battery. */
const MEASURED = ["time", "ph", "temperature_c", "ec25_us_cm", "turbidity", "battery_v"];
const GZIP_BYTES_MAX = 25_000;
const BYTES_PER_READING_MAX = 20;
const SLOWER_AT_LEAST = 3;
const ACKNOWLEDGEMENT_MILLISECONDS_MAX = 1000;

export async function run(args: string[]): Promise<boolean> {
	const streams = numberAmong(args, "streams", 1000, [1, 100_000]);
	const stations = numberAmong(args, "stations", 1000, [1, 100_000]);
	const seconds = numberAmong(args, "seconds", 60, [1, 3600]);
	const folder = mkdtempSync(join(tmpdir(), "bistrina-page-"));
	try {
		const isAlone = args.includes("--readers-alone");
		const year = isAlone ? undefined : await yearOf(folder);
		if (year !== undefined) console.log(JSON.stringify(year));
		const readers = await readersOf(folder, streams, stations, seconds);
		const p99 = readers.acknowledgementP99Milliseconds;
		const isInTime = p99 !== null && p99 <= ACKNOWLEDGEMENT_MILLISECONDS_MAX;
		if (year === undefined) {
			console.log(JSON.stringify({ readers }));
			return isInTime;
		}
		const { extremesLost, cacheBytesPerReading, cacheBytesPerReadingWhole, ...rest } = year;
		console.log(
			JSON.stringify({
				year: rest,
				extremesLost,
				readers,
				cacheBytesPerReading,
				cacheBytesPerReadingWhole,
			}),
		);
		return (
			rest.bytesGzip <= GZIP_BYTES_MAX &&
			extremesLost === 0 &&
			cacheBytesPerReading <= BYTES_PER_READING_MAX &&
			(rest.firstPictureMilliseconds === null ||
				(rest.allReadingsFirstPictureMilliseconds ?? 0) >=
					SLOWER_AT_LEAST * rest.firstPictureMilliseconds) &&
			isInTime
		);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

async function yearOf(folder: string) {
	const record = new MemoryRecord("bor-1");
	const entries = plantedYear();
	for (let at = 0; at < entries.length; at += 288) record.deliver(entries.slice(at, at + 288));
	const cache = new DayCache(join(folder, "published"));
	const file = join(folder, "publication.json");
	const policies = [join(PROJECT, "policies/bor.json")];
	writeFileSync(file, JSON.stringify({ stations: { "bor-1": { policies } } }));
	const publication = readPublication(file, console.log);
	const { documents } = publication.of("bor-1");
	const began = performance.now();
	await new Sealer({ reader: record, cache, documentsOf: () => documents }).seal("bor-1");
	console.log(`sealed ${entries.length} entries in ${Math.round(performance.now() - began)} ms`);
	// Opened anew: nothing is in memory.
	const cold = performance.now();
	const library = new Library(new DayCache(join(folder, "published")), publication, () => TO);
	library.stations = ["bor-1"];
	const found = library.find("bor-1");
	if (found === undefined) throw new Error("nothing was sealed");
	const asked = { from: FROM, to: TO, columns: COLUMNS, shown: "derived" as const };
	const series = new Series(library.cache, "bor-1", found.index, asked);
	const plot = plotOf(series, asked, [], channelsOf(found.index));
	const { battery: _battery, ...four } = plot.channels;
	const body = JSON.stringify({ ...plot, channels: four });
	const coldMilliseconds = performance.now() - cold;
	const days = join(folder, "published", "bor-1", "days");
	const bytes = readdirSync(days).reduce((sum, name) => sum + statSync(join(days, name)).size, 0);
	const browsed = await drawn(folder);
	return {
		bytes: body.length,
		bytesGzip: gzipSync(body).length,
		readings: series.count,
		...browsed,
		openedColdMilliseconds: Math.round(coldMilliseconds),
		extremesLost: lostExtremes(series, plot),
		cacheBytesPerReading: round(measuredBytes(library.cache, found.index) / series.count),
		cacheBytesPerReadingWhole: round(bytes / series.count),
	};
}

/** The columns that the reference measured, compressed as in the cache. */
function measuredBytes(cache: DayCache, index: CacheIndex): number {
	let bytes = 0;
	for (const name of Object.keys(index.days)) {
		const day = cache.day("bor-1", index, name);
		if (day === undefined) continue;
		const writer = new ByteWriter();
		for (const column of MEASURED) writeColumn(writer, day.column(column));
		bytes += deflateRawSync(writer.take()).length;
	}
	return bytes;
}

function lostExtremes(series: Series, plot: ReturnType<typeof plotOf>): number {
	let lost = 0;
	for (const name of CHANNELS) {
		const channel = plot.channels[name];
		if (channel?.spread === undefined) throw new Error("not by columns");
		const column = {
			ph: "ph",
			temperature: "temperature_c",
			ec25: "ec25_us_cm",
			turbidity: "turbidity",
		}[name];
		const values = series.numbers(column);
		const scale = 10 ** channel.decimals;
		const least = new Map<number, number>();
		const greatest = new Map<number, number>();
		values.forEach((value, row) => {
			if (Number.isNaN(value)) return;
			const at = Math.floor(((series.seconds[row] ?? 0) - plot.from) / plot.columnSeconds);
			const step = Math.round(value * scale);
			least.set(at, Math.min(least.get(at) ?? step, step));
			greatest.set(at, Math.max(greatest.get(at) ?? step, step));
		});
		let low = 0;
		channel.least.forEach((step, at) => {
			if (step === null) {
				if (least.has(at)) lost += 2;
				return;
			}
			low += step;
			if (low !== least.get(at)) lost++;
			if (low + (channel.spread?.[at] ?? 0) !== greatest.get(at)) lost++;
		});
	}
	return lost;
}

/** The page in Chromium, and the same panels with every reading. */
async function drawn(folder: string) {
	const program = chromiumProgram();
	const nothing = {
		serverMilliseconds: null as { cold: number; cached: number } | null,
		firstPictureMilliseconds: null as number | null,
		panMilliseconds: null as number | null,
		allReadingsFirstPictureMilliseconds: null as number | null,
	};
	if (program === undefined) {
		console.log("SKIPPED: the pictures; no Chromium is installed");
		return nothing;
	}
	const served = await openPublishedCache(folder, ["bor-1"]);
	const browser = await openBrowser(program);
	try {
		const path = `/v1/stations/bor-1/plot?from=2026-01-01&to=2027-01-01&columns=${COLUMNS}`;
		const cold = await timed(() => served.get(path));
		const cached = await timed(() => served.get(path));
		// What measures is a script that the page does not have.
		const page = await (
			await browser.newContext({ viewport: { width: 1280, height: 900 }, bypassCSP: true })
		).newPage();
		await page.goto(`http://127.0.0.1:${served.port}/station/bor-1?lang=en`);
		await page.waitForSelector("body[data-loaded]");
		const measured = (await page.evaluate(`(${MEASURE})(${JSON.stringify({ path })})`)) as {
			first: number;
			pan: number;
			all: number;
		};
		return {
			serverMilliseconds: { cold: Math.round(cold), cached: Math.round(cached) },
			firstPictureMilliseconds: Math.round(measured.first),
			panMilliseconds: Math.round(measured.pan),
			allReadingsFirstPictureMilliseconds: Math.round(measured.all),
		};
	} finally {
		await browser.close();
		await served.close();
	}
}

/** Runs in the page: medians of five; a picture is there when the frame after it begins. */
const MEASURE = `async ({ path }) => {
	const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
	const host = document.createElement("div");
	document.body.append(host);
	const names = ["ph", "temperature", "ec25", "turbidity"];
	const options = (series, bands) => ({ width: 1200, height: 170, legend: { show: false }, series, bands, scales: { x: { time: true } } });
	const line = { stroke: "#0b5c8a", points: { show: false } };
	const show = async (make) => {
		const began = performance.now();
		const plots = await make();
		await frame();
		const took = performance.now() - began;
		return { plots, took };
	};
	const decode = (steps, scale) => { let sum = 0; return steps.map((step) => step === null ? null : (sum += step) / scale); };
	const columns = async () => {
		const plot = await (await fetch(path, { cache: "no-store" })).json();
		return names.map((name) => {
			const { least, spread, decimals } = plot.channels[name];
			const scale = 10 ** decimals;
			const low = decode(least, scale);
			const high = low.map((value, at) => value === null ? null : value + spread[at] / scale);
			const times = low.map((_, at) => plot.from + (at + 0.5) * plot.columnSeconds);
			return new uPlot(options([{}, line, line], [{ series: [2, 1], fill: "#0b5c8a40" }]), [times, low, high], host);
		});
	};
	const readings = async () => {
		const text = await (await fetch("/v1/stations/bor-1/readings.csv?from=2026-01-01&to=2027-01-01", { cache: "no-store" })).text();
		const [head, ...rows] = text.trim().split("\\r\\n");
		const heads = head.split(",");
		const cells = rows.map((row) => row.split(","));
		const times = cells.map((row) => Date.parse(row[0]) / 1000);
		return ["ph", "temperature_c", "ec25_us_cm", "turbidity_ntu"].map((name) => {
			const at = heads.indexOf(name);
			const values = cells.map((row) => row[at] === "" ? null : Number(row[at]));
			return new uPlot(options([{}, line]), [times, values], host);
		});
	};
	const times = async (make, count) => {
		const took = [];
		for (let at = 0; at < count; at++) {
			const { plots, took: each } = await show(make);
			took.push(each);
			if (at + 1 < count) for (const plot of plots) plot.destroy();
			else return { took: median(took), plots };
		}
	};
	const first = await times(columns, 5);
	const pans = [];
	for (let step = 0; step < 20; step++) {
		const began = performance.now();
		for (const plot of first.plots) plot.setScale("x", { min: ${FROM} + step * 86400, max: ${FROM} + 2678400 + step * 86400 });
		await new Promise((done) => queueMicrotask(done));
		pans.push(performance.now() - began);
	}
	for (const plot of first.plots) plot.destroy();
	const every = await times(readings, 3);
	return { first: first.took, pan: median(pans), all: every.took };
}`;

async function timed(work: () => Promise<unknown>): Promise<number> {
	const began = performance.now();
	await work();
	return performance.now() - began;
}

/** Streams that listen, stations that deliver: an embedded database, a collector as a process of its own. */
async function readersOf(folder: string, streams: number, stations: number, seconds: number) {
	const delivering = Array.from({ length: stations }, (_, index) => {
		const station = new SignedStation({ station: `s-${index}`, seed: index + 1, epoch: index + 1 });
		station.appendReadings(24, index + 1);
		return station;
	});
	const list = join(folder, "stations");
	writeFileSync(
		list,
		delivering.map(({ station, publicKey }) => `${station} ${hexOf(publicKey)}\n`).join(""),
	);
	const collector = await startCollector(join(folder, "collector"), [
		"--stations",
		list,
		"--readers-port",
		"0",
	]);
	try {
		return await measuredReaders(collector, delivering, { streams, stations, seconds });
	} finally {
		await collector.stop("SIGKILL");
	}
}

async function measuredReaders(
	collector: CollectorProcess,
	delivering: readonly SignedStation[],
	{ streams, stations, seconds }: { streams: number; stations: number; seconds: number },
) {
	const readersPort = collector.readersPort ?? 0;
	let heard = 0;
	const open = await Promise.all(
		Array.from({ length: streams }, (_, index) => streamOf(readersPort, index, () => heard++)),
	);
	const waits: number[] = [];
	const works: number[] = [];
	const workMilliseconds = workClock([collector.pid]);
	const between = (1000 * seconds) / (2 * stations);
	const deliveries: Promise<void>[] = [];
	const began = performance.now();
	for (let round = 0; round < 2; round++) {
		for (const [index, station] of delivering.entries()) {
			const due = began + (round * stations + index) * between;
			await new Promise((resolve) => setTimeout(resolve, Math.max(due - performance.now(), 0)));
			const first = round * 12 + 1;
			const envelope = station.envelope(first, first + 11);
			const asked = performance.now();
			const worked = workMilliseconds();
			deliveries.push(
				posted(collector, envelope).then(({ status }) => {
					if (status !== 200) throw new Error(`a batch was answered with ${status}`);
					waits.push(performance.now() - asked);
					works.push(workMilliseconds() - worked);
				}),
			);
		}
	}
	await Promise.all(deliveries);
	if (heard < streams) throw new Error("the streams have heard nothing");
	const collectorSeconds = processorUseOf(collector.pid)?.mainSeconds ?? null;
	for (const stream of open) stream.destroy();
	await collector.stop("SIGINT");
	return {
		streams: open.length,
		stations,
		deliveries: waits.length,
		streamPieces: heard,
		acknowledgementP50Milliseconds: rounded(quantileOf(waits, 0.5), 2),
		acknowledgementP99Milliseconds: rounded(quantileOf(waits, 0.99), 2),
		// Of the collector's main thread, while a station waited: what says something on a machine that has other work.
		workP99Milliseconds: rounded(quantileOf(works, 0.99), 2),
		collectorMainThreadSeconds: rounded(collectorSeconds, 2),
	};
}

/** Again over a new connection where a kept one was closed just then; the time counts from the first. */
async function posted(
	collector: CollectorProcess,
	envelope: Uint8Array,
): Promise<{ readonly status: number }> {
	try {
		return await collector.post(envelope);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
		return collector.post(envelope);
	}
}

/** Forty behind each address, which is fewer than one may have. */
function streamOf(port: number, index: number, onPiece: () => void): Promise<{ destroy(): void }> {
	return new Promise((resolve, reject) => {
		const outgoing = get(
			{
				host: "127.0.0.1",
				port,
				path: "/v1/events",
				localAddress: `127.0.5.${1 + Math.floor(index / 40)}`,
			},
			(incoming) => {
				if (incoming.statusCode !== 200)
					reject(new Error(`a stream was answered with ${incoming.statusCode}`));
				incoming.on("data", onPiece);
				incoming.on("error", () => {});
				resolve(outgoing);
			},
		);
		outgoing.on("error", reject);
	});
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}

/**
 * `npm run campaign -- readers [--requests N] [--seconds N] [--seed N]`: hostile readers against a collector as a process of its own:
 * slow headers, odd URLs, numbers beyond 2^53, ranges of centuries, question marks and brackets a thousand
 * deep, connections that send nothing, bodies that nobody asked for. Every answer must be a good one or a refusal of 4xx,
 * memory must stay flat, and a station that delivers all the while must not wait: both are judged in each of ten slices.
 * Before that a flood of connections, in which readers must be answered (reader-flood.ts). Loopback only. The last line is JSON.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hexOf } from "../../src/core/bytes.js";
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import { startCollector } from "../support/collectors/collector-process.js";
import { SignedStation } from "../support/collectors/signed-station.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { textOptions } from "../support/engines/text-options.js";
import { quantileOf, rounded } from "../support/judges/figures.js";
import { floodReaders, floodViolationsOf } from "../support/trials/reader-flood.js";

const USAGE = "usage: npm run campaign -- readers [--requests N] [--seconds N] [--seed N]";
/** Of the collector's process, beyond what it took before the attack: buffers of answers under way. */
const GROWTH_MEGABYTES_MAX = 150;
const ACKNOWLEDGEMENT_MILLISECONDS_MAX = 1000;
const AT_ONCE = 20;
/** An address may ask 120 at once and 10 a second. */
const REQUESTS_PER_ADDRESS = 130;
const SLOW_SOCKETS = 40;
const DELIVERY_MILLISECONDS = 250;
/** So few in a batch, and so many in all, that deliveries last as long as the asking: half an hour. */
const READINGS_PER_BATCH = 1;
const READINGS = 8000;
const SLICES = 10;

interface Slice {
	readonly requests: number;
	readonly seconds: number;
	readonly residentMegabytes: number;
	readonly acknowledgements: number;
	/** Null where none came. */
	readonly acknowledgementP99Milliseconds: number | null;
}

export async function run(args: string[]): Promise<boolean> {
	const options = textOptions(args, ["requests", "seconds", "seed"], USAGE);
	const number = (name: "requests" | "seconds" | "seed", start: string, least: number): number =>
		wholeNumber(`--${name}`, options[name] ?? start, [least, 0xffff_ffff], USAGE);
	const most = number("requests", "100000", 1);
	const secondsMax = number("seconds", "4294967295", 1);
	const seed = number("seed", "1", 0);
	console.log(`seed ${seed}`);
	const folder = mkdtempSync(join(tmpdir(), "bistrina-readers-"));
	const violations: string[] = [];
	const station = new SignedStation({ station: "bor-1" });
	station.appendReadings(READINGS);
	const list = join(folder, "stations");
	writeFileSync(list, `bor-1 ${hexOf(station.publicKey)}\n`);
	const collector = await startCollector(join(folder, "collector"), [
		"--stations",
		list,
		"--readers-port",
		"0",
		"--readers-connections-per-address",
		"200",
	]);
	try {
		const port = collector.readersPort ?? 0;
		await collector.post(station.envelope(1, 280));
		const flood = await floodReaders(port);
		violations.push(...floodViolationsOf(flood));
		console.log(JSON.stringify({ flood }));
		const before = residentMegabytes(collector.pid);
		let waits: number[] = [];
		let isOver = false;
		const delivering = deliver(
			station,
			collector,
			(wait) => waits.push(wait),
			() => isOver,
		);
		const slices: Slice[] = [];
		let began = performance.now();
		let asked = 0;
		const endSlice = (requests: number): void => {
			const slice = {
				requests: requests - asked,
				seconds: Math.round((performance.now() - began) / 100) / 10,
				residentMegabytes: residentMegabytes(collector.pid),
				acknowledgements: waits.length,
				acknowledgementP99Milliseconds: rounded(quantileOf(waits, 0.99), 0),
			};
			slices.push(slice);
			console.log(JSON.stringify(slice));
			[waits, began, asked] = [[], performance.now(), requests];
		};
		const slow = Array.from({ length: SLOW_SOCKETS }, (_, index) => slowSocket(port, index));
		const statuses = await ask(port, { most, secondsMax, seed }, endSlice);
		const requests = [...statuses.values()].reduce((sum, count) => sum + count, 0);
		if (requests > asked) endSlice(requests);
		const slowEnds = await Promise.all(slow);
		isOver = true;
		await delivering;
		const after = residentMegabytes(collector.pid);
		for (const [status, count] of statuses) {
			const isWell = status === 200 || status === 304 || (status >= 400 && status < 500);
			if (!isWell) violations.push(`${count} answers of ${status}`);
		}
		if (after - before > GROWTH_MEGABYTES_MAX) violations.push(`${after - before} MB more memory`);
		for (const [at, slice] of slices.entries()) {
			const grown = slice.residentMegabytes - before;
			if (grown > GROWTH_MEGABYTES_MAX) violations.push(`slice ${at}: ${grown} MB more memory`);
			const wait = waitViolationOf(slice);
			if (wait !== undefined) violations.push(`slice ${at}: ${wait}`);
		}
		const left = slowEnds.filter((isClosed) => !isClosed).length;
		if (left > 0) violations.push(`${left} connections that send nothing are still open`);
		await new Promise((resolve) => setTimeout(resolve, 5000));
		const { status } = await one(port, "/v1/stations/bor-1", new Agent());
		if (status !== 200 && status !== 429) violations.push(`afterwards it answers ${status}`);
		if ((await collector.stop("SIGINT")) !== 0) violations.push("the collector did not end well");
		for (const violation of violations) console.log(`VIOLATION: ${violation}`);
		console.log(
			JSON.stringify({
				requests,
				statuses: Object.fromEntries(statuses),
				flood,
				slowConnections: SLOW_SOCKETS,
				seconds: Math.round(slices.reduce((sum, { seconds }) => sum + seconds, 0)),
				residentMegabytes: {
					before,
					most: Math.max(...slices.map((slice) => slice.residentMegabytes)),
					after,
				},
				acknowledgements: slices.reduce((sum, slice) => sum + slice.acknowledgements, 0),
				acknowledgementP99Milliseconds: slices.map((slice) => slice.acknowledgementP99Milliseconds),
				violations: violations.length,
			}),
		);
	} finally {
		await collector.stop("SIGKILL");
		rmSync(folder, { recursive: true, force: true });
	}
	return violations.length === 0;
}

/** What is wrong with how long the station waited; a slice shorter than its pause and a good wait may hold none. */
export function waitViolationOf({
	seconds,
	acknowledgementP99Milliseconds: p99,
}: Pick<Slice, "seconds" | "acknowledgementP99Milliseconds">): string | undefined {
	if (p99 !== null) {
		return p99 > ACKNOWLEDGEMENT_MILLISECONDS_MAX ? `a station waited ${p99} ms` : undefined;
	}
	const isShort = 1000 * seconds <= DELIVERY_MILLISECONDS + ACKNOWLEDGEMENT_MILLISECONDS_MAX;
	return isShort ? undefined : `no acknowledgement in ${seconds} s`;
}

async function ask(
	port: number,
	{ most, secondsMax, seed }: Readonly<Record<"most" | "secondsMax" | "seed", number>>,
	onSlice: (requests: number) => void,
): Promise<Map<number, number>> {
	const statuses = new Map<number, number>();
	const perSlice = Math.ceil(most / SLICES);
	let answered = 0;
	let left = most;
	const end = performance.now() + 1000 * secondsMax;
	const asking = Array.from({ length: AT_ONCE }, async (_, line) => {
		const random = new SeededRandom(seed * 1000 + line);
		let agent = agentAt(line, 0);
		for (let asked = 0; left-- > 0 && performance.now() < end; asked++) {
			// Within the limit of an address nearly all is answered; a twentieth of it is refused by it.
			if (asked > 0 && asked % REQUESTS_PER_ADDRESS === 0) {
				agent.destroy();
				agent = agentAt(line, asked / REQUESTS_PER_ADDRESS);
			}
			const path = oddPath((count) => integerBelow(random, count));
			const { status } = await one(port, path, agent);
			statuses.set(status, (statuses.get(status) ?? 0) + 1);
			if (++answered % perSlice === 0) onSlice(answered);
		}
		agent.destroy();
	});
	await Promise.all(asking);
	return statuses;
}

/** Another address of this machine for each turn of a line. */
function agentAt(line: number, turn: number): Agent {
	const localAddress = `127.${10 + line}.${Math.floor(turn / 250) + 1}.${(turn % 250) + 1}`;
	return new Agent({ keepAlive: true, maxSockets: 1, localAddress });
}

const PATHS = Object.freeze([
	"/",
	"/station/bor-1",
	"/status",
	"/v1/stations",
	"/v1/stations/bor-1",
	"/v1/stations/bor-1/plot",
	"/v1/stations/bor-1/values.csv",
	"/v1/stations/bor-1/marks",
	"/v1/stations/bor-1/senml.json",
	"/v1/stations/bor-1/documents/",
	"/v1/stations/9223372036854775807",
	"/v1/stations/__proto__",
	"/v1/stations/%00",
	"/v1/stations/%E0%A4%A",
	"/v1/stations/..%2f..%2fetc%2fpasswd/values.csv",
	"/assets/x/..%2f..%2fidentity.json",
	"/sta/v1.1",
	"/sta/v1.1/Things(9007199254740993)",
	"/sta/v1.1/Observations(9007199254740991)",
	"/sta/v1.1/Things",
	"/sta/v1.1/Datastreams",
	"/sta/v1.1/Observations",
	"/sta/v1.1/Sensors/$ref",
	"/sta/v1.1/Things(1)/__proto__/$value",
	"/report/bor-1",
	"/v1/stations/bor-1/report",
	"/v1/stations/bor-1/report.csv",
	"/v1/stations/bor-1/comparison",
	"/v1/stations/bor-1/comparison.csv",
	"/samples",
	"/samples/station/bor-1",
	"/samples/place/..%2f..%2fetc",
	"/v1/samples.csv",
	"/v1/samples/9007199254740993",
	"/v1/stations/bor-1/samples",
	"/v1/events",
]);
const QUERIES = Object.freeze([
	"",
	"from=0001-01-01&to=9999-12-31",
	"from=-271821-04-20&to=275760-09-13",
	"columns=2000&from=1900-01-01&to=2100-01-01",
	"columns=1e9",
	"columns=9007199254740993",
	`$expand=${"Datastreams($expand=Observations,".repeat(60)}`,
	`$filter=${"(".repeat(1000)}1 eq 1`,
	`$filter=${"not ".repeat(500)}true`,
	"$filter=result gt 7 and phenomenonTime ge 0001-01-01T00:00:00Z&$count=true",
	"$expand=Datastreams($expand=Observations($expand=Datastream($expand=Thing)))",
	"$expand=Datastreams/Observations,Observations,Datastream/Thing",
	"$orderby=result desc,id&$top=1000&$skip=999999999",
	"$top=9007199254740993&$skip=-1",
	"$resultFormat=dataArray&$top=10000",
	"$skiptoken=999999999999.9007199254740993.1",
	"$select=constructor,__proto__",
	"before_from=0001-01-01&before_to=9999-12-31&after_from=0001-01-01&after_to=9999-12-31",
	"before_from=2026-01-01&before_to=2027-12-31&after_from=2026-01-02&after_to=2027-12-31",
	"year=9999",
	"year=-1",
	"parameter=<script>&year=__proto__",
	"lang=%F0%9F%92%A9",
	"station=bor-1&station=bor-1",
	`${"a[]=1&".repeat(500)}`,
	"from=2026-03-20T00:00:00Z&to=2026-03-20T00:00:01Z",
]);

function oddPath(below: (most: number) => number): string {
	const path = PATHS[below(PATHS.length)] ?? "/";
	const query = QUERIES[below(QUERIES.length)] ?? "";
	// A stream would stay: only one that names nobody is asked for.
	if (path === "/v1/events") return "/v1/events?station=nobody";
	const noise = below(4) === 0 ? `/${String.fromCharCode(33 + below(90))}${below(1e6)}` : "";
	return encodeURI(
		`${path}${noise}${query === "" ? "" : `?${query}`}`.replaceAll("%", "%25"),
	).replaceAll("%2525", "%");
}

function one(port: number, path: string, agent: Agent): Promise<{ status: number }> {
	return new Promise((resolve) => {
		const outgoing = request({ host: "127.0.0.1", port, path, agent }, (incoming) => {
			incoming.resume();
			incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0 }));
			incoming.on("error", () => resolve({ status: 0 }));
		});
		// A connection that is hung up is a refusal, too.
		outgoing.on("error", () => resolve({ status: 499 }));
		outgoing.end();
	});
}

/** Sends a header a letter at a time, or nothing, or a body without end; whether it was hung up. */
function slowSocket(port: number, index: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket: Socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.4.1" });
		let letters = 0;
		const text =
			index % 3 === 0
				? "GET / HTTP/1.1\r\nx: "
				: "POST /v1/stations HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n";
		const timer = setInterval(() => {
			if (index % 3 !== 1) socket.write(text[letters++] ?? "x");
		}, 500);
		const over = (isClosed: boolean): void => {
			clearInterval(timer);
			clearTimeout(end);
			socket.destroy();
			resolve(isClosed);
		};
		const end = setTimeout(() => over(false), 60_000);
		socket.on("error", () => {});
		// Its end is only seen by who reads what comes before it.
		socket.resume();
		socket.on("close", () => over(true));
	});
}

async function deliver(
	station: SignedStation,
	collector: Awaited<ReturnType<typeof startCollector>>,
	onWaited: (milliseconds: number) => void,
	isOver: () => boolean,
): Promise<void> {
	for (let first = 281; first <= station.entries.length && !isOver(); first += READINGS_PER_BATCH) {
		const asked = performance.now();
		const { status } = await collector.post(
			station.envelope(first, first + READINGS_PER_BATCH - 1),
		);
		if (status !== 200) throw new Error(`a batch was answered with ${status}`);
		onWaited(performance.now() - asked);
		await new Promise((resolve) => setTimeout(resolve, DELIVERY_MILLISECONDS));
	}
}

function residentMegabytes(pid: number): number {
	const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
	return Math.round((pages * 4096) / 1e6);
}

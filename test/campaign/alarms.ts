/**
 * `npm run campaign -- alarms [--runs N] [--seed N] [--store pglite|postgresql] [--plant NAME]`: a collector as a process tells a
 * webhook and a program of alarms while it is killed with -9 at random moments, receivers fail, hang, hang up, answer slowly and
 * redirect, and operators mute, acknowledge and test. One station raises hundreds. What came is judged: each alarm at least once,
 * none again after it was taken, none before its begin, none while it was held back. Pauses and the time that a
 * webhook has are shortened in a copy of the program. `--plant` breaks that copy, and must be found. The last line is JSON.
 */
import { createHmac } from "node:crypto";
import {
	appendFileSync,
	chmodSync,
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AlarmAnswer, askCollector } from "../../src/collector/alarms/alarm-control.js";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { openPostgresqlStore } from "../../src/collector/store/postgresql-store.js";
import { hexOf } from "../../src/core/bytes.js";
import { integerBelow, SeededRandom, seedOf } from "../../src/core/random.js";
import { type CollectorProcess, startCollector } from "../support/collectors/collector-process.js";
import {
	type PostgresqlServer,
	postgresqlPrograms,
	startPostgresql,
} from "../support/collectors/postgresql-server.js";
import { SignedStation, sha256 } from "../support/collectors/signed-station.js";
import { type StoreName, storesOf } from "../support/collectors/store-option.js";
import { ACID_ALARM } from "../support/data/alarm-body.js";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { type Rewrite, withRewritten } from "../support/engines/rewritten-build.js";
import { textOptions } from "../support/engines/text-options.js";
import { type AlarmHappening, judgeAlarms } from "../support/judges/alarm-judge.js";

const OPTIONS = ["runs", "seed", "store", "plant"] as const;
const USAGE =
	"usage: npm run campaign -- alarms [--runs N] [--seed N] [--store pglite|postgresql] [--plant NAME]";
const EVENTS_PER_STATION = 8;
const STATIONS = ["k0", "k1", "k2"];
const HOSTILE = "storm";
const KILLS = 6;
const HOOKS = ["command", "webhook"];
const END_MILLISECONDS_MAX = 90_000;
/** An answer that took longer may have come after the collector had given up. */
const IN_TIME_MILLISECONDS = 2000;
/** What is under way when a decision is made still comes. */
const GRACE_MILLISECONDS = 1500;
const SECRET = Buffer.alloc(32, 9);

const POST = "src/collector/alarms/alarm-post.js";
const QUEUE = "src/collector/alarms/alarm-queue.js";
const SHORTENED: readonly Rewrite[] = [
	[POST, "const FIRST_PAUSE_SECONDS = 5;", "const FIRST_PAUSE_SECONDS = 1;"],
	[POST, "const DOUBLINGS_MAX = 6;", "const DOUBLINGS_MAX = 0;"],
	[POST, "const LOOK_SECONDS = 10;", "const LOOK_SECONDS = 1;"],
	[QUEUE, "const LEASE_SECONDS = 45;", "const LEASE_SECONDS = 8;"],
	[QUEUE, "const ATTEMPTS_IN_ORDER = 8;", "const ATTEMPTS_IN_ORDER = 1000;"],
	[
		"src/collector/alarms/webhook.js",
		"const MILLISECONDS_MAX = 20_000;",
		"const MILLISECONDS_MAX = 5000;",
	],
];

/** Defects that a run finds; the last two in one run of seed 5 (`--runs 1 --seed 5 --store pglite`): 7 and 5 violations. */
const PLANTS: Readonly<Record<string, readonly Rewrite[]>> = {
	"noted-before-it-is-told": [
		[
			POST,
			"outcome = await hook.deliver(line, body.id);",
			"await queue.told(hook.name, number, 1); outcome = await hook.deliver(line, body.id);",
		],
	],
	"not-noted": [
		[
			POST,
			"await this.#note(() => queue.told(hook.name, number, now()));",
			"await this.#note(() => queue.failed(hook.name, number, now() + 1));",
		],
	],
	"kept-in-memory": [
		[
			POST,
			"await this.#note(() => queue.told(hook.name, number, now()));",
			"setTimeout(() => void this.#note(() => queue.told(hook.name, number, now())), 3000);",
		],
	],
	"mutes-are-deaf": [[QUEUE, "and m.station in ('*', n.station)", "and m.station in ('x')"]],
	"out-of-order": [[QUEUE, "and e.number < n.number", "and e.number < 0"]],
};

interface Options {
	readonly runs: number;
	readonly seed: number;
	readonly stores: readonly StoreName[];
	readonly plant: string | undefined;
}

interface Outcome {
	readonly violations: readonly string[];
	readonly alarms: number;
	readonly deliveries: number;
	readonly repeated: number;
	readonly kills: number;
	/** Mutes in which something might have come. */
	readonly mutes: number;
	readonly acknowledgements: number;
}

export async function run(args: string[]): Promise<boolean> {
	const options = optionsOf(args);
	console.log(`seed ${options.seed}`);
	const total = {
		...{ alarms: 0, deliveries: 0, repeated: 0, kills: 0 },
		...{ mutes: 0, acknowledgements: 0, violations: 0 },
	};
	const rewrites = [...SHORTENED, ...(PLANTS[options.plant ?? ""] ?? [])];
	await withRewritten(rewrites, async (_load, pathOf) => {
		const program = pathOf("src/collector/service/main.js");
		for (let index = 0; index < options.runs; index++) {
			const store = options.stores[index % options.stores.length] ?? "pglite";
			const outcome = await alarmRun(program, store, seedOf(options.seed, `alarms-${index}`));
			for (const violation of outcome.violations) console.log(`VIOLATION: ${violation}`);
			total.alarms += outcome.alarms;
			total.deliveries += outcome.deliveries;
			total.repeated += outcome.repeated;
			total.kills += outcome.kills;
			total.mutes += outcome.mutes;
			total.acknowledgements += outcome.acknowledgements;
			total.violations += outcome.violations.length;
			console.log(
				`run ${index + 1} on ${store}: ${outcome.alarms} alarms, handed over ${outcome.deliveries} times, ` +
					`${outcome.kills} kills, ${outcome.repeated} once more after one, ` +
					`${outcome.violations.length} violations`,
			);
		}
	});
	const { plant } = options;
	console.log(
		JSON.stringify({ runs: options.runs, seed: options.seed, ...(plant && { plant }), ...total }),
	);
	return total.violations === 0;
}

function optionsOf(args: readonly string[]): Options {
	const { runs, seed, store, plant } = textOptions(args, OPTIONS, USAGE);
	if (plant !== undefined && !Object.hasOwn(PLANTS, plant)) {
		throw new UsageError(`--plant: one of ${Object.keys(PLANTS).join(", ")}`);
	}
	return {
		runs: wholeNumber("--runs", runs ?? "4", [1, 100_000], USAGE),
		seed: wholeNumber("--seed", seed ?? String(Date.now() >>> 0), [0, 0xffff_ffff], USAGE),
		stores: storesOf(store, ["pglite", "postgresql"]),
		plant,
	};
}

async function alarmRun(program: string, storeName: StoreName, seed: number): Promise<Outcome> {
	const random = new SeededRandom(seed);
	const folder = mkdtempSync(join(tmpdir(), "bistrina-alarms-"));
	const programs = postgresqlPrograms();
	const server =
		storeName === "postgresql" && programs !== undefined
			? await startPostgresql(programs)
			: undefined;
	const receiver = await startReceiver(random);
	const subject = new Subject(program, folder, server, receiver);
	try {
		const stations = [...STATIONS, HOSTILE].map((name) => stationOf(name, seed));
		subject.write(stations);
		await subject.start();
		let isOver = false;
		const deliveries = Promise.all(stations.map((station) => deliver(station, subject, random)));
		const operator = operate(subject, random, () => isOver);
		for (let kill = 0; kill < KILLS; kill++) {
			await pause(500 + integerBelow(random, 3000));
			await subject.kill(integerBelow(random, 4) > 0);
		}
		await deliveries;
		isOver = true;
		await operator;
		receiver.isWell = true;
		const states = await subject.settled();
		await subject.collector?.stop("SIGINT");
		return outcomeOf(subject, stations, states);
	} finally {
		await subject.collector?.stop("SIGKILL");
		receiver.close();
		await server?.stop();
		rmSync(folder, { recursive: true, force: true });
	}
}

function outcomeOf(
	subject: Subject,
	stations: readonly SignedStation[],
	states: ReadonlyMap<string, string>,
): Outcome {
	const honest = stations.filter(({ station }) => station !== HOSTILE);
	const alarms = honest.flatMap((station) => alarmsOf(station));
	const violations: string[] = [];
	const happenings: AlarmHappening[] = [];
	for (const hook of HOOKS) {
		const own = subject.happeningsOf(hook);
		happenings.push(...own);
		violations.push(...judgeAlarms(own, { alarms, hooks: [hook], states }));
	}
	for (const hook of HOOKS) {
		const own = [...states.keys()].filter((key) => key.startsWith(`${hook} ${HOSTILE}/`));
		const isCapped = own.some((key) => key.includes("/capped/"));
		if (!isCapped || own.length > 102) {
			violations.push(
				`${hook}: ${own.length} of a station that raises hundreds, capped: ${isCapped}`,
			);
		}
	}
	const got = happenings.filter((each) => each.kind === "got");
	const taken = got.filter(({ isTaken }) => isTaken).map(({ hook, id }) => `${hook} ${id}`);
	// Each is in the order of either hook.
	const countOf = (what: AlarmHappening["kind"]): number =>
		happenings.filter(({ kind }) => kind === what).length / HOOKS.length;
	return {
		violations,
		alarms: states.size,
		deliveries: got.length,
		repeated: taken.length - new Set(taken).size,
		kills: countOf("killed"),
		mutes: countOf("muted"),
		acknowledgements: countOf("acknowledged"),
	};
}

/** Readings, and events of begin, change and end, one after the other; a hostile one begins and begins. */
function stationOf(name: string, seed: number): SignedStation {
	const key = signingKeyOf(sha256(Buffer.from(`alarms ${seed} ${name}`)));
	const station = new SignedStation({
		station: name,
		epoch: 500,
		publicKey: key.publicKey,
		sign: key.sign,
	});
	if (name === HOSTILE) {
		for (let count = 0; count < 250; count++) {
			station.append({ ...ACID_ALARM, code: 1, phase: 1, beginSequence: 0 });
		}
		return station;
	}
	for (let event = 0; event < EVENTS_PER_STATION; event++) {
		station.appendReadings(2, event);
		const begin = station.append({ ...ACID_ALARM, code: 1, phase: 1, beginSequence: 0 });
		station.append({ ...ACID_ALARM, phase: 2, beginSequence: begin });
		station.append({ ...ACID_ALARM, phase: 3, beginSequence: begin });
		// Claimed once more, as after a loss of power: the same.
		station.append({ ...ACID_ALARM, phase: 3, beginSequence: begin });
	}
	return station;
}

function alarmsOf({ station, epoch }: SignedStation): { id: string; after?: string }[] {
	return Array.from({ length: EVENTS_PER_STATION }, (_, event) => {
		const begin = 2 + 6 * event + 2;
		const idOf = (sequence: number): string => `${station}/${epoch}/${sequence}`;
		return [
			{ id: idOf(begin) },
			{ id: idOf(begin + 1), after: idOf(begin) },
			{ id: idOf(begin + 2), after: idOf(begin + 1) },
		];
	}).flat();
}

/** A batch after the other, each until it is acknowledged. */
async function deliver(
	station: SignedStation,
	subject: Subject,
	random: SeededRandom,
): Promise<void> {
	const size = station.station === HOSTILE ? 125 : 2;
	for (const envelope of station.envelopes(size)) {
		for (;;) {
			const answered = await subject.collector?.post(envelope).catch(() => undefined);
			if (answered?.status === 200) break;
			if (answered?.status === 422) throw new Error("a good batch was refused");
			await pause(100);
		}
		await pause(integerBelow(random, 1500));
	}
}

/** Mutes, ends mutes, acknowledges and tests at random. */
async function operate(
	subject: Subject,
	random: SeededRandom,
	isOver: () => boolean,
): Promise<void> {
	const author = { by: "campaign", why: "a trial" };
	while (!isOver()) {
		await pause(integerBelow(random, 800));
		const station = STATIONS[integerBelow(random, STATIONS.length)] ?? "k0";
		const choice = integerBelow(random, 5);
		if (choice === 0) await subject.ask({ ask: "test", ...author });
		if (choice === 1) {
			const listed = await subject.ask({ ask: "list", isAll: false });
			const alarms = listed !== undefined && "list" in listed ? listed.list.alarms : [];
			const one = alarms[integerBelow(random, Math.max(1, alarms.length))]?.body.id;
			if (one === undefined) continue;
			if (await subject.ask({ ask: "acknowledge", what: one, ...author })) {
				setTimeout(
					() => subject.happened({ kind: "acknowledged", ids: [one] }),
					GRACE_MILLISECONDS,
				);
			}
		}
		if (choice >= 2) {
			const mute = { ask: "mute", station, cause: "*", ...author } as const;
			// The world's clock moves in seconds here: a mute is ended by hand.
			const untilUtcSeconds = Math.floor(Date.now() / 1000) + 3600;
			if ((await subject.ask({ ...mute, untilUtcSeconds })) === undefined) continue;
			await pause(GRACE_MILLISECONDS);
			subject.happened({ kind: "muted", station });
			await pause(500 + integerBelow(random, 2000));
			subject.happened({ kind: "unmuted", station });
			while ((await subject.ask({ ...mute, untilUtcSeconds: 0 })) === undefined) await pause(100);
		}
	}
}

interface Receiver {
	readonly port: number;
	readonly happenings: AlarmHappening[];
	isWell: boolean;
	close(): void;
}

/** A webhook's other side, in one of its moods at each request. */
async function startReceiver(random: SeededRandom): Promise<Receiver> {
	const happenings: AlarmHappening[] = [];
	const receiver = { isWell: false };
	const server = createServer((request, response) => {
		let body = "";
		request.setEncoding("utf8").on("data", (part: string) => {
			body += part;
		});
		request.on("end", () => {
			const { id, station } = JSON.parse(body) as { id: string; station: string | null };
			const got = { kind: "got", hook: "webhook", id, station, isTaken: false } as const;
			const index = happenings.push({ ...got, isOurs: isOurs(request, body) }) - 1;
			const asked = performance.now();
			const took = (): void => {
				// The place is that of its arrival: a kill after it excuses what comes once more.
				if (performance.now() - asked < IN_TIME_MILLISECONDS) {
					happenings[index] = { ...got, isTaken: true, isOurs: isOurs(request, body) };
				}
			};
			answerInAMood(receiver.isWell ? 0 : integerBelow(random, 10), response, took);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return Object.assign(receiver, {
		port,
		happenings,
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	});
}

function answerInAMood(mood: number, response: ServerResponse, took: () => void): void {
	switch (mood) {
		case 5:
			response.writeHead(500).end("no");
			break;
		case 6:
			response.writeHead(503, { "retry-after": "1" }).end();
			break;
		case 7:
			// Says nothing at all.
			break;
		case 8:
			response.socket?.destroy();
			break;
		case 9:
			response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
			break;
		case 4:
			setTimeout(() => response.writeHead(200).end("late", took), 700);
			break;
		default:
			response.writeHead(200).end("ok", took);
	}
}

function isOurs({ headers }: IncomingMessage, body: string): boolean {
	const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
	const right = createHmac("sha256", SECRET).update(signed).digest("base64");
	return headers["webhook-signature"] === `v1,${right}`;
}

/** The collector that is killed and started again. */
class Subject {
	collector: CollectorProcess | undefined;
	readonly #program: string;
	readonly #folder: string;
	readonly #server: PostgresqlServer | undefined;
	readonly #receiver: Receiver;

	constructor(
		program: string,
		folder: string,
		server: PostgresqlServer | undefined,
		receiver: Receiver,
	) {
		this.#program = program;
		this.#folder = folder;
		this.#server = server;
		this.#receiver = receiver;
	}

	get #data(): string {
		return join(this.#folder, "data");
	}

	get #log(): string {
		return join(this.#folder, "log");
	}

	/** Lists, secret, and a program that takes two of three: each line `start LINE` or `end CODE ID` of its log is one write. */
	write(stations: readonly SignedStation[]): void {
		const lines = stations.map(({ station, publicKey }) => `${station} ${hexOf(publicKey)}\n`);
		writeFileSync(join(this.#folder, "stations"), lines.join(""));
		writeFileSync(
			join(this.#folder, "webhook"),
			`url=http://127.0.0.1:${this.#receiver.port}/\nsecret=whsec_${SECRET.toString("base64")}\n`,
			{ mode: 0o600 },
		);
		const hook = join(this.#folder, "hook");
		writeFileSync(
			hook,
			`#!/bin/bash
read -r line
# Its collector died before it could say anything.
[ -z "$line" ] && exit 1
run=$$.$RANDOM
printf 'start %s %s\\n' "$run" "$line" >> '${this.#log}'
code=$(( RANDOM % 3 == 0 ))
[ -e '${this.#folder}/well' ] && code=0
printf 'end %s %s\\n' "$run" "$code" >> '${this.#log}'
exit $code
`,
		);
		chmodSync(hook, 0o755);
	}

	async start(): Promise<void> {
		const where = this.#server === undefined ? [] : ["--postgres", this.#server.connectionString];
		const file = (name: string): string => join(this.#folder, name);
		this.collector = await startCollector(
			this.#data,
			[
				...["--stations", file("stations"), "--alarm-webhook", file("webhook")],
				...["--alarm-command", file("hook"), ...where],
			],
			this.#program,
		);
	}

	/** Ends it, by -9 or as an operator does, and starts it again. */
	async kill(isHard: boolean): Promise<void> {
		await this.collector?.stop(isHard ? "SIGKILL" : "SIGINT");
		if (isHard) this.happened({ kind: "killed", told: await this.#told() });
		await this.start();
	}

	async #told(): Promise<ReadonlySet<string>> {
		const store =
			this.#server === undefined
				? await openPGliteStore(this.#data)
				: await openPostgresqlStore(this.#server.connectionString);
		try {
			const rows = await store.query(
				`select d.hook || ' ' || n.id as key from alarm_deliveries d
				join alarm_notices n on n.number = d.number where d.state = 'told'`,
			);
			return new Set(rows.map(({ key }) => String(key)));
		} finally {
			await store.close();
		}
	}

	/** In the webhook's order and in the program's log. */
	happened(happening: AlarmHappening): void {
		this.#receiver.happenings.push(happening);
		const told = happening.kind === "killed" ? { told: [...happening.told] } : {};
		appendFileSync(this.#log, `mark ${JSON.stringify({ ...happening, ...told })}\n`);
	}

	/** By the running collector; undefined while there is none. */
	async ask(request: Parameters<typeof askCollector>[1]): Promise<AlarmAnswer | undefined> {
		try {
			const answer = await askCollector(this.#data, request);
			return answer !== undefined && "error" in answer ? undefined : answer;
		} catch {
			// It died meanwhile: nobody knows whether it was done.
			return undefined;
		}
	}

	/** When nothing waits any more, or nobody can wait any longer: how each alarm stands. */
	async settled(): Promise<ReadonlyMap<string, string>> {
		writeFileSync(join(this.#folder, "well"), "");
		// A mute whose answer died with the collector holds back until it is ended.
		for (const station of STATIONS) {
			const author = { by: "campaign", why: "the end" };
			await this.ask({ ask: "mute", station, cause: "*", untilUtcSeconds: 0, ...author });
		}
		const until = performance.now() + END_MILLISECONDS_MAX;
		for (;;) {
			const answer = await this.ask({ ask: "list", isAll: true });
			const alarms = answer !== undefined && "list" in answer ? answer.list.alarms : [];
			const states = new Map(
				alarms.flatMap(({ body, hooks }) =>
					Object.entries(hooks).map(([hook, state]) => [`${hook} ${body.id}`, state] as const),
				),
			);
			const waits = [...states.values()].includes("waiting");
			if ((states.size > 0 && !waits) || performance.now() > until) return states;
			await pause(250);
		}
	}

	/** What came to a hook, between what was done to all. */
	happeningsOf(hook: string): readonly AlarmHappening[] {
		return hook === "webhook" ? this.#receiver.happenings : this.#commandHappenings();
	}

	#commandHappenings(): AlarmHappening[] {
		const lines = existsSync(this.#log) ? readFileSync(this.#log, "utf8").split("\n") : [];
		const codes = new Map<string, string>();
		for (const line of lines) {
			const [word, run = "", code = ""] = line.split(" ");
			if (word === "end") codes.set(run, code);
		}
		return lines.flatMap((line): AlarmHappening[] => {
			const [word, run = ""] = line.split(" ");
			if (word === "mark") {
				const mark = JSON.parse(line.slice(5));
				return [mark.kind === "killed" ? { ...mark, told: new Set(mark.told) } : mark];
			}
			if (word !== "start") return [];
			const { id, station } = JSON.parse(line.slice(7 + run.length)) as {
				id: string;
				station: string | null;
			};
			const isTaken = codes.get(run) === "0";
			return [{ kind: "got", hook: "command", id, station, isTaken, isOurs: true }];
		});
	}
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

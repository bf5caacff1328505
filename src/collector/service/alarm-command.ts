/** `bistrina-collector alarms list|acknowledge|mute|unmute|test`: what operators decide, over a collector that runs or stands still. */
import { Command, InvalidArgumentError } from "commander";
import { isoTextOf } from "../../core/calendar.js";
import { OperationalError } from "../../host/errors.js";
import { type AlarmTextKey, alarmText } from "../../host/messages/alarm-texts.js";
import { type Language, languageOf } from "../../host/messages/messages.js";
import { printable, printableJson } from "../../host/printable.js";
import { PRINTABLE_USAGE } from "../../host/usage.js";
import {
	type AlarmAnswer,
	type AlarmRequest,
	answerTo,
	askCollector,
} from "../alarms/alarm-control.js";
import { AlarmDecisions, type AlarmList, type ListedAlarm } from "../alarms/alarm-decisions.js";
import { textOf } from "../alarms/alarm-notice.js";
import type { SqlStore } from "../store/store.js";
import { requireNoPassword } from "./service-options.js";

interface CommonOptions {
	readonly data: string;
	readonly postgres?: string;
	readonly lang: Language;
	readonly format: "text" | "json";
}

interface Authorship {
	readonly by: string;
	readonly why: string;
}

type Reach = (request: AlarmRequest) => Promise<AlarmAnswer>;

/** A hook has half a minute. */
const TEST_MILLISECONDS_MAX = 40_000;
const POLL_MILLISECONDS = 250;
const UNITS: Readonly<Record<string, number>> = Object.freeze({ m: 60, h: 3600, d: 86_400 });

const clock = Object.freeze({
	get utcSeconds() {
		return Math.floor(Date.now() / 1000);
	},
});

/** Throws CommanderError after it has explained itself, and OperationalError. */
export async function runAlarmCommand(argv: readonly string[]): Promise<number> {
	const program = new Command("bistrina-collector alarms")
		.description("Alarms of a collector that runs or stands still.")
		.requiredOption("--data <directory>", "the collector's data folder")
		.option("--postgres <url>", "PostgreSQL server, where the database is not in the folder")
		.option("--lang <language>", "en, sr or sr-Cyrl", languageOf, localeLanguage())
		.option("--format <format>", "text or json", formatOf, "text")
		.configureOutput(PRINTABLE_USAGE)
		.exitOverride();
	const common = (): CommonOptions => program.opts();
	const authored = (command: Command): Command =>
		command
			.requiredOption("--by <name>", "who decides")
			.requiredOption("--why <text>", "and why")
			.exitOverride();
	program
		.command("list")
		.description("alarms that nobody has acknowledged, and what is muted")
		.option("--all", "acknowledged ones, too")
		.exitOverride()
		.action(async ({ all }: { all?: true }) => {
			const options = common();
			const answer = await reaching(options, (reach) =>
				reach({ ask: "list", isAll: all === true }),
			);
			if ("list" in answer) show(answer.list, options);
		});
	authored(program.command("acknowledge <id>"))
		.description("an alarm by its id, or all of a station: seen")
		.action(async (what: string, { by, why }: Authorship) => {
			const options = common();
			const request: AlarmRequest = { ask: "acknowledge", what, by, why };
			const answer = await reaching(options, (reach) => reach(request));
			if ("count" in answer) printText(options, "said-seen", { count: answer.count });
		});
	authored(program.command("mute <station>"))
		.description("a station (* for all) is not told of for a while; what is still so then is told")
		.option("--cause <cause>", "only this cause", "*")
		.requiredOption("--until <time>", "2026-11-28T18:00Z, or 30m, 12h, 3d from now", untilOf)
		.action(
			async (
				station: string,
				{ cause, until, by, why }: Authorship & { cause: string; until: number },
			) => {
				await mute(common(), { ask: "mute", station, cause, untilUtcSeconds: until, by, why });
			},
		);
	authored(program.command("unmute <station>"))
		.description("ends a mute")
		.option("--cause <cause>", "of this cause", "*")
		.action(async (station: string, { cause, by, why }: Authorship & { cause: string }) => {
			await mute(common(), { ask: "mute", station, cause, untilUtcSeconds: 0, by, why });
		});
	let code = 0;
	authored(program.command("test"))
		.description("an alarm that says that it is a test, to every hook")
		.action(async ({ by, why }: Authorship) => {
			code = await test(common(), { ask: "test", by, why });
		});
	await program.parseAsync([...argv], { from: "user" });
	return code;
}

async function mute(
	options: CommonOptions,
	request: AlarmRequest & { readonly ask: "mute" },
): Promise<void> {
	const answer = await reaching(options, (reach) => reach(request));
	if (!("isMuted" in answer)) return;
	if (answer.isMuted)
		printText(options, "said-muted", { time: isoTextOf(request.untilUtcSeconds) });
	else printText(options, "said-unmuted");
}

/** 0 only where every hook took it. */
async function test(options: CommonOptions, request: AlarmRequest): Promise<number> {
	const isRunning = (await askCollector(options.data, { ask: "state", id: "" })) !== undefined;
	return reaching(options, async (reach, refuse) => {
		const answer = refuse(await reach(request));
		if (!("id" in answer)) return 1;
		printText(options, "said-test", { id: answer.id });
		const until = performance.now() + (isRunning ? TEST_MILLISECONDS_MAX : 0);
		for (;;) {
			const state = refuse(await reach({ ask: "state", id: answer.id }));
			const hooks = "hooks" in state ? Object.entries(state.hooks) : [];
			if (hooks.length === 0) {
				printText(options, "said-no-hook");
				return 1;
			}
			const isTold = hooks.every(([, each]) => each === "told");
			if (isTold || performance.now() >= until) {
				for (const [hook, each] of hooks) print(`${hook}: ${wordOf(options.lang, each)}`);
				if (!isTold && !isRunning) printText(options, "said-later");
				return isTold || !isRunning ? 0 : 1;
			}
			await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
		}
	});
}

/** Works by a collector that runs over the folder, else over its database. Throws OperationalError. */
async function reaching<Result>(
	options: CommonOptions,
	work: (reach: Reach, refuse: (answer: AlarmAnswer) => AlarmAnswer) => Promise<Result>,
): Promise<Result> {
	let store: SqlStore | undefined;
	const reach: Reach = async (request) => {
		if (store === undefined) {
			const answer = await askCollector(options.data, request);
			if (answer !== undefined) return answer;
			store = await openStore(options);
		}
		return answerTo(new AlarmDecisions(store, clock), request, clock.utcSeconds);
	};
	const refuse = (answer: AlarmAnswer): AlarmAnswer => {
		if ("error" in answer) throw new OperationalError(answer.error);
		return answer;
	};
	try {
		const result = await work(reach, refuse);
		if (typeof result === "object" && result !== null) refuse(result as AlarmAnswer & Result);
		return result;
	} finally {
		await store?.close();
	}
}

async function openStore({ data, postgres }: CommonOptions): Promise<SqlStore> {
	if (postgres !== undefined) {
		requireNoPassword(postgres);
		const { openPostgresqlStore } = await import("../store/postgresql-store.js");
		return openPostgresqlStore(postgres);
	}
	const { openPGliteStore, requireDatabase } = await import("../store/pglite-store.js");
	requireDatabase(data);
	return openPGliteStore(data);
}

function show({ alarms, mutes, untold }: AlarmList, { lang, format }: CommonOptions): void {
	if (format === "json") {
		const shown = alarms.map((alarm) => ({ ...alarm, text: textOf("en", alarm.body) }));
		process.stdout.write(`${printableJson({ alarms: shown, mutes, untold })}\n`);
		return;
	}
	for (const alarm of alarms) for (const line of linesOf(alarm, lang)) print(line);
	if (alarms.length === 0) print(alarmText(lang, "none"));
	for (const { station, cause, untilUtcSeconds } of mutes) {
		print(
			alarmText(lang, "mute-until", {
				time: isoTextOf(untilUtcSeconds),
				station: station === "*" ? alarmText(lang, "every") : station,
				cause: cause === "*" ? alarmText(lang, "every-cause") : cause,
			}),
		);
	}
	for (const [station, count] of Object.entries(untold)) {
		print(alarmText(lang, "untold", { station, count }));
	}
}

function linesOf({ body, hooks, acknowledged }: ListedAlarm, lang: Language): string[] {
	const states = Object.entries(hooks).map(([hook, state]) => `${hook}: ${wordOf(lang, state)}`);
	const stateText = states.length === 0 ? alarmText(lang, "no-hook") : states.join(", ");
	const lines = [
		`${isoTextOf(body.raisedUtcSeconds)}  ${body.id}  (${stateText})`,
		`  ${textOf(lang, body)}`,
	];
	if (acknowledged !== null) {
		const { atUtcSeconds, by, why } = acknowledged;
		const time = isoTextOf(atUtcSeconds);
		lines.push(`  ${alarmText(lang, "seen-by", { time, by, why })}`);
	}
	return lines;
}

const STATES: readonly string[] = ["waiting", "told", "acknowledged", "muted", "dropped"];

function wordOf(lang: Language, state: string): string {
	return STATES.includes(state) ? alarmText(lang, state as AlarmTextKey) : state;
}

function printText(
	{ lang }: CommonOptions,
	key: AlarmTextKey,
	values: Readonly<Record<string, string | number>> = {},
): void {
	print(alarmText(lang, key, values));
}

function print(line: string): void {
	process.stdout.write(`${printable(line)}\n`);
}

function localeLanguage(): Language {
	const { LC_ALL, LC_MESSAGES, LANG } = process.env;
	return languageOf(LC_ALL || LC_MESSAGES || LANG || "");
}

function formatOf(text: string): "text" | "json" {
	if (text === "text" || text === "json") return text;
	throw new InvalidArgumentError("use text or json");
}

/** A moment, or so long from now. Unix seconds. */
function untilOf(text: string): number {
	const [, count, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
	if (count !== undefined) return clock.utcSeconds + Number(count) * (UNITS[unit] ?? 0);
	const moment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text)
		? Date.parse(text)
		: Number.NaN;
	if (Number.isNaN(moment)) {
		throw new InvalidArgumentError("use 2026-11-28T18:00Z, a day, or 30m, 12h, 3d");
	}
	return Math.floor(moment / 1000);
}

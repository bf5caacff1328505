/** `bistrina calibrate`: a person is guided from bottle to bottle, or a program by JSON lines. */
import { OperationalError, UsageError } from "../../host/errors.js";
import { asciiOf } from "../../host/messages/ascii.js";
import type { Speaker, TextKey } from "../../host/messages/visit-texts.js";
import { printJson, type Shown, shownOf } from "../../host/output.js";
import { SETTLE_RULES } from "../../protocol/calibration/settling.js";
import {
	AIR,
	hasLot,
	isStandard,
	isStandardFor,
	REFERENCE,
} from "../../protocol/calibration/standards.js";
import { DOUBT_GRADES, type Doubt } from "../../protocol/calibration/verdict.js";
import { COMMANDS, type CommandName, type CommandRow } from "../../protocol/line/commands.js";
import type { FieldValue } from "../../protocol/line/console.js";
import { StationRefusal } from "../client.js";
import type { Session } from "../line-commands.js";
import type { Person } from "./person.js";

/** A bottle as it was given beforehand: `american-7.00:LOT:2027-05-31`, or `reference:VALUE`. */
export interface GivenBottle {
	readonly standard: string;
	readonly lot: string | undefined;
	readonly expiry: string | undefined;
	readonly value: string | undefined;
}

export interface CalibrateOptions {
	readonly channel: CalibratedChannel;
	readonly by: string;
	readonly bottles: readonly GivenBottle[];
	/** For what the rule would reject, without a person to ask. */
	readonly reason: string;
	readonly dueDays: number;
	/** calibration, as-found, as-left. */
	readonly act: string;
}

export const CALIBRATED_CHANNELS = Object.freeze([
	"pH",
	"conductivity",
	"temperature",
	"turbidity",
	"dissolvedOxygen",
] as const);
export type CalibratedChannel = (typeof CALIBRATED_CHANNELS)[number];

const USUAL_BOTTLES: Readonly<Record<CalibratedChannel, readonly string[]>> = Object.freeze({
	pH: ["american-7.00", "american-4.00", "american-10.01"],
	conductivity: [AIR, "kcl-1413"],
	temperature: [REFERENCE],
	turbidity: ["filtered-water", "formazin-100"],
	dissolvedOxygen: ["moist-air", "zero-oxygen"],
});
const DECIMALS: Readonly<Record<CalibratedChannel, number>> = Object.freeze({
	pH: 2,
	conductivity: 1,
	temperature: 2,
	turbidity: 1,
	dissolvedOxygen: 2,
});
/** With two of them the longest request of a visit has 200 of its 256 bytes. */
const WORD_CHARACTERS_MAX = 48;
const BARS = "▁▂▃▄▅▆▇█";
const CURVE_READINGS = 30;
/** A bottle that never comes to rest is given up after so many readings that were due between. */
const ROUNDS_MAX = 10;

export interface Guide {
	readonly session: Session;
	readonly person: Person;
	readonly speaker: Speaker;
	/** JSON lines instead of text. */
	readonly isJson: boolean;
	/** Of a simulated station: what hands do. Absent where hands do it themselves. */
	readonly putProbes: ((what: string) => void) | undefined;
}

/** Bottles as `--standards` gives them, or the usual ones. Throws UsageError. */
export function bottlesOf(channel: CalibratedChannel, text: string | undefined): GivenBottle[] {
	const given = text === undefined ? USUAL_BOTTLES[channel] : text.split(",");
	return given.map((each) => {
		const [standard = "", second, expiry] = each.split(":");
		const isReference = standard === REFERENCE;
		const isKnown = isStandard(standard) || standard === AIR || isReference;
		if (!isKnown) throw new UsageError(`${standard}: no standard; docs/VISIT.md lists them`);
		if (!isStandardFor(channel, standard)) {
			throw new UsageError(`${standard}: no bottle for ${channel}`);
		}
		if (expiry !== undefined && !isDate(expiry)) {
			throw new UsageError(`${each}: ${expiry} is no date, such as 2027-05-31`);
		}
		if (isReference && second !== undefined && decimalOf(second) === undefined) {
			throw new UsageError(`${each}: ${second} is no number, such as 12.1`);
		}
		return {
			standard,
			lot: isReference ? undefined : second,
			expiry,
			value: isReference ? second : undefined,
		};
	});
}

/** Exit 0 when it was committed and not rejected, 1 when it was given up. */
export async function calibrate(guide: Guide, options: CalibrateOptions): Promise<number> {
	const { person, speaker, session } = guide;
	const { channel } = options;
	const inForce = await numbersInForce(guide, channel);
	const begun = await ask(guide, "calibrate", {
		channel,
		act: options.act,
		...(options.by === "" ? {} : { by: wordOf(options.by) }),
		solutions:
			Math.max(options.bottles.filter(({ standard }) => standard !== AIR).length, 1) > 1 ? 2 : 1,
	});
	report(guide, { step: "begin", channel, ...begun });
	if (!guide.isJson) {
		const { station } = session.greeting;
		const circuit = String(begun["circuit"] ?? "-")
			.split("_")
			.join(" ");
		const previous = begun["previous"] ?? 0;
		person.print(
			speaker.text("calibrating", { channel: speaker.name(channel), station, circuit, previous }),
		);
		if (inForce !== "") person.print(speaker.text("in-force", { numbers: inForce }));
		person.print(speaker.text(`judged-${channel}`));
		const { drift, spread, isRelative } = SETTLE_RULES[channel];
		const unit = isRelative ? " %" : "";
		person.print(
			speaker.text("rule", {
				drift: speaker.number(drift, 2) + unit,
				spread: speaker.number(spread, 2) + unit,
			}),
		);
	}
	try {
		for (const [index, bottle] of options.bottles.entries()) {
			const isTaken = await takeBottle(guide, options, bottle, index);
			if (!isTaken) return await giveUp(guide);
		}
		return await commit(guide, options);
	} catch (error) {
		// What the station refuses leaves the old calibration, not half of one.
		if (error instanceof StationRefusal) await giveUp(guide);
		throw error;
	}
}

/** One bottle until its point is taken; false when it was given up. */
async function takeBottle(
	guide: Guide,
	options: CalibrateOptions,
	bottle: GivenBottle,
	index: number,
): Promise<boolean> {
	const { person, speaker } = guide;
	const count = options.bottles.length;
	const { standard } = bottle;
	const isAir = standard === AIR;
	let { lot, expiry, value } = bottle;
	if (guide.isJson) {
		report(guide, { step: "put", standard, index: index + 1, count });
		putProbesInto(guide, standard, await person.next());
	} else {
		person.print(speaker.text(isAir ? "put-air" : "put", { index: index + 1, count, standard }));
		if (isStandard(standard) && hasLot(standard)) {
			lot ??= await person.ask(speaker.text("lot"));
			expiry ??= await dateOf(guide);
		}
		if (standard === REFERENCE) value ??= await numberOf(guide);
		const typed = await person.ask(speaker.text("when-in"));
		putProbesInto(guide, standard, typed);
	}
	const fields: Record<string, FieldValue> = { standard };
	if (lot) fields["lot"] = wordOf(lot);
	if (expiry) fields["expiry"] = expiry;
	if (value) fields["value"] = decimalOf(value) ?? value;
	for (;;) {
		const settled = await settle(guide, options, fields);
		const doubts = String(settled["doubts"] ?? "")
			.split(",")
			.filter((doubt) => doubt !== "");
		if (!guide.isJson) printSettled(guide, options, settled, doubts);
		const isRejected = doubts.some((doubt) => DOUBT_GRADES[doubt as Doubt] === 3);
		let reason = isRejected ? options.reason : "";
		if (isRejected && reason === "" && !guide.isJson) {
			const typed = await person.ask(speaker.text("take-it"));
			if (typed === undefined || typed === "c") return false;
			if (typed === "") continue;
			reason = typed;
		}
		if (isRejected && reason === "") return false;
		const point = await ask(guide, "point", reason === "" ? {} : { text: reason });
		report(guide, { step: "point", standard, ...point });
		if (!guide.isJson) person.print(speaker.text("taken"));
		return true;
	}
}

/** In a simulation one may take another bottle than one says; what is compared with another instrument stays where it is. */
function putProbesInto(guide: Guide, standard: string, typed: string | undefined): void {
	if (typed) guide.putProbes?.(typed);
	else if (standard !== REFERENCE) guide.putProbes?.(standard);
}

/** A value that the station reads, from one with a decimal comma or point; undefined for any other text. */
function decimalOf(typed: string): string | undefined {
	const text = typed.replace(",", ".");
	return /^\d{1,6}(\.\d{1,3})?$/.test(text) ? text : undefined;
}

/** What another instrument shows; what is no number is asked for again. */
async function numberOf({ person, speaker }: Guide): Promise<string | undefined> {
	for (;;) {
		const typed = await person.ask(speaker.text("reference"));
		if (typed === undefined || decimalOf(typed) !== undefined) return typed;
		person.print(speaker.text("no-number", { typed }));
	}
}

/** A name or a lot as one word of the line: the record has ASCII, and a line has its length. */
export function wordOf(text: string): string {
	return asciiOf(text).split(" ").join("_").slice(0, WORD_CHARACTERS_MAX);
}

/** A date that there is, or nothing: what is wrong is asked for again, for the station would refuse it after all the waiting. */
async function dateOf({ person, speaker }: Guide): Promise<string | undefined> {
	for (;;) {
		const typed = await person.ask(speaker.text("expiry"));
		if (typed === undefined || typed === "" || isDate(typed)) return typed;
		person.print(speaker.text("no-date", { typed }));
	}
}

function isDate(text: string): boolean {
	const date = new Date(`${text}T00:00:00Z`);
	return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

async function settle(
	guide: Guide,
	{ channel }: CalibrateOptions,
	fields: Readonly<Record<string, FieldValue>>,
): Promise<Shown> {
	const { person, speaker, session } = guide;
	const values: number[] = [];
	for (let round = 0; round < ROUNDS_MAX; round++) {
		const answer = await session.client.request("settle", {
			fields,
			overallMilliseconds: 1_300_000,
			onPart: (part) => {
				const shown = shownOf(part, COMMANDS.settle.parts);
				report(guide, { step: "reading", ...shown });
				if (guide.isJson) return;
				values.push(Number(shown["value"]));
				const left = Number(shown["left"]);
				person.show(
					speaker.text("live", {
						curve: curveOf(values),
						value: speaker.number(Number(shown["value"]), DECIMALS[channel] + 1),
						drift: speaker.number(Number(shown["drift"]), 3),
						left: left > 0 ? speaker.text("left", { seconds: left }) : speaker.text("waiting"),
					}),
				);
			},
		});
		const { parts: _parts, ...settled } = shownOf(answer.fields, COMMANDS.settle.answer);
		if (settled["why"] === "reading-due") continue;
		report(guide, { step: "settled", ...settled });
		return settled;
	}
	throw new OperationalError("readings are due too often for a probe to settle between them");
}

async function commit(guide: Guide, options: CalibrateOptions): Promise<number> {
	const { person, speaker } = guide;
	const { channel } = options;
	const due = options.dueDays > 0 ? { due: options.dueDays } : {};
	let committed: Shown;
	try {
		committed = await ask(guide, "commit", {
			...due,
			...(options.reason === "" ? {} : { text: options.reason }),
		});
	} catch (error) {
		if (!(error instanceof StationRefusal) || error.cause !== "calibration-doubtful") throw error;
		if (guide.isJson) return giveUp(guide);
		const doubts = doubtTexts(speaker, (error.detail.split(":")[0] ?? "").split(", "));
		const reason = await person.ask(speaker.text("commit-it", { doubts: doubts.join("; ") }));
		if (reason === undefined || reason === "") return giveUp(guide);
		committed = await ask(guide, "commit", { ...due, text: reason });
	}
	report(guide, { step: "commit", channel, ...committed });
	if (!guide.isJson) {
		const verdict = speaker.word("", String(committed["verdict"]));
		const numbers = numbersOf(speaker, channel, [
			Number(committed["a"]),
			Number(committed["b"]),
			Number(committed["c"]),
		]);
		const id = committed["id"] ?? "-";
		person.print(
			speaker.text("committed", { id, channel: speaker.name(channel), verdict, numbers }),
		);
	}
	return committed["verdict"] === "rejected" ? 1 : 0;
}

async function giveUp(guide: Guide): Promise<number> {
	const { person, speaker } = guide;
	const cancelled = await ask(guide, "cancel");
	report(guide, { step: "cancel", ...cancelled });
	if (!guide.isJson) person.print(speaker.text("cancelled"));
	return 1;
}

/** What the calibration in force came to; empty for the maker's. */
async function numbersInForce({ session, speaker }: Guide, channel: string): Promise<string> {
	const { parts } = await session.client.request("calibrations");
	const state = parts.find((part) => part.get("channel") === channel);
	if (state === undefined || state.get("id") === "0") return "";
	const numbers = ["a", "b", "c"].map((name) => Number(state.get(name)));
	return numbersOf(speaker, channel, numbers);
}

function printSettled(
	{ person, speaker }: Guide,
	{ channel }: CalibrateOptions,
	settled: Shown,
	doubts: readonly string[],
): void {
	const [reading, nominal] = [Number(settled["reading"]), Number(settled["nominal"])];
	const number = (value: number): string => speaker.number(value, DECIMALS[channel]);
	const isSettled = settled["settled"] === "yes";
	person.print(
		speaker.text(isSettled ? "settled" : "not-settled", {
			seconds: settled["seconds"] ?? 0,
			reading: number(reading),
			nominal: number(nominal),
			celsius: speaker.number(Number(settled["celsius"]), 1),
			off: number(reading - nominal),
			drift: speaker.number(Number(settled["drift"]), 3),
		}),
	);
	for (const doubt of doubtTexts(speaker, doubts)) person.print(speaker.text("doubt", { doubt }));
}

export function doubtTexts(speaker: Speaker, doubts: readonly string[]): string[] {
	return doubts.filter((doubt) => doubt !== "").map((doubt) => speaker.word("doubt-", doubt));
}

/** What coefficients say, for people. */
export function numbersOf(
	speaker: Speaker,
	channel: string,
	[a = 0, b = 0, c = 0]: readonly number[],
): string {
	const key = `numbers-${channel}` as TextKey;
	const isKnown = (CALIBRATED_CHANNELS as readonly string[]).includes(channel);
	if (!isKnown) return "";
	return speaker.text(key, {
		a: speaker.number(a, channel === "pH" || channel === "dissolvedOxygen" ? 1 : 3),
		b: speaker.number(b, channel === "turbidity" ? 3 : 1),
		c: speaker.number(c, 1),
	});
}

/** The last readings as bars between their lowest and highest. */
export function curveOf(values: readonly number[]): string {
	const last = values.slice(-CURVE_READINGS);
	const [low, high] = [Math.min(...last), Math.max(...last)];
	const span = high - low || 1;
	return last
		.map((value) => BARS.charAt(Math.round(((value - low) / span) * (BARS.length - 1))))
		.join("");
}

export async function ask(
	{ session }: Guide,
	command: CommandName,
	fields: Readonly<Record<string, FieldValue>> = {},
): Promise<Shown> {
	const { answer }: CommandRow = COMMANDS[command];
	const { text } = fields;
	const ascii = text === undefined ? fields : { ...fields, text: asciiOf(String(text)) };
	const given = await session.client.request(command, { fields: ascii });
	const { parts: _parts, ...shown } = shownOf(given.fields, answer);
	return shown;
}

function report({ isJson }: Guide, line: Readonly<Record<string, unknown>>): void {
	if (isJson) printJson(line);
}

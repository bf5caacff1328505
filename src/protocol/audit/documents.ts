/**
 * Operators' documents: policies, corrections, approvals, visits. From a file's text to what the programs use, or
 * all that is wrong with it at once. docs/VALUES.md, section 3.
 */

import { type StandardName, standardAt, standardOf } from "../calibration/standards.js";
import type { ChannelTests, SeriesRules } from "../quality/channel-judge.js";
import {
	type ChannelCheck,
	Correction,
	type DriftPoint,
	type FoulingCheck,
	isInFractions,
	QUALITY_CHANNELS,
	type QualityChannel,
	TURBIDITY_ABSOLUTE_MAX,
} from "../quality/correction.js";
import { roundedTo } from "../quality/decimal.js";
import type { ValueSpan } from "../quality/gross-range.js";
import { STATION_FLAGS } from "../record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../record/reading.js";
import { RECORDED_AS } from "./channel-columns.js";
import { DOCUMENT_SCHEMAS, type DocumentKind } from "./document-schemas.js";
import { PROBLEMS_MAX, parsedJson, problemsOf, secondsOf } from "./schema.js";

/** The default policies have 7 KB; a policy of 48 months for each channel 40. */
export const POLICY_BYTES_MAX = 0x10000;
/** A thousand corrections of 600 bytes. */
export const DOCUMENT_BYTES_MAX = 0x100000;
/** Of a file of that kind. */
export function bytesMaxOf(kind: DocumentKind | undefined): number {
	return kind === "bistrina-policy" ? POLICY_BYTES_MAX : DOCUMENT_BYTES_MAX;
}

/** Digits of a file's SHA-256 that a table bears: 128 bits. */
export const DIGEST_DIGITS = 32;

/** A policy that changes every month for five years. */
const POLICIES_MAX = 64;

export type Parsed<Document> =
	| { readonly document: Document }
	| { readonly problems: readonly string[] };

/** What names a document in a table: "VERSION:DIGITS". */
export interface Named {
	readonly station: string;
	readonly version: number;
	readonly name: string;
}

export interface ChannelPolicy {
	/** CHANNEL_FLAGS that make a value fail or suspect. */
	readonly failFlags: number;
	readonly suspectFlags: number;
	readonly isCorrected: boolean;
	/** Turbidity: the unit that the thresholds are in; undefined: any. */
	readonly unit: string | undefined;
	readonly rules: SeriesRules;
}

export interface ClassLimit {
	readonly class: string;
	readonly quantity: "ph" | "temperature" | "ec25" | "ec20" | "turbidity";
	readonly low?: number | undefined;
	readonly high?: number | undefined;
	readonly reason: string;
}

export interface Policy extends Named {
	readonly validFromSeconds: number;
	readonly intervalSeconds: number;
	readonly conductivity: {
		readonly law: "as-configured" | "iso-7888" | "linear";
		readonly alphaPerMillionPerDegree?: number | undefined;
	};
	/** STATION_FLAGS. */
	readonly stationSuspectFlags: number;
	readonly channels: Readonly<Record<QualityChannel, ChannelPolicy>>;
	readonly limits: readonly ClassLimit[];
}

export interface DecidedCorrection {
	readonly id: string;
	readonly fromSeconds: number;
	readonly toSeconds: number;
	readonly isApplied: boolean;
	readonly correction: Correction;
}

export interface Corrections extends Named {
	/** Ascending in time, none over another. */
	readonly byChannel: Readonly<Record<QualityChannel, readonly DecidedCorrection[]>>;
}

export interface Period {
	readonly fromSeconds: number;
	/** Not included. */
	readonly toSeconds: number;
}

export interface Approvals extends Named {
	/** Ascending, apart from each other. */
	readonly byChannel: Readonly<Record<QualityChannel, readonly Period[]>>;
}

export interface Visit {
	readonly id: string;
	readonly seconds: number;
	/** As left, where that is known to be later. */
	readonly endSeconds?: number;
	readonly checks: readonly (ChannelCheck & { readonly channel: QualityChannel })[];
}

export interface Visits extends Named {
	/** Ascending. */
	readonly visits: readonly Visit[];
}

/** A document's kind, as its text says, or why it says none that is known. */
export function documentKindOf(
	text: string,
): { readonly kind: DocumentKind } | { readonly problem: string } {
	const parsed = parsedJson(text);
	if ("problem" in parsed) return { problem: `the document ${parsed.problem}` };
	const { value } = parsed;
	const isObject = typeof value === "object" && value !== null;
	const named = isObject ? new Map<string, unknown>(Object.entries(value)).get("document") : "";
	const kind = (Object.keys(DOCUMENT_SCHEMAS) as DocumentKind[]).find((known) => known === named);
	if (kind !== undefined) return { kind };
	return { problem: `document must be one of ${Object.keys(DOCUMENT_SCHEMAS).join(", ")}` };
}

/** `digest`: SHA-256 of the file's bytes, hexadecimal. */
export function parsePolicy(text: string, digest: string): Parsed<Policy> {
	return parsedAs<RawPolicy, Policy>("bistrina-policy", text, policyProblems, (raw) => {
		const { gapSeconds, intervalSeconds } = raw;
		const channelOf = (name: QualityChannel): ChannelPolicy => {
			const channel = raw.channels[name];
			return {
				failFlags: bitsOf(CHANNEL_FLAGS, channel.instrument.fail),
				suspectFlags: bitsOf(CHANNEL_FLAGS, channel.instrument.suspect),
				isCorrected: channel.isCorrected,
				unit: channel.unit,
				rules: { tests: testsOf(channel), intervalSeconds, gapSeconds },
			};
		};
		return {
			...namedOf(raw, digest),
			validFromSeconds: secondsOf(raw.validFrom) ?? 0,
			intervalSeconds,
			conductivity: raw.conductivity,
			stationSuspectFlags: bitsOf(STATION_FLAGS, raw.stationSuspect),
			channels: {
				ph: channelOf("ph"),
				temperature: channelOf("temperature"),
				ec25: channelOf("ec25"),
				turbidity: channelOf("turbidity"),
			},
			limits: raw.limits,
		};
	});
}

/** Policies in the order of their versions, or what is wrong between them. */
export function policiesInOrder(policies: readonly Policy[]): Parsed<readonly Policy[]> {
	const document = [...policies].sort((a, b) => a.version - b.version);
	const problems: string[] = [];
	if (policies.length > POLICIES_MAX) problems.push(`more than ${POLICIES_MAX} policies`);
	document.forEach((policy, index) => {
		const before = document[index - 1];
		if (before === undefined) return;
		if (policy.version === before.version)
			problems.push(`two policies of version ${policy.version}`);
		else if (policy.validFromSeconds <= before.validFromSeconds) {
			problems.push(
				`policy ${policy.version} holds from no later than policy ${before.version} does`,
			);
		}
	});
	return problems.length > 0 ? { problems } : { document };
}

export function parseCorrections(text: string, digest: string): Parsed<Corrections> {
	return parsedAs<RawCorrections, Corrections>(
		"bistrina-corrections",
		text,
		({ corrections }) => correctionProblems(corrections),
		(raw) => ({ ...namedOf(raw, digest), byChannel: byChannel((name) => decided(raw, name)) }),
	);
}

/** Nothing uses a proposal but its reader. */
export function parseProposal(text: string, digest: string): Parsed<Named> {
	return parsedAs<RawCorrections, Named>(
		"bistrina-correction-proposal",
		text,
		({ corrections }) => correctionProblems(corrections),
		(raw) => namedOf(raw, digest),
	);
}

export function parseApprovals(text: string, digest: string): Parsed<Approvals> {
	return parsedAs<RawApprovals, Approvals>(
		"bistrina-approvals",
		text,
		({ approvals }) =>
			approvals.flatMap((period, index) => periodProblems(period, `approvals[${index}]`)),
		(raw) => ({
			...namedOf(raw, digest),
			byChannel: byChannel((name) =>
				joined(inTime(raw.approvals.filter(({ channel }) => channel === name)).map(periodOf)),
			),
		}),
	);
}

export function parseVisits(text: string, digest: string): Parsed<Visits> {
	return parsedAs<RawVisits, Visits>("bistrina-visits", text, visitProblems, (raw) => ({
		...namedOf(raw, digest),
		visits: raw.visits.map(({ id, time, checks }) => ({
			id,
			seconds: secondsOf(time) ?? 0,
			checks: checks.map(checkOf),
		})),
	}));
}

function parsedAs<Raw, Document>(
	kind: DocumentKind,
	text: string,
	furtherProblems: (raw: Raw) => readonly string[],
	make: (raw: Raw) => Document,
): Parsed<Document> {
	const parsed = parsedJson(text);
	if ("problem" in parsed) return { problems: [`the document ${parsed.problem}`] };
	// What the schema does not allow cannot be looked into further.
	const ofSchema = problemsOf(DOCUMENT_SCHEMAS[kind], parsed.value);
	const problems = ofSchema.length > 0 ? ofSchema : furtherProblems(parsed.value as Raw);
	if (problems.length === 0) return { document: make(parsed.value as Raw) };
	if (problems.length <= PROBLEMS_MAX) return { problems };
	const more = problems.length - PROBLEMS_MAX;
	return { problems: [...problems.slice(0, PROBLEMS_MAX), `and ${more} problems more`] };
}

interface RawHead {
	readonly station: string;
	readonly version: number;
}

interface RawTest {
	readonly mayFail?: boolean;
}

interface RawChannel {
	readonly isCorrected: boolean;
	readonly unit?: string;
	readonly instrument: { readonly fail: readonly string[]; readonly suspect: readonly string[] };
	readonly grossRange?: { readonly fail: ValueSpan; readonly suspect?: ValueSpan };
	readonly climatology?: RawTest & {
		readonly members: readonly {
			readonly months: ValueSpan;
			readonly suspect: ValueSpan;
			readonly fail?: ValueSpan;
		}[];
	};
	readonly spike?: RawTest & {
		readonly method: "average" | "differential";
		readonly suspect?: number;
		readonly fail?: number;
		readonly isRelative?: boolean;
	};
	readonly rateOfChange?: RawTest & {
		readonly suspectPerSecond: number;
		readonly failPerSecond?: number;
		readonly isEqualTimeUnjudged?: boolean;
	};
	readonly flatLine?: {
		readonly suspectSeconds: number;
		readonly failSeconds: number;
		readonly tolerance: number;
		readonly validValuesMin?: number;
		readonly valueMin?: number;
	};
	readonly attenuatedSignal?: {
		readonly check: "std" | "range";
		readonly suspect: number;
		readonly fail: number;
		readonly periodSeconds: number;
		readonly validValuesMin?: number;
	};
}

interface RawPolicy extends RawHead {
	readonly validFrom: string;
	readonly intervalSeconds: number;
	readonly gapSeconds?: number;
	readonly conductivity: Policy["conductivity"];
	readonly stationSuspect: readonly string[];
	readonly channels: Readonly<Record<QualityChannel, RawChannel>>;
	readonly limits: readonly ClassLimit[];
}

interface RawPeriod {
	readonly channel: QualityChannel;
	readonly from: string;
	readonly to: string;
}

interface RawCorrection extends RawPeriod, ChannelCheck {
	readonly id: string;
	readonly decision: "apply" | "leave";
}

interface RawCorrections extends RawHead {
	readonly corrections: readonly RawCorrection[];
}

interface RawApprovals extends RawHead {
	readonly approvals: readonly RawPeriod[];
}

interface RawVisits extends RawHead {
	readonly visits: readonly {
		readonly id: string;
		readonly time: string;
		readonly checks: readonly RawCheck[];
	}[];
}

interface RawCheck {
	readonly channel: QualityChannel;
	readonly fouling?: FoulingCheck;
	readonly drift?: readonly RawPoint[];
}

interface RawPoint {
	readonly standard?: number;
	readonly solution?: StandardName;
	readonly celsius?: number;
	readonly reading: number;
}

/** Worths between the table's have one decimal more than it. */
function pointOf({ standard, solution, celsius, reading }: RawPoint): DriftPoint {
	if (solution === undefined) return { standard: standard ?? 0, reading };
	const worth = standardAt(solution, celsius ?? 0) ?? 0;
	return { standard: roundedTo(worth, standardOf(solution).decimals + 1) ?? 0, reading };
}

function checkOf({ channel, fouling, drift }: RawCheck): Visit["checks"][number] {
	return { channel, fouling, drift: drift?.map(pointOf) };
}

function pointProblems(channel: QualityChannel, point: RawPoint, at: string): string[] {
	const { standard, solution, celsius } = point;
	if ((standard === undefined) === (solution === undefined)) {
		return [`${at} must have either standard or solution with celsius`];
	}
	if ((solution === undefined) !== (celsius === undefined)) {
		return [`${at}: celsius belongs to solution`];
	}
	if (solution === undefined || celsius === undefined) return [];
	if (standardOf(solution).channel !== RECORDED_AS[channel])
		return [`${at}.solution is none for ${channel}`];
	const isKnown = standardAt(solution, celsius) !== undefined;
	return isKnown ? [] : [`${at}.celsius is beyond the table of ${solution}`];
}

function namedOf({ station, version }: RawHead, digest: string): Named {
	return { station, version, name: `${version}:${digest.slice(0, DIGEST_DIGITS)}` };
}

function bitsOf(table: Readonly<Record<string, number>>, names: readonly string[]): number {
	const bits = new Map(Object.entries(table));
	return names.reduce((sum, name) => sum | (bits.get(name) ?? 0), 0);
}

function byChannel<Item>(
	itemOf: (name: QualityChannel) => Item,
): Readonly<Record<QualityChannel, Item>> {
	return {
		ph: itemOf("ph"),
		temperature: itemOf("temperature"),
		ec25: itemOf("ec25"),
		turbidity: itemOf("turbidity"),
	};
}

function testsOf(channel: RawChannel): ChannelTests {
	const { grossRange, climatology, spike, rateOfChange, flatLine, attenuatedSignal } = channel;
	return {
		grossRange: grossRange && { failSpan: grossRange.fail, suspectSpan: grossRange.suspect },
		climatology: climatology?.members.map(({ months, suspect, fail }) => ({
			timeSpan: months,
			period: "month",
			valueSpan: suspect,
			failSpan: fail,
		})),
		spike: spike && {
			method: spike.method,
			suspectThreshold: spike.suspect,
			failThreshold: spike.fail,
			isRelative: spike.isRelative,
		},
		rateOfChange: rateOfChange && {
			threshold: rateOfChange.suspectPerSecond,
			failThreshold: rateOfChange.failPerSecond,
			isEqualTimeUnjudged: rateOfChange.isEqualTimeUnjudged,
		},
		flatLine: flatLine && {
			suspectThresholdSeconds: flatLine.suspectSeconds,
			failThresholdSeconds: flatLine.failSeconds,
			tolerance: flatLine.tolerance,
			validValuesMin: flatLine.validValuesMin,
			valueMin: flatLine.valueMin,
		},
		attenuatedSignal: attenuatedSignal && {
			checkType: attenuatedSignal.check,
			suspectThreshold: attenuatedSignal.suspect,
			failThreshold: attenuatedSignal.fail,
			testPeriodSeconds: attenuatedSignal.periodSeconds,
			validValuesMin: attenuatedSignal.validValuesMin,
		},
	};
}

function policyProblems(raw: RawPolicy): string[] {
	const problems: string[] = [];
	const { law, alphaPerMillionPerDegree } = raw.conductivity;
	if ((law === "linear") !== (alphaPerMillionPerDegree !== undefined)) {
		problems.push(
			"conductivity.alphaPerMillionPerDegree belongs to the law linear, and to it alone",
		);
	}
	if (raw.gapSeconds !== undefined && raw.gapSeconds < raw.intervalSeconds) {
		problems.push("gapSeconds is shorter than intervalSeconds: every reading would be alone");
	}
	for (const name of QUALITY_CHANNELS) {
		problems.push(...channelProblems(`channels.${name}`, raw.channels[name], raw.intervalSeconds));
	}
	raw.limits.forEach(({ low, high }, index) => {
		if (low === undefined && high === undefined) {
			problems.push(`limits[${index}] has neither low nor high`);
		}
		if (low !== undefined && high !== undefined && low > high) {
			problems.push(`limits[${index}].low is above high`);
		}
	});
	return problems;
}

const FAILS_ONLY_BY_WILL =
	"would call a front of acid water a failure: leave it out, or say mayFail true";

function channelProblems(at: string, channel: RawChannel, intervalSeconds: number): string[] {
	const problems: string[] = [];
	const { grossRange, climatology, spike, rateOfChange, flatLine, attenuatedSignal } = channel;
	const span = (path: string, [low, high]: ValueSpan): void => {
		if (low > high) problems.push(`${at}.${path} has its lower end second`);
	};
	const within = (
		path: string,
		inner: ValueSpan | undefined,
		outer: ValueSpan | undefined,
	): void => {
		if (outer !== undefined) span(`${path}.fail`, outer);
		if (inner !== undefined) span(`${path}.suspect`, inner);
		if (inner === undefined || outer === undefined) return;
		if (inner[0] < outer[0] || inner[1] > outer[1]) {
			problems.push(`${at}.${path}.suspect reaches beyond fail`);
		}
	};
	const stricter = (path: string, suspect: number | undefined, fail: number | undefined): void => {
		// 0 switches a grade of spike off.
		if (suspect && fail && fail < suspect) {
			problems.push(`${at}.${path}: fail is at less than suspect`);
		}
	};
	const unwilled = (path: string, isWilled: boolean | undefined, hasFail: boolean): void => {
		if (hasFail && isWilled !== true) problems.push(`${at}.${path} ${FAILS_ONLY_BY_WILL}`);
	};
	if (grossRange !== undefined) within("grossRange", grossRange.suspect, grossRange.fail);
	climatology?.members.forEach(({ months, suspect, fail }, index) => {
		const path = `climatology.members[${index}]`;
		if (months[0] > months[1]) {
			problems.push(`${at}.${path}.months goes over the new year: make it two members`);
		}
		within(path, suspect, fail);
		unwilled(`${path}.fail`, climatology.mayFail, fail !== undefined);
	});
	if (spike !== undefined) {
		stricter("spike", spike.suspect, spike.fail);
		unwilled("spike.fail", spike.mayFail, (spike.fail ?? 0) !== 0);
		if ((spike.suspect ?? 0) === 0 && (spike.fail ?? 0) === 0) {
			problems.push(`${at}.spike has no threshold: leave the test out`);
		}
	}
	if (rateOfChange !== undefined) {
		const { suspectPerSecond, failPerSecond, mayFail } = rateOfChange;
		stricter("rateOfChange", suspectPerSecond, failPerSecond);
		unwilled("rateOfChange.failPerSecond", mayFail, failPerSecond !== undefined);
	}
	if (flatLine !== undefined) {
		stricter("flatLine", flatLine.suspectSeconds, flatLine.failSeconds);
		if (flatLine.suspectSeconds < intervalSeconds) {
			problems.push(
				`${at}.flatLine.suspectSeconds is shorter than intervalSeconds: all would be flat`,
			);
		}
		if (flatLine.failSeconds / intervalSeconds > FLAT_ROWS_MAX) {
			problems.push(`${at}.flatLine.failSeconds is more than ${FLAT_ROWS_MAX} readings`);
		}
	}
	if (attenuatedSignal !== undefined) {
		if (attenuatedSignal.fail > attenuatedSignal.suspect) {
			problems.push(`${at}.attenuatedSignal.fail is above suspect`);
		}
		if (attenuatedSignal.periodSeconds / intervalSeconds > FLAT_ROWS_MAX) {
			problems.push(`${at}.attenuatedSignal.periodSeconds is more than ${FLAT_ROWS_MAX} readings`);
		}
	}
	return problems;
}

/** A window is kept in memory and looked through at each reading; a week at five minutes is 2 016. */
const FLAT_ROWS_MAX = 2016;

function correctionProblems(corrections: readonly RawCorrection[]): string[] {
	const problems = corrections.flatMap((correction, index) => {
		const at = `corrections[${index}]`;
		const found = [...periodProblems(correction, at), ...checkProblems(correction, at)];
		if (correction.fouling === undefined && correction.drift === undefined) {
			found.push(`${at} has neither fouling nor drift`);
		}
		if (corrections.findIndex(({ id }) => id === correction.id) !== index) {
			found.push(`${at}.id ${correction.id} is there twice`);
		}
		return found;
	});
	for (const name of QUALITY_CHANNELS) {
		const ordered = inTime(corrections.filter(({ channel }) => channel === name));
		ordered.forEach((correction, index) => {
			const before = ordered[index - 1];
			if (before !== undefined && correction.from < before.to) {
				const [first, second] = [before, correction].map((each) => {
					return `corrections[${corrections.indexOf(each)}] (${each.id})`;
				});
				problems.push(`${first} and ${second} of ${name} overlap`);
			}
		});
	}
	return problems;
}

/** Times of one shape: text order is time order. */
function inTime<Item extends RawPeriod>(periods: readonly Item[]): Item[] {
	return [...periods].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
}

function periodProblems({ from, to }: RawPeriod, at: string): string[] {
	return from < to ? [] : [`${at}.to is not after from`];
}

function checkProblems(
	{ channel, fouling, drift }: ChannelCheck & { readonly channel: QualityChannel },
	at: string,
): string[] {
	const problems: string[] = [];
	const isPart = channel === "ec25" || channel === "turbidity";
	if (isPart && fouling !== undefined && fouling.stationFouled <= 0) {
		problems.push(`${at}.fouling.stationFouled must be above 0: errors are parts of it`);
	}
	const readings = (drift ?? []).map(({ reading }) => reading);
	if (new Set(readings).size < readings.length) {
		problems.push(`${at}.drift has two standards with one reading`);
	}
	if (channel === "ec25" && readings.some((reading) => reading <= 0)) {
		problems.push(`${at}.drift: readings must be above 0: errors are parts of them`);
	}
	const isTooLow = readings.every((reading) => !isInFractions("turbidity", reading));
	if (channel === "turbidity" && readings.length > 0 && isTooLow) {
		problems.push(`${at}.drift needs a standard read above ${TURBIDITY_ABSOLUTE_MAX}`);
	}
	return problems;
}

function visitProblems({ visits }: RawVisits): string[] {
	return visits.flatMap(({ id, time, checks }, index) => {
		const at = `visits[${index}]`;
		const problems = checks.flatMap((check, checkIndex) => {
			const where = `${at}.checks[${checkIndex}]`;
			const ofPoints = (check.drift ?? []).flatMap((point, index) =>
				pointProblems(check.channel, point, `${where}.drift[${index}]`),
			);
			return ofPoints.length > 0 ? ofPoints : checkProblems(checkOf(check), where);
		});
		const before = visits[index - 1];
		if (before !== undefined && time <= before.time)
			problems.push(`${at}.time is not after the one before`);
		if (visits.findIndex((visit) => visit.id === id) !== index) {
			problems.push(`${at}.id ${id} is there twice`);
		}
		if (new Set(checks.map(({ channel }) => channel)).size < checks.length) {
			problems.push(`${at}.checks has a channel twice`);
		}
		return problems;
	});
}

function decided(raw: RawCorrections, name: QualityChannel): readonly DecidedCorrection[] {
	return inTime(raw.corrections.filter(({ channel }) => channel === name)).map((each) => {
		const span = periodOf(each);
		return {
			id: each.id,
			...span,
			isApplied: each.decision === "apply",
			correction: new Correction(name, span, each),
		};
	});
}

/** Those that meet or overlap as one. */
function joined(ascending: readonly Period[]): Period[] {
	const periods: Period[] = [];
	for (const { fromSeconds, toSeconds } of ascending) {
		const last = periods[periods.length - 1];
		if (last === undefined || fromSeconds > last.toSeconds)
			periods.push({ fromSeconds, toSeconds });
		else if (toSeconds > last.toSeconds) {
			periods[periods.length - 1] = { fromSeconds: last.fromSeconds, toSeconds };
		}
	}
	return periods;
}

/**
 * Of ascending periods that do not overlap the first that has not ended before `seconds`; where the end is not
 * included and `seconds` is it, the caller finds that out.
 */
export function firstNotEnded<Item extends Period>(
	periods: readonly Item[],
	seconds: number,
): Item | undefined {
	let low = 0;
	let high = periods.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((periods[middle]?.toSeconds ?? 0) < seconds) low = middle + 1;
		else high = middle;
	}
	return periods[low];
}

function periodOf({ from, to }: RawPeriod): Period {
	return { fromSeconds: secondsOf(from) ?? 0, toSeconds: secondsOf(to) ?? 0 };
}

/**
 * `npm run bench -- quality [--days N]`: what published values cost beside the verification that goes before them. A
 * station-year of readings every five minutes, four channels, all seven tests, a correction a fortnight of each channel,
 * in signed batches of an hour. `secondsPerStationYear` is the whole table as CSV from decoded entries, both passes;
 * `decodeAndVerifySecondsPerStationYear` decodes the same record and checks signatures and chain, in this run. A week
 * of it is computed on XS, too. The last line is JSON.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isSignedBy, signingKeyOf, stationKeyOf } from "../../src/collector/ledger/keys.js";
import { parseCorrections, parsePolicy } from "../../src/protocol/audit/documents.js";
import {
	csvHeader,
	csvLineOf,
	PublishedValues,
} from "../../src/protocol/audit/published-values.js";
import { ChainVerifier } from "../../src/protocol/audit/verify-chain.js";
import { chainNext, chainStart } from "../../src/protocol/record/chain.js";
import { decodeEntry, encodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { encodeBatch } from "../../src/protocol/wire/batch.js";
import { encodeSign1, toBeSigned } from "../../src/protocol/wire/cose.js";
import { sha256 } from "../support/data/chain-maker.js";
import { CONFIGURATION_BODY } from "../support/data/configuration-body.js";
import { dayOfReadings, READINGS_PER_DAY } from "../support/data/day.js";
import {
	digestOf,
	documentOf,
	type ValuesInput,
	valuesTable,
	valuesTableOnXs,
} from "../support/data/values-table.js";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { findXsWorker, XsEngine } from "../support/engines/xs-engine.js";
import { flattenModules } from "../support/engines/xs-modules.js";
import { PROJECT } from "../support/sources.js";

const STATION = "bor-1";
const EPOCH = 7;
const DAYS = 365;
const WEEK_DAYS = 7;
const BATCH_ENTRIES = 12;
const DAY_SECONDS = 86_400;
/** 2026-03-20T00:00:00Z, the first reading. */
const START_SECONDS = 1_773_964_800;
const VISIT_DAYS = 14;
/** Garbage between collections; a leak of 50 bytes a reading would be 5 MB. */
const HEAP_GROWTH_MEGABYTES_MAX = 2;
const ROUNDS = 3;

export async function run(args: string[]): Promise<boolean> {
	const days = daysOf(args);
	const documents = { policies: [policyText()], corrections: correctionsText(days) };
	const { envelopes, publicKey } = record(days);
	console.log(`${days} days, ${envelopes.length} signed batches, two cores at most`);
	const verifySeconds: number[] = [];
	const qualitySeconds: number[] = [];
	let heapMegabytes: readonly number[] = [];
	let rows = 0;
	// In turn, so that whatever else the machine does meets both.
	for (let round = 0; round < ROUNDS; round++) {
		const { seconds, entries } = decodeAndVerify(envelopes, publicKey);
		verifySeconds.push(seconds);
		const result = publish(entries, documents);
		qualitySeconds.push(result.seconds);
		heapMegabytes = result.heapMegabytes;
		rows = result.rows;
		console.log(
			`round ${round + 1}: verify ${rounded(seconds)} s, quality ${rounded(result.seconds)} s`,
		);
	}
	const years = days / DAYS;
	const [early = 0, late = early] = heapMegabytes;
	const week = entriesOf(WEEK_DAYS);
	const identicalOnXs = await isIdenticalOnXs({
		station: STATION,
		entries: week,
		policies: documents.policies,
		corrections: correctionsText(WEEK_DAYS),
	});
	const result = {
		days,
		readings: rows,
		secondsPerStationYear: rounded(Math.min(...qualitySeconds) / years),
		decodeAndVerifySecondsPerStationYear: rounded(Math.min(...verifySeconds) / years),
		identicalOnXs,
		heapMegabytesAfterTenth: rounded(early),
		heapMegabytesAtEnd: rounded(late),
	};
	console.log(JSON.stringify(result));
	return (
		result.secondsPerStationYear < result.decodeAndVerifySecondsPerStationYear &&
		identicalOnXs &&
		rows === days * READINGS_PER_DAY &&
		late - early <= HEAP_GROWTH_MEGABYTES_MAX
	);
}

/** The default of the Bor, and attenuated signal, which it does not ask for. */
function policyText(): string {
	const policy = JSON.parse(readFileSync(join(PROJECT, "policies/bor.json"), "utf8"));
	const attenuated = {
		ph: [0.003, 0.001],
		temperature: [0.01, 0.005],
		ec25: [0.5, 0.2],
		turbidity: [0.3, 0.1],
	};
	for (const [name, [suspect, fail]] of Object.entries(attenuated)) {
		const channel = policy.channels[name];
		channel.attenuatedSignal = {
			check: "std",
			suspect,
			fail,
			periodSeconds: 3 * 3600,
			validValuesMin: 12,
			reason: "to be measured",
		};
		const flat = {
			suspectSeconds: 10_800,
			failSeconds: 43_200,
			tolerance: 0.05,
			reason: "the same",
		};
		channel.flatLine ??= flat;
		channel.rateOfChange ??= { suspectPerSecond: 1, reason: "the same" };
		channel.climatology ??= {
			members: policy.channels.temperature.climatology.members,
			reason: "the same",
		};
	}
	return JSON.stringify(policy);
}

function correctionsText(days: number): string {
	const corrections: object[] = [];
	const timeOf = (day: number): string =>
		`${new Date((START_SECONDS + day * DAY_SECONDS) * 1000).toISOString().slice(0, 19)}Z`;
	for (const channel of ["ph", "temperature", "ec25", "turbidity"]) {
		for (let day = 0; day < days; day += VISIT_DAYS) {
			corrections.push({
				id: `${channel}-${day}`,
				channel,
				from: timeOf(day),
				to: timeOf(day + VISIT_DAYS),
				decision: "apply",
				reason: "to be measured",
				fouling: { stationFouled: 7.5, stationCleaned: 7.6, fieldFouled: 7.8, fieldCleaned: 7.8 },
				drift: [
					{ standard: 7, reading: 7.1 },
					{ standard: 110, reading: 109 },
				],
			});
		}
	}
	const head = { document: "bistrina-corrections", schema: 1, station: STATION, version: 1 };
	return JSON.stringify({ ...head, operator: "the bench", date: "2026-04-01", corrections });
}

function* canonicalBytesOf(days: number): Generator<Uint8Array> {
	let sequence = 0;
	const head = { channelSet: 0, timeQuality: 2, boot: 3, uptimeSeconds: 7000, configurationId: 1 };
	const opening: Entry[] = [
		{
			...head,
			epoch: EPOCH,
			sequence: ++sequence,
			utcSeconds: START_SECONDS - 200,
			stationFlags: 0,
			...CONFIGURATION_BODY,
		},
		...(["0", "2", "3"] as const).map(
			(channel): Entry => ({
				...head,
				epoch: EPOCH,
				sequence: ++sequence,
				utcSeconds: START_SECONDS - 100,
				stationFlags: 0,
				kind: "calibration",
				calibrationId: 1,
				previousId: 0,
				channel: Number(channel),
				range: 0,
				curve: 1,
				act: 1,
				verdict: 1,
				rule: 1,
				parts: 0,
				points: 0,
				// Turbidity: FNU of the default loop's volts.
				coefficients: channel === "3" ? [-450, 666.6, 0] : [0, 1, 0],
				dueUtcSeconds: 0,
				firstPart: 0,
				exportBefore: new Uint8Array(8),
				exportAfter: new Uint8Array(8),
			}),
		),
	];
	for (const entry of opening) yield encodeEntry(entry);
	for (let day = 0; day < days; day++) {
		for (const draft of dayOfReadings(1, day)) {
			yield encodeEntry({ ...draft, epoch: EPOCH, sequence: ++sequence });
		}
	}
}

function entriesOf(days: number): Entry[] {
	return [...canonicalBytesOf(days)].map(decodeEntry);
}

function record(days: number): {
	readonly envelopes: Uint8Array[];
	readonly publicKey: Uint8Array;
} {
	const { publicKey, sign } = signingKeyOf(new Uint8Array(32).fill(9));
	const previousHead = new Uint8Array(32);
	let head = chainStart(sha256, { station: STATION, epoch: EPOCH, publicKey, previousHead });
	const envelopes: Uint8Array[] = [];
	let first = 1;
	let entries: Uint8Array[] = [];
	const close = (): void => {
		if (entries.length === 0) return;
		const payload = encodeBatch({
			station: STATION,
			epoch: EPOCH,
			first,
			floor: 1,
			previous: head,
			entries,
		});
		envelopes.push(encodeSign1(payload, sign(toBeSigned(payload))));
		for (const canonicalBytes of entries) head = chainNext(sha256, head, canonicalBytes);
		first += entries.length;
		entries = [];
	};
	for (const canonicalBytes of canonicalBytesOf(days)) {
		entries.push(canonicalBytes);
		if (entries.length === BATCH_ENTRIES) close();
	}
	close();
	return { envelopes, publicKey };
}

/** What `bistrina verify` does with the envelopes of a file; the entries decoded, as the table takes them. */
function decodeAndVerify(
	envelopes: readonly Uint8Array[],
	publicKey: Uint8Array,
): { readonly seconds: number; readonly entries: readonly Entry[] } {
	const entries: Entry[] = [];
	const key = stationKeyOf(publicKey);
	const started = performance.now();
	const verifier = new ChainVerifier({
		station: STATION,
		keys: [{ publicKey }],
		sha256,
		isSigned: (_publicKey, signed, signature) => isSignedBy(key, signed, signature),
		onEntry: (_epoch, _sequence, canonicalBytes) => entries.push(decodeEntry(canonicalBytes)),
	});
	for (const [index, envelope] of envelopes.entries()) verifier.add(`batch ${index}`, envelope);
	const { findingCount, batchCount } = verifier.finish();
	const seconds = (performance.now() - started) / 1000;
	if (batchCount !== envelopes.length) throw new Error(`${batchCount} good batches`);
	// The record begins with no epoch entry, which is found once.
	if (findingCount > 1) throw new Error(`${findingCount} findings in a record that is sound`);
	return { seconds, entries };
}

function publish(
	entries: readonly Entry[],
	{ policies, corrections }: { readonly policies: readonly string[]; readonly corrections: string },
): { readonly seconds: number; readonly heapMegabytes: readonly number[]; readonly rows: number } {
	const heapMegabytes: number[] = [];
	let rows = 0;
	let characters = csvHeader().length;
	let collecting = 0;
	const started = performance.now();
	const table = new PublishedValues({
		station: STATION,
		policies: policies.map((text) => documentOf(parsePolicy(text, digestOf(text)))),
		corrections: documentOf(parseCorrections(corrections, digestOf(corrections))),
		onRow: ({ cells }) => {
			characters += csvLineOf(cells).length;
			rows++;
		},
	});
	for (const entry of entries) table.observe(entry);
	for (const [index, entry] of entries.entries()) {
		table.take(entry);
		if (index === Math.floor(entries.length / 10) || index === entries.length - 1) {
			const before = performance.now();
			heapMegabytes.push(heapInUse());
			collecting += performance.now() - before;
		}
	}
	table.end();
	const seconds = (performance.now() - started - collecting) / 1000;
	if (characters < rows * 100) throw new Error(`${characters} characters of ${rows} rows`);
	return { seconds, heapMegabytes, rows };
}

async function isIdenticalOnXs(input: ValuesInput): Promise<boolean> {
	const worker = findXsWorker();
	if ("missing" in worker) {
		console.log(`SKIPPED: XS: ${worker.missing}`);
		return false;
	}
	const folder = mkdtempSync(join(tmpdir(), "bistrina-quality-"));
	const xs = new XsEngine(worker.path);
	try {
		await xs.importModule(flattenModules("test/support/engines/xs-values.js", folder));
		return (await valuesTableOnXs(xs, input)) === valuesTable(input);
	} finally {
		xs.close();
		rmSync(folder, { recursive: true });
	}
}

function heapInUse(): number {
	globalThis.gc?.();
	return process.memoryUsage().heapUsed / 1e6;
}

function rounded(value: number): number {
	return Math.round(value * 1000) / 1000;
}

const USAGE = "usage: npm run bench -- quality [--days 7..3650]";

/** Throws UsageError. */
function daysOf(args: string[]): number {
	let values: { days?: string };
	try {
		({ values } = parseArgs({ args, options: { days: { type: "string" } } }));
	} catch (error) {
		throw new UsageError(`${(error as Error).message}\n${USAGE}`);
	}
	return wholeNumber("--days", values.days ?? String(DAYS), [WEEK_DAYS, 3650], USAGE);
}

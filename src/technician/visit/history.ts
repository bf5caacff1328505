/** `bistrina history`: every calibration, check and cleaning that a record holds, oldest first, and how the probes are by them. */
import { hexOf } from "../../core/bytes.js";
import type { Speaker } from "../../host/messages/visit-texts.js";
import { instant, type OutputFormat, printJson } from "../../host/output.js";
import { printable } from "../../host/printable.js";
import { CalibrationLog, type LoggedCalibration } from "../../protocol/audit/calibration-log.js";
import { type HealthLine, ProbeHealth } from "../../protocol/audit/probe-health.js";
import { VERDICTS } from "../../protocol/calibration/verdict.js";
import { CHANNEL_SETS } from "../../protocol/record/channel-set.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { DerivationContext } from "../../protocol/record/derive.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { CALIBRATION_ACTS, type Entry } from "../../protocol/record/entry-layouts.js";
import { readingOf } from "../../protocol/record/reading.js";
import type { EntrySource } from "../readings.js";
import { calibrationText } from "./report.js";

/** Exit 0, also where there is none. */
export async function showHistory(
	source: EntrySource,
	channel: string | undefined,
	format: OutputFormat,
	speaker: Speaker,
): Promise<number> {
	const log = new CalibrationLog();
	const all: unknown[] = [];
	const health = new ProbeHealth();
	const context = new DerivationContext();
	await source((canonicalBytes) => context.observe(decodeEntry(canonicalBytes)));
	await source((canonicalBytes) => {
		const entry = decodeEntry(canonicalBytes);
		const derived = context.derive(entry);
		if (derived !== undefined) health.read(entry, derived, rawMicrosiemensOf(entry));
		const logged = log.observe(entry);
		if (logged === undefined) return;
		health.observe(logged);
		const line = objectOf(logged);
		if (channel !== undefined && line.channel !== channel) return;
		if (format === "json") all.push(line);
		else if (format === "jsonl") printJson(line);
		else {
			const { text, more } = calibrationText(speaker, logged);
			process.stdout.write([text, ...more.map((each) => `    ${each}`), ""].join("\n"));
		}
	});
	printHealth(health.lines(), format, all, speaker);
	if (format === "json") printJson(all);
	return 0;
}

/** How the probes are, after all that was done to them. */
function printHealth(
	lines: readonly HealthLine[],
	format: OutputFormat,
	all: unknown[],
	speaker: Speaker,
): void {
	for (const line of lines) {
		const shown = {
			health: line.name,
			verdict: line.verdict,
			daysLeft: line.daysLeft,
			arithmetic: line.arithmetic,
		};
		if (format === "json") all.push(shown);
		else if (format === "jsonl") printJson(shown);
		else {
			const verdict = speaker.word("health-", line.verdict);
			const service =
				line.daysLeft === null ? "" : ` ${speaker.text("service-within", { days: line.daysLeft })}`;
			const name = speaker.word("health-", line.name);
			process.stdout.write(
				`${printable(`${name}: ${verdict}.${service} (${speaker.arithmetic(line.arithmetic)})`)}\n`,
			);
		}
	}
}

function rawMicrosiemensOf(entry: Entry): number | undefined {
	const set = CHANNEL_SETS.get(entry.channelSet);
	if (entry.kind !== "reading" || set === undefined) return undefined;
	const { value } = readingOf(set, entry.fields).conductivity;
	return value === undefined ? undefined : value / 100;
}

/** A calibration as data: nothing of it depends on a language. */
export function objectOf({ entry, points, standards, person, circuit, note }: LoggedCalibration) {
	return {
		epoch: entry.epoch,
		sequence: entry.sequence,
		utc: entry.utcSeconds === 0 ? null : instant(entry.utcSeconds),
		channel: CHANNELS[entry.channel]?.name ?? String(entry.channel),
		act: CALIBRATION_ACTS[entry.act] ?? String(entry.act),
		id: entry.calibrationId,
		previous: entry.previousId,
		verdict: VERDICTS[entry.verdict] ?? String(entry.verdict),
		rule: entry.rule,
		coefficients: entry.coefficients,
		due: entry.dueUtcSeconds === 0 ? null : instant(entry.dueUtcSeconds),
		exportBefore: hexOf(entry.exportBefore),
		exportAfter: hexOf(entry.exportAfter),
		person,
		circuit,
		note,
		points: points.map((point, index) => ({ standard: standards[index] ?? null, ...point })),
	};
}

/** `bistrina history`: every calibration, check and cleaning that a record holds, oldest first. */
import { hexOf } from "../../core/bytes.js";
import type { Speaker } from "../../host/messages/visit-texts.js";
import { instant, type OutputFormat, printJson } from "../../host/output.js";
import { CalibrationLog, type LoggedCalibration } from "../../protocol/audit/calibration-log.js";
import { VERDICTS } from "../../protocol/calibration/verdict.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { CALIBRATION_ACTS } from "../../protocol/record/entry-layouts.js";
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
	await source((canonical) => {
		const logged = log.observe(decodeEntry(canonical));
		if (logged === undefined) return;
		const line = objectOf(logged);
		if (channel !== undefined && line.channel !== channel) return;
		if (format === "json") all.push(line);
		else if (format === "jsonl") printJson(line);
		else {
			const { text, more } = calibrationText(speaker, logged);
			process.stdout.write([text, ...more.map((each) => `    ${each}`), ""].join("\n"));
		}
	});
	if (format === "json") printJson(all);
	return 0;
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

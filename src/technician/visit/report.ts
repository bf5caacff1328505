/** The one page that a visit leaves: what was read, calibrated and noted, each with its entry in the record. */

import { hexOf } from "../../core/bytes.js";
import { createSha256 } from "../../core/sha256.js";
import type { Speaker } from "../../host/messages/visit-texts.js";
import { instant } from "../../host/output.js";
import { CalibrationLog, type LoggedCalibration } from "../../protocol/audit/calibration-log.js";
import { DOUBT_GRADES, VERDICTS } from "../../protocol/calibration/verdict.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { CALIBRATION_ACTS } from "../../protocol/record/entry-layouts.js";
import { doubtTexts, numbersOf } from "./calibrate.js";

/** Digits of an entry's SHA-256 that the page bears: 64 bits. */
export const PROOF_DIGITS = 16;
const READING_DECIMALS: Readonly<Record<string, number>> = Object.freeze({
	pH: 2,
	temperature: 1,
	conductivity: 0,
	turbidity: 1,
	battery: 1,
	dissolvedOxygen: 1,
});

/** A reading of the visit, as the station derived it. */
export interface VisitReading {
	readonly sequence: number;
	readonly step: string;
	readonly values: readonly ChannelValue[];
}

export interface ChannelValue {
	readonly channel: string;
	readonly value: number | null;
	readonly unit: string | null;
}

export interface ReportOptions {
	readonly station: string;
	readonly person: string;
	readonly beganUtcSeconds: number;
	readonly speaker: Speaker;
	readonly readings: readonly VisitReading[];
	/** Sequence with which the visit began; what comes before it only names persons and bottles. */
	readonly first: number;
	/** Canonical bytes of what the station recorded, ascending. */
	readonly entries: readonly Uint8Array[];
}

interface ReportLine {
	readonly text: string;
	readonly sequence: number;
	readonly proof: string;
	/** Lines that belong to it. */
	readonly more: readonly string[];
}

export interface Report {
	readonly text: string;
	readonly html: string;
}

export function reportOf(options: ReportOptions): Report {
	const { speaker, station, person, beganUtcSeconds } = options;
	const { readings, calibrations } = linesOf(options);
	const title = speaker.text("report-title", { station, time: timeText(beganUtcSeconds) });
	const who = speaker.text("report-who", { person });
	const sections: readonly (readonly [string, readonly ReportLine[]])[] = [
		[speaker.text("report-readings"), readings],
		[speaker.text("report-calibrations"), calibrations],
	];
	const signature = speaker.text("report-signature");
	const proof = speaker.text("report-proof");
	const text = [
		title,
		who,
		...sections.flatMap(([head, lines]) => [
			"",
			head,
			...lines.flatMap((line) => [
				`  ${line.text}`,
				...line.more.map((each) => `      ${each}`),
				`      #${line.sequence}  ${line.proof}`,
			]),
		]),
		"",
		proof,
		"",
		signature,
		"",
	].join("\n");
	return { text, html: htmlOf(speaker, title, who, sections, proof, signature) };
}

function linesOf({ entries, first, readings, speaker }: ReportOptions): {
	readonly readings: readonly ReportLine[];
	readonly calibrations: readonly ReportLine[];
} {
	const log = new CalibrationLog();
	const steps = new Map(readings.map((reading) => [reading.sequence, reading]));
	const decoded = entries.map((canonicalBytes) => ({
		canonicalBytes,
		entry: decodeEntry(canonicalBytes),
	}));
	const [shownReadings, calibrations]: [ReportLine[], ReportLine[]] = [[], []];
	for (const { canonicalBytes, entry } of decoded) {
		const proof = proofOf(canonicalBytes);
		const { sequence } = entry;
		const logged = log.observe(entry);
		if (sequence < first) continue;
		if (logged !== undefined) {
			calibrations.push({ ...calibrationText(speaker, logged), sequence, proof });
		}
		const reading = steps.get(sequence);
		if (reading === undefined) continue;
		const step = speaker.word("step-", reading.step).split(":")[0];
		const text = `${timeText(entry.utcSeconds)}  ${step}: ${valuesText(speaker, reading.values)}`;
		shownReadings.push({ text, more: [], sequence, proof });
	}
	return { readings: shownReadings, calibrations };
}

/** What a reading says, for people. */
export function valuesText(speaker: Speaker, values: readonly ChannelValue[]): string {
	return values
		.flatMap(({ channel, value, unit }) => {
			if (value === null) return [];
			const text = speaker.number(value, READING_DECIMALS[channel] ?? 2);
			const name = speaker.name(channel);
			return [unit === "pH" ? `pH ${text}` : `${name} ${text} ${speaker.name(unit ?? "")}`.trim()];
		})
		.join(", ");
}

/** A calibration in a line, and its bottles below. */
export function calibrationText(
	speaker: Speaker,
	{ entry, points, standards, person, note }: LoggedCalibration,
): Pick<ReportLine, "text" | "more"> {
	const channel = CHANNELS[entry.channel]?.name ?? String(entry.channel);
	const act = CALIBRATION_ACTS[entry.act] ?? String(entry.act);
	const isJudged = entry.verdict > 0;
	const verdict = isJudged ? `: ${speaker.word("", VERDICTS[entry.verdict] ?? "")}` : "";
	const numbers =
		act === "calibration" || act === "undo"
			? ` ${numbersOf(speaker, channel, entry.coefficients)}`
			: "";
	const by = person === "" ? "" : ` (${person})`;
	const bottles = points.map((point, index) =>
		speaker.text("bottle-line", {
			standard: (standards[index] ?? "").split("|").join(" "),
			nominal: speaker.number(point.nominalAtTemperature, 2),
			reading: speaker.number(point.reading, 2),
			celsius: speaker.number(point.celsius, 1),
			seconds: point.secondsToSettle,
		}),
	);
	return {
		text: `${timeText(entry.utcSeconds)}  ${speaker.name(channel)}, ${speaker.word("act-", act)} ${entry.calibrationId}${verdict}.${numbers}${by}`,
		more: [...bottles, ...(note === "" ? [] : [noteText(speaker, note)])],
	};
}

export function timeText(utcSeconds: number): string {
	return utcSeconds === 0 ? "-" : `${instant(utcSeconds).slice(0, 16).replace("T", " ")} UTC`;
}

function htmlOf(
	speaker: Speaker,
	title: string,
	who: string,
	sections: readonly (readonly [string, readonly ReportLine[]])[],
	proof: string,
	signature: string,
): string {
	const rows = (lines: readonly ReportLine[]): string =>
		lines
			.map(
				({ text, more, sequence, proof: digits }) =>
					`<tr><td>${escaped(text)}${more.map((each) => `<br><small>${escaped(each)}</small>`).join("")}</td>` +
					`<td class="entry">#${sequence}<br><code>${digits}</code></td></tr>`,
			)
			.join("\n");
	return `<!doctype html>
<html lang="${speaker.language}">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>
@page { size: A4; margin: 15mm }
body { font: 10pt/1.35 sans-serif; max-width: 180mm; margin: 4mm auto }
h1 { font-size: 14pt; margin: 0 } h2 { font-size: 11pt; margin: 4mm 0 1mm }
table { width: 100%; border-collapse: collapse } td { border-top: 1px solid #bbb; padding: 1mm 0; vertical-align: top }
tr { break-inside: avoid } .entry { text-align: right; white-space: nowrap } small { color: #444 } footer { margin-top: 6mm }
</style>
<h1>${escaped(title)}</h1>
<p>${escaped(who)}</p>
${sections.map(([head, lines]) => `<h2>${escaped(head)}</h2>\n<table>\n${rows(lines)}\n</table>`).join("\n")}
<footer><p>${escaped(proof)}</p><p>${escaped(signature)}</p></footer>
</html>
`;
}

/** Doubts come first, by their names; what was typed stays as it is. */
function noteText(speaker: Speaker, note: string): string {
	const [first = "", ...rest] = note.split("; ");
	const doubts = first.split(",");
	const isDoubts = doubts.every((doubt) => Object.hasOwn(DOUBT_GRADES, doubt));
	return isDoubts ? [...doubtTexts(speaker, doubts), ...rest].join("; ") : note;
}

/** The first digits of an entry's SHA-256. */
export function proofOf(canonicalBytes: Uint8Array): string {
	return hexOf(createSha256()(canonicalBytes)).slice(0, PROOF_DIGITS);
}

export function escaped(text: string): string {
	return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

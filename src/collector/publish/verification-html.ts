/** What verification says, in words that a citizen understands, with the proof one click away. */
import type { PublishedStation } from "./library.js";
import { escapeMarkup } from "./markup.js";
import { type Language, textOf } from "./texts.js";

export function verificationHtml(
	language: Language,
	found: PublishedStation,
	hasSamples: boolean,
): string {
	const { station, summary, files, documents } = found;
	const sentence = (
		key: string,
		values: Readonly<Record<string, string | number>> = {},
	): string => {
		let text = textOf(language, key);
		for (const [name, value] of Object.entries(values))
			text = text.replace(`{${name}}`, String(value));
		return escapeMarkup(text);
	};
	const { completeTo, missing, lost, head, headSequence, evidence } = summary.verification;
	const lines = [
		sentence("complete", { to: completeTo }),
		...(missing > 0 ? [sentence("incomplete", { count: missing })] : []),
		...(lost > 0 ? [sentence("lost-count", { count: lost })] : []),
		...(head === ""
			? []
			: [
					`${sentence("head-signed", { sequence: headSequence, head: "" })}<code>${head.slice(0, 16)}</code>`,
				]),
		...(evidence.length === 0
			? [sentence("no-evidence")]
			: evidence.map(({ reason, count }) => sentence("evidence", { reason, count }))),
	];
	const base = `/v1/stations/${station}`;
	const proofs = [
		[`${base}/record.cbor`, "signed-record"],
		[`${base}/heads`, "heads"],
		[`${base}/gaps`, "gaps"],
	];
	const data = [
		[`/report/${station}?lang=${language}`, textOf(language, "report-title")],
		...(hasSamples
			? [[`/samples/station/${station}?lang=${language}`, textOf(language, "samples")]]
			: []),
		[`${base}/values.csv`, "CSV"],
		[`${base}/values.jsonl`, "JSON lines"],
		[`${base}/senml.json`, "SenML"],
		[`${base}/feed.atom?lang=${language}`, "Atom"],
		[`${base}/marks`, textOf(language, "marks")],
	];
	const link = ([href, text]: readonly (string | undefined)[]): string =>
		`<li><a href="${href}">${escapeMarkup(text ?? "")}</a></li>`;
	const policy = documents.policies.at(-1);
	const isWell = missing === 0 && evidence.length === 0;
	return [
		`<section class="verification" aria-labelledby="trust"><h2 id="trust">${sentence("verification")}</h2>`,
		`<ul class="verdict ${isWell ? "well" : "doubt"}">${lines.map((line) => `<li>${line}</li>`).join("")}</ul>`,
		`<p>${sentence("how-to-verify").replaceAll(/`([^`]+)`/g, "<code>$1</code>")}</p>`,
		`<ul class="links">${proofs.map(([href, key]) => link([href, textOf(language, key ?? "")])).join("")}`,
		...files.map(({ digest, kind }) =>
			link([`${base}/documents/${digest}`, `${kind} ${digest.slice(0, 12)}`]),
		),
		"</ul>",
		policy === undefined ? "" : `<p class="note">${escapeMarkup(policy.name)}</p>`,
		`<h2>${sentence("data")}</h2><ul class="links">${data.map(link).join("")}</ul></section>`,
	].join("");
}

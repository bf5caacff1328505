/** What a collector says and keeps afterwards, held against the model: its metrics and log, its tables, and `verify`. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { equalBytes, hexOf } from "../../../src/core/bytes.js";
import { REFUSAL_CODES } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { sha256 } from "../collectors/signed-station.js";
import type { RepeatModel } from "../judges/repeat-model.js";
import type { Ask, TrialDatabase } from "./repeat-collector.js";

const BISTRINA = fileURLToPath(new URL("../../../src/technician/main.js", import.meta.url));

type OnFault = (what: string) => void;

interface Printed {
	readonly isSound: boolean;
	readonly counts: { readonly chained: number; readonly signed: number; readonly missing: number };
	readonly findings: unknown[];
	readonly findingCount: number;
}

/** What was sent and answered in one life of the process. */
export interface PowerCycleCounts {
	newEntries: number;
	stored: number;
	readonly heardAt: Map<string, number>;
	readonly replies: Record<string, number>;
	readonly refusals: Record<number, number>;
}

export function newPowerCycleCounts(): PowerCycleCounts {
	return { newEntries: 0, stored: 0, heardAt: new Map(), replies: {}, refusals: {} };
}

/** What is signed in an envelope. */
export function contentOf(envelope: Uint8Array): string {
	return hexOf(sha256(decodeSign1(envelope).toBeSigned));
}

/** What a life of the process says of itself. */
export function checkPowerCycle(
	output: { readonly metrics: string; readonly log: string },
	powerCycle: PowerCycleCounts,
	stations: readonly string[],
	fault: OnFault,
): void {
	const text = output.metrics;
	const of = (name: string): number => {
		let sum = 0;
		for (const line of text.split("\n")) {
			if (line.startsWith(name) && !line.startsWith("#")) sum += Number(line.split(" ").at(-1));
		}
		return sum;
	};
	for (const name of stations) {
		const at = of(`bistrina_station_last_contact_timestamp_seconds{station="${name}"}`);
		const heardAt = powerCycle.heardAt.get(name) ?? 0;
		if (Math.abs(at - heardAt) > 5) fault(`metrics: ${name} was heard at ${at}, not ${heardAt}`);
	}
	const expect = (name: string, value: number): void => {
		if (of(name) !== value) fault(`metrics: ${name} is ${of(name)}, not ${value}`);
	};
	expect("bistrina_entries_stored_total", powerCycle.newEntries);
	expect('bistrina_batches_total{result="refused"}', powerCycle.replies["refused"] ?? 0);
	expect('bistrina_batches_total{result="failed"}', powerCycle.replies["failed"] ?? 0);
	expect('bistrina_batches_total{result="unreadable"}', powerCycle.replies["unreadable"] ?? 0);
	const taken =
		of('bistrina_batches_total{result="stored"}') + of('bistrina_batches_total{result="known"}');
	if (taken !== (powerCycle.replies["acknowledged"] ?? 0)) {
		fault(`metrics: ${taken} acknowledged, not ${powerCycle.replies["acknowledged"]}`);
	}
	if (of('bistrina_batches_total{result="stored"}') < powerCycle.stored)
		fault("metrics: too few stored");
	for (const [reason, code] of Object.entries(REFUSAL_CODES)) {
		expect(`bistrina_refusals_total{reason="${reason}"}`, powerCycle.refusals[code] ?? 0);
		const { log } = output;
		// Five lines of a station and ten of strangers a minute: then it says whose were left out, a minute later.
		const isCrowded = log.split('"event":"refused"').length > 5;
		if (
			(powerCycle.refusals[code] ?? 0) > 0 &&
			!isCrowded &&
			!log.includes(`"reason":"${reason}"`)
		) {
			fault(`log: nothing of ${reason}`);
		}
	}
}

/** The tables against the model; `forks` by their content. */
export async function checkDatabase(
	database: TrialDatabase,
	model: RepeatModel,
	forks: ReadonlyMap<string, string>,
	fault: OnFault,
): Promise<void> {
	await database.ask(async (ask: Ask) => {
		const rows = await ask("SELECT station, epoch, sequence, canonical FROM public.entries");
		let count = 0;
		const batches = await ask(
			"SELECT station, epoch, count(*) AS count FROM public.batches GROUP BY 1, 2",
		);
		const batchesOf = new Map(
			batches.map((row) => [`${row["station"]}/${row["epoch"]}`, Number(row["count"])]),
		);
		for (const { station, epoch } of model.epochsHeld) {
			const entries = model.entriesOf(station, epoch);
			count += entries.size;
			const stored = batchesOf.get(`${station}/${epoch}`) ?? 0;
			const cuts = model.cutsOf(station, epoch);
			if (stored !== cuts) fault(`${station}/${epoch}: ${stored} batches stored, not ${cuts}`);
		}
		const kept = new Set<string>();
		for (const row of await ask("SELECT reason, envelope FROM public.evidence")) {
			if (/fork|conflict/.test(String(row["reason"])))
				kept.add(contentOf(row["envelope"] as Uint8Array));
		}
		for (const [content, what] of forks) if (!kept.has(content)) fault(`no evidence of ${what}`);
		if (kept.size > forks.size) fault(`evidence of ${kept.size} forks, not ${forks.size}`);
		if (rows.length !== count) fault(`${rows.length} entries stored, not ${count}`);
		for (const row of rows) {
			const position = [row["station"], row["epoch"], row["sequence"]].join("/");
			const entry = model
				.entriesOf(String(row["station"]), Number(row["epoch"]))
				.get(Number(row["sequence"]));
			if (entry === undefined) fault(`${position} was never acknowledged, and is stored`);
			else if (!equalBytes(entry, row["canonical"] as Uint8Array))
				fault(`${position} is stored with other contents`);
		}
	});
}

/** What `bistrina verify` says of a station; `recordOptions` say where the record is. */
export function checkVerify(
	station: string,
	owed: ReturnType<RepeatModel["verdictOn"]>,
	recordOptions: readonly string[],
	{ fault, note }: { readonly fault: OnFault; readonly note: OnFault },
): void {
	const command = [
		"verify",
		"--station",
		station,
		"--key",
		"enrolled",
		"--format",
		"json",
		...recordOptions,
	];
	const run = spawnSync(process.execPath, [BISTRINA, ...command], { encoding: "utf8" });
	note(`verify ${station}: ${run.status} ${run.stdout} ${run.stderr}`);
	const shown = `verify ${station}: ${run.stdout.slice(0, 300)} ${run.stderr.slice(0, 300)}`;
	try {
		const printed = JSON.parse(run.stdout) as Printed;
		const entries = printed.counts.chained + printed.counts.signed;
		if (printed.isSound !== owed.isSound)
			fault(`sound is ${owed.isSound}: ${shown} ${JSON.stringify(printed.findings)}`);
		if (entries !== owed.entries) fault(`${owed.entries} entries: ${shown}`);
		if (printed.counts.missing !== owed.missing) fault(`${owed.missing} missing: ${shown}`);
		if (printed.findingCount > 0 !== owed.findings.length > 0)
			fault(`findings ${owed.findings.join()}: ${JSON.stringify(printed.findings)}`);
		if ((run.status === 0) !== printed.isSound) fault(`exit ${run.status}: ${shown}`);
	} catch {
		fault(shown);
	}
}

/** `bistrina replace`: a board in place of a dead one, from the port to the collector. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { UsageError } from "../../host/errors.js";
import { notice } from "../../host/messages/notice.js";
import { printJson, printPairs } from "../../host/output.js";
import type { PredecessorDelivery } from "../replace.js";
import { openBoardPort } from "./board.js";
import { type EnrolTarget, enrolRows, knownAt, requireOneTarget } from "./enrolment.js";
import { type CommonOptions, FIRST_ID_MAX, notifierOf } from "./options.js";

export interface ReplaceCommandOptions extends EnrolTarget {
	readonly bundle: string;
	readonly results: string;
	readonly by: string;
	readonly why: string;
	readonly predecessor?: string;
	readonly labels?: string;
	readonly flashBaud: number;
}

/** Exit 1 when its self-test failed. */
export async function replace(
	program: Command,
	file: string,
	options: ReplaceCommandOptions,
): Promise<number> {
	const { withLockOf } = await import("../../host/process-lock.js");
	return withLockOf(options.results, () => replaceAlone(program, file, options));
}

async function replaceAlone(
	program: Command,
	file: string,
	options: ReplaceCommandOptions,
): Promise<number> {
	const { port: name, baud, format = "text" } = program.opts<CommonOptions>();
	if (name === undefined)
		program.error("error: --port says which board; bistrina ports lists them");
	requireOneTarget(options);
	const { by, why, results, labels } = options;
	const { decisionOf } = await import("../../collector/service/enrolment.js");
	// What would be refused in the end is refused before a board is touched.
	decisionOf(by, why, 1);
	const { notify, language } = await notifierOf(program);
	const { appendRow } = await import("../../host/station-result.js");
	const { readBundle } = await import("../flash/bundle.js");
	const { readProvisionFile } = await import("../provision-file.js");
	const { askSecretly } = await import("../provision-commands.js");
	const { replaceBoard } = await import("../replace.js");
	const bundle = await readBundle(options.bundle);
	const fields = await readProvisionFile(file, { ask: askSecretly, environment: process.env });
	const station = fields.get("station");
	if (station === undefined) throw new UsageError(notice("no-station", { file }));
	const known = await knownAt(options, station, notify);
	const delivered = deliveredOf(options, known.delivered);
	const port = await openBoardPort(name ?? "", baud);
	try {
		const row = await replaceBoard({
			station,
			fields,
			bundle,
			baud: options.flashBaud,
			port,
			by,
			why,
			results,
			append: (each) => appendRow(results, each),
			keys: known.keys,
			delivered,
			enrol: async (each) => {
				await enrolRows(options, [each], { by, why }, notify);
			},
			firstId: () => randomInt(1, FIRST_ID_MAX),
			now: () => new Date(),
			notify,
		});
		if (labels !== undefined) {
			const { writeLabel } = await import("../batch-commands.js");
			await writeLabel(labels, row);
		}
		const { proof: _proof, nonce: _nonce, predecessor, ...shown } = row;
		const from = predecessor === null ? "none" : `${predecessor.epoch}/${predecessor.sequence}`;
		const { messagesIn } = await import("../../host/messages/messages.js");
		const naming = messagesIn(language).name;
		if (format === "text") printPairs({ ...shown, predecessor: from }, naming);
		else printJson(row);
		return row.verdict === "good" ? 0 : 1;
	} finally {
		await port.close();
	}
}

/** As somebody said it, else as the database knows it. Throws UsageError. */
function deliveredOf(
	{ predecessor, stations }: ReplaceCommandOptions,
	known: PredecessorDelivery | undefined,
): PredecessorDelivery | null {
	if (predecessor === undefined) {
		if (stations !== undefined) throw new UsageError(notice("replace-ask-predecessor"));
		return known ?? null;
	}
	if (predecessor === "none") return null;
	const [, epoch, sequence, head] =
		/^(\d{1,10}),(\d{1,10}),([0-9a-f]{64})$/.exec(predecessor) ?? [];
	if (head === undefined) throw new UsageError(notice("replace-ask-predecessor"));
	return { epoch: Number(epoch), sequence: Number(sequence), head };
}

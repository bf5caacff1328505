/** Commands of a visit: calibrate, visit, history. */
import { type Command, Option } from "commander";
import { bytesOfHex } from "../../core/bytes.js";
import { UsageError } from "../../host/errors.js";
import { wholeNumber } from "../../host/whole-number.js";
import type { CalibratedChannel } from "../visit/calibrate.js";
import { withStation } from "./line.js";
import {
	type CommonOptions,
	type Done,
	print,
	type RecordOptions,
	recordOptions,
	terminalOf,
} from "./options.js";
import { requireOneSource, withEntries } from "./sources.js";

const DUE_DAYS_MAX = 3660;
const DUE_DAYS = 30;
/** Compressed, of P-256. */
const PUBLIC_KEY_BYTES = 33;

interface GuideOptions {
	readonly by?: string;
	readonly reason?: string;
	readonly due: number;
}

/** Adds them to the program. */
export function addVisitCommands(program: Command, done: Done): void {
	addCalibrate(program, done);
	addVisit(program, done);
	addHistory(program, done);
	addSignatures(program, done);
}

function addSignatures(program: Command, done: Done): void {
	const signatures = program
		.command("signatures <page>")
		.description(
			"check a visit's HTML page by the signatures in it; with a record, put those of its entries in first",
		)
		.requiredOption("--station <id>", "whose visit")
		.requiredOption("--key <hex>", "the station's public key, 66 digits")
		.option("--record <file>", "a file that record wrote")
		.option("--data <directory>", "a collector's embedded database")
		.option("--postgres <url>", "a collector's database");
	signatures.action(
		async (
			path: string,
			options: RecordOptions & { readonly key: string; readonly record?: string },
		) => {
			const { putSignatures, checkPage } = await import("../visit/signatures.js");
			const { envelopesOf } = await import("./sources.js");
			const { station = "", key, record, data, postgres } = options;
			const publicKey = bytesOfHex(key);
			if (publicKey?.length !== PUBLIC_KEY_BYTES) {
				throw new UsageError(`--key: use the ${2 * PUBLIC_KEY_BYTES} digits of a public key`);
			}
			if ([record, data, postgres].some((each) => each !== undefined)) {
				requireOneSource(signatures, options, record);
				const count = putSignatures(path, await envelopesOf(record, options));
				print(`${path}: ${count} signed batches are in it`);
			}
			const { isSignedBy, stationKeyOf } = await import("../../collector/ledger/keys.js");
			const stationKey = stationKeyOf(publicKey);
			const isSigned = (signed: Uint8Array, signature: Uint8Array): boolean =>
				isSignedBy(stationKey, signed, signature);
			done(checkPage({ path, station, isSigned, print }));
		},
	);
}

function addCalibrate(program: Command, done: Done): void {
	guided(
		program
			.command("calibrate <channel>")
			.description(
				"calibrate pH, conductivity, temperature, turbidity or dissolvedOxygen, guided from bottle to bottle (docs/VISIT.md)",
			)
			.option(
				"--standards <list>",
				"bottles in their order: NAME or NAME:LOT:EXPIRY, commas between",
			)
			.addOption(
				new Option("--act <act>", "a check changes nothing")
					.choices(["calibration", "as-found", "as-left"])
					.default("calibration"),
			),
	).action(
		async (
			channel: string,
			options: GuideOptions & { readonly standards?: string; readonly act: string },
		) => {
			const { calibrate, bottlesOf, CALIBRATED_CHANNELS } = await import("../visit/calibrate.js");
			const known = CALIBRATED_CHANNELS.find(
				(name) => name.toLowerCase() === channel.toLowerCase(),
			);
			if (known === undefined) {
				throw new UsageError(`${channel}: calibrate ${CALIBRATED_CHANNELS.join(", ")}`);
			}
			const bottles = bottlesOf(known, options.standards);
			await withGuide(program, done, (guide) =>
				calibrate(guide, {
					channel: known,
					act: options.act,
					by: options.by ?? "",
					bottles,
					reason: options.reason ?? "",
					dueDays: options.due,
				}),
			);
		},
	);
}

function addVisit(program: Command, done: Done): void {
	guided(
		program
			.command("visit")
			.description(
				"the checklist of a visit; left with q, the same command continues; ends with a report",
			)
			.option(
				"--file <file>",
				"keeps the visit while it lasts; the report stands beside it",
				"visit.json",
			)
			.option("--ph-standards <list>", "as --standards of calibrate")
			.option("--conductivity-standards <list>", "as --standards of calibrate")
			.option("--note <text>", "for the record"),
	).action(
		async (
			options: GuideOptions & {
				readonly file: string;
				readonly phStandards?: string;
				readonly conductivityStandards?: string;
				readonly note?: string;
			},
		) => {
			const { visit } = await import("../visit/visit.js");
			const standards: Partial<Record<CalibratedChannel, string>> = {};
			if (options.phStandards !== undefined) standards.pH = options.phStandards;
			if (options.conductivityStandards !== undefined) {
				standards.conductivity = options.conductivityStandards;
			}
			await withGuide(program, done, (guide) =>
				visit(guide, {
					by: options.by,
					file: options.file,
					standards,
					reason: options.reason ?? "",
					note: options.note,
					dueDays: options.due,
				}),
			);
		},
	);
}

function addHistory(program: Command, done: Done): void {
	const history = recordOptions(
		program
			.command("history [file]")
			.description("calibrations, checks and cleanings of a record or a collector's database")
			.option("--channel <name>", "of one channel only"),
	);
	history.action(
		async (file: string | undefined, options: RecordOptions & { readonly channel?: string }) => {
			requireOneSource(history, options, file);
			const { format = "text" } = program.opts<CommonOptions>();
			const { showHistory } = await import("../visit/history.js");
			const { Speaker } = await import("../../host/messages/visit-texts.js");
			const { messages } = await terminalOf(program);
			const speaker = new Speaker(messages);
			done(
				await withEntries(file, options, (source) =>
					showHistory(source, options.channel, format, speaker),
				),
			);
		},
	);
}

function guided(command: Command): Command {
	return command
		.option("--by <name>", "who calibrates")
		.option("--reason <text>", "takes what the rule would reject; stays in the record")
		.option("--due <days>", "until the next calibration", wholeNumber(0, DUE_DAYS_MAX), DUE_DAYS);
}

async function withGuide(
	program: Command,
	done: Done,
	run: (guide: import("../visit/calibrate.js").Guide) => Promise<number>,
): Promise<void> {
	const [{ Person }, { Speaker }] = await Promise.all([
		import("../visit/person.js"),
		import("../../host/messages/visit-texts.js"),
	]);
	done(
		await withStation(program, async (session) => {
			const isJson = session.format !== "text";
			const write = (text: string): void => {
				process.stdout.write(text);
			};
			const isLive = !isJson && process.stdout.isTTY === true;
			const person = new Person(process.stdin, isLive, write);
			const speaker = new Speaker(session.messages);
			try {
				return await run({ session, person, speaker, isJson, putProbes: session.putProbes });
			} finally {
				person.close();
			}
		}),
	);
}

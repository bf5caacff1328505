/** Commands that make a station of a board: provision, identity, enrol, batch. */
import type { Command } from "commander";
import type { Session } from "../line-commands.js";
import { rateOption } from "./board.js";
import type { EnrolTarget } from "./enrolment.js";
import { withStation } from "./line.js";
import { type Done, notifierOf } from "./options.js";

import type { ReplaceCommandOptions } from "./replace.js";

const provisionCommands = () => import("../provision-commands.js");

/** Adds them to the program. */
export function addProvisionCommands(program: Command, done: Done): void {
	program
		.command("provision <file>")
		.description("tell a board who it is, from one reviewed file; secrets are never shown again")
		.option("--dry-run", "show what would be kept, and all that is wrong, and keep nothing")
		.option("--result <file>", "add a line of JSON by which `enrol` knows the station")
		.action(async (file: string, options: { dryRun?: boolean; result?: string }) => {
			const { dryRun: isDry = false, result } = options;
			const { provisionFrom, fieldsOfFile } = await provisionCommands();
			const fields = await fieldsOfFile(file);
			const run = (session: Session): Promise<number> =>
				provisionFrom(session, fields, { isDry, result });
			done(await withStation(program, run));
		});
	program
		.command("identity")
		.description("who a station is: its public key, and its signature over a question of ours")
		.option("--result <file>", "add a line of JSON by which `enrol` knows the station")
		.action(async ({ result }: { result?: string }) => {
			const run = async (session: Session): Promise<number> =>
				(await provisionCommands()).showIdentity(session, result);
			done(await withStation(program, run));
		});
	rateOption(
		program
			.command("replace <file>")
			.description(
				"put a board in place of a dead one, under its station id: flash, provision, enrol its key, name what the other delivered",
			)
			.requiredOption("--bundle <bundle>", "its firmware")
			.requiredOption("--results <file>", "what was done; the same command continues after it")
			.requiredOption("--by <person>", "who decided it")
			.requiredOption("--why <reason>", "and why")
			.option("--stations <file>", "the list that the collector reads (--stations)")
			.option("--data <directory>", "a collector's embedded database, also while it runs")
			.option("--postgres <url>", "a collector's database; the password goes into PGPASSWORD")
			.option(
				"--predecessor <end>",
				"EPOCH,SEQUENCE,HEAD of what the dead board delivered, or none; a database knows it",
			)
			.option("--labels <folder>", "a label for it, as SVG, PNG and text"),
	).action(async (file: string, options: ReplaceCommandOptions) => {
		const { replace } = await import("./replace.js");
		done(await replace(program, file, options));
	});
	program
		.command("enrol <result>")
		.description("add the stations of a result file to a collector, each by its own proof")
		.option("--stations <file>", "the list that the collector reads (--stations)")
		.option("--data <directory>", "a collector's embedded database, also while it runs")
		.option("--postgres <url>", "a collector's database; the password goes into PGPASSWORD")
		.option("--by <person>", "who decided it: where a station gets a key in place of another")
		.option("--why <reason>", "and why")
		.action(async (result: string, options: EnrolTarget & { by?: string; why?: string }) => {
			const { enrol } = await import("./enrolment.js");
			done(await enrol({ ...options, result, ...(await notifierOf(program)) }));
		});
}

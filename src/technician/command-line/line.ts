/** Commands that speak with a station: a row of the line's table each, and the export of its journal. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { onStderr } from "../../host/colours.js";
import { wholeNumber } from "../../host/whole-number.js";
import { COMMANDS, type CommandName, type CommandRow } from "../../protocol/line/commands.js";
import type { Line } from "../line.js";
import type { Given, Session } from "../line-commands.js";
import { type CommonOptions, type Done, FIRST_ID_MAX, print, terminalOf } from "./options.js";
import {
	isSimulatedBoard,
	isSimulatedStation,
	openSimulatedBoard,
	openSimulatedStation,
} from "./simulated.js";

const lineCommands = () => import("../line-commands.js");
/** Those that the program asks for itself, or a person types; all others are its commands. */
const NOT_OFFERED: readonly CommandName[] = [
	...(["help", "version", "journal", "stop"] as const),
	// A visit's, each a step of what a person is guided through.
	...(["calibrate", "settle", "point", "commit", "cancel", "log"] as const),
	// Provisioning from a file, and identity.
	...(["provision-begin", "provision-set", "provision-show", "provision-commit"] as const),
	...(["provision-drop", "identity"] as const),
];

/** Adds them to the program. */
export function addLineCommands(program: Command, done: Done): void {
	for (const [name, row] of Object.entries<CommandRow>(COMMANDS)) {
		if ((NOT_OFFERED as readonly string[]).includes(name)) continue;
		const { about, takes = {} } = row;
		const command = program.command(name).description(about);
		for (const [argument, limits] of Object.entries(takes)) {
			if (limits === "word") {
				command.option(`--${argument} <word>`);
				continue;
			}
			const [low, high, start] = limits;
			command.option(`--${argument} <n>`, `${low} to ${high}`, wholeNumber(low, high), start);
		}
		command.action(async () => {
			const run = async (session: Session): Promise<number> =>
				(await lineCommands()).runCommand(session, name as CommandName, command.opts<Given>());
			done(await withStation(program, run));
		});
	}
	const [low, high] = COMMANDS.journal.takes.first;
	program
		.command("export <file>")
		.description("fetch the journal into a file; the same command again continues where it stopped")
		.option(
			"--first <sequence>",
			"first sequence to fetch into a new file",
			wholeNumber(low, high),
			low,
		)
		.action(async (file: string, { first }: { readonly first: number }) => {
			const run = async (session: Session): Promise<number> =>
				(await lineCommands()).exportTo(session, file, first);
			done(await withStation(program, run));
		});
}

/** Opens the line that `--port` names, greets the station, and closes the line after `run`. */
export async function withStation(
	program: Command,
	run: (session: Session) => Promise<number>,
): Promise<number> {
	const options = program.opts<CommonOptions>();
	const { port, timeout } = options;
	const format = options.format ?? "text";
	if (port === undefined) program.error("error: --port says which station");
	if (format === "csv") program.error("error: csv is for journal; use text, json or jsonl");
	const line = await openLine(port ?? "", options.baud);
	const { ConsoleClient } = await import("../client.js");
	const client = new ConsoleClient(
		line,
		randomInt(1, FIRST_ID_MAX),
		(text) => print(`# ${text}`, onStderr.dim),
		timeout === undefined ? undefined : timeout * 1000,
	);
	try {
		const greeting = await client.greet();
		return await run({
			client,
			greeting,
			format,
			...(await terminalOf(program)),
			putProbes: line.putProbes,
		});
	} finally {
		await client.close();
	}
}

async function openLine(port: string, baud: number): Promise<Line> {
	if (isSimulatedStation(port)) return openSimulatedStation(port);
	if (isSimulatedBoard(port)) {
		const { lineOf } = await import("../controlled-port.js");
		return lineOf(await openSimulatedBoard(port));
	}
	const { openPort } = await import("../ports.js");
	return openPort(port, baud);
}

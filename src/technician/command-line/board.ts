/** Commands below the station: ports, flash, erase. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { wholeNumber } from "../../host/whole-number.js";
import type { ControlledPort } from "../controlled-port.js";
import type { BoardCommand } from "../flash-commands.js";
import { type CommonOptions, type Done, FIRST_ID_MAX, notifierOf, print } from "./options.js";
import { isSimulatedBoard, openSimulatedBoard } from "./simulated.js";

/** What most adapters do; --flash-baud 115200 for a long cable. */
const FLASH_BAUD_DEFAULT = 460_800;
const flashCommands = () => import("../flash-commands.js");

/** Adds them to the program. */
export function addBoardCommands(program: Command, done: Done): void {
	program
		.command("ports")
		.description("serial ports, which is likely a board, and why one cannot be opened")
		.action(async () => {
			const { showPorts } = await flashCommands();
			const format = program.opts<CommonOptions>().format ?? "text";
			done(showPorts(await listPorts(), format, await notifierOf(program)));
		});
	rateOption(
		program
			.command("flash <bundle>")
			.description("write a bundle's firmware to a board; its key and its readings stay"),
	).action(async (path: string, { flashBaud }: RateOption) => {
		const { readBundle } = await import("../flash/bundle.js");
		// Before the port: a wrong bundle resets no board.
		const bundle = await readBundle(path);
		done(
			await withBoard(program, flashBaud, async (board) =>
				(await flashCommands()).flash(board, bundle, randomInt(1, FIRST_ID_MAX)),
			),
		);
	});
	rateOption(
		program
			.command("batch <plan>")
			.description(
				"make stations of boards as they are plugged in, by a plan (CSV with a column station)",
			)
			.requiredOption("--bundle <bundle>", "firmware for all of them")
			.requiredOption("--results <file>", "a row for each; the same command continues after it")
			.option("--common <file>", "what all are told, as for provision")
			.option("--labels <folder>", "a label for each, as SVG, PNG and text"),
	).action(async (plan: string, options: RateOption & BatchOptions) => {
		const { readBundle } = await import("../flash/bundle.js");
		const { batch } = await import("../batch-commands.js");
		const { port, baud, format = "text" } = program.opts<CommonOptions>();
		const { results, labels, common, flashBaud } = options;
		done(
			await batch({
				plan,
				common,
				bundle: await readBundle(options.bundle),
				results,
				labels,
				baud: flashBaud,
				format,
				open: (name) => openBoardPort(name, baud),
				port,
				list: isListed(port) ? listPorts : undefined,
				firstId: () => randomInt(1, FIRST_ID_MAX),
				...(await notifierOf(program)),
			}),
		);
	});
	rateOption(
		program
			.command("erase")
			.description("erase a board's whole flash: its key, what it was told, and its readings")
			.option("--confirm <mac>", "the board's MAC, in place of typing it when asked"),
	).action(async ({ flashBaud, confirm }: RateOption & { readonly confirm?: string }) => {
		done(
			await withBoard(program, flashBaud, async (board) =>
				(await flashCommands()).erase(board, confirm),
			),
		);
	});
}

/** A serial port of this machine, which the system lists. */
function isListed(name: string | undefined): boolean {
	return name === undefined || !(name.includes("://") || isSimulatedBoard(name));
}

async function listPorts() {
	return (await import("../port-list.js")).listPorts();
}

interface BatchOptions {
	readonly bundle: string;
	readonly results: string;
	readonly common?: string;
	readonly labels?: string;
}

interface RateOption {
	readonly flashBaud: number;
}

export function rateOption(command: Command): Command {
	return command.option(
		"--flash-baud <rate>",
		"of the loader",
		wholeNumber(9600, 921_600),
		FLASH_BAUD_DEFAULT,
	);
}

async function withBoard(
	program: Command,
	baud: number,
	run: (board: BoardCommand) => Promise<number>,
): Promise<number> {
	const { port: name, baud: lineBaud, format = "text" } = program.opts<CommonOptions>();
	if (name === undefined)
		program.error("error: --port says which board; bistrina ports lists them");
	const port = await openBoardPort(name ?? "", lineBaud);
	try {
		return await run({ port, format, print, baud, ...(await notifierOf(program)) });
	} finally {
		await port.close();
	}
}

/** A port with control lines: a serial one, RFC 2217. */
export async function openBoardPort(name: string, baud: number): Promise<ControlledPort> {
	if (isSimulatedBoard(name)) return openSimulatedBoard(name);
	const { openControlledPort } = await import("../ports.js");
	return openControlledPort(name, baud);
}

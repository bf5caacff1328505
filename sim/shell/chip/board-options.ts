/** The command line of `npm run board`. */
import { Command } from "commander";
import { PRINTABLE_USAGE } from "../../../src/host/usage.js";
import { wholeNumber } from "../../../src/host/whole-number.js";

export interface BoardOptions {
	readonly folder: string;
	/** 0: a free one. */
	readonly port: number;
}

/** Throws CommanderError after it has explained itself. */
export function parseBoardOptions(argv: readonly string[]): BoardOptions {
	const command = new Command("npm run board --")
		.description("The line of a simulated board for other programs, by RFC 2217, until Ctrl-C.")
		.argument("<folder>", "where the board is kept; bare where it is new")
		.option("--port <n>", "port on 127.0.0.1, 0 for a free one", wholeNumber(0, 65_535), 0)
		.allowExcessArguments(false)
		.showHelpAfterError()
		.configureOutput(PRINTABLE_USAGE)
		.exitOverride()
		.parse([...argv], { from: "user" });
	return { folder: command.args[0] ?? "", port: command.opts<{ port: number }>().port };
}

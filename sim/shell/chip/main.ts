/**
 * `npm run board -- FOLDER [--port N]`: the line of a simulated board for other programs, by RFC 2217 on loopback, until
 * Ctrl-C. The board is that of `bistrina --port board:FOLDER`.
 */
import { CommanderError } from "commander";
import { OperationalError } from "../../../src/host/errors.js";
import { openSimulatedBoard } from "./board-folder.js";
import { parseBoardOptions } from "./board-options.js";
import { serveRfc2217 } from "./rfc2217-server.js";

/** Each line goes its own way over a network: IO0 is sampled when both have come. */
const STRAP_MILLISECONDS = 100;

async function main(argv: readonly string[]): Promise<void> {
	const { folder, port } = parseBoardOptions(argv);
	const print = (text: string): void => {
		process.stderr.write(`${text}\n`);
	};
	const board = await openSimulatedBoard(folder, print, STRAP_MILLISECONDS);
	const server = await serveRfc2217(board, port);
	process.stdout.write(`${server.address}\n`);
	await new Promise<void>((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
	});
	await server.close();
	await board.close();
}

main(process.argv.slice(2)).then(
	() => process.exit(0),
	(error: unknown) => {
		if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
		const isMendable = error instanceof OperationalError;
		process.stderr.write(
			isMendable ? `error: ${error.message}\n` : `${String((error as Error).stack)}\n`,
		);
		process.exit(isMendable ? 1 : 70);
	},
);

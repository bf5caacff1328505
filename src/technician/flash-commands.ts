/** The commands that reach a board below its station: ports, flash, erase. Each returns the exit code. */
import { createInterface } from "node:readline/promises";
import { SingleBar } from "cli-progress";
import { OperationalError } from "../host/errors.js";
import { type OutputFormat, printJson, printPairs, printTable } from "../host/output.js";
import type { ControlledPort } from "./controlled-port.js";
import type { Bundle } from "./flash/bundle.js";
import { eraseBoard } from "./flash/erase-board.js";
import { flashBoard } from "./flash/flash-board.js";
import { type ListedPort, portRows } from "./list-ports.js";

export interface BoardCommand {
	readonly port: ControlledPort;
	readonly format: OutputFormat;
	readonly say: (line: string) => void;
	/** Rate of the loader. */
	readonly baud: number;
}

/** Exit 1 when nothing is plugged in: a script can rely on it. */
export function showPorts(
	ports: readonly ListedPort[],
	format: OutputFormat,
	say: (line: string) => void,
): number {
	const rows = portRows(ports);
	if (format === "json") printJson(rows);
	else if (format === "jsonl") for (const row of rows) printJson(row);
	else if (rows.length > 0) printTable(rows);
	if (rows.length > 0) return 0;
	say("no serial port; plug the board in by a cable that carries data, and not only power");
	return 1;
}

export async function flash(
	{ port, format, say, baud }: BoardCommand,
	bundle: Bundle,
	firstId: number,
): Promise<number> {
	const bar = new SingleBar({
		format: "{bar} {percentage} %  {kib} of {kibs} KiB  {rate} KiB/s  {eta_formatted} left",
		stream: process.stderr,
		clearOnComplete: true,
		noTTYOutput: false,
	});
	const begun = performance.now();
	let isShown = false;
	try {
		const report = await flashBoard({
			port,
			bundle,
			baud,
			firstId,
			say,
			onLog: (text) => say(`# ${text}`),
			onProgress: (done, total) => {
				const kib = Math.round(done / 1024);
				const seconds = (performance.now() - begun) / 1000;
				const shown = {
					kib,
					kibs: Math.round(total / 1024),
					rate: (done / 1024 / Math.max(seconds, 0.1)).toFixed(0),
				};
				if (!isShown && process.stderr.isTTY) bar.start(total, done, shown);
				isShown = true;
				bar.update(done, shown);
				if (done === total) {
					bar.stop();
					say("written and compared; waiting for the station");
				}
			},
		});
		const { version, board, sdk, idf } = bundle;
		if (format === "json") printJson({ ...report, version, board, sdk, idf });
		else printPairs({ ...report });
		return 0;
	} finally {
		bar.stop();
	}
}

/** Asks at the terminal; without one nothing is erased, unless the MAC came as an option. */
export async function erase(
	{ port, format, say, baud }: BoardCommand,
	confirmedMac: string | undefined,
): Promise<number> {
	const mac = await eraseBoard({
		port,
		baud,
		say,
		confirm: async (found, lost) => {
			say(`${port.name}: the board ${found} would lose ${lost}`);
			say(`to keep the readings first: bistrina --port ${port.name} export FILE`);
			if (confirmedMac !== undefined) return confirmedMac.toLowerCase() === found;
			if (!process.stdin.isTTY) return false;
			const terminal = createInterface({ input: process.stdin, output: process.stderr });
			try {
				const typed = await terminal.question(`type ${found} to erase it: `);
				return typed.trim().toLowerCase() === found;
			} finally {
				terminal.close();
			}
		},
	});
	if (mac === undefined) {
		throw new OperationalError(
			`${port.name}: nothing was erased; type the board's MAC when asked, or give it by --confirm`,
		);
	}
	if (format === "json") printJson({ erased: mac });
	else printPairs({ erased: mac });
	return 0;
}

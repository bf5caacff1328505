/** The commands that reach a board below its station: ports, flash, erase. Each returns the exit code. */
import { createInterface } from "node:readline/promises";
import { SingleBar } from "cli-progress";
import { OperationalError } from "../host/errors.js";
import { type Language, messagesIn } from "../host/messages/messages.js";
import { type Notice, notice, textOfNotice } from "../host/messages/notice.js";
import { type OutputFormat, printJson, printPairs, printTable } from "../host/output.js";
import type { ControlledPort } from "./controlled-port.js";
import type { Bundle } from "./flash/bundle.js";
import { eraseBoard } from "./flash/erase-board.js";
import { flashBoard } from "./flash/flash-board.js";
import { type ListedPort, portRows } from "./list-ports.js";

export interface BoardCommand {
	readonly port: ControlledPort;
	readonly format: OutputFormat;
	/** What the station itself says. */
	readonly print: (line: string) => void;
	readonly notify: (what: Notice) => void;
	readonly language: Language;
	/** Rate of the loader. */
	readonly baud: number;
}

/** Exit 1 when nothing is plugged in: a script can rely on it. */
export function showPorts(
	ports: readonly ListedPort[],
	format: OutputFormat,
	{ notify, language }: Pick<BoardCommand, "notify" | "language">,
): number {
	const rows = portRows(ports, format === "text" ? language : "en");
	if (format === "json") printJson(rows);
	else if (format === "jsonl") for (const row of rows) printJson(row);
	else if (rows.length > 0) printTable(rows, messagesIn(language).name);
	if (rows.length > 0) return 0;
	notify(notice("no-port"));
	return 1;
}

export async function flash(
	{ port, format, print, notify, language, baud }: BoardCommand,
	bundle: Bundle,
	firstId: number,
): Promise<number> {
	const bar = new SingleBar({
		format: progressFormat(language),
		stream: process.stderr,
		clearOnComplete: true,
		noTTYOutput: false,
	});
	const begun = performance.now();
	let isShown = false;
	let isWritten = false;
	try {
		const report = await flashBoard({
			port,
			bundle,
			baud,
			firstId,
			notify,
			onLog: (text) => print(`# ${text}`),
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
				if (done === total && !isWritten) {
					isWritten = true;
					bar.stop();
					notify(notice("written"));
				}
			},
		});
		const { version, board, sdk, idf } = bundle;
		if (format === "json") printJson({ ...report, version, board, sdk, idf });
		else printPairs({ ...report }, messagesIn(language).name);
		return 0;
	} finally {
		bar.stop();
	}
}

/** The bar's own names stand in it. */
function progressFormat(language: Language): string {
	const named = { kib: "{kib}", kibs: "{kibs}", rate: "{rate}", left: "{eta_formatted}" };
	return `{bar} {percentage} %  ${textOfNotice(notice("progress", named), language)}`;
}

/** Asks at the terminal; without one nothing is erased, unless the MAC came as an option. */
export async function erase(
	{ port, format, notify, language, baud }: BoardCommand,
	confirmedMac: string | undefined,
): Promise<number> {
	const mac = await eraseBoard({
		port,
		baud,
		notify,
		confirm: async (found, lost) => {
			notify(notice("would-lose", { port: port.name, mac: found, lost }));
			notify(notice("keep-readings", { port: port.name }));
			if (confirmedMac !== undefined) return confirmedMac.toLowerCase() === found;
			if (!process.stdin.isTTY) return false;
			const terminal = createInterface({ input: process.stdin, output: process.stderr });
			try {
				const typed = await terminal.question(
					textOfNotice(notice("type-mac", { mac: found }), language),
				);
				return typed.trim().toLowerCase() === found;
			} finally {
				terminal.close();
			}
		},
	});
	if (mac === undefined) {
		throw new OperationalError(notice("nothing-erased", { port: port.name }));
	}
	if (format === "json") printJson({ erased: mac });
	else printPairs({ erased: mac }, messagesIn(language).name);
	return 0;
}

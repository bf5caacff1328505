/** The commands that make a board a station that a collector knows: provision, identity, enrol. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { OperationalError } from "../host/errors.js";
import { type Notice, notice, textOfNotice } from "../host/messages/notice.js";
import { printJson, printPairs, printTable } from "../host/output.js";
import { appendRow, type StationResult } from "../host/station-result.js";
import type { Session } from "./line-commands.js";
import { identified, provision, restarted, type ShownField } from "./provision.js";
import { readProvisionFile } from "./provision-file.js";

export interface ProvisionCommandOptions {
	/** Shows and drops. */
	readonly isDry: boolean;
	/** File that gets a line of JSON for the collector. */
	readonly result: string | undefined;
}

/** The file's fields, before a port is opened for what may be wrong with it. Throws OperationalError. */
export function fieldsOfFile(path: string): Promise<ReadonlyMap<string, string>> {
	return readProvisionFile(path, { ask: askSecretly, environment: process.env });
}

/** Exit 0 when the board has it, or when nothing was to be kept. */
export async function provisionFrom(
	session: Session,
	fields: ReadonlyMap<string, string>,
	{ isDry, result }: ProvisionCommandOptions,
): Promise<number> {
	const { client, print, format, messages } = session;
	const notify = (what: Notice): void => print(textOfNotice(what, messages.language));
	const id = await provision({
		client,
		fields,
		review: async (lines) => {
			showDraft(lines, session);
			return !isDry;
		},
	});
	if (id === undefined) {
		notify(notice("nothing-changed"));
		return 0;
	}
	notify(notice("kept", { id }));
	await restarted(client, id);
	const station = await identified(client);
	if (result !== undefined) appendRow(result, station);
	if (format === "text") {
		const { proof: _proof, nonce: _nonce, ...shown } = station;
		printPairs({ configuration: id, ...shown }, messages.name);
		process.stdout.write(`\n${enrolmentLine(station)}\n`);
	} else printJson({ configuration: id, ...station });
	return 0;
}

export async function showIdentity(session: Session, result: string | undefined): Promise<number> {
	const station = await identified(session.client);
	if (result !== undefined) appendRow(result, station);
	if (session.format === "text") {
		const { proof: _proof, nonce: _nonce, ...shown } = station;
		printPairs({ ...shown }, session.messages.name);
		process.stdout.write(`\n${enrolmentLine(station)}\n`);
	} else printJson(station);
	return 0;
}

/** What the collector's list of stations takes. */
export function enrolmentLine({ station, publicKey }: StationResult): string {
	return `${station} ${publicKey}`;
}

function showDraft(lines: readonly ShownField[], { format, print, messages }: Session): void {
	const given = lines.filter(({ state }) => state !== "missing");
	if (format === "text")
		printTable(
			given.map(({ text, ...rest }) => ({ ...rest, text: decoded(text) })),
			messages.name,
		);
	const missing = lines.filter(({ state }) => state === "missing").map(({ field }) => field);
	if (missing.length > 0) {
		print(textOfNotice(notice("not-told", { fields: missing.join(", ") }), messages.language));
	}
}

/** Percent-encoded UTF-8 as people read it. */
function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** What is typed is not shown, and is in no history. */
export async function askSecretly(name: string): Promise<string> {
	if (!process.stdin.isTTY) {
		throw new OperationalError(notice("no-terminal", { field: name }));
	}
	process.stderr.write(`${name}: `);
	const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
	const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
	try {
		return await terminal.question("");
	} finally {
		terminal.close();
		process.stderr.write("\n");
	}
}

/**
 * How `bistrina-collector alarms` reaches a collector that runs: a socket in its data folder, its owner's alone, with one line of
 * JSON each way. Where nobody listens the command works on the database itself.
 */
import { chmodSync, existsSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { OperationalError } from "../../host/errors.js";
import type { AlarmDecisions, AlarmList } from "./alarm-decisions.js";

export type AlarmRequest =
	| { readonly ask: "list"; readonly isAll: boolean }
	| {
			readonly ask: "acknowledge";
			readonly what: string;
			readonly by: string;
			readonly why: string;
	  }
	| {
			readonly ask: "mute";
			readonly station: string;
			readonly cause: string;
			readonly untilUtcSeconds: number;
			readonly by: string;
			readonly why: string;
	  }
	| { readonly ask: "test"; readonly by: string; readonly why: string }
	| { readonly ask: "state"; readonly id: string };

export type AlarmAnswer =
	| { readonly list: AlarmList }
	| { readonly count: number }
	| { readonly id: string }
	| { readonly isMuted: boolean }
	/** By hook. */
	| { readonly hooks: Readonly<Record<string, string>> }
	| { readonly error: string };

const REQUEST_BYTES_MAX = 4096;
const MILLISECONDS_MAX = 60_000;
/** sun_path of Linux has 108 bytes, that of others 104; with its end. */
const PATH_BYTES_MAX = 103;
const LIST_BYTES_MAX = 10_000_000;

/** Does what is asked; what an operator can mend is the answer's. */
export async function answerTo(
	decisions: AlarmDecisions,
	request: AlarmRequest,
	nowSeconds: number,
): Promise<AlarmAnswer> {
	try {
		switch (request.ask) {
			case "list":
				return { list: await decisions.list(request.isAll === true) };
			case "acknowledge":
				return { count: await decisions.acknowledge(String(request.what), request) };
			case "mute": {
				const { station, cause, untilUtcSeconds } = request;
				await decisions.mute(String(station), String(cause), Number(untilUtcSeconds), request);
				return { isMuted: untilUtcSeconds > nowSeconds };
			}
			case "test":
				return { id: await decisions.test(request) };
			case "state":
				return { hooks: await decisions.hooksOf(String(request.id)) };
			default:
				return { error: "the collector that runs is of another version" };
		}
	} catch (error) {
		if (!(error instanceof OperationalError)) throw error;
		return { error: error.message };
	}
}

function socketPath(data: string): string {
	return join(data, "alarms.sock");
}

export interface ControlOptions {
	readonly data: string;
	readonly answer: (request: AlarmRequest) => Promise<AlarmAnswer>;
	readonly log: (text: string) => void;
}

/** Listens where it can; a path that is too long for the system is said, and no more. */
export async function listenForDecisions(options: ControlOptions): Promise<{ close(): void }> {
	const path = socketPath(options.data);
	if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
		options.log(
			`${path}: too long a path for a socket: alarms are decided of while this is stopped`,
		);
		return { close: () => {} };
	}
	if (existsSync(path)) {
		const other = await reached(path);
		other?.destroy();
		if (other !== undefined) {
			throw new OperationalError(`${options.data}: another collector uses it; give each its own`);
		}
		rmSync(path, { force: true });
	}
	const server = createServer((socket) => serve(socket, options));
	await listening(server, path);
	return {
		close: () => {
			server.close();
			rmSync(path, { force: true });
		},
	};
}

function listening(server: Server, path: string): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			reject(new OperationalError(`${path}: cannot be opened (${error.code})`));
		});
		// The socket is made within this call, and is nobody else's from its first moment.
		const before = process.umask(0o177);
		server.listen(path, () => {
			chmodSync(path, 0o600);
			resolve();
		});
		process.umask(before);
	});
}

function serve(socket: Socket, { answer, log }: ControlOptions): void {
	socket.setTimeout(MILLISECONDS_MAX, () => socket.destroy());
	socket.on("error", () => {});
	lineOf(socket, REQUEST_BYTES_MAX)
		.then(async (line) => answer(JSON.parse(line) as AlarmRequest))
		.catch((error: unknown): AlarmAnswer => {
			const words = error instanceof Error ? error.message : String(error);
			log(`alarms: a command failed: ${words}`);
			return { error: `the collector could not do it: ${words}` };
		})
		.then((answered) => socket.end(`${JSON.stringify(answered)}\n`));
}

/** The answer of a collector that runs over `data`; undefined where none does. Throws OperationalError. */
export async function askCollector(
	data: string,
	request: AlarmRequest,
): Promise<AlarmAnswer | undefined> {
	const socket = await reached(socketPath(data));
	if (socket === undefined) return undefined;
	try {
		socket.setTimeout(MILLISECONDS_MAX, () => socket.destroy(new Error("no answer in time")));
		socket.write(`${JSON.stringify(request)}\n`);
		return JSON.parse(await lineOf(socket, LIST_BYTES_MAX)) as AlarmAnswer;
	} catch (error) {
		const words = error instanceof Error ? error.message : String(error);
		throw new OperationalError(`${data}: the collector that runs there did not answer (${words})`);
	} finally {
		socket.destroy();
	}
}

function reached(path: string): Promise<Socket | undefined> {
	return new Promise((resolve, reject) => {
		const socket = connect(path);
		socket.once("connect", () => resolve(socket));
		socket.once("error", (error: NodeJS.ErrnoException) => {
			if (error.code === "EACCES") {
				reject(new OperationalError(`${path}: its owner's alone; run this as that user`));
			} else resolve(undefined);
		});
	});
}

function lineOf(socket: Socket, bytesMax: number): Promise<string> {
	return new Promise((resolve, reject) => {
		const parts: Buffer[] = [];
		let byteCount = 0;
		socket.on("data", (part: Buffer) => {
			parts.push(part);
			byteCount += part.length;
			if (part.includes(10)) resolve(Buffer.concat(parts).toString("utf8").split("\n")[0] ?? "");
			else if (byteCount > bytesMax) reject(new Error("too long a line"));
		});
		socket.on("error", reject);
		socket.on("close", () => reject(new Error("it hung up")));
	});
}

/** The collector as a process of its own, and a client that speaks HTTPS to it as stations do. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bytesOfHex } from "../../../src/core/bytes.js";
import { ENVELOPE_CONTENT_TYPE } from "../../../src/protocol/wire/cose.js";
import { AS_THIS_PROCESS } from "./command.js";

const PROGRAM = fileURLToPath(new URL("../../../src/collector/service/main.js", import.meta.url));
const SERVER_NAME = "collector.bistrina.invalid";
const START_MILLISECONDS_MAX = 180_000;
const REQUEST_MILLISECONDS_MAX = 20_000;

export interface CollectorProcess {
	readonly port: number;
	/** Of the readers' listener, where one was asked for. */
	readonly readersPort: number | undefined;
	/** Of its metrics, where one was asked for. */
	readonly metricsPort: number | undefined;
	readonly pid: number;
	/** Of its acknowledgements, 33 bytes. */
	readonly publicKey: Uint8Array;
	/** What it said on stderr so far. */
	readonly output: () => string;
	/** Resolves when it has said what matches. */
	saw(pattern: RegExp): Promise<void>;
	/** POST /v1/batches; rejects when the connection fails. */
	/** `localAddress`: whom the collector takes it for, of the loopback; absent: 127.0.0.1. */
	post(envelope: Uint8Array, localAddress?: string): Promise<{ status: number; body: Uint8Array }>;
	/** Ends it by a signal; its exit code, null when the signal killed it. */
	stop(signal: "SIGINT" | "SIGKILL"): Promise<number | null>;
}

/**
 * Starts it over `directory`; rejects with what it said when it ends before it listens. `onStarted` gets
 * its process.
 */
export async function startCollector(
	directory: string,
	options: readonly string[] = [],
	program = PROGRAM,
	onStarted: (child: ChildProcess) => void = () => {},
): Promise<CollectorProcess> {
	const argv = [...AS_THIS_PROCESS, program, "--data", directory, "--port", "0", ...options];
	const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
	onStarted(child);
	let output = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		output += text;
	});
	const first = await firstLine(child);
	if (first === undefined) throw new Error(`the collector ended: ${output}`);
	const { listening, readers, metrics, publicKey } = JSON.parse(first) as {
		listening: { port: number };
		readers?: { port: number };
		metrics?: { port: number };
		publicKey: string;
	};
	const agent = new Agent({
		ca: authorityOf(directory),
		servername: SERVER_NAME,
		keepAlive: true,
		maxSockets: 64,
	});
	return {
		port: listening.port,
		readersPort: readers?.port,
		metricsPort: metrics?.port,
		pid: child.pid ?? 0,
		publicKey: bytesOfHex(publicKey) ?? new Uint8Array(0),
		output: () => output,
		saw: async (pattern) => {
			while (!pattern.test(output)) await once(child.stderr, "data");
		},
		post: (envelope, localAddress) => post(agent, listening.port, envelope, localAddress),
		stop: async (signal) => {
			agent.destroy();
			if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
			const gone = once(child, "exit");
			child.kill(signal);
			await gone;
			return child.exitCode;
		},
	};
}

function authorityOf(directory: string): string {
	const identity = JSON.parse(readFileSync(join(directory, "identity.json"), "utf8")) as {
		certificateAuthority: string;
	};
	return identity.certificateAuthority;
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
	if (child.stdout === null) return undefined;
	const lines = createInterface({ input: child.stdout });
	const timer = setTimeout(() => child.kill("SIGKILL"), START_MILLISECONDS_MAX);
	try {
		for await (const line of lines) return line;
		return undefined;
	} finally {
		clearTimeout(timer);
	}
}

function post(
	agent: Agent,
	port: number,
	envelope: Uint8Array,
	localAddress?: string,
): Promise<{ status: number; body: Uint8Array }> {
	return new Promise((resolve, reject) => {
		const outgoing = request(
			{
				agent,
				host: "127.0.0.1",
				...(localAddress === undefined ? {} : { localAddress }),
				port,
				method: "POST",
				path: "/v1/batches",
				headers: { "content-type": ENVELOPE_CONTENT_TYPE, "content-length": envelope.length },
				timeout: REQUEST_MILLISECONDS_MAX,
			},
			(response) => {
				const parts: Buffer[] = [];
				response.on("data", (part: Buffer) => parts.push(part));
				response.on("error", reject);
				response.on("end", () => {
					resolve({
						status: response.statusCode ?? 0,
						body: new Uint8Array(Buffer.concat(parts)),
					});
				});
			},
		);
		outgoing.on("error", reject);
		outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
		outgoing.end(envelope);
	});
}

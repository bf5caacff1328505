/**
 * A collector process for the trial of repeats: loopback HTTPS, a database that can be made to fail, a clock that can be put
 * forward, a list that is read again, and what it says on stderr and of itself in its metrics.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { bytesOfHex } from "../../../src/core/bytes.js";

const MAIN = fileURLToPath(new URL("../../../src/collector/service/main.js", import.meta.url));
const CLOCK = new URL("./shifted-clock.js", import.meta.url).href;
const WAIT_MILLISECONDS = 60_000;

/** Where the database fails: at the statement that stores, or at the commit. */
export type Failure = "statement" | "commit";

/** Any table's rows, as a query gives them. */
export type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

/** Triggers that fail while a file is there. `folder` is where the database sees it. */
export function sabotageOf(folder: string): string {
	return `
	CREATE SCHEMA IF NOT EXISTS sabotage;
	CREATE OR REPLACE FUNCTION sabotage.statement() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF (pg_stat_file('${folder}fail-statement', true)).size IS NOT NULL THEN RAISE EXCEPTION 'sabotaged statement'; END IF;
		RETURN NULL; END $$;
	CREATE OR REPLACE FUNCTION sabotage.commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF (pg_stat_file('${folder}fail-commit', true)).size IS NOT NULL THEN RAISE EXCEPTION 'sabotaged commit'; END IF;
		RETURN NULL; END $$;
	CREATE TRIGGER sabotage_statement BEFORE INSERT ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION sabotage.statement();
	CREATE CONSTRAINT TRIGGER sabotage_commit AFTER INSERT ON public.entries DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION sabotage.commit();`;
}

export interface TrialDatabase {
	/** Of the collector and of `bistrina verify`. */
	readonly options: readonly string[];
	/** Where the files that make it fail are, with a / at the end. */
	readonly failures: string;
	/** Opens it while no collector has it, or always on a server. */
	ask<Result>(work: (ask: Ask) => Promise<Result>): Promise<Result>;
}

/** The embedded one of the data folder. */
export function embeddedDatabase(data: string): TrialDatabase {
	return {
		options: [],
		failures: `${join(data, "pglite")}/`,
		ask: async (work) => {
			const database = new PGlite(join(data, "pglite"));
			try {
				return await work(async (sql) => {
					const results = await database.exec(sql);
					return (results.at(-1)?.rows ?? []) as Record<string, unknown>[];
				});
			} finally {
				await database.close();
			}
		},
	};
}

/** One of a server; `folder` can be read by it. */
export function serverDatabase(connectionString: string, folder: string): TrialDatabase {
	return {
		options: ["--postgres", connectionString],
		failures: `${folder}/`,
		ask: async (work) => {
			const client = new pg.Client({ connectionString });
			await client.connect();
			try {
				return await work(async (sql) => {
					const result = await client.query<Record<string, unknown>>(sql);
					return result.rows ?? [];
				});
			} finally {
				await client.end();
			}
		},
	};
}

export class TrialCollector {
	readonly port: number;
	readonly metricsPort: number;
	readonly publicKey: Uint8Array;
	readonly authority: string;
	readonly process: ChildProcess;
	#stderr: string[] = [];

	private constructor(
		process: ChildProcess,
		stderr: string[],
		authority: string,
		started: { listening: { port: number }; metrics: { port: number }; publicKey: string },
	) {
		this.process = process;
		this.#stderr = stderr;
		this.authority = authority;
		this.port = started.listening.port;
		this.metricsPort = started.metrics.port;
		this.publicKey = bytesOfHex(started.publicKey) ?? new Uint8Array(33);
	}

	static async start(
		data: string,
		list: string,
		options: readonly string[],
	): Promise<TrialCollector> {
		const child = spawn(
			process.execPath,
			[
				"--import",
				CLOCK,
				MAIN,
				...[
					"--data",
					data,
					"--stations",
					list,
					"--port",
					"0",
					"--metrics-port",
					"0",
					"--log",
					"json",
				],
				...options,
			],
			{ stdio: ["ignore", "pipe", "pipe"] },
		);
		const stderr: string[] = [];
		child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
		let stdout = "";
		child.stdout.setEncoding("utf8");
		const deadline = Date.now() + WAIT_MILLISECONDS;
		while (!stdout.includes("\n")) {
			if (child.exitCode !== null || Date.now() > deadline) {
				throw new Error(`the collector did not start: ${stderr.join("")}`);
			}
			const [text] = (await Promise.race([
				once(child.stdout, "data"),
				once(child, "exit").then(() => [""]),
			])) as [string];
			stdout += text;
		}
		const identity = JSON.parse(readFileSync(join(data, "identity.json"), "utf8")) as {
			certificateAuthority: string;
		};
		return new TrialCollector(child, stderr, identity.certificateAuthority, JSON.parse(stdout));
	}

	get log(): string {
		return this.#stderr.join("");
	}

	/** Waits until stderr has `count` times what `text` says. */
	async logs(text: string, count: number): Promise<void> {
		const deadline = Date.now() + WAIT_MILLISECONDS;
		while (this.log.split(text).length - 1 < count) {
			if (Date.now() > deadline) throw new Error(`never said "${text}": ${this.log.slice(-2000)}`);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}

	async reread(): Promise<void> {
		const text = "are enrolled";
		const before = this.log.split(text).length - 1;
		this.process.kill("SIGHUP");
		await this.logs(text, before + 1);
	}

	/** Puts its clock 61 s forward. */
	async jump(): Promise<void> {
		const before = this.log.split("clock shifted").length - 1;
		this.process.kill("SIGUSR2");
		await this.logs("clock shifted", before + 1);
	}

	async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
		if (this.process.exitCode !== null || this.process.signalCode !== null) return;
		const gone = once(this.process, "exit");
		this.process.kill(signal);
		await gone;
	}

	metrics(): Promise<string> {
		return text((onResponse) =>
			get(
				{ host: "127.0.0.1", port: this.metricsPort, path: "/metrics", agent: false },
				onResponse,
			),
		);
	}

	/** Resident memory, bytes. */
	get residentBytes(): number {
		const match = /VmRSS:\s+(\d+) kB/.exec(
			readFileSync(`/proc/${this.process.pid}/status`, "utf8"),
		);
		return 1024 * Number(match?.[1] ?? 0);
	}
}

export function failing(database: TrialDatabase, failure: Failure, isOn: boolean): void {
	const file = `${database.failures}fail-${failure}`;
	if (isOn) writeFileSync(file, "");
	else rmSync(file, { force: true });
}

function text(
	ask: (onResponse: (response: import("node:http").IncomingMessage) => void) => unknown,
): Promise<string> {
	return new Promise((resolve, reject) => {
		const request = ask((response) => {
			let all = "";
			response.setEncoding("utf8").on("data", (part: string) => {
				all += part;
			});
			response.on("end", () => resolve(all));
		}) as import("node:http").ClientRequest;
		request.on("error", reject);
	});
}

/**
 * A PostgreSQL server of its own for tests: a fresh cluster in a temporary directory on a free port
 * of the loopback, never the machine's. Debian's package puts the programs where it looks.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

const PACKAGES = "/usr/lib/postgresql";
const START_MILLISECONDS_MAX = 20_000;

export interface PostgresqlServer {
	/** Without a password: the cluster trusts the loopback. */
	readonly connectionString: string;
	/** Of the postmaster, now. */
	readonly pid: () => number;
	/** Dies as by kill -9, with all its processes, and comes back by recovery. */
	killAndRestart(): Promise<void>;
	/** An empty database; its connection string. */
	createDatabase(name: string): Promise<string>;
	stop(): Promise<void>;
}

/** Folder of initdb and postgres, or undefined where there is none. */
export function postgresqlPrograms(): string | undefined {
	if (!existsSync(PACKAGES)) return undefined;
	return readdirSync(PACKAGES)
		.sort((a, b) => Number(b) - Number(a))
		.map((version) => join(PACKAGES, version, "bin"))
		.find((folder) => existsSync(join(folder, "initdb")));
}

/** Makes a cluster and starts it. `settings` are lines as of postgresql.conf. */
export async function startPostgresql(
	programs: string,
	settings: readonly string[] = [],
): Promise<PostgresqlServer> {
	const directory = mkdtempSync(join(tmpdir(), "bistrina-postgresql-"));
	chmodSync(directory, 0o755);
	const owner = ownerOf();
	if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
	const cluster = join(directory, "cluster");
	const as = { ...owner, env: { PATH: process.env["PATH"], LC_ALL: "C" }, cwd: "/" };
	execFileSync(
		join(programs, "initdb"),
		["-D", cluster, "-U", "bistrina", "-A", "trust", "-E", "UTF8", "--no-sync"],
		{ ...as, stdio: "ignore" },
	);
	const port = await freePort();
	const connectionString = `postgresql://bistrina@127.0.0.1:${port}/postgres`;
	const options = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=`];
	const start = (): ChildProcess =>
		spawn(
			join(programs, "postgres"),
			["-D", cluster, ...[...options, ...settings].flatMap((setting) => ["-c", setting])],
			{ ...as, stdio: "ignore" },
		);
	let server = start();
	await answers(connectionString);
	return {
		connectionString,
		pid: () => server.pid ?? 0,
		killAndRestart: async () => {
			const gone = new Promise((resolve) => server.once("exit", resolve));
			// Its children see the death of the postmaster and leave; only then may the next one start.
			server.kill("SIGKILL");
			await gone;
			server = start();
			await restarted(
				() => server,
				start,
				(next) => (server = next),
				connectionString,
			);
		},
		createDatabase: async (name) => {
			const client = new pg.Client({ connectionString });
			await client.connect();
			await client.query(`create database ${name}`);
			await client.end();
			return connectionString.replace(/postgres$/, name);
		},
		stop: async () => {
			const gone = new Promise((resolve) => server.once("exit", resolve));
			server.kill("SIGINT");
			await gone;
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

/** PostgreSQL refuses to run as root: the package's user runs it then. */
export function ownerOf(): { uid: number; gid: number } | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const idOf = (flag: string): number =>
		Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
	return { uid: idOf("-u"), gid: idOf("-g") };
}

/** A postmaster that starts while children of the dead one still live gives up; try again then. */
async function restarted(
	current: () => ChildProcess,
	start: () => ChildProcess,
	replace: (next: ChildProcess) => void,
	connectionString: string,
): Promise<void> {
	const until = Date.now() + START_MILLISECONDS_MAX;
	for (;;) {
		if (await isAnswering(connectionString)) return;
		if (Date.now() > until) throw new Error("PostgreSQL does not come back");
		if (current().exitCode !== null) replace(start());
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

/** Waits until somebody takes statements there. */
export async function answers(connectionString: string): Promise<void> {
	const until = Date.now() + START_MILLISECONDS_MAX;
	while (!(await isAnswering(connectionString))) {
		if (Date.now() > until) throw new Error("PostgreSQL does not start");
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

async function isAnswering(connectionString: string): Promise<boolean> {
	const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 });
	client.on("error", () => {});
	try {
		await client.connect();
		await client.query("select 1");
		return true;
	} catch {
		// Not yet, whatever the reason; the caller's deadline ends it.
		return false;
	} finally {
		await client.end().catch(() => {});
	}
}

/** A port of the loopback that nobody has now. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const address = server.address();
			server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
		});
	});
}

/** PgBouncer before a PostgreSQL server of a test, on a free port of the loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answers, freePort, ownerOf } from "./postgresql-server.js";

/** Where Debian's package puts it. */
const PROGRAM = "/usr/sbin/pgbouncer";

export interface Bouncer {
	/** To a database of the server behind it. */
	connectionString(database: string): string;
	stop(): Promise<void>;
}

export function hasPgBouncer(): boolean {
	return existsSync(PROGRAM);
}

/** Starts it before the server of `behind`, a connection string. `settings` are lines of its section. */
export async function startPgBouncer(
	behind: string,
	settings: readonly string[],
): Promise<Bouncer> {
	const directory = mkdtempSync(join(tmpdir(), "bistrina-pgbouncer-"));
	const port = await freePort();
	const users = join(directory, "users");
	const ini = join(directory, "pgbouncer.ini");
	writeFileSync(users, '"bistrina" ""\n');
	writeFileSync(
		ini,
		[
			"[databases]",
			`* = host=127.0.0.1 port=${new URL(behind).port}`,
			"[pgbouncer]",
			`listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =`,
			`auth_type = trust\nauth_file = ${users}`,
			...settings,
			"",
		].join("\n"),
	);
	// It refuses to run as root, too.
	const owner = ownerOf();
	if (owner !== undefined) {
		for (const path of [directory, users, ini]) chownSync(path, owner.uid, owner.gid);
	}
	const child: ChildProcess = spawn(PROGRAM, ["-q", ini], { ...owner, cwd: "/", stdio: "ignore" });
	const connectionString = (database: string): string =>
		`postgresql://bistrina@127.0.0.1:${port}/${database}`;
	await answers(connectionString("postgres"));
	return {
		connectionString,
		stop: async () => {
			const gone = new Promise((resolve) => child.once("exit", resolve));
			child.kill("SIGTERM");
			await gone;
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

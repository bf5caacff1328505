/** docs/operating: Debian's nginx and caddy take the examples, and what they say of the readers' port holds behind them. */
import { strict as assert } from "node:assert";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request } from "node:https";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openIdentity } from "../../src/collector/service/identity.js";
import {
	openPublishedRecord,
	type PublishedRecord,
} from "../support/collectors/published-record.js";
import { SignedStation } from "../support/collectors/signed-station.js";
import { PROJECT } from "../support/sources.js";

const NGINX = "/usr/sbin/nginx";
const EXAMPLE = join(PROJECT, "docs/operating/nginx.conf");

if (!existsSync(NGINX)) {
	describe("the example of a proxy", () => {
		it("SKIPPED: no nginx is installed (Debian: apt install nginx-light)", function () {
			console.log("SKIPPED: the proxy's lane; install nginx-light to run it");
			this.skip();
		});
	});
} else {
	describe("the example of a proxy", function () {
		this.timeout(60_000);
		let folder: string;
		let certificate: string;

		before(async () => {
			folder = mkdtempSync(join(tmpdir(), "bistrina-proxy-"));
			for (const name of ["logs", "body", "proxy"]) mkdirSync(join(folder, name));
			const identity = await openIdentity(join(folder, "identity"), "rivers.example.org");
			certificate = identity.certificateAuthority;
			writeFileSync(join(folder, "certificate.pem"), identity.certificateChain);
			writeFileSync(join(folder, "key.pem"), identity.privateKey, { mode: 0o600 });
		});

		after(() => rmSync(folder, { recursive: true, force: true }));

		/** Around the example what a distribution has around it; only places that are not on this machine change. */
		const configured = (changes: readonly (readonly [string, string])[]): string => {
			let site = readFileSync(EXAMPLE, "utf8");
			const locations = [
				["/etc/letsencrypt/live/rivers.example.org/fullchain.pem", join(folder, "certificate.pem")],
				["/etc/letsencrypt/live/rivers.example.org/privkey.pem", join(folder, "key.pem")],
				...changes,
			];
			for (const [from = "", to = ""] of locations) {
				assert.ok(site.includes(from), from);
				site = site.replace(from, to);
			}
			const path = join(folder, "nginx.conf");
			writeFileSync(join(folder, "site.conf"), site);
			writeFileSync(
				path,
				[
					"daemon off;",
					`pid ${join(folder, "pid")};`,
					`error_log ${join(folder, "logs/error")};`,
					"events { worker_connections 64; }",
					"http {",
					"access_log off;",
					`client_body_temp_path ${join(folder, "body")};`,
					`proxy_temp_path ${join(folder, "proxy")};`,
					`include ${join(folder, "site.conf")};`,
					"}",
				].join("\n"),
			);
			return path;
		};

		it("is taken by nginx without a word of complaint", () => {
			const output = execFileSync(NGINX, ["-t", "-q", "-p", folder, "-c", configured([])], {
				encoding: "utf8",
				stdio: ["ignore", "pipe", "pipe"],
			});
			assert.equal(output, "");
		});

		/** With nginx before a record's readers, at `port`. */
		const withProxy = async (
			record: PublishedRecord,
			work: (port: number) => Promise<void>,
		): Promise<void> => {
			const port = await freePort();
			const changes = [
				["listen 443 ssl http2", `listen 127.0.0.1:${port} ssl http2`],
				["http://127.0.0.1:8080", `http://127.0.0.1:${record.port}`],
			] as const;
			let nginx: ChildProcess | undefined;
			try {
				nginx = spawn(NGINX, ["-p", folder, "-c", configured(changes)], { stdio: "ignore" });
				await listening(port);
				await work(port);
			} finally {
				nginx?.kill("SIGTERM");
				await new Promise((resolve) =>
					nginx === undefined || nginx.exitCode !== null ? resolve(0) : nginx.once("exit", resolve),
				);
				await record.close();
			}
		};

		it("hands on values and tags as they are", async () => {
			const record = await openPublishedRecord({ proxies: ["127.0.0.1"] });
			await withProxy(record, async (port) => {
				const station = new SignedStation({ station: "bor-1" });
				station.appendReadings(300);
				await record.publish(station);
				const path = "/v1/stations/bor-1/values.csv";
				const own = await record.get(path);
				const proxied = await ask(port, path, { from: "127.0.0.2" });
				assert.equal(own.text.split("\r\n").length, 302);
				assert.equal(proxied.text, own.text);
				assert.equal(proxied.headers["etag"], own.headers.etag);
				const again = await ask(port, path, {
					from: "127.0.0.2",
					headers: { "if-none-match": String(own.headers.etag) },
				});
				assert.deepEqual([again.status, again.text], [304, ""]);
			});
		});

		it("hands on news as it comes, and names each client", async () => {
			const record = await openPublishedRecord({
				proxies: ["127.0.0.1"],
				limits: { burst: 3, perSecond: 0.1, connectionsPerAddress: 100 },
			});
			await withProxy(record, async (port) => {
				const first = await ask(port, "/v1/health", { from: "127.0.0.2" });
				assert.deepEqual([first.status, first.text], [200, "ok\n"]);
				const statuses: number[] = [];
				for (let index = 0; index < 3; index++)
					statuses.push((await ask(port, "/v1/health", { from: "127.0.0.2" })).status);
				// Of another address the limit is its own.
				statuses.push((await ask(port, "/v1/stations", { from: "127.0.0.3" })).status);
				assert.deepEqual(statuses, [200, 200, 429, 200]);
				const stream = await ask(port, "/v1/events", { from: "127.0.0.4", isStream: true });
				assert.equal(stream.headers["content-type"], "text/event-stream");
				assert.match(stream.text, /^(retry|:)/);
			});
		});

		/** Of a stream its first piece. */
		const ask = (port: number, path: string, { from, headers = {}, isStream = false }: Asked) =>
			new Promise<Answered>((resolve, reject) => {
				const outgoing = request(
					{
						host: "127.0.0.1",
						port,
						path,
						headers,
						localAddress: from,
						ca: certificate,
						servername: "rivers.example.org",
						agent: false,
					},
					(incoming) => take(incoming, isStream, resolve),
				);
				outgoing.on("error", reject);
				outgoing.end();
			});
	});
}

const CADDY = "/usr/bin/caddy";

describe("the example of a Caddyfile", function () {
	this.timeout(60_000);

	it("is taken by caddy without a word of complaint, hands values and tags on and names each client", async function () {
		if (!existsSync(CADDY)) {
			console.log("SKIPPED: caddy's lane; install caddy to run it");
			this.skip();
		}
		const folder = mkdtempSync(join(tmpdir(), "bistrina-caddy-"));
		const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
		const example = readFileSync(join(PROJECT, "docs/operating/Caddyfile"), "utf8");
		const file = join(folder, "Caddyfile");
		writeFileSync(file, example);
		const { stdout, stderr } = spawnSync(
			CADDY,
			["validate", "--adapter", "caddyfile", "--config", file],
			{
				encoding: "utf8",
				env,
			},
		);
		assert.equal(stdout, "Valid configuration\n");
		assert.doesNotMatch(stderr, /"level":"(warn|error)"/);
		// It is formatted as `caddy fmt` would.
		assert.equal(execFileSync(CADDY, ["fmt", file], { encoding: "utf8", env }), example);
		const record = await openPublishedRecord({
			proxies: ["127.0.0.1"],
			limits: { burst: 3, perSecond: 0.1, connectionsPerAddress: 100 },
		});
		let caddy: ChildProcess | undefined;
		try {
			const port = await freePort();
			// Only what is not on this machine changes: the name, its certificate, the ports.
			const changes = [
				["rivers.example.org {", `http://127.0.0.1:${port} {`],
				["127.0.0.1:8080", `127.0.0.1:${record.port}`],
			] as const;
			let site = `{\n\tadmin off\n\tauto_https off\n}\n${example}`;
			for (const [from, to] of changes) {
				assert.ok(site.includes(from), from);
				site = site.replace(from, to);
			}
			writeFileSync(file, site);
			caddy = spawn(CADDY, ["run", "--adapter", "caddyfile", "--config", file], {
				stdio: "ignore",
				env,
			});
			await listening(port);
			const statuses: (number | undefined)[] = [];
			for (let index = 0; index < 4; index++) {
				// What a client says of itself is not believed.
				const headers = { "x-forwarded-for": `192.0.2.${index}` };
				statuses.push((await plainly(port, "/v1/health", "127.0.0.2", headers)).status);
			}
			assert.deepEqual(statuses, [200, 200, 200, 429]);
			const own = await plainly(record.port, "/v1/stations", "127.0.0.5");
			const proxied = await plainly(port, "/v1/stations", "127.0.0.3");
			assert.equal(proxied.text, own.text);
			assert.equal(proxied.headers["etag"], own.headers["etag"]);
			const stream = await plainly(port, "/v1/events", "127.0.0.4", {}, true);
			assert.equal(stream.headers["content-type"], "text/event-stream");
			assert.match(stream.text, /^(retry|:)/);
		} finally {
			caddy?.kill("SIGTERM");
			await new Promise((resolve) =>
				caddy === undefined || caddy.exitCode !== null ? resolve(0) : caddy.once("exit", resolve),
			);
			await record.close();
			rmSync(folder, { recursive: true, force: true });
		}
	});
});

interface Answered {
	readonly status: number;
	readonly text: string;
	readonly headers: Record<string, unknown>;
}

/** Of a stream its first piece, and then it hangs up. */
function take(
	incoming: IncomingMessage,
	isStream: boolean,
	onAnswer: (answer: Answered) => void,
): void {
	let text = "";
	const { statusCode: status = 0, headers } = incoming;
	const answered = (): void => onAnswer({ status, text, headers });
	incoming.setEncoding("utf8").on("data", (part: string) => {
		text += part;
		if (!isStream) return;
		answered();
		incoming.destroy();
	});
	incoming.on("end", answered);
	incoming.on("error", () => {});
}

function plainly(
	port: number,
	path: string,
	localAddress: string,
	headers: Readonly<Record<string, string>> = {},
	isStream = false,
) {
	return new Promise<Answered>((resolve, reject) => {
		const options = { host: "127.0.0.1", port, path, headers, localAddress, agent: false };
		const outgoing = plainRequest(options, (incoming) => take(incoming, isStream, resolve));
		outgoing.on("error", reject);
		outgoing.end();
	});
}

interface Asked {
	/** The client's own address. */
	readonly from: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly isStream?: boolean;
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	return typeof address === "object" && address !== null ? address.port : 0;
}

async function listening(port: number): Promise<void> {
	for (let tries = 0; tries < 500; tries++) {
		const isOpen = await new Promise<boolean>((resolve) => {
			const socket = connect(port, "127.0.0.1");
			socket.once("connect", () => {
				socket.destroy();
				resolve(true);
			});
			socket.once("error", () => resolve(false));
		});
		if (isOpen) return;
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	throw new Error("nginx does not listen");
}

/** Hooks of operators: a program's exit code and a webhook's status count, and nobody can hold the collector up or lead it astray. */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAlarmPolicies } from "../../../src/collector/alarms/alarm-policy.js";
import { commandHook } from "../../../src/collector/alarms/command-hook.js";
import { readWebhook, signatureOf, webhook } from "../../../src/collector/alarms/webhook.js";
import { openIdentity } from "../../../src/collector/service/identity.js";
import { PROJECT } from "../../support/sources.js";

const SECRET = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 6).toString("base64")}`;
const CLOCK = { utcSeconds: 1_796_000_000 };

describe("hooks of alarms", () => {
	let folder = "";
	const servers: Server[] = [];
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-hooks-"));
	});
	afterEach(() => {
		for (const server of servers.splice(0)) {
			server.closeAllConnections();
			server.close();
		}
		rmSync(folder, { recursive: true });
	});

	function fileOf(...lines: string[]): string {
		const path = join(folder, "webhook");
		writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
		return path;
	}

	interface Got {
		readonly request: IncomingMessage;
		readonly body: string;
	}

	async function receiver(
		answer: (response: ServerResponse) => void,
		tls?: { cert: string; key: string },
	): Promise<{ port: number; got: Got[] }> {
		const got: Got[] = [];
		const listener = (request: IncomingMessage, response: ServerResponse): void => {
			let body = "";
			request.setEncoding("utf8").on("data", (part: string) => {
				body += part;
			});
			request.on("end", () => {
				got.push({ request, body });
				answer(response);
			});
		};
		const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
		servers.push(server as Server);
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		return { port: (server.address() as AddressInfo).port, got };
	}

	const hookTo = (port: number, millisecondsMax?: number) => {
		const settings = readWebhook(fileOf(`url=http://127.0.0.1:${port}/bor`, `secret=${SECRET}`));
		return webhook(() => settings, CLOCK, millisecondsMax);
	};

	it("give a program its line on standard input, and believe its exit code", async () => {
		const path = join(folder, "hook");
		writeFileSync(path, `#!/bin/sh\ncat > "${folder}/got"\ngrep -q good "${folder}/got"\n`);
		chmodSync(path, 0o755);
		const hook = commandHook(path);
		assert.deepEqual(await hook.deliver("a good line", "x"), { isTaken: true });
		assert.equal(readFileSync(join(folder, "got"), "utf8"), "a good line\n");
		assert.deepEqual(await hook.deliver("another", "x"), { isTaken: false, why: "exit 1" });
		await assert.rejects(commandHook(join(folder, "none")).deliver("x", "x"), /ENOENT/);
	});

	it("post a line that the manual's recipe finds to be ours, and no other", async () => {
		const { port, got } = await receiver((response) => response.writeHead(204).end());
		const line = '{"id":"bor-1/7/45","text":"kisela voda, početak"}';
		assert.deepEqual(await hookTo(port).deliver(line, "bor-1/7/45"), { isTaken: true });
		const [{ request, body } = assert.fail()] = got;
		assert.equal(body, line);
		assert.equal(request.url, "/bor");
		assert.equal(request.headers["content-type"], "application/json");
		assert.equal(request.headers["webhook-id"], "bor-1/7/45");
		assert.equal(request.headers["webhook-timestamp"], "1796000000");
		// As `openssl dgst -sha256 -mac HMAC` makes it.
		assert.equal(
			request.headers["webhook-signature"],
			"v1,/srwzc6mWDdtMH4qsx8vHq2NSeHnqhA69mmpR0nLW8w=",
		);
		const manual = readFileSync(join(PROJECT, "docs/OPERATING.md"), "utf8");
		const recipe = /```python\n([\s\S]*?)```/.exec(manual)?.[1] ?? assert.fail();
		const asked = `${recipe}
import json, sys
given = json.load(sys.stdin)
body = given["body"].encode()
print(is_ours(given["secret"], given["headers"], body, 1796000010),
	is_ours(given["secret"], given["headers"], body + b" ", 1796000010),
	is_ours(given["other"], given["headers"], body, 1796000010),
	is_ours(given["secret"], given["headers"], body, 1796000301))
`;
		const { headers } = request;
		const input = JSON.stringify({ secret: SECRET, other: OTHER_SECRET, headers, body });
		const { stdout, stderr } = spawnSync("python3", ["-c", asked], { input, encoding: "utf8" });
		assert.equal(stdout, "True False False False\n", stderr);
	});

	it("sign by both secrets while a receiver changes", () => {
		const path = fileOf("url=https://a.example/x", `secret=${SECRET}`, `secret=${OTHER_SECRET}`);
		const { secrets } = readWebhook(path);
		const both = signatureOf(secrets, "i", 1, "b");
		assert.equal(both, secrets.map((each) => signatureOf([each], "i", 1, "b")).join(" "));
		assert.equal(both.split(" ").length, 2);
	});

	it("follow no redirect, and say what a receiver said as text", async () => {
		const { port } = await receiver((response) =>
			response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" }).end(),
		);
		assert.deepEqual(await hookTo(port).deliver("{}", "x"), {
			isTaken: false,
			why: `127.0.0.1:${port}: 302, redirects are not followed`,
		});
		const angry = await receiver((response) =>
			response.writeHead(500, { "retry-after": "90" }).end("no \x1b[2J room\nmore"),
		);
		assert.deepEqual(await hookTo(angry.port).deliver("{}", "x"), {
			isTaken: false,
			why: `127.0.0.1:${angry.port}: 500, no \\x1b[2J room`,
			retryAfterSeconds: 90,
		});
	});

	it("wait neither for a receiver that says nothing, nor for one that never ends", async () => {
		const silent = await receiver(() => {});
		assert.deepEqual(await hookTo(silent.port, 100).deliver("{}", "x"), {
			isTaken: false,
			why: `127.0.0.1:${silent.port}: no answer within 0.1 s`,
		});
		const endless = (status: number) =>
			receiver((response) => {
				response.writeHead(status);
				const pour = (): void => {
					while (!response.destroyed && response.write("x".repeat(65_536)));
				};
				response.on("drain", pour);
				pour();
			});
		const taken = await endless(200);
		assert.deepEqual(await hookTo(taken.port).deliver("{}", "x"), { isTaken: true });
		const refused = await endless(503);
		const outcome = await hookTo(refused.port).deliver("{}", "x");
		assert.equal(outcome.isTaken, false);
		assert.ok("why" in outcome && outcome.why.length < 300);
	});

	it("verify the receiver's certificate, by the system's authorities and the one that is named", async () => {
		const identity = await openIdentity(folder, "localhost");
		const { port, got } = await receiver((response) => response.writeHead(200).end(), {
			cert: identity.certificateChain,
			key: identity.privateKey,
		});
		const { certificateAuthority } = JSON.parse(
			readFileSync(join(folder, "identity.json"), "utf8"),
		) as { certificateAuthority: string };
		const url = `url=https://localhost:${port}/bor`;
		const unknown = readWebhook(fileOf(url, `secret=${SECRET}`));
		const outcome = await webhook(() => unknown, CLOCK).deliver("{}", "x");
		assert.ok(!outcome.isTaken && /self-signed certificate/.test(outcome.why));
		assert.equal(got.length, 0);
		writeFileSync(join(folder, "ca.pem"), certificateAuthority);
		const authority = `authority=${join(folder, "ca.pem")}`;
		const known = readWebhook(fileOf(url, `secret=${SECRET}`, authority));
		assert.deepEqual(await webhook(() => known, CLOCK).deliver("{}", "x"), { isTaken: true });
		const otherName = readWebhook(
			fileOf(`url=https://127.0.0.1:${port}/`, `secret=${SECRET}`, authority),
		);
		assert.equal((await webhook(() => otherName, CLOCK).deliver("{}", "x")).isTaken, false);
	});

	it("refuse a file that makes no sense or that everybody can read, and repeat no secret", () => {
		const cases: readonly (readonly [RegExp, ...string[]])[] = [
			[/no line url=/, `secret=${SECRET}`],
			[/secret=whsec_\.\.\. is needed/, "url=https://a.example/"],
			[/line 1: use https; plain http goes to this machine only/, "url=http://a.example/"],
			[/line 1: use https/, "url=http://127.0.0.1.a.example/"],
			[/line 1: use https/, "url=ftp://127.0.0.1/"],
			[/line 1: no user and password/, "url=https://u:hunter2@a.example/"],
			[/line 2: a secret is whsec_/, "url=https://a.example/", "secret=whsec_aHVudGVyMg=="],
			[/line 2: a secret is whsec_/, "url=https://a.example/", "secret=hunter2"],
			[/line 1: expected url=, secret= or authority=/, "hunter2"],
			[/ca.pem: cannot be read \(ENOENT\)/, `authority=${join(folder, "ca.pem")}`],
		];
		for (const [expected, ...lines] of cases) {
			assert.throws(
				() => readWebhook(fileOf(...lines)),
				({ message }: Error) => expected.test(message) && !/hunter2|aHVu/.test(message),
			);
		}
		const path = fileOf("url=https://a.example/", `secret=${SECRET}`);
		chmodSync(path, 0o644);
		assert.throws(() => readWebhook(path), /everybody can read the secret/);
	});

	it("take what is an alarm from the operator's file, station by station", () => {
		const path = join(folder, "policy");
		writeFileSync(path, "# ours\n* battery-days=20\nbor-1 silence-uploads=5 upload-seconds=600\n");
		const policies = readAlarmPolicies(path);
		assert.deepEqual(policies("bor-1"), {
			"silence-uploads": 5,
			"upload-seconds": 600,
			"battery-days": 20,
			"calibration-days": 0,
		});
		assert.equal(policies("pek-1")["silence-uploads"], 3);
		for (const [text, expected] of [
			["bor-1 silence=3", /line 1: "silence=3" is none of silence-uploads, /],
			["bor-1 battery-days=-1", /line 1: battery-days is a whole number from 0 to 3650/],
			["bor-1\nbor-1", /line 2: expected a station id or \*, each once/],
			["BOR", /line 1: expected a station id/],
		] as const) {
			writeFileSync(path, text);
			assert.throws(() => readAlarmPolicies(path), expected);
		}
	});
});

/** Who may press the playground's buttons: its own page, from this machine, and nobody else. */
import assert from "node:assert/strict";
import { type OutgoingHttpHeaders, request } from "node:http";
import { Playground } from "../../../sim/shell/playground/playground.js";
import {
	openPlaygroundServer,
	type PlaygroundServer,
	strangeness,
} from "../../../sim/shell/playground/playground-server.js";

describe("the playground's listener", () => {
	let server: PlaygroundServer;
	let port: number;
	let done: string[];
	let pace: { speed: number };

	beforeEach(async () => {
		done = [];
		pace = { speed: 120 };
		let isUp = true;
		const playground = new Playground({
			stations: [{ name: "bor-1", station: {} as never, river: {} as never }],
			nowUtcSeconds: () => 1_790_812_800,
			onActivity: () => {},
			collector: {
				get isUp() {
					return isUp;
				},
				kill: async () => {
					isUp = false;
					done.push("killed");
				},
				start: async () => {
					isUp = true;
					done.push("started");
				},
			},
			pace,
		});
		server = await openPlaygroundServer({
			playground,
			port: 0,
			publicPage: "http://127.0.0.1:1/",
			shown: () => ({ isAsleep: true, waiting: 3, readingUtcSeconds: 0 }),
			print: () => {},
		});
		port = Number(new URL(server.address).port);
	});

	afterEach(() => server.close());

	function asked(
		method: string,
		path: string,
		headers: OutgoingHttpHeaders = {},
		body = "",
	): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }> {
		return new Promise((resolve, reject) => {
			const outgoing = request({ host: "127.0.0.1", port, method, path, headers }, (incoming) => {
				let text = "";
				incoming.setEncoding("utf8").on("data", (part: string) => {
					text += part;
				});
				incoming.on("end", () =>
					resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
				);
			});
			outgoing.on("error", reject);
			outgoing.end(body);
		});
	}

	const JSON_HEADERS = { "content-type": "application/json" };
	const KILL = JSON.stringify({ action: "collector", station: "bor-1" });

	it("listens on loopback alone, with the policy of the public page", async () => {
		assert.equal(new URL(server.address).hostname, "127.0.0.1");
		const { status, headers } = await asked("GET", "/");
		assert.equal(status, 200);
		assert.match(
			String(headers["content-security-policy"]),
			/default-src 'none'; script-src 'self'/,
		);
		assert.match(String(headers["content-security-policy"]), /frame-ancestors 'none'/);
		assert.equal(headers["access-control-allow-origin"], undefined);
	});

	it("refuses a name that somebody else points at loopback, for reading as for doing", async () => {
		for (const host of ["rebound.example", `rebound.example:${port}`, "127.0.0.1", "localhost"]) {
			assert.equal((await asked("GET", "/state?station=bor-1", { host })).status, 403, host);
			assert.equal((await asked("POST", "/deed", { ...JSON_HEADERS, host }, KILL)).status, 403);
		}
		assert.deepEqual(done, []);
	});

	it("refuses pages of another origin, and bodies that a form could send", async () => {
		const strangers: OutgoingHttpHeaders[] = [
			{ ...JSON_HEADERS, origin: "https://evil.example" },
			{ ...JSON_HEADERS, origin: "null" },
			{ ...JSON_HEADERS, origin: "http://127.0.0.1:1" },
			{ ...JSON_HEADERS, "sec-fetch-site": "cross-site" },
			{ ...JSON_HEADERS, "sec-fetch-site": "same-site" },
			{ "content-type": "text/plain" },
			{ "content-type": "application/x-www-form-urlencoded" },
			{},
		];
		for (const headers of strangers)
			assert.equal((await asked("POST", "/deed", headers, KILL)).status, 403);
		assert.deepEqual(done, []);
	});

	it("does what its own page asks, and marks it", async () => {
		const headers = { ...JSON_HEADERS, origin: `http://127.0.0.1:${port}` };
		assert.equal((await asked("POST", "/deed", headers, KILL)).status, 200);
		assert.equal((await asked("POST", "/deed", headers, KILL)).status, 200);
		assert.deepEqual(done, ["killed", "started"]);
		const { text } = await asked("GET", "/state?station=bor-1&lang=sr-Cyrl");
		const { marks, collector } = JSON.parse(text);
		assert.deepEqual(marks, [
			{ id: 1, utcSeconds: 1_790_812_800, text: "процес сакупљача је убијен" },
			{ id: 2, utcSeconds: 1_790_812_800, text: "сакупљач опет ради" },
		]);
		assert.equal(collector, "ради");
	});

	it("sets the world's pace to one of its own, and stops it", async () => {
		const pressed = (body: object) => asked("POST", "/pace", JSON_HEADERS, JSON.stringify(body));
		assert.equal((await pressed({ speed: 600, isPaused: false })).status, 200);
		assert.equal(pace.speed, 600);
		assert.equal((await pressed({ speed: 600, isPaused: true })).status, 200);
		assert.equal(pace.speed, 0);
		assert.equal((await pressed({ speed: 1e9, isPaused: false })).status, 400);
		assert.equal((await pressed({ speed: 60 })).status, 400);
		assert.equal(pace.speed, 0);
	});

	it("answers what nobody can ask with 4xx, and continues", async () => {
		const statuses = [
			await asked("POST", "/deed", JSON_HEADERS, '{"action":"constructor","station":"bor-1"}'),
			await asked("POST", "/deed", JSON_HEADERS, '{"action":"acid","station":"bor-9"}'),
			await asked("POST", "/deed", JSON_HEADERS, "[1"),
			await asked("POST", "/deed", JSON_HEADERS, "x".repeat(5000)),
			await asked("GET", "/truth?station=bor-1&from=1&to=99999999999"),
			await asked("GET", "/truth?station=bor-1&from=5&to=4"),
			await asked("GET", "/readings?station=bor-9&from=4&to=5"),
			await asked("GET", "/assets/../playground-server.js"),
			await asked("PUT", "/deed"),
		].map(({ status }) => status);
		assert.deepEqual(statuses, [400, 400, 400, 413, 400, 400, 404, 404, 405]);
		assert.equal((await asked("GET", "/?lang=en")).status, 200);
	});

	it("takes a link from another page, and no more of it", () => {
		const headers = { host: "localhost:80", "sec-fetch-site": "cross-site" };
		const of = (method: string, mode: string) =>
			strangeness({ method, headers: { ...headers, "sec-fetch-mode": mode } }, 80);
		assert.equal(of("GET", "navigate"), undefined);
		assert.equal(of("GET", "cors"), "another site");
		assert.equal(of("POST", "navigate"), "another site");
	});
});

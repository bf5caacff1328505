/** What an operator's own programs ask of a collector that runs: wrong wishes and held connections keep back nobody. */
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sinon from "sinon";
import { Admission } from "../../../src/collector/service/admission.js";
import type { KeyRegistry } from "../../../src/collector/service/enrolment.js";
import { EnrolmentPost } from "../../../src/collector/service/enrolment-post.js";
import { listenForMetrics } from "../../../src/collector/service/metrics-listener.js";
import { DatabaseError } from "../../../src/collector/store/database-error.js";

describe("enrolment in a collector that runs", () => {
	let folder = "";
	let clock: sinon.SinonFakeTimers;
	let lines: string[];
	let post: EnrolmentPost;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-enrol-"));
		mkdirSync(join(folder, "enrol"));
		clock = sinon.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
		lines = [];
	});

	afterEach(async () => {
		await post.close();
		clock.restore();
		rmSync(folder, { recursive: true, force: true });
	});

	const open = (keysOf: KeyRegistry["keysOf"] = async () => []): void => {
		const registry = {
			keysOf,
			setKeys: async () => undefined,
			deliveredEndOf: async () => undefined,
		};
		post = new EnrolmentPost({ folder, registry, log: (line) => lines.push(line) });
	};
	const seconds = async (count: number): Promise<void> => {
		for (let second = 0; second < count; second++) {
			clock.tick(1000);
			for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
		}
	};
	const answerTo = (name: string): string =>
		readFileSync(join(folder, "enrol", `${name}.answer`), "utf8");

	it("refuses what is no wish, and takes the next one all the same", async () => {
		open();
		const at = (name: string): string => join(folder, "enrol", `${name}.jsonl`);
		const wrong = ["null", '{"decision":7}', '{"decision":{"by":1}}', '{"of":5}', "7", "{"];
		for (const [index, text] of wrong.entries()) writeFileSync(at(`a${index}`), `${text}\n`);
		mkdirSync(at("b"));
		writeFileSync(join(at("b"), "kept"), "");
		writeFileSync(at("c"), '{"decision":null}\n');
		await seconds(3);
		for (const index of wrong.keys()) assert.match(answerTo(`a${index}`), /^{"refused":/);
		assert.equal(existsSync(join(at("b"), "kept")), true);
		assert.equal(existsSync(at("c")), false);
		assert.equal(answerTo("c"), '{"enrolled":[]}');
		assert.equal(lines.length, wrong.length);
	});

	it("says once that the database does not answer, however long a wish waits for it", async () => {
		let asked = 0;
		open(async () => {
			asked++;
			throw new DatabaseError("the database does not answer");
		});
		writeFileSync(join(folder, "enrol", "a.jsonl"), '{"decision":null,"of":"bor-1"}\n');
		await seconds(5);
		assert.equal(asked, 5);
		assert.deepEqual(lines, ["not enrolled: the database does not answer"]);
	});
});

describe("the metrics' port", () => {
	it("answers whoever asks, while somebody holds as many connections as there are", async () => {
		const { port, close } = await listenForMetrics({
			host: "127.0.0.1",
			port: 0,
			text: async () => "a 1\n",
		});
		const held: Socket[] = [];
		for (let index = 0; index < 20; index++) {
			const socket = connect(port, "127.0.0.1").on("error", () => {});
			held.push(socket);
			await new Promise((resolve) => socket.once("connect", resolve));
		}
		const status = await new Promise((resolve) => {
			const options = { host: "127.0.0.1", port, path: "/metrics", agent: new Agent() };
			get(options, ({ statusCode }) => resolve(statusCode)).on("error", resolve);
		});
		for (const socket of held) socket.destroy();
		await close();
		assert.equal(status, 200);
	});
});

describe("a proxy that names no client", () => {
	it("is told of to the operator, and its connection hung up", async () => {
		const told: string[] = [];
		const admission = new Admission({
			proxies: ["127.0.0.1"],
			onNoHeader: (proxy) => told.push(proxy),
			onAdmitted: () => assert.fail("admitted"),
		});
		const server = createServer((socket) => admission.take(socket)).listen(0, "127.0.0.1");
		await new Promise((resolve) => server.once("listening", resolve));
		const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
		client.on("error", () => {}).write("\x16\x03\x01\x02");
		await new Promise((resolve) => client.once("close", resolve));
		admission.close();
		server.close();
		assert.deepEqual(told, ["127.0.0.1"]);
	});
});

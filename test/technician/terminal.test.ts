/** An export in a real terminal, and everything that can end it there. */
import { strict as assert } from "node:assert";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSimulatedLine } from "../../sim/shell/station-line.js";
import {
	type ConsoleFields,
	encodeConsoleAnswer,
	encodePart,
} from "../../src/protocol/line/console.js";
import { ConsoleClient } from "../../src/technician/client.js";
import { readExportedFile } from "../../src/technician/journal-export.js";
import { IN_TERMINAL } from "../support/collectors/in-terminal.js";
import { sample } from "../support/depth.js";
import { PROJECT } from "../support/sources.js";

const WRAPPING_OFF = "\x1b[?7l";
const WRAPPING_ON = "\x1b[?7h";

describe("an export in a terminal", function () {
	this.timeout(60_000);
	let folder: string;
	let server: Server;
	let port: number;
	const sockets = new Set<Socket>();
	let parts: readonly ConsoleFields[];
	let epoch = 0;

	before(async function () {
		if (spawnSync("python3", ["-c", "import pty"]).status !== 0) {
			console.log("SKIPPED: an export in a terminal; install python3 to run it");
			this.skip();
		}
		folder = mkdtempSync(join(tmpdir(), "bistrina-terminal-test-"));
		const client = new ConsoleClient(await openSimulatedLine(""), 1, () => {});
		await client.greet();
		const answer = await client.request("journal", { fields: { first: 1, count: 10 } });
		await client.close();
		parts = answer.parts;
		epoch = Number(answer.fields.get("epoch"));
		server = createServer(serve);
		port = await new Promise((resolve) => {
			server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
		});
	});

	after(() => {
		server?.close();
		if (folder !== undefined) rmSync(folder, { recursive: true });
	});

	/** A station that gives ten entries of a thousand and then is silent. */
	function serve(socket: Socket): void {
		sockets.add(socket);
		socket.on("error", () => {});
		socket.on("close", () => sockets.delete(socket));
		socket.on("data", (bytes) => {
			const [, id, command, first] =
				/\?(\d+) (\S+)(?: first=(\d+))?/.exec(bytes.toString("latin1")) ?? [];
			if (command === "version") {
				const fields = { parts: 0, protocol: 1, station: "sim-1", firmware: "1.0.0" };
				socket.write(encodeConsoleAnswer(Number(id), "ok", fields));
			}
			if (first !== "1") return;
			for (const part of parts) socket.write(encodePart(Number(id), Object.fromEntries(part)));
			const fields = { parts: parts.length, epoch, held: 1, next: 11, end: 1000 };
			socket.write(encodeConsoleAnswer(Number(id), "ok", fields));
		});
	}

	for (const [title, end, exitCode, message] of sample([
		["Ctrl-C", (type: (text: string) => void) => type("\x03"), 130, /stopped; what came is in/],
		["SIGTERM", (_: unknown, pid: number) => process.kill(pid), 143, /stopped; what came is in/],
		[
			"a cable that is pulled",
			() => {
				for (const socket of sockets) socket.end();
			},
			1,
			/cut off \(.*what came is in/,
		],
	] as const)) {
		it(`leaves it wrapping lines, and says that the same command continues, after ${title}`, async () => {
			const path = join(folder, `${exitCode}.jsonl`);
			const program = join(PROJECT, "build/src/technician/main.js");
			const argv = ["--port", `socket://127.0.0.1:${port}`, "export", path];
			const child = spawn("python3", ["-c", IN_TERMINAL, process.execPath, program, ...argv]);
			let shown = "";
			let isEnded = false;
			child.stdout.setEncoding("latin1").on("data", (text: string) => {
				shown += text;
				// The bar is drawn right after it.
				if (isEnded || !/of 999/.test(shown.split(WRAPPING_OFF)[1] ?? "")) return;
				isEnded = true;
				const pid = Number(/pid (\d+)/.exec(shown)?.[1]);
				end((typed) => child.stdin.write(typed), pid);
			});
			const code = await new Promise((resolve) => child.on("close", resolve));
			assert.ok(shown.lastIndexOf(WRAPPING_ON) > shown.lastIndexOf(WRAPPING_OFF), shown);
			assert.match(shown, message);
			assert.match(shown, /the same command continues\r\n$/);
			assert.equal(code, exitCode, shown);
			const { entries } = readExportedFile(path, new Uint8Array(readFileSync(path)));
			assert.equal(entries.length, 10);
		});
	}
});

import { strict as assert } from "node:assert";
import { bytesOfBase64 } from "../../../src/core/base64.js";
import { asciiBytes } from "../../../src/core/bytes.js";
import { encodeRequest, readStationLine } from "../../../src/protocol/line/console.js";
import {
	BENCH_EPOCH,
	BENCH_UNREADABLE,
	benchEntry,
	type ConsoleBench,
	createConsoleBench,
} from "../../support/bench/console-bench.js";

/** Answers and parts without checksums, logs and what a person typed left out. */
function linesOf(bench: ConsoleBench): string[] {
	return bench.lines
		.filter((line) => /^[+!]/.test(line))
		.map((line) => {
			if (/^[+!] /.test(line)) return line;
			const parsed = readStationLine(asciiBytes(line));
			assert.notEqual(parsed.kind, "garbled", line);
			return line.slice(0, -10);
		});
}

function request(
	id: number,
	command: string,
	fields?: Record<string, string | number>,
): Uint8Array {
	return encodeRequest(id, command, fields);
}

describe("the station's side of the technician's line", () => {
	let bench: ConsoleBench;

	beforeEach(() => {
		bench = createConsoleBench();
		bench.attach();
	});

	it("greets who plugs in, with its name and the version of the line", () => {
		assert.deepEqual(bench.lines, ["# 0 bistrina bench-1, console 1; type help"]);
	});

	it("answers what a person types, with any line end, taken-back characters included", () => {
		bench.feed("versio\b\bion\r\n");
		bench.feed("status\r");
		bench.feed("status\n");
		const status = [
			"+  station=bench-1",
			"+  waiting=7",
			"+  electrode=watch  electrodeDays=20  electrodeBy=acid-slope",
			"+  garbled=0",
			"! ok",
		];
		assert.deepEqual(linesOf(bench), [
			"! ok  protocol=1  station=bench-1  firmware=1.2.3",
			...status,
			...status,
		]);
	});

	it("answers under its id what has one and a checksum that holds, and is no request", () => {
		for (const words of ["status a=b a=c", "status a=", "status b", "Status", "status  a=b"]) {
			const line = encodeRequest(7, words);
			bench.feed(Buffer.from(line).toString("latin1"));
			assert.deepEqual(linesOf(bench).splice(-1), ["!7 garbled"], words);
		}
		bench.feed("?7 status a=b a=c *00000000\n");
		assert.deepEqual(linesOf(bench).splice(-1), ["!- garbled"]);
	});

	it("lists in its help every command that it has, and no other", () => {
		bench.feed("help\n");
		const commands = linesOf(bench).flatMap((line) => /^\+ {2}([a-z-]+)/.exec(line)?.[1] ?? []);
		assert.deepEqual(commands, [
			...["help", "version", "status", "read", "watch", "self-test", "journal"],
			...[
				"calibrate",
				"settle",
				"point",
				"commit",
				"cancel",
				"undo",
				"log",
				"calibrations",
				"coupling",
			],
			...["upload", "stop", "leave"],
			...["provision-begin", "provision-set", "provision-show", "provision-commit"],
			...["provision-drop", "identity"],
		]);
		bench.lines.length = 0;
		for (const command of commands) bench.feed(`${command} first=1\n`);
		assert.equal(linesOf(bench).filter((line) => line.includes("unknown-command")).length, 0);
		assert.equal(linesOf(bench).filter((line) => line.startsWith("! ")).length, commands.length);
	});

	it("answers each request once, by its id, whatever it asks", () => {
		const asked: readonly [string, Record<string, string | number>, RegExp][] = [
			["status", {}, /^!\d+ ok parts=4$/],
			["dance", {}, /^!\d+ unknown-command text=no command dance/],
			["status", { loud: 1 }, /^!\d+ bad-argument text=no argument loud: there is none/],
			["watch", { count: 0 }, /^!\d+ bad-argument text=count: use a whole number from 1 to 1000/],
			["watch", { count: 2 }, /^!\d+ ok parts=4 count=2$/],
			["journal", {}, /^!\d+ bad-argument text=first: use a whole number/],
			["journal", { first: 42 }, /^!\d+ bad-argument text=first: the next entry will be 41/],
			["journal", { first: 1, epoch: 5 }, /^!\d+ other-epoch text=the journal is of epoch 77/],
			["upload", {}, /^!\d+ ok parts=0 cursor=40 waiting=0$/],
			["stop", {}, /^!\d+ ok parts=0$/],
		];
		for (const [index, [command, fields, expected]] of asked.entries()) {
			bench.lines.length = 0;
			bench.feed(request(100 + index, command, fields));
			const answers = linesOf(bench).filter((line) => line.startsWith("!"));
			assert.equal(answers.length, 1, `${command}: ${answers.join(" | ")}`);
			assert.match(answers[0] ?? "", expected);
			assert.ok(answers[0]?.startsWith(`!${100 + index} `), answers[0]);
		}
	});

	it("records what is read, and only looks for watch and self-test", () => {
		bench.feed(request(1, "read"));
		bench.feed(request(2, "watch", { count: 1 }));
		bench.feed(request(3, "self-test"));
		assert.deepEqual(bench.asked, ["read", "look", "look"]);
		assert.deepEqual(linesOf(bench).slice(0, 3), [
			"+1 channel=pH value=7.400 unit=pH method=measured flags=none",
			"+1 channel=conductivity value=none unit=uS/cm method=none flags=absent,fault",
			"!1 ok parts=2 utc=1790812800 sequence=41",
		]);
		const test = linesOf(bench).filter((line) => /^[+!]3 /.test(line));
		assert.deepEqual(test, [
			"+3 probe=pH verdict=good flags=none cause=none value=7.400",
			"+3 probe=conductivity verdict=failed flags=absent,fault cause=bus-stuck value=none",
			"+3 probe=electrode verdict=good cause=acid-slope value=20",
			"+3 probe=probe-bus verdict=failed cause=bus-stuck",
			"+3 probe=system-bus verdict=good cause=none",
			"+3 probe=clock verdict=good cause=none",
			"+3 probe=journal verdict=good cause=none",
			"!3 ok parts=7 failed=2 doubtful=0 milliseconds=17000",
		]);
	});

	it("exports canonical bytes, says where to continue, and counts what it could not read", () => {
		bench.feed(request(1, "journal", { first: 1, count: 20, epoch: BENCH_EPOCH }));
		const parts = linesOf(bench).slice(0, -1);
		const sequences = parts.map((line) => Number(/sequence=(\d+)/.exec(line)?.[1]));
		assert.deepEqual(
			sequences,
			Array.from({ length: 20 }, (_, index) => index + 3).filter((at) => at !== BENCH_UNREADABLE),
		);
		const bytes = bytesOfBase64(/bytes=(\S+)/.exec(parts[0] ?? "")?.[1] ?? "");
		assert.deepEqual(bytes, benchEntry(3));
		assert.equal(
			linesOf(bench).at(-1),
			`!1 ok parts=19 epoch=${BENCH_EPOCH} held=3 next=23 end=41 unreadable=1`,
		);
	});

	it("answers beside a request that takes its time, and lets only one of those at once", () => {
		bench.isPrompt = false;
		bench.feed(request(1, "read"));
		bench.feed(request(2, "status"));
		bench.feed(request(3, "upload"));
		bench.finishReading();
		bench.settle();
		const answers = linesOf(bench).filter((line) => line.startsWith("!"));
		assert.deepEqual(answers, [
			"!2 ok parts=4",
			"!3 busy text=another request takes its time; stop ends it",
			"!1 ok parts=2 utc=1790812800 sequence=41",
		]);
	});

	it("ends on stop what is under way, and answers both", () => {
		bench.isPrompt = false;
		bench.feed(request(1, "watch", { count: 5 }));
		bench.feed(request(2, "stop"));
		bench.finishReading();
		bench.settle();
		assert.deepEqual(linesOf(bench), ["!1 stopped", "!2 ok parts=0"]);
	});

	it("says failed, with a cause, when no measurement comes", () => {
		bench.isPrompt = false;
		bench.feed(request(1, "read"));
		bench.pass(181_000);
		assert.deepEqual(linesOf(bench), [
			"!1 failed cause=probe-timeout text=no measurement within 180 s",
		]);
	});

	it("refuses lines without checksum while a program has the line", () => {
		bench.feed(request(1, "version"));
		bench.lines.length = 0;
		bench.feed("read\n");
		bench.pass(59_000);
		bench.feed("read\n");
		assert.deepEqual(bench.asked, []);
		assert.deepEqual(
			linesOf(bench).map((line) => line.split(" ", 2).join(" ")),
			["! unframed", "! unframed"],
		);
		bench.pass(2000);
		bench.feed("read\n");
		assert.deepEqual(bench.asked, ["read"]);
	});

	it("takes no notice of its own lines come back, so that two stations do not talk for ever", () => {
		for (const kick of ["", "?", "x\r", "x".repeat(300), "\r\r\r", "+\r", "login: \r"]) {
			bench.detach();
			bench.attach();
			bench.feed(kick);
			let rounds = 0;
			for (let output = bench.takeOutput(); output !== ""; output = bench.takeOutput()) {
				assert.ok(rounds++ < 300, `${kick.slice(0, 9)}: still ${JSON.stringify(output)}`);
				bench.feed(output);
			}
		}
		bench.feed("help\n");
		bench.takeOutput();
		const before = bench.lines.length;
		bench.feed(`${bench.lines.filter((line) => /^[+!#]/.test(line)).join("\n")}\n`);
		assert.equal(bench.lines.length, before);
	});

	it("drops a line that does not end, answers it once, and continues", () => {
		bench.feed("x".repeat(100_000));
		bench.feed("\nstatus\n");
		assert.deepEqual(
			linesOf(bench).filter((line) => line.startsWith("!")),
			["! too-long  help lists the commands", "! ok"],
		);
	});

	it("waits for a slow line without losing an answer, and loses only log lines", () => {
		bench.accepts = 0;
		bench.feed(request(1, "journal", { first: 3, count: 30 }));
		for (let line = 0; line < 40; line++) bench.console.line(`talk ${line}`);
		bench.feed(request(2, "status"));
		for (let round = 0; round < 5000; round++) {
			bench.accepts = 7;
			bench.console.activity();
			bench.settle();
		}
		bench.console.line("after");
		bench.accepts = 10_000;
		bench.console.activity();
		bench.settle();
		const answers = linesOf(bench).filter((line) => line.startsWith("!"));
		assert.deepEqual(answers.sort(), [
			"!1 ok parts=29 epoch=77 held=3 next=33 end=41 unreadable=1",
			"!2 ok parts=4",
		]);
		assert.match(
			bench.lines.filter((line) => line.includes("lost here"))[0] ?? "",
			/# \d+ \d+ lines/,
		);
	});

	it("forgets what was asked when the plug is pulled, and serves the next who comes", () => {
		bench.isPrompt = false;
		bench.feed(request(1, "read"));
		bench.feed("?2 half a li");
		bench.detach();
		bench.finishReading();
		bench.settle();
		bench.lines.length = 0;
		bench.attach();
		bench.feed("status\n");
		assert.deepEqual(
			linesOf(bench).filter((line) => line.startsWith("!")),
			["! ok"],
		);
	});

	it("ends the service after half an hour without a byte, and begins it again with one", () => {
		assert.equal(bench.console.isInService, true);
		bench.pass(29 * 60_000);
		assert.equal(bench.console.isInService, true);
		bench.pass(61_000);
		assert.equal(bench.console.isInService, false);
		bench.feed("\n");
		assert.equal(bench.console.isInService, true);
		bench.detach();
		assert.equal(bench.console.isInService, false);
	});
});

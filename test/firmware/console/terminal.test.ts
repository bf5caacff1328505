/** A person at a raw serial terminal: every byte that the screen shows. */
import { strict as assert } from "node:assert";
import { encodeRequest } from "../../../src/protocol/line/console.js";
import { type ConsoleBench, createConsoleBench } from "../../support/bench/console-bench.js";

const STATUS =
	"+  station=bench-1\r\n+  waiting=7\r\n+  electrode=watch  electrodeDays=20  electrodeBy=acid-slope\r\n+  garbled=0\r\n! ok\r\nbench-1> ";

describe("a person at a raw serial terminal", () => {
	let bench: ConsoleBench;

	beforeEach(() => {
		bench = createConsoleBench();
		bench.attach();
		bench.takeOutput();
	});

	/** What the terminal shows for these keys. */
	function shown(keys: string): string {
		for (const key of keys) bench.feed(key);
		return bench.takeOutput();
	}

	it("sees what is typed, the answer on lines of its own, and a prompt", () => {
		assert.equal(shown("status\r"), `status\r\n${STATUS}`);
		assert.equal(shown("\r"), "\r\nbench-1> ");
		assert.equal(shown("status\r\n"), `status\r\n${STATUS}`);
		assert.equal(shown("status\n"), `status\r\n${STATUS}`);
	});

	it("takes characters back, with either key, and not the prompt", () => {
		assert.equal(shown("sx\btatuss\x7f\r"), `sx\b \btatuss\b \b\r\n${STATUS}`);
		assert.equal(shown("\b\x7f"), "");
	});

	it("takes back what shows, and sees that a line has what no command has", () => {
		assert.equal(shown("\x80\xe9\x7f\x7fstatus\r"), `??\b \b\b \bstatus\r\n${STATUS}`);
		const refused = "\r\n! garbled  help lists the commands\r\nbench-1> ";
		assert.equal(shown("sta\0tus\r"), `sta?tus${refused}`);
		bench.feed("he\xe9");
		bench.console.line("a log line");
		assert.match(bench.takeOutput(), /^he\?\r\n# \d+ a log line\r\nbench-1> he\?$/);
	});

	it("is refused a text of other characters than ASCII, which would be recorded as others", () => {
		assert.match(shown("log channel=pH act=note by=m text=\xc4\x8d\r"), /text=\?\?\r\n! garbled /);
	});

	it("may use tabs for spaces, and gives up a line with Ctrl-C or Ctrl-U", () => {
		assert.equal(shown("\tstatus\t\r"), ` status \r\n${STATUS}`);
		for (const key of ["\x03", "\x15"]) {
			assert.equal(shown(`leav${key}`), "leav\r\nbench-1> ");
			assert.equal(shown("status\r"), `status\r\n${STATUS}`);
		}
		// Not in a program's line: what comes after noise must not become a line of its own.
		assert.equal(shown("?17\x03leave\r"), "\r\n!- garbled *45c12d6e\n");
	});

	it("is not hurt by the cursor's keys", () => {
		assert.equal(shown("\x1b[Asta\x1bOCtus\x1b[1;5D\r"), `status\r\n${STATUS}`);
	});

	for (const line of ["help read", "HELP read", "  help   READ  "]) {
		it(`is told of one command by "${line}"`, () => {
			assert.equal(
				shown(`${line}\r`),
				`${line}\r\n+  read  measure now and record it\r\n! ok\r\nbench-1> `,
			);
		});
	}

	it("is told of all commands by ?, help and HELP", () => {
		const help = shown("help\r").slice("help".length);
		assert.match(
			help,
			/^\r\n\+ {2}help {2}this list \(command=NAME\)\r\n(\+ {2}[^\r]+\r\n){24}! ok\r\nbench-1> $/,
		);
		assert.equal(shown("HELP\r"), `HELP${help}`);
		assert.equal(shown(" help\r"), ` help${help}`);
		assert.equal(shown("?\r"), `?${help}`);
	});

	it("is told what to do with a word that is none", () => {
		assert.equal(
			shown("hlep\r"),
			"hlep\r\n! unknown-command  no command hlep; help lists those there are\r\nbench-1> ",
		);
		assert.equal(
			shown("help sing\r"),
			"help sing\r\n! bad-argument  no command sing; help lists those there are\r\nbench-1> ",
		);
		assert.equal(shown("5 + 5\r"), "5 + 5\r\n! garbled  help lists the commands\r\nbench-1> ");
	});

	it("reads times and values without checksums, and no word of what there is not", () => {
		assert.equal(
			shown("read\r"),
			"read\r\n+  channel=pH  value=7.400  unit=pH  method=measured\r\n" +
				"+  channel=conductivity  unit=uS/cm  flags=absent,fault\r\n" +
				"! ok  utc=2026-10-01T00:00:00Z  sequence=41\r\nbench-1> ",
		);
	});

	it("keeps prompt and half a line when the log speaks in between", () => {
		shown("\r");
		shown("sta");
		bench.console.line("uplink acknowledged 4");
		assert.equal(bench.takeOutput(), "\r\n# 0 uplink acknowledged 4\r\nbench-1> sta");
		assert.equal(shown("tus\r"), `tus\r\n${STATUS}`);
	});

	it("gives way to a program, whose lines nothing comes between", () => {
		shown("\rsta");
		bench.feed("\n");
		bench.takeOutput();
		bench.feed(encodeRequest(7, "version"));
		assert.match(
			bench.takeOutput(),
			/^\r\n!7 ok parts=0 protocol=1 station=bench-1 firmware=1.2.3 \*[0-9a-f]{8}\n$/,
		);
		assert.equal(
			shown("status\r"),
			"! unframed  a program has the line: try again in a minute\r\n",
		);
		bench.console.line("talk");
		assert.equal(bench.takeOutput(), "# 0 talk\r\n");
		bench.pass(60_001);
		assert.equal(shown("status\r"), `status\r\n${STATUS}`);
	});

	it("hears no echo and no prompt after three lines that are no command, until one is", () => {
		shown("a\rb\rc\r");
		assert.match(shown("d\r"), /^! unknown-command {2}[^\r]*\r\n$/);
		assert.match(shown("status\r"), /^\+ {2}station=bench-1\r\n.*bench-1> $/s);
		assert.equal(shown("x"), "x");
	});

	it("is greeted once, and not at each wake of a station to which a terminal was left", () => {
		for (const [isCalled, expected] of [
			[true, "# 0 bistrina bench-1, console 1; type help\r\n"],
			[false, ""],
		] as const) {
			const woken = createConsoleBench({ isCalled, isAttached: true });
			assert.equal(woken.takeOutput(), expected);
		}
	});
});

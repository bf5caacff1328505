/** One row is all that station and program share of a command: from a typed line to an answer's values. */
import { strict as assert } from "node:assert";
import { Rehearsal } from "../../../sim/station/rehearsal.js";
import { asciiBytes } from "../../../src/core/bytes.js";
import type { Task } from "../../../src/core/task.js";
import type { CommandContext, CommandMap, Emit } from "../../../src/firmware/console/command.js";
import { STATION_COMMANDS } from "../../../src/firmware/console/commands.js";
import type { AnswerFields } from "../../../src/firmware/console/service.js";
import { shownOf } from "../../../src/host/output.js";
import { COMMANDS, type CommandRow, type GivenOf } from "../../../src/protocol/line/commands.js";
import { encodeRequest, readStationLine } from "../../../src/protocol/line/console.js";
import { createConsoleBench } from "../../support/bench/console-bench.js";
import { commandTable } from "../../support/data/command-docs.js";

describe("the table of commands", () => {
	it("names every field that a station answers with, each of the kind that it says", () => {
		const rehearsal = new Rehearsal({ seed: 3, scenario: "storm-pek", sectors: 8 });
		rehearsal.runUntil(7200);
		const asked: [keyof typeof COMMANDS, Record<string, number>][] = [
			["help", {}],
			["version", {}],
			["status", {}],
			["read", {}],
			["watch", { count: 1 }],
			["self-test", {}],
			["journal", { first: 1, count: 3 }],
			["upload", {}],
			["stop", {}],
		];
		const lines = asked.map(([command, fields], index) =>
			Buffer.from(encodeRequest(index + 1, command, fields))
				.toString("latin1")
				.trimEnd(),
		);
		const seen = new Set<string>();
		for (const line of rehearsal.converse(lines)) {
			const output = readStationLine(asciiBytes(line));
			if (output.kind !== "part" && output.kind !== "answer") continue;
			const [command] = asked[(output.id ?? 0) - 1] ?? [];
			assert.ok(command !== undefined, line);
			const row: CommandRow = COMMANDS[command];
			const described = output.kind === "part" ? row.parts : `parts# ${row.answer ?? ""}`;
			if (output.kind === "answer") assert.equal(output.code, "ok", line);
			for (const [name, value] of output.fields) {
				const kind = (described ?? "")
					.split(" ")
					.find((each) => /^[A-Za-z]+/.exec(each)?.[0] === name);
				assert.ok(kind !== undefined, `${command}: ${name} is not in its row`);
				if (kind !== name)
					assert.match(value, /^(-?\d+(\.\d+)?|none|unknown)$/, `${command}: ${name}`);
				seen.add(`${command} ${output.kind} ${name}`);
			}
		}
		// And no field that no station ever gives.
		for (const [command] of asked) {
			const row: CommandRow = COMMANDS[command];
			for (const [kind, described = ""] of [
				["part", row.parts],
				["answer", row.answer],
			] as const) {
				for (const name of described.split(" ").filter((each) => each !== "")) {
					const plain = name.replace(/[#@]$/, "");
					assert.ok(seen.has(`${command} ${kind} ${plain}`), `${command}: nobody gives ${plain}`);
				}
			}
		}
	});
});

describe("a made-up command", () => {
	const ROW = {
		about: "stir the water",
		takes: { turns: [1, 9, 2], blade: "word" },
		parts: "turn# at@ blade",
		answer: "torque# blade",
	} as const satisfies CommandRow;

	function* stirWater(
		_context: CommandContext,
		{ turns, blade = "none" }: GivenOf<typeof ROW>,
		emit: Emit,
	): Task<AnswerFields> {
		for (let turn = 1; turn <= turns; turn++) yield* emit({ turn, at: 1_790_812_800, blade });
		return { torque: turns * 1.5, blade: "7" };
	}

	const commands: CommandMap = new Map([
		...STATION_COMMANDS,
		["stir", { row: ROW, run: stirWater }],
	]);

	it("is answered to a person who types it, and listed by help", () => {
		const bench = createConsoleBench({ commands });
		bench.attach();
		bench.lines.length = 0;
		bench.feed("stir turns=1 blade=flat\r");
		assert.deepEqual(
			bench.lines.filter((line) => /^[+!]/.test(line)),
			["+  turn=1  at=1790812800  blade=flat", "! ok  torque=1.5  blade=7"],
		);
		bench.feed("help stir\r");
		assert.ok(
			bench.lines.includes("+  stir  stir the water (turns=N blade=NAME)"),
			bench.lines.join("\n"),
		);
	});

	it("is answered to a program with values of the kinds that its row says", () => {
		const bench = createConsoleBench({ commands });
		bench.attach();
		bench.lines.length = 0;
		bench.feed(encodeRequest(5, "stir"));
		const outputs = bench.lines.map((line) => readStationLine(asciiBytes(line)));
		const shown = outputs.map((output) => {
			assert.ok(output.kind === "part" || output.kind === "answer");
			return shownOf(output.fields, output.kind === "part" ? ROW.parts : `parts# ${ROW.answer}`);
		});
		assert.deepEqual(shown, [
			{ turn: 1, at: "2026-10-01T00:00:00Z", blade: null },
			{ turn: 2, at: "2026-10-01T00:00:00Z", blade: null },
			{ parts: 2, torque: 3, blade: "7" },
		]);
	});

	it("is refused out of its limits, and with what it does not take", () => {
		const bench = createConsoleBench({ commands });
		bench.attach();
		bench.lines.length = 0;
		bench.feed("stir turns=10\r");
		bench.feed("stir spoon=1\r");
		assert.deepEqual(
			bench.lines.filter((line) => line.startsWith("!")),
			[
				"! bad-argument  turns: use a whole number from 1 to 9",
				"! bad-argument  no argument spoon: there is turns, blade",
			],
		);
	});

	it("is told of in the documented table", () => {
		assert.match(
			commandTable({ stir: ROW }),
			/^\| `stir` +\| `turns=`1 to 9, default 2, `blade=NAME` +\| stir the water +\| `turn# at@ blade` +\| `torque# blade` +\|/m,
		);
	});
});

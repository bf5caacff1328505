/**
 * One row is enough: a made-up channel, configuration field, entry kind and command, each added in its one place, are
 * seen from probe or file to the printed value; and each is shown to be missed where its row is forgotten.
 */
import { strict as assert } from "node:assert";
import { whole } from "../support/depth.js";
import { type Rewrite, withRewritten } from "../support/engines/rewritten-build.js";
import type * as Printed from "../support/worlds/printed.js";

const CHANNELS = "src/protocol/record/channels.js";
const CHANNEL_ROW: Rewrite = [
	CHANNELS,
	"\n];\n/**\n * The index of a row",
	`
	{ name: "redox", bus: "probe", derivation: "measured", fields: [["value", "i16", "mV", 10], FLAGS, CALIBRATION] },
];
/**
 * The index of a row`,
];
const CHANNEL_SET: Rewrite = [CHANNELS, "Object.freeze([5, 6])", "Object.freeze([5, 6, 7])"];
/** The probe, in place of a driver. */
const CHANNEL_PROBE: Rewrite = [
	"drivers/board-probes.js",
	"const FURTHER = Object.freeze({",
	`const FURTHER = Object.freeze({
	redox: () => ({
		warmUpMilliseconds: 100, pollMilliseconds: 10, agreement: 1, identity: "a redox electrode",
		configure() {}, begin: () => 10, close() {},
		sample: () => ({ value: -41.26, isOutOfRange: false, isUncompensated: false, calibrationPoints: 0 }),
	}),`,
];
const FIELD: Rewrite = [
	"src/firmware/config/configuration-fields.js",
	"export const CONFIGURATION_FIELDS = Object.freeze({",
	`export const CONFIGURATION_FIELDS = Object.freeze({
	humidity: { kind: "number", range: [0, 100], start: 55, since: 4, isUnwritten: true },`,
];
const ENTRY: Rewrite = [
	"src/protocol/record/entry-layouts.js",
	'        ["forecastDays", "i16?"],\n    ],\n',
	'        ["forecastDays", "i16?"],\n    ],\n    eclipse: [["depth", "u16"], ["", "z2"], ["drift", "i32?"], ["seal", "b8"]],\n',
];
const COMMAND: Rewrite = [
	"src/protocol/line/commands.js",
	"export const COMMANDS = Object.freeze({",
	`export const COMMANDS = Object.freeze({
	blink: { about: "blink", takes: { count: [1, 9, 3] }, parts: "lamp at@", answer: "blinks#" },`,
];
const COMMAND_RUN: Rewrite = [
	"src/firmware/console/commands.js",
	"const RUNS = {",
	`const RUNS = {
	*blink(context, { count }, emit) {
		yield* emit({ lamp: "red", at: 1790812800 });
		return { blinks: count };
	},`,
];

/** All rows with all that belongs to them; where one is forgotten, there are as many of the others as let the program live. */
const ALL = [CHANNEL_ROW, CHANNEL_SET, CHANNEL_PROBE, FIELD, ENTRY, COMMAND, COMMAND_RUN];
const WITHOUT_SET = [CHANNEL_ROW, CHANNEL_PROBE];
const WITHOUT_PROBE_AND_COMMAND = [CHANNEL_ROW, CHANNEL_SET, COMMAND_RUN];
const WITHOUT_CHANNEL = [CHANNEL_PROBE];

/** A program takes half a second of processor time to build and load: each is there once, until the last test is over. */
const loaded = new Map<readonly Rewrite[], Promise<typeof Printed>>();
const whileLoaded: Promise<void>[] = [];
let unload = (): void => {};
const over = new Promise<void>((resolve) => {
	unload = resolve;
});

async function built<Result>(
	rewrites: readonly Rewrite[],
	use: (printed: typeof Printed) => Promise<Result> | Result,
): Promise<Result> {
	let printed = loaded.get(rewrites);
	if (printed === undefined) {
		printed = new Promise((resolve, reject) => {
			const kept = withRewritten(rewrites, async (load) => {
				resolve((await load("test/support/worlds/printed.js")) as typeof Printed);
				await over;
			});
			whileLoaded.push(kept.catch(reject));
		});
		loaded.set(rewrites, printed);
	}
	return use(await printed);
}

const ECLIPSE = {
	kind: "eclipse",
	depth: 513,
	drift: undefined,
	seal: new Uint8Array(8).fill(0xab),
};

describe("a made-up row", function () {
	this.timeout(60_000);

	after(async () => {
		unload();
		await Promise.all(whileLoaded);
	});

	whole("of a channel is seen from its probe to the table of readings", async () => {
		const { table, row } = await built(ALL, (printed) => printed.printedDay());
		const [head = "", ...rows] = table.map((line) => line.trimEnd().split(","));
		const at = (head as readonly string[]).indexOf("redox");
		assert.deepEqual(head.slice(at, at + 3), ["redox", "redox_flags", "redox_calibration"]);
		assert.ok(rows.length >= 24, `${rows.length} readings`);
		for (const cells of rows) {
			assert.deepEqual(cells.slice(at, at + 3), ["-41.3", "uncalibrated", "0"]);
		}
		assert.equal(row["redox"], -41.3);
		assert.equal(row["redoxFlags"], "uncalibrated");
	});

	whole(
		"of a channel is missed where its set, its probe or the row itself is forgotten",
		async () => {
			await assert.rejects(
				built(WITHOUT_SET, (printed) => printed.printedDay()),
				/the station crashes/,
			);
			const noProbe = await built(WITHOUT_PROBE_AND_COMMAND, (printed) => printed.printedDay());
			assert.equal(noProbe.row["redox"], undefined);
			const noRow = await built(WITHOUT_CHANNEL, (printed) => printed.printedDay());
			assert.ok(!(noRow.table[0] ?? "").includes("redox"));
			assert.deepEqual(
				Object.keys(noRow.row).filter((name) => name.startsWith("redox")),
				[],
			);
		},
	);

	it("of a configuration field is seen from an operator's file to value, default and document", async () => {
		const seen = await built(ALL, (printed) => [
			printed.printedField("humidity", "humidity=71"),
			printed.printedField("humidity", "").value,
		]);
		assert.deepEqual(seen, [
			{
				isInExample: true,
				value: 71,
				document:
					"| `humidity`                      | 0 to 100                                                   | `55`           | 4    |                                                                                                        |",
			},
			undefined,
		]);
		await assert.rejects(
			built(ALL, (printed) => printed.printedField("humidity", "humidity=101")),
			/humidity is 101; use a whole number from 0 to 100/,
		);
		await assert.rejects(
			built(WITHOUT_CHANNEL, (printed) => printed.printedField("humidity", "humidity=71")),
			/unknown, repeated or unordered lines/,
		);
	});

	it("of an entry kind is seen from its fields to its bytes and to the words of a table", async () => {
		assert.deepEqual(await built(ALL, (printed) => printed.printedEntry(ECLIPSE)), {
			bytes: 28 + 16,
			text: "depth 513, drift unknown, seal abababababababab",
		});
		await assert.rejects(
			built(WITHOUT_CHANNEL, (printed) => printed.printedEntry(ECLIPSE)),
			TypeError,
		);
	});

	it("of a command is seen at the station's line and in the program, with its limits and kinds", async () => {
		const { lines, help, printed } = await built(ALL, (world) =>
			world.printedCommand("blink", "blink count=7"),
		);
		assert.deepEqual(lines, ["+  lamp=red  at=1790812800", "! ok  blinks=7"]);
		assert.match(help ?? "", /blink.*count/);
		assert.equal(printed, "lamp  at\nred   2026-10-01T00:00:00Z\nblinks  7\n");
		const refused = await built(ALL, (world) => world.printedCommand("blink", "blink count=12"));
		assert.match(refused.lines.join("\n"), /count: use a whole number from 1 to 9/);
		const forgotten = await built(WITHOUT_PROBE_AND_COMMAND, (world) =>
			world.printedCommand("status", "blink count=7"),
		);
		assert.match(forgotten.lines.join("\n"), /unknown-command|no command/);
	});
});

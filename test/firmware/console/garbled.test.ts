/** Noise on the technician's line: nothing may be done that was not asked. */
import { strict as assert } from "node:assert";
import { integerBelow, type RandomSource, SeededRandom } from "../../../src/core/random.js";
import { encodeRequest } from "../../../src/protocol/line/console.js";
import { type ConsoleBench, createConsoleBench } from "../../support/bench/console-bench.js";
import { IS_LONG, IS_WHOLE } from "../../support/depth.js";

const LINES = IS_LONG ? 1_000_000 : IS_WHOLE ? 10_000 : 3000;
const SEED = Number(process.env["BISTRINA_SEED"] ?? 1);

const COMMANDS: readonly (readonly [string, Record<string, number>, string])[] = [
	["status", {}, "status"],
	["read", {}, "read"],
	["self-test", {}, "look"],
	["watch", { count: 1 }, "look"],
	["upload", {}, "upload"],
	["journal", { first: 20, count: 2 }, "journal 20 2"],
];

/** What the service was asked besides what whole lines of `bytes` ask, every one of which was sent. */
function unasked(bench: ConsoleBench, sent: ReadonlyMap<string, string>, bytes: Buffer): string[] {
	const expected = bytes
		.toString("latin1")
		.split(/[\r\n]/)
		.flatMap((line) => sent.get(edited(line)) ?? []);
	const before = bench.asked.length;
	bench.feed(new Uint8Array(bytes));
	const done = bench.asked.slice(before);
	for (const each of expected) {
		const index = done.indexOf(each);
		if (index >= 0) done.splice(index, 1);
		// Of two at once the second is answered "busy".
		else if (expected.length === 1) done.push(`not done: ${each}`);
	}
	return done;
}

/** Before a request begins, what is typed can be taken back. */
function edited(line: string): string {
	let kept = "";
	for (const character of line) {
		const isBack = character === "\b" || character === "\x7f";
		if (isBack && !kept.startsWith("?")) kept = kept.slice(0, -1);
		else kept += character;
	}
	return kept;
}

function garble(bytes: Buffer, other: Buffer, random: RandomSource): Buffer {
	const draw = (count: number): number => integerBelow(random, Math.max(count, 1));
	let line = Buffer.from(bytes);
	for (let times = 1 + draw(4); times > 0; times--) {
		const at = draw(line.length);
		const end = at + draw(line.length - at);
		switch (draw(10)) {
			case 0:
				line[at] = (line[at] ?? 0) ^ (1 << draw(8));
				break;
			case 1:
				line[at] = draw(256);
				break;
			case 2:
				line = Buffer.concat([line.subarray(0, at), line.subarray(end)]);
				break;
			case 3:
				line = Buffer.concat([line.subarray(0, end), line.subarray(at)]);
				break;
			case 4:
				line[at] = 0x0a;
				break;
			case 5:
				line = Buffer.concat([line.subarray(0, at), other.subarray(draw(other.length))]);
				break;
			case 6:
				line = Buffer.concat([line, other]);
				break;
			case 7:
				line = Buffer.concat([line.subarray(0, at), Buffer.from([draw(256)]), line.subarray(at)]);
				break;
			case 8: {
				// Where a space was, a line ends: what remains looks typed.
				const text = line.toString("latin1").replaceAll(" ", "\n");
				line = Buffer.from(text, "latin1");
				break;
			}
			default:
				for (let index = at; index < end; index++) line[index] = draw(256);
		}
	}
	return Buffer.concat([line, Buffer.from("\n")]);
}

describe("noise on the technician's line", function () {
	this.timeout(300_000);

	it(`of ${LINES} garbled lines nothing is done that was not sent (seed ${SEED})`, () => {
		const random = new SeededRandom(SEED);
		const bench = createConsoleBench();
		bench.attach();
		bench.feed(encodeRequest(1, "version"));
		let other = Buffer.from(encodeRequest(1, "version"));
		let intact = 0;
		for (let count = 0; count < LINES; count++) {
			const [command, fields, does] =
				COMMANDS[integerBelow(random, COMMANDS.length)] ??
				([...["status", {}, "status"]] as [string, Record<string, number>, string]);
			const frame = Buffer.from(encodeRequest(2 + count, command, fields));
			const sent = new Map([
				[frame.toString("latin1").trimEnd(), does],
				[other.toString("latin1").trimEnd(), otherDoes(other)],
			]);
			// Every fiftieth comes through, or the station would think that no program is there.
			const isIntact = count % 50 === 0;
			const bytes = isIntact ? frame : garble(frame, other, random);
			const done = unasked(bench, sent, bytes);
			assert.deepEqual(
				done,
				[],
				`seed ${SEED}, line ${count}: ${JSON.stringify(bytes.toString("latin1"))}`,
			);
			if (isIntact) intact++;
			bench.lines.length = 0;
			bench.asked.length = 0;
			other = frame;
		}
		assert.equal(intact, LINES / 50);
	});

	it("the check finds a request that was done and not sent", () => {
		const bench = createConsoleBench();
		bench.attach();
		const frame = Buffer.from(encodeRequest(2, "upload"));
		assert.deepEqual(unasked(bench, new Map(), frame), ["upload"]);
		assert.deepEqual(unasked(bench, new Map([["x", "upload"]]), Buffer.from("x\n")), [
			"not done: upload",
		]);
	});
});

/** What the line before asks for, should it come again whole. */
function otherDoes(frame: Buffer): string {
	const command = /^\?\d+ ([a-z-]+)/.exec(frame.toString("latin1"))?.[1];
	return COMMANDS.find(([name]) => name === command)?.[2] ?? "nothing";
}

import { strict as assert } from "node:assert";
import { base64Of, bytesOfBase64 } from "../../../src/core/base64.js";
import { crc32 } from "../../../src/core/crc32.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import {
	CONSOLE_LINE_BYTES_MAX,
	encodeConsoleAnswer,
	encodeLog,
	encodePart,
	encodeRequest,
	LineAssembler,
	readRequest,
	readStationLine,
} from "../../../src/protocol/line/console.js";

function text(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("latin1");
}

/** Without its end. */
function line(bytes: Uint8Array): Uint8Array {
	assert.equal(bytes.at(-1), 0x0a);
	return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

function typed(words: string): Uint8Array {
	return new Uint8Array(Buffer.from(words, "latin1"));
}

describe("lines of the technician's line", () => {
	it("are written as docs/CONSOLE.md says, with zlib's checksum", () => {
		assert.equal(text(encodeRequest(17, "status")), "?17 status *c94fc215\n");
		assert.equal(
			text(encodeRequest(18, "journal", { first: 4, count: 2 })),
			"?18 journal first=4 count=2 *08534127\n",
		);
	});

	it("come back as they were written", () => {
		const request = readRequest(line(encodeRequest(18, "journal", { first: 4, count: 2 })));
		assert.ok(request.kind === "request");
		assert.equal(request.request.id, 18);
		assert.equal(request.request.command, "journal");
		assert.deepEqual(
			[...request.request.fields],
			[
				["first", "4"],
				["count", "2"],
			],
		);
		const answer = readStationLine(
			line(encodeConsoleAnswer(18, "failed", { cause: "bus-stuck", text: "a = b  c" })),
		);
		assert.ok(answer.kind === "answer");
		assert.deepEqual([answer.id, answer.code], [18, "failed"]);
		assert.deepEqual(
			[...answer.fields],
			[
				["cause", "bus-stuck"],
				["text", "a = b  c"],
			],
		);
		const part = readStationLine(line(encodePart(3, { flags: "none" })));
		assert.ok(part.kind === "part" && part.id === 3 && part.fields.get("flags") === "none");
		const log = readStationLine(line(encodeLog(12, "uplink acknowledged 4")));
		assert.deepEqual(log, { kind: "log", text: "12 uplink acknowledged 4" });
		const unaddressed = readStationLine(line(encodeConsoleAnswer(undefined, "garbled")));
		assert.ok(unaddressed.kind === "answer" && unaddressed.id === undefined);
	});

	it("are garbled when a single bit is wrong", () => {
		const whole = line(encodeRequest(123_456_789, "journal", { first: 4_000_000, count: 1000 }));
		for (let bit = 0; bit < whole.length * 8; bit++) {
			const wrong = whole.slice();
			wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
			assert.notEqual(readRequest(wrong).kind, "request", text(wrong));
		}
	});

	it("are garbled under their id where they hold other characters than ASCII", () => {
		const body = Buffer.from("?17 log channel=pH act=note by=m text=\u010d");
		const checksum = crc32(body).toString(16).padStart(8, "0");
		const sealed = Buffer.concat([body, Buffer.from(` *${checksum}`)]);
		assert.deepEqual(readRequest(sealed), { kind: "garbled", id: 17 });
		assert.deepEqual(readRequest(body.subarray(4)), { kind: "garbled" });
	});

	it("are requests without checksum only where they begin with a letter", () => {
		assert.equal(readRequest(typed("status")).kind, "request");
		assert.equal(readRequest(typed("journal first=3")).kind, "request");
		for (const words of ["", "+1 a=b", "!1 ok", "# 1 talk"]) {
			assert.equal(readRequest(typed(words)).kind, "nothing", words);
		}
		for (const words of [
			...[
				"?1 status",
				"?0 status *00000000",
				"Status",
				"1",
				"status 7",
				"status a=",
				"status a=b a=c",
			],
			...["status  a=b", " status", "status =b", "\xff\xfe", "status a-b=c", "*", "st\0atus"],
		]) {
			assert.equal(readRequest(typed(words)).kind, "garbled", words);
		}
	});

	it("never are longer than 256 bytes, nor hold what would end them", () => {
		const longest = encodeConsoleAnswer(999_999_999, "failed", {
			cause: "transport-failed",
			text: `\n\r${"\u20ac".repeat(400)}`,
		});
		assert.equal(longest.length, CONSOLE_LINE_BYTES_MAX);
		assert.equal(readStationLine(line(longest)).kind, "answer");
		const log = encodeLog(1, `a\nb\r${"x".repeat(400)}`);
		assert.equal(log.length, CONSOLE_LINE_BYTES_MAX);
		assert.equal(log.indexOf(0x0a), log.length - 1);
		const entry = encodePart(999_999_999, {
			sequence: 0xfffffffe,
			bytes: base64Of(new Uint8Array(123)),
		});
		assert.ok(entry.length <= CONSOLE_LINE_BYTES_MAX, `${entry.length} bytes`);
	});

	it("are put together from any pieces", () => {
		const assembler = new LineAssembler(false);
		const got: string[] = [];
		for (const byte of Buffer.from(`ab\r\nc\n${"x".repeat(300)}\nd\n`)) {
			const whole = assembler.push(byte);
			if (whole !== undefined) got.push(whole === "too-long" ? whole : text(whole));
		}
		assert.deepEqual(got, ["ab", "", "c", "too-long", "d"]);
	});

	it("of noise are never taken for anything (seed 4)", () => {
		const random = new SeededRandom(4);
		for (let round = 0; round < 20_000; round++) {
			const noise = Uint8Array.from({ length: integerBelow(random, 60) }, () =>
				integerBelow(random, 256),
			);
			noise[0] = integerBelow(random, 2) === 0 ? 0x3f : 0x21;
			assert.equal(readStationLine(noise).kind, "garbled");
			if (noise[0] === 0x3f) assert.equal(readRequest(noise).kind, "garbled");
		}
	});
});

describe("base64", () => {
	it("agrees with Node's in both directions", () => {
		const random = new SeededRandom(9);
		for (let length = 0; length < 130; length++) {
			const bytes = Uint8Array.from({ length }, () => integerBelow(random, 256));
			const words = Buffer.from(bytes).toString("base64");
			assert.equal(base64Of(bytes), words);
			assert.deepEqual(bytesOfBase64(words), bytes);
		}
	});

	it("has one text for one byte string", () => {
		for (const wrong of [
			"A",
			"AA",
			"AAA",
			"A===",
			"AB==",
			"AAB=",
			"AA-A",
			"=AAA",
			"AA=A",
			"AA A",
		]) {
			assert.equal(bytesOfBase64(wrong), undefined, wrong);
		}
	});
});

import { strict as assert } from "node:assert";
import { bytesOfHex, hexOf } from "../../../src/core/bytes.js";
import {
	encodeSntpRequest,
	readSntpAnswer,
	type SntpExchange,
	type SntpVerdict,
} from "../../../src/firmware/uplink/sntp.js";

/** 2026-10-01T00:00:00Z; ee682100 in NTP's seconds. */
const UTC_SECONDS = 1_790_812_800;

const NONCE = bytes("a1b2c3d4e5f60718");
const EXCHANGE: SntpExchange = {
	nonce: NONCE,
	roundTripMilliseconds: 80,
	floorUtcSeconds: UTC_SECONDS - 86_400,
};
/** Stratum 2, root delay 8 ms (0x20c), dispersion 12 ms (0x312), transmitted at a quarter of the second. */
const ANSWER = [
	"240206ec0000020c00000312c0000263",
	"ee68200000000000a1b2c3d4e5f60718",
	"ee68210040000000ee68210040000000",
].join("");

function bytes(hex: string): Uint8Array {
	return bytesOfHex(hex) ?? assert.fail(hex);
}

/** The answer with other bytes from `at` on. */
function judge(at = 0, hex = "", exchange: Partial<SntpExchange> = {}): SntpVerdict {
	const packet = bytes(ANSWER);
	packet.set(bytes(hex), at);
	return readSntpAnswer(packet, { ...EXCHANGE, ...exchange });
}

describe("an answer of a network time server", () => {
	it("is asked for with 48 bytes that say nothing of the station's clock", () => {
		assert.equal(hexOf(encodeSntpRequest(NONCE)), `23${"00".repeat(39)}a1b2c3d4e5f60718`);
	});

	it("gives the second in which it came, and how far that may be off", () => {
		// 0.25 s and half of 80 ms are rounded off; 40 + 4 + 12 + 500 ms are in doubt.
		assert.deepEqual(judge(), {
			kind: "time",
			utcSeconds: UTC_SECONDS,
			uncertaintyMilliseconds: 556,
		});
		const slow = judge(0, "", { roundTripMilliseconds: 2000 });
		assert.equal(slow.kind === "time" && slow.utcSeconds, UTC_SECONDS + 1);
		assert.equal(slow.kind === "time" && slow.uncertaintyMilliseconds, 1516);
	});

	for (const [what, at, hex, why] of [
		["from no server", 0, "23", "mode"],
		["that is broadcast", 0, "25", "mode"],
		["of version 2", 0, "14", "version"],
		["of version 5", 0, "2c", "version"],
		["of a server that has lost its reference", 0, "e4", "unsynchronized"],
		["of stratum 16", 1, "10", "stratum"],
		["without a transmit timestamp", 40, "0000000000000000", "transmit"],
		["with 2 s of root delay and some", 4, "00020000", "root-distance"],
		["with more than a second of dispersion", 8, "00010000", "root-distance"],
		["with a negative root delay", 4, "ffff0000", "root-distance"],
	] as const) {
		it(`is refused ${what}`, () => {
			assert.deepEqual(judge(at, hex), { kind: "refused", why });
		});
	}

	it("is refused when it took longer than two seconds", () => {
		assert.equal(judge(0, "", { roundTripMilliseconds: 2000 }).kind, "time");
		const late = judge(0, "", { roundTripMilliseconds: 2001 });
		assert.deepEqual(late, { kind: "refused", why: "round-trip" });
	});

	it("is taken of stratum 15, with a leap second announced, and with a second of root distance", () => {
		assert.equal(judge(1, "0f").kind, "time");
		assert.equal(judge(0, "64").kind, "time");
		assert.equal(judge(0, "1c").kind, "time", "of version 3, as many routers answer");
		assert.equal(judge(4, "000000000000ffff").kind, "time");
	});

	it("is none to this question with another originate timestamp or another length", () => {
		for (let at = 24; at < 32; at++) {
			assert.deepEqual(judge(at, "00"), { kind: "foreign", why: "originate" }, `${at}`);
		}
		for (const length of [0, 47]) {
			const short = readSntpAnswer(bytes(ANSWER).slice(0, length), EXCHANGE);
			assert.deepEqual(short, { kind: "foreign", why: "length" });
		}
		const long = readSntpAnswer(bytes(`${ANSWER}00`), EXCHANGE);
		assert.deepEqual(long, { kind: "foreign", why: "length" });
	});

	it("is a kiss of death of stratum 0, though only from one who knows the question", () => {
		const kiss = "e40006ec000000000000000052415445";
		assert.deepEqual(judge(0, kiss), { kind: "kiss", code: "RATE" });
		const packet = bytes(ANSWER);
		packet.set(bytes(kiss));
		packet[31] = 0;
		assert.deepEqual(readSntpAnswer(packet, EXCHANGE), { kind: "foreign", why: "originate" });
	});

	it("is of the era that follows the floor of trust", () => {
		// NTP's seconds begin anew at 2036-02-07T06:28:16Z, Unix 2 085 978 496.
		const first = judge(40, "0000000000000001");
		assert.equal(first.kind === "time" && first.utcSeconds, 2_085_978_496);
		const later = judge(40, "0000000400000000");
		assert.equal(later.kind === "time" && later.utcSeconds, 2_085_978_500);
		const last = judge(40, "ffffffff00000000");
		assert.equal(last.kind === "time" && last.utcSeconds, 2_085_978_495);
		const after = judge(40, "0000000400000000", { floorUtcSeconds: 2_085_978_498 });
		assert.equal(after.kind === "time" && after.utcSeconds, 2_085_978_500);
		// What claims to be below the floor is 136 years later, which no clock of a station takes.
		const old = judge(40, "ee65000000000000");
		assert.ok(old.kind === "time" && old.utcSeconds > 4_102_358_400);
	});
});

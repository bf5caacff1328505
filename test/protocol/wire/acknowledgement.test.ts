import { strict as assert } from "node:assert";
import { StationError } from "../../../src/core/errors.js";
import {
	type Acknowledgement,
	type Answer,
	decodeAnswer,
	encodeAnswer,
	REFUSAL_CODES,
	refusalReasonOf,
} from "../../../src/protocol/wire/acknowledgement.js";

const ACKNOWLEDGEMENT: Acknowledgement = {
	kind: "acknowledgement",
	station: "pek-12",
	epoch: 0x89abcdef,
	cursor: 100,
	ranges: [
		{ first: 102, last: 102 },
		{ first: 104, last: 300 },
	],
	requestHash: new Uint8Array(32).fill(7),
	nowUtcSeconds: 1_900_000_000,
	nextSeconds: 3600,
};

function refusalOf(payload: Uint8Array): string | undefined {
	try {
		decodeAnswer(payload);
		return undefined;
	} catch (error) {
		assert.ok(error instanceof StationError, String(error));
		assert.equal(error.code, "acknowledgement-malformed");
		return error.message;
	}
}

describe("acknowledgement", () => {
	it("comes back as it went, with and without ranges and configuration", () => {
		const answers: Answer[] = [
			ACKNOWLEDGEMENT,
			{ ...ACKNOWLEDGEMENT, cursor: 0, ranges: [] },
			{ ...ACKNOWLEDGEMENT, configuration: new Uint8Array(1024).fill(65) },
			{
				kind: "refusal",
				station: "a",
				epoch: 0,
				code: REFUSAL_CODES.fork,
				requestHash: new Uint8Array(32),
				nowUtcSeconds: 0,
				nextSeconds: 604_800,
			},
		];
		for (const answer of answers) {
			assert.deepEqual(decodeAnswer(encodeAnswer(answer)), answer);
		}
	});

	it("refuses ranges that touch, overlap, run backwards or reach below the cursor", () => {
		for (const ranges of [
			[{ first: 101, last: 102 }],
			[{ first: 50, last: 60 }],
			[{ first: 105, last: 104 }],
			[
				{ first: 102, last: 110 },
				{ first: 111, last: 112 },
			],
		]) {
			assert.match(refusalOf(encodeAnswer({ ...ACKNOWLEDGEMENT, ranges })) ?? "", /range/);
		}
	});

	it("refuses a batch, another version, other stations' names and trailing bytes", () => {
		const payload = encodeAnswer(ACKNOWLEDGEMENT);
		assert.match(refusalOf(payload.slice().fill(1, 1, 2)) ?? "", /kind 1/);
		assert.match(refusalOf(payload.slice().fill(9, 2, 3)) ?? "", /version 9/);
		assert.match(refusalOf(payload.slice().fill(0x5f, 4, 5)) ?? "", /station/);
		assert.match(refusalOf(Uint8Array.of(...payload, 0xf6)) ?? "", /after the end/);
		for (let length = 0; length < payload.length; length++) {
			assert.notEqual(refusalOf(payload.subarray(0, length)), undefined);
		}
	});

	it("refuses integers that are longer than they need be", () => {
		const payload = encodeAnswer(ACKNOWLEDGEMENT);
		const stretched = Uint8Array.of(0x8a, 0x18, 0x02, ...payload.subarray(2));
		assert.match(refusalOf(stretched) ?? "", /longer/);
	});

	it("names the codes it knows", () => {
		assert.equal(refusalReasonOf(3), "fork");
		assert.equal(refusalReasonOf(200), undefined);
	});
});

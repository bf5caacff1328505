import { strict as assert } from "node:assert";
import { decodeAnswer } from "../../../src/protocol/wire/acknowledgement.js";
import { IS_WHOLE, proof } from "../../support/depth.js";
import {
	bytesHeld,
	FUZZ_LIMITS,
	fuzz,
	fuzzParsers,
	type Parser,
} from "../../support/trials/fuzz.js";

const INPUTS = IS_WHOLE ? 20_000 : 300;
const SEED = 20_261_125;

describe("every parser that strangers feed", function () {
	this.timeout(60_000);

	let heldBefore = 0;

	before(async () => {
		heldBefore = await bytesHeld();
	});

	for (const parser of fuzzParsers()) {
		it(`refuses or takes ${INPUTS} malformed inputs, in time and memory: ${parser.name}`, async () => {
			const { refused, accepted, violations, examples } = await fuzz(
				parser,
				SEED,
				INPUTS,
				FUZZ_LIMITS,
				undefined,
				heldBefore,
			);
			assert.equal(violations, 0, examples.join("\n"));
			assert.equal(refused + accepted, INPUTS);
			// What only bears the wrong number in a field is well formed.
			if (parser.refusals.length > 0) assert.ok(refused > INPUTS / 4, `${refused} refused`);
		});
	}

	describe("the judge of it", () => {
		const answer = fuzzParsers().find(({ name }) => name === "acknowledgement");
		const planted = (parse: Parser["parse"]): Parser => {
			assert.ok(answer !== undefined);
			return { ...answer, parse };
		};
		const found = async (parser: Parser, limits = FUZZ_LIMITS, inputs = 2000): Promise<string> => {
			const { violations, examples } = await fuzz(
				parser,
				SEED,
				inputs,
				limits,
				undefined,
				heldBefore,
			);
			assert.ok(violations > 0, "the planted bug was not found");
			return examples.join("\n");
		};

		proof("finds a crash, and another's refusal", async () => {
			const crash = planted((bytes) => {
				if (bytes[3] === 0x62) (undefined as unknown as Uint8Array).fill(0);
				decodeAnswer(bytes);
			});
			assert.match(await found(crash), /TypeError/);
			const foreign = { ...planted((bytes) => void decodeAnswer(bytes)), refusals: [] };
			assert.match(await found(foreign), /StationError: answer/);
		});

		proof("finds what is accepted and does not hold together", async () => {
			const lax = planted((bytes) => {
				if (bytes.length > 40) throw new Error("what was accepted does not hold together");
			});
			assert.match(await found(lax), /does not hold together/);
		});

		proof("finds a length that is believed before it is checked", async () => {
			const believing = planted((bytes) => {
				const claimed = new Uint8Array(bytes.length % 50 === 0 ? 8_000_000 : 8);
				if (claimed.length > 0) decodeAnswer(bytes);
			});
			assert.match(await found(believing), /bytes for one input/);
		});

		proof("finds what is kept for ever", async () => {
			const kept: Uint8Array[] = [];
			const leaking = planted((bytes) => {
				kept.push(new Uint8Array(20_000).fill(1));
				decodeAnswer(bytes);
			});
			assert.match(await found(leaking), /left behind/);
			kept.length = 0;
		});

		proof("finds an input that takes too long", async () => {
			const slow = planted((bytes) => {
				if (bytes.length % 50 === 0) {
					const since = process.cpuUsage();
					while (process.cpuUsage(since).user < 60_000);
				}
				decodeAnswer(bytes);
			});
			assert.match(await found(slow, { ...FUZZ_LIMITS, millisecondsMax: 40 }, 60), /too slow/);
		});
	});
});

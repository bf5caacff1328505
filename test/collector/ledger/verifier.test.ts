import { strict as assert } from "node:assert";
import { signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { ThreadVerifier } from "../../../src/collector/ledger/verifier.js";
import { packQuestions, unpackQuestions } from "../../../src/collector/ledger/verifier-message.js";

function questionOf(seed: number, byteCount = 10 + seed) {
	const key = signingKeyOf(new Uint8Array(32).fill(seed + 1));
	const signed = new Uint8Array(byteCount).fill(seed);
	return { publicKey: key.publicKey, signed, signature: key.sign(signed) };
}

describe("verifier on a thread", () => {
	const verifier = new ThreadVerifier();
	after(() => verifier.close());

	it("tells each of many questions of its own apart", async () => {
		const questions = Array.from({ length: 40 }, (_, seed) => {
			const question = questionOf(seed);
			if (seed % 3 === 1) question.signed[0] = 255;
			if (seed % 3 === 2) question.publicKey.set(questionOf(seed + 1).publicKey);
			return question;
		});
		const verdicts = await Promise.all(questions.map((question) => verifier.isSigned(question)));
		assert.deepEqual(
			verdicts,
			questions.map((_, seed) => seed % 3 === 0),
		);
	});

	it("takes what comes while it is busy", async () => {
		const rounds = Array.from({ length: 5 }, async (_, round) => {
			for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
			return verifier.isSigned(questionOf(round, 16_000));
		});
		assert.deepEqual(await Promise.all(rounds), [true, true, true, true, true]);
	});

	it("rejects only the question whose key is no point of the curve", async () => {
		const settled = await Promise.allSettled([
			verifier.isSigned(questionOf(1)),
			verifier.isSigned({ ...questionOf(2), publicKey: new Uint8Array(33).fill(255) }),
			verifier.isSigned(questionOf(3)),
		]);
		assert.deepEqual(
			settled.map(({ status }) => status),
			["fulfilled", "rejected", "fulfilled"],
		);
	});

	it("rejects what was under way when its thread ends, and continues with another", async () => {
		// A fifth of a second of work for the thread, so that it cannot be done before it ends.
		const question = questionOf(1);
		const lost = Array.from({ length: 3000 }, () => verifier.isSigned(question));
		const settled = Promise.allSettled(lost);
		await new Promise(setImmediate);
		await verifier.close();
		for (const { status } of await settled) assert.equal(status, "rejected");
		assert.equal(await verifier.isSigned(questionOf(1)), true);
	});

	it("gives back what was packed", () => {
		const questions = [questionOf(1, 0), questionOf(2, 300), questionOf(3, 1)];
		assert.deepEqual(unpackQuestions(packQuestions(questions)), questions);
	});
});

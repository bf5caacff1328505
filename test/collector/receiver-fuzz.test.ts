import { strict as assert } from "node:assert";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { createHandler } from "../../src/collector/service/receiver.js";
import { integerBelow, type RandomSource, SeededRandom } from "../../src/core/random.js";
import { ENVELOPE_BYTES_MAX, ENVELOPE_CONTENT_TYPE } from "../../src/protocol/wire/cose.js";
import { MemoryRecordStore } from "../support/collectors/memory-record-store.js";
import { ChainMaker } from "../support/data/chain-maker.js";

const SEED = 7;
const REQUESTS = 20_000;

describe("the receiver", () => {
	it(`answers ${REQUESTS} malformed requests with a status of its own and stores none of them`, async () => {
		const store = new MemoryRecordStore();
		const ledger = new Ledger({
			store,
			key: signingKeyOf(new Uint8Array(32).fill(9)),
			clock: { utcSeconds: 1_790_000_000 },
		});
		const maker = new ChainMaker().fill(11);
		await ledger.enrol(maker.station, maker.key.publicKey);
		const handler = createHandler(ledger);
		const good = maker.envelope(1, 12);
		const random = new SeededRandom(SEED);
		const statuses = new Map<number, number>();
		for (let round = 0; round < REQUESTS; round++) {
			const body = damaged(good, random);
			const method = pick(random, ["POST", "POST", "POST", "POST", "GET", "PUT", "", "post"]);
			const path = pick(random, [
				"/v1/batches",
				"/v1/batches",
				"/v1/batches",
				"/v1/health",
				"/",
				"",
			]);
			const type = pick(random, [ENVELOPE_CONTENT_TYPE, ENVELOPE_CONTENT_TYPE, "text/plain", ""]);
			const answer = await handler({
				method,
				path,
				headers: new Map([["content-type", type]]),
				body,
			});
			assert.ok(
				[200, 400, 404, 405, 413, 415, 422].includes(answer.status),
				`seed ${SEED}, ${round}`,
			);
			assert.ok(answer.body.length > 0 && answer.body.length < 1024);
			if (answer.status === 200) assert.equal(path, "/v1/health");
			statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
		}
		assert.ok(
			(statuses.get(400) ?? 0) > 500 && (statuses.get(422) ?? 0) > 1000,
			`${[...statuses]}`,
		);
		assert.deepEqual(store.rowsOf(maker.station), []);
	});

	it("takes the undamaged one", async () => {
		const ledger = new Ledger({
			store: new MemoryRecordStore(),
			key: signingKeyOf(new Uint8Array(32).fill(9)),
			clock: { utcSeconds: 1_790_000_000 },
		});
		const maker = new ChainMaker().fill(11);
		await ledger.enrol(maker.station, maker.key.publicKey);
		const answer = await createHandler(ledger)({
			method: "POST",
			path: "/v1/batches",
			headers: new Map([["content-type", ENVELOPE_CONTENT_TYPE]]),
			body: maker.envelope(1, 12),
		});
		assert.equal(answer.status, 200);
	});
});

/** Never the good one: cut, stretched, or with bits flipped. */
function damaged(good: Uint8Array, random: RandomSource): Uint8Array {
	const kind = integerBelow(random, 8);
	if (kind === 0) return good.slice(0, integerBelow(random, good.length));
	if (kind === 1 && integerBelow(random, 50) === 0) return new Uint8Array(ENVELOPE_BYTES_MAX + 1);
	if (kind === 1) {
		const longer = new Uint8Array(good.length + 1 + integerBelow(random, 40));
		longer.set(good);
		return longer;
	}
	const bytes = good.slice();
	const at = integerBelow(random, bytes.length);
	bytes[at] = (bytes[at] ?? 0) ^ (1 << integerBelow(random, 8));
	for (let more = integerBelow(random, 3); more > 0; more--) {
		// After the first one, so that it is not undone.
		const next = integerBelow(random, bytes.length);
		if (next !== at) bytes[next] = integerBelow(random, 256);
	}
	return bytes;
}

function pick(random: RandomSource, values: readonly [string, ...string[]]): string {
	return values[integerBelow(random, values.length)] ?? values[0];
}

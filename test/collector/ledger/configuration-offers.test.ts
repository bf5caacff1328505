import { strict as assert } from "node:assert";
import {
	ConfigurationOffers,
	type OfferRepository,
	readOffer,
	SqlOfferRepository,
} from "../../../src/collector/ledger/configuration-offers.js";
import { signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { Ledger } from "../../../src/collector/ledger/ledger.js";
import { asciiBytes, asciiText } from "../../../src/core/bytes.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
} from "../../../src/firmware/config/configuration.js";
import { parseCanonicalConfiguration } from "../../../src/firmware/config/parse-configuration.js";
import { EVENT_CODES } from "../../../src/protocol/record/events.js";
import { decodeAnswer } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { MemoryOfferRepository } from "../../support/collectors/memory-offer-repository.js";
import { emptyStore } from "../../support/collectors/shared-store.js";
import { ChainMaker, sha256 } from "../../support/data/chain-maker.js";

const canonicalTextOf = (id: number): string =>
	canonicalConfiguration({
		...DEFAULT_CONFIGURATION,
		id,
		station: "bor-1",
		collectorHost: "collector.example",
		collectorPort: 443,
		collectorPublicKey: new Uint8Array(33).fill(2),
	});

describe("what an operator writes", () => {
	it("gets the canonical form that the station takes, whatever its order, comments and blanks", () => {
		const lines = canonicalTextOf(2).trimEnd().split("\n").reverse();
		const text = `# for the winter\n\n${lines.join("  # why\n").replace("id=2", " id = 2")}\r\n`;
		const offer = readOffer(text, "bor.conf");
		assert.equal(asciiText(offer.canonicalBytes), canonicalTextOf(2));
		assert.deepEqual([offer.station, offer.id], ["bor-1", 2]);
		assert.equal(parseCanonicalConfiguration(offer.canonicalBytes).id, 2);
	});

	it("is refused by its line", () => {
		for (const [text, complaint] of [
			["id=2\nnonsense\n", /bor.conf line 2: expected name=value$/],
			["id=2\nid=2\n", /bor.conf line 2: id was said already$/],
			["id=2\n", /no line station=/],
			["station=bor-1\n", /a line id=1 to id=65535/],
			["station=bor-1\nid=70000\n", /a line id=1 to id=65535/],
			["station=bor-1\nid=02\n", /a line id=1 to id=65535/],
			["station=bor-1\nid=2.5\n", /a line id=1 to id=65535/],
			[`station=bor-1\nid=2\nlong=${"x".repeat(1100)}\n`, /a station takes 1024$/],
		] as const) {
			assert.throws(() => readOffer(text, "bor.conf"), complaint);
		}
	});
});

function describeOffers(name: string, openRepository: () => Promise<OfferRepository>): void {
	describe(`configurations on offer, ${name}`, () => {
		let repository: OfferRepository;
		let offers: ConfigurationOffers;
		let ledger: Ledger;
		let maker: ChainMaker;
		let lines: string[];
		const clock = { utcSeconds: 1_790_000_500 };

		const offersOf = (): ConfigurationOffers =>
			new ConfigurationOffers({ repository, clock, onReport: (_, text) => lines.push(text) });

		beforeEach(async () => {
			lines = [];
			repository = await openRepository();
			offers = offersOf();
			const store = await emptyStore();
			ledger = ledgerOf(offers);
			maker = new ChainMaker().fill(11);
			await ledger.enrol(maker.station, maker.key.publicKey);

			function ledgerOf(configurations: ConfigurationOffers): Ledger {
				const key = signingKeyOf(new Uint8Array(32).fill(9));
				return new Ledger({ store, key, clock, configurations });
			}
		});

		/** What the answer to the next entries offers. */
		async function offered(first: number, last: number): Promise<string | undefined> {
			const { status, body } = await ledger.receive(maker.envelope(first, last));
			assert.equal(status, 200);
			const answer = decodeAnswer(decodeSign1(body).payload);
			assert.ok(answer.kind === "acknowledgement");
			return answer.configuration && asciiText(answer.configuration);
		}

		/** The station's record shows what it took up. */
		function showed(id: number): number {
			return maker.append({
				kind: "configuration",
				definedId: id,
				conductivityLaw: 1,
				alphaPerMillionPerDegree: 0,
				turbidityUnit: 0,
				turbidityCurve: 0,
				probes: 0,
				loopShuntMilliohms: 150_000,
				turbidityAt4MilliampereMilli: 0,
				turbidityAt20MilliampereMilli: 1,
				intervalSeconds: 300,
				hash: sha256(asciiBytes(canonicalTextOf(id))),
			});
		}

		it("rides in every acknowledgement until the record shows it, and not after", async () => {
			assert.equal(await offered(1, 2), undefined);
			await offers.set(canonicalTextOf(2), "bor.conf");
			assert.equal(await offered(3, 4), canonicalTextOf(2));
			assert.equal(await offered(5, 6), canonicalTextOf(2));
			const at = showed(2);
			assert.equal(await offered(7, at), undefined);
			assert.deepEqual(lines, ["configuration 2 is in force, on trial"]);
			maker.fill(1);
			assert.equal(await offered(at + 1, at + 1), undefined);
			// An older offer or other contents under the same id are none.
			await assert.rejects(offers.set(canonicalTextOf(1), "bor.conf"), /2 was set already/);
			const other = canonicalTextOf(2).replace("Seconds=300", "Seconds=60");
			await assert.rejects(offers.set(other, "bor.conf"), /other contents need a higher id/);
			await offers.set(canonicalTextOf(2), "bor.conf");
			await offers.set(canonicalTextOf(3), "bor.conf");
			maker.fill(1);
			assert.equal(await offered(at + 2, at + 2), canonicalTextOf(3));
		});

		it("continues over a restart, and reaches another collector within a minute", async () => {
			const other = offersOf();
			assert.equal(await other.answer("bor-1", []), undefined);
			await offers.set(canonicalTextOf(2), "bor.conf");
			assert.equal(await other.answer("bor-1", []), undefined);
			clock.utcSeconds += 60;
			assert.equal(
				asciiText((await other.answer("bor-1", [])) ?? new Uint8Array(0)),
				canonicalTextOf(2),
			);
			assert.notEqual(await offersOf().answer("bor-1", []), undefined);
			assert.equal(await other.answer("pek-1", []), undefined);
		});

		it("tells the operator what became of it", async () => {
			const code = EVENT_CODES["configuration-reverted"];
			maker.append({ kind: "event", code, detail: 2, text: "no upload was acknowledged" });
			await offered(1, 13);
			assert.deepEqual(lines, ["configuration-reverted 2: no upload was acknowledged"]);
		});
	});
}

describeOffers("in memory", async () => new MemoryOfferRepository());
describeOffers("in SQL", async () => {
	const store = await emptyStore();
	await store.execute("truncate configuration_offers");
	return new SqlOfferRepository(store);
});

describe("the repository in SQL", () => {
	it("offers nothing to a station that is not enrolled, and nothing that its record shows", async () => {
		const store = await emptyStore();
		await store.execute("truncate configuration_offers");
		const repository = new SqlOfferRepository(store);
		const offer = readOffer(canonicalTextOf(2), "bor.conf");
		await assert.rejects(repository.put(offer), /station bor-1 is not enrolled/);
		const maker = new ChainMaker();
		await store.query("insert into station_keys values ($1, 1, $2, 0, '', '')", [
			"bor-1",
			Buffer.from(maker.key.publicKey),
		]);
		const hash = sha256(offer.canonicalBytes);
		maker.append({
			kind: "configuration",
			definedId: 2,
			conductivityLaw: 1,
			alphaPerMillionPerDegree: 0,
			turbidityUnit: 0,
			turbidityCurve: 0,
			probes: 0,
			loopShuntMilliohms: 1,
			turbidityAt4MilliampereMilli: 0,
			turbidityAt20MilliampereMilli: 1,
			intervalSeconds: 300,
			hash,
		});
		await store.query("insert into entries values ('bor-1', 7, 2, $1)", [
			Buffer.from(maker.entries[1] ?? new Uint8Array(0)),
		]);
		await repository.put(offer);
		assert.deepEqual(await repository.pending(), []);
	});
});

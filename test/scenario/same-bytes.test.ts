/**
 * What a seeded station leaves in flash, in its record and on the wire, by digests. A change of the code's
 * structure leaves them as they are; a change of a format, a river or the firmware's decisions changes them, and
 * then says so in its commit.
 */
import { strict as assert } from "node:assert";
import { Rehearsal, type RehearsalOptions } from "../../sim/station/rehearsal.js";
import { asciiBytes, hexOf } from "../../src/core/bytes.js";
import { createSha256 } from "../../src/core/sha256.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
} from "../../src/firmware/config/configuration.js";
import { whole } from "../support/depth.js";

/** A day, a technician, a loss of power and half a day more. */
function digestsOf(options: RehearsalOptions): readonly [string, string, string, string] {
	const rehearsal = new Rehearsal(options);
	rehearsal.runUntil(86_400);
	const lines = rehearsal.converse(["version", "status", "read", "watch count=2", "self-test"]);
	rehearsal.runUntil(90_000);
	rehearsal.station.cutPowerNow(600);
	rehearsal.runUntil(129_600);
	rehearsal.settle();
	const { imageHash, entriesHash, batchesHash, problems } = rehearsal.report();
	assert.deepEqual(problems, []);
	const spoken = hexOf(createSha256()(asciiBytes(lines.join("\n"))));
	return [imageHash, entriesHash, batchesHash, spoken].map((hash) => hash.slice(0, 16)) as never;
}

describe("a seeded station", function () {
	this.timeout(120_000);

	it("leaves the same flash, entries, batches and words after a storm", () => {
		assert.deepEqual(digestsOf({ seed: 14, scenario: "storm-pek", sectors: 16 }), [
			"6ac5e1b99db3bf44",
			"ccb4faa4c29cc41d",
			"ee9a7f0f59a2cd44",
			"9c45578a1fd047d1",
		]);
	});

	whole("leaves the same when a configuration is offered on the way", () => {
		const offer = { fromSeconds: 3600, intervalSeconds: 60 };
		assert.deepEqual(digestsOf({ seed: 15, scenario: "acid-bor", sectors: 16, offer }), [
			"6cff6c48067d87bd",
			"dc02ba221d64a271",
			"e08bdb89019f12d1",
			"d0c13b2d614fde8d",
		]);
	});

	it("has the same canonical form of its configuration, and so the same hash in its record", () => {
		const text = canonicalConfiguration({
			...DEFAULT_CONFIGURATION,
			station: "bor-1",
			collectorHost: "collector.example",
			collectorPort: 443,
			collectorPublicKey: new Uint8Array(33).fill(2),
			turbidityCoefficientsMicro: [-160_000, 191_247_000, 8_071_460],
		});
		assert.equal(
			hexOf(createSha256()(asciiBytes(text))),
			"4acf2e38b5b4720439d3c9c7303dc32b71f5d419264a65677def0c86a1ca7c4b",
		);
	});
});

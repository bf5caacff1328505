/** One row is all that a field of the configuration needs, from an operator's file to the value. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readOffer } from "../../../src/collector/ledger/configuration-offers.js";
import { asciiBytes } from "../../../src/core/bytes.js";
import {
	CONFIGURATION_FIELDS,
	defaultsOf,
	type FieldTable,
} from "../../../src/firmware/config/configuration-fields.js";
import {
	parseCanonicalConfiguration,
	parseFields,
} from "../../../src/firmware/config/parse-configuration.js";
import { configurationExample, fieldComments, fieldTable } from "../../support/data/field-docs.js";
import { blockOf } from "../../support/data/markdown.js";
import { PROJECT } from "../../support/sources.js";

describe("the table of configuration fields", () => {
	it("makes an example that the collector reads and a station takes, as docs/COLLECTOR.md has it", () => {
		const document = readFileSync(join(PROJECT, "docs/COLLECTOR.md"), "utf8");
		const text = blockOf(document, "configuration-example").replaceAll("```\n", "");
		const { station, id, canonicalBytes } = readOffer(text, "COLLECTOR.md");
		const configuration = parseCanonicalConfiguration(canonicalBytes);
		assert.deepEqual([station, id], ["bor-1", 2]);
		assert.equal(configuration.collectorHost, "collector.example.org");
		assert.equal(configuration.intervalSeconds, 300);
		assert.equal(configuration.turbidityProbe, "loop-4-20");
		assert.deepEqual(configuration.turbidityCoefficientsMicro, []);
	});

	it("says of each field what it is for", () => {
		const comments = fieldComments();
		assert.deepEqual([...comments.keys()], Object.keys(CONFIGURATION_FIELDS));
		assert.ok([...comments.values()].every((text) => text.length > 10 && text.endsWith(".")));
	});

	it("is frozen, its defaults too", () => {
		assert.ok(Object.isFrozen(CONFIGURATION_FIELDS));
		assert.ok(Object.isFrozen(defaultsOf(CONFIGURATION_FIELDS)));
	});
});

describe("a made-up field of the configuration", () => {
	const TABLE = {
		...CONFIGURATION_FIELDS,
		oxygenMembrane: { kind: ["thick", "thin"], start: "thick", since: 4 },
		airHumidityPermille: { kind: "number", range: [300, 1100], start: 1013, since: 4 },
	} as const satisfies FieldTable;
	const example = configurationExample().replaceAll("```\n", "");
	const parse = (lines: string) =>
		parseFields(readOffer(`${example}${lines}`, "f").canonicalBytes, TABLE);

	it("comes out of an operator's file as a value of its type", () => {
		const { oxygenMembrane, airHumidityPermille, station } = parse(
			"oxygenMembrane=thin # the new ones\nairHumidityPermille=985\n",
		);
		assert.deepEqual([oxygenMembrane, airHumidityPermille, station], ["thin", 985, "bor-1"]);
	});

	it("is refused out of its range, with field, value and range", () => {
		for (const [line, message] of [
			["oxygenMembrane=torn\n", 'oxygenMembrane is "torn"; use thick or thin'],
			[
				"airHumidityPermille=12\n",
				"airHumidityPermille is 12; use a whole number from 300 to 1100",
			],
			["airHumidityPermille=high\n", 'configuration: airHumidityPermille "high" is no number'],
		] as const) {
			assert.throws(() => parse(line), { code: "configuration-invalid", message });
		}
	});

	it("may be left out, for it came later, and then has its default", () => {
		assert.equal(parse("").airHumidityPermille, undefined);
		assert.equal(defaultsOf(TABLE).airHumidityPermille, 1013);
	});

	it("is told of in the documented table", () => {
		const text = fieldTable(TABLE, new Map([["oxygenMembrane", "Which membrane is on."]]));
		assert.match(
			text,
			/^\| `oxygenMembrane` +\| `thick`, `thin` +\| `thick` +\| 4 +\| Which membrane is on\. +\|$/m,
		);
	});

	it("is unknown to a station whose table lacks it", () => {
		const { canonicalBytes } = readOffer(`${example}oxygenMembrane=thin\n`, "f");
		assert.throws(() => parseCanonicalConfiguration(canonicalBytes), /canonical form: unknown/);
		assert.throws(() => parseCanonicalConfiguration(asciiBytes("")), /station is missing/);
	});
});

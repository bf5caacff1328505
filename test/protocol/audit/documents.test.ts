import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENT_SCHEMAS } from "../../../src/protocol/audit/document-schemas.js";
import {
	type Parsed,
	parseApprovals,
	parseCorrections,
	parsePolicy,
	parseVisits,
	policiesInOrder,
} from "../../../src/protocol/audit/documents.js";
import { proposedCorrections } from "../../../src/protocol/audit/proposal.js";
import { secondsOf, timeText } from "../../../src/protocol/audit/schema.js";
import { documentOf } from "../../support/data/values-table.js";
import { PROJECT } from "../../support/sources.js";

const DIGEST = "ab".repeat(32);
const text = (name: string): string => readFileSync(join(PROJECT, "policies", name), "utf8");

function problemsOf(parsed: Parsed<unknown>): readonly string[] {
	return "problems" in parsed ? parsed.problems : [];
}

// biome-ignore lint/suspicious/noExplicitAny: a document to spoil.
function spoiled(change: (policy: any) => void): readonly string[] {
	const policy = JSON.parse(text("bor.json"));
	change(policy);
	return problemsOf(parsePolicy(JSON.stringify(policy), DIGEST));
}

const HEAD = { schema: 1, station: "bor-1", version: 1, operator: "Milena", date: "2026-05-20" };
const CORRECTION = {
	id: "ph-1",
	channel: "ph",
	from: "2026-05-01T08:00:00Z",
	to: "2026-05-15T08:00:00Z",
	decision: "apply",
	reason: "visit",
	drift: [{ standard: 7, reading: 7.1 }],
};

function correctionProblems(...corrections: object[]): readonly string[] {
	const document = { document: "bistrina-corrections", ...HEAD, corrections };
	return problemsOf(parseCorrections(JSON.stringify(document), DIGEST));
}

describe("operators' documents", () => {
	it("have the default policies of the Bor and the Pek, with a reason for each threshold", () => {
		for (const name of ["bor.json", "pek.json"]) {
			const policy = documentOf(parsePolicy(text(name), DIGEST));
			assert.equal(policy.station, "*");
			assert.equal(policy.name, `1:${"ab".repeat(16)}`);
			assert.equal(policy.intervalSeconds, 300);
			const { ph, temperature, ec25, turbidity } = policy.channels;
			assert.deepEqual(ph.rules.tests.grossRange?.failSpan, [0, 14]);
			assert.equal(ph.rules.tests.spike?.suspectThreshold, 0.3);
			assert.equal(ph.rules.tests.spike?.method, "differential");
			assert.equal(ph.rules.tests.rateOfChange?.threshold, 0.0017);
			assert.equal(ph.rules.tests.flatLine?.tolerance, 0.003);
			assert.equal(temperature.rules.tests.spike?.suspectThreshold, 1.5);
			assert.equal(temperature.rules.tests.flatLine?.valueMin, 0.5);
			assert.equal(temperature.rules.tests.climatology?.length, 12);
			assert.equal(ec25.rules.tests.spike?.isRelative, true);
			assert.equal(ec25.rules.tests.spike?.suspectThreshold, 0.1);
			assert.equal(turbidity.rules.tests.spike?.suspectThreshold, 20);
			assert.equal(turbidity.rules.tests.rateOfChange, undefined);
			for (const { rules } of [ph, temperature, ec25, turbidity]) {
				assert.equal(rules.tests.spike?.failThreshold, undefined);
				assert.equal(rules.tests.rateOfChange?.failThreshold, undefined);
			}
			assert.equal(policy.limits.length, 0);
		}
		assert.deepEqual(
			documentOf(parsePolicy(text("bor.json"), DIGEST)).channels.ph.rules.tests.grossRange,
			{ failSpan: [0, 14], suspectSpan: [2, 10] },
		);
	});

	it("are checked by the schemas that are published", () => {
		for (const [kind, schema] of Object.entries(DOCUMENT_SCHEMAS)) {
			const path = join(PROJECT, "docs/schema", `${kind}.schema.json`);
			const published = {
				$schema: "https://json-schema.org/draft/2020-12/schema",
				title: kind,
				...schema,
			};
			const printed = `${JSON.stringify(published)}\n`;
			if (process.env["BISTRINA_WRITE_DOCS"] === "1") writeFileSync(path, printed);
			assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), JSON.parse(printed));
		}
	});

	it("tell all problems at once", () => {
		assert.deepEqual(
			spoiled((policy) => {
				delete policy.reason;
				policy.version = 0;
				policy.station = "Bor 1";
				policy.colour = "blue";
				policy.validFrom = "2026-02-30T00:00:00Z";
				policy.channels.ph.instrument.fail = ["broken"];
				policy.channels.ph.spike.suspect = "0.3";
			}),
			[
				"reason is missing",
				'station must be a station\'s id, or * for any, not "Bor 1"',
				"version must be a whole number from 1 to 999999, not 0",
				'validFrom must be a time like 2026-10-01T06:00:00Z, not "2026-02-30T00:00:00Z"',
				'channels.ph.instrument.fail[0] must be one of absent, fault, outOfRange, unstable, uncompensated, suspect, saturated, uncalibrated, not "broken"',
				'channels.ph.spike.suspect must be a number from 0 to 1000000000, not "0.3"',
				"colour is not known: document, schema, station, version, validFrom, reason, intervalSeconds, gapSeconds, conductivity, stationSuspect, channels, limits are",
			],
		);
	});

	it("tell what no schema can say", () => {
		assert.deepEqual(
			spoiled(({ conductivity, channels, limits }) => {
				conductivity.law = "linear";
				channels.ph.grossRange.suspect = [2, 15];
				channels.temperature.climatology.members = [{ months: [12, 2], suspect: [5, 0] }];
				channels.ec25.flatLine.failSeconds = 600;
				channels.turbidity.spike = { method: "average", reason: "none" };
				limits.push({ class: "I", quantity: "ph", reason: "none" });
			}),
			[
				"conductivity.alphaPerMillionPerDegree belongs to the law linear, and to it alone",
				"channels.ph.grossRange.suspect reaches beyond fail",
				"channels.temperature.climatology.members[0].months goes over the new year: make it two members",
				"channels.temperature.climatology.members[0].suspect has its lower end second",
				"channels.ec25.flatLine: fail is at less than suspect",
				"channels.turbidity.spike has no threshold: leave the test out",
				"limits[0] has neither low nor high",
			],
		);
	});

	it("let spike, rate and climatology fail a value only where the policy says that they may", () => {
		// biome-ignore lint/suspicious/noExplicitAny: a document to spoil.
		const failing = ({ ph, temperature }: any, mayFail: boolean): void => {
			Object.assign(ph.spike, { fail: 1, mayFail });
			Object.assign(ph.rateOfChange, { failPerSecond: 1, mayFail });
			Object.assign(temperature.climatology, { mayFail });
			temperature.climatology.members[0].fail = [-1, 20];
		};
		assert.deepEqual(
			spoiled(({ channels }) => failing(channels, true)),
			[],
		);
		const problems = spoiled(({ channels }) => failing(channels, false));
		assert.deepEqual(
			problems.map((problem) => problem.split(" ")[0]),
			[
				"channels.ph.spike.fail",
				"channels.ph.rateOfChange.failPerSecond",
				"channels.temperature.climatology.members[0].fail",
			],
		);
	});

	it("refuse a name that is given twice, which readers understand differently", () => {
		const twice = text("bor.json").replace('"gapSeconds"', '"version": 2, "gapSeconds"');
		assert.deepEqual(problemsOf(parsePolicy(twice, DIGEST)), [
			'the document has "version" twice in one object',
		]);
		const hidden = text("bor.json").replace('"gapSeconds"', '"\\u0076ersion": 2, "gapSeconds"');
		assert.match(problemsOf(parsePolicy(hidden, DIGEST))[0] ?? "", /"version" twice/);
	});

	it("refuse what is no JSON, and nesting without end, in a sentence", () => {
		assert.deepEqual(problemsOf(parsePolicy("{", DIGEST)), ["the document is no JSON"]);
		assert.match(problemsOf(parsePolicy("[".repeat(60_000), DIGEST))[0] ?? "", /lists deep/);
		assert.deepEqual(problemsOf(parsePolicy("[]", DIGEST)), [
			"the document must be an object, not []",
		]);
	});

	it("never tell more than fifty problems", () => {
		const problems = spoiled(({ limits }) => {
			for (let index = 0; index < 90; index++) limits.push({});
		});
		assert.equal(problems.length, 51);
		assert.match(problems[50] ?? "", /^and \d+ problems more$/);
	});

	it("take policies whose versions and times rise together, and no others", () => {
		const version = (number: number, validFrom: string) => {
			const policy = { ...JSON.parse(text("bor.json")), version: number, validFrom };
			return documentOf(parsePolicy(JSON.stringify(policy), DIGEST));
		};
		const first = version(1, "2026-01-01T00:00:00Z");
		const second = version(2, "2026-02-01T00:00:00Z");
		assert.deepEqual(documentOf(policiesInOrder([second, first])), [first, second]);
		assert.deepEqual(problemsOf(policiesInOrder([first, first])), ["two policies of version 1"]);
		assert.deepEqual(problemsOf(policiesInOrder([first, version(2, "2026-01-01T00:00:00Z")])), [
			"policy 2 holds from no later than policy 1 does",
		]);
	});

	it("refuse corrections that overlap, turn back, say nothing, or divide by nothing", () => {
		assert.deepEqual(correctionProblems(CORRECTION), []);
		const next = { ...CORRECTION, id: "ph-2", from: CORRECTION.to, to: "2026-06-01T00:00:00Z" };
		assert.deepEqual(correctionProblems(next, CORRECTION), []);
		assert.deepEqual(correctionProblems(CORRECTION, { ...next, from: "2026-05-15T07:59:59Z" }), [
			"corrections[0] (ph-1) and corrections[1] (ph-2) of ph overlap",
		]);
		assert.deepEqual(correctionProblems(CORRECTION, { ...next, id: "ph-1" }), [
			"corrections[1].id ph-1 is there twice",
		]);
		assert.deepEqual(correctionProblems({ ...CORRECTION, to: CORRECTION.from }), [
			"corrections[0].to is not after from",
		]);
		assert.deepEqual(correctionProblems({ ...CORRECTION, drift: undefined }), [
			"corrections[0] has neither fouling nor drift",
		]);
		const zero = { standard: 0.1, reading: 0 };
		assert.deepEqual(correctionProblems({ ...CORRECTION, channel: "ec25", drift: [zero] }), [
			"corrections[0].drift: readings must be above 0: errors are parts of them",
		]);
		assert.deepEqual(
			correctionProblems({ ...CORRECTION, channel: "turbidity", drift: [zero, zero] }),
			[
				"corrections[0].drift has two standards with one reading",
				"corrections[0].drift needs a standard read above 10",
			],
		);
	});

	it("take no proposal for a decision", () => {
		const document = { document: "bistrina-correction-proposal", ...HEAD, corrections: [] };
		const [problem] = problemsOf(parseCorrections(JSON.stringify(document), DIGEST));
		assert.equal(
			problem,
			'document must be "bistrina-corrections", not "bistrina-correction-proposal"',
		);
	});

	it("take approvals by period and channel", () => {
		const approval = {
			channel: "ph",
			from: "2026-05-01T00:00:00Z",
			to: "2026-06-01T00:00:00Z",
			reason: "May",
		};
		const document = { document: "bistrina-approvals", ...HEAD, approvals: [approval] };
		const { byChannel } = documentOf(parseApprovals(JSON.stringify(document), DIGEST));
		assert.deepEqual(byChannel.ph, [{ fromSeconds: 1_777_593_600, toSeconds: 1_780_272_000 }]);
		assert.deepEqual(byChannel.ec25, []);
	});
});

describe("visits", () => {
	const visits = (...checks: object[][]): string =>
		JSON.stringify({
			document: "bistrina-visits",
			schema: 1,
			station: "bor-1",
			version: 1,
			visits: checks.map((each, index) => ({
				id: `v${index}`,
				time: `2026-05-0${index + 1}T08:00:00Z`,
				who: "Milena",
				checks: each,
			})),
		});
	const fouling = {
		stationFouled: 7.52,
		stationCleaned: 7.74,
		fieldFouled: 7.8,
		fieldCleaned: 7.82,
	};

	it("propose the correction of the worked example, buffers by their name and temperature", () => {
		const drift = [
			{ solution: "american-7.00", celsius: 20, reading: 7.06 },
			{ solution: "american-10.01", celsius: 20, reading: 10.18 },
		];
		const parsed = documentOf(
			parseVisits(visits([{ channel: "ph" }], [{ channel: "ph", fouling, drift }]), DIGEST),
		);
		assert.deepEqual(proposedCorrections(parsed.visits), [
			{
				id: "ph-1",
				channel: "ph",
				from: "2026-05-01T08:00:00Z",
				to: "2026-05-02T08:00:00Z",
				decision: "apply",
				reason: "visits v0 and v1: 0.256923 pH at its end, beyond 0.2",
				fouling,
				drift: [
					{ standard: 7.02, reading: 7.06 },
					{ standard: 10.06, reading: 10.18 },
				],
			},
		]);
	});

	it("propose nothing before a visit that was known good, and leave what is within the criterion", () => {
		const small = { stationFouled: 600, stationCleaned: 604, fieldFouled: 600, fieldCleaned: 600 };
		const large = { stationFouled: 100, stationCleaned: 160, fieldFouled: 100, fieldCleaned: 100 };
		const { visits: parsed } = documentOf(
			parseVisits(
				visits(
					[{ channel: "ec25", fouling: small }],
					[{ channel: "ec25", fouling: small }],
					[{ channel: "ec25", fouling: large }],
					[{ channel: "ec25", drift: [{ standard: 100, reading: 96 }] }],
				),
				DIGEST,
			),
		);
		assert.deepEqual(
			proposedCorrections(parsed).map(({ decision, reason }) => `${decision}: ${reason}`),
			[
				"leave: visits v0 and v1: 0.666667 % at its end, within 3",
				"leave: visits v1 and v2: 60 % at its end, beyond 30: consider deletion",
				// 4.17 % is more than 3 %, but 5 uS/cm of 96 are 5.2 %.
				"leave: visits v2 and v3: 4.166667 % at its end, within 5.208333",
			],
		);
	});

	it("refuse a solution of another channel, beyond its table, or beside a value", () => {
		const point = (each: object): readonly string[] =>
			problemsOf(parseVisits(visits([{ channel: "ph", drift: [each] }]), DIGEST));
		assert.deepEqual(point({ reading: 7, solution: "kcl-1413", celsius: 20 }), [
			"visits[0].checks[0].drift[0].solution is none for ph",
		]);
		assert.deepEqual(point({ reading: 7, solution: "din-6.86", celsius: 41 }), [
			"visits[0].checks[0].drift[0].celsius is beyond the table of din-6.86",
		]);
		assert.deepEqual(point({ reading: 7, solution: "din-6.86", celsius: 20, standard: 6.88 }), [
			"visits[0].checks[0].drift[0] must have either standard or solution with celsius",
		]);
	});
});

describe("times as text", () => {
	it("agree with the engine's calendar, there and back", () => {
		for (let seconds = -2_000_000_000; seconds < 8_000_000_000; seconds += 7_654_321) {
			const engine = `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
			assert.equal(timeText(seconds), engine);
			assert.equal(secondsOf(engine), seconds);
		}
		assert.equal(secondsOf("2026-02-29T00:00:00Z"), undefined);
		assert.equal(secondsOf("2026-02-28T24:00:00Z"), undefined);
		assert.equal(secondsOf("2026-02-28 00:00:00Z"), undefined);
	});
});

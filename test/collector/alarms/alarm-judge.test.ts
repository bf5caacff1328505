/** The campaign's judge finds what it is for. */
import { strict as assert } from "node:assert";
import { type AlarmHappening, judgeAlarms } from "../../support/judges/alarm-judge.js";

const got = (id: string, isTaken = true, isOurs = true): AlarmHappening => ({
	kind: "got",
	hook: "webhook",
	id,
	station: "k0",
	isTaken,
	isOurs,
});
const killed = (...told: string[]): AlarmHappening => ({ kind: "killed", told: new Set(told) });

function judged(happenings: AlarmHappening[], states: [string, string][] = []): string[] {
	const alarms = states.length === 0 ? [] : [{ id: "a" }, { id: "b", after: "a" }];
	return judgeAlarms(happenings, { alarms, hooks: ["webhook"], states: new Map(states) });
}

describe("judge of the alarms' campaign", () => {
	const TOLD: [string, string][] = [
		["webhook a", "told"],
		["webhook b", "told"],
	];

	it("finds nothing where each came, also once more after a death before it was noted", () => {
		assert.deepEqual(judged([got("a", false), got("a"), killed(), got("a"), got("b")], TOLD), []);
	});

	for (const [what, happenings, expected, states] of [
		["one that came twice", [got("a"), got("a")], "webhook a came again after it was taken"],
		[
			"one that came again although its note had outlived the death",
			[got("a"), killed("webhook a"), got("a")],
			"webhook a came again after it was taken",
		],
		[
			"one that was noted before it was told",
			[got("x", false), killed("webhook a"), got("a")],
			"webhook a came after it was noted as told",
		],
		["one that never came", [got("b")], "webhook a is noted as told and never was", TOLD],
		[
			"one that was forgotten",
			[got("b")],
			"webhook a is waiting at the end",
			[
				["webhook a", "waiting"],
				["webhook b", "told"],
			],
		],
		["an end before its begin", [got("b"), got("a")], "webhook b came before a", TOLD],
		[
			"one that came while it was muted",
			[{ kind: "muted", station: "k0" }, got("a")],
			"webhook a came while it was muted",
		],
		[
			"one that came after it was seen",
			[{ kind: "acknowledged", ids: ["a"] }, got("a")],
			"webhook a came after it was seen",
		],
		[
			"one with a wrong signature",
			[got("a", true, false)],
			"webhook a was not signed as it must be",
		],
	] as readonly (readonly [string, AlarmHappening[], string, [string, string][]?])[]) {
		it(`finds ${what}`, () => assert.deepEqual(judged(happenings, states), [expected]));
	}
});

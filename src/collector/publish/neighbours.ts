/** How far back the tests of a policy look, so that rows can be derived again without all those before them. */
import type { Policy } from "../../protocol/audit/documents.js";
import type { RecordKnowledge } from "../../protocol/audit/record-knowledge.js";
import type { Entry } from "../../protocol/record/entry-layouts.js";

export interface Neighbours {
	/** Sequences to go back: rows and what lies between them. */
	readonly sequences: number;
	/** Whether the readings of these entries up to `keptAfter` are neighbours enough for those that follow. */
	suffices(entries: readonly Entry[], keptAfter: number, knowledge: RecordKnowledge): boolean;
}

/** A spike's neighbours, the rate's, and a series of fewer than three rows. */
const ROWS_MIN = 8;
/** Rows and as many entries of other kinds between them. */
const SEQUENCES_PER_ROW = 2;
const SPARE_SECONDS = 3600;

export function neighboursOf(policies: readonly Policy[]): Neighbours {
	let rows = ROWS_MIN;
	let seconds = 0;
	for (const { channels } of policies) {
		for (const { rules } of Object.values(channels)) {
			const { flatLine, attenuatedSignal } = rules.tests;
			if (flatLine !== undefined) {
				const { suspectThresholdSeconds, failThresholdSeconds } = flatLine;
				const longest = Math.max(suspectThresholdSeconds, failThresholdSeconds);
				rows = Math.max(rows, Math.ceil(longest / rules.intervalSeconds) + ROWS_MIN);
			}
			seconds = Math.max(seconds, attenuatedSignal?.testPeriodSeconds ?? 0);
		}
	}
	return {
		// A station's watch measures each minute: five rows where the period has room for one.
		sequences: SEQUENCES_PER_ROW * (rows + 5 * Math.ceil(seconds / 300)) + 128,
		suffices: (entries, keptAfter, knowledge) => {
			const before = entries.filter(
				({ kind, sequence }) => kind === "reading" && sequence <= keptAfter,
			);
			const [first] = before;
			const last = before.at(-1);
			if (first === undefined || last === undefined || before.length < rows) return false;
			// One that nothing dates is judged by the policy of the row before it.
			const from = knowledge.resolve(first)?.utcSeconds;
			const to = knowledge.resolve(last)?.utcSeconds;
			if (from === undefined || to === undefined) return false;
			return seconds === 0 || to - from >= seconds + SPARE_SECONDS;
		},
	};
}

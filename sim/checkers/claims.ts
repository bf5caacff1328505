/**
 * Judges the claims of a record by themselves (docs/EVENTS.md): each event of the water, and each storm, begins once,
 * changes while it lasts, and ends once; what a claim names is in the record. A loss of power alters nothing of that.
 */
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import type { Findings } from "./findings.js";

export interface ClaimsOptions {
	/** Of one epoch, ascending by sequence: what any collector held, and what was appended. */
	readonly entries: readonly Entry[];
	/** What the station's flash may have lost by the time of another entry, so that it cannot know it. */
	readonly isLost: (sequence: number, bySequence: number) => boolean;
}

const WATCH = 1;
const STORM = 4;
const BEGIN = 1;
const END = 3;
/** A watch has three hours, an alarm and a storm a day (docs/EVENTS.md), by the readings' own times. */
const LASTS_SECONDS_MAX = 86_400;
/** Readings after that which did not end it: the one that a boot begins with, and one that an event continues with. */
const READINGS_AFTER_MAX = 3;

interface OpenClaim {
	readonly begin: number;
	/** As its readings have seen it: how long power was gone between two boots nobody may know. */
	lastedSeconds: number;
	code: number;
	readingsAfter: number;
}

export function judgeClaims({ entries, isLost }: ClaimsOptions, findings: Findings): void {
	const open = new Map<"water" | "storm", OpenClaim>();
	/** What was claimed of which reading. */
	const claimed = new Set<string>();
	const readings = new Set<number>();
	let last: Entry | undefined;
	for (const entry of entries) {
		const { sequence } = entry;
		if (entry.kind === "reading") {
			readings.add(sequence);
			const before = last?.boot === entry.boot ? last : entry;
			const seconds = entry.uptimeSeconds - before.uptimeSeconds;
			last = entry;
			for (const [of, claim] of open) {
				claim.lastedSeconds += seconds;
				if (claim.lastedSeconds <= LASTS_SECONDS_MAX) continue;
				if (claim.readingsAfter++ !== READINGS_AFTER_MAX || isLost(claim.begin, sequence)) continue;
				findings.add("claim", `${claim.begin}: the ${of}'s event never ends`);
			}
			continue;
		}
		if (entry.kind !== "alarm") continue;
		const { code, phase, beginSequence, readingSequence } = entry;
		const of = code === STORM ? "storm" : "water";
		const was = open.get(of);
		const position = `${sequence}`;
		const name = `${code}/${phase} of reading ${readingSequence}`;
		if (claimed.has(name)) findings.add("claim", `${position}: ${name} is claimed twice`);
		claimed.add(name);
		if (!readings.has(readingSequence) && !isLost(readingSequence, sequence)) {
			findings.add("claim", `${position}: ${name}, which is not in the record before it`);
		}
		if (phase === BEGIN) {
			if (code !== WATCH && code !== STORM)
				findings.add("claim", `${position}: begins with ${code}`);
			if (beginSequence !== 0) findings.add("claim", `${position}: a begin names ${beginSequence}`);
			if (was !== undefined && !isLost(was.begin, sequence)) {
				findings.add("claim", `${position}: the ${of}'s event ${was.begin} begins twice`);
			}
			open.set(of, { begin: sequence, lastedSeconds: 0, code, readingsAfter: 0 });
			continue;
		}
		if (was === undefined || was.begin !== beginSequence) {
			if (!isLost(beginSequence, sequence)) {
				const instead = was === undefined ? "none continues" : `${was.begin} continues`;
				const what = phase === END ? "ends" : "changes";
				findings.add(
					"claim",
					`${position}: ${what} the ${of}'s event ${beginSequence}; ${instead}`,
				);
			}
		} else if (phase === END && code !== was.code) {
			findings.add("claim", `${position}: ends as ${code} what is ${was.code}`);
		} else if (phase !== END && code <= was.code) {
			// It grows worse or stays: from a watch to acid or conductivity, from conductivity to acid.
			if (!(was.code === 3 && code === 2))
				findings.add("claim", `${position}: ${was.code} to ${code}`);
		}
		if (phase === END) open.delete(of);
		else if (was !== undefined) was.code = code;
	}
}

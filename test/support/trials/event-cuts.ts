/**
 * A station that half an hour of mine water reaches, and a storm after it, while power fails at chosen operations: what
 * its flash says of both, judged by the claims alone and against a station whose power held.
 */
import { judgeClaims } from "../../../sim/checkers/claims.js";
import { Findings } from "../../../sim/checkers/findings.js";
import { FIRST_ACID_SECONDS } from "../../../sim/river/acid-bor.js";
import type { River } from "../../../sim/river/river.js";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import type { AlarmBody, Entry } from "../../../src/protocol/record/entry-layouts.js";
import { readImage } from "../../../src/technician/journal-image-file.js";
import { bareStation, runUntil, START_UTC_SECONDS } from "../engines/bare-station.js";

const HOUR = 3600;
const ACID_SECONDS = 1800;
const STORM_SECONDS = 4.5 * HOUR;
const STORM_LASTS_SECONDS = 3000;
const END_SECONDS = 6.25 * HOUR;

export interface EventCut {
	readonly seed: number;
	/** Operations of the board after which power fails, the second counted from the first; none without it. */
	readonly cuts?: readonly number[];
	/** How long it is gone. */
	readonly outageSeconds?: number;
}

export interface EventCutReport {
	/** Code and phase of each claim. */
	readonly output: string;
	readonly claims: readonly (Entry & AlarmBody)[];
	/** The operations at which each claim was appended, and at the end. */
	readonly operations: readonly number[];
	readonly end: number;
	readonly violations: readonly string[];
}

export function runEventCut({ seed, cuts = [], outageSeconds = 20 }: EventCut): EventCutReport {
	const operations: number[] = [];
	const station = bareStation({
		seed,
		river: shortEvents(seed),
		sectors: 16,
		witness: {
			appended: (canonicalBytes) => {
				if (decodeEntry(canonicalBytes).kind === "alarm")
					operations.push(station.counters.operations);
			},
			acknowledged: () => {},
		},
	});
	const [first, second] = cuts;
	if (first !== undefined) {
		station.cutPowerAfter(first, outageSeconds);
		while (station.counters.powerCuts === 0 && station.step());
		if (second !== undefined) station.cutPowerAfter(second, outageSeconds);
	}
	// What power takes comes later, and so does an end.
	const lost = outageSeconds > 60 ? 3 * outageSeconds + 26 * HOUR : 0;
	runUntil(station, START_UTC_SECONDS + END_SECONDS + lost);
	const findings = new Findings();
	// What flash holds: an append that a cut ended may be there whole.
	const entries = (readImage(station.flash.bytes)?.entries ?? []).map(decodeEntry);
	judgeClaims(
		{
			entries,
			isLost: () => false,
		},
		findings,
	);
	const violations = [...findings.lines];
	if (station.counters.powerCuts !== cuts.length) violations.push("power was not cut as often");
	const claims = entries.filter((entry) => entry.kind === "alarm");
	for (const begin of claims.filter(({ phase }) => phase === 1)) {
		const isEnded = claims.some(
			({ phase, beginSequence }) => phase === 3 && beginSequence === begin.sequence,
		);
		if (!isEnded) violations.push(`the event ${begin.sequence} never ends`);
	}
	return {
		output: claims.map(({ code, phase }) => `${code}/${phase}`).join(" "),
		claims,
		operations,
		end: station.counters.operations,
		violations,
	};
}

/** Mine water that is cut off after half an hour, and a storm later. */
function shortEvents(seed: number): River {
	const acid = SCENARIOS["acid-bor"]?.(seed, START_UTC_SECONDS);
	const quiet = SCENARIOS["quiet-bor"]?.(seed, START_UTC_SECONDS);
	if (acid === undefined || quiet === undefined) throw new Error("no river");
	return {
		...quiet,
		at: (utcSeconds) => {
			const since = utcSeconds - START_UTC_SECONDS;
			if (since < FIRST_ACID_SECONDS + ACID_SECONDS) return acid.at(utcSeconds);
			const water = quiet.at(utcSeconds);
			if (since < STORM_SECONDS || since > STORM_SECONDS + STORM_LASTS_SECONDS) return water;
			return {
				...water,
				conductivityAt25MicrosiemensPerCm: 0.7 * water.conductivityAt25MicrosiemensPerCm,
				turbidityFormazinUnits: 40 * water.turbidityFormazinUnits + 100,
			};
		},
	};
}

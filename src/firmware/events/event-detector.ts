/**
 * Finds events in the water: a rise of conductivity against what it was, judged with pH and turbidity. One reading
 * in, claims out; a function of its readings alone, so that a station that lost its memory gets it back by taking the
 * readings of its record again. The rule, its reasons and what it was measured with are in docs/EVENTS.md.
 */
import { exp } from "../../core/elementary.js";
import type { AlarmBody } from "../../protocol/record/entry-layouts.js";
import { ALARM_CODES, ALARM_PHASES } from "../../protocol/record/events.js";
import {
	EVENT_RULE_VERSION,
	type EventThresholds,
	riseOf,
	STEPS_PER_E,
	stepsOf,
} from "./event-rule.js";
import {
	ACIDS,
	AGREED,
	BASELINE,
	BEGIN,
	BURSTS,
	CALMS,
	CODE,
	EC_COUNT,
	EventMemory,
	type EventReading,
	FIRST_RISE,
	LONG_AGE,
	milliOf,
	PH_AGE,
	PH_COUNT,
	PH_LEVEL,
	PH_RING,
	PH_SLOPE,
	QUIET,
	RING_MIN,
	SINCE,
	SPREAD,
	STORM_BEGIN,
	STORM_IS,
	STORM_ROW,
	STORM_SINCE,
	STRONGS,
	TURBIDITY_COUNT,
} from "./event-state.js";

/** How many spreads a rise must be. */
const SPREADS = 6;
/** Above the week's level by this much, or it is a recovery: 0.04. */
const ABOVE_LONG = 200;
/** A rise that has grown since its watch began, where pH falls with it and where it does not: 0.02, 0.05. */
const GROWTH = 100;
const GROWTH_BLIND = 250;
/** An event that is nearly back: 0.04. */
const CALM = 200;
/** Without pH a rise must be this much more than with it: 0.185 where it is 0.077, 20.3 % for 8 %. */
const BLIND_FACTOR = 2.4;
/** pH below its own course, 0.001: agrees with a rise; stands for the week's level; is acid in stormy water, too. */
const PH_AGREES = 35;
const PH_PROVES = 50;
const PH_OBVIOUS = 500;
const PH_STORMY = 220;
const PH_STORMY_WARM = 90;
const PH_UNGROWN = 300;
/** Acid takes pH with it: 0.22 for each e-fold of conductivity, which salt does not. */
const PH_PER_E = 220;
/** Colder water meets salted roads: there a rise alone is no alarm. Where nobody knows, it is not colder. */
const SALT_CELSIUS = 8;
/** By what pH may leave its course in an hour beyond the first, 0.001. */
const PH_WANDERS = 200;
/** Readings in a row. */
const ACID_RUN = 3;
const STRONG_RUN = 5;
const STRONG_RUN_STORMY = 15;
const CALM_RUN = 15;
const STORM_RUN = 4;
/** Burst: so many readings, so far apart, of which two agree. */
const BURST = 3;
const BURST_AGREE = 2;
const BURST_SECONDS = 24;
const WATCH_SECONDS_MAX = 10_800;
const ALARM_SECONDS_MAX = 86_400;
const QUIET_SECONDS = 1800;
/** A storm: conductivity this far below its level (-0.10), turbidity so many times its median. */
const STORM_DIP = -500;
const STORM_TURBID = 3;
/** Water that a storm may have made what it is, when it may be salted and when not. */
const STORMY_COLD = 2;
const STORMY_WARM = 5;
const STORM_OVER = 1.5;
const STORM_SECONDS_MAX = 86_400;
/** A longer silence between readings counts as this. */
const ELAPSED_MAX = 604_800;

/** Absent, in an entry. */
const NO_PH = -0x8000;
const NO_TURBIDITY = -0x80000000;

export class EventDetector {
	readonly #memory: EventMemory;
	readonly #thresholds: EventThresholds;
	readonly #watch: number;
	readonly #strong: number;
	#claims: AlarmBody[] = [];

	/** As EventMemory. */
	constructor(
		thresholds: EventThresholds,
		state?: Uint8Array,
		storage?: Uint8Array,
		work?: Uint8Array,
	) {
		this.#memory = new EventMemory(state, storage, work);
		this.#thresholds = thresholds;
		this.#watch = riseOf(thresholds.eventWatchPerMille);
		this.#strong = riseOf(thresholds.eventStrongPerMille);
	}

	/** A copy of the state. */
	save(): Uint8Array {
		return this.#memory.save();
	}

	/** ALARM_CODES of the event that continues, 0 none; a storm is not one. */
	get code(): number {
		return this.#memory.at(CODE);
	}

	/** A watch or an alarm: the collector is to hear of it at once. */
	get isUrgent(): boolean {
		return this.code !== 0;
	}

	/** Seconds to the next reading, 0: as usual. */
	get intervalSeconds(): number {
		if (this.#memory.at(BURSTS) > 0) return BURST_SECONDS;
		return this.code === 0 ? 0 : this.#thresholds.eventIntervalSeconds;
	}

	/** A claim of `take` has this sequence in the record. */
	recorded({ code, phase }: AlarmBody, sequence: number): void {
		if (phase !== ALARM_PHASES.begin) return;
		this.#memory.values[code === ALARM_CODES.storm ? STORM_BEGIN : BEGIN] = sequence;
	}

	/** Sequence of what began the event of this code, 0 none. */
	beginOf(code: number): number {
		return this.#memory.at(code === ALARM_CODES.storm ? STORM_BEGIN : BEGIN);
	}

	/** The record has a claim that the readings taken here did not lead to: it counts, and what they say does not. */
	adopt(claim: AlarmBody, sequence: number): void {
		const { values } = this.#memory;
		const { code, phase, secondsSinceBegin, conductivityHundredths } = claim;
		const isEnd = phase === ALARM_PHASES.end;
		const begin = isEnd ? 0 : claim.beginSequence || sequence;
		if (code === ALARM_CODES.storm) {
			values[STORM_IS] = isEnd ? 0 : 1;
			values[STORM_BEGIN] = begin;
			values[STORM_SINCE] = secondsSinceBegin;
			values[STORM_ROW] = 0;
			return;
		}
		const isGoingOn = this.code !== 0 && begin === this.#memory.at(BEGIN);
		values[CODE] = isEnd ? 0 : code;
		values[BEGIN] = begin;
		// What it began with is known better than by its change.
		if (isGoingOn) return;
		values[SINCE] = secondsSinceBegin;
		for (const index of [QUIET, BURSTS, ACIDS, STRONGS, CALMS]) values[index] = 0;
		values[AGREED] = isEnd ? 0 : claim.burstAgreed;
		const x = stepsOf(conductivityHundredths / 100);
		if (isEnd) {
			if (secondsSinceBegin >= lastingOf(code) && conductivityHundredths > 0) {
				this.#memory.ec.fill(x);
			}
			return;
		}
		this.#memory.settleCourse();
		const baseline = stepsOf(claim.baselineHundredths / 100);
		values[BASELINE] = baseline;
		values[SPREAD] = claim.baselineSpread >> 1;
		values[FIRST_RISE] = x - baseline;
		if (this.#memory.at(PH_COUNT) >= PH_RING || claim.pHBeforeMilli === NO_PH) return;
		values[PH_LEVEL] = claim.pHBeforeMilli;
		values[PH_SLOPE] = 0;
		values[PH_COUNT] = PH_RING;
	}

	/** A reading of which the record has no claim: time passes, and its values are those of no event. */
	warm(reading: EventReading): void {
		this.#pass(reading);
		const { values } = this.#memory;
		if (this.code !== 0) return;
		values[BURSTS] = 0;
		values[AGREED] = 0;
		const x = xOf(reading);
		if (x !== undefined) this.#memory.enter(reading, x, false);
	}

	/** Takes a reading; claims in the order in which they are to be recorded. */
	take(reading: EventReading): readonly AlarmBody[] {
		this.#claims = [];
		const isStorm = this.#memory.at(STORM_IS) !== 0;
		// Where nobody looks for events any more, what continues ends.
		if (this.#isOff && this.code === 0 && !isStorm) return this.#claims;
		this.#pass(reading);
		const x = xOf(reading);
		const isStormOver =
			isStorm && (this.#isOff || this.#memory.at(STORM_SINCE) >= STORM_SECONDS_MAX);
		// Where turbidity is thinned out, readings without it say nothing about a storm.
		const hasTurbidity = x !== undefined && reading.turbidity !== undefined;
		if (isStormOver || (hasTurbidity && this.#memory.at(EC_COUNT) >= RING_MIN)) {
			this.#judgeStorm(reading, x ?? 0, isStormOver);
		}
		if (this.code !== 0) this.#follow(reading, x);
		else if (x !== undefined && !this.#isOff) this.#examine(reading, x);
		else this.#endBurst();
		return this.#claims;
	}

	get #isOff(): boolean {
		return this.#thresholds.eventIntervalSeconds === 0;
	}

	#pass({ elapsedSeconds }: EventReading): void {
		const elapsed = Math.min(Math.max(elapsedSeconds, 0), ELAPSED_MAX);
		for (const index of [SINCE, QUIET, PH_AGE, LONG_AGE, STORM_SINCE]) {
			this.#memory.values[index] = Math.min(this.#memory.at(index) + elapsed, 0x3fffffff);
		}
	}

	// --- No event ----------------------------------------------------------------------------------

	#examine(reading: EventReading, x: number): void {
		const state = this.#memory.values;
		const isBurst = this.#memory.at(BURSTS) > 0;
		if (!isBurst) this.#memory.settleBaseline();
		const isRisen = this.#memory.at(EC_COUNT) >= RING_MIN && this.#isRisen(reading, x);
		const isQuiet =
			this.#memory.at(QUIET) < QUIET_SECONDS && (this.#memory.dropOf(reading.pH) ?? 0) < PH_OBVIOUS;
		if (isRisen && !isQuiet) {
			state[BURSTS] = this.#memory.at(BURSTS) + 1;
			state[AGREED] = this.#memory.at(AGREED) + 1;
			if (this.#memory.at(AGREED) < BURST_AGREE) return;
			state[CODE] = ALARM_CODES.watch;
			state[FIRST_RISE] = x - this.#memory.at(BASELINE);
			for (const index of [SINCE, ACIDS, STRONGS, CALMS]) state[index] = 0;
			this.#claim(reading, ALARM_CODES.watch, ALARM_PHASES.begin);
			state[BURSTS] = 0;
			this.#count(reading, x);
			return;
		}
		if (!this.#endBurst()) return;
		this.#memory.enter(reading, x, isBurst);
	}

	/** A reading that does not agree, or does not count: true when no burst continues any more. */
	#endBurst(): boolean {
		const state = this.#memory.values;
		if (this.#memory.at(BURSTS) > 0) {
			state[BURSTS] = this.#memory.at(BURSTS) + 1;
			if (this.#memory.at(BURSTS) < BURST) return false;
		}
		state[BURSTS] = 0;
		state[AGREED] = 0;
		return true;
	}

	#isRisen({ pH }: EventReading, x: number): boolean {
		const rise = x - this.#memory.at(BASELINE);
		if (rise <= this.#watch) return false;
		if (this.#memory.at(BURSTS) === 0) this.#memory.settleCourse();
		const drop = this.#memory.dropOf(pH) ?? 0;
		// A spread measured while a storm thins the water, and a level from before it, say nothing against pH.
		if (drop > PH_PROVES) return true;
		const least = drop > PH_AGREES ? this.#watch : this.#watch * BLIND_FACTOR;
		if (rise <= least) return false;
		if (this.#memory.isClimbing(x)) return true;
		return rise > SPREADS * this.#memory.at(SPREAD) && x > this.#memory.level() + ABOVE_LONG;
	}

	// --- An event continues ---------------------------------------------------------------------------

	#follow(reading: EventReading, x: number | undefined): void {
		if (x !== undefined) this.#count(reading, x);
		const isOver = this.#isOff || this.#memory.at(SINCE) >= lastingOf(this.code);
		if (!isOver && this.#memory.at(CALMS) < CALM_RUN) return;
		const state = this.#memory.values;
		this.#claim(reading, this.code, ALARM_PHASES.end);
		for (const index of [CODE, BEGIN, AGREED, QUIET]) state[index] = 0;
		if (!isOver) return;
		// What did not end by itself is the level from now on.
		if (x !== undefined) this.#memory.ec.fill(x);
		if (reading.pH === undefined) return;
		this.#memory.pH.fill(milliOf(reading.pH));
		state[PH_AGE] = 0;
	}

	#count(reading: EventReading, x: number): void {
		const state = this.#memory.values;
		const rise = x - this.#memory.at(BASELINE);
		const drop = this.#memory.dropOf(reading.pH) ?? 0;
		const mayBeSalt = (reading.celsius ?? SALT_CELSIUS) < SALT_CELSIUS;
		const isStormy = this.#memory.isTurbid(reading, mayBeSalt ? STORMY_COLD : STORMY_WARM);
		const hours = this.#memory.at(SINCE) / 3600;
		// What is there at once and grows no more is a cell that came free.
		const growth = rise - this.#memory.at(FIRST_RISE);
		const calm = this.#thresholds.eventAcidMilliPH;
		const isGrown = growth > GROWTH;
		const isCalm = isGrown && !isStormy;
		const base = isGrown ? (mayBeSalt ? PH_STORMY : PH_STORMY_WARM) : PH_UNGROWN;
		// A calm course is known for an hour; a storm or a day takes pH elsewhere from the first minute on.
		const asked = isCalm
			? calm + PH_WANDERS * Math.max(hours - 1, 0)
			: Math.max(calm, base) + PH_WANDERS * hours;
		const acid = Math.max(asked, (PH_PER_E * rise) / STEPS_PER_E);
		const isAcid = rise > this.#watch && drop > acid;
		state[ACIDS] = isAcid ? this.#memory.at(ACIDS) + 1 : 0;
		const isStrong = rise > this.#strong && growth > GROWTH_BLIND && !mayBeSalt;
		state[STRONGS] = isStrong ? this.#memory.at(STRONGS) + 1 : 0;
		state[CALMS] = rise < CALM ? this.#memory.at(CALMS) + 1 : 0;
		const run = isStormy ? STRONG_RUN_STORMY : STRONG_RUN;
		if (this.#memory.at(ACIDS) >= ACID_RUN) this.#change(reading, ALARM_CODES.acid);
		else if (this.#memory.at(STRONGS) >= run && this.code === ALARM_CODES.watch) {
			this.#change(reading, ALARM_CODES.conductivity);
		}
	}

	#change(reading: EventReading, code: number): void {
		if (this.code === code) return;
		this.#memory.values[CODE] = code;
		this.#claim(reading, code, ALARM_PHASES.change);
	}

	// --- Storm --------------------------------------------------------------------------------------

	#judgeStorm(reading: EventReading, x: number, isTimeOut: boolean): void {
		const state = this.#memory.values;
		const isOn = this.#memory.at(STORM_IS) !== 0;
		const isDipped = x - this.#memory.level() < STORM_DIP;
		const isSign = isOn
			? !this.#memory.isTurbid(reading, STORM_OVER)
			: isDipped && this.#memory.isTurbid(reading, STORM_TURBID);
		state[STORM_ROW] = isSign ? this.#memory.at(STORM_ROW) + 1 : 0;
		if (this.#memory.at(STORM_ROW) < STORM_RUN && !isTimeOut) return;
		state[STORM_ROW] = 0;
		if (!isOn) state[STORM_SINCE] = 0;
		this.#claim(reading, ALARM_CODES.storm, isOn ? ALARM_PHASES.end : ALARM_PHASES.begin);
		state[STORM_IS] = isOn ? 0 : 1;
		// A flood that lasts is the level that the next is measured against.
		if (isTimeOut) state[TURBIDITY_COUNT] = 0;
		if (isOn) state[STORM_BEGIN] = 0;
	}

	// --- Claims -------------------------------------------------------------------------------------

	#claim(reading: EventReading, code: number, phase: number): void {
		const { pH, turbidity, conductivity, sequence } = reading;
		if (this.code === 0) this.#memory.settleCourse();
		const isStorm = code === ALARM_CODES.storm;
		const median = this.#memory.turbidityMedianTenths();
		const isBegin = phase === ALARM_PHASES.begin;
		const drop = this.#memory.dropOf(pH);
		this.#claims.push({
			kind: "alarm",
			code,
			phase,
			rule: EVENT_RULE_VERSION,
			beginSequence: isBegin ? 0 : this.#memory.at(isStorm ? STORM_BEGIN : BEGIN),
			readingSequence: sequence,
			conductivityHundredths: Math.round((conductivity ?? 0) * 100),
			baselineHundredths: Math.round(exp(this.#memory.at(BASELINE) / STEPS_PER_E) * 100),
			baselineSpread: Math.min(2 * this.#memory.at(SPREAD), 0xffff),
			pHMilli: pH === undefined ? NO_PH : Math.round(pH * 1000),
			pHBeforeMilli: pH === undefined || drop === undefined ? NO_PH : Math.round(pH * 1000) + drop,
			burstAgreed: isStorm ? 0 : this.#memory.at(AGREED),
			burstReadings: isStorm ? 0 : Math.max(this.#memory.at(BURSTS), this.#memory.at(AGREED)),
			turbidityMilli: turbidity === undefined ? NO_TURBIDITY : Math.round(turbidity * 1000),
			turbidityMedianMilli: median === undefined ? NO_TURBIDITY : median * 100,
			secondsSinceBegin: isBegin ? 0 : this.#memory.at(isStorm ? STORM_SINCE : SINCE),
		});
	}
}

function xOf({ conductivity }: EventReading): number | undefined {
	return conductivity !== undefined && conductivity > 0 ? stepsOf(conductivity) : undefined;
}

/** How long what bears this code lasts at most, seconds. */
function lastingOf(code: number): number {
	return code === ALARM_CODES.watch ? WATCH_SECONDS_MAX : ALARM_SECONDS_MAX;
}

/**
 * The probes while they have power: rails, warm-up, and what is tried when a probe or its bus
 * fails, in the order of what it costs: again, nine clocks, the rail, then the probe is marked
 * failed and the others continue.
 */
import type { StationError, StationErrorCode } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { CHANNELS, type ChannelName, channelIndexOf } from "../../protocol/record/channels.js";
import type { EventCode } from "../../protocol/record/events.js";
import type { Board } from "../ports.js";
import { pauseFed, type RecoverySteps } from "./acquire.js";
import type { WaterProbes } from "./probes.js";

/** The part of the board that measuring uses. */
export type MeasuringBoard = Pick<
	Board,
	"clock" | "watchdog" | "probeRail" | "loopRail" | "probeBus" | "systemBus"
>;

export interface ChannelFailure {
	/** Index into CHANNELS. */
	readonly channel: number;
	readonly code: StationErrorCode;
}

/** What the record should say about this measurement besides the reading. */
export interface MeasuringEvent {
	readonly code: EventCode;
	readonly detail: number;
	readonly text: string;
}

/**
 * Rail off until the circuits have forgotten: 100 uF at 10 mA falls by 3.3 V in 33 ms; 15 times
 * that.
 */
const RAIL_OFF_MILLISECONDS = 500;
/** A circuit that was late, or a glitch, is over after this. */
const AGAIN_MILLISECONDS = 100;
/** Answers that are no measurement, in a row, before a probe counts as failed. */
const ERRORS_MAX = 3;

/** How far one channel's remedies have gone in this measurement. */
interface RecoveryState {
	readonly channel: ChannelName;
	busFailureCount: number;
	errorCount: number;
	/** What was done about the bus and is not known to have helped. */
	clearing: "clocks" | "rail" | undefined;
}

export class ProbeSession {
	readonly #board: MeasuringBoard;
	readonly #openProbes: () => WaterProbes;
	readonly #failedBefore: number;
	readonly #failures: ChannelFailure[] = [];
	readonly #events: MeasuringEvent[] = [];
	#probes: WaterProbes | undefined;
	#probeRailOnMilliseconds = 0;
	#loopRailOnMilliseconds = 0;
	#wasRailCycled = false;
	/** What was tried again: on the probes' buses, and of the converter. */
	readonly retries: [probes: number, chips: number] = [0, 0];

	/**
	 * `failedBefore`: bit i is set when the channel of index i had failed in the last measurement.
	 */
	constructor(board: MeasuringBoard, openProbes: () => WaterProbes, failedBefore: number) {
		this.#board = board;
		this.#openProbes = openProbes;
		this.#failedBefore = failedBefore;
	}

	get probes(): WaterProbes {
		if (this.#probes === undefined) throw new TypeError("the probes have no power");
		return this.#probes;
	}

	get failures(): readonly ChannelFailure[] {
		return this.#failures;
	}

	get events(): readonly MeasuringEvent[] {
		return this.#events;
	}

	/**
	 * The rails on, from a known state: one that a crash left on is switched off first. The loop's transmitter
	 * draws most of all: a caller that only speaks to circuits does without.
	 */
	*open(withLoop = true): Task<void> {
		const { clock, probeRail, loopRail, watchdog } = this.#board;
		if (probeRail.isOn || loopRail.isOn) {
			probeRail.off();
			loopRail.off();
			yield* pauseFed(RAIL_OFF_MILLISECONDS, watchdog);
		}
		if (withLoop) loopRail.on();
		this.#loopRailOnMilliseconds = clock.milliseconds;
		probeRail.on();
		this.#probeRailOnMilliseconds = clock.milliseconds;
		this.#probes = this.#openProbes();
	}

	/** Waits until a probe's warm-up is over; the probes warm up side by side. */
	*warm(rail: "probe" | "loop", warmUpMilliseconds: number): Task<void> {
		const { clock, watchdog } = this.#board;
		const since = rail === "probe" ? this.#probeRailOnMilliseconds : this.#loopRailOnMilliseconds;
		const left = since + warmUpMilliseconds - clock.milliseconds;
		if (left > 0) yield* pauseFed(left, watchdog);
	}

	/** What is tried for a channel in this measurement; when it is used up the failure is noted. */
	recoveryFor(channel: ChannelName): RecoverySteps {
		const state: RecoveryState = {
			channel,
			busFailureCount: 0,
			errorCount: 0,
			clearing: undefined,
		};
		return {
			succeeded: () => this.#noteSuccess(state),
			next: (error) => this.#recover(state, error),
		};
	}

	*#recover(state: RecoveryState, error: StationError): Task<boolean> {
		const failed = yield* this.#remedy(state, error);
		const { bus } = CHANNELS[channelIndexOf(state.channel)] ?? {};
		if (failed === undefined) this.retries[bus === "system" ? 1 : 0]++;
		if (failed === undefined) return true;
		this.noteFailure(state.channel, failed);
		return false;
	}

	/** A channel has been measured in full: says so if it had failed before. */
	noteMeasured(channel: ChannelName): void {
		const index = channelIndexOf(channel);
		if (((this.#failedBefore >> index) & 1) === 0) return;
		this.#events.push({ code: "probe-recovered", detail: index, text: "" });
	}

	/** A channel has failed; the record hears of it once, or a dead probe would fill the journal. */
	noteFailure(name: ChannelName, code: StationErrorCode): void {
		const channel = channelIndexOf(name);
		this.#failures.push({ channel, code });
		if (((this.#failedBefore >> channel) & 1) === 1) return;
		this.#events.push({ code: "probe-failed", detail: channel, text: code });
	}

	/** Supply of the EZO circuits off; the other probes stay. */
	releaseProbeRail(): void {
		this.#board.probeRail.off();
	}

	/** Everything off. Idempotent. */
	close(): void {
		this.#probes?.close();
		this.#probes = undefined;
		this.#board.probeRail.off();
		this.#board.loopRail.off();
	}

	/** Does the next thing that may help; the code of the failure when there is none left. */
	*#remedy(state: RecoveryState, error: StationError): Task<StationErrorCode | undefined> {
		const { watchdog } = this.#board;
		watchdog.feed();
		if (error.code !== "bus-failed") {
			// Waiting in vain is dear: once more, not twice.
			state.errorCount += error.code === "probe-timeout" ? 2 : 1;
			// What was refused once is refused again.
			if (error.code === "probe-syntax" || state.errorCount >= ERRORS_MAX) return error.code;
			yield* pauseFed(AGAIN_MILLISECONDS, watchdog);
			return undefined;
		}
		const index = channelIndexOf(state.channel);
		const isOnProbeBus = CHANNELS[index]?.bus === "probe";
		const { recovery } = isOnProbeBus ? this.#board.probeBus : this.#board.systemBus;
		const isKnown = ((this.#failedBefore >> index) & 1) === 1;
		state.busFailureCount++;
		if (state.busFailureCount === 1) {
			yield* pauseFed(AGAIN_MILLISECONDS, watchdog);
			return undefined;
		}
		if (state.busFailureCount === 2) {
			recovery.clear();
			state.clearing = "clocks";
			return undefined;
		}
		// Once in a measurement, and not for a probe that was dead the last time: it costs seconds.
		if (isOnProbeBus && !isKnown && !this.#wasRailCycled) {
			yield* this.#cycleProbeRail();
			state.clearing = "rail";
			return undefined;
		}
		return recovery.clear() ? "probe-absent" : "bus-stuck";
	}

	*#cycleProbeRail(): Task<void> {
		const { clock, probeRail, probeBus, watchdog } = this.#board;
		this.#wasRailCycled = true;
		this.#probes?.close();
		this.#probes = undefined;
		probeRail.off();
		yield* pauseFed(RAIL_OFF_MILLISECONDS, watchdog);
		probeRail.on();
		this.#probeRailOnMilliseconds = clock.milliseconds;
		const probes = this.#openProbes();
		this.#probes = probes;
		const warmUps = CHANNELS.filter(({ bus }) => bus === "probe").map(
			({ name }) => probes[name]?.warmUpMilliseconds ?? 0,
		);
		yield* this.warm("probe", Math.max(...warmUps));
		probeBus.recovery.clear();
	}

	#noteSuccess(state: RecoveryState): void {
		state.errorCount = 0;
		// What fails now and then, among samples that come, is no dead bus.
		state.busFailureCount = 0;
		if (state.clearing === undefined) return;
		const byRail = state.clearing === "rail";
		this.#events.push({
			code: "bus-cleared",
			detail: byRail ? 2 : 1,
			text: state.channel,
		});
		state.clearing = undefined;
	}
}

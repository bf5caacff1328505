/**
 * When the station asks for network time: in a session that has the radio on anyway, when the answer
 * could decide something, and rarely. A station whose clock is well never asks.
 */
import type { Task } from "../../core/task.js";
import type { Board } from "../ports.js";
import {
	askNetworkTime,
	NETWORK_TIME_MILLISECONDS_MAX,
	type NetworkTimeOutcome,
} from "../uplink/network-time.js";
import type { OfferedTime } from "./offered-time.js";
import type { TimeKeeper } from "./time-keeper.js";
import type { TimeVerdict } from "./time-state.js";

const HOUR_SECONDS = 3600;
/** After no answer or a useless one: 5 s of radio at worst, 20 s a day. */
const UNANSWERED_SECONDS = 6 * HOUR_SECONDS;
/** After a kiss-o'-death, and after an answer that contradicted the step that was offered. */
const DAY_SECONDS = 24 * HOUR_SECONDS;

export interface NetworkTimePolicyOptions {
	readonly board: Pick<Board, "network" | "clock" | "entropy" | "trustFloorUtcSeconds">;
	readonly time: Pick<TimeKeeper, "needsWitness">;
	/** The host that is asked, by the configuration in force; empty: nobody. */
	readonly host: () => string;
	/** Gives it to the clock and the record. */
	readonly take: (offered: OfferedTime) => TimeVerdict["kind"];
	readonly log: (text: string) => void;
	/** From the last wake. */
	readonly notBeforeSeconds: number;
}

export class NetworkTimePolicy {
	readonly #options: NetworkTimePolicyOptions;
	#notBeforeSeconds: number;

	constructor(options: NetworkTimePolicyOptions) {
		this.#options = options;
		this.#notBeforeSeconds = options.notBeforeSeconds;
	}

	/** Nobody is asked before, on the board's clock, whole seconds; for retained memory. */
	get notBeforeSeconds(): number {
		return this.#notBeforeSeconds;
	}

	/** Asks when it is needed, allowed, and done before `endMilliseconds` of the board's clock. */
	*ask(endMilliseconds: number): Task<void> {
		const { board, time, host, log } = this.#options;
		const startMilliseconds = board.clock.milliseconds;
		const name = host();
		if (name === "" || !time.needsWitness) return;
		if (startMilliseconds < this.#notBeforeSeconds * 1000) return;
		if (startMilliseconds + NETWORK_TIME_MILLISECONDS_MAX > endMilliseconds) return;
		const outcome = yield* askNetworkTime({
			network: board.network,
			clock: board.clock,
			entropy: board.entropy,
			host: name,
			floorUtcSeconds: board.trustFloorUtcSeconds,
		});
		const { text, pauseSeconds } = this.#settle(outcome);
		this.#notBeforeSeconds = Math.ceil(startMilliseconds / 1000) + pauseSeconds;
		log(`network time of ${name}: ${text}`);
	}

	#settle(outcome: NetworkTimeOutcome): { text: string; pauseSeconds: number } {
		switch (outcome.kind) {
			case "kiss":
				return { text: `told to leave it, ${outcome.code}`, pauseSeconds: DAY_SECONDS };
			case "refused":
			case "silent":
				return { text: outcome.why, pauseSeconds: UNANSWERED_SECONDS };
			case "time": {
				const verdict = this.#options.take({
					utcSeconds: outcome.utcSeconds,
					source: "network-time",
					uncertaintyMilliseconds: outcome.uncertaintyMilliseconds,
				});
				// While a step is only waited for the next answer may decide it.
				const isOpen = verdict === "waiting-for-second-source";
				const text = `${outcome.utcSeconds}, ${verdict}`;
				return { text, pauseSeconds: isOpen ? HOUR_SECONDS : DAY_SECONDS };
			}
		}
	}
}

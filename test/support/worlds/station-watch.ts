/** Gathers what the judges of a station's decisions look at, while a simulated station runs. */

import type { SimulatedStation } from "../../../sim/station/station.js";
import type { Sleep } from "../../../sim/station/station-state.js";
import type { Witness } from "../../../sim/station/witness.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { type CadenceOptions, judgeCadence } from "../judges/cadence-judge.js";
import { judgeEvents, type Span, type Visit } from "../judges/event-judge.js";
import type { SeenEntry } from "../judges/seen-entry.js";
import { judgeSleeps } from "../judges/sleep-judge.js";

export class StationWatch {
	readonly entries: SeenEntry[] = [];
	readonly sleeps: Sleep[] = [];
	readonly visits: Visit[] = [];
	readonly outages: Span[] = [];
	readonly crashesUtcSeconds: number[] = [];
	#station: SimulatedStation | undefined;
	#crashes = 0;
	#powerCuts = 0;
	#visitUtcSeconds: number | undefined;
	/** Called when an append has returned, before the station knows. */
	onAppended: ((entry: Entry) => void) | undefined;
	/** To be set when the device at the line speaks. */
	hasSpoken = false;

	/** For the append port; only what it saw counts. */
	readonly witness: Witness = {
		appended: (canonicalBytes) => {
			const entry = decodeEntry(canonicalBytes);
			this.entries.push({ worldUtcSeconds: this.#station?.utcSeconds ?? 0, entry });
			this.onAppended?.(entry);
		},
		acknowledged: () => {},
	};

	/** Begins to look at it. */
	watch(station: SimulatedStation): void {
		this.#station = station;
		station.onSleep = (sleep) => this.sleeps.push(sleep);
	}

	/** To be called after every event of the station. */
	check(): void {
		const station = this.#station;
		if (station === undefined) return;
		const { counters, utcSeconds, console } = station;
		if (counters.crashes + counters.watchdogResets > this.#crashes) {
			this.#crashes = counters.crashes + counters.watchdogResets;
			this.crashesUtcSeconds.push(utcSeconds);
		}
		if (counters.powerCuts > this.#powerCuts) {
			this.#powerCuts = counters.powerCuts;
			this.outages.push({ fromUtcSeconds: utcSeconds, toUtcSeconds: utcSeconds });
		}
		if (console.isAttached === (this.#visitUtcSeconds !== undefined)) return;
		if (this.#visitUtcSeconds !== undefined) {
			const { hasSpoken } = this;
			const fromUtcSeconds = this.#visitUtcSeconds;
			this.visits.push({ fromUtcSeconds, toUtcSeconds: utcSeconds, hasSpoken });
			this.hasSpoken = false;
		}
		this.#visitUtcSeconds = console.isAttached ? utcSeconds : undefined;
	}

	/** What is wrong; none may be. */
	judge(supply: CadenceOptions["supply"]): readonly string[] {
		const { visits, crashesUtcSeconds, outages } = this;
		const endUtcSeconds = this.#station?.utcSeconds ?? 0;
		return [
			...judgeCadence(this.entries, { supply, endUtcSeconds, isPoweredAtEnd: true }),
			...judgeEvents(this.entries, { visits, crashesUtcSeconds, outages, endUtcSeconds }),
			...judgeSleeps(this.sleeps),
		];
	}
}

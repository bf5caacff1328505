/**
 * A whole simulated station with a technician at its line whose hands put the probes into bottles: what a visit is made
 * of, for tests and the campaign. Nothing of it waits.
 */

import {
	AIR_MEDIUM,
	type BottleOptions,
	bottleOf,
	type ProbeMedium,
} from "../../../sim/probes/bottles.js";
import { Rehearsal, type RehearsalOptions } from "../../../sim/station/rehearsal.js";
import { assert } from "../../../src/core/errors.js";
import {
	encodeRequest,
	LineAssembler,
	readStationLine,
} from "../../../src/protocol/line/console.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";

export interface Answered {
	readonly code: string;
	readonly fields: ReadonlyMap<string, string>;
	readonly parts: readonly ReadonlyMap<string, string>[];
}

const STEPS_MAX = 2_000_000;
export const LOT = Object.freeze({ lot: "L77", expiry: "2027-05-31" });

export class CalibrationBench {
	readonly rehearsal: Rehearsal;
	readonly #assembler = new LineAssembler(false);
	#id = 0;
	#parts: ReadonlyMap<string, string>[] = [];
	#answer: Answered | undefined;
	/** The line fell silent: the station lost power over it. */
	isLost = false;

	/** Called after whatever happens. */
	onStep: () => void = () => {};

	/** A station that has measured for an hour. */
	constructor(options: Partial<RehearsalOptions> = {}, seconds = 3600) {
		this.rehearsal = new Rehearsal({ seed: 7, scenario: "quiet-bor", sectors: 16, ...options });
		this.rehearsal.runUntil(seconds);
	}

	get station() {
		return this.rehearsal.station;
	}

	get hands() {
		return this.station.hardware.hands;
	}

	get entries(): Entry[] {
		return this.rehearsal.entries.map((canonicalBytes) => decodeEntry(canonicalBytes));
	}

	attach(): void {
		let isGreeted = false;
		this.isLost = false;
		this.station.console.attach((bytes) => {
			isGreeted = true;
			for (const byte of bytes) this.#hear(byte);
		});
		for (let steps = 0; !isGreeted && steps < STEPS_MAX; steps++) this.#step();
		this.request("version");
	}

	detach(): void {
		this.station.console.detach();
	}

	/** The cable is pulled in the middle of whatever is asked. */
	pull(): void {
		if (!this.isLost) this.detach();
		this.isLost = true;
	}

	/** Asks and waits; throws when no answer comes but for a loss of power, which sets `isLost`. */
	request(command: string, fields: Readonly<Record<string, string | number>> = {}): Answered {
		const resets = this.#resets;
		this.#parts = [];
		this.#answer = undefined;
		this.station.console.send(encodeRequest(++this.#id, command, fields));
		for (let steps = 0; steps < STEPS_MAX; steps++) {
			if (this.#answer !== undefined) return this.#answer;
			if (this.isLost || this.#resets !== resets) {
				this.isLost = true;
				return { code: "lost", fields: new Map(), parts: [] };
			}
			this.#step();
		}
		throw new Error(`no answer to ${command}`);
	}

	/** The same, and it must be done. */
	must(command: string, fields: Readonly<Record<string, string | number>> = {}): Answered {
		const answer = this.request(command, fields);
		const output = [...answer.fields].map(([name, value]) => `${name}=${value}`).join(" ");
		if (!this.isLost) assert(answer.code === "ok", `${command}: ${answer.code} ${output}`);
		return answer;
	}

	/** Entries that the station's ring holds, as its line exports them. */
	recorded(): Entry[] {
		this.attach();
		const { parts } = this.must("journal", { first: 1, count: 1000 });
		this.detach();
		return parts.map((part) =>
			decodeEntry(new Uint8Array(Buffer.from(part.get("bytes") ?? "", "base64"))),
		);
	}

	/** Into a bottle (named, or as told), the air, or back into the river. */
	put(where: string | ProbeMedium, options: BottleOptions = {}): void {
		this.hands.medium =
			where === "river"
				? undefined
				: where === "air"
					? AIR_MEDIUM
					: typeof where === "string"
						? bottleOf(where, options)
						: where;
	}

	/** Until it has settled, also over readings that come between. */
	settle(standard: string, more: Readonly<Record<string, string | number>> = LOT): Answered {
		for (let tries = 0; tries < 8; tries++) {
			const answer = this.must("settle", { standard, seconds: 600, ...more });
			if (answer.fields.get("why") !== "reading-due") return answer;
		}
		throw new Error("it never settles");
	}

	/** One bottle: hands, settling, point. */
	point(standard: string, bottle: string = standard, options: BottleOptions = {}): Answered {
		this.put(bottle, options);
		const answer = this.settle(standard, standard === "air" ? {} : LOT);
		return this.isLost ? answer : this.must("point");
	}

	/** A whole three-point calibration; what `commit` said. */
	calibratePH(options: BottleOptions = {}): Answered {
		this.must("calibrate", { channel: "pH", by: "mira" });
		for (const standard of ["american-7.00", "american-4.00", "american-10.01"]) {
			if (!this.isLost) this.point(standard, standard, options);
		}
		return this.isLost ? LOST : this.must("commit", { due: 30 });
	}

	/** Lets time pass with the station alone or not. */
	pass(seconds: number): void {
		const end = this.station.utcSeconds + seconds;
		while (this.station.utcSeconds < end) this.#step();
	}

	get #resets(): number {
		const { powerCuts, crashes, watchdogResets } = this.station.counters;
		return powerCuts + crashes + watchdogResets;
	}

	#step(): void {
		this.rehearsal.step();
		this.onStep();
	}

	#hear(byte: number): void {
		const line = this.#assembler.push(byte);
		if (!(line instanceof Uint8Array) || line.length === 0) return;
		const output = readStationLine(line);
		if (output.kind === "part" && output.id === this.#id) this.#parts.push(output.fields);
		if (output.kind === "answer" && output.id === this.#id) {
			this.#answer = { code: output.code, fields: output.fields, parts: this.#parts };
		}
	}
}

const LOST: Answered = Object.freeze({
	code: "lost",
	fields: new Map<string, string>(),
	parts: [],
});

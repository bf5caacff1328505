/** The live view in the terminal: one block per station, refreshed a few times a second. Talks on stderr. */
import { createLogUpdate } from "log-update";
import type { DerivedReading, DerivedValue } from "../../src/protocol/derive.js";
import { CHANNEL_FLAGS } from "../../src/protocol/reading.js";
import { onStderr } from "../../src/technician/colours.js";

export interface StationView {
	readonly name: string;
	readonly river: string;
	/** Newest reading as the public will see it, or undefined before the first. */
	readonly reading: DerivedReading | undefined;
	readonly readingUtcSeconds: number;
	readonly appended: number;
	/** Entries in flash that no acknowledgement has released yet. */
	readonly waiting: number;
	readonly acknowledgedUtcSeconds: number | undefined;
	readonly state: string;
	/** Of its technician's line, or undefined. */
	readonly line: string | undefined;
}

export interface WorldView {
	readonly utcSeconds: number;
	/** 0..1, or undefined when the run has no end. */
	readonly progress: number | undefined;
	readonly collector: string;
	readonly stations: readonly StationView[];
}

const REFRESH_MILLISECONDS = 150;
const BAR_CELLS = 30;

export class LiveView {
	readonly #draw = createLogUpdate(process.stderr);
	#drawnMilliseconds = 0;

	/** Draws unless it has just drawn. */
	update(view: () => WorldView): void {
		const now = performance.now();
		if (now - this.#drawnMilliseconds < REFRESH_MILLISECONDS) return;
		this.#drawnMilliseconds = now;
		this.#draw(render(view()));
	}

	/** Draws a last time and leaves it standing. */
	finish(view: WorldView): void {
		this.#draw(render(view));
		this.#draw.done();
	}
}

/** The view as lines of text. */
export function render(view: WorldView): string {
	const lines = [
		`${onStderr.bold("Bistrina")}  ${instant(view.utcSeconds)}  ${onStderr.dim(`collector ${view.collector}`)}`,
	];
	if (view.progress !== undefined) lines.push(bar(view.progress));
	for (const station of view.stations) {
		lines.push(
			"",
			`${onStderr.bold(station.name)}  ${onStderr.dim(station.river)}  ${station.state}  ${onStderr.dim(station.line ?? "")}`.trimEnd(),
			reading(station),
			`  ${station.appended} entries, ${station.waiting} waiting in flash, last acknowledgement ${
				station.acknowledgedUtcSeconds === undefined
					? "none in this run"
					: instant(station.acknowledgedUtcSeconds)
			}`,
		);
	}
	return lines.join("\n");
}

function reading(station: StationView): string {
	const derived = station.reading;
	if (derived === undefined) return onStderr.dim("  no reading yet");
	const values = [
		`pH ${number(derived.pH, 2)}`,
		`${number(derived.temperatureCelsius, 2)} degC`,
		`${number(derived.conductivityAt25, 0)} uS/cm at 25 degC`,
		`${number(derived.turbidity, 1)} ${derived.turbidity.unit}`,
		`${number(derived.batteryVolts, 2)} V`,
	];
	return `  ${values.join("   ")}  ${onStderr.dim(instant(station.readingUtcSeconds).slice(11))}`;
}

function number(derived: DerivedValue, decimals: number): string {
	if (derived.value === undefined) return onStderr.red("-");
	const text = derived.value.toFixed(decimals);
	const doubt = CHANNEL_FLAGS.fault | CHANNEL_FLAGS.outOfRange | CHANNEL_FLAGS.saturated;
	return (derived.flags & doubt) !== 0 ? onStderr.yellow(`${text}?`) : text;
}

function bar(progress: number): string {
	const part = Math.min(Math.max(progress, 0), 1);
	const cells = Math.floor(part * BAR_CELLS);
	return `${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)} ${Math.floor(part * 100)} %`;
}

/** 2026-10-01 12:00:00 UTC */
export function instant(utcSeconds: number): string {
	return `${new Date(utcSeconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

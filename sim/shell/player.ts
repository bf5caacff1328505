/** Advances a simulation at the wanted speed, shows it, and stops where asked. */
import type { CollectorOpening } from "./collector-opening.js";
import { LineServer } from "./line-server.js";
import { instant, type LiveView, type WorldView } from "./live-view.js";
import type { StartOptions } from "./options.js";
import type { RecordedSpan } from "./rivers.js";
import { SETTLE_SECONDS_MAX } from "./run-report.js";
import type { Simulation } from "./simulation.js";
import { WORLD_LAST_UTC_SECONDS } from "./world-end.js";

/** Simulated seconds per second while someone is at a technician's line: half an hour is 15 s. */
const VISITED_SPEED_MAX = 120;
/** A sleeping station catches up to a microsecond before what is due; a double is as fine as 0.24. */
const DUE_MARGIN_SECONDS = 0.000_002;
const LOOK_MILLISECONDS = 500;
/** Steps between two looks at the outside (Ctrl-C, the view). */
const STEPS_PER_TURN = 200;

export interface PlayerOptions {
	readonly simulation: Simulation;
	readonly opening: CollectorOpening;
	readonly options: StartOptions;
	/** Simulated seconds per second of the wall; 0: the world stands still. May be changed meanwhile. */
	readonly pace: { speed: number };
	/** Undefined: nobody looks. */
	readonly view: LiveView | undefined;
	readonly print: (line: string) => void;
	readonly beganUtcSeconds: number;
	readonly endUtcSeconds: number | undefined;
	readonly recording: RecordedSpan | undefined;
}

/** Advances a simulation at the wanted speed, shows it, and stops where asked. */
export class Player {
	readonly #simulation: Simulation;
	readonly #opening: CollectorOpening;
	readonly #options: StartOptions;
	readonly #pace: { speed: number };
	readonly #beganUtcSeconds: number;
	readonly #endUtcSeconds: number | undefined;
	readonly #view: LiveView | undefined;
	readonly #print: (line: string) => void;
	#recording: RecordedSpan | undefined;
	#isStopping = false;
	/** The play is over: whoever plugs in later would find no world. */
	#isOver = false;
	#lines: LineServer | undefined;
	#offering: Promise<void> | undefined;
	#offerFailure: { readonly error: unknown } | undefined;
	/** From here time is counted, at one speed: world and wall. */
	#anchor: { readonly utcSeconds: number; readonly milliseconds: number; readonly speed: number };
	/** Ends the pause until the next event. */
	#nudge: (() => void) | undefined;

	constructor(given: PlayerOptions) {
		this.#simulation = given.simulation;
		this.#opening = given.opening;
		this.#options = given.options;
		this.#pace = given.pace;
		this.#view = given.view;
		this.#print = given.print;
		this.#beganUtcSeconds = given.beganUtcSeconds;
		this.#endUtcSeconds = given.endUtcSeconds;
		this.#recording = given.recording;
		this.#anchor = {
			utcSeconds: given.beganUtcSeconds,
			milliseconds: performance.now(),
			speed: given.pace.speed,
		};
	}

	/** Someone was at a technician's line. */
	get wasVisited(): boolean {
		return this.#lines?.wasUsed ?? false;
	}

	/** Something else than time made the world have something new to do. */
	nudge(): void {
		this.#nudge?.();
	}

	/** Opens the technician's lines, unless the play is over by then; the run ends when they cannot be opened. */
	offerLines(): void {
		if (this.#isOver) return;
		this.#offering = this.#openLines().catch((error: unknown) => {
			this.#isStopping = true;
			this.#nudge?.();
			this.#offerFailure = { error };
		});
	}

	/** Offers the technician's lines and says where. A quiet run does so only when it was asked. */
	async #openLines(): Promise<void> {
		const { quiet, consolePort } = this.#options;
		if (quiet && consolePort === undefined) return;
		const { played } = this.#simulation;
		const lines = await LineServer.open({
			stations: played.map(({ station }) => station),
			port: consolePort ?? 0,
			nowUtcSeconds: () => this.nowUtcSeconds,
			onActivity: () => this.nudge(),
		});
		this.#lines = lines;
		for (const [index, { name }] of played.entries()) {
			this.#print(`${name}: technician's line at ${lines.addressOf(index)}`);
		}
	}

	/**
	 * Counts time from now on at the speed that is due: a person at a technician's line has to be
	 * quicker than the half hour after which the station takes the technician for gone.
	 */
	#setSpeed(): number {
		const { speed: wanted } = this.#pace;
		const speed = this.#lines?.isInUse === true ? Math.min(wanted, VISITED_SPEED_MAX) : wanted;
		if (speed !== this.#anchor.speed) {
			const utcSeconds = this.nowUtcSeconds;
			this.#anchor = { utcSeconds, milliseconds: performance.now(), speed };
		}
		return speed;
	}

	/** How far the world has come: as far as the wall allows, and not past its next event or the end. */
	get nowUtcSeconds(): number {
		const { world } = this.#simulation;
		const { utcSeconds, milliseconds, speed } = this.#anchor;
		if (speed === Number.POSITIVE_INFINITY || world.waiting !== undefined) return world.utcSeconds;
		const byTheWall = utcSeconds + ((performance.now() - milliseconds) / 1000) * speed;
		const end = this.#endUtcSeconds ?? WORLD_LAST_UTC_SECONDS;
		return Math.min(byTheWall, world.nextUtcSeconds ?? byTheWall, end);
	}

	/** Until the end, or until Ctrl-C; then until every station sleeps. */
	async play(save: (simulation: Simulation) => void): Promise<void> {
		const { world } = this.#simulation;
		const end = this.#endUtcSeconds ?? WORLD_LAST_UTC_SECONDS;
		const onSignal = (): void => {
			this.#isStopping = true;
		};
		// Not `once`: what restores the cursor ends the process when it is the only listener left.
		process.on("SIGINT", onSignal);
		process.on("SIGTERM", onSignal);
		// Also while the world waits for its collector.
		const looking = setInterval(() => this.#refreshView(), LOOK_MILLISECONDS);
		// Without a collector there is nothing to play for.
		this.#opening.onFailed = () => {
			this.#isStopping = true;
			this.#nudge?.();
		};
		try {
			this.#anchor = { ...this.#anchor, milliseconds: performance.now() };
			let isSaved = false;
			for (let steps = 0; !this.#isStopping; steps++) {
				const next = world.nextUtcSeconds;
				if (next === undefined) break;
				this.#printRecordingEnd();
				if (this.#setSpeed() !== Number.POSITIVE_INFINITY && world.waiting === undefined) {
					// Someone at a technician's line may have brought something earlier.
					if (!(await this.#wait(Math.min(next, end)))) continue;
				} else if (steps % STEPS_PER_TURN === 0) {
					await turn();
				}
				if (this.#isStopping || next > end) break;
				await this.#simulation.step();
				this.#refreshView();
				// The world is saved whenever all its stations sleep, once per sleep.
				const isAsleep = world.stations.every(
					(station) => station.isAsleep && station.network.outstanding === 0,
				);
				if (isAsleep && !isSaved) save(this.#simulation);
				isSaved = isAsleep;
			}
			const stoppedUtcSeconds = this.nowUtcSeconds;
			await this.#lines?.close();
			await this.#simulation.untilAllSleep(() => this.#refreshView());
			// The moment that was asked for, not the last event before it.
			this.#simulation.passUntil(this.#isStopping ? stoppedUtcSeconds : end);
			if (!this.#isStopping && this.#endUtcSeconds === undefined) {
				this.#print(
					`the world ends at ${instant(end)}: the stations' clocks know no time after 2099`,
				);
			}
		} finally {
			clearInterval(looking);
			this.#isOver = true;
			await this.#offering;
			await this.#lines?.close();
			process.off("SIGINT", onSignal);
			process.off("SIGTERM", onSignal);
		}
	}

	/** False when the last acknowledgement did not come within the bound. */
	settle(): Promise<boolean> {
		if (this.#offerFailure !== undefined) throw this.#offerFailure.error;
		return this.#simulation.settle(SETTLE_SECONDS_MAX, () => this.#refreshView());
	}

	finish(): void {
		this.#view?.finish(this.#describe(this.#simulation.utcSeconds));
	}

	#refreshView(): void {
		this.#view?.update(() => {
			const { world } = this.#simulation;
			// Never what is due next: on Ctrl-C all stations sleep up to what was shown, and not past that.
			const nextUtcSeconds = world.nextUtcSeconds ?? Number.POSITIVE_INFINITY;
			const shown = Math.min(this.nowUtcSeconds, nextUtcSeconds - DUE_MARGIN_SECONDS);
			return this.#describe(Math.max(this.#simulation.utcSeconds, shown));
		});
	}

	/** After its end a recording gives its last row for ever: printed once, as soon as it is so. */
	#printRecordingEnd(): void {
		if (this.#recording === undefined) return;
		const { path, lastUtcSeconds } = this.#recording;
		if (isBefore(this.#simulation.world.utcSeconds, lastUtcSeconds)) return;
		this.#recording = undefined;
		const ended = `${path}: the recording ended at ${instant(lastUtcSeconds)}`;
		if (this.#options.duration !== "recording") {
			this.#print(`${ended}; from then on the river stays as its last row says`);
		} else if (!isBefore(this.#beganUtcSeconds, lastUtcSeconds)) {
			this.#print(`${ended} and was played before; choose another --data to play it again`);
		}
	}

	/**
	 * Waits until the wall has come as far as `untilUtcSeconds`, the world's next event or the end, in
	 * slices that Ctrl-C ends; false when there is another next event by then.
	 */
	async #wait(untilUtcSeconds: number): Promise<boolean> {
		const { world } = this.#simulation;
		const { nextUtcSeconds } = world;
		for (;;) {
			const speed = this.#setSpeed();
			const { utcSeconds, milliseconds } = this.#anchor;
			const due = milliseconds + ((untilUtcSeconds - utcSeconds) / speed) * 1000;
			const left = due - performance.now();
			if (this.#isStopping || (left <= 0 && speed > 0)) return true;
			this.#refreshView();
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, Math.min(left, 100));
				this.#nudge = () => {
					clearTimeout(timer);
					resolve();
				};
			});
			this.#nudge = undefined;
			if (world.nextUtcSeconds !== nextUtcSeconds) return false;
		}
	}

	#describe(utcSeconds: number): WorldView {
		const { played } = this.#simulation;
		const end = this.#endUtcSeconds;
		const began = this.#beganUtcSeconds;
		return {
			utcSeconds,
			progress: end === undefined || end <= began ? undefined : progressOf(began, utcSeconds, end),
			collector: this.#opening.state,
			stations: played.map((each, index) => ({
				line: this.#lines?.addressOf(index),
				name: each.name,
				river: each.river.name,
				reading: each.latest,
				readingUtcSeconds: each.latestUtcSeconds,
				appended: each.witness.returned.length,
				waiting: each.newestSequence - each.witness.acknowledgedCursor,
				acknowledgedUtcSeconds: each.acknowledgedUtcSeconds,
				state: each.station.isAsleep ? "asleep" : "awake",
			})),
		};
	}
}

/** By more than a double's grain: it holds the seconds of today to a quarter of a microsecond. */
function isBefore(utcSeconds: number, otherUtcSeconds: number): boolean {
	return otherUtcSeconds - utcSeconds > 0.001;
}

/** 0..1, and exactly 1 at the end. */
function progressOf(began: number, utcSeconds: number, end: number): number {
	return isBefore(utcSeconds, end) ? (utcSeconds - began) / (end - began) : 1;
}

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

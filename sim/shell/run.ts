/** One run of `npm start`: opens everything, advances the world, settles, judges, reports. */

import { printable } from "../../src/core/printable.js";
import { onStderr } from "../../src/host/colours.js";
import { diskFailure } from "../../src/host/disk.js";
import { OperationalError, UsageError } from "../../src/host/errors.js";
import { addDeliveries, judgeDelivery, NO_DELIVERY } from "../checkers/delivery.js";
import type { CollectorHost } from "./collector-host.js";
import { CollectorOpening } from "./collector-opening.js";
import { DATA_FORMAT_VERSION, DataDirectory, type SavedWorld } from "./data-directory.js";
import { DeviationMeter } from "./deviation.js";
import { LineServer } from "./line-server.js";
import { instant, LiveView, type WorldView } from "./live-view.js";
import type { StartOptions } from "./options.js";
import { type Recording, recordedOrNamedRivers } from "./rivers.js";
import { Simulation } from "./simulation.js";

const SEED_DEFAULT = 1;
/** Where time begins when no recording says otherwise: 2026-10-01T00:00:00Z. */
const START_UTC_SECONDS = 1_790_812_800;
/** After the end of a run the last acknowledgement may take this long, simulated seconds. */
const SETTLE_SECONDS_MAX = 4 * 3600;
/** Simulated seconds per second while someone is at a technician's line: half an hour is 15 s. */
const VISITED_SPEED_MAX = 120;
/** A sleeping station catches up to a microsecond before what is due; a double is as fine as 0.24. */
const DUE_MARGIN_SECONDS = 0.000_002;
const LOOK_MILLISECONDS = 500;
/** Steps between two looks at the outside (Ctrl-C, the view). */
const STEPS_PER_TURN = 200;

/** Runs to its end; the exit code. Throws OperationalError. */
export async function run(options: StartOptions): Promise<number> {
	const directory = DataDirectory.open(options.data);
	let isBegun = false;
	try {
		const saved = directory.readWorld();
		isBegun = saved !== undefined;
		return await runIn(directory, options, saved, () => {
			isBegun = true;
		});
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		throw diskFailure(error, directory.path);
	} finally {
		if (!isBegun) directory.removeStart();
		directory.release();
	}
}

async function runIn(
	directory: DataDirectory,
	options: StartOptions,
	saved: SavedWorld | undefined,
	onBegun: () => void,
): Promise<number> {
	const wallStart = performance.now();
	const view = options.quiet ? undefined : new LiveView(process.stderr);
	const talk = (line: string): void => {
		const shown = printable(line);
		if (view === undefined) process.stderr.write(`${shown}\n`);
		else view.say(shown);
	};
	const rivers = await recordedOrNamedRivers(options, saved, SEED_DEFAULT, talk);
	const { seed } = rivers;
	if (options.duration === "recording" && rivers.recording === undefined) {
		if (saved === undefined) throw new UsageError("--for recording needs --river FILE.csv");
		throw new OperationalError(
			"--for recording: this data directory was begun without --river; choose another --data DIR for this",
		);
	}
	const startUtcSeconds =
		saved?.startUtcSeconds ?? rivers.recording?.firstUtcSeconds ?? START_UTC_SECONDS;
	const stations = rivers.stations(startUtcSeconds);
	directory.requireWhole(
		saved,
		stations.map(({ name }) => name),
	);
	if (!options.quiet) talk(`seed ${seed}, data in ${directory.path}`);
	const clock = { utcSeconds: startUtcSeconds };
	const { openCollectorHost, openCollectorIdentity, requireFreePort } = await import(
		"./collector-host.js"
	);
	const { consolePort } = options;
	await requireFreePort(options.port);
	if (consolePort !== undefined && consolePort > 0) {
		for (const index of stations.keys()) {
			await requireFreePort(consolePort + index, "--console-port");
		}
	}
	const collectorDirectory = directory.file("collector");
	const identity = await openCollectorIdentity(collectorDirectory, seed, talk);
	// Its database takes seconds: the world begins meanwhile, and what is uploaded waits.
	const opening = new CollectorOpening({
		open: () =>
			openCollectorHost({
				directory: collectorDirectory,
				port: options.port,
				identity,
				clock: {
					get utcSeconds() {
						return clock.utcSeconds;
					},
				},
				onTrouble: talk,
			}),
		talk: options.quiet ? () => {} : talk,
	});
	const worldOf = (states: readonly unknown[]): SavedWorld => ({
		bistrinaData: DATA_FORMAT_VERSION,
		...rivers.identity,
		startUtcSeconds,
		wallSeconds: (saved?.wallSeconds ?? 0) + (performance.now() - wallStart) / 1000,
		stations: states,
	});
	let simulation: Simulation | undefined;
	try {
		// Before the first image: a start that dies before its first save can be gone on with.
		if (saved === undefined) directory.writeWorld(worldOf([]));
		simulation = new Simulation({
			directory,
			seed,
			startUtcSeconds,
			stations,
			saved: saved?.stations,
			collectorPublicKey: identity.acknowledgementKey.publicKey,
			endpoint: opening.endpoint,
		});
		opening.begin(simulation.played);
		const { world } = simulation;
		Object.defineProperty(clock, "utcSeconds", { get: () => world.utcSeconds });
		const save = (played: Simulation): void => {
			directory.writeWorld(worldOf(played.save()));
		};
		const beganUtcSeconds = world.utcSeconds;
		const endUtcSeconds = endOf(options, beganUtcSeconds, rivers.recording?.lastUtcSeconds);
		const player = new Player({
			simulation,
			opening,
			options,
			view,
			talk,
			beganUtcSeconds,
			endUtcSeconds,
			recording: rivers.recording,
		});
		// Before, the world may stand still in its first upload, and nobody would answer a technician.
		opening.onOpen = () => {
			onBegun();
			player.offerLines();
		};
		await player.play(save);
		const collector = await opening.collector;
		const isSettled = await player.settle();
		save(simulation);
		player.finish();
		const wallSeconds = (saved?.wallSeconds ?? 0) + (performance.now() - wallStart) / 1000;
		return await report({
			simulation,
			collector,
			options,
			seed,
			wallSeconds,
			isSettled,
			isReproducible: !opening.hasTimedOut && !player.wasVisited,
		});
	} finally {
		simulation?.close();
		await opening.close();
	}
}

function endOf(
	options: StartOptions,
	beganUtcSeconds: number,
	lastUtcSeconds: number | undefined,
): number | undefined {
	if (options.duration === undefined) return undefined;
	if (options.duration === "recording") return lastUtcSeconds;
	return beganUtcSeconds + options.duration;
}

interface PlayerOptions {
	readonly simulation: Simulation;
	readonly opening: CollectorOpening;
	readonly options: StartOptions;
	/** Undefined: nobody looks. */
	readonly view: LiveView | undefined;
	readonly talk: (line: string) => void;
	readonly beganUtcSeconds: number;
	readonly endUtcSeconds: number | undefined;
	readonly recording: Recording | undefined;
}

/** Advances a simulation at the wanted speed, shows it, and stops where asked. */
class Player {
	readonly #simulation: Simulation;
	readonly #opening: CollectorOpening;
	readonly #options: StartOptions;
	readonly #beganUtcSeconds: number;
	readonly #endUtcSeconds: number | undefined;
	readonly #view: LiveView | undefined;
	readonly #talk: (line: string) => void;
	#recording: Recording | undefined;
	#isStopping = false;
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
		this.#view = given.view;
		this.#talk = given.talk;
		this.#beganUtcSeconds = given.beganUtcSeconds;
		this.#endUtcSeconds = given.endUtcSeconds;
		this.#recording = given.recording;
		this.#anchor = {
			utcSeconds: given.beganUtcSeconds,
			milliseconds: performance.now(),
			speed: given.options.speed,
		};
	}

	/** Someone was at a technician's line. */
	get wasVisited(): boolean {
		return this.#lines?.wasUsed ?? false;
	}

	/** Opens the technician's lines; the run ends when they cannot be opened. */
	offerLines(): void {
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
			nowUtcSeconds: () => this.#nowUtcSeconds(),
			onActivity: () => this.#nudge?.(),
		});
		this.#lines = lines;
		for (const [index, { name }] of played.entries()) {
			this.#talk(`${name}: technician's line at ${lines.addressOf(index)}`);
		}
	}

	/**
	 * Counts time from now on at the speed that is due: a person at a technician's line has to be
	 * quicker than the half hour after which the station takes him for gone.
	 */
	#setSpeed(): number {
		const { speed: wanted } = this.#options;
		const speed = this.#lines?.isInUse === true ? Math.min(wanted, VISITED_SPEED_MAX) : wanted;
		if (speed !== this.#anchor.speed) {
			const utcSeconds = this.#nowUtcSeconds();
			this.#anchor = { utcSeconds, milliseconds: performance.now(), speed };
		}
		return speed;
	}

	/** How far the world has come: as far as the wall allows, and not past its next event or the end. */
	#nowUtcSeconds(): number {
		const { world } = this.#simulation;
		const { utcSeconds, milliseconds, speed } = this.#anchor;
		if (speed === Number.POSITIVE_INFINITY || world.waiting !== undefined) return world.utcSeconds;
		const byTheWall = utcSeconds + ((performance.now() - milliseconds) / 1000) * speed;
		const end = this.#endUtcSeconds ?? Number.POSITIVE_INFINITY;
		return Math.min(byTheWall, world.nextUtcSeconds ?? byTheWall, end);
	}

	/** Until the end, or until Ctrl-C; then until every station sleeps. */
	async play(save: (simulation: Simulation) => void): Promise<void> {
		const { world } = this.#simulation;
		const end = this.#endUtcSeconds ?? Number.POSITIVE_INFINITY;
		const onSignal = (): void => {
			this.#isStopping = true;
		};
		// Not `once`: what restores the cursor ends the process when it is the only listener left.
		process.on("SIGINT", onSignal);
		process.on("SIGTERM", onSignal);
		// Also while the world waits for its collector.
		const looking = setInterval(() => this.#look(), LOOK_MILLISECONDS);
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
				this.#tellOfRecording();
				if (this.#setSpeed() !== Number.POSITIVE_INFINITY && world.waiting === undefined) {
					// Someone at a technician's line may have brought something earlier.
					if (!(await this.#pace(Math.min(next, end)))) continue;
				} else if (steps % STEPS_PER_TURN === 0) {
					await turn();
				}
				if (this.#isStopping || next > end) break;
				await this.#simulation.step();
				this.#look();
				// The world is saved whenever all its stations sleep, once per sleep.
				const isAsleep = world.stations.every(
					(station) => station.isAsleep && station.network.outstanding === 0,
				);
				if (isAsleep && !isSaved) save(this.#simulation);
				isSaved = isAsleep;
			}
			const stoppedUtcSeconds = this.#nowUtcSeconds();
			await this.#lines?.close();
			await this.#simulation.untilAllSleep(() => this.#look());
			// The moment that was asked for, not the last event before it.
			if (this.#isStopping) this.#simulation.passUntil(stoppedUtcSeconds);
			else if (end !== Number.POSITIVE_INFINITY) this.#simulation.passUntil(end);
		} finally {
			clearInterval(looking);
			await this.#offering;
			await this.#lines?.close();
			process.off("SIGINT", onSignal);
			process.off("SIGTERM", onSignal);
		}
	}

	/** False when the last acknowledgement did not come within the bound. */
	settle(): Promise<boolean> {
		if (this.#offerFailure !== undefined) throw this.#offerFailure.error;
		return this.#simulation.settle(SETTLE_SECONDS_MAX, () => this.#look());
	}

	finish(): void {
		this.#view?.finish(this.#describe(this.#simulation.utcSeconds));
	}

	#look(): void {
		this.#view?.update(() => {
			const { world } = this.#simulation;
			// Never what is due next: on Ctrl-C all stations sleep up to what was shown, and not past that.
			const nextUtcSeconds = world.nextUtcSeconds ?? Number.POSITIVE_INFINITY;
			const shown = Math.min(this.#nowUtcSeconds(), nextUtcSeconds - DUE_MARGIN_SECONDS);
			return this.#describe(Math.max(this.#simulation.utcSeconds, shown));
		});
	}

	/** Behind its end a recording gives its last row for ever: said once, as soon as it is so. */
	#tellOfRecording(): void {
		if (this.#recording === undefined) return;
		const { path, lastUtcSeconds } = this.#recording;
		if (isBefore(this.#simulation.world.utcSeconds, lastUtcSeconds)) return;
		this.#recording = undefined;
		const ended = `${path}: the recording ended at ${instant(lastUtcSeconds)}`;
		if (this.#options.duration !== "recording") {
			this.#talk(`${ended}; from then on the river stays as its last row says`);
		} else if (!isBefore(this.#beganUtcSeconds, lastUtcSeconds)) {
			this.#talk(`${ended} and was played before; choose another --data to play it again`);
		}
	}

	/**
	 * Waits until the wall has come as far as `untilUtcSeconds`, the world's next event or the end, in
	 * slices that Ctrl-C ends; false when there is another next event by then.
	 */
	async #pace(untilUtcSeconds: number): Promise<boolean> {
		const { world } = this.#simulation;
		const { nextUtcSeconds } = world;
		for (;;) {
			const speed = this.#setSpeed();
			const { utcSeconds, milliseconds } = this.#anchor;
			const due = milliseconds + ((untilUtcSeconds - utcSeconds) / speed) * 1000;
			const left = due - performance.now();
			if (left <= 0 || this.#isStopping) return true;
			this.#look();
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

interface ReportOptions {
	readonly simulation: Simulation;
	readonly collector: CollectorHost;
	readonly options: StartOptions;
	readonly seed: number;
	readonly wallSeconds: number;
	readonly isSettled: boolean;
	readonly isReproducible: boolean;
}

async function report(given: ReportOptions): Promise<number> {
	const { simulation, collector, options } = given;
	let total = NO_DELIVERY;
	const meter = new DeviationMeter();
	let milliwattHours = 0;
	for (const { name, river, station, witness } of simulation.played) {
		const rows = await collector.rowsOf(name);
		total = addDeliveries(total, judgeDelivery(witness.returned, witness.mayExist, rows));
		meter.add(rows, river);
		for (const each of station.hardware.energy.milliwattHoursByPart().values())
			milliwattHours += each;
	}
	const simulatedSeconds = Math.round(simulation.simulatedSeconds);
	const days = (simulatedSeconds * simulation.played.length) / 86_400;
	const summary = {
		seed: given.seed,
		simulatedSeconds,
		wallSeconds: Math.round(given.wallSeconds * 10) / 10,
		stations: simulation.played.length,
		measured: total.measured,
		appended: total.appended,
		delivered: total.delivered,
		duplicates: collector.counts.duplicates,
		inGaps: total.inGaps,
		missing: total.missing,
		foreign: total.foreign,
		refusals: collector.counts.refusals,
		gaps: total.gaps,
		energyMilliwattHoursPerDay: days === 0 ? 0 : Math.round((milliwattHours / days) * 10) / 10,
		deviation: meter.result(),
		reproducible: given.isReproducible,
	};
	if (options.summary === "json") process.stdout.write(`${JSON.stringify(summary)}\n`);
	else {
		process.stdout.write(
			`${instant(simulation.utcSeconds)}: ` +
				`${summary.measured} readings measured, ${summary.appended} entries appended, ` +
				`${summary.delivered} delivered, ${summary.missing} missing, ${summary.duplicates} received again, ` +
				`${energyText(milliwattHours / simulation.played.length, simulatedSeconds)}\n`,
		);
	}
	if (given.isSettled && total.missing === 0 && total.foreign === 0) return 0;
	process.stderr.write(
		`${onStderr.red("error:")} ${
			given.isSettled
				? `${total.missing} entries missing and ${total.foreign} foreign at the collector`
				: `the last acknowledgement did not come within ${SETTLE_SECONDS_MAX / 3600} simulated hours`
		}; reproduce with --seed ${given.seed}\n`,
	);
	return 1;
}

/** Of one station on average. A boot costs more than an hour: what a day takes is known after a day. */
export function energyText(milliwattHours: number, simulatedSeconds: number): string {
	const days = simulatedSeconds / 86_400;
	if (days >= 1) return `${(milliwattHours / days).toFixed(1)} mWh a day per station`;
	return `${milliwattHours.toFixed(1)} mWh per station so far`;
}

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

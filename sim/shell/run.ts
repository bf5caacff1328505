/** One run of `npm start`: opens everything, advances the world, settles, judges, reports. */

import { diskFailure } from "../../src/host/disk.js";
import { OperationalError } from "../../src/host/errors.js";
import { printable } from "../../src/host/printable.js";
import { CollectorOpening } from "./collector-opening.js";
import { DATA_FORMAT_VERSION, DataDirectory, type SavedWorld } from "./data-directory.js";
import { LiveView } from "./live-view.js";
import type { StartOptions } from "./options.js";
import type { Page } from "./page.js";
import { Player } from "./player.js";
import { WORLD_HEADER } from "./playground/collector-messages.js";
import { CollectorProcess } from "./playground/collector-process.js";
import { type OpenPlayground, openPlayground } from "./playground/open-playground.js";
import { PlayedRiver } from "./playground/played-river.js";
import { recordedOrNamedRivers } from "./rivers.js";
import { report } from "./run-report.js";
import { Simulation } from "./simulation.js";
import { endOf } from "./world-end.js";

const SEED_DEFAULT = 1;
/** Where time begins when no recording says otherwise: 2026-10-01T00:00:00Z. */
const START_UTC_SECONDS = 1_790_812_800;

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
	const wallSeconds = (): number =>
		(saved?.wallSeconds ?? 0) + (performance.now() - wallStart) / 1000;
	const { view, print } = terminalOf(options);
	const world = await describedWorld(directory, options, saved, print);
	const { startUtcSeconds, stations, rivers } = world;
	const { seed } = rivers;
	if (!options.quiet) print(`seed ${seed}, data in ${directory.path}`);
	await requireFreePorts(options, stations.length);
	const page = await offeredPage(directory, options, world, print);
	const opened = await openCollector(directory, options, world, page, print);
	const { opening, clock, collectorPublicKey } = opened;
	const write = (states: readonly unknown[]): void =>
		directory.writeWorld({
			bistrinaData: DATA_FORMAT_VERSION,
			...rivers.identity,
			startUtcSeconds,
			wallSeconds: wallSeconds(),
			stations: states,
		});
	let simulation: Simulation | undefined;
	let playground: OpenPlayground | undefined;
	try {
		// Before the first image: a start that dies before its first save can be gone on with.
		if (saved === undefined) write([]);
		const { endpoint } = opening;
		const begun = { directory, seed, startUtcSeconds, stations, collectorPublicKey, endpoint };
		simulation = new Simulation({ ...begun, saved: saved?.stations });
		const played = simulation;
		opening.begin(played.played);
		clock.now = page.now = () => played.world.utcSeconds;
		const beganUtcSeconds = clock.utcSeconds;
		const { recording } = rivers;
		const endUtcSeconds = endOf(options, beganUtcSeconds, recording, saved !== undefined);
		const times = { beganUtcSeconds, endUtcSeconds };
		const pace = { speed: options.speed };
		const shown = { opening, options, pace, view, print };
		const player = new Player({ simulation, ...shown, recording, ...times });
		const toys = { ...shown, played: played.played, stations, player };
		playground = await openPlayground(toys, page.page, opened.collectorProcess);
		// Before, the world may stand still in its first upload, and nobody would answer a technician.
		opening.onOpen = () => {
			onBegun();
			player.offerLines();
		};
		await player.play((each) => write(each.save()));
		const collector = await opening.collector;
		await playground?.end();
		const isSettled = await player.settle();
		write(simulation.save());
		player.finish();
		const wasDisturbed = [opening.hasTimedOut, player.wasVisited, playground?.wasUsed];
		const isReproducible = !wasDisturbed.includes(true);
		const came = { wallSeconds: wallSeconds(), isSettled, isReproducible };
		return await report({ simulation, collector, options, seed, ...came });
	} finally {
		simulation?.close();
		await playground?.close();
		await page.page?.close();
		await opening.close();
	}
}

/** Where lines are printed: above the live view, where there is one. */
function terminalOf({ quiet }: StartOptions) {
	const view = quiet ? undefined : new LiveView(process.stderr);
	const print = (line: string): void => {
		const shown = printable(line);
		if (view === undefined) process.stderr.write(`${shown}\n`);
		else view.print(shown);
	};
	return { view, print };
}

type DescribedWorld = Awaited<ReturnType<typeof describedWorld>>;

/** Rivers, stations and the beginning of a run, as its options or what is saved say. */
async function describedWorld(
	directory: DataDirectory,
	options: StartOptions,
	saved: SavedWorld | undefined,
	print: (line: string) => void,
) {
	const rivers = await recordedOrNamedRivers(options, saved, SEED_DEFAULT, print);
	const startUtcSeconds =
		saved?.startUtcSeconds ?? rivers.recording?.firstUtcSeconds ?? START_UTC_SECONDS;
	// Before anything is made. How far a world has come that was saved, its stations say.
	endOf(options, startUtcSeconds, rivers.recording, saved !== undefined);
	const stations = rivers
		.stations(startUtcSeconds)
		.map(({ name, river }) => ({ name, river: new PlayedRiver(river) }));
	directory.requireWhole(
		saved,
		stations.map(({ name }) => name),
	);
	return { rivers, startUtcSeconds, stations };
}

async function requireFreePorts(options: StartOptions, stationCount: number): Promise<void> {
	const { requireFreePort } = await import("./collector-host.js");
	const { port, consolePort, pagePort } = options;
	await requireFreePort(port);
	if (pagePort !== undefined) {
		await requireFreePort(pagePort, "--page-port");
		await requireFreePort(options.playgroundPort, "--playground-port");
	}
	if (consolePort === undefined || consolePort === 0) return;
	for (let index = 0; index < stationCount; index++) {
		await requireFreePort(consolePort + index, "--console-port");
	}
}

interface OfferedPage {
	readonly page: Page | undefined;
	/** The world's clock. */
	now: () => number;
}

/** Printed right after the seed: a browser that opens it meanwhile sees the rivers come. */
async function offeredPage(
	directory: DataDirectory,
	{ pagePort }: StartOptions,
	{ startUtcSeconds, stations }: DescribedWorld,
	print: (line: string) => void,
): Promise<OfferedPage> {
	const offered = { page: undefined as Page | undefined, now: () => startUtcSeconds };
	if (pagePort === undefined) return offered;
	const folder = directory.file("collector");
	const { openPage } = await import("./page.js");
	offered.page = await openPage({
		folder,
		port: pagePort,
		stations: stations.map(({ name }) => name),
		nowUtcSeconds: () => offered.now(),
		print,
	});
	print(`the page: ${offered.page.address}`);
	return offered;
}

/** Its database takes seconds: the world begins meanwhile, and what is uploaded waits. */
async function openCollector(
	directory: DataDirectory,
	options: StartOptions,
	{ rivers, startUtcSeconds }: DescribedWorld,
	{ page }: OfferedPage,
	print: (line: string) => void,
) {
	const { openCollectorHost, openCollectorIdentity } = await import("./collector-host.js");
	const folder = directory.file("collector");
	const identity = await openCollectorIdentity(folder, rivers.seed, print);
	const clock = {
		now: (): number => startUtcSeconds,
		get utcSeconds(): number {
			return this.now();
		},
	};
	const { port } = options;
	const { seed } = rivers;
	const opened = { process: undefined as CollectorProcess | undefined };
	const opening = new CollectorOpening({
		open: async () => {
			const onStored = (station: string): void => page?.stored(station);
			const host = { directory: folder, port, identity, onError: print, onStored };
			if (page === undefined) return openCollectorHost({ ...host, clock });
			// A person may want to kill it.
			opened.process = await CollectorProcess.open({ ...host, seed });
			page.provide(opened.process.record);
			return opened.process;
		},
		print: options.quiet ? () => {} : print,
		...(page === undefined
			? {}
			: { headers: () => ({ [WORLD_HEADER]: String(clock.utcSeconds) }) }),
	});
	return {
		opening,
		clock,
		collectorProcess: () => opened.process,
		collectorPublicKey: identity.acknowledgementKey.publicKey,
	};
}

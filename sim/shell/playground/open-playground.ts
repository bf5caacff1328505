/** The playground of a run that has a page: its listener, over what the run plays. */
import type { StartOptions } from "../options.js";
import type { Page } from "../page.js";
import type { PlayedStation } from "../played-station.js";
import type { Player } from "../player.js";
import type { CollectorProcess } from "./collector-process.js";
import type { PlayedRiver } from "./played-river.js";
import { Playground } from "./playground.js";
import { openPlaygroundServer } from "./playground-server.js";

export interface OpenPlayground {
	readonly wasUsed: boolean;
	/** Nobody presses anything any more, and nothing keeps stations from delivering. Throws OperationalError. */
	end(): Promise<void>;
	close(): Promise<void>;
}

export interface PlaygroundOf {
	readonly options: StartOptions;
	readonly pace: { speed: number };
	readonly played: readonly PlayedStation[];
	readonly stations: readonly { readonly name: string; readonly river: PlayedRiver }[];
	readonly player: Player;
	readonly print: (line: string) => void;
}

/** Undefined without a page: nobody looks. Says its address. Throws OperationalError when its port is taken. */
export async function openPlayground(
	{ options, pace, played, stations, player, print }: PlaygroundOf,
	page: Page | undefined,
	collectorNow: () => CollectorProcess | undefined,
): Promise<OpenPlayground | undefined> {
	if (page === undefined) return undefined;
	const playground = new Playground({
		stations: stations.flatMap(({ name, river }) => {
			const found = played.find((each) => each.name === name);
			return found === undefined ? [] : [{ name, river, station: found.station }];
		}),
		nowUtcSeconds: () => player.nowUtcSeconds,
		onActivity: () => player.nudge(),
		collector: {
			get isUp() {
				return collectorNow()?.isUp === true;
			},
			kill: async () => collectorNow()?.kill(),
			start: async () => collectorNow()?.start(),
		},
		pace,
	});
	const server = await openPlaygroundServer({
		playground,
		port: options.playgroundPort,
		publicPage: page.address,
		shown: (name) => {
			const found = played.find((each) => each.name === name);
			return {
				isAsleep: found?.station.isAsleep === true,
				waiting: (found?.newestSequence ?? 0) - (found?.witness.acknowledgedCursor ?? 0),
				readingUtcSeconds: found?.latestUtcSeconds ?? 0,
			};
		},
		print,
	});
	print(`the playground: ${server.address}`);
	let closing: Promise<void> | undefined;
	const close = (): Promise<void> => {
		closing ??= server.close();
		return closing;
	};
	return {
		get wasUsed() {
			return playground.wasUsed;
		},
		end: async () => {
			await close();
			await playground.restore();
		},
		close,
	};
}

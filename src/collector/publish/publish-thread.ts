/** The thread of publishing.ts: seals days, listens for readers. */
import { statfsSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { messageOf, OperationalError } from "../../host/errors.js";
import { printableJson } from "../../host/printable.js";
import { Assets } from "./assets.js";
import { DayCache } from "./day-cache.js";
import { listenForReaders, type ReadersListening } from "./http.js";
import { Library } from "./library.js";
import { allPageRoutes } from "./page-routes.js";
import { NO_PUBLICATION, type Publication, readPublication } from "./publication.js";
import type { RecordReader } from "./record-reader.js";
import { routerOf } from "./router.js";
import { Sealer } from "./sealer.js";
import { SealingLoop } from "./sealing-loop.js";
import { Streams } from "./streams.js";
import type { FromThread, PublishingData, ReaderMethod, ToThread } from "./thread-messages.js";

/** Below it a day may not be written whole. */
const ROOM_BYTES_MIN = 20_000_000;

/** Of what the collector's metrics count. */
const COUNTED_MILLISECONDS = 1000;

const port = parentPort;
if (port === null) throw new Error("publish-thread runs in a thread");
const data = workerData as PublishingData;
const post = (message: FromThread): void => port.postMessage(message);
const log = (line: string): void => post({ kind: "log", line, isFault: false });
const logFault = (line: string): void => post({ kind: "log", line, isFault: true });

const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
let asked = 0;

function ask(method: ReaderMethod, parameters: readonly unknown[]): Promise<unknown> {
	return new Promise((resolve, reject) => {
		waiting.set(++asked, { resolve, reject });
		post({ kind: "ask", id: asked, method, parameters });
	});
}

const reader = new Proxy({} as RecordReader, {
	get:
		(_target, method) =>
		(...parameters: readonly unknown[]) =>
			ask(method as ReaderMethod, parameters),
});

function publicationNow(): Publication {
	if (data.publication === undefined) return NO_PUBLICATION;
	return readPublication(data.publication, log);
}

const { clock } = data;
const world = clock === undefined ? undefined : new Float64Array(clock);
const nowSeconds = (): number => world?.[0] ?? Date.now() / 1000;

function problem(loop: SealingLoop): string | undefined {
	const { bavail, bsize } = statfsSync(data.folder);
	if (bavail * bsize < ROOM_BYTES_MIN) return `${data.folder}: the disk is full`;
	return loop.problem;
}

/** Counts answers, and posts the counts once a second. */
function countAnswers(streams: Streams): (route: string, status: number) => void {
	const counts = new Map<string, number>();
	setInterval(() => {
		const answers = [...counts].map(([key, count]) => {
			const [route = "", status] = key.split(" ");
			return [route, Number(status), count] as const;
		});
		counts.clear();
		post({ kind: "counted", answers, streams: streams.count });
	}, COUNTED_MILLISECONDS).unref();
	return (route, status) => {
		const key = `${route} ${status}`;
		counts.set(key, (counts.get(key) ?? 0) + 1);
	};
}

async function main(): Promise<void> {
	const cache = new DayCache(data.folder, { onDamaged: (station) => loop.arrived(station) });
	const library = new Library(cache, publicationNow(), nowSeconds);
	const streams = new Streams((station) => {
		const found = library.find(station);
		return found === undefined ? undefined : printableJson(found.summary);
	});
	const sealer = new Sealer({
		reader,
		cache,
		documentsOf: (station) => library.publication.of(station).documents,
		onSealed: (station) => streams.changed(station),
		onTooMuch: (station, why) => log(`publishing ${station}: ${why}; its page stays as it is`),
	});
	const loop = new SealingLoop({
		reader,
		cache,
		seal: (station) => sealer.seal(station),
		onStations: (stations) => {
			library.stations = stations;
		},
		isShared: data.isShared,
		onFailure: (station, error) => logFault(`publishing ${station ?? ""}: ${messageOf(error)}`),
	});
	let listening: ReadersListening;
	try {
		listening = await listenForReaders({
			...data,
			handler: routerOf({
				library,
				streams,
				problem: async () => problem(loop),
				routes: allPageRoutes(new Assets(), data.isSimulated),
			}),
			onAnswered: countAnswers(streams),
			onFailure: (error) => logFault(`a reader's request failed: ${messageOf(error)}`),
		});
	} catch (error) {
		if (!(error instanceof OperationalError)) throw error;
		post({ kind: "refused", message: error.message });
		return;
	}
	port?.on("message", (message: ToThread) => {
		switch (message.kind) {
			case "arrived":
				return loop.arrived(message.station);
			case "reload":
				try {
					library.publication = publicationNow();
				} catch (error) {
					log(`not taken: ${messageOf(error)}`);
				}
				return loop.checkAll();
			case "answer":
				waiting.get(message.id)?.resolve(message.result);
				waiting.delete(message.id);
				return;
			case "failure":
				waiting.get(message.id)?.reject(new Error(message.message));
				waiting.delete(message.id);
				return;
			case "close":
				streams.close();
				for (const { reject } of waiting.values()) reject(new Error("closing"));
				Promise.all([listening.close(), loop.close()]).finally(() => post({ kind: "closed" }));
		}
	});
	post({ kind: "listening", port: listening.port });
	loop.begin();
}

try {
	await main();
} catch (error) {
	if (!(error instanceof OperationalError)) throw error;
	post({ kind: "refused", message: error.message });
}

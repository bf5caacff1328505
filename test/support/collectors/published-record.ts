/** A collector's record in the shared store with its readers' thread, and a client that reads as anybody does. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { Ledger } from "../../../src/collector/ledger/ledger.js";
import type { ReaderLimits } from "../../../src/collector/publish/address-limits.js";
import { Assets } from "../../../src/collector/publish/assets.js";
import { DayCache } from "../../../src/collector/publish/day-cache.js";
import { listenForReaders } from "../../../src/collector/publish/http.js";
import { Library } from "../../../src/collector/publish/library.js";
import { allPageRoutes } from "../../../src/collector/publish/page-routes.js";
import { readPublication } from "../../../src/collector/publish/publication.js";
import { type Publishing, startPublishing } from "../../../src/collector/publish/publishing.js";
import { SqlRecordReader } from "../../../src/collector/publish/record-reader.js";
import { routerOf } from "../../../src/collector/publish/router.js";
import { Streams } from "../../../src/collector/publish/streams.js";
import type { SqlStore } from "../../../src/collector/store/store.js";
import { PROJECT } from "../sources.js";
import { emptyStore } from "./shared-store.js";
import type { SignedStation } from "./signed-station.js";

export interface Read {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
	readonly text: string;
}

export interface PublishedRecord {
	readonly store: SqlStore;
	readonly ledger: Ledger;
	readonly port: number;
	readonly folder: string;
	/** Enrols and delivers all of it, and waits until readers see it. */
	publish(station: SignedStation, perBatch?: number): Promise<void>;
	/** One more envelope, without waiting for readers. */
	deliver(envelope: Uint8Array, station: string): Promise<void>;
	get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Read>;
	/** The world's clock continues. */
	pass(seconds: number): void;
	/** As SIGHUP does. */
	reload(): void;
	/** Throws the cache away and opens anew. */
	reopen(): Promise<void>;
	close(): Promise<void>;
}

export interface PublishedOptions {
	readonly limits?: Partial<ReaderLimits>;
	readonly proxies?: readonly string[];
	/** Of the operator's file; policies by a path within the project. */
	readonly publication?: object;
	/** Beside it, by name. */
	readonly files?: Readonly<Record<string, string>>;
	readonly onLogged?: (line: string) => void;
}

/** Unix seconds at which the world of these tests stands. */
export const NOW_SECONDS = 1_775_000_000;

/** Over the shared store, which it empties: one at a time, and none beside another user of that store. */
export async function openPublishedRecord(given: PublishedOptions = {}): Promise<PublishedRecord> {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-published-"));
	const publication = join(folder, "publication.json");
	writeFileSync(publication, JSON.stringify(given.publication ?? {}));
	for (const [name, text] of Object.entries(given.files ?? {}))
		writeFileSync(join(folder, name), text);
	const store = await emptyStore();
	const ledger = new Ledger({
		store,
		key: signingKeyOf(new Uint8Array(32).fill(7)),
		clock: { utcSeconds: NOW_SECONDS },
	});
	const clock = new SharedArrayBuffer(8);
	const world = new Float64Array(clock);
	world[0] = NOW_SECONDS;
	const lines: string[] = [];
	const open = (): Promise<Publishing> =>
		startPublishing({
			folder: join(folder, "published"),
			host: "127.0.0.1",
			port: 0,
			proxies: given.proxies ?? [],
			origin: undefined,
			publication,
			limits: given.limits ?? { burst: 100_000, connectionsPerAddress: 3000 },
			moreAcceptors: 0,
			clock,
			isShared: false,
			isSimulated: true,
			reader: Promise.resolve(new SqlRecordReader(store)),
			log: (line) => {
				lines.push(line);
				given.onLogged?.(line);
			},
		});
	let publishing = await open();
	const get: PublishedRecord["get"] = (path, headers = {}, method = "GET") =>
		read(publishing.port, path, headers, method);
	const seen = async (station: string, newest: number): Promise<void> => {
		for (let tries = 0; tries < 2000; tries++) {
			const { status, text } = await get(`/v1/stations/${station}`);
			if (status === 200 && JSON.parse(text).verification.newest === newest) return;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		throw new Error(`readers do not see ${station}: ${lines.join("; ")}`);
	};
	const deliver: PublishedRecord["deliver"] = async (envelope, station) => {
		const { status } = await ledger.receive(envelope);
		if (status !== 200) throw new Error(`a batch was answered with ${status}`);
		publishing.arrived(station);
	};
	return {
		store,
		ledger,
		deliver,
		get port() {
			return publishing.port;
		},
		folder,
		publish: async (station, perBatch = 200) => {
			await ledger.enrol(station.station, station.publicKey);
			for (const envelope of station.envelopes(perBatch)) await deliver(envelope, station.station);
			await seen(station.station, station.entries.length);
		},
		get,
		pass: (seconds) => {
			world[0] = (world[0] ?? 0) + seconds;
		},
		reload: () => publishing.reload(),
		reopen: async () => {
			const stations = JSON.parse((await get("/v1/stations")).text).stations as {
				station: string;
				verification: { newest: number };
			}[];
			await publishing.close();
			rmSync(join(folder, "published"), { recursive: true });
			publishing = await open();
			for (const { station, verification } of stations) await seen(station, verification.newest);
		},
		close: async () => {
			await publishing.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** The default policy of the Bor, for an operator's file. */
export const BOR_POLICY = join(PROJECT, "policies/bor.json");

export function read(
	port: number,
	path: string,
	headers: Readonly<Record<string, string>> = {},
	method = "GET",
): Promise<Read> {
	return new Promise((resolve, reject) => {
		const outgoing = request(
			{
				host: "127.0.0.1",
				port,
				path,
				method,
				headers: { host: "rivers.example.org", ...headers },
			},
			(incoming) => {
				const parts: Buffer[] = [];
				incoming.on("data", (part: Buffer) => parts.push(part));
				incoming.on("error", reject);
				incoming.on("end", () => {
					const body = Buffer.concat(parts);
					const { statusCode = 0, headers: given } = incoming;
					resolve({ status: statusCode, headers: given, body, text: body.toString("utf8") });
				});
			},
		);
		outgoing.on("error", reject);
		outgoing.end();
	});
}

/** A cache that is there already, served from this process: `folder` holds it and the operator's file. */
export async function openPublishedCache(folder: string, stations: readonly string[]) {
	const publication = readPublication(join(folder, "publication.json"), () => {});
	const library = new Library(
		new DayCache(join(folder, "published")),
		publication,
		() => NOW_SECONDS,
	);
	library.stations = stations;
	const streams = new Streams(() => undefined);
	const routes = allPageRoutes(new Assets(), false);
	const listening = await listenForReaders({
		handler: routerOf({ library, streams, problem: async () => undefined, routes }),
		host: "127.0.0.1",
		port: 0,
		limits: { burst: 100_000 },
	});
	return {
		port: listening.port,
		get: (path: string) => read(listening.port, path),
		close: async () => {
			streams.close();
			await listening.close();
		},
	};
}

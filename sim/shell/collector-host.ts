/** The collector of `npm start`: embedded database, HTTPS on loopback, the world's clock. */

import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { type RecordReader, SqlRecordReader } from "../../src/collector/publish/record-reader.js";
import { enrolResults, registryOf } from "../../src/collector/service/enrolment.js";
import { EnrolmentPost } from "../../src/collector/service/enrolment-post.js";
import { type CollectorIdentity, openIdentity } from "../../src/collector/service/identity.js";
import { createHandler, listenHttps } from "../../src/collector/service/receiver.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { entriesOf } from "../../src/collector/store/query.js";
import { OperationalError } from "../../src/host/errors.js";
import { closeToOthers } from "../../src/host/permissions.js";
import type { StationResult } from "../../src/host/station-result.js";
import { COLLECTOR_NAME } from "./played-station.js";

export interface CollectorHost {
	readonly identity: CollectorIdentity;
	readonly port: number;
	/** Entries received again, and refusals, since this start. */
	readonly counts: { duplicates: number; refusals: number };
	/** Each by its own proof, as `bistrina enrol` does. */
	enrol(results: readonly StationResult[]): Promise<void>;
	/** Canonical bytes of all rows of a station, in order. */
	rowsOf(station: string): Promise<Uint8Array[]>;
	/** For whoever publishes. */
	readonly record: RecordReader;
	close(): Promise<void>;
}

export interface CollectorHostOptions {
	readonly directory: string;
	readonly port: number;
	readonly identity: CollectorIdentity;
	readonly clock: { readonly utcSeconds: number };
	readonly onError: (line: string) => void;
	/** A batch of this station was stored. */
	readonly onStored?: (station: string) => void;
	/** Told of each request before it is answered. */
	readonly onHeaders?: (headers: ReadonlyMap<string, string>) => void;
}

/** Identity of the collector of a run: needed before its database is open. Throws OperationalError. */
export function openCollectorIdentity(
	directory: string,
	seed: number,
	onError: (line: string) => void,
): Promise<CollectorIdentity> {
	// Its public half is part of the stations' configuration, which is part of their record.
	const scalar = createHash("sha256").update(`bistrina simulated collector ${seed}`).digest();
	for (const line of closeToOthers(directory)) onError(line);
	return openIdentity(directory, COLLECTOR_NAME, new Uint8Array(scalar));
}

/** Tells of a taken port at once, not after the database has been opened. */
export function requireFreePort(port: number, option = "--port"): Promise<void> {
	return new Promise((resolve, reject) => {
		const probe = createServer();
		probe.once("error", (error: NodeJS.ErrnoException) => {
			const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be opened (${error.code})`;
			reject(new OperationalError(`port ${port} of 127.0.0.1 ${why}; choose another ${option}`));
		});
		probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
	});
}

/** Opens it. Throws OperationalError: database in use or of another version. */
export async function openCollectorHost(options: CollectorHostOptions): Promise<CollectorHost> {
	const { identity } = options;
	const store = await openPGliteStore(options.directory);
	const counts = { duplicates: 0, refusals: 0 };
	try {
		const ledger = new Ledger({
			store,
			key: identity.acknowledgementKey,
			clock: options.clock,
			onReport: ({ station, reason, detail }) => {
				counts.refusals++;
				options.onError(`collector refused ${station}: ${reason}, ${detail}`);
			},
		});
		const registry = registryOf(store, (station, keys) => ledger.setKeys(station, keys));
		const { directory: folder, onError: log } = options;
		const enrolments = new EnrolmentPost({ folder, registry, log: log });
		const handler = createHandler(ledger, {
			onReceived: ({ duplicateCount, status, provenBy }) => {
				counts.duplicates += duplicateCount;
				if (status === 200 && provenBy !== undefined) options.onStored?.(provenBy);
			},
		});
		const listening = await listenHttps({
			handler: (request) => {
				options.onHeaders?.(request.headers);
				return handler(request);
			},
			host: "127.0.0.1",
			port: options.port,
			certificateChain: identity.certificateChain,
			privateKey: identity.privateKey,
			onFailure: (error) => options.onError(`collector: ${String(error)}`),
		});
		return {
			identity,
			port: listening.port,
			counts,
			record: new SqlRecordReader(store),
			enrol: async (results) => {
				await enrolResults(registry, results, undefined, "other-run");
			},
			rowsOf: async (station) =>
				(await entriesOf(store, station)).map(({ canonicalBytes }) => canonicalBytes),
			close: async () => {
				await listening.close();
				await enrolments.close();
				await store.close();
			},
		};
	} catch (error) {
		await store.close();
		throw error;
	}
}

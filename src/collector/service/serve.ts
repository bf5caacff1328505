/** The collector as a service: its parts put together, from the database to the listeners, until a signal ends it. */

import { join } from "node:path";
import { hexOf } from "../../core/bytes.js";
import { messageOf, OperationalError } from "../../host/errors.js";
import { closeToOthers } from "../../host/permissions.js";
import { ConfigurationOffers, SqlOfferRepository } from "../ledger/configuration-offers.js";
import { Ledger, type LedgerOptions, type LedgerReport } from "../ledger/ledger.js";
import { StationGate } from "../ledger/station-gate.js";
import { QUOTA_LIMITS, type QuotaLimits } from "../ledger/station-quota.js";
import { ThreadVerifier } from "../ledger/verifier.js";
import { type Publishing, startPublishing } from "../publish/publishing.js";
import { SqlRecordReader } from "../publish/record-reader.js";
import { DatabaseError } from "../store/database-error.js";
import { openPGliteStore } from "../store/pglite-store.js";
import { openPostgresqlStore } from "../store/postgresql-store.js";
import type { SqlStore } from "../store/store.js";
import { type AlarmService, openAlarms } from "./alarm-service.js";
import { Counting } from "./counting.js";
import { registryOf } from "./enrolment.js";
import { EnrolmentPost } from "./enrolment-post.js";
import { type CollectorIdentity, openIdentity } from "./identity.js";
import { log } from "./program-log.js";
import { Readiness, roomProblem } from "./readiness.js";
import { createHandler, listenHttps } from "./receiver.js";
import { ReportLimit } from "./report-limit.js";
import { Rereading } from "./rereading.js";
import {
	configurationPaths,
	readConfiguration,
	requireNoPassword,
	type ServiceOptions,
} from "./service-options.js";
import { readStationList } from "./station-list.js";

const MINUTE_MILLISECONDS = 60_000;
/**
 * A flood of 2 000 connections is through in 16 turns of the event loop, of 4 ms each where all are turned away; with
 * eight handles it took 250 turns, and all other work of each was waited for too.
 */
const MORE_ACCEPTORS = 127;

/** Six lines a minute at most. */
const BLOCKED_LOOK_MILLISECONDS = 10_000;

const NO_HEADER =
	"begins a connection without a header of the PROXY protocol: let it send one (version 1 or 2), or start without --proxy";

const clock = Object.freeze({
	get utcSeconds() {
		return Math.floor(Date.now() / 1000);
	},
});

/** On stdout one line of JSON when it listens. Throws OperationalError. */
export async function serve(options: ServiceOptions): Promise<void> {
	const stopped = stopRequested();
	// From the beginning: it would end a process that has not asked for it, and the database takes its time.
	const rereading = new Rereading((error) => log(`not taken: ${messageOf(error)}`));
	process.on("SIGHUP", () => rereading.ask());
	for (const line of closeToOthers(options.data)) log(line);
	const store = await openStore(options);
	const verifier = new ThreadVerifier();
	let publishing: Publishing | undefined;
	let alarms: AlarmService | undefined;
	let enrolments: EnrolmentPost | undefined;
	try {
		const identity = await openIdentity(options.data, options.serverName);
		const reports = openReports();
		const counting = new Counting(clock);
		const readiness = openReadiness(store, options, reports);
		const configurations = openOffers(store, reports);
		alarms = await openAlarms({
			...{ ...options.alarms, store, data: options.data, clock },
			log: (text, station) => {
				if (station === undefined) log(text);
				else reports.add(text, { station });
			},
			onAttempt: (hook, isTaken) => counting.attempted(hook, isTaken),
		});
		const key = identity.acknowledgementKey;
		const ledger = ledgerOf(options, {
			store: readiness.watched(store),
			key,
			verifier,
			configurations,
			watch: alarms.watch,
			onReport: (report) => {
				counting.refused(report);
				reportRefusal(reports, report);
				// What its key signed and nobody believes is on its page, too.
				if (report.isSigned) publishing?.arrived(report.station);
			},
		});
		// New stations and configurations without a restart.
		await rereading.begin(async () => {
			await enrolAll(ledger, options);
			await setAll(configurations, options);
			publishing?.reload();
			alarms?.reload();
		});
		enrolments = openEnrolments(options, store, ledger);
		publishing = await publish(store, options, { counting, reports });
		const { waiting } = alarms;
		const problem = (): Promise<string | undefined> => readiness.problem();
		const asked = options.metrics && (await counting.listen(options.metrics, { problem, waiting }));
		const listening = await listenForStations(options, identity, {
			...{ ledger, readiness, counting, reports },
			onNew: (station) => publishing?.arrived(station),
		});
		const publicKey = hexOf(key.publicKey);
		const ports = { port: listening.port, metricsPort: asked?.port };
		printAddresses(options, { ...ports, publishing, store: store.name, publicKey });
		await stopped;
		await listening.close();
		await asked?.close();
	} finally {
		await alarms?.close();
		await enrolments?.close();
		await publishing?.close();
		await store.close();
		await verifier.close();
	}
}

function listenForStations(
	options: ServiceOptions,
	{ certificateChain, privateKey }: CollectorIdentity,
	parts: {
		readonly ledger: Ledger;
		readonly readiness: Readiness;
		readonly counting: Counting;
		readonly reports: ReportLimit;
		/** Told of a station that delivered something new. */
		readonly onNew: (station: string) => void;
	},
): ReturnType<typeof listenHttps> {
	const { ledger, readiness, counting, reports, onNew } = parts;
	return listenHttps({
		handler: createHandler(ledger, {
			readiness,
			onReceived: (answer) => {
				counting.received(answer);
				if (answer.provenBy !== undefined) onNew(answer.provenBy);
			},
		}),
		...{ host: options.host, port: options.port, proxies: options.proxies },
		...{ certificateChain, privateKey },
		limits: { connections: options.connections, perAddress: options.perAddress },
		moreAcceptors: MORE_ACCEPTORS,
		onAnswered: (...given) => counting.answered(...given),
		onNoHeader: (proxy) => reports.add(`the proxy ${proxy} ${NO_HEADER}`, { isOwnFault: true }),
		onFailure: (error) => {
			counting.failed();
			reports.add(`a request failed: ${messageOf(error)}`, { isOwnFault: true });
		},
	});
}

function reportRefusal(
	reports: ReportLimit,
	{ station, reason, detail, isSigned }: LedgerReport,
): void {
	const fields = { event: "refused", claimed: station, reason };
	const of = isSigned ? { station, fields } : { fields };
	reports.add(`refused ${station}: ${reason}, ${detail}`, of);
}

function openOffers(store: SqlStore, reports: ReportLimit): ConfigurationOffers {
	return new ConfigurationOffers({
		repository: new SqlOfferRepository(store),
		clock,
		onReport: (station, text) => reports.add(`${station}: ${text}`, { station }),
	});
}

function openEnrolments({ data }: ServiceOptions, store: SqlStore, ledger: Ledger): EnrolmentPost {
	const registry = registryOf(store, (station, keys) => ledger.setKeys(station, keys));
	return new EnrolmentPost({ folder: data, registry, log });
}

function openReadiness(store: SqlStore, { data }: ServiceOptions, reports: ReportLimit): Readiness {
	const room = store.name === "pglite" ? () => roomProblem(data) : undefined;
	const readiness = new Readiness(store, undefined, room);
	setInterval(() => {
		const words = readiness.blocked();
		if (words !== undefined) reports.add(words, { isOwnFault: true });
	}, BLOCKED_LOOK_MILLISECONDS).unref();
	return readiness;
}

function openReports(): ReportLimit {
	const reports = new ReportLimit(log);
	setInterval(() => reports.turn(), MINUTE_MILLISECONDS).unref();
	return reports;
}

function ledgerOf(
	options: ServiceOptions,
	parts: Pick<LedgerOptions, "store" | "key" | "verifier" | "configurations" | "onReport"> & {
		readonly watch: AlarmService["watch"];
	},
): Ledger {
	const { watch, ...rest } = parts;
	return new Ledger({
		...rest,
		clock,
		onStored: (stored) => watch.stored(stored),
		onRefused: ({ station, reason, detail }) => watch.refused(station, reason, detail),
		nextSeconds: () => options.nextSeconds,
		gate: new StationGate(quotaOf(options)),
	});
}

/** One line of JSON for whoever started it. */
function printAddresses(
	{ host, readers, metrics }: ServiceOptions,
	addresses: {
		readonly port: number;
		readonly metricsPort: number | undefined;
		readonly publishing: Publishing | undefined;
		readonly store: string;
		readonly publicKey: string;
	},
): void {
	const { port, metricsPort, publishing, store, publicKey } = addresses;
	const page = publishing && { readers: { host: readers?.host, port: publishing.port } };
	const counts = metrics && { metrics: { host: metrics.host, port: metricsPort } };
	const line = { listening: { host, port }, ...page, ...counts, store, publicKey };
	process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The page and its data, where the operator wants them. */
async function publish(
	store: SqlStore,
	{ data, readers }: ServiceOptions,
	{ counting, reports }: { readonly counting: Counting; readonly reports: ReportLimit },
): Promise<Publishing | undefined> {
	if (readers === undefined) return undefined;
	return startPublishing({
		...readers,
		folder: join(data, "published"),
		clock: undefined,
		moreAcceptors: MORE_ACCEPTORS,
		isShared: store.name === "postgresql",
		isSimulated: false,
		reader: Promise.resolve(new SqlRecordReader(store)),
		log: (line, isFault) => {
			if (isFault === true) reports.add(line, { isOwnFault: true });
			else log(line);
		},
		onCounted: (counted) => counting.counted(counted),
	});
}

async function openStore({ postgres, data }: ServiceOptions): Promise<SqlStore> {
	if (postgres === undefined) {
		const store = await openPGliteStore(data);
		log("embedded database: acknowledged readings survive the death of this process, but the loss");
		log("of the machine's power only as far as its file system does; --postgres is for more");
		return store;
	}
	requireNoPassword(postgres);
	const store = await openPostgresqlStore(postgres);
	const [row] = await store.query("select current_setting('fsync') as fsync");
	if (row?.["fsync"] !== "on") {
		log(
			"warning: the server runs with fsync = off: a crash of its machine loses acknowledged readings",
		);
	}
	return store;
}

async function enrolAll(ledger: Ledger, { stations }: ServiceOptions): Promise<void> {
	if (stations === undefined) return;
	const { enrolments, faults } = readStationList(stations);
	let taken = 0;
	// What is wrong with one station must not shut out the others.
	for (const fault of faults) log(`not taken: ${fault}`);
	for (const { station, keys } of enrolments) {
		const conflict = await ledger.setKeys(station, keys);
		if (conflict === undefined) taken++;
		else log(`not taken: ${stations}: ${conflict}`);
	}
	log(`${taken} stations of ${stations} are enrolled`);
}

/** Every file of the folder is the configuration of one station; what is wrong with one keeps back no other. */
async function setAll(
	configurations: ConfigurationOffers,
	{ configurations: folder }: ServiceOptions,
): Promise<void> {
	if (folder === undefined) return;
	for (const path of configurationPaths(folder)) {
		try {
			const { station, id } = await configurations.set(readConfiguration(path), path);
			log(`${station} is to have configuration ${id} of ${path}`);
		} catch (error) {
			if (!(error instanceof OperationalError) || error instanceof DatabaseError) throw error;
			const { message } = error;
			log(`not taken: ${message.startsWith(path) ? "" : `${path}: `}${message}`);
		}
	}
}

function stopRequested(): Promise<void> {
	return new Promise((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
	});
}

/** A collector whose stations may store more, or less, a day. */
function quotaOf({ megabytesPerDay }: ServiceOptions): QuotaLimits {
	const perDay = 1_000_000 * megabytesPerDay;
	const { burst } = QUOTA_LIMITS.storedBytes;
	return { ...QUOTA_LIMITS, storedBytes: { burst: Math.min(burst, perDay), perDay } };
}

/** `bistrina enrol`: stations into a collector's list or database out of the results of provisioning, each by its own proof. */
import { existsSync, readFileSync } from "node:fs";
import { hexOf } from "../../core/bytes.js";
import { OperationalError, UsageError } from "../../host/errors.js";
import { type Notice, notice } from "../../host/messages/notice.js";
import { withLockOf } from "../../host/process-lock.js";
import { Replacement, writing } from "../../host/replace-file.js";
import { readResults, type StationResult, verifiedPossession } from "../../host/station-result.js";
import { enrolmentLine } from "../provision-commands.js";
import { withOperationalErrors } from "./sources.js";

type KeyDecision = import("../../collector/ledger/station-keys.js").KeyDecision;
type KeyRegistry = import("../../collector/service/enrolment.js").KeyRegistry;
type KnownStation = import("../../collector/service/enrolment.js").KnownStation;

/** One of the three. */
export interface EnrolTarget {
	/** The list that a collector reads. */
	readonly stations?: string | undefined;
	/** Of an embedded database, whether a collector runs on it or not. */
	readonly data?: string | undefined;
	readonly postgres?: string | undefined;
}

export interface EnrolOptions extends EnrolTarget {
	readonly result: string;
	readonly by?: string | undefined;
	readonly why?: string | undefined;
	readonly notify: (what: Notice) => void;
}

/** Either every station of the file that is new is enrolled, or none is. */
export async function enrol(options: EnrolOptions): Promise<number> {
	const { result, by, why, notify } = options;
	requireOneTarget(options);
	if ((by === undefined) !== (why === undefined)) throw new UsageError(notice("by-and-why"));
	const rows = readResults(result);
	if (rows.length === 0) throw new OperationalError(notice("no-results", { file: result }));
	const lines = await enrolRows(options, rows, { by, why }, notify);
	for (const line of lines) process.stdout.write(`${line}\n`);
	return 0;
}

/** Throws UsageError. */
export function requireOneTarget({ stations, data, postgres }: EnrolTarget): void {
	const given = [stations, data, postgres].filter((each) => each !== undefined);
	if (given.length !== 1) throw new UsageError(notice("enrol-where"));
}

/** The lines of those that were new. Throws OperationalError. */
export async function enrolRows(
	target: EnrolTarget,
	rows: readonly StationResult[],
	{ by, why }: { readonly by: string | undefined; readonly why: string | undefined },
	notify: (what: Notice) => void,
): Promise<readonly string[]> {
	const { decisionOf } = await import("../../collector/service/enrolment.js");
	const decision = decisionOf(by, why, Math.floor(Date.now() / 1000));
	for (const row of rows) verifiedPossession(row);
	const { stations } = target;
	if (stations !== undefined) return enrolInList(stations, rows, decision, notify);
	return withOperationalErrors(() => enrolInDatabase(target, rows, decision, notify));
}

async function enrolInDatabase(
	{ data, postgres }: EnrolTarget,
	rows: readonly StationResult[],
	decision: KeyDecision | undefined,
	notify: (what: Notice) => void,
): Promise<readonly string[]> {
	const count = rows.length;
	const pid = data === undefined ? undefined : await holderOf(data);
	if (data !== undefined && pid !== undefined) {
		const { askRunningCollector } = await import("../../collector/service/enrolment-post.js");
		const { enrolled: names } = await askRunningCollector(data, { rows, decision, pid });
		notify(notice("enrolled-by-running", { new: names.length, count, pid }));
		return rows.filter(({ station }) => names.includes(station)).map(enrolmentLine);
	}
	const { enrolResults } = await import("../../collector/service/enrolment.js");
	return withRegistry({ data, postgres }, notify, async (registry) => {
		const enrolled = await enrolResults(registry, rows, decision);
		notify(notice("enrolled-in-database", { new: enrolled.length, count }));
		return enrolled.map(enrolmentLine);
	});
}

/** A database that nobody else has open, or a server's. */
async function withRegistry<Result>(
	{ data, postgres }: EnrolTarget,
	notify: (what: Notice) => void,
	work: (registry: KeyRegistry) => Promise<Result>,
): Promise<Result> {
	const { openStore } = await import("./sources.js");
	const { registryOf } = await import("../../collector/service/enrolment.js");
	const given = {
		...(data === undefined ? {} : { data }),
		...(postgres === undefined ? {} : { postgres }),
	};
	const store = await openStore(given, () => notify(notice("opening-database")));
	try {
		return await work(registryOf(store));
	} finally {
		await store.close();
	}
}

/** What a collector knows of a station; a list knows its keys alone. Throws OperationalError. */
export async function knownAt(
	target: EnrolTarget,
	station: string,
	notify: (what: Notice) => void,
): Promise<KnownStation> {
	const { stations, data } = target;
	if (stations !== undefined) {
		const { readStationList } = await import("../../collector/service/station-list.js");
		const { enrolments, faults } = await withOperationalErrors(() => readStationList(stations));
		const [fault] = faults;
		if (fault !== undefined) throw new OperationalError(notice("mend-list", { fault }));
		const keys = enrolments.find((each) => each.station === station)?.keys ?? [];
		return { keys: keys.map(({ publicKey }) => hexOf(publicKey)), delivered: undefined };
	}
	return withOperationalErrors(async () => {
		const pid = data === undefined ? undefined : await holderOf(data);
		if (data !== undefined && pid !== undefined) {
			const { askRunningCollector } = await import("../../collector/service/enrolment-post.js");
			const asked = { rows: [], decision: undefined, of: station, pid };
			const { known } = await askRunningCollector(data, asked);
			return known ?? { keys: [], delivered: undefined };
		}
		const { knownStation } = await import("../../collector/service/enrolment.js");
		return withRegistry(target, notify, (registry) => knownStation(registry, station));
	});
}

/** The process that has the database open. Throws OperationalError where there is no database. */
async function holderOf(data: string): Promise<number | undefined> {
	const { databaseHolder, requireDatabase } = await import("../../collector/store/pglite-store.js");
	requireDatabase(data);
	return databaseHolder(data);
}

/** Two at once would each take away what the other adds. */
function enrolInList(
	stations: string,
	rows: readonly StationResult[],
	decision: KeyDecision | undefined,
	notify: (what: Notice) => void,
): Promise<readonly string[]> {
	return withLockOf(stations, () => enrolInFreeList(stations, rows, decision, notify));
}

async function enrolInFreeList(
	stations: string,
	rows: readonly StationResult[],
	decision: KeyDecision | undefined,
	notify: (what: Notice) => void,
): Promise<readonly string[]> {
	const { readStationList } = await import("../../collector/service/station-list.js");
	const before = existsSync(stations) ? readFileSync(stations, "latin1") : "";
	const known = existsSync(stations)
		? await withOperationalErrors(() => readStationList(stations))
		: { enrolments: [], faults: [] };
	const [fault] = known.faults;
	if (fault !== undefined) throw new OperationalError(notice("mend-list", { fault }));
	const lines: string[] = [];
	for (const row of rows) {
		const held = known.enrolments.find(({ station }) => station === row.station)?.keys ?? [];
		const isHeld = held.some(
			({ publicKey }) => Buffer.from(publicKey).toString("hex") === row.publicKey,
		);
		if (isHeld || lines.some((line) => line.startsWith(enrolmentLine(row)))) continue;
		const isFirst = held.length === 0 && !lines.some((line) => line.startsWith(`${row.station} `));
		lines.push(isFirst ? enrolmentLine(row) : replacementLine(row, decision));
	}
	if (lines.length > 0) {
		const gap = before === "" || before.endsWith("\n") ? "" : "\n";
		const text = `${before}${gap}${lines.join("\n")}\n`;
		await replaceList(stations, text, (path) => readStationList(path).faults);
	}
	notify(notice("enrolled-in-list", { new: lines.length, count: rows.length, where: stations }));
	return lines;
}

/** The list as the collector will read it, or no change. */
async function replaceList(
	path: string,
	text: string,
	faultsOf: (path: string) => readonly string[],
): Promise<void> {
	const replacement = new Replacement(path);
	try {
		writing(path, () => replacement.write(new Uint8Array(Buffer.from(text, "latin1"))));
		const [fault] = faultsOf(replacement.besidePath);
		if (fault !== undefined) throw new OperationalError(notice("nothing-enrolled", { fault }));
		replacement.commit();
	} finally {
		replacement.abandon();
	}
}

function replacementLine(row: StationResult, decision: KeyDecision | undefined): string {
	if (decision === undefined) {
		throw new OperationalError(notice("other-key", { station: row.station }));
	}
	const { atUtcSeconds, by, why } = decision;
	const day = new Date(atUtcSeconds * 1000).toISOString().slice(0, 10);
	return `${enrolmentLine(row)} from=${day} by="${by}" why="${why}"`;
}

/**
 * Verifies a station's record with its public key: out of the collector's store, where every row must
 * also be what was signed, or out of an exported file. And writes such files.
 */
import { createHash } from "node:crypto";
import { type ExportFormat, ExportWriter, readExport } from "../protocol/export-file.js";
import { ChainVerifier, type Verification } from "../protocol/verify-chain.js";
import { DatabaseTrouble } from "./database-trouble.js";
import { isSignedBy, isStationKey, stationKeyOf } from "./keys.js";
import { bytesOf, type SqlSession, type SqlStore } from "./store.js";
import { CollectorTrouble } from "./trouble.js";

export interface VerifyTarget {
	readonly station: string;
	/** SEC 1 compressed P-256 point, 33 bytes; from elsewhere than the record that it judges. */
	readonly publicKey: Uint8Array;
	/** Only this part; without it everything from 1 on, in every epoch. */
	readonly part?: { readonly epoch: number; readonly first: number; readonly last: number };
}

/** Envelopes of a page are at most 17 KiB each; rows 123 bytes. */
const BATCHES_PER_PAGE = 200;
const ROWS_PER_PAGE = 5000;
const SEQUENCE_END = 0xffffffff;

const BATCHES_REMEDY =
	"the signed batches could not be read: restore a backup, or read the station's own journal";
/** Envelopes are read before rows, so here they were all readable. */
const ROWS_REMEDY =
	"the rows could not be read, the signed batches could: `bistrina record` writes those out of the same " +
	"database, and `bistrina verify` judges that file; or restore a backup, or read the station's own journal";

/** Verifies an exported file. What is wrong with the file itself is a finding too. */
export function verifyExport(bytes: Uint8Array, target: VerifyTarget): Verification {
	const content = readExport(bytes, sha256);
	const verifier = verifierOf(target);
	for (const { where, text } of content.faults) verifier.report("file", where, text);
	if (content.station !== undefined && content.station !== target.station) {
		verifier.report("file", "end", `exported from ${content.station}, not ${target.station}`);
	}
	for (const { where, envelope } of content.envelopes) verifier.add(where, envelope);
	return verifier.finish();
}

/** Verifies what a store holds of a station, as of one instant: envelopes, rows, and that both agree. */
export function verifyStore(store: SqlStore, target: VerifyTarget): Promise<Verification> {
	return store.transaction(async (session) => {
		await session.execute("set transaction isolation level repeatable read, read only");
		const verifier = verifierOf(target);
		await saying(BATCHES_REMEDY, () =>
			visitBatches(session, target, (envelope, hash) => {
				verifier.add(`batch ${Buffer.from(hash).toString("hex").slice(0, 12)}`, envelope);
			}),
		);
		await saying(ROWS_REMEDY, () =>
			visitRows(session, target, (epoch, sequence, canonical) => {
				verifier.compareRow(epoch, sequence, canonical);
			}),
		);
		const covered = await session.query(
			"select epoch, max(last) as last from coverage where station = $1 group by epoch",
			[target.station],
		);
		for (const row of covered) {
			const epoch = Number(row["epoch"]);
			if (target.part !== undefined && target.part.epoch !== epoch) continue;
			verifier.expectUpTo(epoch, Number(row["last"]));
		}
		return verifier.finish(true);
	});
}

/** Writes all signed batches of a station, piece by piece; their number. */
export function exportStation(
	store: SqlStore,
	station: string,
	format: ExportFormat,
	write: (piece: Uint8Array) => void,
): Promise<number> {
	return store.transaction(async (session) => {
		await session.execute("set transaction isolation level repeatable read, read only");
		const writer = new ExportWriter(format, station, sha256);
		let count = 0;
		await saying(BATCHES_REMEDY, () =>
			visitBatches(session, { station }, (envelope) => {
				write(writer.item(envelope));
				count++;
			}),
		);
		write(writer.end());
		return count;
	});
}

/** The key under which a station is enrolled. Throws CollectorTrouble when it is not. */
export async function enrolledKeyOf(session: SqlSession, station: string): Promise<Uint8Array> {
	const [row] = await session.query("select public_key from stations where station = $1", [
		station,
	]);
	if (row === undefined) throw new CollectorTrouble(`station ${station} is not enrolled here`);
	return bytesOf(row["public_key"]);
}

function verifierOf(target: VerifyTarget): ChainVerifier {
	const key = keyOf(target.publicKey);
	return new ChainVerifier({
		...target,
		sha256,
		isSigned: (signed, signature) => isSignedBy(key, signed, signature),
	});
}

function keyOf(publicKey: Uint8Array) {
	if (isStationKey(publicKey)) return stationKeyOf(publicKey);
	throw new CollectorTrouble(
		"these digits are no public key (33 bytes, a compressed point of P-256); " +
			"take the station's from the first entry of its journal",
	);
}

/** What the database could not do ends the work, with the way out. */
async function saying(remedy: string, work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		if (!(error instanceof DatabaseTrouble)) throw error;
		throw new DatabaseTrouble(`${error.message}; ${remedy}`, { cause: error.cause });
	}
}

type Place = Pick<VerifyTarget, "station" | "part">;

/** Epochs and sequences asked for; all of them without a part. */
function boundsOf({ part }: Place): [number, number, number, number] {
	if (part === undefined) return [0, SEQUENCE_END, 0, SEQUENCE_END];
	return [part.epoch, part.epoch, part.first, part.last];
}

async function visitBatches(
	session: SqlSession,
	place: Place,
	visit: (envelope: Uint8Array, hash: Uint8Array) => void,
): Promise<void> {
	let after: readonly unknown[] = [-1, 0, 0, Buffer.alloc(0)];
	for (;;) {
		const rows = await session.query(
			`select epoch, first, last, hash, envelope from batches
			where station = $1 and epoch between $2 and $3 and last >= $4 and first <= $5
				and (epoch, first, last, hash) > ($6::bigint, $7::bigint, $8::bigint, $9::bytea)
			order by epoch, first, last, hash limit ${BATCHES_PER_PAGE}`,
			[place.station, ...boundsOf(place), ...after],
		);
		for (const row of rows) visit(bytesOf(row["envelope"]), bytesOf(row["hash"]));
		const last = rows.at(-1);
		if (last === undefined || rows.length < BATCHES_PER_PAGE) return;
		const numbers = ["epoch", "first", "last"].map((name) => Number(last[name]));
		after = [...numbers, Buffer.from(bytesOf(last["hash"]))];
	}
}

async function visitRows(
	session: SqlSession,
	place: Place,
	visit: (epoch: number, sequence: number, canonical: Uint8Array) => void,
): Promise<void> {
	let after: readonly unknown[] = [-1, 0];
	for (;;) {
		const rows = await session.query(
			`select epoch, sequence, canonical from entries
			where station = $1 and epoch between $2 and $3 and sequence between $4 and $5
				and (epoch, sequence) > ($6::bigint, $7::bigint)
			order by epoch, sequence limit ${ROWS_PER_PAGE}`,
			[place.station, ...boundsOf(place), ...after],
		);
		for (const row of rows) {
			visit(Number(row["epoch"]), Number(row["sequence"]), bytesOf(row["canonical"]));
		}
		const last = rows.at(-1);
		if (last === undefined || rows.length < ROWS_PER_PAGE) return;
		after = [Number(last["epoch"]), Number(last["sequence"])];
	}
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
}

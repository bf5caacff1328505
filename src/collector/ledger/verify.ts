/**
 * Verifies a station's record with its public keys: out of the collector's store, where every row must
 * also be what was signed, or out of an exported file. And writes such files.
 */

import { hexOf } from "../../core/bytes.js";
import { OperationalError } from "../../host/errors.js";
import {
	type ExportFormat,
	ExportReader,
	ExportWriter,
} from "../../protocol/audit/batch-archive.js";
import type { VerifierKey, VerifierPart } from "../../protocol/audit/finding.js";
import {
	ChainVerifier,
	type ChainVerifierOptions,
	type Verification,
} from "../../protocol/audit/verify-chain.js";
import { DatabaseError } from "../store/database-error.js";
import { stationKeysOf } from "../store/record-store.js";
import { bytesOf, type SqlRow, type SqlSession, type SqlStore } from "../store/store.js";
import { TableJudge } from "./judge-tables.js";
import { isSignedBy, isStationKey, stationKeyOf } from "./keys.js";
import { sha256 } from "./sha256.js";

export interface VerifyTarget {
	readonly station: string;
	/** In the order of their lives; from elsewhere than the record that they judge. */
	readonly keys: readonly VerifierKey[];
	/** Only this part; without it everything from 1 on, in every epoch. */
	readonly part?: VerifierPart | undefined;
	/** Stands in for ES256 in runs that say so. */
	readonly isSigned?: ChainVerifierOptions["isSigned"];
}

/** Envelopes of a page are at most 17 KiB each, their entries 35 KiB. */
const BATCHES_PER_PAGE = 200;
const SEQUENCE_END = 0xffffffff;

const BATCHES_REMEDY =
	"the signed batches could not be read: restore a backup, or read the station's own journal";
const ROWS_REMEDY =
	"the rows could not be read, the signed batches could: `bistrina record` writes those out of the same " +
	"database, and `bistrina verify` judges that file; or restore a backup, or read the station's own journal";

/** Verifies an exported file, piece by piece. What is wrong with the file itself is a finding too. */
export function verifyExport(pieces: Iterable<Uint8Array>, target: VerifyTarget): Verification {
	const verifier = new ChainVerifier(optionsOf(target));
	const reader = new ExportReader(sha256, {
		onEnvelope: ({ where, envelope }) => verifier.add(where, envelope),
		onFault: ({ where, text }) => verifier.report("file", where, text),
	});
	for (const piece of pieces) reader.push(piece);
	const { station } = reader.end();
	if (station !== undefined && station !== target.station) {
		verifier.report("file", "end", `exported from ${station}, not ${target.station}`);
	}
	return verifier.finish();
}

/**
 * Verifies what a store holds of a station, as of one instant: envelopes, rows, and that both agree. Of a part
 * only the rows of its entries.
 */
export async function verifyStore(store: SqlStore, target: VerifyTarget): Promise<Verification> {
	try {
		return await store.transaction((session) => verifySession(session, target));
	} catch (error) {
		if (!(error instanceof RowsFailed)) throw error;
		// Rows and batches are read in turn: which way out there is depends on the rest of the batches.
		await withRemedy(BATCHES_REMEDY, () => visitBatches(store, target, () => {}));
		throw new DatabaseError(`${error.reason.message}; ${ROWS_REMEDY}`, {
			cause: error.reason.cause,
		});
	}
}

async function verifySession(session: SqlSession, target: VerifyTarget): Promise<Verification> {
	await session.execute("set transaction isolation level repeatable read, read only");
	const { part } = target;
	const judge = new TableJudge(session, target.station, () => verifier);
	const verifier: ChainVerifier = new ChainVerifier({
		...optionsOf(target),
		onEntry: (epoch, sequence, canonicalBytes, where) =>
			judge.takeEntry(epoch, sequence, canonicalBytes, where),
		onBatch: (verified) => judge.takeBatch(verified),
	});
	await withRemedy(BATCHES_REMEDY, () =>
		visitBatches(
			session,
			target,
			(row) => {
				const envelope = bytesOf(row["envelope"]);
				const where = `batch ${hexOf(bytesOf(row["hash"])).slice(0, 12)}`;
				verifier.add(where, envelope);
				judge.compareBatchRow(row, envelope, where);
			},
			() => ofRows(() => judge.settle(part)),
		),
	);
	verifier.close();
	await ofRows(() => judge.finish(part));
	return verifier.finish();
}

/** A database that could not read rows of tables that follow from the batches. */
class RowsFailed extends Error {
	override name = "RowsFailed";
	readonly reason: DatabaseError;

	constructor(reason: DatabaseError) {
		super(reason.message);
		this.reason = reason;
	}
}

async function ofRows(work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		throw error instanceof DatabaseError ? new RowsFailed(error) : error;
	}
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
		await withRemedy(BATCHES_REMEDY, () =>
			visitBatches(session, { station }, (row) => {
				write(writer.item(bytesOf(row["envelope"])));
				count++;
			}),
		);
		write(writer.end());
		return count;
	});
}

/** The keys under which a station is enrolled. Throws OperationalError when it is not. */
export async function enrolledKeysOf(
	session: SqlSession,
	station: string,
): Promise<readonly VerifierKey[]> {
	const keys = await stationKeysOf(session, station);
	if (keys.length === 0) throw new OperationalError(`station ${station} is not enrolled here`);
	return keys.map(({ publicKey, revoked }) => ({
		publicKey,
		...(revoked === undefined ? {} : { revokedAtUtcSeconds: revoked.atUtcSeconds }),
	}));
}

function optionsOf({ station, keys, part, isSigned }: VerifyTarget): ChainVerifierOptions {
	if (isSigned !== undefined) return { station, keys, part, sha256, isSigned };
	const ready = new Map(keys.map(({ publicKey }) => [publicKey, keyOf(publicKey)]));
	return {
		station,
		keys,
		part,
		sha256,
		isSigned: (publicKey, signed, signature) => {
			const key = ready.get(publicKey);
			return key !== undefined && isSignedBy(key, signed, signature);
		},
	};
}

function keyOf(publicKey: Uint8Array) {
	if (isStationKey(publicKey)) return stationKeyOf(publicKey);
	throw new OperationalError(
		"these digits are no public key (33 bytes, a compressed point of P-256); " +
			"take the station's from the first entry of its journal",
	);
}

/** What the database could not do ends the work, with the way out. */
async function withRemedy(remedy: string, work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		if (!(error instanceof DatabaseError)) throw error;
		throw new DatabaseError(`${error.message}; ${remedy}`, { cause: error.cause });
	}
}

type RecordPart = Pick<VerifyTarget, "station" | "part">;

/**
 * Batches by place, those of a part and those whose gap entries speak of it; `onPage` after each page of them.
 */
async function visitBatches(
	session: SqlSession,
	{ station, part }: RecordPart,
	visit: (row: SqlRow) => void,
	onPage?: () => Promise<void>,
): Promise<void> {
	let after: readonly unknown[] = [-1, 0, 0, Buffer.alloc(0)];
	const bounds = part === undefined ? [] : [part.epoch, part.first, part.last ?? SEQUENCE_END];
	const isOfPart =
		part === undefined
			? ""
			: `and ((epoch = $6 and last >= $7 and first <= $8) or exists (select 1 from gaps g
				where g.station = b.station and g.named_in = b.epoch and g.sequence between b.first and b.last
					and g.epoch = $6 and g.last >= $7 and g.first <= $8))`;
	for (;;) {
		const rows = await session.query(
			`select epoch, first, last, hash, content, floor, is_chained, signed_by, envelope from batches b
			where station = $1
				and (epoch, first, last, hash) > ($2::bigint, $3::bigint, $4::bigint, $5::bytea) ${isOfPart}
			order by epoch, first, last, hash limit ${BATCHES_PER_PAGE}`,
			[station, ...after, ...bounds],
		);
		for (const row of rows) visit(row);
		await onPage?.();
		const last = rows.at(-1);
		if (last === undefined || rows.length < BATCHES_PER_PAGE) return;
		const numbers = ["epoch", "first", "last"].map((name) => Number(last[name]));
		after = [...numbers, Buffer.from(bytesOf(last["hash"]))];
	}
}

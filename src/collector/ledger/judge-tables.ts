/**
 * Judges the tables of a station's record by its signed batches: every row must follow from them, and what
 * follows must have its row. Goes along with a ChainVerifier from place to place and keeps no more than it does.
 */

import { equalBytes, hexOf } from "../../core/bytes.js";
import type { VerifierPart } from "../../protocol/audit/finding.js";
import type { ChainVerifier, VerifiedBatch } from "../../protocol/audit/verify-chain.js";
import { positionText, type SeenGap } from "../../protocol/audit/verify-epochs.js";
import type { Batch } from "../../protocol/wire/batch.js";
import { decodeSign1, keyIdOf } from "../../protocol/wire/cose.js";
import { bytesOf, type SqlRow, type SqlSession } from "../store/store.js";
import { sha256 } from "./sha256.js";
import { visitStrayEpochs } from "./stray-epochs.js";

const ROWS_PER_PAGE = 5000;
/** Heads in rows that no batch says: gap entries may. As many as gaps are kept. */
const LOOSE_HEADS_MAX = 1 << 16;
const SEQUENCE_END = 0xffffffff;

interface Position {
	readonly epoch: number;
	readonly sequence: number;
}

interface Signed extends Position {
	readonly bytes: Uint8Array;
	readonly where: string;
}

/** Of an epoch, what its batches say beside entries and heads. */
interface EpochNotes {
	floor: number;
	owner: Uint8Array | undefined;
}

export class TableJudge {
	readonly #session: SqlSession;
	readonly #station: string;
	readonly #verifier: () => ChainVerifier;
	#entries: Signed[] = [];
	#heads = new Map<string, Signed>();
	#looseHeads: Signed[] = [];
	readonly #notes = new Map<number, EpochNotes>();
	#entriesAfter: Position = { epoch: -1, sequence: 0 };
	#headsAfter: Position = { epoch: -1, sequence: 0 };
	#batch: VerifiedBatch | undefined;

	constructor(session: SqlSession, station: string, verifier: () => ChainVerifier) {
		this.#session = session;
		this.#station = station;
		this.#verifier = verifier;
	}

	/** An entry that is signed; ascending. */
	takeEntry(epoch: number, sequence: number, bytes: Uint8Array, where: string): void {
		this.#entries.push({ epoch, sequence, bytes, where });
	}

	takeBatch(verified: VerifiedBatch): void {
		this.#batch = verified;
		const { batch, heads } = verified;
		const { epoch, first } = batch;
		const where = nameOf({ epoch, sequence: first });
		if (heads !== undefined) {
			this.#expectHead(epoch, first - 1, heads.previous, where);
			this.#expectHead(epoch, lastOf(batch), heads.last, where);
		}
		const notes = this.#notes.get(epoch) ?? { floor: 0, owner: undefined };
		notes.floor = Math.max(notes.floor, batch.floor);
		if (!verified.isLater) notes.owner ??= verified.publicKey;
		this.#notes.set(epoch, notes);
	}

	/** Compares the columns of the row whose envelope was added just now. */
	compareBatchRow(row: SqlRow, envelope: Uint8Array, where: string): void {
		const verified = this.#batch;
		this.#batch = undefined;
		// What is wrong with the envelope is a finding already.
		if (verified === undefined) return;
		const { batch, publicKey } = verified;
		const isAsSigned =
			equalBytes(bytesOf(row["hash"]), sha256(envelope)) &&
			equalBytes(bytesOf(row["content"]), sha256(decodeSign1(envelope).toBeSigned)) &&
			Number(row["epoch"]) === batch.epoch &&
			Number(row["first"]) === batch.first &&
			Number(row["last"]) === lastOf(batch) &&
			Number(row["floor"]) === batch.floor &&
			row["is_chained"] === (batch.previous !== undefined) &&
			equalBytes(bytesOf(row["signed_by"]), keyIdOf(sha256, publicKey));
		if (!isAsSigned) this.#report("batches", where, "the row is not what its envelope says");
	}

	/** Compares the rows of all entries and heads that cannot change any more. */
	async settle(part?: VerifierPart): Promise<void> {
		const frontier = this.#verifier().frontier ?? { epoch: SEQUENCE_END + 1, sequence: 0 };
		if (part !== undefined) {
			const { epoch, first, last = SEQUENCE_END } = part;
			const start = { epoch, sequence: first - 1 };
			const end = { epoch, sequence: last + 1 };
			if (compare(this.#entriesAfter, start) < 0) this.#entriesAfter = start;
			await this.#settleEntries(compare(frontier, end) < 0 ? frontier : end);
			return;
		}
		await this.#settleEntries(frontier);
		await this.#settleHeads({ epoch: frontier.epoch, sequence: frontier.sequence - 1 });
	}

	/** The rest, when the verifier is closed. */
	async finish(part?: VerifierPart): Promise<void> {
		await this.settle(part);
		if (part !== undefined) return;
		const { epochs, gaps } = this.#verifier().contents;
		for (const [epoch, { start }] of epochs) {
			const notes = this.#notes.get(epoch);
			if (notes !== undefined && start !== undefined) notes.owner ??= start.body.publicKey;
		}
		await this.#judgeGapHeads(gaps);
		await this.#judgeGaps(gaps);
		await this.#judgeCoverage(gaps);
		await this.#judgeNotes("floors", "floor", ({ floor }) => String(floor));
		await this.#judgeNotes("epochs", "public_key", ({ owner }) => owner && hexOf(owner));
		await visitStrayEpochs(this.#session, this.#station, (table, epoch) =>
			this.#report(table, `epoch ${epoch}`, "no epoch has this number, and rows stand there"),
		);
	}

	#expectHead(epoch: number, sequence: number, bytes: Uint8Array, where: string): void {
		const name = nameOf({ epoch, sequence });
		if (!this.#heads.has(name)) this.#heads.set(name, { epoch, sequence, bytes, where });
	}

	async #settleEntries(before: Position): Promise<void> {
		const signed = this.#entries;
		this.#entries = [];
		let next = 0;
		const noRow = ({ epoch, sequence, where }: Signed): void =>
			this.#verifier().report(
				"row",
				nameOf({ epoch, sequence }),
				`signed in ${where}, but there is no row`,
			);
		await this.#visit(
			"entries",
			"canonical",
			this.#entriesAfter,
			before,
			(position, canonicalBytes) => {
				this.#entriesAfter = position;
				for (; compare(signed[next], position) < 0; next++) noRow(signed[next] as Signed);
				const entry = signed[next];
				const where = nameOf(position);
				if (entry === undefined || compare(entry, position) > 0) {
					this.#verifier().report("row", where, "the stored row is in no signed batch");
					return;
				}
				next++;
				if (equalBytes(entry.bytes, canonicalBytes)) return;
				const text = `the stored row is not what was signed in ${entry.where}`;
				this.#verifier().report("row", where, text);
			},
		);
		for (; next < signed.length; next++) noRow(signed[next] as Signed);
	}

	async #settleHeads(before: Position): Promise<void> {
		const expected = [...this.#heads.values()]
			.filter((head) => compare(head, before) < 0)
			.sort((a, b) => compare(a, b));
		for (const head of expected) this.#heads.delete(nameOf(head));
		let next = 0;
		const noRow = (head: Signed): void =>
			this.#report("heads", nameOf(head), "a signed batch says this head, and there is no row");
		await this.#visit("heads", "head", this.#headsAfter, before, (position, head) => {
			this.#headsAfter = position;
			for (; compare(expected[next], position) < 0; next++) noRow(expected[next] as Signed);
			const signed = expected[next];
			if (signed !== undefined && compare(signed, position) === 0) {
				next++;
				if (!equalBytes(signed.bytes, head)) {
					this.#report("heads", nameOf(position), "the row is not the head that is signed");
				}
			} else if (this.#looseHeads.length < LOOSE_HEADS_MAX) {
				this.#looseHeads.push({ ...position, bytes: head, where: "" });
			} else {
				this.#report("heads", nameOf(position), "no signed batch says this head");
			}
		});
		for (; next < expected.length; next++) noRow(expected[next] as Signed);
	}

	/** Heads that gap entries say: each has its row, and no other row is left. */
	async #judgeGapHeads(gaps: readonly SeenGap[]): Promise<void> {
		const loose = new Map(this.#looseHeads.map((head) => [nameOf(head), head]));
		const resumes = new Map<string, Uint8Array>();
		for (const { epoch, to, resume } of gaps) {
			if (resume.some((byte) => byte !== 0)) resumes.set(nameOf({ epoch, sequence: to }), resume);
		}
		for (const [name, head] of loose) {
			const resume = resumes.get(name);
			if (resume === undefined) {
				this.#report("heads", name, "no signed batch and no gap entry says this head");
			} else if (!equalBytes(resume, head.bytes)) {
				this.#report("heads", name, "the row is not the head that a gap entry says");
			}
			resumes.delete(name);
		}
		// What is left must be a batch's too, whose row was compared.
		const names = [...resumes.keys()];
		for (let at = 0; at < names.length; at += ROWS_PER_PAGE) {
			const page = names.slice(at, at + ROWS_PER_PAGE);
			const [epochs, sequences] = [0, 1].map((part) =>
				page.map((name) => Number(name.split("/")[part])),
			);
			const rows = await this.#session.query(
				`select p.epoch, p.sequence from unnest($2::bigint[], $3::bigint[]) as p (epoch, sequence)
				where not exists (select 1 from heads h
					where h.station = $1 and h.epoch = p.epoch and h.sequence = p.sequence)`,
				[this.#station, epochs, sequences],
			);
			for (const row of rows) {
				const name = nameOf({
					epoch: Number(row["epoch"]),
					sequence: Number(row["sequence"]),
				});
				this.#report("heads", name, "a gap entry says this head, and there is no row");
			}
		}
	}

	async #judgeGaps(gaps: readonly SeenGap[]): Promise<void> {
		const expected = new Map<string, string>();
		for (const { epoch, from, to, namedIn, sequence } of gaps) {
			expected.set(`${epoch} ${namedIn}/${sequence}`, `${from}-${to}`);
		}
		let after = [-1, -1, 0];
		for (;;) {
			const rows = await this.#session.query(
				`select epoch, named_in, sequence, first, last from gaps
				where station = $1 and (epoch, named_in, sequence) > ($2::bigint, $3::bigint, $4::bigint)
				order by epoch, named_in, sequence limit ${ROWS_PER_PAGE}`,
				[this.#station, ...after],
			);
			for (const row of rows) {
				const name = `${row["epoch"]} ${row["named_in"]}/${row["sequence"]}`;
				const signed = expected.get(name);
				expected.delete(name);
				const where = `${row["named_in"]}/${row["sequence"]}`;
				if (signed === undefined) this.#report("gaps", where, "no signed gap entry says this");
				else if (signed !== `${row["first"]}-${row["last"]}`) {
					this.#report("gaps", where, `the gap entry says ${signed}`);
				}
			}
			const last = rows.at(-1);
			if (last === undefined || rows.length < ROWS_PER_PAGE) break;
			after = ["epoch", "named_in", "sequence"].map((name) => Number(last[name]));
		}
		for (const name of expected.keys()) {
			this.#report("gaps", name.split(" ")[1] ?? name, "a signed gap entry without a row");
		}
	}

	/** Covered is what is there or named as lost, in ranges that do not touch. */
	async #judgeCoverage(gaps: readonly SeenGap[]): Promise<void> {
		const { epochs } = this.#verifier().contents;
		const numbers = new Set([...epochs.keys(), ...gaps.map(({ epoch }) => epoch)]);
		const expected: (Position & { readonly last: number })[] = [];
		for (const epoch of [...numbers].sort((a, b) => a - b)) {
			const parts = [
				...(epochs.get(epoch)?.ranges ?? []).map(({ first, last }) => ({ first, last })),
				...gaps
					.filter((gap) => gap.epoch === epoch && gap.from >= 1 && gap.to >= gap.from)
					.map(({ from, to }) => ({ first: from, last: to })),
			].sort((a, b) => a.first - b.first);
			let covered: { first: number; last: number } | undefined;
			for (const { first, last } of parts) {
				if (covered !== undefined && first <= covered.last + 1) {
					covered.last = Math.max(covered.last, last);
				} else {
					if (covered !== undefined) expected.push({ epoch, sequence: covered.first, ...covered });
					covered = { first, last };
				}
			}
			if (covered !== undefined) expected.push({ epoch, sequence: covered.first, ...covered });
		}
		let next = 0;
		const noRow = (range: (typeof expected)[number]): void =>
			this.#report("coverage", nameOf(range), `${range.sequence} to ${range.last} have no row`);
		let after: Position = { epoch: -1, sequence: 0 };
		for (;;) {
			const rows = await this.#session.query(
				`select epoch, first, last from coverage where station = $1
					and (epoch, first) > ($2::bigint, $3::bigint) order by epoch, first limit ${ROWS_PER_PAGE}`,
				[this.#station, after.epoch, after.sequence],
			);
			for (const row of rows) {
				after = { epoch: Number(row["epoch"]), sequence: Number(row["first"]) };
				const last = Number(row["last"]);
				this.#verifier().expectUpTo(after.epoch, last);
				for (; compare(expected[next], after) < 0; next++)
					noRow(expected[next] as (typeof expected)[number]);
				const signed = expected[next];
				const text = `the row says ${after.sequence} to ${last}`;
				if (signed === undefined || compare(signed, after) > 0) {
					this.#report("coverage", nameOf(after), `${text}, the signed batches do not`);
					continue;
				}
				next++;
				if (signed.last !== last) {
					this.#report("coverage", nameOf(after), `${text}, the signed batches to ${signed.last}`);
				}
			}
			if (rows.length < ROWS_PER_PAGE) break;
		}
		for (const range of expected.slice(next)) noRow(range);
	}

	/** A table of one row for each epoch. */
	async #judgeNotes(
		table: "floors" | "epochs",
		column: string,
		of: (notes: EpochNotes) => string | undefined,
	): Promise<void> {
		const left = new Map<number, string>();
		for (const [epoch, notes] of this.#notes) {
			const signed = of(notes);
			if (signed !== undefined) left.set(epoch, signed);
		}
		let after = -1;
		for (;;) {
			const rows = await this.#session.query(
				`select epoch, ${column} as value from ${table} where station = $1 and epoch > $2::bigint
				order by epoch limit ${ROWS_PER_PAGE}`,
				[this.#station, after],
			);
			for (const row of rows) {
				after = Number(row["epoch"]);
				const { value } = row;
				const text = value instanceof Uint8Array ? hexOf(bytesOf(value)) : String(value);
				const signed = left.get(after);
				left.delete(after);
				if (signed === text) continue;
				const signedText = signed === undefined ? "no signed batch says it" : `signed is ${signed}`;
				this.#report(table, `epoch ${after}`, `the row says ${text}, ${signedText}`);
			}
			if (rows.length < ROWS_PER_PAGE) break;
		}
		for (const [epoch, signed] of left) {
			this.#report(table, `epoch ${epoch}`, `signed is ${signed}, and there is no row`);
		}
	}

	/** Rows after one place and before another, ascending. */
	async #visit(
		table: "entries" | "heads",
		column: string,
		from: Position,
		before: Position,
		visit: (position: Position, bytes: Uint8Array) => void,
	): Promise<void> {
		let after: Position = from;
		for (;;) {
			const rows = await this.#session.query(
				`select epoch, sequence, ${column} as bytes from ${table} where station = $1
					and (epoch, sequence) > ($2::bigint, $3::bigint)
					and (epoch, sequence) < ($4::bigint, $5::bigint)
				order by epoch, sequence limit ${ROWS_PER_PAGE}`,
				[this.#station, after.epoch, after.sequence, before.epoch, Math.max(before.sequence, 0)],
			);
			for (const row of rows) {
				after = { epoch: Number(row["epoch"]), sequence: Number(row["sequence"]) };
				visit(after, bytesOf(row["bytes"]));
			}
			if (rows.length < ROWS_PER_PAGE) return;
		}
	}

	#report(table: string, where: string, text: string): void {
		this.#verifier().report("table", `${table} ${where}`, text);
	}
}

function lastOf(batch: Batch): number {
	return batch.first + batch.entries.length - 1;
}

function nameOf({ epoch, sequence }: Position): string {
	return positionText(epoch, sequence);
}

/** Below 0 when `a` comes first; above it also when there is no `a`. */
function compare(a: Position | undefined, b: Position): number {
	if (a === undefined) return 1;
	return a.epoch - b.epoch || a.sequence - b.sequence;
}

/**
 * What a station's public key proves of a record: which entries are chained, which are only signed,
 * which the station itself names as lost, and which are missing without a word. Works on the
 * envelopes as the station signed them; whoever holds them and the key comes to the same result.
 */
import { equalBytes, hexOf } from "../core/bytes.js";
import { assert, StationError } from "../core/errors.js";
import { type Batch, decodeBatch, NewerBatchError } from "./batch.js";
import { chainNext, chainStart, type Hash } from "./chain.js";
import { decodeSign1, type Sign1 } from "./cose.js";
import { decodeEntry, type EpochBody, GAP_REASONS, type GapBody } from "./entry.js";

/**
 * chained: in the hash chain under a signature. signed: the chain was broken before it, the signature
 * covers it alone. gap: the station names it as lost. missing: nobody accounts for it.
 */
export type Standing = "chained" | "signed" | "gap" | "missing";

/** Consecutive entries of one standing. */
export interface VerifiedRange {
	readonly epoch: number;
	readonly first: number;
	readonly last: number;
	readonly standing: Standing;
	/**
	 * Of a chained range, what its first entry continues: the epoch's start, the far side of a gap
	 * whose entry says the same head, or nothing that is here. Of a gap, the station's reason.
	 */
	readonly note: string;
}

/** A head under a signature of the station. */
export interface SignedHead {
	readonly epoch: number;
	readonly first: number;
	readonly last: number;
	/** h(last), 32 bytes; undefined when the batch is not chained. */
	readonly head: Uint8Array | undefined;
	readonly where: string;
}

export type FindingKind =
	| "malformed"
	| "newer-version"
	| "bad-signature"
	| "wrong-station"
	| "reordered"
	| "conflict"
	| "fork"
	| "origin"
	| "unreadable"
	| "row"
	| "file";

/** Something that is not as an honest record is. */
export interface Finding {
	readonly kind: FindingKind;
	/** Line, byte or batch; what the caller of `add` said. */
	readonly where: string;
	readonly text: string;
}

export interface Verification {
	/** True when nothing was found and nothing is missing without a word. */
	readonly isSound: boolean;
	readonly ranges: readonly VerifiedRange[];
	/** In the order of (epoch, last). */
	readonly heads: readonly SignedHead[];
	/** The first thousand. */
	readonly findings: readonly Finding[];
	readonly findingCount: number;
	/** Entries by standing. */
	readonly counts: Readonly<Record<Standing, number>>;
}

export interface ChainVerifierOptions {
	readonly station: string;
	/** SEC 1 compressed P-256 point, 33 bytes. */
	readonly publicKey: Uint8Array;
	readonly sha256: Hash;
	/** Checks ES256 (r || s) by the station's key. */
	readonly isSigned: (toBeSigned: Uint8Array, signature: Uint8Array) => boolean;
	/** Only this part is judged; without it 1 to the last entry seen, of every epoch seen. */
	readonly part?: { readonly epoch: number; readonly first: number; readonly last: number };
}

const FINDINGS_MAX = 1000;
/** Ten years at five minutes; about 300 bytes each. */
export const VERIFY_ENTRIES_MAX = 1 << 20;
const HASH_SHOWN_DIGITS = 12;

interface SeenEntry {
	readonly canonical: Uint8Array;
	readonly where: string;
	isChained: boolean;
	hasRow: boolean;
}

interface SeenGap {
	readonly body: GapBody;
	readonly sequence: number;
	readonly where: string;
}

interface SeenEpoch {
	readonly epoch: number;
	readonly entries: Map<number, SeenEntry>;
	/** h(sequence), from chained batches. */
	readonly heads: Map<number, Uint8Array>;
	readonly gaps: SeenGap[];
	start: { readonly body: EpochBody; readonly where: string } | undefined;
	lastExpected: number;
}

/** Feed it every envelope, then `finish`. */
export class ChainVerifier {
	readonly #options: ChainVerifierOptions;
	readonly #epochs = new Map<number, SeenEpoch>();
	readonly #heads: SignedHead[] = [];
	readonly #findings: Finding[] = [];
	#findingCount = 0;
	#entryCount = 0;
	#hasRows = false;
	#before: { readonly place: readonly number[]; readonly hash: string } | undefined;

	constructor(options: ChainVerifierOptions) {
		this.#options = options;
	}

	/**
	 * Takes one envelope. An export is ordered, so that one out of its order was moved; `where` names it
	 * in findings. Throws StationError `batch-malformed` only beyond VERIFY_ENTRIES_MAX entries.
	 */
	add(where: string, envelope: Uint8Array): void {
		const batch = this.#open(where, envelope);
		if (batch === undefined) return;
		this.#checkOrder(where, batch, envelope);
		const { part } = this.#options;
		const last = batch.first + batch.entries.length - 1;
		if (part !== undefined && (batch.epoch !== part.epoch || batch.first > part.last)) return;
		this.#entryCount += batch.entries.length;
		if (this.#entryCount > VERIFY_ENTRIES_MAX) {
			throw new StationError(
				"batch-malformed",
				`more than ${VERIFY_ENTRIES_MAX} entries at once: verify it part by part`,
			);
		}
		const seen = this.#epochOf(batch.epoch);
		this.#takeEntries(seen, where, batch);
		const head = batch.previous === undefined ? undefined : this.#takeHeads(seen, where, batch);
		this.#heads.push({ epoch: batch.epoch, first: batch.first, last, head, where });
	}

	/** A finding of the caller's own: a fault in the file around the envelopes. */
	report(kind: FindingKind, where: string, text: string): void {
		this.#findingCount++;
		if (this.#findings.length < FINDINGS_MAX) this.#findings.push({ kind, where, text });
	}

	/** Says that entries up to `last` were there once, so that a record cut off at its end shows. */
	expectUpTo(epoch: number, last: number): void {
		const seen = this.#epochOf(epoch);
		seen.lastExpected = Math.max(seen.lastExpected, last);
	}

	/** Compares a stored row with what was signed; after the last `add`. */
	compareRow(epoch: number, sequence: number, canonical: Uint8Array): void {
		this.#hasRows = true;
		const where = placeOf(epoch, sequence);
		const seen = this.#epochs.get(epoch)?.entries.get(sequence);
		if (seen === undefined) {
			this.report("row", where, "the stored row is in no signed batch");
			return;
		}
		seen.hasRow = true;
		if (equalBytes(seen.canonical, canonical)) return;
		this.report("row", where, `the stored row is not what was signed in ${seen.where}`);
	}

	/** The result. `rowsWereCompared`: every signed entry must have had its row. */
	finish(rowsWereCompared = this.#hasRows): Verification {
		const ranges: VerifiedRange[] = [];
		const epochs = [...this.#epochs.values()].sort((a, b) => a.epoch - b.epoch);
		const { part } = this.#options;
		if (part !== undefined && epochs.length === 0) epochs.push(this.#epochOf(part.epoch));
		for (const seen of epochs) {
			this.#checkStart(seen);
			this.#checkGaps(seen);
			if (rowsWereCompared) this.#checkRows(seen);
			ranges.push(...this.#rangesOf(seen));
		}
		const counts = { chained: 0, signed: 0, gap: 0, missing: 0 };
		for (const range of ranges) counts[range.standing] += range.last - range.first + 1;
		this.#heads.sort((a, b) => a.epoch - b.epoch || a.last - b.last || a.first - b.first);
		return {
			isSound: this.#findingCount === 0 && counts.missing === 0 && ranges.length > 0,
			ranges,
			heads: this.#heads,
			findings: this.#findings,
			findingCount: this.#findingCount,
			counts,
		};
	}

	/** The batch of an envelope that this station signed; everything else is a finding. */
	#open(where: string, envelope: Uint8Array): Batch | undefined {
		let sign1: Sign1;
		try {
			sign1 = decodeSign1(envelope);
		} catch (error) {
			this.#reportUnreadable(where, error);
			return undefined;
		}
		if (!this.#options.isSigned(sign1.toBeSigned, sign1.signature)) {
			// What it says of itself proves nothing; the range that is missing now tells its place.
			this.report("bad-signature", where, "altered, or not signed by this key");
			return undefined;
		}
		let batch: Batch;
		try {
			batch = decodeBatch(sign1.payload);
		} catch (error) {
			this.#reportUnreadable(where, error);
			return undefined;
		}
		if (batch.station !== this.#options.station) {
			const { station, epoch, first } = batch;
			const text = `batch ${placeOf(epoch, first)} is of ${station}, not ${this.#options.station}`;
			this.report("wrong-station", where, text);
			return undefined;
		}
		return batch;
	}

	#reportUnreadable(where: string, error: unknown): void {
		if (!(error instanceof StationError)) throw error;
		const kind = error instanceof NewerBatchError ? "newer-version" : "malformed";
		this.report(kind, where, error.message);
	}

	#checkOrder(where: string, batch: Batch, envelope: Uint8Array): void {
		const place = [batch.epoch, batch.first, batch.first + batch.entries.length - 1];
		const hash = hexOf(this.#options.sha256(envelope));
		const { epoch, first } = batch;
		if (this.#before !== undefined) {
			const differing = place.findIndex((number, index) => number !== this.#before?.place[index]);
			const step =
				differing < 0
					? compareText(hash, this.#before.hash)
					: (place[differing] ?? 0) - (this.#before.place[differing] ?? 0);
			if (step === 0) this.report("reordered", where, `${placeOf(epoch, first)}: twice`);
			if (step < 0) this.report("reordered", where, `${placeOf(epoch, first)}: out of its order`);
		}
		this.#before = { place, hash };
	}

	#epochOf(epoch: number): SeenEpoch {
		let seen = this.#epochs.get(epoch);
		if (seen === undefined) {
			seen = {
				epoch,
				entries: new Map(),
				heads: new Map(),
				gaps: [],
				start: undefined,
				lastExpected: 0,
			};
			this.#epochs.set(epoch, seen);
		}
		return seen;
	}

	#takeEntries(seen: SeenEpoch, where: string, batch: Batch): void {
		for (const [index, canonical] of batch.entries.entries()) {
			const sequence = batch.first + index;
			const isChained = batch.previous !== undefined;
			const known = seen.entries.get(sequence);
			if (known !== undefined) {
				if (equalBytes(known.canonical, canonical)) {
					known.isChained ||= isChained;
				} else {
					const place = placeOf(batch.epoch, sequence);
					this.report("conflict", where, `${place}: other contents than in ${known.where}`);
				}
				continue;
			}
			seen.entries.set(sequence, { canonical, where, isChained, hasRow: false });
			this.#takeMeaning(seen, where, sequence, canonical);
		}
	}

	#takeMeaning(seen: SeenEpoch, where: string, sequence: number, canonical: Uint8Array): void {
		try {
			const entry = decodeEntry(canonical);
			if (entry.kind === "gap") seen.gaps.push({ body: entry, sequence, where });
			const isStart = sequence === 1;
			if (isStart !== (entry.kind === "epoch")) {
				const place = placeOf(seen.epoch, sequence);
				this.report("origin", where, `${place}: an entry of kind ${entry.kind}`);
			} else if (entry.kind === "epoch") {
				seen.start = { body: entry, where };
			}
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.report("unreadable", where, `${placeOf(seen.epoch, sequence)}: ${error.message}`);
		}
	}

	/** Heads of a chained batch, compared with those already known; h(last). */
	#takeHeads(seen: SeenEpoch, where: string, batch: Batch): Uint8Array {
		assert(batch.previous !== undefined, "a chained batch");
		let head = batch.previous;
		let isForked = false;
		for (let index = -1; index < batch.entries.length; index++) {
			const canonical = batch.entries[index];
			if (canonical !== undefined) head = chainNext(this.#options.sha256, head, canonical);
			const sequence = batch.first + index;
			const known = seen.heads.get(sequence);
			if (known === undefined) seen.heads.set(sequence, head);
			else if (!equalBytes(known, head) && !isForked) {
				// The heads after the first that differs must differ too; once is enough.
				isForked = true;
				const digits = hexOf(known).slice(0, HASH_SHOWN_DIGITS);
				const place = placeOf(batch.epoch, sequence);
				this.report("fork", where, `${place}: another chain than the one with head ${digits}...`);
			}
		}
		return head;
	}

	/** h(0) follows from the epoch's first entry, and that from the epoch before. */
	#checkStart(seen: SeenEpoch): void {
		if (seen.start === undefined) return;
		const { body, where } = seen.start;
		const { station, publicKey, sha256 } = this.#options;
		const place = placeOf(seen.epoch, 1);
		if (body.station !== station || !equalBytes(body.publicKey, publicKey)) {
			this.report("origin", where, `${place}: names another station or key`);
		}
		const zero = seen.heads.get(0);
		const origin = { station, epoch: seen.epoch, publicKey, previousHead: body.previousHead };
		if (zero !== undefined && !equalBytes(zero, chainStart(sha256, origin))) {
			this.report("origin", where, `${place}: the chain does not begin with this epoch`);
		}
		const before = this.#epochs.get(body.previousEpoch)?.heads.get(body.previousSequence);
		if (body.previousSequence > 0 && before !== undefined) {
			if (equalBytes(before, body.previousHead)) return;
			const previous = placeOf(body.previousEpoch, body.previousSequence);
			this.report("fork", where, `${place}: does not continue ${previous}`);
		}
	}

	#checkGaps(seen: SeenEpoch): void {
		for (const { body, sequence, where } of seen.gaps) {
			const known = seen.heads.get(body.to);
			if (known === undefined || isZero(body.resume) || equalBytes(known, body.resume)) continue;
			const text = `${placeOf(seen.epoch, sequence)}: the gap ends in another chain`;
			this.report("fork", where, `${text} than entry ${body.to + 1} continues`);
		}
	}

	#checkRows(seen: SeenEpoch): void {
		for (const [sequence, entry] of seen.entries) {
			if (entry.hasRow || !this.#isAskedFor(sequence)) continue;
			const text = `signed in ${entry.where}, but there is no row`;
			this.report("row", placeOf(seen.epoch, sequence), text);
		}
	}

	#isAskedFor(sequence: number): boolean {
		const { part } = this.#options;
		return part === undefined || (sequence >= part.first && sequence <= part.last);
	}

	#rangesOf(seen: SeenEpoch): VerifiedRange[] {
		const { part } = this.#options;
		const sequences = [...seen.entries.keys()].sort((a, b) => a - b);
		const gaps = [...seen.gaps].sort((a, b) => a.body.from - b.body.from);
		const first = part?.first ?? 1;
		const last = part?.last ?? Math.max(sequences.at(-1) ?? 0, seen.lastExpected);
		const ranges: VerifiedRange[] = [];
		const push = (from: number, to: number, standing: Standing, note: string): void => {
			const before = ranges.at(-1);
			// Chained entries beside each other share their head, or a fork was reported.
			if (before?.standing === standing && (standing !== "gap" || before.note === note)) {
				ranges[ranges.length - 1] = { ...before, last: to };
			} else if (from <= to) {
				ranges.push({ epoch: seen.epoch, first: from, last: to, standing, note });
			}
		};
		let next = first;
		for (const sequence of sequences) {
			if (sequence < first || sequence > last) continue;
			pushAbsent(gaps, next, sequence - 1, push);
			const isChained = seen.entries.get(sequence)?.isChained === true;
			const note = isChained ? joinOf(seen, gaps, sequence) : "";
			push(sequence, sequence, isChained ? "chained" : "signed", note);
			next = sequence + 1;
		}
		pushAbsent(gaps, next, last, push);
		return ranges;
	}
}

/** Splits absent entries first .. last into those that gaps name and those that nobody does. */
function pushAbsent(
	gaps: readonly SeenGap[],
	first: number,
	last: number,
	push: (first: number, last: number, standing: Standing, note: string) => void,
): void {
	let next = first;
	for (const { body, sequence } of gaps) {
		if (next > last) return;
		if (body.to < next || body.from > last) continue;
		if (body.from > next) push(next, body.from - 1, "missing", "");
		const from = Math.max(next, body.from);
		const to = Math.min(last, body.to);
		const reason = GAP_REASONS[body.reason] ?? `reason ${body.reason}`;
		push(from, to, "gap", `${reason}, named by entry ${sequence}`);
		next = to + 1;
	}
	if (next <= last) push(next, last, "missing", "");
}

/** What the chained entry `sequence` continues when nothing chained stands right before it. */
function joinOf(seen: SeenEpoch, gaps: readonly SeenGap[], sequence: number): string {
	if (sequence === 1) return "from the start of the epoch";
	const before = seen.heads.get(sequence - 1);
	const gap = gaps.find(
		({ body }) =>
			body.to === sequence - 1 && before !== undefined && equalBytes(body.resume, before),
	);
	if (gap !== undefined) return `across the gap named by entry ${gap.sequence}`;
	return "from here on, by its own signature";
}

function placeOf(epoch: number, sequence: number): string {
	return `${epoch}/${sequence}`;
}

function compareText(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

function isZero(bytes: Uint8Array): boolean {
	return bytes.every((byte) => byte === 0);
}

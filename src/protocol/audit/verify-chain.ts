/**
 * What a station's public keys prove of a record: which entries are chained, which are only signed,
 * which the station itself names as lost, and which are missing without a word. Works on the
 * envelopes as the station signed them, in their order, and keeps of them no more than a batch's worth and
 * what is where: any verifier that holds them and the keys comes to the same result, however long the record is.
 */
import { equalBytes, hexOf, uint32At } from "../../core/bytes.js";
import { assert, StationError } from "../../core/errors.js";
import { chainNext, type Hash } from "../record/chain.js";
import { decodeEntry, isReading } from "../record/entry.js";
import { type Batch, decodeBatch, NewerBatchError } from "../wire/batch.js";
import { decodeSign1, keyIdOf, type Sign1 } from "../wire/cose.js";
import type { Finding, FindingKind, VerifierKey, VerifierPart } from "./finding.js";
import {
	type EntryStatus,
	EpochJudge,
	type EpochSummary,
	GAPS_MAX,
	PRESENT_RANGES_MAX,
	type PresentRange,
	positionText,
	type SeenGap,
	type VerifiedRange,
} from "./verify-epochs.js";

export type { EntryStatus, VerifiedRange } from "./verify-epochs.js";

export interface Verification {
	/** True when nothing was found and nothing is missing without a word. */
	readonly isSound: boolean;
	readonly ranges: readonly VerifiedRange[];
	/** Batches with a good signature. */
	readonly batchCount: number;
	/** The first thousand. */
	readonly findings: readonly Finding[];
	readonly findingCount: number;
	/** Entries by standing. */
	readonly counts: Readonly<Record<EntryStatus, number>>;
}

/** A batch whose signature is good. */
export interface VerifiedBatch {
	readonly batch: Batch;
	/** h(first - 1) and h(last) of a chained one. */
	readonly heads: { readonly previous: Uint8Array; readonly last: Uint8Array } | undefined;
	readonly publicKey: Uint8Array;
	/** The envelope names its key. */
	readonly isLater: boolean;
}

export interface ChainVerifierOptions {
	readonly station: string;
	/** The station's keys in the order of their lives. */
	readonly keys: readonly VerifierKey[];
	readonly sha256: Hash;
	/** Checks ES256 (r || s) by one of the keys. */
	readonly isSigned: (
		publicKey: Uint8Array,
		toBeSigned: Uint8Array,
		signature: Uint8Array,
	) => boolean;
	/** Only this part is judged; without it 1 to the last entry that is known of, of every epoch. */
	readonly part?: VerifierPart | undefined;
	/** Every entry that is there, once, ascending by epoch and sequence. */
	readonly onEntry?: (
		epoch: number,
		sequence: number,
		canonicalBytes: Uint8Array,
		where: string,
	) => void;
	readonly onBatch?: (verified: VerifiedBatch) => void;
}

const FINDINGS_MAX = 1000;
const HASH_SHOWN_DIGITS = 12;
const UTC_AT = 20;

/** Feed it every envelope in the order of (epoch, first, last, hash), then `finish`. */
export class ChainVerifier {
	readonly #options: ChainVerifierOptions;
	readonly #keyIds: readonly Uint8Array[];
	readonly #summaries = new Map<number, EpochSummary>();
	readonly #gaps: SeenGap[] = [];
	readonly #findings: Finding[] = [];
	readonly #expectedLast = new Map<number, number>();
	#findingCount = 0;
	#batchCount = 0;
	#rangeCount = 0;
	#open: OpenEpoch | undefined;
	#before: { readonly range: readonly number[]; readonly hash: string } | undefined;

	constructor(options: ChainVerifierOptions) {
		this.#options = options;
		this.#keyIds = options.keys.map(({ publicKey }) => keyIdOf(options.sha256, publicKey));
	}

	/** Takes the next envelope; `where` names it in findings. One out of its order is reported and not merged. */
	add(where: string, envelope: Uint8Array): void {
		const signed = this.#verified(where, envelope);
		if (signed === undefined) return;
		const { batch, signer } = signed;
		this.#batchCount++;
		const isInOrder = this.#checkOrder(where, batch, envelope);
		const { part } = this.#options;
		const last = batch.first + batch.entries.length - 1;
		const isOutside =
			part !== undefined &&
			(batch.epoch !== part.epoch || last < part.first || batch.first > (part.last ?? last));
		if (isOutside) {
			// What it names as lost may be in the part; what it holds is not judged.
			for (const [index, canonicalBytes] of batch.entries.entries()) {
				this.#takeMeaning(undefined, where, batch.epoch, batch.first + index, canonicalBytes);
			}
			return;
		}
		if (!isInOrder) return;
		const epoch = this.#epochOf(batch.epoch, batch.first);
		this.#checkSigner(epoch, where, signer);
		epoch.advance(batch.first);
		this.#takeEntries(epoch, where, batch, signer);
		const heads =
			batch.previous === undefined
				? undefined
				: { previous: batch.previous, last: this.#takeHeads(epoch, where, batch) };
		const { publicKey } = this.#options.keys[signer.index] ?? { publicKey: new Uint8Array(0) };
		this.#options.onBatch?.({ batch, heads, publicKey, isLater: signer.isLater });
	}

	/** A finding of the caller's own: a fault in the file or the tables around the envelopes. */
	report(kind: FindingKind, where: string, text: string): void {
		this.#findingCount++;
		if (this.#findings.length < FINDINGS_MAX) this.#findings.push({ kind, where, text });
	}

	/** Says that entries up to `last` were there once, so that a record cut off at its end shows. */
	expectUpTo(epoch: number, last: number): void {
		this.#expectedLast.set(epoch, Math.max(this.#expectedLast.get(epoch) ?? 0, last));
	}

	/** Where the entries that `onEntry` has had end: everything before this position, and nothing from it on. */
	get frontier(): { readonly epoch: number; readonly sequence: number } | undefined {
		const open = this.#open;
		return open && { epoch: open.epoch, sequence: open.frontier };
	}

	/** Ends the last epoch; `onEntry` has had all then. No `add` after it. */
	close(): void {
		const open = this.#open;
		if (open === undefined) return;
		this.#open = undefined;
		open.advance(Number.POSITIVE_INFINITY);
		this.#summaries.set(open.epoch, open.summary());
	}

	/** What is there and what is named as lost, after `close`. */
	get contents(): {
		readonly epochs: ReadonlyMap<number, EpochSummary>;
		readonly gaps: readonly SeenGap[];
	} {
		return { epochs: this.#summaries, gaps: this.#gaps };
	}

	finish(): Verification {
		this.close();
		const ranges = new EpochJudge({
			...this.#options,
			epochs: this.#summaries,
			gaps: this.#gaps,
			expectedLast: this.#expectedLast,
			report: (kind, where, text) => this.report(kind, where, text),
		}).judge();
		const counts = { chained: 0, signed: 0, gap: 0, missing: 0 };
		for (const range of ranges) counts[range.standing] += range.last - range.first + 1;
		return {
			isSound: this.#findingCount === 0 && counts.missing === 0 && ranges.length > 0,
			ranges,
			batchCount: this.#batchCount,
			findings: this.#findings,
			findingCount: this.#findingCount,
			counts,
		};
	}

	/** The batch of an envelope that this station signed, and by which key; everything else is a finding. */
	#verified(where: string, envelope: Uint8Array): { batch: Batch; signer: Signer } | undefined {
		let sign1: Sign1;
		try {
			sign1 = decodeSign1(envelope);
		} catch (error) {
			this.#reportUnreadable(where, error);
			return undefined;
		}
		const index = this.#signerOf(sign1);
		if (index === undefined) {
			// What it says of itself proves nothing; the range that is missing now tells its place.
			this.report("bad-signature", where, "altered, or not signed by a key of the station");
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
			const text = `batch ${positionText(epoch, first)} is of ${station}, not ${this.#options.station}`;
			this.report("wrong-station", where, text);
			return undefined;
		}
		return { batch, signer: { index, isLater: sign1.keyId !== undefined } };
	}

	/** Index of the key that signed: of the one that is named, else of the open epoch's, else of any. */
	#signerOf({ keyId, toBeSigned, signature }: Sign1): number | undefined {
		const { keys, isSigned } = this.#options;
		const usual = this.#open?.plainSigner;
		const order = keys.map((_, index) => index).reverse();
		if (usual !== undefined) order.unshift(usual);
		return order.find((index) => {
			const key = keys[index];
			const id = this.#keyIds[index];
			if (key === undefined || id === undefined) return false;
			if (keyId !== undefined && !equalBytes(id, keyId)) return false;
			return isSigned(key.publicKey, toBeSigned, signature);
		});
	}

	#reportUnreadable(where: string, error: unknown): void {
		if (!(error instanceof StationError)) throw error;
		const kind = error instanceof NewerBatchError ? "newer-version" : "malformed";
		this.report(kind, where, error.message);
	}

	/** True when the batch does not stand before one that came already. */
	#checkOrder(where: string, batch: Batch, envelope: Uint8Array): boolean {
		const range = [batch.epoch, batch.first, batch.first + batch.entries.length - 1];
		const hash = hexOf(this.#options.sha256(envelope));
		const { epoch, first } = batch;
		if (this.#before !== undefined) {
			const differing = range.findIndex((number, index) => number !== this.#before?.range[index]);
			const step =
				differing < 0
					? compareText(hash, this.#before.hash)
					: (range[differing] ?? 0) - (this.#before.range[differing] ?? 0);
			if (step === 0) this.report("reordered", where, `${positionText(epoch, first)}: twice`);
			if (step < 0) {
				this.report("reordered", where, `${positionText(epoch, first)}: out of its order`);
				return false;
			}
		}
		this.#before = { range, hash };
		return true;
	}

	#epochOf(epoch: number, first: number): OpenEpoch {
		if (this.#open?.epoch === epoch) return this.#open;
		this.close();
		const { part, onEntry, sha256 } = this.#options;
		const isAskedFor = (sequence: number): boolean =>
			part === undefined ||
			(sequence >= part.first && sequence <= (part.last ?? Number.POSITIVE_INFINITY));
		this.#open = new OpenEpoch(epoch, part === undefined ? 1 : first, {
			sha256,
			markOf: (signer) => this.#markOf(signer),
			isTooLate: (signer, canonicalBytes) => this.#isTooLate(signer, canonicalBytes),
			mayKeepRange: () => this.#mayKeepRange(),
			report: (kind, where, text) => this.report(kind, where, text),
			onEntry: (sequence, canonicalBytes, where) => {
				if (isAskedFor(sequence)) onEntry?.(epoch, sequence, canonicalBytes, where);
			},
		});
		return this.#open;
	}

	/** A record in a million pieces is no record, and must not fill the memory either. */
	#mayKeepRange(): boolean {
		if (this.#rangeCount === PRESENT_RANGES_MAX) {
			this.report(
				"file",
				"record",
				`in more than ${PRESENT_RANGES_MAX} pieces: verify it part by part`,
			);
		}
		return this.#rangeCount++ < PRESENT_RANGES_MAX;
	}

	#markOf({ index, isLater }: Signer): string {
		const key = this.#options.keys[index];
		const id = hexOf(this.#keyIds[index] ?? new Uint8Array(0));
		const revoked = key?.revokedAtUtcSeconds === undefined ? "" : ", which is revoked";
		if (isLater) return `signed by the later key ${id}${revoked}`;
		return revoked === "" ? "" : `signed by the key ${id}${revoked}`;
	}

	#isTooLate({ index }: Signer, canonicalBytes: Uint8Array): boolean {
		const revokedAt = this.#options.keys[index]?.revokedAtUtcSeconds;
		return (
			revokedAt !== undefined && revokedAt > 0 && uint32At(canonicalBytes, UTC_AT) >= revokedAt
		);
	}

	/** All batches of an epoch without a key id are of one key, and those with one of others. */
	#checkSigner(epoch: OpenEpoch, where: string, { index, isLater }: Signer): void {
		if (isLater) {
			if (!epoch.laterSigners.has(index)) epoch.laterSigners.set(index, where);
			return;
		}
		if (epoch.plainSigner === undefined) {
			epoch.plainSigner = index;
			epoch.plainWhere = where;
		} else if (epoch.plainSigner !== index) {
			const text = `batches of epoch ${epoch.epoch} before it are signed by another key`;
			this.report("key", where, text);
		}
	}

	#takeEntries(epoch: OpenEpoch, where: string, batch: Batch, signer: Signer): void {
		const isChained = batch.previous !== undefined;
		for (const [index, canonicalBytes] of batch.entries.entries()) {
			const sequence = batch.first + index;
			const known = epoch.window.get(sequence);
			if (known === undefined) {
				epoch.window.set(sequence, { canonicalBytes, where, isChained, signer });
				this.#takeMeaning(epoch, where, batch.epoch, sequence, canonicalBytes);
			} else if (equalBytes(known.canonicalBytes, canonicalBytes)) {
				known.isChained ||= isChained;
				if (this.#rankOf(signer) < this.#rankOf(known.signer)) known.signer = signer;
			} else {
				const position = positionText(batch.epoch, sequence);
				this.report("conflict", where, `${position}: other contents than in ${known.where}`);
			}
		}
	}

	/** Whose word counts for an entry that came more than once: 0 the epoch's own key. */
	#rankOf({ index, isLater }: Signer): number {
		const isRevoked = this.#options.keys[index]?.revokedAtUtcSeconds !== undefined;
		return (isRevoked ? 2 : 0) + (isLater ? 1 : 0);
	}

	/** `epoch` is undefined for an entry outside the part that is judged. */
	#takeMeaning(
		open: OpenEpoch | undefined,
		where: string,
		epoch: number,
		sequence: number,
		canonicalBytes: Uint8Array,
	): void {
		// Nine of ten are readings, and nothing is asked of what they measured.
		if (isReading(canonicalBytes) && sequence !== 1) return;
		const position = positionText(epoch, sequence);
		try {
			const entry = decodeEntry(canonicalBytes);
			if (entry.kind === "gap") {
				const { from, to, lostEpoch, reason, resume } = entry;
				const lost = { epoch: lostEpoch === 0 ? epoch : lostEpoch, from, to, reason, resume };
				this.#takeGap({ ...lost, namedIn: epoch, sequence, where });
			}
			if (open === undefined) return;
			if ((sequence === 1) !== (entry.kind === "epoch")) {
				this.report("origin", where, `${position}: an entry of kind ${entry.kind}`);
			} else if (entry.kind === "epoch") {
				open.start = { body: entry, where };
			}
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			if (open !== undefined) this.report("unreadable", where, `${position}: ${error.message}`);
		}
	}

	#takeGap(gap: SeenGap): void {
		const { part } = this.#options;
		if (part !== undefined) {
			const last = part.last ?? Number.POSITIVE_INFINITY;
			if (gap.epoch !== part.epoch || gap.to < part.first || gap.from > last) return;
		}
		if (this.#gaps.length === GAPS_MAX) {
			this.report("gap", gap.where, `more than ${GAPS_MAX} gaps are named; the rest is not judged`);
		}
		if (this.#gaps.length <= GAPS_MAX) this.#gaps.push(gap);
	}

	/** Heads of a chained batch, compared with those already known; h(last). */
	#takeHeads(epoch: OpenEpoch, where: string, batch: Batch): Uint8Array {
		assert(batch.previous !== undefined, "a chained batch");
		let head = batch.previous;
		let isForked = false;
		for (let index = -1; index < batch.entries.length; index++) {
			const canonicalBytes = batch.entries[index];
			if (canonicalBytes !== undefined)
				head = chainNext(this.#options.sha256, head, canonicalBytes);
			const sequence = batch.first + index;
			const known = epoch.heads.get(sequence);
			if (known === undefined) epoch.heads.set(sequence, head);
			else if (!equalBytes(known, head) && !isForked) {
				// The heads after the first that differs must differ too; once is enough.
				isForked = true;
				const digits = hexOf(known).slice(0, HASH_SHOWN_DIGITS);
				const position = positionText(batch.epoch, sequence);
				this.report(
					"fork",
					where,
					`${position}: another chain than the one with head ${digits}...`,
				);
			}
		}
		return head;
	}
}

interface Signer {
	/** Into the station's keys. */
	readonly index: number;
	/** The envelope names its key. */
	readonly isLater: boolean;
}

interface WindowEntry {
	readonly canonicalBytes: Uint8Array;
	readonly where: string;
	isChained: boolean;
	signer: Signer;
}

interface OpenEpochOptions {
	readonly sha256: Hash;
	readonly markOf: (signer: Signer) => string;
	readonly isTooLate: (signer: Signer, canonicalBytes: Uint8Array) => boolean;
	readonly mayKeepRange: () => boolean;
	readonly report: (kind: FindingKind, where: string, text: string) => void;
	readonly onEntry: (sequence: number, canonicalBytes: Uint8Array, where: string) => void;
}

/**
 * The epoch whose batches come. They are sorted by their first entry, so that nothing before the first of
 * the last one can change any more: the window holds what a batch or two hold.
 */
class OpenEpoch {
	readonly epoch: number;
	/** Everything before it is settled. */
	frontier: number;
	readonly window = new Map<number, WindowEntry>();
	/** h(sequence) from frontier - 1 on, of chained batches; of frontier - 1 also by walking to it. */
	readonly heads = new Map<number, Uint8Array>();
	start: EpochSummary["start"];
	plainSigner: number | undefined;
	plainWhere = "";
	/** Keys that signed with their id, and the first batch of each. */
	readonly laterSigners = new Map<number, string>();
	readonly #options: OpenEpochOptions;
	readonly #ranges: PresentRange[] = [];
	#zero: Uint8Array | undefined;
	#last = 0;
	#endHead: Uint8Array | undefined;
	#wasTooLate = false;

	constructor(epoch: number, frontier: number, options: OpenEpochOptions) {
		this.epoch = epoch;
		this.frontier = frontier;
		this.#options = options;
	}

	/** Settles what comes before `first`. */
	advance(first: number): void {
		for (; this.frontier < first && this.window.size > 0; this.frontier++) {
			const entry = this.window.get(this.frontier);
			if (entry !== undefined) this.#settle(this.frontier, entry);
			this.window.delete(this.frontier);
			if (entry !== undefined || this.frontier > 1) this.heads.delete(this.frontier - 1);
		}
		if (this.frontier >= first) return;
		if (first !== Number.POSITIVE_INFINITY) this.heads.clear();
		this.frontier = first;
	}

	summary(): EpochSummary {
		return {
			epoch: this.epoch,
			start: this.start,
			zero: this.#zero,
			ranges: this.#ranges,
			last: this.#last,
			endHead: this.#endHead,
			plainSigner: this.plainSigner,
			plainWhere: this.plainWhere,
			laterSigners: this.laterSigners,
		};
	}

	#settle(sequence: number, entry: WindowEntry): void {
		const { sha256, markOf, report, onEntry, isTooLate, mayKeepRange } = this.#options;
		const { canonicalBytes, where, isChained, signer } = entry;
		const before = this.heads.get(sequence - 1);
		if (sequence === 1) this.#zero = before;
		const walked = before && chainNext(sha256, before, canonicalBytes);
		const known = this.heads.get(sequence);
		if (known === undefined && walked !== undefined) this.heads.set(sequence, walked);
		else if (known !== undefined && walked !== undefined && !equalBytes(known, walked)) {
			report(
				"fork",
				where,
				`${positionText(this.epoch, sequence)}: not what the next batch continues`,
			);
		}
		const isLate = isTooLate(signer, canonicalBytes);
		if (isLate && !this.#wasTooLate) {
			const position = positionText(this.epoch, sequence);
			report("key", where, `${position}: recorded after its key was revoked`);
		}
		this.#wasTooLate = isLate;
		const standing = isChained ? "chained" : "signed";
		const mark = markOf(signer);
		const range = this.#ranges.at(-1);
		const isNext = range !== undefined && range.last === sequence - 1;
		const head = this.heads.get(sequence);
		if (isNext && range.standing === standing && range.mark === mark) {
			range.last = sequence;
			range.head = head;
		} else if (mayKeepRange()) {
			const from = { first: sequence, last: sequence, joins: before, head };
			this.#ranges.push({ ...from, standing, mark, where });
		}
		this.#last = sequence;
		this.#endHead = head;
		onEntry(sequence, canonicalBytes, where);
	}
}

function compareText(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

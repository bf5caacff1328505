/**
 * Judges what is known of the epochs of a record when all of it has been read: how they begin, how each goes
 * on from the one before, who signed them, and whose gap entries account for what is not there.
 */

import { equalBytes } from "../../core/bytes.js";
import { chainStart, type Hash } from "../record/chain.js";
import { EPOCH_REASONS, type EpochBody, GAP_REASONS } from "../record/entry-layouts.js";
import type { FindingKind, VerifierKey, VerifierPart } from "./finding.js";

/**
 * chained: in the hash chain under a signature. signed: the chain was broken before it, the signature
 * covers it alone. gap: the station names it as lost. missing: nobody accounts for it.
 */
export type EntryStatus = "chained" | "signed" | "gap" | "missing";

/** Consecutive entries of one standing. */
export interface VerifiedRange {
	readonly epoch: number;
	readonly first: number;
	readonly last: number;
	readonly standing: EntryStatus;
	/**
	 * Of a chained range, what its first entry continues: the epoch's start, the far side of a gap
	 * whose entry says the same head, or nothing that is here. Of a gap, the station's reason. Of what is missing, who
	 * says that it was there.
	 */
	readonly note: string;
	/** Who signed, where it is not the epoch's own key or where that is revoked; else empty. */
	readonly mark: string;
	/** h(last) of a chained range, 32 bytes. */
	readonly head: Uint8Array | undefined;
}

/** A corruption every day and an overflow every week for twenty years are 8 400. About 200 bytes each. */
export const GAPS_MAX = 1 << 16;
export const PRESENT_RANGES_MAX = 1 << 16;

/** Consecutive entries that are there. */
export interface PresentRange {
	readonly first: number;
	last: number;
	readonly standing: "chained" | "signed";
	readonly mark: string;
	/** h(first - 1) and h(last), where they are known. */
	readonly joins: Uint8Array | undefined;
	head: Uint8Array | undefined;
	readonly where: string;
}

export interface SeenGap {
	/** Epoch of the numbers. */
	readonly epoch: number;
	readonly from: number;
	readonly to: number;
	readonly reason: number;
	readonly resume: Uint8Array;
	/** The entry that names them. */
	readonly namedIn: number;
	readonly sequence: number;
	readonly where: string;
}

export interface EpochSummary {
	readonly epoch: number;
	readonly start: { readonly body: EpochBody; readonly where: string } | undefined;
	/** h(0) as the first batch says it. */
	readonly zero: Uint8Array | undefined;
	/** Ascending. */
	readonly ranges: readonly PresentRange[];
	/** The last entry that is there, and its head where it is known. */
	readonly last: number;
	readonly endHead: Uint8Array | undefined;
	/** Index of the key that signed without a key id, and the first batch of it. */
	readonly plainSigner: number | undefined;
	readonly plainWhere: string;
	/** Indexes of keys that signed with their id, and the first batch of each. */
	readonly laterSigners: ReadonlyMap<number, string>;
}

export interface EpochJudgeOptions {
	readonly station: string;
	readonly keys: readonly VerifierKey[];
	readonly sha256: Hash;
	readonly part?: VerifierPart | undefined;
	readonly epochs: ReadonlyMap<number, EpochSummary>;
	readonly gaps: readonly SeenGap[];
	readonly expectedLast: ReadonlyMap<number, number>;
	readonly report: (kind: FindingKind, where: string, text: string) => void;
}

/** What the first entry of a later epoch says of an epoch's end. */
interface NamedEnd {
	readonly sequence: number;
	readonly head: Uint8Array;
	readonly by: number;
	readonly where: string;
	/** A person gave it to the board that replaced another: so much was delivered, and more may be found. */
	readonly isReplacement: boolean;
}

const REPLACED = EPOCH_REASONS.indexOf("replaced");

export class EpochJudge {
	readonly #options: EpochJudgeOptions;
	readonly #ends = new Map<number, NamedEnd>();
	readonly #gaps = new Map<number, SeenGap[]>();

	constructor(options: EpochJudgeOptions) {
		this.#options = options;
	}

	/** All ranges by epoch and sequence; findings go to `report`. */
	judge(): VerifiedRange[] {
		const { epochs, gaps, expectedLast, part } = this.#options;
		for (const gap of gaps) {
			const those = this.#gaps.get(gap.epoch);
			if (those === undefined) this.#gaps.set(gap.epoch, [gap]);
			else those.push(gap);
		}
		for (const those of this.#gaps.values()) those.sort((a, b) => a.from - b.from);
		const numbers = new Set([...epochs.keys(), ...this.#gaps.keys(), ...expectedLast.keys()]);
		for (const summary of epochs.values()) this.#judgeStart(summary);
		for (const epoch of this.#ends.keys()) numbers.add(epoch);
		if (part !== undefined) numbers.add(part.epoch);
		const ranges: VerifiedRange[] = [];
		for (const epoch of [...numbers].sort((a, b) => a - b)) {
			if (part !== undefined && epoch !== part.epoch) continue;
			this.#judgeSigners(epoch);
			this.#judgeEnd(epoch);
			this.#judgeGaps(epoch);
			ranges.push(...this.#rangesOf(epoch));
		}
		return ranges;
	}

	/** h(0) follows from the epoch's first entry, and that from the epoch before. */
	#judgeStart({ epoch, start, zero }: EpochSummary): void {
		if (start === undefined) return;
		const { station, sha256, report, part } = this.#options;
		const { body, where } = start;
		const position = positionText(epoch, 1);
		if (body.station !== station) report("origin", where, `${position}: names another station`);
		const { publicKey, previousHead, previousEpoch, previousSequence } = body;
		const origin = { station, epoch, publicKey, previousHead };
		if (zero !== undefined && !equalBytes(zero, chainStart(sha256, origin))) {
			report("origin", where, `${position}: the chain does not begin with this epoch`);
		}
		if (previousSequence === 0 || part !== undefined) return;
		if (previousEpoch === epoch) {
			report("origin", where, `${position}: names itself as the epoch before`);
			return;
		}
		const known = this.#ends.get(previousEpoch);
		const isReplacement = body.reason === REPLACED;
		const end = { sequence: previousSequence, head: previousHead, by: epoch, where, isReplacement };
		if (known !== undefined && isReplacement) return;
		if (known?.isReplacement === false) {
			const isSame = known.sequence === end.sequence && equalBytes(known.head, end.head);
			if (!isSame) {
				const other = positionText(known.by, 1);
				report(
					"fork",
					where,
					`${position}: names another end of epoch ${previousEpoch} than ${other}`,
				);
			}
			if (known.sequence >= end.sequence) return;
		}
		this.#ends.set(previousEpoch, end);
	}

	/** The epoch's own key signs without an id; with one only those that came after it. */
	#judgeSigners(epoch: number): void {
		const summary = this.#options.epochs.get(epoch);
		if (summary === undefined) return;
		const { keys, report } = this.#options;
		const { start, plainSigner, plainWhere, laterSigners } = summary;
		const named = start?.body.publicKey;
		const plain = plainSigner === undefined ? undefined : keys[plainSigner]?.publicKey;
		if (named !== undefined && plain !== undefined && !equalBytes(named, plain)) {
			report("key", plainWhere, `epoch ${epoch} began with another key than the one that signed`);
		}
		const owner = this.#ownerOf(summary);
		for (const [index, where] of laterSigners) {
			if (owner === undefined || owner < index) continue;
			report("key", where, `epoch ${epoch} is signed by a key that is not later than its own`);
		}
		const before = start && this.#options.epochs.get(start.body.previousEpoch);
		const ownerBefore = before && this.#ownerOf(before);
		const isRevoked = owner !== undefined && keys[owner]?.revokedAtUtcSeconds !== undefined;
		if (isRevoked && ownerBefore !== undefined && ownerBefore > owner) {
			const text = `epoch ${epoch} goes from a later key back to one that is revoked`;
			report("key", start?.where ?? "", text);
		}
	}

	/** Index of the key that an epoch began with, where it is among the station's. */
	#ownerOf({ start, plainSigner }: EpochSummary): number | undefined {
		const named = start?.body.publicKey;
		if (named === undefined) return plainSigner;
		const index = this.#options.keys.findIndex(({ publicKey }) => equalBytes(publicKey, named));
		return index < 0 ? undefined : index;
	}

	#judgeEnd(epoch: number): void {
		const end = this.#ends.get(epoch);
		const summary = this.#options.epochs.get(epoch);
		if (end === undefined || summary === undefined) return;
		const { report } = this.#options;
		const { last, endHead } = summary;
		if (last > end.sequence && !end.isReplacement) {
			const text = `${positionText(end.by, 1)}: epoch ${epoch} ended with ${end.sequence}, and here is ${last}`;
			report("origin", end.where, text);
		}
		if (last === end.sequence && endHead !== undefined && !equalBytes(endHead, end.head)) {
			report(
				"fork",
				end.where,
				`${positionText(end.by, 1)}: does not continue ${positionText(epoch, last)}`,
			);
		}
	}

	#judgeGaps(epoch: number): void {
		const { epochs, report, part } = this.#options;
		const ranges = epochs.get(epoch)?.ranges ?? [];
		const end = this.#ends.get(epoch);
		for (const gap of this.#gaps.get(epoch) ?? []) {
			const { from, to, resume, namedIn, sequence, where } = gap;
			const position = positionText(namedIn, sequence);
			const isOwn = namedIn === epoch;
			if (from < 1 || to < from || (isOwn && to >= sequence)) {
				report("gap", where, `${position}: names ${from} to ${to} as lost`);
				continue;
			}
			if (!isOwn && part === undefined && this.#isUnrelated(namedIn, epoch)) {
				report(
					"gap",
					where,
					`${position}: epoch ${epoch}, of which it speaks, is none before its own`,
				);
			}
			if (end?.isReplacement === false && to > end.sequence) {
				report(
					"gap",
					where,
					`${position}: epoch ${epoch} ended with ${end.sequence}, before ${to}`,
				);
			}
			const held = firstReaching(ranges, from);
			const over = ranges[held];
			if (over !== undefined && over.first <= to) {
				const first = positionText(epoch, Math.max(over.first, from));
				report("gap", where, `${position}: names ${from} to ${to} as lost, and ${first} is here`);
			}
			const next = ranges[firstReaching(ranges, to + 1)];
			const known =
				next?.first === to + 1 ? next.joins : end?.sequence === to ? end.head : undefined;
			if (known === undefined || isZero(resume) || equalBytes(known, resume)) continue;
			const text = `${position}: the gap ends in another chain`;
			report("fork", where, `${text} than entry ${to + 1} continues`);
		}
	}

	/** True when the epochs before `epoch`, as far as they are known, are known to the first and have not `former`. */
	#isUnrelated(epoch: number, former: number): boolean {
		const met = new Set<number>();
		for (let at = epoch; !met.has(at); ) {
			met.add(at);
			const start = this.#options.epochs.get(at)?.start;
			if (start === undefined) return false;
			at = start.body.previousEpoch;
			if (at === former) return false;
			if (at === 0) return true;
		}
		return true;
	}

	#rangesOf(epoch: number): VerifiedRange[] {
		const { part, expectedLast, epochs } = this.#options;
		const summary = epochs.get(epoch);
		const gaps = this.#gaps.get(epoch) ?? [];
		const end = this.#ends.get(epoch);
		const first = part?.first ?? 1;
		const gapTo = gaps.reduce((most, { to, from }) => (to >= from ? Math.max(most, to) : most), 0);
		const last =
			part?.last ??
			Math.max(summary?.last ?? 0, expectedLast.get(epoch) ?? 0, end?.sequence ?? 0, gapTo);
		const ranges: VerifiedRange[] = [];
		const push = (from: number, to: number, standing: EntryStatus, note: string): void => {
			const before = ranges.at(-1);
			if (before?.standing === standing && before.note === note) {
				ranges[ranges.length - 1] = { ...before, last: to };
			} else if (from <= to) {
				const whose = { mark: "", head: undefined };
				ranges.push({ epoch, first: from, last: to, standing, note, ...whose });
			}
		};
		let next = first;
		for (const range of summary?.ranges ?? []) {
			if (range.last < first || range.first > last) continue;
			const from = Math.max(range.first, first);
			pushAbsent(gaps, next, from - 1, end, push);
			const { standing, mark } = range;
			const isBeside = ranges.at(-1)?.last === from - 1 && ranges.at(-1)?.standing === "chained";
			const note =
				standing === "chained" && !isBeside ? joinOf(gaps, from, range, from > range.first) : "";
			const to = Math.min(range.last, last);
			const head = standing === "chained" && to === range.last ? range.head : undefined;
			ranges.push({ epoch, first: from, last: to, standing, note, mark, head });
			next = to + 1;
		}
		pushAbsent(gaps, next, last, end, push);
		return ranges;
	}
}

/** Index of the first range that ends at `sequence` or after it. */
function firstReaching(ranges: readonly PresentRange[], sequence: number): number {
	let low = 0;
	let high = ranges.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((ranges[middle]?.last ?? 0) < sequence) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** Splits absent entries first .. last into those that gaps (by their beginning) name and those that nobody does. */
function pushAbsent(
	gaps: readonly SeenGap[],
	first: number,
	last: number,
	end: NamedEnd | undefined,
	push: (first: number, last: number, standing: EntryStatus, note: string) => void,
): void {
	let next = first;
	const miss = (from: number, to: number): void => {
		const isTail = end !== undefined && to <= end.sequence && to === last;
		push(from, to, "missing", isTail ? `there, says the first entry of epoch ${end.by}` : "");
	};
	for (const { from, to, reason, namedIn, sequence, epoch } of gaps) {
		if (next > last || from > last) break;
		if (to < next) continue;
		if (from > next) miss(next, from - 1);
		const begin = Math.max(next, from);
		const stop = Math.min(last, to);
		const why = GAP_REASONS[reason] ?? `reason ${reason}`;
		const by = namedIn === epoch ? `entry ${sequence}` : `entry ${sequence} of epoch ${namedIn}`;
		push(begin, stop, "gap", `${why}, named by ${by}`);
		next = stop + 1;
	}
	if (next <= last) miss(next, last);
}

/** What the chained entry `first` continues when nothing chained stands right before it. */
function joinOf(
	gaps: readonly SeenGap[],
	first: number,
	{ joins }: PresentRange,
	isInside: boolean,
): string {
	if (isInside) return "";
	if (first === 1) return "from the start of the epoch";
	const gap = gaps.find(
		({ to, resume }) => to === first - 1 && joins !== undefined && equalBytes(resume, joins),
	);
	if (gap !== undefined) return `across the gap named by entry ${gap.sequence}`;
	return "from here on, by its own signature";
}

export function positionText(epoch: number, sequence: number): string {
	return `${epoch}/${sequence}`;
}

function isZero(bytes: Uint8Array): boolean {
	return bytes.every((byte) => byte === 0);
}

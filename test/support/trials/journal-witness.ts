/**
 * What must be true of a journal, known only from what `append` and `acknowledge` returned. It reads
 * no counter and no state of the journal but what its users read.
 */
import { createHash } from "node:crypto";
import { equalBytes } from "../../../src/core/bytes.js";
import type { Journal } from "../../../src/firmware/journal/journal.js";
import type { JournalOptions } from "../../../src/firmware/journal/journal-types.js";
import { chainNext, chainStart } from "../../../src/protocol/record/chain.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { EntryDraft } from "../../../src/protocol/record/entry-layouts.js";

/** Opens a journal: the real one, or a mutant. */
export type OpenJournal = (options: JournalOptions) => Journal;

export const STATION = "pek-2";
export const PUBLIC_KEY = new Uint8Array(33).fill(3);

/** The fast hash of the host: the campaign's time goes into hashing. */
export function nodeSha256(...parts: readonly Uint8Array[]): Uint8Array {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
}

/** One line that says what was broken. */
export class Violation extends Error {
	override name = "Violation";
}

/** A draft under way, and the number that the journal showed for it. */
interface UnderWay {
	readonly sequence: number;
	readonly draft: EntryDraft;
}

/** Everything observed so far of one history; cheap to branch. Whatever it holds is never changed. */
export class Witness {
	epoch = 0;
	/** Highest sequence of an append that returned; numbers named as unproved lie between. */
	last = 0;
	/** Highest acknowledgement that returned. */
	cursor = 0;
	/** Acknowledgements that may or may not have come through. */
	cursorsInFlight: readonly number[] = [];
	/** What may follow the returned entries: appends that a cut interrupted, in order. */
	tails: readonly (readonly UnderWay[])[] = [];
	/** The tail that this boot showed. */
	seenTail: readonly UnderWay[] = [];
	/** Numbers that this boot named as unproved, and those that a boot before named and went past. */
	#seenSkips: ReadonlySet<number> = new Set();
	/** Heads that this boot named after them. */
	#seenResumes: ReadonlyMap<number, Uint8Array> = new Map();
	#skipped: ReadonlySet<number> = new Set();
	/** Below this, what this boot saw after the returned entries has overflowed. */
	#seenFrom = 1;
	/** The history that this one branched from, and how much of it is this one's as well. */
	#trunk: Witness | undefined;
	#trunkLast = -1;
	/** Canonical bytes by sequence, of appends that returned since the branching. */
	readonly #returned = new Map<number, Uint8Array>();
	/** h(sequence) by sequence; of 0 it is h(0). */
	readonly #heads = new Map<number, Uint8Array>();

	/**
	 * A copy that may continue by itself. What both have in common stays with the trunk: an append that
	 * returned is never unmade, so that what the trunk does later does not touch it.
	 */
	branch(): Witness {
		const copy = new Witness();
		copy.epoch = this.epoch;
		copy.last = this.last;
		copy.cursor = this.cursor;
		copy.cursorsInFlight = this.cursorsInFlight;
		copy.tails = this.tails;
		copy.seenTail = this.seenTail;
		copy.#seenSkips = this.#seenSkips;
		copy.#skipped = this.#skipped;
		copy.#seenResumes = this.#seenResumes;
		copy.#seenFrom = this.#seenFrom;
		copy.#trunk = this;
		copy.#trunkLast = this.last;
		return copy;
	}

	/** Forgets what no ring holds any more. */
	forgetBelow(sequence: number): void {
		for (const known of this.#returned.keys()) {
			if (known >= sequence) break;
			this.#returned.delete(known);
			this.#heads.delete(known - 1);
		}
		this.#skipped = new Set([...this.#skipped].filter((known) => known >= sequence));
	}

	/** An append is about to be made, under the number that the journal shows. */
	appending(draft: EntryDraft, sequence: number): void {
		this.tails = [...this.tails, [...this.seenTail, { sequence, draft }]];
	}

	/** It returned: it and what this boot showed before it are now in the record for ever. */
	appended(draft: EntryDraft, sequence: number, canonicalBytes: Uint8Array): void {
		for (const before of this.seenTail) {
			this.#pass(before.sequence);
			this.#record(before.sequence, this.#canonicalBytesOf(before.draft, before.sequence));
		}
		this.seenTail = [];
		this.tails = [];
		this.#pass(sequence);
		this.#seenSkips = new Set();
		if (!equalBytes(canonicalBytes, this.#canonicalBytesOf(draft, sequence))) {
			throw new Violation(`append ${sequence} returned other bytes`);
		}
		this.#record(sequence, canonicalBytes);
	}

	acknowledging(cursor: number): void {
		this.cursorsInFlight = [...this.cursorsInFlight, cursor];
	}

	acknowledged(cursor: number): void {
		this.cursor = Math.max(this.cursor, cursor);
		this.cursorsInFlight = this.cursorsInFlight.filter((given) => given > this.cursor);
	}

	/** A boot: what is there must be what returned, and at most what was under way. */
	check(journal: Journal, isBoot: boolean): void {
		if (this.last === 0) this.#begin(journal);
		if (journal.epoch !== this.epoch) throw new Violation("the epoch changed");
		this.#checkCursor(journal);
		const end = journal.nextSequence - 1;
		if (end < this.last) throw new Violation(`lost: ends at ${end}, but ${this.last} returned`);
		this.#checkEntries(journal);
		if (isBoot && journal.nextSequence === 1 && !journal.wasFormatted) {
			throw new Violation("an empty journal that does not say so");
		}
		this.#checkGap(journal);
	}

	#begin(journal: Journal): void {
		this.epoch = journal.epoch;
		const origin = { station: STATION, epoch: this.epoch, publicKey: PUBLIC_KEY };
		this.#heads.set(0, chainStart(nodeSha256, { ...origin, previousHead: new Uint8Array(32) }));
	}

	#checkCursor(journal: Journal): void {
		if (journal.cursor < this.cursor) {
			throw new Violation(`the cursor went back from ${this.cursor} to ${journal.cursor}`);
		}
		if (journal.cursor > this.cursor && !this.cursorsInFlight.includes(journal.cursor)) {
			throw new Violation(`a cursor ${journal.cursor} that nobody gave`);
		}
	}

	/** Every entry held, in order, equal to what returned, and chained; what is not there is named. */
	#checkEntries(journal: Journal): void {
		const first = journal.firstSequenceHeld;
		const seen = new Map<number, Uint8Array>();
		let before = first - 1;
		journal.read(1, 0xffffffff, (sequence, canonicalBytes) => {
			if (sequence <= before) throw new Violation(`${sequence} came after ${before}`);
			before = sequence;
			seen.set(sequence, canonicalBytes);
		});
		const named = new Set<number>();
		const resumes = new Map<number, Uint8Array>();
		for (const { from, to, reason, resume } of journal.gaps) {
			if (reason !== 3) continue;
			resumes.set(to, resume);
			for (let sequence = from; sequence <= to; sequence++) named.add(sequence);
		}
		let head: Uint8Array | undefined = journal.headBefore(first);
		if (head === undefined) throw new Violation(`no head before ${first}`);
		const start = this.#headAt(first - 1);
		if (start !== undefined && !equalBytes(head, start)) {
			throw new Violation(`the chain before ${first} is another`);
		}
		const skips = new Set<number>();
		for (let sequence = first; sequence < journal.nextSequence; sequence++) {
			const canonicalBytes = seen.get(sequence);
			if (canonicalBytes === undefined) {
				this.#checkAbsent(sequence, named, journal.cursor);
				if (sequence > this.last) skips.add(sequence);
				// The chain continues with the head that the gap names.
				head = this.#headAt(sequence) ?? resumes.get(sequence);
				continue;
			}
			const returned = this.#returnedAt(sequence);
			if (
				sequence <= this.last &&
				(returned === undefined || !equalBytes(returned, canonicalBytes))
			) {
				throw new Violation(`entry ${sequence} has other bytes than its append returned`);
			}
			// The returned entries were hashed when they returned, and are equal: no need to hash again.
			const recorded = start === undefined ? undefined : this.#headAt(sequence);
			head = recorded ?? (head && chainNext(nodeSha256, head, canonicalBytes));
		}
		if (head !== undefined && !equalBytes(head, journal.head))
			throw new Violation("the chain does not lead to the head");
		this.#seenFrom = first;
		this.#seenSkips = skips;
		this.#seenResumes = resumes;
		this.#checkTail(
			[...seen].filter(([sequence]) => sequence > this.last),
			first,
		);
	}

	#checkAbsent(sequence: number, named: ReadonlySet<number>, cursor: number): void {
		if (this.#returnedAt(sequence) !== undefined) throw new Violation(`lost: entry ${sequence}`);
		// What was acknowledged needs no name any more.
		if (sequence <= cursor || named.has(sequence) || this.#isSkipped(sequence)) return;
		throw new Violation(`${sequence} is absent and not named`);
	}

	/** What follows the returned entries must be the beginning of something that was under way. */
	#checkTail(seen: readonly (readonly [number, Uint8Array])[], first: number): void {
		this.seenTail = [];
		if (seen.length === 0) return;
		for (const candidate of this.tails) {
			// In a long run of cuts even the tail may have overflowed: what is held of it must match.
			const gone = candidate.filter(({ sequence }) => sequence < first).length;
			const matches = seen.every(([sequence, canonicalBytes], position) => {
				const due = candidate[gone + position];
				return (
					due?.sequence === sequence &&
					equalBytes(canonicalBytes, this.#canonicalBytesOf(due.draft, sequence))
				);
			});
			if (matches) {
				this.seenTail = candidate.slice(0, gone + seen.length);
				return;
			}
		}
		throw new Violation(`entry ${seen[0]?.[0]} that nobody appended`);
	}

	/** What overflowed unacknowledged is named, with the head after it. */
	#checkGap(journal: Journal): void {
		const first = journal.firstSequenceHeld;
		const gap = journal.gaps.find((known) => known.reason === 0);
		if (journal.cursor + 1 >= first) {
			if (gap !== undefined) throw new Violation("a gap where nothing is missing");
			return;
		}
		if (gap === undefined || gap.to !== first - 1) throw new Violation("an overflow without a gap");
		const resume = this.#headAt(first - 1);
		if (resume !== undefined && !equalBytes(gap.resume, resume)) {
			throw new Violation("a gap whose resume is not the head after it");
		}
	}

	/** The next number is `sequence`: those before it must have been named. */
	#pass(sequence: number): void {
		if (sequence <= this.last || this.#isSkipped(sequence)) {
			throw new Violation(`append returned sequence ${sequence}, not above ${this.last}`);
		}
		const skipped = new Set(this.#skipped);
		for (let passed = this.last + 1; passed < sequence; passed++) {
			if (passed >= this.#seenFrom && !this.#seenSkips.has(passed)) {
				throw new Violation(`append returned sequence ${sequence}, and ${passed} is not named`);
			}
			skipped.add(passed);
		}
		if (skipped.size > this.#skipped.size) this.#skipped = skipped;
	}

	#isSkipped(sequence: number): boolean {
		return this.#skipped.has(sequence);
	}

	#returnedAt(sequence: number): Uint8Array | undefined {
		if (this.#trunk === undefined || sequence > this.#trunkLast) {
			return this.#returned.get(sequence);
		}
		return this.#trunk.#returnedAt(sequence);
	}

	#headAt(sequence: number): Uint8Array | undefined {
		// Its own first: before the first append a boot may format anew, and h(0) is another.
		const own = this.#heads.get(sequence);
		if (own !== undefined || this.#trunk === undefined || sequence > this.#trunkLast) return own;
		return this.#trunk.#headAt(sequence);
	}

	#record(sequence: number, canonicalBytes: Uint8Array): void {
		let head = this.#headAt(this.last) as Uint8Array;
		if (sequence > this.last + 1) {
			head = this.#seenResumes.get(sequence - 1) ?? nodeSha256(head);
			this.#heads.set(sequence - 1, head);
		}
		this.last = sequence;
		this.#returned.set(sequence, canonicalBytes);
		this.#heads.set(sequence, chainNext(nodeSha256, head, canonicalBytes));
	}

	#canonicalBytesOf(draft: EntryDraft, sequence: number): Uint8Array {
		return encodeEntry({ ...draft, epoch: this.epoch, sequence });
	}
}

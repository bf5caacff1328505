/**
 * What must be true of a journal, known only from what `append` and `acknowledge` returned. It reads
 * no counter and no state of the journal but what its users read.
 */
import { createHash } from "node:crypto";
import { equalBytes, hexOf } from "../../src/core/bytes.js";
import type { Journal, JournalOptions } from "../../src/firmware/journal/journal.js";
import { chainNext, chainStart } from "../../src/protocol/chain.js";
import { type EntryDraft, encodeEntry } from "../../src/protocol/entry.js";

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

/** Everything observed so far of one history; cheap to branch. Whatever it holds is never changed. */
export class Witness {
	epoch = 0;
	/** How many appends returned. */
	count = 0;
	/** Highest acknowledgement that returned. */
	cursor = 0;
	/** Acknowledgements that may or may not have come through. */
	cursorsInFlight: readonly number[] = [];
	/** What may follow the returned entries: appends that a cut interrupted, in order. */
	tails: readonly (readonly EntryDraft[])[] = [];
	/** The tail that this boot showed. */
	seenTail: readonly EntryDraft[] = [];
	/** The history that this one branched from, and how much of it is this one's as well. */
	#trunk: Witness | undefined;
	#trunkCount = -1;
	/** Canonical bytes by sequence, of appends that returned since the branching. */
	readonly #returned = new Map<number, Uint8Array>();
	/** h(sequence) by sequence; of 0 it is h(0). */
	readonly #heads = new Map<number, Uint8Array>();

	/**
	 * A copy that may go on by itself. What both have in common stays with the trunk: an append that
	 * returned is never unmade, so that what the trunk does later does not touch it.
	 */
	branch(): Witness {
		const copy = new Witness();
		copy.epoch = this.epoch;
		copy.count = this.count;
		copy.cursor = this.cursor;
		copy.cursorsInFlight = this.cursorsInFlight;
		copy.tails = this.tails;
		copy.seenTail = this.seenTail;
		copy.#trunk = this;
		copy.#trunkCount = this.count;
		return copy;
	}

	/** Forgets what no ring holds any more. */
	forgetBelow(sequence: number): void {
		for (const known of this.#returned.keys()) {
			if (known >= sequence) break;
			this.#returned.delete(known);
			this.#heads.delete(known - 1);
		}
	}

	/** An append is about to be made. */
	appending(draft: EntryDraft): void {
		this.tails = [...this.tails, [...this.seenTail, draft]];
	}

	/** It returned: it and what this boot showed before it are now in the record for ever. */
	appended(draft: EntryDraft, sequence: number, canonical: Uint8Array): void {
		for (const before of this.seenTail) this.#record(this.#canonicalOf(before, this.next));
		this.seenTail = [];
		this.tails = [];
		if (sequence !== this.next) {
			throw new Violation(`append returned sequence ${sequence}, not ${this.next}`);
		}
		if (!equalBytes(canonical, this.#canonicalOf(draft, sequence))) {
			throw new Violation(`append ${sequence} returned other bytes`);
		}
		this.#record(canonical);
	}

	acknowledging(cursor: number): void {
		this.cursorsInFlight = [...this.cursorsInFlight, cursor];
	}

	acknowledged(cursor: number): void {
		this.cursor = Math.max(this.cursor, cursor);
		this.cursorsInFlight = this.cursorsInFlight.filter((given) => given > this.cursor);
	}

	get next(): number {
		return this.count + 1;
	}

	/** A boot: what is there must be what returned, and at most what was under way. */
	check(journal: Journal, isBoot: boolean): void {
		if (this.count === 0) this.#begin(journal);
		if (journal.epoch !== this.epoch) throw new Violation("the epoch changed");
		this.#checkCursor(journal);
		const last = journal.nextSequence - 1;
		if (last < this.count) {
			throw new Violation(`lost: ends at ${last}, but ${this.count} returned`);
		}
		const seen = this.#checkEntries(journal);
		this.#checkTail(seen, journal);
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

	/** Every entry held, in order, equal to what returned, and chained. */
	#checkEntries(journal: Journal): Uint8Array[] {
		const first = journal.firstSequenceHeld;
		const seen: Uint8Array[] = [];
		let expected = first;
		journal.read(1, 0xffffffff, (sequence, canonical) => {
			if (sequence !== expected) throw new Violation(`${sequence} came, ${expected} was due`);
			const returned = this.#returnedAt(sequence);
			if (sequence <= this.count && (returned === undefined || !equalBytes(returned, canonical))) {
				throw new Violation(`entry ${sequence} has other bytes than its append returned`);
			}
			seen.push(canonical);
			expected++;
		});
		if (expected !== journal.nextSequence) {
			throw new Violation(`entries end at ${expected - 1}, not ${journal.nextSequence - 1}`);
		}
		let head = journal.headBefore(first);
		if (head === undefined) throw new Violation(`no head before ${first}`);
		const known = this.#headAt(first - 1);
		if (known !== undefined && !equalBytes(head, known)) {
			throw new Violation(`the chain before ${first} is another`);
		}
		seen.forEach((canonical, position) => {
			// The returned entries were hashed when they returned, and are equal: no need to hash again.
			const recorded = known === undefined ? undefined : this.#headAt(first + position);
			head = recorded ?? chainNext(nodeSha256, head as Uint8Array, canonical);
		});
		if (!equalBytes(head, journal.head)) throw new Violation("the chain does not lead to the head");
		return seen;
	}

	/** What follows the returned entries must be the beginning of something that was under way. */
	#checkTail(seen: readonly Uint8Array[], journal: Journal): void {
		const length = journal.nextSequence - this.next;
		if (length === 0) {
			this.seenTail = [];
			return;
		}
		// In a long run of cuts even the tail may have overflowed: what is held of it must match.
		const held = seen.slice(-length);
		const missing = length - held.length;
		for (const candidate of this.tails) {
			if (candidate.length < length) continue;
			const matches = held.every((canonical, position) => {
				const draft = candidate[missing + position] as EntryDraft;
				return equalBytes(canonical, this.#canonicalOf(draft, this.next + missing + position));
			});
			if (matches) {
				this.seenTail = candidate.slice(0, length);
				return;
			}
		}
		throw new Violation(`entry ${this.next} that nobody appended: ${hexOf(held[0] as Uint8Array)}`);
	}

	/** What overflowed unacknowledged is named, with the head behind it. */
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
			throw new Violation("a gap whose resume is not the head behind it");
		}
	}

	#returnedAt(sequence: number): Uint8Array | undefined {
		if (this.#trunk === undefined || sequence > this.#trunkCount) {
			return this.#returned.get(sequence);
		}
		return this.#trunk.#returnedAt(sequence);
	}

	#headAt(sequence: number): Uint8Array | undefined {
		// Its own first: before the first append a boot may format anew, and h(0) is another.
		const own = this.#heads.get(sequence);
		if (own !== undefined || this.#trunk === undefined || sequence > this.#trunkCount) return own;
		return this.#trunk.#headAt(sequence);
	}

	#record(canonical: Uint8Array): void {
		const head = this.#headAt(this.count) as Uint8Array;
		this.count++;
		this.#returned.set(this.count, canonical);
		this.#heads.set(this.count, chainNext(nodeSha256, head, canonical));
	}

	#canonicalOf(draft: EntryDraft, sequence: number): Uint8Array {
		return encodeEntry({ ...draft, epoch: this.epoch, sequence });
	}
}

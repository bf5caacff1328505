/**
 * What a collector owes for every batch that anybody sends, and what its record must hold afterwards: written from
 * docs/COLLECTOR.md and docs/WIRE.md alone, shares no code with the ledger. A batch is described by whoever made it, so
 * nothing is decoded here but gap and epoch entries.
 */
import { equalBytes, hexOf } from "../../../src/core/bytes.js";
import { chainNext, type Hash } from "../../../src/protocol/record/chain.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import { REFUSAL_CODES, type SequenceRange } from "../../../src/protocol/wire/acknowledgement.js";

/** A batch and how it was signed, as its maker knows it. */
export interface MadeBatch {
	readonly station: string;
	readonly epoch: number;
	readonly first: number;
	readonly floor: number;
	/** undefined: signed only. */
	readonly previous: Uint8Array | undefined;
	readonly entries: readonly Uint8Array[];
	/** Public key of the signer; undefined: nobody's signature. */
	readonly signer: Uint8Array | undefined;
	/** The envelope names its key. */
	readonly isKeyNamed: boolean;
}

export interface Owed {
	/** Refusals that fit; none: an acknowledgement is owed. */
	readonly codes: readonly number[];
	/** Entries that nobody had before. */
	readonly newEntries: number;
	/** Nothing of it is new: not even a head, a floor or the cut. */
	readonly isKnown: boolean;
}

export interface Held {
	readonly cursor: number;
	/** Beyond the cursor; all of them, not only the four that an answer has room for. */
	readonly ranges: readonly SequenceRange[];
}

export interface RecordVerdict {
	readonly isSound: boolean;
	readonly entries: number;
	readonly missing: number;
	readonly findings: readonly string[];
}

interface Key {
	readonly publicKey: Uint8Array;
	isRevoked: boolean;
}

class EpochState {
	owner: Uint8Array | undefined;
	floor = 0;
	readonly entries = new Map<number, Uint8Array>();
	readonly heads = new Map<number, Uint8Array>();
	readonly gaps: SequenceRange[] = [];
	readonly cuts = new Set<string>();

	clone(): EpochState {
		const copy = new EpochState();
		copy.owner = this.owner;
		copy.floor = this.floor;
		for (const [sequence, bytes] of this.entries) copy.entries.set(sequence, bytes);
		for (const [sequence, head] of this.heads) copy.heads.set(sequence, head);
		copy.gaps.push(...this.gaps);
		for (const cut of this.cuts) copy.cuts.add(cut);
		return copy;
	}

	covers(sequence: number): boolean {
		if (this.entries.has(sequence)) return true;
		return this.gaps.some((gap) => gap.first <= sequence && sequence <= gap.last);
	}
}

const { fork, malformed } = REFUSAL_CODES;
const CONFLICT = REFUSAL_CODES["conflicting-content"];
const WRONG_STATION = REFUSAL_CODES["wrong-station"];
const UNKNOWN = REFUSAL_CODES["unknown-station"];
const BAD_SIGNATURE = REFUSAL_CODES["bad-signature"];
const REVOKED = REFUSAL_CODES["revoked-key"];

export class RepeatModel {
	readonly #sha256: Hash;
	readonly #keys = new Map<string, Key[]>();
	readonly #epochs = new Map<string, EpochState>();

	constructor(sha256: Hash) {
		this.#sha256 = sha256;
	}

	clone(): RepeatModel {
		const copy = new RepeatModel(this.#sha256);
		for (const [station, keys] of this.#keys) {
			copy.#keys.set(
				station,
				keys.map((key) => ({ ...key })),
			);
		}
		for (const [name, state] of this.#epochs) copy.#epochs.set(name, state.clone());
		return copy;
	}

	enrol(station: string, publicKey: Uint8Array): void {
		const keys = this.#keys.get(station) ?? [];
		keys.push({ publicKey, isRevoked: false });
		this.#keys.set(station, keys);
	}

	revoke(station: string, publicKey: Uint8Array): void {
		const key = this.#keys.get(station)?.find((each) => equalBytes(each.publicKey, publicKey));
		if (key !== undefined) key.isRevoked = true;
	}

	get epochsHeld(): { station: string; epoch: number }[] {
		return [...this.#epochs.keys()].map((name) => {
			const [station, epoch] = name.split("/");
			return { station: station ?? "", epoch: Number(epoch) };
		});
	}

	entriesOf(station: string, epoch: number): ReadonlyMap<number, Uint8Array> {
		return this.#epochs.get(`${station}/${epoch}`)?.entries ?? new Map();
	}

	/** How many different signed contents of this epoch were taken. */
	cutsOf(station: string, epoch: number): number {
		return this.#epochs.get(`${station}/${epoch}`)?.cuts.size ?? 0;
	}

	held(station: string, epoch: number): Held {
		const state = this.#epochs.get(`${station}/${epoch}`);
		if (state === undefined) return { cursor: 0, ranges: [] };
		let last = state.floor;
		for (const sequence of state.entries.keys()) last = Math.max(last, sequence);
		for (const gap of state.gaps) last = Math.max(last, gap.last);
		let cursor = 0;
		while (cursor < last && (state.covers(cursor + 1) || cursor + 1 < state.floor)) cursor++;
		const ranges: SequenceRange[] = [];
		let first = 0;
		for (let sequence = cursor + 1; sequence <= last + 1; sequence++) {
			if (state.covers(sequence)) {
				if (first === 0) first = sequence;
			} else if (first !== 0) {
				ranges.push({ first, last: sequence - 1 });
				first = 0;
			}
		}
		return { cursor, ranges };
	}

	/** What a verifier must say of all that is held of a station. */
	verdictOn(station: string): RecordVerdict {
		const findings: string[] = [];
		const ends = new Map<number, { readonly last: number; readonly head: Uint8Array }>();
		const epochsHeld = this.epochsHeld.filter((held) => held.station === station);
		for (const { epoch } of epochsHeld) {
			const first = this.entriesOf(station, epoch).get(1);
			const entry = first === undefined ? undefined : decodeEntry(first);
			if (entry?.kind !== "epoch" || entry.previousEpoch === 0) continue;
			ends.set(entry.previousEpoch, { last: entry.previousSequence, head: entry.previousHead });
		}
		let entries = 0;
		let missing = 0;
		for (const epoch of new Set([...epochsHeld.map((held) => held.epoch), ...ends.keys()])) {
			const state = this.#epochs.get(`${station}/${epoch}`) ?? new EpochState();
			const end = ends.get(epoch);
			let last = end?.last ?? 0;
			for (const sequence of state.entries.keys()) last = Math.max(last, sequence);
			for (const gap of state.gaps) last = Math.max(last, gap.last);
			entries += state.entries.size;
			for (let sequence = 1; sequence <= last; sequence++) if (!state.covers(sequence)) missing++;
			for (const gap of state.gaps) {
				for (let sequence = gap.first; sequence <= gap.last; sequence++) {
					if (state.entries.has(sequence)) findings.push(`${epoch}/${sequence} is named as lost`);
				}
			}
			if (end === undefined) continue;
			if (last > end.last) findings.push(`${epoch} has entries after its end ${end.last}`);
			const head = state.heads.get(end.last);
			if (head !== undefined && !equalBytes(head, end.head))
				findings.push(`${epoch} ends otherwise`);
		}
		return { isSound: missing === 0 && findings.length === 0, entries, missing, findings };
	}

	/** What is owed for `batch`; nothing changes. */
	owed(batch: MadeBatch): Owed {
		const refused = (...codes: number[]): Owed => ({ codes, newEntries: 0, isKnown: false });
		const keys = this.#keys.get(batch.station);
		if (keys === undefined) return refused(UNKNOWN);
		const { signer } = batch;
		if (signer === undefined) return refused(BAD_SIGNATURE);
		const keyIndex = keys.findIndex((key) => equalBytes(key.publicKey, signer));
		const key = keys[keyIndex];
		if (key === undefined) return refused(BAD_SIGNATURE);
		const state = this.#epochs.get(`${batch.station}/${batch.epoch}`) ?? new EpochState();
		const owner = state.owner ?? namedKeyOf(batch);
		const ownerIndex =
			owner === undefined ? -1 : keys.findIndex((each) => equalBytes(each.publicKey, owner));
		const isOfAnotherKey = batch.isKeyNamed
			? ownerIndex >= keyIndex
			: owner !== undefined && !equalBytes(owner, signer);
		if (key.isRevoked) return isOfAnotherKey ? refused(REVOKED, BAD_SIGNATURE) : refused(REVOKED);
		const contradictions = this.#contradictions(state, batch);
		if (isOfAnotherKey) return refused(BAD_SIGNATURE, WRONG_STATION, ...contradictions);
		if (contradictions.length > 0) return refused(...contradictions);
		let newEntries = 0;
		for (let index = 0; index < batch.entries.length; index++) {
			if (!state.entries.has(batch.first + index)) newEntries++;
		}
		const isKnown = newEntries === 0 && state.cuts.has(this.#cutOf(batch));
		return { codes: [], newEntries, isKnown };
	}

	/** Takes the batch, if an acknowledgement is owed for it. */
	apply(batch: MadeBatch): Owed {
		const owed = this.owed(batch);
		if (owed.codes.length > 0) return owed;
		const name = `${batch.station}/${batch.epoch}`;
		const state = this.#epochs.get(name) ?? new EpochState();
		this.#epochs.set(name, state);
		state.owner ??= namedKeyOf(batch) ?? (batch.isKeyNamed ? undefined : batch.signer);
		state.floor = Math.max(state.floor, batch.floor);
		state.cuts.add(this.#cutOf(batch));
		batch.entries.forEach((bytes, index) => {
			const sequence = batch.first + index;
			if (!state.entries.has(sequence)) state.entries.set(sequence, bytes);
			this.#takeGap(batch, bytes);
		});
		for (const [sequence, head] of this.#headsOf(batch)) state.heads.set(sequence, head);
		return owed;
	}

	#takeGap(batch: MadeBatch, bytes: Uint8Array): void {
		const entry = decodeEntry(bytes);
		if (entry.kind !== "gap") return;
		const epoch = entry.lostEpoch === 0 ? batch.epoch : entry.lostEpoch;
		const name = `${batch.station}/${epoch}`;
		const state = this.#epochs.get(name) ?? new EpochState();
		this.#epochs.set(name, state);
		state.gaps.push({ first: entry.from, last: entry.to });
		if (entry.resume.some((byte) => byte !== 0)) state.heads.set(entry.to, entry.resume);
	}

	#contradictions(state: EpochState, batch: MadeBatch): number[] {
		const codes: number[] = [];
		batch.entries.forEach((bytes, index) => {
			const stored = state.entries.get(batch.first + index);
			if (stored !== undefined && !equalBytes(stored, bytes)) codes.push(CONFLICT);
		});
		for (const [sequence, head] of this.#headsOf(batch)) {
			const stored = this.#headIn(state, sequence);
			if (stored !== undefined && !equalBytes(stored, head)) codes.push(fork);
		}
		if (batch.first === 1 && batch.previous === undefined) codes.push(malformed, fork);
		return codes;
	}

	/** h(sequence), walked to from the nearest head below where all between is there. */
	#headIn(state: EpochState, sequence: number): Uint8Array | undefined {
		let below = sequence;
		while (!state.heads.has(below) && state.entries.has(below)) below--;
		let head = state.heads.get(below);
		for (let next = below + 1; head !== undefined && next <= sequence; next++) {
			const entry = state.entries.get(next);
			head = entry === undefined ? undefined : chainNext(this.#sha256, head, entry);
		}
		return head;
	}

	#headsOf(batch: MadeBatch): [number, Uint8Array][] {
		if (batch.previous === undefined) return [];
		let head = batch.previous;
		const heads: [number, Uint8Array][] = [[batch.first - 1, head]];
		batch.entries.forEach((bytes, index) => {
			head = chainNext(this.#sha256, head, bytes);
			heads.push([batch.first + index, head]);
		});
		return heads;
	}

	/** What is signed, without the signature. */
	#cutOf(batch: MadeBatch): string {
		const key = batch.isKeyNamed && batch.signer !== undefined ? hexOf(batch.signer) : "";
		const previous = batch.previous === undefined ? "" : hexOf(batch.previous);
		const entries = hexOf(this.#sha256(...batch.entries));
		return [key, batch.first, batch.floor, batch.entries.length, previous, entries].join("/");
	}
}

/** Key that an epoch's first entry names, where the batch has it. */
function namedKeyOf(batch: MadeBatch): Uint8Array | undefined {
	const bytes = batch.entries[0];
	if (batch.first !== 1 || bytes === undefined) return undefined;
	const entry = decodeEntry(bytes);
	return entry.kind === "epoch" ? entry.publicKey : undefined;
}

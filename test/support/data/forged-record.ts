/**
 * Honest records of a station with several keys and epochs, and what somebody may do to them who has the files
 * and perhaps a key. Entries, chain and envelopes are made here by hand from docs/FORMAT.md and docs/WIRE.md, so
 * that a verifier is not judged by its own code; of the program only the column coder is used, which the documents
 * leave to it. Signatures are a hash under the private key: thousands of cases in a minute.
 */
import { createHash } from "node:crypto";
import { integerBelow, type SeededRandom } from "../../../src/core/random.js";
import type { Verification } from "../../../src/protocol/audit/verify-chain.js";
import { CHANNEL_SETS } from "../../../src/protocol/record/channel-set.js";
import { encodeColumns } from "../../../src/protocol/wire/batch-columns.js";

export interface ForgerKey {
	readonly privateKey: Uint8Array;
	/** 33 bytes, as public keys are. */
	readonly publicKey: Uint8Array;
	readonly id: Uint8Array;
	revokedAtUtcSeconds?: number;
}

export interface ForgedEnvelope {
	readonly epoch: HonestEpoch;
	readonly first: number;
	readonly last: number;
	readonly isChained: boolean;
	readonly signer: ForgerKey;
	readonly isLater: boolean;
	readonly bytes: Uint8Array;
}

export interface HonestEpoch {
	readonly number: number;
	readonly owner: ForgerKey;
	/** Canonical bytes of 1, 2, ...; what is lost is here too. */
	readonly entries: Uint8Array[];
	/** h(0), h(1), ... */
	readonly heads: Uint8Array[];
	readonly previous: HonestEpoch | undefined;
	/** The first entry of a later epoch names its end, and is there. */
	isEndNamed: boolean;
}

export interface HonestRecord {
	readonly station: string;
	/** In the order of their lives. */
	readonly keys: readonly ForgerKey[];
	readonly epochs: readonly HonestEpoch[];
	/** In the order of an export. */
	readonly envelopes: readonly ForgedEnvelope[];
}

/** Only its first field, the pH, is used here. */
const READING_BYTES = CHANNEL_SETS.get(1)?.bodyBytes ?? 0;
const ZEROS = new Uint8Array(32);
const UTC_START = 1_790_000_000;

export function hash(...parts: readonly Uint8Array[]): Uint8Array {
	const made = createHash("sha256");
	for (const part of parts) made.update(part);
	return new Uint8Array(made.digest());
}

/** 64 bytes, as ES256 has. */
function signature(privateKey: Uint8Array, signed: Uint8Array): Uint8Array {
	return new Uint8Array(createHash("sha512").update(privateKey).update(signed).digest());
}

/** Verifies what `signature` makes, for the keys of a record and of a stranger. */
export function isForgerSigned(keys: readonly ForgerKey[]) {
	return (publicKey: Uint8Array, signed: Uint8Array, given: Uint8Array): boolean => {
		const key = keys.find((each) => Buffer.from(each.publicKey).equals(publicKey));
		return key !== undefined && Buffer.from(signature(key.privateKey, signed)).equals(given);
	};
}

export function forgerKey(name: string): ForgerKey {
	const privateKey = hash(Buffer.from(name));
	const publicKey = new Uint8Array(Buffer.concat([Buffer.of(2), hash(privateKey)]));
	return { privateKey, publicKey, id: hash(publicKey).slice(0, 8) };
}

/** FORMAT.md 1: header of 28 bytes, body. */
function entryOf(epoch: number, sequence: number, kind: number, body: Uint8Array): Uint8Array {
	const bytes = Buffer.alloc(28 + body.length);
	bytes[0] = 1;
	bytes[1] = kind;
	bytes[2] = kind === 1 ? 1 : 0;
	bytes[3] = 2;
	bytes.writeUInt32LE(epoch, 4);
	bytes.writeUInt32LE(sequence, 8);
	bytes.writeUInt32LE(1, 12);
	bytes.writeUInt32LE(300 * sequence, 16);
	bytes.writeUInt32LE(UTC_START + 300 * sequence, 20);
	bytes.writeUInt16LE(1, 24);
	bytes.set(body, 28);
	return new Uint8Array(bytes);
}

interface Start {
	readonly reason: number;
	readonly previous: HonestEpoch | undefined;
	readonly previousSequence: number;
	readonly previousHead: Uint8Array;
}

function stationBytes(station: string): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.write(station);
	return bytes;
}

function epochEntry(station: string, epoch: number, owner: ForgerKey, start: Start): Uint8Array {
	const body = Buffer.alloc(84);
	body.set(stationBytes(station));
	body.set(owner.publicKey, 8);
	body[41] = start.reason;
	body.writeUInt32LE(start.previous?.number ?? 0, 44);
	body.writeUInt32LE(start.previousSequence, 48);
	body.set(start.previousHead, 52);
	return entryOf(epoch, 1, 8, body);
}

export interface Loss {
	readonly from: number;
	readonly to: number;
	readonly reason: number;
	readonly resume: Uint8Array;
}

function gapEntry(epoch: number, sequence: number, lostEpoch: number, loss: Loss): Uint8Array {
	const body = Buffer.alloc(48);
	body.writeUInt32LE(loss.from, 0);
	body.writeUInt32LE(loss.to, 4);
	body[8] = loss.reason;
	body.writeUInt32LE(lostEpoch, 12);
	body.set(loss.resume, 16);
	return entryOf(epoch, sequence, 7, body);
}

/** An event, a boot or a reading. */
function plainEntry(random: SeededRandom, epoch: number, sequence: number): Uint8Array {
	const kind = integerBelow(random, 10);
	if (kind === 0) return entryOf(epoch, sequence, 2, Buffer.alloc(12));
	if (kind === 1) {
		const body = Buffer.alloc(8 + integerBelow(random, 20), 0x61);
		body.fill(0, 0, 8);
		return entryOf(epoch, sequence, 6, body);
	}
	const body = Buffer.alloc(READING_BYTES);
	body.writeInt16LE(7000 + integerBelow(random, 500), 0);
	return entryOf(epoch, sequence, 1, body);
}

/** RFC 8949: the head of an item. */
function head(major: number, value: number): Buffer {
	if (value < 24) return Buffer.of((major << 5) | value);
	if (value < 0x100) return Buffer.of((major << 5) | 24, value);
	if (value < 0x10000) return Buffer.of((major << 5) | 25, value >> 8, value & 0xff);
	const four = Buffer.alloc(5);
	four[0] = (major << 5) | 26;
	four.writeUInt32BE(value, 1);
	return four;
}

function bytesItem(bytes: Uint8Array): Buffer {
	return Buffer.concat([head(2, bytes.length), bytes]);
}

export interface Signing {
	readonly station: string;
	readonly epoch: number;
	readonly first: number;
	readonly entries: readonly Uint8Array[];
	readonly previous: Uint8Array | undefined;
	readonly signer: ForgerKey;
	readonly isLater: boolean;
}

/** WIRE.md 2 and 3: a batch in its envelope. */
export function envelopeBytes(signing: Signing): Uint8Array {
	const { station, epoch, first, entries, previous, signer, isLater } = signing;
	const payload = Buffer.concat([
		head(4, 9),
		head(0, 1),
		head(0, 1),
		head(3, station.length),
		Buffer.from(station),
		head(0, epoch),
		head(0, first),
		head(0, entries.length),
		head(0, 1),
		previous === undefined ? Buffer.of(0xf6) : bytesItem(previous),
		bytesItem(
			encodeColumns(
				{ epoch, first, count: entries.length },
				{ length: entries.length, at: (index) => entries[index] },
			),
		),
	]);
	const header = isLater
		? Buffer.concat([Buffer.from("a201260448", "hex"), signer.id])
		: Buffer.from("a10126", "hex");
	const signed = Buffer.concat([
		Buffer.of(0x84),
		head(3, 10),
		Buffer.from("Signature1"),
		bytesItem(header),
		bytesItem(Buffer.alloc(0)),
		bytesItem(payload),
	]);
	return new Uint8Array(
		Buffer.concat([
			Buffer.of(0xd2, 0x84),
			bytesItem(header),
			Buffer.of(0xa0),
			bytesItem(payload),
			bytesItem(signature(signer.privateKey, signed)),
		]),
	);
}

/** Makes the honest record of a seed: one to five epochs, of one to four keys. */
export function honestRecord(random: SeededRandom): HonestRecord {
	return new RecordMaker(random).make();
}

/** One epoch of `entries`, in batches of twelve that are made as they are asked for. */
export function longRecord(random: SeededRandom, entries: number) {
	const station = "bor-1";
	const epoch = 7;
	const key = forgerKey("long");
	const start = { reason: 0, previous: undefined, previousSequence: 0, previousHead: ZEROS };
	function* make(): Generator<Uint8Array> {
		let last = hash(
			Buffer.from("bistrina/1"),
			stationBytes(station),
			Buffer.of(epoch, 0, 0, 0),
			key.publicKey,
			ZEROS,
		);
		for (let first = 1; first <= entries; first += 12) {
			const batch: Uint8Array[] = [];
			const previous = last;
			for (let at = first; at < first + 12 && at <= entries; at++) {
				const entry =
					at === 1 ? epochEntry(station, epoch, key, start) : plainEntry(random, epoch, at);
				batch.push(entry);
				last = hash(last, entry);
			}
			const signing = { signer: key, isLater: false };
			yield envelopeBytes({ station, epoch, first, entries: batch, previous, ...signing });
		}
	}
	return { station, key, envelopes: make() };
}

class RecordMaker {
	readonly #random: SeededRandom;
	readonly #station: string;
	readonly #keys: ForgerKey[] = [];
	readonly #epochs: HonestEpoch[] = [];
	readonly #envelopes: ForgedEnvelope[] = [];

	constructor(random: SeededRandom) {
		this.#random = random;
		this.#station = ["bor-1", "a", "pek-9-xy"][integerBelow(random, 3)] ?? "a";
	}

	make(): HonestRecord {
		const count = 1 + this.#below(5);
		this.#newKey();
		/** What is lost of the epoch before and not named by itself. */
		let owed: Loss[] = [];
		let former: HonestEpoch | undefined;
		for (let index = 0; index < count; index++) {
			const isLast = index === count - 1;
			const willBeLinked = !isLast && this.#below(6) > 0;
			const made = this.#epoch(former, owed, willBeLinked);
			owed = made.owed;
			former = willBeLinked ? made.epoch : undefined;
			if (!isLast && this.#keys.length < 4 && this.#below(3) > 0) this.#newKey();
		}
		for (const epoch of this.#epochs) this.#resign(epoch);
		// A key that has a successor is often revoked, after everything that it signed.
		for (const key of this.#keys.slice(0, -1)) {
			if (this.#below(3) === 0) key.revokedAtUtcSeconds = UTC_START + 1_000_000;
		}
		const envelopes = sorted(this.#envelopes);
		for (const { epoch, first } of envelopes) {
			if (first === 1 && epoch.previous !== undefined) epoch.previous.isEndNamed = true;
		}
		return { station: this.#station, keys: this.#keys, epochs: this.#epochs, envelopes };
	}

	#below(bound: number): number {
		return integerBelow(this.#random, bound);
	}

	#newKey(): void {
		this.#keys.push(forgerKey(`key ${this.#random.uint32()} ${this.#random.uint32()}`));
	}

	#epoch(
		previous: HonestEpoch | undefined,
		owedBefore: readonly Loss[],
		willBeLinked: boolean,
	): { epoch: HonestEpoch; owed: Loss[] } {
		const owner = this.#keys.at(-1) ?? forgerKey("none");
		const number = 1 + this.#below(0xfffffffe);
		const isOtherKey = previous !== undefined && previous.owner !== owner;
		const start: Start = {
			reason: isOtherKey ? 2 : previous === undefined ? 0 : 1,
			previous,
			previousSequence: previous?.entries.length ?? 0,
			previousHead: previous?.heads.at(-1) ?? ZEROS,
		};
		const origin = Buffer.alloc(4);
		origin.writeUInt32LE(number);
		const zero = hash(
			Buffer.from("bistrina/1"),
			stationBytes(this.#station),
			origin,
			owner.publicKey,
			start.previousHead,
		);
		const epoch: HonestEpoch = {
			number,
			owner,
			entries: [],
			heads: [zero],
			previous,
			isEndNamed: false,
		};
		const add = (entry: Uint8Array): void => {
			epoch.entries.push(entry);
			epoch.heads.push(hash(epoch.heads.at(-1) ?? ZEROS, entry));
		};
		add(epochEntry(this.#station, number, owner, start));
		for (const loss of owedBefore) {
			const sequence = epoch.entries.length + 1;
			add(gapEntry(number, sequence, previous?.number ?? 0, loss));
		}
		const kept = epoch.entries.length;
		const losses: Loss[] = [];
		for (let count = 3 + this.#below(50); count > 0; count--) {
			const sequence = epoch.entries.length + 1;
			add(plainEntry(this.#random, number, sequence));
			const isLoss = this.#below(18) === 0;
			const before = losses.at(-1)?.to ?? kept;
			if (!isLoss || sequence - 1 <= before) continue;
			const from = before + 2 + this.#below(Math.max(sequence - before - 2, 1));
			if (from > sequence) continue;
			const reason = this.#below(4);
			// Where the true head is lost, the chain continues from the hash of the last that is known.
			if (reason === 1 && this.#below(2) === 0) {
				epoch.heads[sequence] = hash(epoch.heads[from - 1] ?? ZEROS);
			}
			const resume = this.#below(4) === 0 ? ZEROS : (epoch.heads[sequence] ?? ZEROS);
			losses.push({ from, to: sequence, reason, resume });
		}
		const owed: Loss[] = [];
		for (const loss of losses) {
			if (willBeLinked && this.#below(3) === 0) owed.push(loss);
			else add(gapEntry(number, epoch.entries.length + 1, 0, loss));
		}
		const namedBySelf = losses.filter((loss) => !owed.includes(loss));
		add(plainEntry(this.#random, number, epoch.entries.length + 1));
		const last = epoch.entries.length;
		if (willBeLinked && namedBySelf.length === 0 && owed.length < 3 && this.#below(4) === 0) {
			// The end was overwritten before it was delivered, or nothing of the epoch was delivered at all.
			const from = Math.max((losses.at(-1)?.to ?? 0) + 1, kept + 1);
			const isAll = this.#below(4) === 0 && owedBefore.length === 0;
			const begin = isAll ? 1 : from + this.#below(last - from + 1);
			const whole = { from: begin, to: last, reason: 0, resume: epoch.heads[last] ?? ZEROS };
			for (let at = owed.length - 1; at >= 0; at--) {
				if ((owed[at]?.from ?? 0) >= begin) owed.splice(at, 1);
			}
			owed.push(whole);
		}
		this.#epochs.push(epoch);
		this.#deliver(epoch, [...namedBySelf, ...owed]);
		return { epoch, owed };
	}

	/** Batches of everything that is not lost; some of it twice, cut otherwise. */
	#deliver(epoch: HonestEpoch, losses: readonly Loss[]): void {
		const isLost = (sequence: number): boolean =>
			losses.some(({ from, to }) => sequence >= from && sequence <= to);
		for (let first = 1; first <= epoch.entries.length; ) {
			if (isLost(first)) {
				first++;
				continue;
			}
			let last = first;
			const most = first + this.#below(20);
			while (last < Math.min(most, epoch.entries.length) && !isLost(last + 1)) last++;
			const isAfterLoss = first > 1 && isLost(first - 1);
			const isChained = !isAfterLoss || this.#below(3) > 0;
			this.#envelopes.push(this.#envelope(epoch, first, last, epoch.owner, isChained));
			if (last > first && this.#below(6) === 0) {
				const from = first + 1 + this.#below(last - first);
				this.#envelopes.push(this.#envelope(epoch, from, last, epoch.owner, true));
			}
			first = last + 1;
		}
	}

	/** A later key delivers the end of some former epochs, or all of them. */
	#resign(epoch: HonestEpoch): void {
		const at = this.#keys.indexOf(epoch.owner);
		const later = this.#keys.slice(at + 1);
		if (later.length === 0 || this.#below(3) > 0) return;
		const signer = later[this.#below(later.length)] ?? epoch.owner;
		const from = 1 + this.#below(epoch.entries.length);
		for (const [index, each] of this.#envelopes.entries()) {
			if (each.epoch !== epoch || each.first < from) continue;
			this.#envelopes[index] = this.#envelope(epoch, each.first, each.last, signer, each.isChained);
		}
	}

	#envelope(
		epoch: HonestEpoch,
		first: number,
		last: number,
		signer: ForgerKey,
		isChained: boolean,
	): ForgedEnvelope {
		return envelopeOf(this.#station, epoch, { first, last, signer, isChained });
	}
}

interface Cut {
	readonly first: number;
	readonly last: number;
	readonly signer: ForgerKey;
	readonly isChained: boolean;
	readonly entries?: readonly Uint8Array[];
	readonly isLater?: boolean;
}

export function envelopeOf(station: string, epoch: HonestEpoch, cut: Cut): ForgedEnvelope {
	const { first, last, signer, isChained } = cut;
	const isLater = cut.isLater ?? signer !== epoch.owner;
	const bytes = envelopeBytes({
		station,
		epoch: epoch.number,
		first,
		entries: cut.entries ?? epoch.entries.slice(first - 1, last),
		previous: isChained ? epoch.heads[first - 1] : undefined,
		signer,
		isLater,
	});
	return { epoch, first, last, isChained, signer, isLater, bytes };
}

/** In the order of an export: epoch, first, last, hash of the envelope. */
export function sorted(envelopes: readonly ForgedEnvelope[]): ForgedEnvelope[] {
	return [...envelopes].sort(
		(a, b) =>
			a.epoch.number - b.epoch.number ||
			a.first - b.first ||
			a.last - b.last ||
			Buffer.compare(hash(a.bytes), hash(b.bytes)),
	);
}

/** A record that was tampered with, and where that must show. */
export interface Tampered {
	readonly envelopes: readonly ForgedEnvelope[];
	/** True when the place is named. */
	readonly isNamed: (verification: Verification) => boolean;
	/** What whoever knows of a last entry asks for. */
	readonly part?: { readonly epoch: number; readonly first: number; readonly last: number };
}

export type Tamperer = (record: HonestRecord, random: SeededRandom) => Tampered | undefined;

/** A missing range within first .. last of the epoch, all of it that nothing else holds. */
function misses(epoch: HonestEpoch, sequences: readonly number[]) {
	return (verification: Verification): boolean =>
		sequences.every((sequence) =>
			verification.ranges.some(
				(range) =>
					range.standing === "missing" &&
					range.epoch === epoch.number &&
					range.first <= sequence &&
					sequence <= range.last,
			),
		);
}

/** A finding that names the epoch, by one of the places. */
function report(epoch: HonestEpoch, ...labels: readonly string[]) {
	return ({ findings }: Verification): boolean =>
		findings.some(({ where, text }) => {
			const output = `${where} ${text}`;
			return (
				output.includes(`${epoch.number}/`) ||
				output.includes(`epoch ${epoch.number}`) ||
				labels.includes(where)
			);
		});
}

function pick<Item>(random: SeededRandom, items: readonly Item[]): Item | undefined {
	return items[integerBelow(random, Math.max(items.length, 1))];
}

/** Sequences of a batch that no other batch holds. */
function soleOf(record: HonestRecord, gone: readonly ForgedEnvelope[]): number[] {
	const [one] = gone;
	const sequences: number[] = [];
	for (const { first, last } of gone) {
		for (let sequence = first; sequence <= last; sequence++) {
			const isHeld = record.envelopes.some(
				(each) =>
					!gone.includes(each) &&
					each.epoch === one?.epoch &&
					each.first <= sequence &&
					sequence <= each.last,
			);
			if (!isHeld) sequences.push(sequence);
		}
	}
	return sequences;
}

function lastHeld(record: HonestRecord, epoch: HonestEpoch): number {
	return Math.max(0, ...record.envelopes.filter((e) => e.epoch === epoch).map((e) => e.last));
}

function without(
	record: HonestRecord,
	gone: readonly ForgedEnvelope[],
	epoch: HonestEpoch,
): Tampered | undefined {
	const sole = soleOf(record, gone);
	if (sole.length === 0) return undefined;
	const envelopes = record.envelopes.filter((each) => !gone.includes(each));
	const isNamed = misses(epoch, sole);
	const last = lastHeld(record, epoch);
	// Nothing signed says where an epoch ends that none follows: a verifier that knows of its last entry asks for it.
	const isEnd = !epoch.isEndNamed && sole.includes(last);
	return isEnd
		? { envelopes, isNamed, part: { epoch: epoch.number, first: 1, last } }
		: { envelopes, isNamed };
}

function ofEpoch(record: HonestRecord, epoch: HonestEpoch): ForgedEnvelope[] {
	return record.envelopes.filter((each) => each.epoch === epoch);
}

function replaced(
	record: HonestRecord,
	one: ForgedEnvelope,
	other: ForgedEnvelope,
): ForgedEnvelope[] {
	return sorted(record.envelopes.map((each) => (each === one ? other : each)));
}

/** Another content of a batch, as its own signer or another would sign it. */
function rewritten(
	record: HonestRecord,
	one: ForgedEnvelope,
	random: SeededRandom,
	signing: { readonly signer: ForgerKey; readonly isLater: boolean },
): ForgedEnvelope | undefined {
	const entries = one.epoch.entries.slice(one.first - 1, one.last);
	const readings = entries.flatMap((entry, index) => (entry[1] === 1 ? [index] : []));
	const at = pick(random, readings);
	if (at === undefined) return undefined;
	const lie = Buffer.from(entries[at] ?? ZEROS);
	lie.writeInt16LE(lie.readInt16LE(28) - 1000, 28);
	entries[at] = new Uint8Array(lie);
	const { first, last, isChained } = one;
	return envelopeOf(record.station, one.epoch, { first, last, isChained, entries, ...signing });
}

/** Every way to tamper, by name. */
export const TAMPERERS: Readonly<Record<string, Tamperer>> = Object.freeze({
	"drops a batch": (record, random) => {
		const one = pick(random, record.envelopes);
		return one && without(record, [one], one.epoch);
	},
	"drops an epoch that a later one names": (record, random) => {
		const named = record.epochs.filter((e) => e.isEndNamed && ofEpoch(record, e).length > 0);
		const epoch = pick(random, named);
		if (epoch === undefined) return undefined;
		const gone = ofEpoch(record, epoch);
		return {
			envelopes: record.envelopes.filter((each) => !gone.includes(each)),
			isNamed: misses(epoch, soleOf(record, gone)),
		};
	},
	"drops the end of an epoch": (record, random) => {
		const epoch = pick(random, record.epochs);
		if (epoch === undefined) return undefined;
		const those = ofEpoch(record, epoch);
		return without(record, those.slice(integerBelow(random, Math.max(those.length, 1))), epoch);
	},
	"drops all but the first batch of an epoch": (record, random) => {
		const epoch = pick(random, record.epochs);
		return epoch && without(record, ofEpoch(record, epoch).slice(1), epoch);
	},
	"swaps two batches": (record, random) => {
		if (record.envelopes.length < 2) return undefined;
		const envelopes = [...record.envelopes];
		const at = integerBelow(random, envelopes.length - 1);
		const [a, b] = envelopes.slice(at, at + 2);
		if (a === undefined || b === undefined) return undefined;
		envelopes[at] = b;
		envelopes[at + 1] = a;
		return { envelopes, isNamed: report(a.epoch, `batch ${at + 1}`) };
	},
	"doubles a batch": (record, random) => {
		const at = integerBelow(random, record.envelopes.length);
		const envelopes = [...record.envelopes];
		const one = envelopes[at];
		if (one === undefined) return undefined;
		envelopes.splice(at, 0, one);
		return { envelopes, isNamed: report(one.epoch, `batch ${at + 1}`) };
	},
	"alters a byte": (record, random) => {
		const at = integerBelow(random, record.envelopes.length);
		const one = record.envelopes[at];
		if (one === undefined) return undefined;
		const bytes = one.bytes.slice();
		const index = integerBelow(random, bytes.length);
		bytes[index] = (bytes[index] ?? 0) ^ (1 << integerBelow(random, 8));
		const envelopes = record.envelopes.map((each) => (each === one ? { ...one, bytes } : each));
		return { envelopes, isNamed: report(one.epoch, `batch ${at}`) };
	},
	"puts in a batch of a stranger's key": (record, random) => {
		const one = pick(random, record.envelopes);
		if (one === undefined) return undefined;
		const signer = forgerKey("stranger");
		const lie = rewritten(record, one, random, { signer, isLater: integerBelow(random, 2) === 0 });
		if (lie === undefined) return undefined;
		const envelopes = replaced(record, one, lie);
		return { envelopes, isNamed: report(one.epoch, `batch ${envelopes.indexOf(lie)}`) };
	},
	"rewrites a reading with the epoch's own key, revoked or not": (record, random) => {
		// Where something signed continues the batch or names its end: else it could have been so.
		const fit = record.envelopes.filter(
			(one) =>
				one.isChained &&
				(record.envelopes.some(
					(each) => each.epoch === one.epoch && each.isChained && each.first === one.last + 1,
				) ||
					(one.epoch.isEndNamed && one.last === one.epoch.entries.length)),
		);
		const one = pick(random, fit);
		if (one === undefined) return undefined;
		const lie = rewritten(record, one, random, { signer: one.epoch.owner, isLater: false });
		if (lie === undefined) return undefined;
		const envelopes = replaced(record, one, lie);
		return { envelopes, isNamed: report(one.epoch, `batch ${envelopes.indexOf(lie)}`) };
	},
	"adds a rewritten copy of a batch": (record, random) => {
		const one = pick(random, record.envelopes);
		if (one === undefined) return undefined;
		const lie = rewritten(record, one, random, { signer: one.signer, isLater: one.isLater });
		if (lie === undefined) return undefined;
		const envelopes = sorted([...record.envelopes, lie]);
		return { envelopes, isNamed: report(one.epoch, `batch ${envelopes.indexOf(lie)}`) };
	},
	"signs a batch again by an earlier key": (record, random) => {
		const fit = record.envelopes.filter((one) => record.keys.indexOf(one.epoch.owner) > 0);
		const one = pick(random, fit);
		if (one === undefined) return undefined;
		const signer = pick(random, record.keys.slice(0, record.keys.indexOf(one.epoch.owner)));
		if (signer === undefined) return undefined;
		const isLater = integerBelow(random, 2) === 0;
		const { first, last, isChained } = one;
		const other = envelopeOf(record.station, one.epoch, {
			first,
			last,
			isChained,
			signer,
			isLater,
		});
		const envelopes = replaced(record, one, other);
		return { envelopes, isNamed: report(one.epoch, `batch ${envelopes.indexOf(other)}`) };
	},
	"continues with a revoked key after its time": (record, random) => {
		// Where nothing says that the epoch ended: the thief's entries bear times, which the revocation precedes.
		const fit = record.epochs.filter(
			(e) => e.owner.revokedAtUtcSeconds !== undefined && lastHeld(record, e) === e.entries.length,
		);
		const epoch = pick(random, fit);
		if (epoch === undefined) return undefined;
		const first = epoch.entries.length + 1;
		const entry = Buffer.from(plainEntry(random, epoch.number, first));
		entry.writeUInt32LE((epoch.owner.revokedAtUtcSeconds ?? 0) + 5, 20);
		const longer = {
			...epoch,
			entries: [...epoch.entries, new Uint8Array(entry)],
			heads: epoch.heads,
		};
		const cut = { first, last: first, isChained: true, signer: epoch.owner, isLater: false };
		const added = { ...envelopeOf(record.station, longer, cut), epoch };
		const envelopes = sorted([...record.envelopes, added]);
		return { envelopes, isNamed: report(epoch, `batch ${envelopes.indexOf(added)}`) };
	},
	"continues after the end that the next epoch names": (record, random) => {
		const fit = record.epochs.filter((e) => e.isEndNamed && ofEpoch(record, e).length > 0);
		const epoch = pick(random, fit);
		if (epoch === undefined) return undefined;
		const first = epoch.entries.length + 1;
		const longer = {
			...epoch,
			entries: [...epoch.entries, plainEntry(random, epoch.number, first)],
		};
		const cut = { first, last: first, isChained: true, signer: epoch.owner, isLater: false };
		const added = { ...envelopeOf(record.station, longer, cut), epoch };
		return { envelopes: sorted([...record.envelopes, added]), isNamed: report(epoch) };
	},
	"names as lost what was delivered": (record, random) => {
		// The key's holder adds a gap entry at the end of the last epoch, over what is there.
		const epoch = record.epochs.at(-1);
		const one = epoch && pick(random, ofEpoch(record, epoch));
		if (epoch === undefined || one === undefined) return undefined;
		if (lastHeld(record, epoch) !== epoch.entries.length) return undefined;
		const first = epoch.entries.length + 1;
		const resume = integerBelow(random, 2) === 0 ? ZEROS : (epoch.heads[one.last] ?? ZEROS);
		const loss = { from: one.first, to: one.last, reason: integerBelow(random, 4), resume };
		const entries = [...epoch.entries, gapEntry(epoch.number, first, 0, loss)];
		const cut = { first, last: first, isChained: true, signer: epoch.owner, isLater: false };
		const added = { ...envelopeOf(record.station, { ...epoch, entries }, cut), epoch };
		return { envelopes: sorted([...record.envelopes, added]), isNamed: report(epoch) };
	},
	"names as lost what was delivered of the epoch before": (record, random) => {
		const epoch = record.epochs.at(-1);
		const before = epoch?.previous;
		const one = before && pick(random, ofEpoch(record, before));
		if (epoch === undefined || before === undefined || one === undefined) return undefined;
		const first = epoch.entries.length + 1;
		const loss = { from: one.first, to: one.last, reason: 0, resume: ZEROS };
		const entries = [...epoch.entries, gapEntry(epoch.number, first, before.number, loss)];
		const cut = { first, last: first, isChained: true, signer: epoch.owner, isLater: false };
		const added = { ...envelopeOf(record.station, { ...epoch, entries }, cut), epoch };
		return { envelopes: sorted([...record.envelopes, added]), isNamed: report(before) };
	},
	"names losses of an epoch that is none of the ring's": (record, random) => {
		const epoch = record.epochs.at(-1);
		if (epoch === undefined) return undefined;
		// Where a first entry is lost, nobody knows what was before it.
		for (let at: HonestEpoch | undefined = epoch; at !== undefined; at = at.previous) {
			if (!ofEpoch(record, at).some((one) => one.first === 1)) return undefined;
		}
		const first = epoch.entries.length + 1;
		const loss = { from: 1, to: 1 + integerBelow(random, 9), reason: 0, resume: ZEROS };
		const foreign = 1 + integerBelow(random, 0xfffffffe);
		const entries = [...epoch.entries, gapEntry(epoch.number, first, foreign, loss)];
		const cut = { first, last: first, isChained: true, signer: epoch.owner, isLater: false };
		const added = { ...envelopeOf(record.station, { ...epoch, entries }, cut), epoch };
		return { envelopes: sorted([...record.envelopes, added]), isNamed: report(epoch) };
	},
	"begins an epoch that continues another past": (record, random) => {
		const fit = record.epochs.filter(
			(e) => e.previous !== undefined && ofEpoch(record, e).some((one) => one.first === 1),
		);
		const epoch = pick(random, fit);
		const one = epoch && ofEpoch(record, epoch).find(({ first }) => first === 1);
		const previous = epoch?.previous;
		if (epoch === undefined || one === undefined || previous === undefined) return undefined;
		const previousSequence = previous.entries.length + 1 + integerBelow(random, 3);
		const previousHead = hash(Buffer.from("a past"));
		const start = { reason: 2, previous, previousSequence, previousHead };
		const entries = epoch.entries.slice(0, one.last);
		entries[0] = epochEntry(record.station, epoch.number, epoch.owner, start);
		const cut = { first: 1, last: one.last, isChained: true, signer: epoch.owner, entries };
		const lie = envelopeOf(record.station, epoch, cut);
		const envelopes = replaced(record, one, lie);
		return { envelopes, isNamed: report(epoch, `batch ${envelopes.indexOf(lie)}`) };
	},
});

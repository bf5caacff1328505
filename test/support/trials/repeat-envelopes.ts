/** Batches of made-up stations for the trial of repeats: honest chains, forks of them, and every copy that a stranger can make. */
import { p256 } from "@noble/curves/nist.js";
import { bytesOfHex, concatBytes, putUint32 } from "../../../src/core/bytes.js";
import { integerBelow, type RandomSource } from "../../../src/core/random.js";
import { chainNext, chainStart } from "../../../src/protocol/record/chain.js";
import { encodeDraft } from "../../../src/protocol/record/entry.js";
import type { EntryDraft } from "../../../src/protocol/record/entry-layouts.js";
import { encodeBatch } from "../../../src/protocol/wire/batch.js";
import { decodeSign1, encodeSign1, keyIdOf, toBeSigned } from "../../../src/protocol/wire/cose.js";
import { sha256 } from "../collectors/signed-station.js";
import type { MadeBatch } from "../judges/repeat-model.js";

export interface KeyPair {
	readonly secret: Uint8Array;
	readonly publicKey: Uint8Array;
}

/** An envelope and what is in it. */
export interface Envelope {
	readonly bytes: Uint8Array;
	/** undefined: not even a label can be read. */
	readonly batch: MadeBatch | undefined;
	readonly what: string;
}

const ORDER = p256.Point.Fn.ORDER;
const ZERO_HEAD = new Uint8Array(32);

export function makeKey(seed: string): KeyPair {
	const secret = sha256(new TextEncoder().encode(seed));
	return { secret, publicKey: p256.getPublicKey(secret, true) };
}

/** One epoch of a station: entries 1, 2, 3 ... and h(0), h(1), ... */
export class Chain {
	readonly station: string;
	readonly epoch: number;
	readonly key: KeyPair;
	readonly entries: Uint8Array[] = [];
	readonly heads: Uint8Array[] = [];

	constructor(station: string, epoch: number, key: KeyPair, before?: Chain) {
		this.station = station;
		this.epoch = epoch;
		this.key = key;
		const previousHead = before?.heads.at(-1) ?? ZERO_HEAD;
		this.heads.push(chainStart(sha256, { station, epoch, publicKey: key.publicKey, previousHead }));
		this.append({
			...HEADER,
			kind: "epoch",
			station,
			publicKey: key.publicKey,
			reason: before === undefined ? 0 : 2,
			previousEpoch: before?.epoch ?? 0,
			previousSequence: before?.last ?? 0,
			previousHead,
		} as EntryDraft);
	}

	get last(): number {
		return this.entries.length;
	}

	/** The same up to entry `last`, then its own way. */
	forkAt(last: number): Chain {
		const fork = Object.create(Chain.prototype) as {
			-readonly [Field in keyof Chain]: Chain[Field];
		};
		fork.station = this.station;
		fork.epoch = this.epoch;
		fork.key = this.key;
		fork.entries = this.entries.slice(0, last);
		fork.heads = this.heads.slice(0, last + 1);
		return fork as Chain;
	}

	append(draft: EntryDraft): void {
		const bytes = encodeDraft(draft, this.epoch, this.last + 1);
		this.push(bytes);
	}

	reading(random: RandomSource): void {
		// A reading of channel set 1 whose values nobody looks at.
		const bytes = new Uint8Array(60);
		bytes[0] = 1;
		bytes[1] = 1;
		bytes[2] = 1;
		putUint32(bytes, 4, this.epoch);
		putUint32(bytes, 8, this.last + 1);
		putUint32(bytes, 12, 1);
		putUint32(bytes, 16, 300 * this.last);
		putUint32(bytes, 24, 1);
		putUint32(bytes, 40, integerBelow(random, 100_000));
		this.push(bytes);
	}

	/** Names entries that the ring overwrote. */
	gap(from: number, to: number): void {
		this.append({
			...HEADER,
			kind: "gap",
			from,
			to,
			reason: 0,
			lostEpoch: 0,
			resume: this.headAt(to),
		} as EntryDraft);
	}

	push(bytes: Uint8Array): void {
		this.heads.push(chainNext(sha256, this.headAt(this.last), bytes));
		this.entries.push(bytes);
	}

	headAt(sequence: number): Uint8Array {
		const head = this.heads[sequence];
		if (head === undefined) throw new Error(`no head ${sequence}`);
		return head;
	}

	/** A batch of entries first to last. */
	cut(first: number, last: number, options: CutOptions = {}): Envelope {
		const signer = options.signer ?? this.key;
		const batch: MadeBatch = {
			station: this.station,
			epoch: this.epoch,
			first,
			floor: options.floor ?? 0,
			previous: options.isUnchained === true ? undefined : this.headAt(first - 1),
			entries: this.entries.slice(first - 1, last),
			signer: signer.publicKey,
			isKeyNamed: options.isKeyNamed === true,
		};
		const payload = encodeBatch(batch);
		const keyId = batch.isKeyNamed ? keyIdOf(sha256, signer.publicKey) : undefined;
		const signature = p256.sign(sha256(toBeSigned(payload, keyId)), signer.secret, {
			prehash: false,
			lowS: false,
		});
		const bytes = encodeSign1(payload, signature, keyId);
		return { bytes, batch, what: `${this.station}/${this.epoch} ${first}..${last}` };
	}
}

export interface CutOptions {
	readonly floor?: number;
	readonly isUnchained?: boolean;
	readonly signer?: KeyPair;
	readonly isKeyNamed?: boolean;
}

/** The other good signature of the same contents: (r, n - s). */
export function twinOf(envelope: Envelope): Envelope {
	const { payload, signature, keyId } = decodeSign1(envelope.bytes);
	const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
	const other = bytesOfHex((ORDER - s).toString(16).padStart(64, "0")) ?? ZERO_HEAD;
	const bytes = encodeSign1(payload, concatBytes(signature.subarray(0, 32), other), keyId);
	return { ...envelope, bytes, what: `twin of ${envelope.what}` };
}

/** A copy that nobody signed: one bit of the signature is another. */
export function forgeryOf(envelope: Envelope, random: RandomSource): Envelope {
	const bytes = envelope.bytes.slice();
	const at = bytes.length - 1 - integerBelow(random, 64);
	bytes[at] = (bytes[at] ?? 0) ^ (1 << integerBelow(random, 8));
	const batch = envelope.batch;
	return {
		bytes,
		batch: batch === undefined ? undefined : { ...batch, signer: undefined },
		what: `forgery of ${envelope.what}`,
	};
}

/** Copies in another envelope, which no reader takes. */
export const OTHER_ENVELOPES: readonly ((bytes: Uint8Array) => Uint8Array)[] = Object.freeze([
	(bytes) => bytes.subarray(0, bytes.length - 1),
	(bytes) => bytes.subarray(0, bytes.length >> 1),
	(bytes) => concatBytes(bytes, Uint8Array.of(0)),
	// Without the tag.
	(bytes) => bytes.subarray(1),
	// Tag 18 in two bytes.
	(bytes) => concatBytes(Uint8Array.of(0xd8, 18), bytes.subarray(1)),
	// The array's length in two bytes.
	(bytes) => concatBytes(bytes.subarray(0, 1), Uint8Array.of(0x98, 4), bytes.subarray(2)),
	// An unprotected header with one field.
	(bytes) => concatBytes(bytes.subarray(0, 6), Uint8Array.of(0xa1, 0x03, 0x00), bytes.subarray(7)),
]);

export function otherEnvelopeOf(envelope: Envelope, random: RandomSource): Envelope {
	const index = integerBelow(random, OTHER_ENVELOPES.length);
	const change = OTHER_ENVELOPES[index];
	const bytes = change?.(envelope.bytes) ?? envelope.bytes;
	return {
		bytes: bytes.slice(),
		batch: undefined,
		what: `other envelope ${index} of ${envelope.what}`,
	};
}

const HEADER = Object.freeze({
	channelSet: 0,
	timeQuality: 0,
	boot: 1,
	uptimeSeconds: 1,
	utcSeconds: 0,
	configurationId: 1,
	stationFlags: 0,
});

/** A station without firmware: a chain of entries under a key, cut into signed batches at will. */
import { createHash } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { signDigest } from "../../../sim/shell/node-signer.js";
import { SeededRandom, seedOf } from "../../../src/core/random.js";
import { chainNext, chainStart } from "../../../src/protocol/record/chain.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { EntryBody, EntryDraft } from "../../../src/protocol/record/entry-layouts.js";
import { encodeBatch } from "../../../src/protocol/wire/batch.js";
import { encodeSign1, keyIdOf, toBeSigned } from "../../../src/protocol/wire/cose.js";
import { dayOfReadings } from "../data/day.js";

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
}

export interface SignedStationOptions {
	readonly station?: string;
	readonly epoch?: number;
	/** Decides the key and the readings. */
	readonly seed?: number;
	/** Replaces RFC 6979 in JavaScript where speed matters; r || s of the bytes to be signed. */
	readonly sign?: (toBeSigned: Uint8Array) => Uint8Array;
	readonly publicKey?: Uint8Array;
	readonly previous?: SignedStation;
	/** Index into EPOCH_REASONS. */
	readonly reason?: number;
}

export interface Cut {
	readonly isChained?: boolean;
	readonly floor?: number;
	/** Says another h(first - 1) than the truth. */
	readonly previous?: Uint8Array;
	/** Replaces entries by others. */
	readonly entries?: readonly Uint8Array[];
	readonly station?: string;
	/** A later key, which signs with its id. */
	readonly signer?: SignedStation;
}

const ZEROS = new Uint8Array(32);

export class SignedStation {
	readonly station: string;
	readonly epoch: number;
	readonly publicKey: Uint8Array;
	readonly privateKey: Uint8Array;
	/** h(0), h(1), ... */
	readonly heads: Uint8Array[];
	/** Canonical bytes; entry n stands at n - 1. */
	readonly entries: Uint8Array[] = [];
	readonly #sign: (bytes: Uint8Array) => Uint8Array;

	constructor(options: SignedStationOptions = {}) {
		const { station = "bor-1", epoch = 77, seed = 1, previous, reason = 0 } = options;
		const random = new SeededRandom(seedOf(seed, "station-key"));
		this.station = station;
		this.epoch = epoch;
		this.privateKey = Uint8Array.from({ length: 32 }, () => random.uint32() & 0xff);
		// Below the group's order whatever the other bytes are.
		this.privateKey[0] = 1;
		this.publicKey = options.publicKey ?? p256.getPublicKey(this.privateKey, true);
		this.#sign = options.sign ?? ((bytes) => signDigest(this.privateKey, sha256(bytes)));
		const previousHead = previous?.heads.at(-1) ?? ZEROS;
		const { publicKey } = this;
		this.heads = [chainStart(sha256, { station, epoch, publicKey, previousHead })];
		this.append({
			kind: "epoch",
			station,
			publicKey,
			reason,
			previousEpoch: previous?.epoch ?? 0,
			previousSequence: previous?.entries.length ?? 0,
			previousHead,
		});
	}

	/** As whoever verifies takes them: this one's only. */
	get keys(): readonly { readonly publicKey: Uint8Array }[] {
		return [{ publicKey: this.publicKey }];
	}

	/** The next entry; its sequence. */
	append(body: EntryBody | EntryDraft): number {
		const canonicalBytes = this.canonicalBytesOf(this.entries.length + 1, body);
		this.entries.push(canonicalBytes);
		this.heads.push(chainNext(sha256, this.heads.at(-1) ?? ZEROS, canonicalBytes));
		return this.entries.length;
	}

	/** Canonical bytes of a body at a sequence, without appending it. */
	canonicalBytesOf(sequence: number, body: EntryBody | EntryDraft): Uint8Array {
		return encodeEntry({
			channelSet: 0,
			timeQuality: 2,
			boot: 1,
			uptimeSeconds: 300 * sequence,
			utcSeconds: 1_773_964_800 + 300 * sequence,
			configurationId: 1,
			stationFlags: 0,
			...body,
			epoch: this.epoch,
			sequence,
		});
	}

	/** `count` readings of the test day and the days after it. */
	appendReadings(count: number, seed = 1): void {
		for (let day = 0, left = count; left > 0; day++) {
			for (const draft of dayOfReadings(seed, day).slice(0, left)) {
				this.append(draft);
				left--;
			}
		}
	}

	/** Signed envelope of entries first .. last. */
	envelope(first: number, last: number, cut: Cut = {}): Uint8Array {
		const previous = cut.isChained === false ? undefined : (cut.previous ?? this.heads[first - 1]);
		const payload = encodeBatch({
			station: cut.station ?? this.station,
			epoch: this.epoch,
			first,
			floor: cut.floor ?? 1,
			previous,
			entries: cut.entries ?? this.entries.slice(first - 1, last),
		});
		return cut.signer === undefined ? this.signed(payload) : cut.signer.signedWithId(payload);
	}

	/** As a later key signs. */
	signedWithId(payload: Uint8Array): Uint8Array {
		const keyId = keyIdOf(sha256, this.publicKey);
		return encodeSign1(payload, this.#sign(toBeSigned(payload, keyId)), keyId);
	}

	signed(payload: Uint8Array): Uint8Array {
		return encodeSign1(payload, this.#sign(toBeSigned(payload)));
	}

	/** The whole record in envelopes of `count`. */
	envelopes(count: number): Uint8Array[] {
		const envelopes: Uint8Array[] = [];
		for (let first = 1; first <= this.entries.length; first += count) {
			envelopes.push(this.envelope(first, Math.min(first + count - 1, this.entries.length)));
		}
		return envelopes;
	}
}

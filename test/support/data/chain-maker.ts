/** Makes signed records of a station without the station: entries, chain, batches, envelopes. */
import { createHash } from "node:crypto";
import { signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { chainNext, chainStart } from "../../../src/protocol/record/chain.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { EntryBody } from "../../../src/protocol/record/entry-layouts.js";
import { encodeBatch } from "../../../src/protocol/wire/batch.js";
import { encodeSign1, toBeSigned } from "../../../src/protocol/wire/cose.js";

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
}

export class ChainMaker {
	readonly station: string;
	readonly epoch: number;
	readonly key: ReturnType<typeof signingKeyOf>;
	/** Canonical bytes; index 0 is sequence 1. */
	readonly entries: Uint8Array[] = [];
	/** Index is the sequence; 0 is h(0). */
	readonly heads: Uint8Array[];

	constructor(station = "bor-1", epoch = 7, keyByte = 1) {
		this.station = station;
		this.epoch = epoch;
		this.key = signingKeyOf(new Uint8Array(32).fill(keyByte));
		const previousHead = new Uint8Array(32);
		this.heads = [
			chainStart(sha256, { station, epoch, publicKey: this.key.publicKey, previousHead }),
		];
		this.append({
			kind: "epoch",
			station,
			publicKey: this.key.publicKey,
			reason: 0,
			previousEpoch: 0,
			previousSequence: 0,
			previousHead,
		});
	}

	/** Appends an entry; its sequence. */
	append(body: EntryBody): number {
		const sequence = this.entries.length + 1;
		const canonicalBytes = encodeEntry({
			...body,
			channelSet: 0,
			timeQuality: 1,
			epoch: this.epoch,
			sequence,
			boot: 1,
			uptimeSeconds: sequence,
			utcSeconds: 1_790_000_000 + sequence,
			configurationId: 1,
			stationFlags: 0,
		});
		this.entries.push(canonicalBytes);
		this.heads.push(
			chainNext(sha256, this.heads[sequence - 1] ?? new Uint8Array(32), canonicalBytes),
		);
		return sequence;
	}

	/** Appends `count` small entries. */
	fill(count: number): this {
		for (let index = 0; index < count; index++) {
			this.append({ kind: "event", code: 1, detail: index, text: "" });
		}
		return this;
	}

	/** The signed envelope of entries `first`..`last`. */
	envelope(first: number, last: number, options: { floor?: number; isChained?: boolean } = {}) {
		const payload = encodeBatch({
			station: this.station,
			epoch: this.epoch,
			first,
			floor: options.floor ?? 1,
			previous: options.isChained === false ? undefined : this.heads[first - 1],
			entries: this.entries.slice(first - 1, last),
		});
		return encodeSign1(payload, this.key.sign(toBeSigned(payload)));
	}
}

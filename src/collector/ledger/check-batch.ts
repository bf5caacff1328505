/** Whether a batch says what its station may say: its entries, its chain, and what its epoch begins with. */
import { equalBytes } from "../../core/bytes.js";
import { chainNext, chainStart } from "../../protocol/record/chain.js";
import {
	decodeEntry,
	entryEpochOf,
	entrySequenceOf,
	isReading,
	SEQUENCE_MAX,
} from "../../protocol/record/entry.js";
import type { Entry } from "../../protocol/record/entry-layouts.js";
import type { RefusalReason } from "../../protocol/wire/acknowledgement.js";
import type { Batch } from "../../protocol/wire/batch.js";
import type { CheckedBatch } from "../store/batch-writer.js";
import { sha256 } from "./sha256.js";
import { indexOfKey, type StationKey } from "./station-keys.js";

export type Checked = Pick<CheckedBatch, "batch" | "heads" | "gaps" | "owner">;

/** By what a batch is judged beside its contents. */
export interface Signing {
	readonly keys: readonly StationKey[];
	readonly signer: StationKey;
	/** The key that the epoch began with, as far as it is known. */
	readonly owner: Uint8Array | undefined;
	/** The envelope names its key: then it is another one than the epoch's, and a later one. */
	readonly isLater: boolean;
}

/** Why a well-formed, well-signed batch is refused before the store sees it. */
export class BatchRefusal extends Error {
	override name = "BatchRefusal";
	readonly reason: RefusalReason;

	constructor(reason: RefusalReason, message: string) {
		super(message);
		this.reason = reason;
	}
}

/** Decodes every entry, walks the chain, and checks what an epoch begins with and who may deliver it. */
export function checkBatch(batch: Batch, signing: Signing): Checked {
	const gaps: (Entry & { readonly kind: "gap" })[] = [];
	const heads: Uint8Array[] = [];
	let { owner } = signing;
	let head = batch.previous;
	if (head !== undefined) heads.push(head);
	batch.entries.forEach((canonicalBytes, index) => {
		const entry = isReading(canonicalBytes) ? undefined : decodeEntry(canonicalBytes);
		const sequence = batch.first + index;
		if (
			entrySequenceOf(canonicalBytes) !== sequence ||
			entryEpochOf(canonicalBytes) !== batch.epoch
		) {
			throw new BatchRefusal("wrong-station", `entry ${sequence} bears another number or epoch`);
		}
		if (entry?.kind === "epoch") {
			const isOurs = owner === undefined || equalBytes(entry.publicKey, owner);
			if (entry.station !== batch.station || !isOurs) {
				throw new BatchRefusal("wrong-station", "the epoch entry names another station or key");
			}
			if (sequence === 1) {
				requireStart(batch, entry);
				owner = entry.publicKey;
			}
		} else if (sequence === 1) {
			throw new BatchRefusal("malformed", "an epoch begins with an epoch entry");
		}
		if (entry?.kind === "gap") {
			const { from, to, lostEpoch } = entry;
			const isBefore = lostEpoch === 0 ? to < sequence : to <= SEQUENCE_MAX;
			if (from < 1 || to < from || !isBefore || lostEpoch === batch.epoch) {
				throw new BatchRefusal("malformed", `gap ${from} to ${to} at ${sequence}`);
			}
			gaps.push(entry);
		}
		if (head !== undefined) {
			head = chainNext(sha256, head, canonicalBytes);
			heads.push(head);
		}
	});
	if (signing.isLater) requireLater(signing, owner);
	return { batch, heads: batch.previous === undefined ? undefined : heads, gaps, owner };
}

/**
 * A key delivers, with its id, only what an earlier key began. An epoch whose key is not in the list (the list
 * begins with a later one, or nothing has named it yet) is any key's.
 */
function requireLater({ keys, signer }: Signing, owner: Uint8Array | undefined): void {
	if (owner === undefined) return;
	if (indexOfKey(keys, owner) < indexOfKey(keys, signer.publicKey)) return;
	throw new BatchRefusal("bad-signature", "signed by a key that is not later than the epoch's own");
}

function requireStart(batch: Batch, entry: Entry & { readonly kind: "epoch" }): void {
	const start = chainStart(sha256, {
		station: batch.station,
		epoch: batch.epoch,
		publicKey: entry.publicKey,
		previousHead: entry.previousHead,
	});
	if (batch.previous !== undefined && equalBytes(batch.previous, start)) return;
	throw new BatchRefusal("fork", "the first batch does not begin at h(0) of its epoch");
}

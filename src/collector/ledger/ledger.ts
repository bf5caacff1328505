/**
 * The ledger: verifies a batch (signature, chain, sequence), stores it in one transaction, and only
 * then signs the acknowledgement. The same code in every run; store, clock and socket differ. It
 * keeps no state but a cache of station keys and of what strangers repeat, so that several may share one database.
 */

import { equalBytes, hexOf } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import { OperationalError } from "../../host/errors.js";
import {
	type Answer,
	encodeAnswer,
	REFUSAL_CODES,
	type RefusalReason,
} from "../../protocol/wire/acknowledgement.js";
import { decodeBatch, NewerBatchError } from "../../protocol/wire/batch.js";
import { encodeSign1, type Sign1, toBeSigned } from "../../protocol/wire/cose.js";
import type { CheckedBatch, StoreOutcome } from "../store/batch-writer.js";
import { type RecordStore, SqlRecordStore } from "../store/record-store.js";
import type { SqlStore } from "../store/store.js";
import { BatchRefusal, type Checked, checkBatch } from "./check-batch.js";
import type { ConfigurationOffers } from "./configuration-offers.js";
import { type Acknowledged, coverageOf } from "./coverage.js";
import { FewATurn } from "./few-a-turn.js";
import { KeyCache, type KnownKey } from "./key-cache.js";
import { isSignedBy, type SigningKey, stationKeyOf } from "./keys.js";
import { type Label, type OpenedEnvelope, openedEnvelope } from "./opened-envelope.js";
import { RepeatedBatches } from "./repeated-batches.js";
import { sha256 } from "./sha256.js";
import type { StationGate } from "./station-gate.js";
import { onlyKey, type StationKey } from "./station-keys.js";
import { type Cost, withoutRow } from "./station-quota.js";
import type { EnvelopeVerifier } from "./verifier.js";

export interface LedgerOptions {
	/** SQL tables, or a record store of another kind. */
	readonly store: SqlStore | RecordStore;
	readonly key: SigningKey;
	/** Unix seconds; in a simulation the world's. */
	readonly clock: { readonly utcSeconds: number };
	/** What the answer asks of the station: seconds to its next upload; 0: as it likes. */
	readonly nextSeconds?: (station: string) => number;
	/** Verifies ES256 elsewhere; without it this thread does. */
	readonly verifier?: EnvelopeVerifier;
	/** What the answers offer; absent: nothing. */
	readonly configurations?: ConfigurationOffers;
	/** Turns and quotas of stations; absent: none. */
	readonly gate?: StationGate;
	/** Stands in for ES256 in runs that say so. */
	readonly verifySignature?: (
		publicKey: Uint8Array,
		signed: Uint8Array,
		signature: Uint8Array,
	) => boolean;
	/** Told of what is stored before it is acknowledged; what it throws, the station sends again. */
	readonly onStored?: (stored: StoredBatch) => Promise<void>;
	/** Told of a batch that its station signed and that is not believed, before it is answered. */
	readonly onRefused?: (report: LedgerReport) => Promise<void>;
	/** Told of everything that was not believed. */
	readonly onReport?: (report: LedgerReport) => void;
}

/** What a station delivered, the first time or again. */
export interface StoredBatch {
	readonly station: string;
	/** Canonical bytes. */
	readonly entries: readonly Uint8Array[];
	/** Some of it nobody had before. */
	readonly isNew: boolean;
}

export interface LedgerReport {
	readonly station: string;
	readonly reason: RefusalReason;
	readonly detail: string;
	/** The station's own key signed it; otherwise it may be anyone's. */
	readonly isSigned: boolean;
}

export interface LedgerAnswer {
	/** 200 acknowledged, 422 refused and signed, 400 not even a label to answer to. */
	readonly status: 200 | 422 | 400;
	/** The signed answer; text for 400. */
	readonly body: Uint8Array;
	/** The station that signed the batch, where it holds what nobody had before: the sender of that is the station. */
	readonly provenBy?: string;
	/** Entries of the batch that were stored before. */
	readonly duplicateCount: number;
	readonly entryCount: number;
}

/** Whose connection an envelope came by. */
export interface Sender {
	readonly address: string;
	/** That has delivered something new over it. */
	readonly station: string | undefined;
	/** Some station has, from this address. */
	readonly isKnown?: boolean;
}

/**
 * Signatures of senders whose address is known, verified by this thread: 80 us each. By the other thread they wait for two turns of
 * the event loop and for what strangers sent, which is most of what a station waits for while others attack.
 */
const VERIFIED_AT_ONCE = 2;

/** Evidence is for people: beyond this per reason and station more of the same says nothing new. */
const EVIDENCE_MAX = 1000;
/** Of a station that has used up its bytes. */
const OVER_QUOTA_EVIDENCE_MAX = 10;
const UINT32_MAX = 0xffffffff;
/** Anyone can send these: 10 x 17 KiB for each enrolled station at most. */
const FORGERIES_MAX = 10;

/** A batch whose signature is its station's. */
interface SignedBatch extends OpenedEnvelope {
	readonly keys: readonly KnownKey[];
	readonly signer: KnownKey;
}

export class Ledger {
	readonly #options: LedgerOptions;
	readonly #keys: KeyCache;
	readonly #verifiedHere = new FewATurn(VERIFIED_AT_ONCE);
	readonly #records: RecordStore;
	readonly #repeated = new RepeatedBatches<LedgerAnswer>();

	constructor(options: LedgerOptions) {
		this.#options = options;
		const { store } = options;
		this.#records = "write" in store ? store : new SqlRecordStore(store);
		this.#keys = new KeyCache({ records: this.#records, clock: options.clock });
	}

	/**
	 * Lets a station deliver. Throws OperationalError when the id is enrolled with another key:
	 * replacing a key is a decision of its own.
	 */
	async enrol(station: string, publicKey: Uint8Array): Promise<void> {
		const conflict = await this.setKeys(station, [onlyKey(publicKey)]);
		if (conflict !== undefined) throw new OperationalError(conflict);
	}

	/**
	 * Lets a station deliver with these keys, in the order of their lives: adds those at the end of its list,
	 * revokes, and leaves what is not named. Gives what is against it; then nothing of it was done.
	 */
	async setKeys(station: string, keys: readonly StationKey[]): Promise<string | undefined> {
		if (this.#options.verifySignature === undefined) {
			for (const { publicKey } of keys) stationKeyOf(publicKey);
		}
		try {
			return await this.#records.setKeys(station, keys);
		} finally {
			this.#keys.forget(station);
		}
	}

	/** Takes an envelope. Never throws for what a station sends; a failing store throws. */
	async receive(envelope: Uint8Array, from?: Sender): Promise<LedgerAnswer> {
		const opened = openedEnvelope(envelope);
		if ("error" in opened) {
			const body = new TextEncoder().encode(`${opened.error}\n`);
			return { status: 400, body, duplicateCount: 0, entryCount: 0 };
		}
		const { signed, label } = opened;
		const keys = await this.#keys.keysOf(label.station);
		if (keys.length === 0) return this.#refuse(opened, "unknown-station", "not enrolled");
		const isProven = from === undefined || from.station === label.station;
		const via = isProven ? undefined : from.address;
		const { gate, clock } = this.#options;
		const again = via && this.#repeated.answerTo(opened.hash, keys, clock.utcSeconds);
		// It costs less than a refusal would, and so no quota.
		if (again) return again;
		const signer = await this.#signerOf(keys, signed, from);
		if (signer === undefined) {
			const detail = "the signature does not fit a key that is enrolled";
			return this.#refuse(opened, "bad-signature", detail);
		}
		if (signer.revoked !== undefined) return this.#refuseRevoked(opened, signer);
		const batch: SignedBatch = { keys, signer, ...opened };
		const turn = await gate?.enter(label.station, clock.utcSeconds, via);
		if (turn !== undefined && "why" in turn) {
			// A sender that only repeats what is public is counted among strangers: the station's lines are its own.
			const whose = isProven ? batch : opened;
			return this.#refuse(whose, "over-quota", `its ${turn.why} are used up`, turn.nextSeconds);
		}
		let hasFailed = true;
		try {
			const answer = (await this.#revokedMeanwhile(batch)) ?? (await this.#take(batch, via));
			hasFailed = false;
			return answer;
		} finally {
			turn?.leave(hasFailed);
		}
	}

	/** The refusal of a batch whose key was revoked while it waited for its turn. */
	async #revokedMeanwhile(batch: SignedBatch): Promise<LedgerAnswer | undefined> {
		const keys = await this.#keys.keysOf(batch.label.station);
		if (keys === batch.keys) return undefined;
		const signer = keys.find(({ id }) => equalBytes(id, batch.signer.id));
		return signer?.revoked === undefined ? undefined : this.#refuseRevoked(batch, signer);
	}

	#refuseRevoked(opened: OpenedEnvelope, signer: KnownKey): Promise<LedgerAnswer> {
		return this.#refuse(opened, "revoked-key", `signed by the key ${hexOf(signer.id)}`);
	}

	/** Reports, keeps as evidence what may be of use, and answers. */
	async #refuse(
		refused: OpenedEnvelope | SignedBatch,
		reason: RefusalReason,
		detail: string,
		nextSeconds?: number,
	): Promise<LedgerAnswer> {
		const { label, hash, envelope } = refused;
		const { station } = label;
		const isSigned = "signer" in refused;
		const report: LedgerReport = { station, reason, detail, isSigned };
		this.#options.onReport?.(report);
		if (isSigned) await this.#options.onRefused?.(report);
		const kept = this.#evidenceKept(reason, station, envelope.length);
		if (kept > 0) {
			await this.#records.keepEvidence({ hash, envelope, station, reason, detail }, kept);
		}
		return {
			status: 422,
			body: this.#signedAnswer({
				kind: "refusal",
				...this.#answerHead(label, hash),
				...(nextSeconds === undefined ? {} : { nextSeconds }),
				code: REFUSAL_CODES[reason],
			}),
			duplicateCount: 0,
			entryCount: 0,
		};
	}

	/** A stranger must not be able to fill the disk, nor to push out what the key's owner did. */
	#evidenceKept(reason: RefusalReason, station: string, bytes: number): number {
		if (reason === "unknown-station" || reason === "over-quota") return 0;
		if (reason === "bad-signature" || reason === "revoked-key") return FORGERIES_MAX;
		const { gate, clock } = this.#options;
		const isBorne = gate?.bearsEvidence(station, bytes, clock.utcSeconds) !== false;
		return isBorne ? EVIDENCE_MAX : OVER_QUOTA_EVIDENCE_MAX;
	}

	/** What a batch that its station signed comes to. */
	async #take(given: SignedBatch, via: string | undefined): Promise<LedgerAnswer> {
		const { signed, label, hash, envelope, keys, signer } = given;
		const refuse = (
			reason: RefusalReason,
			detail: string,
			nextSeconds?: number,
		): Promise<LedgerAnswer> => this.#refuse(given, reason, detail, nextSeconds);
		const { gate, clock } = this.#options;
		let checked: Checked;
		try {
			const owner =
				signed.keyId === undefined
					? signer.publicKey
					: await this.#records.ownerOf(label.station, label.epoch);
			checked = checkBatch(decodeBatch(signed.payload), {
				keys,
				signer,
				owner,
				isLater: signed.keyId !== undefined,
			});
		} catch (error) {
			if (error instanceof NewerBatchError) return refuse("unsupported-version", error.message);
			if (error instanceof BatchRefusal) return refuse(error.reason, error.message);
			if (error instanceof StationError) return refuse("malformed", error.message);
			throw error;
		}
		const { batch } = checked;
		const whole = {
			hash,
			content: sha256(signed.toBeSigned),
			envelope,
			signedBy: signer.id,
			...checked,
		};
		const cost = gate?.quota.takeBatch(whole, clock.utcSeconds) ?? { taken: {} };
		if ("quota" in cost) {
			gate?.refused(label.station, cost, clock.utcSeconds, via);
			return refuse("over-quota", `its ${cost.quota} are used up`, cost.nextSeconds);
		}
		const stored = await this.#write(whole, cost.taken);
		const entriesText = `entries ${batch.first} to ${batch.first + batch.entries.length - 1}`;
		switch (stored.outcome) {
			case "other-key":
				return refuse("bad-signature", `epoch ${batch.epoch} began with another key`);
			case "conflict":
				return refuse("conflicting-content", `${entriesText} were stored with other contents`);
			case "fork":
				return refuse("fork", `${entriesText} continue another chain than what is stored`);
			case "stored":
			case "known": {
				const { configurations, onStored } = this.#options;
				await onStored?.({ station: label.station, entries: batch.entries, isNew: stored.isNew });
				const configuration = await configurations?.answer(label.station, batch.entries);
				const accepted = { label, hash, stored, configuration, entryCount: batch.entries.length };
				const answer = this.#acknowledged(accepted);
				if (stored.isNew) return { provenBy: label.station, ...answer };
				if (via !== undefined) this.#remember(accepted, keys, answer);
				return answer;
			}
		}
	}

	#acknowledged({ label, hash, stored, configuration, entryCount }: Acknowledged): LedgerAnswer {
		const { floor, rangeFirsts, rangeLasts, held } = stored;
		return {
			status: 200,
			body: this.#signedAnswer({
				kind: "acknowledgement",
				...this.#answerHead(label, hash),
				...coverageOf(floor, rangeFirsts, rangeLasts),
				...(configuration === undefined ? {} : { configuration }),
			}),
			duplicateCount: held,
			entryCount,
		};
	}

	/** Apart from where it is called: what is remembered must hold nothing of the batch. */
	#remember(accepted: Acknowledged, keys: readonly KnownKey[], answer: LedgerAnswer): void {
		const now = this.#options.clock.utcSeconds;
		this.#repeated.remember(accepted.hash, keys, now, answer, () => this.#acknowledged(accepted));
	}

	/**
	 * Stores it, and gives back what was `taken` for it of the quotas and stored nothing. Anybody can send a stored batch
	 * once more, for nothing; who cuts stored entries anew has the key, and a row for each cut.
	 */
	async #write(whole: CheckedBatch, taken: Cost): Promise<StoreOutcome & { isNew: boolean }> {
		const quota = this.#options.gate?.quota;
		let isStored = false;
		let isNew = false;
		try {
			const stored = await this.#records.write(whole);
			isStored = stored.outcome === "stored";
			isNew = isStored && stored.held < whole.batch.entries.length;
			return { isNew, ...stored };
		} finally {
			if (isNew) quota?.kept(whole);
			else quota?.givenBack(whole.batch.station, isStored ? withoutRow(taken, whole) : taken);
		}
	}

	/** The key that signed: the one that the envelope names, else one of all, the newest first. */
	async #signerOf(
		keys: readonly KnownKey[],
		signed: Sign1,
		from: Sender | undefined,
	): Promise<KnownKey | undefined> {
		const { keyId } = signed;
		for (const key of [...keys].reverse()) {
			if (keyId !== undefined && !equalBytes(key.id, keyId)) continue;
			if (await this.#isSigned(key, signed, from?.isKnown === true)) return key;
		}
		return undefined;
	}

	async #isSigned(known: KnownKey, signed: Sign1, isNear: boolean): Promise<boolean> {
		const { publicKey } = known;
		const { verifySignature, verifier } = this.#options;
		const { toBeSigned, signature } = signed;
		if (verifySignature !== undefined) return verifySignature(publicKey, toBeSigned, signature);
		if (verifier !== undefined && !(isNear && this.#verifiedHere.takes())) {
			return verifier.isSigned({ publicKey, signed: toBeSigned, signature });
		}
		return isSignedBy(known.key, toBeSigned, signature);
	}

	#answerHead(label: Label, requestHash: Uint8Array) {
		return {
			station: label.station,
			epoch: label.epoch,
			requestHash,
			// The field ends in February 2106; what is beyond is no time that a station believes (2099).
			nowUtcSeconds: Math.min(Math.max(Math.floor(this.#options.clock.utcSeconds), 0), UINT32_MAX),
			nextSeconds: this.#options.nextSeconds?.(label.station) ?? 0,
		};
	}

	#signedAnswer(answer: Answer): Uint8Array {
		const payload = encodeAnswer(answer);
		return encodeSign1(payload, this.#options.key.sign(toBeSigned(payload)));
	}
}

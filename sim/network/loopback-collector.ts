/**
 * A collector for runs without Node: opens envelopes, keeps canonical bytes by sequence, and signs its
 * answers. It shares no code with the real ledger and knows one station.
 */

import { hexOf } from "../../src/core/bytes.js";
import { createSha256 } from "../../src/core/sha256.js";
import type { Sha256 } from "../../src/firmware/ports.js";
import { encodeAnswer } from "../../src/protocol/wire/acknowledgement.js";
import { decodeBatch } from "../../src/protocol/wire/batch.js";
import {
	decodeSign1,
	ENVELOPE_CONTENT_TYPE,
	encodeSign1,
	toBeSigned,
} from "../../src/protocol/wire/cose.js";
import type { SignatureScheme } from "../keys/signature-scheme.js";
import type { ServerRequest, ServerResponse } from "./wire.js";

export interface LoopbackCollectorOptions {
	readonly scheme: SignatureScheme;
	/** Unix seconds; what answers say that it is. */
	readonly utcSeconds: () => number;
	/** Each body that was accepted, in order of arrival. */
	readonly onBatch: (envelope: Uint8Array) => void;
	/** Canonical form of a configuration to offer, when there is one. */
	readonly configuration?: () => Uint8Array | undefined;
}

export class LoopbackCollector {
	/** Canonical bytes as hexadecimal, by sequence. */
	readonly stored = new Map<number, string>();
	readonly #options: LoopbackCollectorOptions;
	readonly #sha256: Sha256 = createSha256();
	#cursor = 0;

	constructor(options: LoopbackCollectorOptions) {
		this.#options = options;
	}

	/** Answers a batch. An Error, as a broken connection, for what is no batch of the station. */
	receive(request: ServerRequest): ServerResponse | Error {
		const { scheme, utcSeconds, onBatch } = this.#options;
		const configuration = this.#options.configuration?.();
		const { payload, signature } = decodeSign1(request.body);
		const digest = this.#sha256(toBeSigned(payload));
		if (!scheme.verify(scheme.publicKey("station"), digest, signature)) {
			return new Error("not signed by the station");
		}
		const batch = decodeBatch(payload);
		for (const [index, entry] of batch.entries.entries()) {
			const sequence = batch.first + index;
			const hex = hexOf(entry);
			const known = this.stored.get(sequence);
			if (known !== undefined && known !== hex) return new Error(`two contents of ${sequence}`);
			this.stored.set(sequence, hex);
		}
		onBatch(request.body);
		while (this.stored.has(this.#cursor + 1)) this.#cursor++;
		const answer = encodeAnswer({
			kind: "acknowledgement",
			station: batch.station,
			epoch: batch.epoch,
			cursor: this.#cursor,
			ranges: this.#ranges(),
			requestHash: this.#sha256(request.body),
			nowUtcSeconds: Math.floor(utcSeconds()),
			nextSeconds: 0,
			...(configuration === undefined ? {} : { configuration }),
		});
		const seal = scheme.sign("collector", this.#sha256(toBeSigned(answer)));
		return {
			status: 200,
			headers: new Map([["Content-Type", ENVELOPE_CONTENT_TYPE]]),
			body: encodeSign1(answer, seal),
		};
	}

	/** What is stored above the cursor: at most four ranges, lowest first. */
	#ranges(): { first: number; last: number }[] {
		const ranges: { first: number; last: number }[] = [];
		const above = [...this.stored.keys()].filter((sequence) => sequence > this.#cursor);
		for (const sequence of above.sort((a, b) => a - b)) {
			const last = ranges[ranges.length - 1];
			if (last !== undefined && last.last === sequence - 1) last.last = sequence;
			else ranges.push({ first: sequence, last: sequence });
		}
		return ranges.slice(0, 4);
	}
}

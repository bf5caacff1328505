/**
 * A station's uplink on a simulated network against a collector that is written for the test: it
 * keeps sets of canonical bytes and nothing else, so that it shares no code with the real ledger.
 */

import { VirtualClock } from "../../../sim/board/clock.js";
import {
	createKeyedHashSigner,
	createKeyedHashVerifier,
	KeyOperations,
	keyedHash,
	keyedHashPublicKey,
} from "../../../sim/keys/keyed-hash-signer.js";
import { SimulatedNetwork } from "../../../sim/network/network.js";
import {
	DEFAULT_NETWORK_TIMES,
	type NetworkTimes,
	type RadioState,
	type ServerRequest,
	type ServerResponse,
} from "../../../sim/network/wire.js";
import { hexOf } from "../../../src/core/bytes.js";
import { StationError } from "../../../src/core/errors.js";
import { SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { Scheduler, type Task } from "../../../src/core/task.js";
import type { Signer, Verifier } from "../../../src/firmware/ports.js";
import { Uplink } from "../../../src/firmware/uplink/uplink.js";
import type { SessionOutcome } from "../../../src/firmware/uplink/uplink-options.js";
import { chainNext } from "../../../src/protocol/record/chain.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { EntrySource } from "../../../src/protocol/record/entry-source.js";
import { type Answer, encodeAnswer } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeBatch } from "../../../src/protocol/wire/batch.js";
import { decodeSign1, encodeSign1, toBeSigned } from "../../../src/protocol/wire/cose.js";
import { dayOfReadings } from "../data/day.js";

const EPOCH = 0x12345678;

/** A journal in memory: grows by `grow`, may have holes. */
export class MemorySource implements EntrySource {
	readonly epoch: number;
	cursor = 0;
	firstSequenceHeld = 1;
	readonly acknowledged: number[] = [];
	readonly holes = new Set<number>();
	readonly #entries: Uint8Array[] = [];
	readonly #heads: Uint8Array[];
	readonly #sha256 = createSha256();
	readonly #day = dayOfReadings(1);

	constructor(epoch = EPOCH) {
		this.epoch = epoch;
		this.#heads = [new Uint8Array(32)];
	}

	get nextSequence(): number {
		return this.#entries.length + 1;
	}

	entry(sequence: number): Uint8Array | undefined {
		return this.#entries[sequence - 1];
	}

	grow(count: number): void {
		for (let index = 0; index < count; index++) {
			const sequence = this.nextSequence;
			const draft = this.#day[sequence % this.#day.length];
			if (draft === undefined) throw new Error("an empty day");
			const canonicalBytes = encodeEntry({ ...draft, epoch: this.epoch, sequence });
			this.#entries.push(canonicalBytes);
			const head = this.#heads[this.#heads.length - 1] ?? new Uint8Array(32);
			this.#heads.push(chainNext(this.#sha256, head, canonicalBytes));
		}
	}

	/** What was asked of `headBefore` below the newest, which costs a journal half a sector of decoding. */
	readonly walkedTo: number[] = [];

	headBefore(sequence: number): Uint8Array | undefined {
		if (sequence < this.nextSequence) this.walkedTo.push(sequence);
		for (const hole of this.holes) if (hole < sequence) return undefined;
		return this.#heads[sequence - 1];
	}

	read(first: number, count: number, visit: (sequence: number, bytes: Uint8Array) => void): void {
		for (let sequence = first; sequence < first + count; sequence++) {
			const entry = this.entry(sequence);
			if (entry !== undefined && !this.holes.has(sequence)) visit(sequence, entry);
		}
	}

	acknowledge(cursor: number): void {
		this.acknowledged.push(cursor);
		this.cursor = cursor;
	}
}

/** The collector of the test: what it stored, and how it is told to misbehave. */
export class TestCollector {
	readonly stored = new Map<number, string>();
	/** First and last of every batch, in order of arrival. */
	readonly batches: { first: number; last: number; isChained: boolean }[] = [];
	/** Head that each batch says it begins from, hexadecimal. */
	readonly previousHeads: (string | undefined)[] = [];
	/** Alters the honest answer before it is signed. */
	onAnswer: ((answer: Answer) => Answer) | undefined;
	/** Replaces the whole response. */
	onRequest: ((request: ServerRequest) => ServerResponse | Error | undefined) | undefined;
	nextSeconds = 0;
	/** What stations are told to trust. */
	readonly publicKey: Uint8Array;
	/** What it signs with. */
	signingKey: Uint8Array;
	readonly #clock: VirtualClock;
	readonly #sha256 = createSha256();

	constructor(clock: VirtualClock) {
		this.#clock = clock;
		this.publicKey = keyedHashPublicKey(Uint8Array.of(99), this.#sha256);
		this.signingKey = this.publicKey;
	}

	receive(request: ServerRequest): ServerResponse | Error {
		const replaced = this.onRequest?.(request);
		if (replaced !== undefined) return replaced;
		const opened = decodeSign1(request.body);
		const batch = decodeBatch(opened.payload);
		batch.entries.forEach((entry, index) => {
			const sequence = batch.first + index;
			const hex = hexOf(entry);
			const known = this.stored.get(sequence);
			if (known !== undefined && known !== hex) throw new Error(`two contents of ${sequence}`);
			this.stored.set(sequence, hex);
		});
		this.batches.push({
			first: batch.first,
			last: batch.first + batch.entries.length - 1,
			isChained: batch.previous !== undefined,
		});
		this.previousHeads.push(batch.previous === undefined ? undefined : hexOf(batch.previous));
		const honest: Answer = {
			kind: "acknowledgement",
			station: batch.station,
			epoch: batch.epoch,
			...this.#standing(),
			requestHash: this.#sha256(request.body),
			nowUtcSeconds: 1_800_000_000 + Math.floor(this.#clock.milliseconds / 1000),
			nextSeconds: this.nextSeconds,
		};
		return this.sign(this.onAnswer?.(honest) ?? honest);
	}

	sign(answer: Answer, status = answer.kind === "refusal" ? 422 : 200): ServerResponse {
		const payload = encodeAnswer(answer);
		const digest = this.#sha256(toBeSigned(payload));
		const body = encodeSign1(payload, keyedHash(this.signingKey, digest, this.#sha256));
		return { status, headers: new Map([["Content-Type", "application/cose"]]), body };
	}

	#standing(): { cursor: number; ranges: { first: number; last: number }[] } {
		let cursor = 0;
		while (this.stored.has(cursor + 1)) cursor++;
		const ranges: { first: number; last: number }[] = [];
		for (const sequence of [...this.stored.keys()]
			.filter((n) => n > cursor)
			.sort((a, b) => a - b)) {
			const last = ranges[ranges.length - 1];
			if (last !== undefined && last.last === sequence - 1) last.last = sequence;
			else ranges.push({ first: sequence, last: sequence });
		}
		return { cursor, ranges: ranges.slice(0, 4) };
	}
}

export interface Report {
	readonly code: string;
	readonly detail: number;
	readonly text: string;
}

/** A world of one station's uplink. */
export class UplinkBench {
	readonly clock = new VirtualClock();
	readonly source = new MemorySource();
	/** What former keys left, oldest first. */
	formers: readonly MemorySource[] = [];
	readonly collector = new TestCollector(this.clock);
	readonly network: SimulatedNetwork;
	readonly reports: Report[] = [];
	readonly times: number[] = [];
	readonly configurations: Uint8Array[] = [];
	readonly radio = { state: "off" as RadioState, onMilliseconds: 0 };
	/** What is done in each session before the link goes down. */
	beforeClose: ((endMilliseconds: number) => Task<void>) | undefined;
	uplink: Uplink;
	readonly #random: SeededRandom;
	readonly #uploadIntervalSeconds: number;
	readonly #station: string;
	readonly #batchEntriesMax: number | undefined;
	#radioSinceMilliseconds = 0;

	constructor(
		options: {
			seed?: number;
			uploadIntervalSeconds?: number;
			station?: string;
			times?: NetworkTimes;
			batchEntriesMax?: number;
		} = {},
	) {
		this.#random = new SeededRandom(options.seed ?? 1);
		this.#uploadIntervalSeconds = options.uploadIntervalSeconds ?? 3600;
		this.#station = options.station ?? "bor-1";
		this.#batchEntriesMax = options.batchEntriesMax;
		this.network = new SimulatedNetwork({
			clock: this.clock,
			random: new SeededRandom((options.seed ?? 1) + 7919),
			endpoint: (request, onAnswer) => onAnswer(this.collector.receive(request)),
			onRadio: (state) => this.#onRadio(state),
			times: options.times ?? DEFAULT_NETWORK_TIMES,
		});
		this.uplink = this.boot();
	}

	/** Milliseconds that the radio has been on, up to now. */
	get radioMilliseconds(): number {
		const { state, onMilliseconds } = this.radio;
		if (state === "off") return onMilliseconds;
		return onMilliseconds + this.clock.milliseconds - this.#radioSinceMilliseconds;
	}

	/** A new life of the station, with or without retained memory. */
	boot(state?: Uint8Array, keys: { signer?: Signer; verifier?: Verifier } = {}): Uplink {
		const sha256 = createSha256();
		const publicKey = keyedHashPublicKey(Uint8Array.of(1), sha256);
		const operations = new KeyOperations(this.clock);
		this.uplink = new Uplink({
			source: this.source,
			formers: () => this.formers.filter((former) => former.cursor < former.nextSequence - 1),
			network: this.network,
			signer: keys.signer ?? createKeyedHashSigner(publicKey, sha256, operations),
			verifier: keys.verifier ?? createKeyedHashVerifier(sha256, operations),
			sha256,
			clock: this.clock,
			random: this.#random,
			station: this.#station,
			host: "collector.example",
			port: 443,
			collectorPublicKey: this.collector.publicKey,
			uploadIntervalSeconds: this.#uploadIntervalSeconds,
			batchEntriesMax: this.#batchEntriesMax,
			state,
			onTime: (utcSeconds) => this.times.push(utcSeconds),
			onConfiguration: (canonicalBytes) => this.configurations.push(canonicalBytes),
			onReport: (code, detail, text) => this.reports.push({ code, detail, text }),
			beforeClose: (endMilliseconds) => this.#last(endMilliseconds),
		});
		return this.uplink;
	}

	/** One session now, to its end. */
	session(): SessionOutcome {
		const scheduler = new Scheduler(this.clock, (error) => {
			throw error;
		});
		let outcome: SessionOutcome | undefined;
		const uplink = this.uplink;
		let failure: unknown;
		scheduler.start(
			(function* () {
				outcome = yield* uplink.session();
			})(),
			(error, hasFailed) => {
				if (hasFailed) failure = error ?? new Error("failed without an error");
			},
		);
		for (let turn = 0; outcome === undefined; turn++) {
			if (failure !== undefined) throw failure;
			if (turn > 1_000_000 || !this.clock.runNext()) throw new Error("the session hangs");
		}
		if (this.radio.state !== "off") throw new StationError("transport-failed", "radio left on");
		return outcome;
	}

	/** Continues until `milliseconds`, with a session whenever one is due. */
	runUntil(milliseconds: number, onSession?: (outcome: SessionOutcome) => void): void {
		while (this.uplink.nextAttemptMilliseconds <= milliseconds) {
			this.clock.advanceTo(this.uplink.nextAttemptMilliseconds * 1000);
			const outcome = this.session();
			onSession?.(outcome);
		}
		this.clock.advanceTo(milliseconds * 1000);
	}

	*#last(endMilliseconds: number): Task<void> {
		if (this.beforeClose !== undefined) yield* this.beforeClose(endMilliseconds);
	}

	#onRadio(state: RadioState): void {
		if (this.radio.state !== "off" && state === "off") {
			this.radio.onMilliseconds += this.clock.milliseconds - this.#radioSinceMilliseconds;
		}
		if (this.radio.state === "off") this.#radioSinceMilliseconds = this.clock.milliseconds;
		this.radio.state = state;
	}
}

/**
 * Malformed inputs for every parser that strangers feed, and the judge of what comes of them: a value
 * that holds together or the parser's own typed refusal, within bounds of time and memory.
 */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Ledger } from "../../../src/collector/ledger/ledger.js";
import { createHandler } from "../../../src/collector/service/receiver.js";
import { asciiBytes, asciiText, equalBytes, hexOf } from "../../../src/core/bytes.js";
import { StationError, type StationErrorCode } from "../../../src/core/errors.js";
import { integerBelow, type RandomSource, SeededRandom, seedOf } from "../../../src/core/random.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
} from "../../../src/firmware/config/configuration.js";
import { parseCanonicalConfiguration } from "../../../src/firmware/config/parse-configuration.js";
import { encodeSntpRequest, readSntpAnswer } from "../../../src/firmware/uplink/sntp.js";
import { decodeEntry, encodeEntry } from "../../../src/protocol/record/entry.js";
import { decodeAnswer, encodeAnswer } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeBatch, encodeBatch } from "../../../src/protocol/wire/batch.js";
import {
	decodeSign1,
	ENVELOPE_CONTENT_TYPE,
	encodeSign1,
} from "../../../src/protocol/wire/cose.js";
import { exchangeOf } from "../collectors/http-exchange.js";
import { MemoryRecordStore } from "../collectors/memory-record-store.js";
import { randomEntries } from "../data/random-entries.js";
import { isKeyedHashOf, keyedHashKeyOf } from "../engines/bare-collector.js";
import { damaged } from "./malformed.js";
import { provisioningParser } from "./provisioning-fuzz.js";

export interface Parser {
	readonly name: string;
	readonly samples: readonly Uint8Array[];
	/** Its own ways to say no. */
	readonly refusals: readonly StationErrorCode[];
	/** Parses, and throws a plain error when what it accepted does not hold together. */
	parse(bytes: Uint8Array, random: RandomSource): void | Promise<void>;
}

export interface FuzzLimits {
	/** One input may not take longer: a hang, for a parser whose inputs are bounded. */
	readonly millisecondsMax: number;
	/** Nor allocate more. An envelope is 17 KiB, a batch of 288 entries about 100 KB of objects. */
	readonly bytesMax: number;
	/** Nor all together leave more behind, after collection. */
	readonly leftBytesMax: number;
}

export const FUZZ_LIMITS: FuzzLimits = Object.freeze({
	millisecondsMax: 1000,
	bytesMax: 4_000_000,
	leftBytesMax: 32_000_000,
});

export interface FuzzOutcome {
	refused: number;
	accepted: number;
	/** What was neither, or beyond a limit; the first few with their input. */
	violations: number;
	readonly examples: string[];
	bytesMaxSeen: number;
}

const EXAMPLES_MAX = 8;
const COLLECTIONS = 3;

/**
 * `inputs` malformed inputs; `onInput` is told the number of each before it is parsed. `heldBefore` is bytesHeld() of before,
 * where several parsers in turn together may leave no more behind than one.
 */
export async function fuzz(
	parser: Parser,
	seed: number,
	inputs: number,
	limits: FuzzLimits = FUZZ_LIMITS,
	onInput?: (input: number) => void,
	heldBefore?: number,
): Promise<FuzzOutcome> {
	const random = new SeededRandom(seedOf(seed, parser.name));
	const outcome: FuzzOutcome = {
		refused: 0,
		accepted: 0,
		violations: 0,
		examples: [],
		bytesMaxSeen: 0,
	};
	const violated = (what: string): void => {
		outcome.violations++;
		if (outcome.examples.length < EXAMPLES_MAX) outcome.examples.push(what);
	};
	const bytesAtStart = heldBefore ?? (await bytesHeld());
	for (let input = 0; input < inputs; input++) {
		onInput?.(input);
		const bytes = damaged(random, parser.samples);
		const judged = await judge(parser, bytes, random, limits);
		if (judged.verdict === "refused") outcome.refused++;
		else if (judged.verdict === "accepted") outcome.accepted++;
		else violated(`seed ${seed} input ${input} ${hexOf(bytes).slice(0, 400)}: ${judged.verdict}`);
		outcome.bytesMaxSeen = Math.max(outcome.bytesMaxSeen, judged.bytes);
	}
	// A collection takes a tenth of a second in a large heap; what is not collected is never less than what is held.
	const mayBeLeft = bytesInUse() - bytesAtStart;
	const left = mayBeLeft > limits.leftBytesMax ? (await bytesHeld()) - bytesAtStart : mayBeLeft;
	if (left > limits.leftBytesMax) violated(`${left} bytes left behind`);
	return outcome;
}

/** `refused`, `accepted`, or what went wrong; and what it allocated, as far as no collection hid it. */
async function judge(
	parser: Parser,
	bytes: Uint8Array,
	random: RandomSource,
	limits: FuzzLimits,
): Promise<{ verdict: string; bytes: number }> {
	const startBytes = bytesInUse();
	const startMilliseconds = performance.now();
	let verdict = "accepted";
	try {
		const later = parser.parse(bytes, random);
		if (later !== undefined) await later;
	} catch (error) {
		const isTyped = error instanceof StationError && parser.refusals.includes(error.code);
		verdict = isTyped ? "refused" : String(error);
	}
	let allocated = bytesInUse() - startBytes;
	const milliseconds = performance.now() - startMilliseconds;
	if (milliseconds > limits.millisecondsMax) {
		// The machine may have been busy elsewhere: slow is what takes as much of the processor.
		const before = process.cpuUsage();
		try {
			await parser.parse(bytes, random);
		} catch {
			// What it says was judged already.
		}
		const { user, system } = process.cpuUsage(before);
		if ((user + system) / 1000 > limits.millisecondsMax) verdict = "too slow";
	}
	if (allocated > limits.bytesMax) {
		// The engine compiles and collects when it likes: what this input asks for it asks for again.
		collectGarbage();
		const before = bytesInUse();
		try {
			await parser.parse(bytes, random);
		} catch {
			// What it says was judged already.
		}
		allocated = Math.min(allocated, bytesInUse() - before);
		if (allocated > limits.bytesMax) verdict = `${allocated} bytes for one input`;
	}
	return { verdict, bytes: allocated };
}

/** Also where Node was started without --expose-gc. */
function collectGarbage(): void {
	setFlagsFromString("--expose-gc");
	(runInNewContext("gc") as () => void)();
}

/** Heap and buffers; not what the engine's own compilers hold for a while. */
function bytesInUse(): number {
	const { used_heap_size, external_memory } = getHeapStatistics();
	return used_heap_size + external_memory;
}

/** After collections, and turns of the loop in which buffers that were collected are given back. */
export async function bytesHeld(): Promise<number> {
	for (let round = 0; round < COLLECTIONS; round++) {
		collectGarbage();
		await new Promise((resolve) => setImmediate(resolve));
	}
	return bytesInUse();
}

export function fuzzParsers(): Parser[] {
	const random = new SeededRandom(1);
	const position = { epoch: 7, first: 40 };
	const entries = randomEntries(random, { ...position, count: 200 }, 0.3);
	const batches = [1, 2, 12, 30].map((count) =>
		encodeBatch({
			station: "bor-1",
			...position,
			floor: 2,
			previous: count === 2 ? undefined : new Uint8Array(32).fill(count),
			entries: randomEntries(random, { ...position, count }),
		}),
	);
	const configuration = asciiBytes(
		canonicalConfiguration({
			...DEFAULT_CONFIGURATION,
			station: "bor-1",
			collectorHost: "collector.example",
			collectorPort: 443,
			collectorPublicKey: new Uint8Array(33).fill(2),
		}),
	);
	const head = { station: "bor-1", epoch: 7, requestHash: new Uint8Array(32), nextSeconds: 0 };
	const answers = [
		encodeAnswer({ ...head, kind: "refusal", nowUtcSeconds: 1, code: 3 }),
		encodeAnswer({
			...head,
			kind: "acknowledgement",
			nowUtcSeconds: 1_900_000_000,
			cursor: 9,
			ranges: [
				{ first: 11, last: 12 },
				{ first: 300, last: 70_000 },
			],
			configuration,
		}),
	];
	const envelopes = [...batches, ...answers].map((payload) =>
		encodeSign1(payload, new Uint8Array(64).fill(3)),
	);
	return [
		{
			name: "batch",
			samples: batches,
			refusals: ["batch-malformed"],
			parse: (bytes) => {
				const batch = decodeBatch(bytes);
				const again = decodeBatch(encodeBatch(batch));
				require(again.entries.every((entry, at) => equalBytes(entry, batch.entries[at] ?? entry)));
			},
		},
		{
			name: "acknowledgement",
			samples: answers,
			refusals: ["acknowledgement-malformed"],
			parse: (bytes) => require(equalBytes(encodeAnswer(decodeAnswer(bytes)), bytes)),
		},
		{
			name: "configuration",
			samples: [configuration],
			refusals: ["configuration-invalid"],
			parse: (bytes) => {
				const text = canonicalConfiguration(parseCanonicalConfiguration(bytes));
				require(text === asciiText(bytes));
			},
		},
		provisioningParser(),
		{
			name: "envelope",
			samples: envelopes,
			refusals: ["batch-malformed"],
			parse: (bytes) => {
				const { payload, signature } = decodeSign1(bytes);
				require(equalBytes(encodeSign1(payload, signature), bytes));
			},
		},
		{
			name: "entry",
			samples: entries,
			refusals: ["entry-malformed"],
			parse: (bytes) => require(equalBytes(encodeEntry(decodeEntry(bytes)), bytes)),
		},
		{
			name: "http-answer",
			samples: envelopes.slice(-answers.length),
			refusals: [
				"transport-failed",
				"response-malformed",
				"request-timeout",
				"connect-timeout",
				"collector-busy",
				"acknowledgement-malformed",
				"acknowledgement-forged",
				"acknowledgement-stale",
			],
			parse: (bytes, each) => exchangeOf(bytes, each),
		},
		httpRequestParser(envelopes),
		networkTimeParser(),
	];
}

/** It has no refusals to throw: what it says must be what the bytes say, read here once more. */
function networkTimeParser(): Parser {
	const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
	const floorUtcSeconds = 1_790_000_000;
	const sample = (stratum: number, seconds: number): Uint8Array => {
		const bytes = encodeSntpRequest(nonce);
		bytes[0] = 0x24;
		bytes[1] = stratum;
		bytes.set(nonce, 24);
		new DataView(bytes.buffer).setUint32(40, seconds);
		return bytes;
	};
	return {
		name: "network-time",
		samples: [sample(2, 4_000_000_000), sample(0, 4_000_000_000), sample(15, 5)],
		refusals: [],
		parse: (bytes, random) => {
			const roundTripMilliseconds = integerBelow(random, 2500);
			const trip = { nonce, roundTripMilliseconds, floorUtcSeconds };
			const verdict = readSntpAnswer(bytes, trip);
			if (verdict.kind === "foreign") {
				require(bytes.length !== 48 || !equalBytes(bytes.subarray(24, 32), nonce));
				return;
			}
			require(bytes.length === 48 && equalBytes(bytes.subarray(24, 32), nonce));
			const head = (bytes[0] ?? 0) & 0x3f;
			// Versions 4 and 3 of a server.
			require(head === 0x24 || head === 0x1c || verdict.kind === "refused");
			if (verdict.kind === "kiss") require(bytes[1] === 0 && /^[ -~]{0,4}$/.test(verdict.code));
			if (verdict.kind !== "time") return;
			require((bytes[0] ?? 0) < 0xc0 && (bytes[1] ?? 0) >= 1 && (bytes[1] ?? 0) <= 15);
			require(roundTripMilliseconds <= 2000);
			const { utcSeconds, uncertaintyMilliseconds } = verdict;
			require(Number.isInteger(utcSeconds) && Number.isInteger(uncertaintyMilliseconds));
			require(utcSeconds >= floorUtcSeconds && utcSeconds <= floorUtcSeconds + 2 ** 32 + 2);
			require(uncertaintyMilliseconds >= 500 && uncertaintyMilliseconds <= 2500);
			const seconds = new DataView(bytes.buffer, bytes.byteOffset).getUint32(40);
			const late = (((utcSeconds + 2_208_988_800 - seconds) % 2 ** 32) + 2 ** 32) % 2 ** 32;
			require(late <= 2);
		},
	};
}

/** The collector's side, from the request on; no envelope of these is signed by anyone. */
function httpRequestParser(samples: readonly Uint8Array[]): Parser {
	const handlers: ReturnType<typeof createHandler>[] = [];
	const store = new MemoryRecordStore();
	const key = keyedHashKeyOf("collector");
	const ledger = new Ledger({
		store,
		key,
		clock: { utcSeconds: 1_790_000_000 },
		verifySignature: isKeyedHashOf,
	});
	return {
		name: "http-request",
		samples,
		refusals: [],
		parse: async (body, random) => {
			if (handlers.length === 0) {
				await ledger.enrol("bor-1", keyedHashKeyOf("bor-1").publicKey);
				handlers.push(createHandler(ledger));
			}
			const answer = await handlers[0]?.({
				method: pick(random, ["POST", "POST", "POST", "GET", "PUT", "", "post"]),
				path: pick(random, ["/v1/batches", "/v1/batches", "/v1/health", "/", "", "/v1/batches/"]),
				headers: new Map([
					[
						"content-type",
						pick(random, [ENVELOPE_CONTENT_TYPE, ENVELOPE_CONTENT_TYPE, "text/plain"]),
					],
				]),
				body,
			});
			require(answer !== undefined && answer.body.length > 0 && answer.body.length < 1024);
			require([200, 400, 404, 405, 413, 415, 422].includes(answer?.status ?? 0));
			require(store.rowsOf("bor-1").length === 0);
		},
	};
}

function pick(random: RandomSource, values: readonly string[]): string {
	return values[integerBelow(random, values.length)] ?? "";
}

function require(condition: boolean): void {
	if (!condition) throw new Error("what was accepted does not hold together");
}

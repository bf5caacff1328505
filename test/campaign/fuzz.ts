/**
 * `npm run campaign -- fuzz [--inputs N] [--seed N]`: malformed inputs into every parser of the wire,
 * a million each by default. A parser gives a value or its own typed refusal; anything else, and any
 * value that does not encode to its input's meaning, is a violation.
 */

import { equalBytes, hexOf } from "../../src/core/bytes.js";
import { SeededChance, seedOf } from "../../src/core/chance.js";
import { StationError, type StationErrorCode } from "../../src/core/errors.js";
import { decodeAnswer, encodeAnswer } from "../../src/protocol/acknowledgement.js";
import { decodeBatch, encodeBatch } from "../../src/protocol/batch.js";
import { decodeSign1, encodeSign1 } from "../../src/protocol/cose.js";
import { decodeEntry, encodeEntry } from "../../src/protocol/entry.js";
import { damaged } from "../support/malformed.js";
import { randomEntries } from "../support/random-entries.js";

interface Parser {
	readonly name: string;
	readonly samples: readonly Uint8Array[];
	readonly refusal: StationErrorCode;
	/** Parses, and throws a plain error when what it accepted does not hold together. */
	parse(bytes: Uint8Array): void;
}

/** Longest time for one input: a hang, for a parser whose inputs are bounded. */
const INPUT_MILLISECONDS_MAX = 1000;

export async function run(args: string[]): Promise<boolean> {
	const optionOf = (name: string, otherwise: number): number =>
		Number(args.includes(name) ? args[args.indexOf(name) + 1] : otherwise);
	const inputs = optionOf("--inputs", 1_000_000);
	const seed = optionOf("--seed", 1);
	console.log(`seed ${seed}, ${inputs} inputs for each parser`);
	const report: Record<string, { refused: number; accepted: number; violations: number }> = {};
	let violations = 0;
	for (const parser of parsers()) {
		const outcome = fuzz(parser, new SeededChance(seedOf(seed, parser.name)), inputs);
		report[parser.name] = outcome;
		violations += outcome.violations;
		console.log(`${parser.name}: ${JSON.stringify(outcome)}`);
	}
	console.log(JSON.stringify({ inputs, seed, violations, parsers: report }));
	return violations === 0;
}

function fuzz(
	parser: Parser,
	chance: SeededChance,
	inputs: number,
): { refused: number; accepted: number; violations: number } {
	const outcome = { refused: 0, accepted: 0, violations: 0 };
	const violated = (what: string): void => {
		outcome.violations++;
		console.log(`${parser.name} input ${what}`);
	};
	for (let input = 0; input < inputs; input++) {
		const bytes = damaged(chance, parser.samples);
		const startMilliseconds = performance.now();
		const verdict = judge(parser, bytes);
		if (verdict === "refused") outcome.refused++;
		else if (verdict === "accepted") outcome.accepted++;
		else violated(`${input} ${hexOf(bytes)}: ${verdict}`);
		if (performance.now() - startMilliseconds <= INPUT_MILLISECONDS_MAX) continue;
		// The machine may have been busy elsewhere: slow is what is slow twice.
		const againMilliseconds = performance.now();
		judge(parser, bytes);
		if (performance.now() - againMilliseconds > INPUT_MILLISECONDS_MAX) {
			violated(`${input} ${hexOf(bytes)}: too slow`);
		}
	}
	return outcome;
}

/** `refused`, `accepted`, or what went wrong. */
function judge(parser: Parser, bytes: Uint8Array): string {
	try {
		parser.parse(bytes);
		return "accepted";
	} catch (error) {
		if (error instanceof StationError && error.code === parser.refusal) return "refused";
		return String(error);
	}
}

function parsers(): Parser[] {
	const chance = new SeededChance(1);
	const place = { epoch: 7, first: 40 };
	const entries = randomEntries(chance, { ...place, count: 200 }, 0.3);
	const batches = [1, 2, 12, 30].map((count) =>
		encodeBatch({
			station: "bor-1",
			...place,
			floor: 2,
			previous: count === 2 ? undefined : new Uint8Array(32).fill(count),
			entries: randomEntries(chance, { ...place, count }),
		}),
	);
	const head = { station: "bor-1", epoch: 7, answers: new Uint8Array(32), nextSeconds: 0 };
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
			configuration: Uint8Array.of(1, 2, 3),
		}),
	];
	const envelopes = [...batches, ...answers].map((payload) =>
		encodeSign1(payload, new Uint8Array(64).fill(3)),
	);
	return [
		{
			name: "batch",
			samples: batches,
			refusal: "batch-malformed",
			parse: (bytes) => {
				const batch = decodeBatch(bytes);
				const again = decodeBatch(encodeBatch(batch));
				require(again.entries.every((entry, at) => equalBytes(entry, batch.entries[at] ?? entry)));
			},
		},
		{
			name: "answer",
			samples: answers,
			refusal: "acknowledgement-malformed",
			parse: (bytes) => require(equalBytes(encodeAnswer(decodeAnswer(bytes)), bytes)),
		},
		{
			name: "envelope",
			samples: envelopes,
			refusal: "batch-malformed",
			parse: (bytes) => {
				const { payload, signature } = decodeSign1(bytes);
				require(equalBytes(encodeSign1(payload, signature), bytes));
			},
		},
		{
			name: "entry",
			samples: entries,
			refusal: "entry-malformed",
			parse: (bytes) => require(equalBytes(encodeEntry(decodeEntry(bytes)), bytes)),
		},
	];
}

function require(condition: boolean): void {
	if (!condition) throw new Error("what was accepted does not encode to what came in");
}

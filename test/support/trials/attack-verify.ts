/** Tries a verifier on the honest record of a seed and on everything that `forged-record.ts` does to it. */
import { SeededRandom, seedOf } from "../../../src/core/random.js";
import { ChainVerifier, type Verification } from "../../../src/protocol/audit/verify-chain.js";
import {
	type ForgedEnvelope,
	type HonestRecord,
	hash,
	honestRecord,
	isForgerSigned,
	longRecord,
	TAMPERERS,
	type Tampered,
} from "../data/forged-record.js";

export interface AttackOutcome {
	honest: number;
	/** Cases by way of tampering. */
	readonly tampered: Map<string, number>;
	/** What verify got wrong, with the seed. */
	readonly violations: string[];
}

export function verifyForged(
	record: HonestRecord,
	envelopes: readonly ForgedEnvelope[],
	part?: Tampered["part"],
): Verification {
	const verifier = new ChainVerifier({
		station: record.station,
		keys: record.keys,
		sha256: hash,
		isSigned: isForgerSigned(record.keys),
		part,
	});
	for (const [index, { bytes }] of envelopes.entries()) verifier.add(`batch ${index}`, bytes);
	return verifier.finish();
}

export interface LongOutcome {
	readonly entries: number;
	readonly batches: number;
	readonly isSound: boolean;
	/** Entries chained to the start. */
	readonly chained: number;
	/** The most that the heap grew by, measured after each tenth of the way. */
	readonly heapMegabytesGrown: number;
}

/** Verifies a record of `entries`, hourly batches of twelve, while it is made: nothing of it is kept. */
export function verifyLong(entries: number): LongOutcome {
	const random = new SeededRandom(1);
	const record = longRecord(random, entries);
	const verifier = new ChainVerifier({
		station: record.station,
		keys: [record.key],
		sha256: hash,
		isSigned: isForgerSigned([record.key]),
	});
	let batches = 0;
	let heapBefore = 0;
	let grown = 0;
	const count = Math.ceil(entries / 12);
	for (const bytes of record.envelopes) {
		verifier.add(`batch ${batches++}`, bytes);
		if (batches % Math.ceil(count / 10) !== 0) continue;
		globalThis.gc?.();
		const { heapUsed, arrayBuffers } = process.memoryUsage();
		if (heapBefore === 0) heapBefore = heapUsed + arrayBuffers;
		grown = Math.max(grown, heapUsed + arrayBuffers - heapBefore);
	}
	const { isSound, counts } = verifier.finish();
	const heapMegabytesGrown = Math.round(grown / 1e5) / 10;
	return { entries, batches, isSound, chained: counts.chained, heapMegabytesGrown };
}

/** Judges the record of a seed and one case of each way of tampering that fits it. */
export function attackVerify(
	seed: number,
	outcome: AttackOutcome,
	verify: typeof verifyForged = verifyForged,
): void {
	const random = new SeededRandom(seedOf(seed, "forged-record"));
	const record = honestRecord(random);
	outcome.honest++;
	const honest = verify(record, record.envelopes);
	if (!honest.isSound) {
		outcome.violations.push(`seed ${seed}: honest, and not sound: ${reportOf(honest)}`);
		return;
	}
	for (const [name, tamper] of Object.entries(TAMPERERS)) {
		const tampered = tamper(record, random);
		if (tampered === undefined) continue;
		outcome.tampered.set(name, (outcome.tampered.get(name) ?? 0) + 1);
		const verification = verify(record, tampered.envelopes, tampered.part);
		if (verification.isSound) outcome.violations.push(`seed ${seed}: ${name}: called sound`);
		else if (!tampered.isNamed(verification)) {
			outcome.violations.push(
				`seed ${seed}: ${name}: the place is not named: ${reportOf(verification)}`,
			);
		}
	}
}

function reportOf({ findings, ranges }: Verification): string {
	return [
		...findings.slice(0, 3).map(({ kind, where, text }) => `${kind} ${where}: ${text}`),
		...ranges
			.filter(({ standing }) => standing === "missing")
			.slice(0, 3)
			.map(({ epoch, first, last }) => `missing ${epoch}/${first}-${last}`),
	].join("; ");
}

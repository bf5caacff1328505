/**
 * What the whole of a record says of each reading: when it was, and by which calibrations and configurations its values
 * come about, under the laws of the policies. The first pass of the published table fills it; any program that derives a
 * record bit by bit keeps it.
 */
import { CONDUCTIVITY_LAWS, DerivationContext, type DerivedReading } from "../record/derive.js";
import type { Entry } from "../record/entry-layouts.js";
import type { Reading } from "../record/reading.js";
import { type ResolvedTime, TimeResolver } from "../record/time-resolver.js";
import type { Policy } from "./documents.js";

type Law = Policy["conductivity"];

export class RecordKnowledge {
	readonly #times = new TimeResolver();
	/** By epoch, then by law: ids of calibrations and configurations are of their epoch. */
	readonly #contexts = new Map<number, Map<string, DerivationContext>>();
	readonly #laws: readonly Law[];
	readonly #lawOf = new Map<Policy | undefined, string>();

	constructor(policies: readonly Policy[]) {
		const laws = new Map<string, Law>([["as-configured", AS_CONFIGURED]]);
		for (const policy of policies) {
			const key = lawKeyOf(policy.conductivity);
			laws.set(key, policy.conductivity);
			this.#lawOf.set(policy, key);
		}
		this.#laws = [...laws.values()];
	}

	/** Every entry, epoch by epoch in ascending sequence. */
	observe(entry: Entry): void {
		this.#times.observe(entry);
		let contexts = this.#contexts.get(entry.epoch);
		if (contexts === undefined) {
			contexts = new Map();
			for (const law of this.#laws) contexts.set(lawKeyOf(law), new DerivationContext());
			this.#contexts.set(entry.epoch, contexts);
		}
		if (entry.kind !== "calibration" && entry.kind !== "configuration") return;
		for (const law of this.#laws) contexts.get(lawKeyOf(law))?.observe(underLaw(entry, law));
	}

	/** When an entry happened; undefined where nothing dates it. */
	resolve(entry: Entry): ResolvedTime | undefined {
		return this.#times.resolve(entry);
	}

	/** A reading, taken apart as `raw`, by the law of its policy; undefined for other kinds and later versions. */
	derive(
		entry: Entry,
		policy: Policy | undefined,
		raw: Reading | undefined,
	): DerivedReading | undefined {
		// A policy that was read again is another object of the same law.
		const law = this.#lawOf.get(policy) ?? lawKeyOf(policy?.conductivity ?? AS_CONFIGURED);
		return this.#contexts.get(entry.epoch)?.get(law)?.derive(entry, raw);
	}
}

const AS_CONFIGURED: Law = Object.freeze({ law: "as-configured" as const });

function lawKeyOf({ law, alphaPerMillionPerDegree }: Law): string {
	return law === "linear" ? `linear ${alphaPerMillionPerDegree}` : law;
}

/** A configuration as if it asked for the policy's law. */
function underLaw(entry: Entry, law: Law): Entry {
	if (entry.kind !== "configuration" || law.law === "as-configured") return entry;
	return {
		...entry,
		conductivityLaw: CONDUCTIVITY_LAWS.indexOf(law.law),
		alphaPerMillionPerDegree: law.alphaPerMillionPerDegree ?? entry.alphaPerMillionPerDegree,
	};
}

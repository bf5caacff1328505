/**
 * Judges a delivery: what the witness at the append port saw against the rows of the record. Every
 * append that returned is there exactly once with equal bytes, or lies in a gap that the record
 * itself names; nothing else is there but an append that power cut short, whole.
 */
import { equalBytes } from "../../src/core/bytes.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";

export interface DeliveryOutcome {
	/** Readings among the appends that returned. */
	readonly measured: number;
	/** Appends that returned. */
	readonly appended: number;
	/** Of them, held with equal bytes. */
	readonly delivered: number;
	/** Of them, not held, but inside a gap of their epoch that is held as an entry. */
	readonly inGaps: number;
	/** Of them, neither: none may be. */
	readonly missing: number;
	/** Rows that no append tried, or with other bytes than it tried: none may exist. */
	readonly foreign: number;
	/** Gap entries in the record. */
	readonly gaps: number;
}

export const NO_DELIVERY: DeliveryOutcome = Object.freeze({
	measured: 0,
	appended: 0,
	delivered: 0,
	inGaps: 0,
	missing: 0,
	foreign: 0,
	gaps: 0,
});

/**
 * Judges one station: `returned` and `interrupted` are canonical bytes from its witness, `rows`
 * those that the collector holds.
 */
export function judgeDelivery(
	returned: readonly Uint8Array[],
	interrupted: readonly Uint8Array[],
	rows: readonly Uint8Array[],
): DeliveryOutcome {
	const stored = new Map<string, Uint8Array>();
	const gaps: { epoch: number; from: number; to: number }[] = [];
	for (const row of rows) {
		stored.set(positionText(row), row);
		const entry = decodeEntry(row);
		if (entry.kind !== "gap") continue;
		const { from, to, lostEpoch } = entry;
		gaps.push({ epoch: lostEpoch === 0 ? entry.epoch : lostEpoch, from, to });
	}
	let measured = 0;
	let delivered = 0;
	let inGaps = 0;
	let missing = 0;
	const explained = new Set<Uint8Array>();
	for (const canonicalBytes of returned) {
		const { kind, epoch, sequence } = decodeEntry(canonicalBytes);
		if (kind === "reading") measured++;
		const row = stored.get(positionText(canonicalBytes));
		if (row !== undefined && equalBytes(row, canonicalBytes)) {
			delivered++;
			explained.add(row);
		} else if (
			row === undefined &&
			gaps.some((gap) => gap.epoch === epoch && gap.from <= sequence && sequence <= gap.to)
		) {
			inGaps++;
		} else missing++;
	}
	for (const canonicalBytes of interrupted) {
		const row = stored.get(positionText(canonicalBytes));
		if (row !== undefined && equalBytes(row, canonicalBytes)) explained.add(row);
	}
	return {
		measured,
		appended: returned.length,
		delivered,
		inGaps,
		missing,
		foreign: rows.length - explained.size,
		gaps: gaps.length,
	};
}

/** Sum over stations. */
export function addDeliveries(a: DeliveryOutcome, b: DeliveryOutcome): DeliveryOutcome {
	return {
		measured: a.measured + b.measured,
		appended: a.appended + b.appended,
		delivered: a.delivered + b.delivered,
		inGaps: a.inGaps + b.inGaps,
		missing: a.missing + b.missing,
		foreign: a.foreign + b.foreign,
		gaps: a.gaps + b.gaps,
	};
}

/** (epoch, sequence) as text: together they are 64 bits, more than a number holds. */
function positionText(canonicalBytes: Uint8Array): string {
	const view = new DataView(
		canonicalBytes.buffer,
		canonicalBytes.byteOffset,
		canonicalBytes.byteLength,
	);
	return `${view.getUint32(4, true)}/${view.getUint32(8, true)}`;
}

/**
 * Judges a store after deliveries: compares what was acknowledged with the rows by their contents, and
 * reads no counter of the collector.
 */

import { verifyStore } from "../../../src/collector/ledger/verify.js";
import { entriesOf } from "../../../src/collector/store/query.js";
import type { SqlStore } from "../../../src/collector/store/store.js";
import { equalBytes } from "../../../src/core/bytes.js";
import type { SignedStation } from "../collectors/signed-station.js";
import { recordText } from "../data/record-text.js";

/** Entries first .. last of a station, of which it was told that they are stored. */
export interface AcknowledgedPart {
	readonly station: SignedStation;
	readonly first: number;
	readonly last: number;
}

export interface Judgement {
	/** Entries acknowledged. */
	readonly entryCount: number;
	/** Of them, those that have no row, or one with other contents, or two; and unsound records. */
	readonly missing: number;
	/** All tables. */
	readonly text: string;
}

export async function judgeRecord(
	store: SqlStore,
	stations: readonly SignedStation[],
	acknowledged: readonly AcknowledgedPart[],
): Promise<Judgement> {
	let entryCount = 0;
	let missing = 0;
	for (const station of stations) {
		const rows = await entriesOf(store, station.station);
		const held = new Map(rows.map(({ sequence, canonicalBytes }) => [sequence, canonicalBytes]));
		missing += rows.length - held.size;
		for (const part of acknowledged.filter((each) => each.station === station)) {
			for (let sequence = part.first; sequence <= part.last; sequence++) {
				entryCount++;
				const row = held.get(sequence);
				const sent = station.entries[sequence - 1];
				if (row === undefined || sent === undefined || !equalBytes(row, sent)) missing++;
			}
		}
		const { isSound } = await verifyStore(store, station);
		if (!isSound) missing++;
	}
	return { entryCount, missing, text: await recordText(store) };
}

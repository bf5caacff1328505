/** Formatting: unwritten headers for every sector, before anything is ever appended. */
import { encodeSectorHeader, type SectorHeader } from "../../protocol/flash/journal-format.js";
import type { Entropy } from "../ports.js";
import type { RingFlash } from "./ring-flash.js";

/** A random number that is not 0: of a ring, or of an epoch. */
export function drawIdentity(entropy: Entropy): number {
	const bytes = new Uint8Array(4);
	entropy.fill(bytes);
	const epoch = new DataView(bytes.buffer).getUint32(0, true);
	// 0 means "no epoch" in the entries.
	return epoch === 0 ? 1 : epoch;
}

/**
 * Virgin headers from the last sector down to 0: no append happens before all are there. Returns
 * how many programs were refused; a sector without a header is passed over later.
 */
export function formatRing(
	flash: RingFlash,
	{ ring, epoch, keyMark }: Pick<SectorHeader, "ring" | "epoch" | "keyMark">,
	station: string,
): number {
	let failedPrograms = 0;
	for (let sector = flash.count - 1; sector >= 0; sector--) {
		if (!flash.erase(sector)) continue;
		const header = encodeSectorHeader({
			isUnwritten: true,
			isCopying: false,
			count: flash.count,
			sectorBytes: flash.sectorBytes,
			unproved: 0,
			formers: 0,
			ring,
			epoch,
			serial: sector,
			firstSequence: 0,
			cursor: 0,
			station,
			keyMark,
			head: new Uint8Array(32),
		});
		if (!flash.program(sector, 0, header)) failedPrograms++;
	}
	return failedPrograms;
}

/**
 * Wrong journals, made by rewriting the built text of the right one into a folder of their own: the
 * shipped code has no switch. A mutant whose text is not found any more is an error, not a pass.
 */
import type { Journal } from "../../../src/firmware/journal/journal.js";
import { type Rewrite, withRewritten } from "../engines/rewritten-build.js";
import type { OpenJournal } from "./journal-witness.js";

export interface Mutant {
	readonly name: string;
	/** File below src, exact text, and what stands there instead. */
	readonly rewrites: readonly Rewrite[];
}

const JOURNAL = "firmware/journal/journal.js";
const OPENED_RING = "firmware/journal/opened-ring.js";
const WRITER = "firmware/journal/log-writer.js";
const READER = "firmware/journal/log-reader.js";
const RECOVERY = "firmware/journal/recovery.js";
const RING_FLASH = "firmware/journal/ring-flash.js";
const FORMAT = "protocol/flash/journal-format.js";

/** After an unclean boot it continues in the same sector, at a slot that `slot` gives. */
function goingOnAt(slot: string): Mutant["rewrites"] {
	return [
		[
			RECOVERY,
			"return { ...afterWalk(header, walked, lost, givenEnd, sha256),",
			`return { first: header.firstSequence, slot: ${slot}, ...afterWalk(header, walked, lost, givenEnd, sha256),`,
		],
		[
			OPENED_RING,
			"this.writer.switchFirst(log.sectorSwitch);",
			"if (log.slot === undefined) this.writer.switchFirst(log.sectorSwitch); else this.writer.goOnAt(log.first, log.slot);",
		],
		[
			WRITER,
			"switchFirst(sectorSwitch) {",
			"goOnAt(first, slot) { this.#firstSequence = first; this.#nextSlot = slot; } switchFirst(sectorSwitch) {",
		],
	];
}

export const MUTANTS: readonly Mutant[] = [
	{
		name: "trusts the slot after the last frame",
		rewrites: goingOnAt("scan.endSlot + scan.tornSlots"),
	},
	{ name: "programs over a torn slot", rewrites: goingOnAt("scan.endSlot") },
	{
		name: "skips the CRC",
		rewrites: [
			[
				FORMAT,
				"if (uint32At(bytes, end - CRC_BYTES) !== crc32(bytes, at, end - CRC_BYTES, seed))",
				"if (seed < 0)",
			],
		],
	},
	{
		name: "leaves the seed out of the CRC",
		rewrites: [
			[FORMAT, "return (crc32OfUint32(ring) ^ mixed ^ (mixed >>> 16)) >>> 0;", "return 0;"],
		],
	},
	{
		name: "returns from an append before it is on flash",
		rewrites: [
			[
				RING_FLASH,
				"program(sector, offsetBytes, bytes) {",
				`program(sector, offsetBytes, bytes) {
					const late = this.late;
					this.late = { bytes: bytes.slice(), offset: sector * this.sectorBytes + offsetBytes };
					if (late !== undefined) this.#flash.write(late.bytes, late.offset);
					return true;`,
			],
		],
	},
	{
		name: "uses a sequence again after an overflow",
		rewrites: [
			[
				READER,
				"extent.oldestFirst = header?.firstSequence ?? extent.nextSequence;",
				"extent.oldestFirst = header?.firstSequence ?? extent.nextSequence; if (extent.oldestFirst > extent.cursor + 1) extent.nextSequence--;",
			],
		],
	},
	{
		name: "trusts a sector that looks erased",
		rewrites: [
			[
				WRITER,
				"(isErasedAhead || this.#flash.erase(sector))",
				"(isErasedAhead || this.#flash.read(sector, 0, this.#flash.sectorBytes).every((byte) => byte === 0xff) || this.#flash.erase(sector))",
			],
		],
	},
	{
		name: "does not read back what it programmed",
		rewrites: [
			[
				RING_FLASH,
				"return holdsBytes(this.fill(sector, offsetBytes, back), 0, bytes);",
				"return true;",
			],
		],
	},
	{
		name: "does not copy the last entry after an unclean boot",
		rewrites: [
			[
				RECOVERY,
				": { serial, firstSequence: end - 1, head: headBefore, copy: last, unproved };",
				": { serial, firstSequence: nextSequence, head, copy: undefined, unproved };",
			],
		],
	},
	{
		name: "keeps a cursor in memory only",
		rewrites: [
			[
				WRITER,
				"this.#storeFrame((index, seed) => encodeCursor({ cursor, epoch: extent.epoch }, index, seed));",
				"",
			],
		],
	},
];

/** Builds a mutant, lets `use` have it, and removes it. No rewrites: the journal as it is. */
export async function withMutant<Result>(
	rewrites: Mutant["rewrites"],
	use: (open: OpenJournal) => Result,
): Promise<Result> {
	const ofBuild = rewrites.map(([file, ...texts]) => [`src/${file}`, ...texts] as const);
	return withRewritten(ofBuild, async (load) => {
		const module = (await load(`src/${JOURNAL}`)) as { Journal: typeof Journal };
		return use((options) => module.Journal.open(options));
	});
}

/**
 * A journal through what one fault at a time does not show: partitions that change, keys that are lost,
 * two wrong bits with unclean boots and with notes, reads that fail, clusters of neighbours that refuse.
 * The oracle keeps what `append` and `acknowledge` returned, by epoch, and holds what docs/FORMAT.md, 3,
 * promises then: no number bears two contents, no entry is served that was not appended, an entry that is
 * not served any more is named or was acknowledged, no acknowledgement goes back, no epoch returns.
 */
import { SimulatedFlash } from "../../../sim/flash/flash.js";
import { equalBytes } from "../../../src/core/bytes.js";
import { StationError } from "../../../src/core/errors.js";
import {
	fraction,
	integerBelow,
	type RandomSource,
	SeededRandom,
	seedOf,
} from "../../../src/core/random.js";
import type { JournalGap } from "../../../src/firmware/journal/gap-tracker.js";
import type { Journal } from "../../../src/firmware/journal/journal.js";
import type { EntryDraft } from "../../../src/protocol/record/entry-layouts.js";
import { draftOf } from "./journal-trial.js";
import { nodeSha256, type OpenJournal, STATION, Violation } from "./journal-witness.js";

export const HARDSHIPS = [
	"geometry",
	"key",
	"corruption",
	"corruption-note",
	"read",
	"cluster",
] as const;
export type Hardship = (typeof HARDSHIPS)[number];

export interface HardshipResult {
	readonly powerCycles: number;
	readonly boots: number;
	readonly entries: number;
	readonly unproved: number;
	readonly violations: readonly string[];
}

const SECTORS = 16;
const SECTOR_BYTES = 512;
const STEPS = 60;
/** Readings that fill any sector. */
const SECTOR_FILL = 40;

/** What is known of one epoch. */
interface Known {
	readonly returned: Map<number, Uint8Array>;
	readonly named: Set<number>;
	/** Numbers of appends that threw. */
	readonly tried: Set<number>;
	cursor: number;
}

/** Lives of one part each, with hardships of the kinds given between runs of appends. */
export function runHardships(
	open: OpenJournal,
	seed: number,
	powerCycles: number,
	kinds: readonly Hardship[] = HARDSHIPS,
): HardshipResult {
	const violations: string[] = [];
	const sums = { boots: 0, entries: 0, unproved: 0 };
	for (let nth = 0; nth < powerCycles && violations.length < 10; nth++) {
		const cycle = new HardPowerCycle(open, new SeededRandom(seedOf(seed, `hard-${nth}`)), kinds);
		try {
			cycle.run();
		} catch (error) {
			const isOver = error instanceof StationError && error.code === "journal-full-of-bad-sectors";
			const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
			if (!isOver) violations.push(`${what} [seed ${seed}, life ${nth}, ${cycle.trace.join(" ")}]`);
		}
		sums.boots += cycle.boots;
		sums.entries += cycle.entries;
		sums.unproved += cycle.unproved;
	}
	return { powerCycles, ...sums, violations };
}

class HardPowerCycle {
	boots = 0;
	entries = 0;
	unproved = 0;
	readonly trace: string[] = [];
	readonly #open: OpenJournal;
	readonly #random: RandomSource;
	readonly #kinds: readonly Hardship[];
	readonly #epochs = new Map<number, Known>();
	#flash: SimulatedFlash;
	#key = 1;
	#journal: Journal;
	#number = 1;
	/** Where the last frame was programmed. */
	#lastProgram = 0;
	/** Corruption may take what nothing proves; a cluster or another key may not. */
	#isCorrupted = false;

	constructor(open: OpenJournal, random: RandomSource, kinds: readonly Hardship[]) {
		this.#open = open;
		this.#random = random;
		this.#kinds = kinds;
		this.#flash = new SimulatedFlash({ sectors: SECTORS, sectorBytes: SECTOR_BYTES, random });
		this.#journal = this.#boot();
	}

	run(): void {
		for (let step = 0; step < STEPS; step++) {
			const count = 1 + integerBelow(this.#random, fraction(this.#random) < 0.1 ? 300 : 30);
			for (let index = 0; index < count; index++) this.#append(draftOf(this.#number++, step));
			if (fraction(this.#random) < 0.5) this.#acknowledge();
			const kind = this.#kinds[integerBelow(this.#random, this.#kinds.length)] as Hardship;
			this.trace.push(kind);
			this.#suffer(kind);
			this.#check();
		}
	}

	#boot(retained?: Uint8Array): Journal {
		this.boots++;
		this.#watch();
		return this.#open({
			flash: this.#flash,
			station: STATION,
			sha256: nodeSha256,
			entropy: {
				fill: (bytes) => {
					for (let at = 0; at < bytes.length; at++) bytes[at] = integerBelow(this.#random, 256);
				},
			},
			publicKey: new Uint8Array(33).fill(this.#key),
			...(retained === undefined || retained.length === 0 ? {} : { retained }),
		});
	}

	#watch(): void {
		this.#flash.beforeOperation = (operation, offset) => {
			if (operation === "program") this.#lastProgram = offset;
		};
	}

	#suffer(kind: Hardship): void {
		const random = this.#random;
		switch (kind) {
			case "geometry": {
				const before = this.#flash;
				const blocks = before.sectors + integerBelow(random, 9);
				const offset = integerBelow(random, blocks - before.sectors + 1) * SECTOR_BYTES;
				const image = new Uint8Array(blocks * SECTOR_BYTES).fill(
					fraction(random) < 0.5 ? 0xff : 0x5a,
				);
				image.set(before.bytes, offset);
				this.#flash = new SimulatedFlash({
					sectors: blocks,
					sectorBytes: SECTOR_BYTES,
					random,
					image,
				});
				this.#journal = this.#boot();
				return;
			}
			case "key":
				if (fraction(random) < 0.2) this.#key++;
				this.#journal = this.#boot();
				return;
			case "corruption":
			case "corruption-note": {
				const note = kind === "corruption-note" ? this.#journal.save() : undefined;
				this.#isCorrupted = true;
				// The only entry of an epoch, which nothing proves: another epoch begins (FORMAT.md, 2.4).
				const known = this.#knownOf(this.#journal.epoch);
				if (note === undefined && this.#journal.nextSequence === 2) known.named.add(1);
				const sector = integerBelow(random, this.#flash.sectors);
				// A header or some frame of a sector: two bits, or three.
				const slot = fraction(random) < 0.4 ? 0 : 5 + integerBelow(random, SECTOR_BYTES / 16 - 5);
				const isLast = fraction(random) < 0.3;
				const slotAt = isLast ? this.#lastProgram : sector * SECTOR_BYTES + slot * 16;
				for (let bit = 0; bit < 2 + integerBelow(random, 2); bit++) {
					const at = slotAt + integerBelow(random, slot === 0 && !isLast ? 80 : 16);
					// A cell only loses its charge, and an erased slot is none that was written.
					if (this.#flash.bytes[at] !== 0xff) this.#flash.corrupt(at, integerBelow(random, 8));
				}
				this.#journal = this.#boot(note);
				return;
			}
			case "read": {
				let left = 1 + integerBelow(random, 3);
				this.#flash.beforeOperation = (operation, _offset, length) => {
					if (operation !== "read" || length > 160 || fraction(random) > 0.1 || left-- <= 0) return;
					throw new Error("read failed");
				};
				for (let index = 0; index < 30; index++) {
					const { nextSequence } = this.#journal;
					try {
						this.#append(draftOf(this.#number++, 99));
					} catch (error) {
						if (!(error instanceof StationError)) throw error;
						this.#knownOf(this.#journal.epoch).tried.add(nextSequence);
					}
				}
				this.#journal = this.#boot();
				return;
			}
			case "cluster": {
				// Up to four after the newest refuse for a while; some are zeroed.
				const first = integerBelow(random, this.#flash.sectors);
				for (let index = 0; index < 1 + integerBelow(random, 3); index++) {
					const sector = (first + index) % this.#flash.sectors;
					const failure = (["loud", "silent", "half-erased"] as const)[integerBelow(random, 3)];
					if (fraction(random) < 0.2)
						this.#flash.failSector(sector, failure ?? "loud", integerBelow(random, 3));
				}
				this.#journal = this.#boot();
				return;
			}
		}
	}

	#append(draft: EntryDraft): void {
		const { sequence, canonicalBytes } = this.#journal.append(draft);
		const known = this.#knownOf(this.#journal.epoch);
		const before = known.returned.get(sequence);
		if (before !== undefined) throw new Violation(`${sequence} was given again`);
		if (known.named.has(sequence)) throw new Violation(`${sequence} was named as lost, and given`);
		known.returned.set(sequence, canonicalBytes);
		this.entries++;
	}

	#acknowledge(): void {
		const journal = this.#journal;
		const last = journal.nextSequence - 1;
		if (last < 1) return;
		const cursor = last - integerBelow(this.#random, Math.min(last, 20));
		journal.acknowledge(cursor);
		const known = this.#knownOf(journal.epoch);
		known.cursor = Math.max(known.cursor, cursor);
		for (const former of journal.formers) {
			if (fraction(this.#random) < 0.5) continue;
			const { epoch } = former;
			const to = former.cursor + integerBelow(this.#random, former.nextSequence - former.cursor);
			former.acknowledge(to);
			this.#knownOf(epoch).cursor = Math.max(this.#knownOf(epoch).cursor, to);
		}
	}

	#check(): void {
		const journal = this.#journal;
		// Corruption is named once the next sector is begun.
		for (let index = 0; index < SECTOR_FILL; index++) this.#append(draftOf(this.#number++, 98));
		const sources = [journal, ...journal.formers];
		const seen = new Map<number, Set<number>>();
		for (const source of sources) {
			const known = this.#knownOf(source.epoch);
			const here = new Set<number>();
			seen.set(source.epoch, here);
			source.read(1, 0xffffffff, (sequence, canonicalBytes) => {
				const returned = known.returned.get(sequence);
				// An append that threw is there whole or not at all.
				if (returned === undefined && known.tried.has(sequence)) {
					known.returned.set(sequence, canonicalBytes.slice());
					return;
				}
				if (returned === undefined || !equalBytes(returned, canonicalBytes)) {
					throw new Violation(`${source.epoch}/${sequence} is served and was not appended so`);
				}
				here.add(sequence);
			});
			// Two wrong bits may take a cursor frame, which costs sending again and nothing else.
			if (!this.#isCorrupted && source.cursor < known.cursor) {
				throw new Violation(`the cursor went back from ${known.cursor} to ${source.cursor}`);
			}
		}
		this.#nameAll();
		let gone = this.#unnamed(seen);
		if (gone !== undefined && this.#epochs.size > 1) {
			// After a wake a former epoch's overflow is named anew only once the last name is acknowledged.
			const last = journal.nextSequence - 1;
			journal.acknowledge(last);
			const known = this.#knownOf(journal.epoch);
			known.cursor = Math.max(known.cursor, last);
			this.#nameAll();
			gone = this.#unnamed(seen);
		}
		if (gone !== undefined) throw new Violation(`${gone} is gone and nobody names it`);
	}

	/** What the station does: it names all it is told of, until nothing is left. */
	#nameAll(): void {
		const journal = this.#journal;
		for (let turn = 0; turn < 40; turn++) {
			const gaps = journal.gaps;
			if (gaps.length === 0) break;
			for (const gap of gaps) this.#name(gap);
			for (const source of [journal, ...journal.formers]) source.read(1, 0xffffffff, () => {});
		}
	}

	/** The first returned entry that is neither served nor acknowledged nor named. */
	#unnamed(seen: ReadonlyMap<number, ReadonlySet<number>>): string | undefined {
		const journal = this.#journal;
		const present = new Set([journal, ...journal.formers].map(({ epoch }) => epoch));
		for (const [epoch, known] of this.#epochs) {
			if (present.has(epoch)) continue;
			// An epoch that is not offered any more must have been delivered or named to its end.
			for (const sequence of known.returned.keys()) {
				if (sequence <= known.cursor || known.named.has(sequence)) continue;
				return `${epoch}/${sequence}`;
			}
		}
		for (const source of [journal, ...journal.formers]) {
			const known = this.#knownOf(source.epoch);
			for (const sequence of known.returned.keys()) {
				if (sequence <= Math.max(source.cursor, known.cursor)) continue;
				if (seen.get(source.epoch)?.has(sequence) || known.named.has(sequence)) continue;
				if (sequence >= source.firstSequenceHeld && sequence < source.nextSequence) {
					// Entries appended here are served: only what was there before is asked.
					if (source === journal && !seen.get(source.epoch)?.has(sequence)) {
						let isServed = false;
						source.read(sequence, 1, () => {
							isServed = true;
						});
						if (isServed) continue;
					}
				}
				return `${source.epoch}/${sequence}`;
			}
		}
		return undefined;
	}

	#name(gap: JournalGap): void {
		const { kind: _, fields: __, ...header } = draftOf(1, 0) as EntryDraft & { fields: unknown };
		const known = this.#knownOf(gap.lostEpoch === 0 ? this.#journal.epoch : gap.lostEpoch);
		for (let sequence = gap.from; sequence <= gap.to; sequence++) known.named.add(sequence);
		if (gap.reason === 3) this.unproved += gap.to - gap.from + 1;
		this.#append({ ...header, channelSet: 0, kind: "gap", ...gap } as EntryDraft);
	}

	#knownOf(epoch: number): Known {
		const known: Known = this.#epochs.get(epoch) ?? {
			returned: new Map<number, Uint8Array>(),
			named: new Set<number>(),
			tried: new Set<number>(),
			cursor: 0,
		};
		this.#epochs.set(epoch, known);
		return known;
	}
}

/**
 * Keeps the cache of station-days as the record and the operator's documents say: the job that derives, so that no
 * request of a reader ever does. What follows what is there costs the new readings and the neighbours that their tests
 * look at; what comes late, dates or calibrates derives the station anew. docs/PUBLISHING.md, section 2.
 */
import { DERIVATION_VERSION } from "../../protocol/audit/published-values.js";
import { RecordKnowledge } from "../../protocol/audit/record-knowledge.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import type { Entry } from "../../protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../protocol/record/events.js";
import { type CacheIndex, DAY_CACHE_FORMAT, type DayCache, DayGone } from "./day-cache.js";
import {
	compareDays,
	DAYS_MAX,
	DaysInMaking,
	dayEntryOf,
	dayKeyOf,
	TooMuch,
	tooManyDays,
} from "./days-in-making.js";
import { type DatedRow, derive, type StationDocuments } from "./derivation.js";
import { neighboursOf } from "./neighbours.js";
import {
	PAGE_ROWS,
	type PackedEntries,
	type Position,
	type PublishedEnvelope,
	type RecordFacts,
	type RecordReader,
	unpacked,
} from "./record-reader.js";
import { DAY_FORMAT, type DayRow, encodeDay, inOrder, type Mark } from "./station-day.js";

export interface SealerOptions {
	readonly reader: RecordReader;
	readonly cache: DayCache;
	readonly documentsOf: (station: string) => StationDocuments;
	/** Told of each station whose days are other ones now; `fromSeconds`: from the earliest day that changed. */
	readonly onSealed?: (station: string) => void;
	/** Told once of a station whose record is more than is published; its days stay as they are. */
	readonly onTooMuch?: (station: string, why: string) => void;
	/** Gives others a turn. */
	readonly rest?: () => Promise<void>;
}

/** How a station's cache was brought up to date. */
export type Sealing = "unchanged" | "appended" | "anew";

/** Stations of which what their record says is kept in memory: some kilobytes each. */
const KNOWN_MAX = 5000;
/** Entries that may have been measured before what is written before them: rows are derived again from so far back. */
const DISORDER = 64;
/**
 * All entries of a station that is derived anew are in memory, 100 bytes each: 28 years of readings at five minutes. Its key in
 * wrong hands would have them in a fortnight.
 */
const ENTRIES_MAX = 3_000_000;
/** Their envelopes, too: 19 years of one each ten minutes. */
const BATCHES_MAX = 1_000_000;
/** An honest record has some; each is asked for with every batch. */
const RANGES_MAX = 50_000;
const START: Position = Object.freeze({ epoch: -1, sequence: 0 });
const BATCH_START = Object.freeze({ epoch: -1, first: 0, last: 0, hash: new Uint8Array(0) });

interface Derived {
	readonly rows: DatedRow[];
	readonly marks: Mark[];
}

interface Known {
	readonly knowledge: RecordKnowledge;
	/** Up to this entry. */
	readonly last: Position;
	readonly basis: string;
}

export class Sealer {
	readonly #options: SealerOptions;
	readonly #known = new Map<string, Known>();
	readonly #tooMuch = new Set<string>();
	readonly #rest: () => Promise<void>;

	constructor(options: SealerOptions) {
		this.#options = options;
		this.#rest = options.rest ?? (() => new Promise((resolve) => setImmediate(resolve)));
	}

	/** Brings a station's cache up to date. */
	async seal(station: string): Promise<Sealing> {
		const { documentsOf, onTooMuch } = this.#options;
		const documents = documentsOf(station);
		const basis = basisOf(documents);
		// A record only grows.
		if (this.#tooMuch.has(station)) return "unchanged";
		try {
			return await this.#seal(station, documents, basis);
		} catch (error) {
			if (!(error instanceof TooMuch)) throw error;
			this.#tooMuch.add(station);
			onTooMuch?.(station, error.message);
			return "unchanged";
		}
	}

	async #seal(station: string, documents: StationDocuments, basis: string): Promise<Sealing> {
		const { reader, cache, onSealed } = this.#options;
		const facts = await reader.facts(station);
		requireBearable(facts);
		const index = cache.isDamaged(station) ? undefined : cache.index(station);
		if (index?.basis === basis && index.facts.batchCount === facts.batchCount) {
			// Keys, floors and evidence change without a batch of entries.
			if (JSON.stringify(index.facts) === JSON.stringify(facts)) return "unchanged";
			cache.writeIndex(station, { ...index, facts });
			onSealed?.(station);
			return "unchanged";
		}
		const isAppended =
			index?.basis === basis && (await this.#append(station, { facts, index, documents, basis }));
		if (!isAppended) await this.#makeAnew(station, facts, documents, basis);
		onSealed?.(station);
		return isAppended ? "appended" : "anew";
	}

	/** Of a station that is no more on offer to anybody. */
	forget(station: string): void {
		this.#known.delete(station);
	}

	async #makeAnew(
		station: string,
		facts: RecordFacts,
		documents: StationDocuments,
		basis: string,
	): Promise<void> {
		const { cache } = this.#options;
		// Before the entries: what comes between the two is then one batch more than these, and is looked at next.
		const envelopes = await this.#envelopesAfter(station, BATCH_START);
		const pages: PackedEntries[] = [];
		let last = START;
		for (;;) {
			const page = await this.#options.reader.entries(station, last);
			if (page.ends.length > 0) {
				pages.push(page);
				last = lastOf(page);
			}
			if (pages.length > ENTRIES_MAX / PAGE_ROWS)
				throw new TooMuch(`it has more than ${ENTRIES_MAX} entries`);
			await this.#rest();
			if (page.ends.length < PAGE_ROWS) break;
		}
		const knowledge = new RecordKnowledge(documents.policies);
		for (const page of pages) {
			for (const canonicalBytes of unpacked(page)) knowledge.observe(decodeEntry(canonicalBytes));
			await this.#rest();
		}
		const making = new DaysInMaking(this.#rest);
		await derive({
			...{ station, documents, knowledge, pages },
			onRow: (row) => making.addRow(row),
			onMark: (mark) => making.addMark(mark),
			rest: async () => {
				await making.relieve();
				await this.#rest();
			},
		});
		const whole = { ...facts, batchCount: envelopes.length };
		const days = await making.write(cache, station);
		// At one stroke: a reader sees what was there before, or all of this.
		const envelopeBytes = cache.addEnvelopes(station, 0, envelopes);
		cache.writeIndex(station, {
			format: DAY_CACHE_FORMAT,
			basis,
			envelopeBytes,
			facts: whole,
			last: last === START ? null : last,
			days,
		});
		cache.repaired(station);
		this.#remember(station, { knowledge, last, basis });
	}

	/** True where all that is new follows what was there, and nothing of it says anything of what was there. */
	async #append(
		station: string,
		given: {
			readonly facts: RecordFacts;
			readonly index: CacheIndex;
			readonly documents: StationDocuments;
			readonly basis: string;
		},
	): Promise<boolean> {
		const { index, documents, basis } = given;
		const { reader, cache } = this.#options;
		let { facts } = given;
		const { last } = index;
		const known = this.#known.get(station);
		if (last === null || known?.basis !== basis) return false;
		if (known.last.epoch !== last.epoch || known.last.sequence !== last.sequence) return false;
		const newer = await this.#envelopesAfter(station, {
			epoch: last.epoch,
			first: last.sequence,
			last: Number.MAX_SAFE_INTEGER,
			hash: new Uint8Array(0),
		});
		// More came between the two questions.
		if (index.facts.batchCount + newer.length > facts.batchCount)
			facts = await reader.facts(station);
		if (index.facts.batchCount + newer.length !== facts.batchCount) return false;
		if (!isContinued(last, newer)) return false;
		const back = neighboursOf(documents.policies);
		const from = { epoch: last.epoch, sequence: Math.max(last.sequence - back.sequences, 0) };
		// The last of them may lie within another.
		const until = Math.max(last.sequence, ...newer.map((envelope) => envelope.last));
		const pages = await this.#entriesUpTo(station, from, until);
		const keptAfter = { epoch: last.epoch, sequence: Math.max(last.sequence - DISORDER, 0) };
		const entries = pages.flatMap((page) => [...unpacked(page)].map((each) => decodeEntry(each)));
		const added = entries.filter(({ sequence }) => sequence > last.sequence);
		if (added.some(changesOthers)) return false;
		const isWhole = from.sequence === 0 && facts.floors.length === 1;
		if (!isWhole && !back.suffices(entries, keptAfter.sequence, known.knowledge)) return false;
		// Until all is written: what is observed cannot be taken back.
		this.#known.delete(station);
		for (const entry of added) known.knowledge.observe(entry);
		const { knowledge } = known;
		const derived: Derived = { rows: [], marks: [] };
		await derive({
			...{ station, documents, knowledge, pages, keptAfter },
			onRow: (row) => derived.rows.push(row),
			onMark: (mark) => derived.marks.push(mark),
			rest: this.#rest,
		});
		const days = await this.#write(station, index, derived, keptAfter);
		if (days === undefined) return false;
		const envelopeBytes = cache.addEnvelopes(station, index.envelopeBytes, newer);
		const end = added.at(-1);
		const nowLast = end === undefined ? last : { epoch: end.epoch, sequence: end.sequence };
		cache.writeIndex(station, { ...index, facts, envelopeBytes, last: nowLast, days });
		this.#remember(station, { knowledge, last: nowLast, basis });
		return true;
	}

	async #entriesUpTo(station: string, from: Position, until: number): Promise<PackedEntries[]> {
		const pages: PackedEntries[] = [];
		let at = from;
		for (;;) {
			const page = await this.#options.reader.entries(station, at);
			const kept = [...unpacked(page)].filter((canonicalBytes) => {
				const { epoch, sequence } = decodeEntry(canonicalBytes);
				return epoch === from.epoch && sequence <= until;
			});
			let end = 0;
			pages.push({
				bytes: Buffer.concat(kept),
				ends: kept.map((canonicalBytes) => {
					end += canonicalBytes.length;
					return end;
				}),
			});
			if (kept.length < PAGE_ROWS) return pages;
			at = lastOf(page);
			await this.#rest();
		}
	}

	async #envelopesAfter(
		station: string,
		start: Parameters<RecordReader["batches"]>[1],
	): Promise<PublishedEnvelope[]> {
		const envelopes: PublishedEnvelope[] = [];
		let after = start;
		for (;;) {
			const page = await this.#options.reader.batches(station, after);
			envelopes.push(...page);
			const end = page.at(-1);
			if (end === undefined || page.length < PAGE_ROWS) return envelopes;
			after = end;
			await this.#rest();
		}
	}

	/** Writes the days that `derived` changes; the whole table of days. Undefined where the cache is damaged. */
	async #write(
		station: string,
		before: CacheIndex,
		derived: Derived,
		keptAfter: Position,
	): Promise<CacheIndex["days"] | undefined> {
		const { cache } = this.#options;
		const days = new Map(Object.entries(before.days));
		const changed = new Map<string, { rows: DayRow[]; marks: Mark[] }>();
		const changedDay = (day: string) => {
			const known = changed.get(day);
			if (known !== undefined) return known;
			const made: { rows: DayRow[]; marks: Mark[] } = { rows: [], marks: [] };
			changed.set(day, made);
			const held = heldDay(cache, station, before, day);
			if (held === "gone") return undefined;
			if (held === undefined) return made;
			made.rows.push(...held.rows().filter((row) => !isAfter(row, keptAfter)));
			made.marks.push(...held.marks.filter((mark) => !isAfter(mark, keptAfter)));
			return made;
		};
		for (const [day, { spans }] of days) {
			const span = spans[keptAfter.epoch];
			if (span !== undefined && span[1] > keptAfter.sequence) {
				if (changedDay(day) === undefined) return undefined;
			}
		}
		for (const row of derived.rows) {
			const day = changedDay(dayKeyOf(row.seconds));
			if (day === undefined) return undefined;
			day.rows.push(row);
		}
		for (const mark of derived.marks) {
			const day = changedDay(dayKeyOf(mark.seconds));
			if (day === undefined) return undefined;
			day.marks.push(mark);
		}
		if (new Set([...days.keys(), ...changed.keys()]).size > DAYS_MAX) throw tooManyDays();
		let count = 0;
		for (const [day, { rows, marks }] of changed) {
			if (rows.length + marks.length === 0) {
				days.delete(day);
				continue;
			}
			inOrder(rows);
			inOrder(marks);
			const bytes = encodeDay(rows, marks);
			const entry = dayEntryOf(bytes, rows, marks);
			cache.writeDay(station, day, entry, bytes);
			days.set(day, entry);
			if (++count % 4 === 0) await this.#rest();
		}
		return Object.fromEntries([...days].sort(([a], [b]) => compareDays(a, b)));
	}

	#remember(station: string, known: Known): void {
		this.#known.delete(station);
		this.#known.set(station, known);
		if (this.#known.size <= KNOWN_MAX) return;
		for (const oldest of this.#known.keys()) {
			this.#known.delete(oldest);
			break;
		}
	}
}

/** Throws TooMuch. */
function requireBearable({ batchCount, coverage, gaps }: RecordFacts): void {
	if (batchCount > BATCHES_MAX) throw new TooMuch(`it has more than ${BATCHES_MAX} batches`);
	if (coverage.length + gaps.length > RANGES_MAX)
		throw new TooMuch(`its record is in more than ${RANGES_MAX} pieces`);
}

function heldDay(cache: DayCache, station: string, index: CacheIndex, day: string) {
	try {
		return cache.day(station, index, day);
	} catch (error) {
		if (error instanceof DayGone) return "gone";
		throw error;
	}
}

/** What the days of a station rest on, besides its record. */
export function basisOf({ policies, corrections, approvals }: StationDocuments): string {
	const documents = [...policies, corrections, approvals].map((each) => each?.name ?? "none");
	return [DERIVATION_VERSION, DAY_FORMAT, ...documents].join(" ");
}

/** Kinds that may give entries before them another time or another value. */
function changesOthers(entry: Entry): boolean {
	if (entry.kind === "event") return entry.code === EVENT_CODES["time-refused"];
	return entry.kind === "time" || entry.kind === "calibration" || entry.kind === "configuration";
}

/** Whether envelopes carry on from a place in its epoch without a hole and without an overlap with it. */
function isContinued(last: Position, envelopes: readonly PublishedEnvelope[]): boolean {
	let end = last.sequence;
	for (const { epoch, first, last: lastSequence } of envelopes) {
		if (epoch !== last.epoch || first > end + 1 || first <= last.sequence) return false;
		end = Math.max(end, lastSequence);
	}
	return true;
}

function isAfter(item: Position, position: Position): boolean {
	return item.epoch === position.epoch && item.sequence > position.sequence;
}

function lastOf(page: PackedEntries): Position {
	const canonicalBytes = [...unpacked(page)].at(-1);
	if (canonicalBytes === undefined) return START;
	const { epoch, sequence } = decodeEntry(canonicalBytes);
	return { epoch, sequence };
}

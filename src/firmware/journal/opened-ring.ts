/**
 * The ring of a journal as it is found: by the retained note where flash bears it out, else by recovery, and formatted
 * where no append can ever have returned. Holds what the journal then works on.
 */
import { equalBytes } from "../../core/bytes.js";
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { KEY_MARK_BYTES, type SectorHeader } from "../../protocol/flash/journal-format.js";
import type { FormerMark } from "../../protocol/flash/journal-image.js";
import { chainStart, HEAD_BYTES } from "../../protocol/record/chain.js";
import { EPOCH_REASONS } from "../../protocol/record/entry-layouts.js";
import type { Sha256 } from "../ports.js";
import { drawIdentity, formatRing } from "./formatting.js";
import { UNPROVED_REASON } from "./gap-tracker.js";
import { HeldEpoch } from "./held-epoch.js";
import { decodeCheckpoint, type JournalCheckpoint } from "./journal-checkpoint.js";
import type { EpochOrigin, JournalOptions } from "./journal-types.js";
import { LogExtent } from "./log-extent.js";
import { type HeaderOf, ringHeader } from "./log-reader.js";
import { LogWriter } from "./log-writer.js";
import { formersOf, type ProvedEnd, recoverLog } from "./recovery.js";
import { resumeFrom } from "./resumption.js";
import { RingFlash } from "./ring-flash.js";
import { type RingState, searchRing } from "./ring-search.js";

const FIRST_ORIGIN: EpochOrigin = Object.freeze({
	reason: EPOCH_REASONS.indexOf("first"),
	previousEpoch: 0,
	previousSequence: 0,
	previousHead: new Uint8Array(32),
});

const REPLACED = EPOCH_REASONS.indexOf("replaced");

export class OpenedRing {
	readonly flash: RingFlash;
	readonly sha256: Sha256;
	readonly present: HeldEpoch;
	former: HeldEpoch[] = [];
	predecessor: HeldEpoch | undefined;
	/** After a wake: former epochs are looked for when they are asked for. */
	newestWithFormers: SectorHeader | undefined;
	readonly writer: LogWriter;
	wasFormatted = false;
	origin: EpochOrigin;
	refusal: StationErrorCode | undefined;
	formerGapAt = 0;
	recoveryNote: string | undefined;
	correctedBits = 0;
	skippedFrames = 0;

	/** Throws as `Journal.open`. */
	constructor(options: JournalOptions) {
		const { station, sha256, publicKey, predecessor } = options;
		this.origin = predecessor === undefined ? FIRST_ORIGIN : { reason: REPLACED, ...predecessor };
		this.flash = new RingFlash(options.flash);
		this.sha256 = sha256;
		this.present = new HeldEpoch(this.flash, new LogExtent(), sha256, false);
		const keyMark = sha256(publicKey).slice(0, KEY_MARK_BYTES);
		this.writer = new LogWriter(
			this.flash,
			this.present.extent,
			{
				formers: () => this.formers().map(({ extent }) => extent),
				readers: () => [...this.formers(), this.present].map(({ reader }) => reader),
			},
			station,
			sha256,
		);
		const note = options.retained === undefined ? undefined : decodeCheckpoint(options.retained);
		if (note !== undefined && this.#resume(note, station, keyMark)) return;
		const state = searchRing(this.flash);
		this.refusal = this.flash.refusal;
		if (state.kind === "used") this.#recover(state, keyMark, options, note);
		else this.#begin(state, keyMark, options, note);
		// What was acknowledged to a ring that cannot be written is in the note alone.
		if (note !== undefined && this.refusal !== undefined) {
			for (const { extent } of [this.present, ...this.former]) {
				if (extent.epoch === note.epoch) extent.cursor = Math.max(extent.cursor, note.cursor);
			}
			this.former = this.former.filter(({ isDone }) => !isDone);
		}
	}

	/** Continues where the note says, if flash bears it out. */
	#resume(note: JournalCheckpoint, station: string, keyMark: Uint8Array): boolean {
		const found = resumeFrom(note, this.flash, station);
		if (found === undefined || !equalBytes(found.header.keyMark, keyMark)) return false;
		this.writer.resume(note, found);
		const { extent, losses } = this.present;
		extent.ring = note.ring;
		extent.epoch = note.epoch;
		extent.keyMark = keyMark;
		extent.serial = note.serial;
		extent.nextSequence = note.nextSequence;
		extent.head = note.head;
		extent.cursor = note.cursor;
		extent.oldestSerial = note.oldestSerial;
		extent.oldestFirst = note.oldestFirst;
		losses.deliveredTo = note.gapsDeliveredTo;
		this.formerGapAt = note.formerGapAt;
		if (found.header.formers > 0) this.newestWithFormers = found.header;
		return true;
	}

	#recover(
		state: RingState & { kind: "used" },
		keyMark: Uint8Array,
		options: JournalOptions,
		note: JournalCheckpoint | undefined,
	): void {
		const { newest, oldest } = state;
		if (newest.station !== options.station) throw foreignStation(newest.station);
		const log = recoverLog(this.flash, state, options.sha256, provedBy(note, newest.ring));
		if (log.isUnbegun) {
			this.#beginBehind(newest, keyMark, options);
			return;
		}
		const isSameKey = equalBytes(log.header.keyMark, keyMark);
		const { extent } = isSameKey
			? this.present
			: new HeldEpoch(this.flash, new LogExtent(), this.sha256, true);
		extent.ring = newest.ring;
		extent.epoch = log.header.epoch;
		extent.keyMark = log.header.keyMark;
		extent.serial = log.header.serial;
		extent.nextSequence = log.nextSequence;
		extent.head = log.head;
		extent.cursor = log.cursor;
		extent.oldestSerial = oldest.serial;
		extent.oldestFirst = oldest.firstSequence;
		const held = isSameKey ? this.present : this.#replaceKey(extent, keyMark, options);
		const { headerOf } = state;
		this.#holdFormers(log.formers, newest, oldest, headerOf);
		if (!isSameKey) {
			this.former.push(held);
			this.predecessor = held;
		}
		// The first append erases the next sector; a cut may have begun to. What it holds is given
		// up now, so that nothing is offered that may be half erased.
		const erasedNext = this.refusal === undefined ? log.sectorSwitch.serial - this.flash.count : -1;
		const first = Math.max(oldest.serial, erasedNext + 1);
		for (const each of [...this.former, this.present]) this.#keepTo(each, first, headerOf);
		this.writer.switchFirst(log.sectorSwitch);
		if (log.sectorSwitch.unproved > 0) {
			const from = log.nextSequence - log.sectorSwitch.unproved;
			held.losses.note(from, log.nextSequence - 1, UNPROVED_REASON, log.head);
		}
		if (erasedNext >= 0 && headerOf(erasedNext) === undefined) this.#dropHalfErased(headerOf);
		this.correctedBits = log.correctedBits;
		this.skippedFrames = log.skippedSlots;
		this.recoveryNote = isSameKey ? log.note : "another key: a new epoch";
		this.former = this.former.filter(({ isDone }) => !isDone);
		// Nothing was ever appended: a sector was begun, and that is all.
		this.wasFormatted = this.present.extent.nextSequence === 1;
	}

	/** No entry of the only epoch can be read, and one may have been: another epoch begins after it. */
	#beginBehind(newest: SectorHeader, keyMark: Uint8Array, options: JournalOptions): void {
		const { publicKey, sha256, station, entropy } = options;
		const { extent } = this.present;
		const { previousHead } = this.origin;
		const epoch = drawIdentity(entropy);
		extent.ring = newest.ring;
		extent.epoch = epoch;
		extent.keyMark = keyMark;
		extent.serial = newest.serial;
		extent.oldestSerial = newest.serial + 1;
		extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
		this.wasFormatted = true;
		this.writer.beginEpoch(extent);
	}

	/** The log as it is becomes a former epoch, and a new one is drawn that names it. */
	#replaceKey(before: LogExtent, keyMark: Uint8Array, options: JournalOptions): HeldEpoch {
		const { publicKey, sha256, station } = options;
		const { extent } = this.present;
		extent.ring = before.ring;
		extent.epoch = drawIdentity(options.entropy);
		extent.keyMark = keyMark;
		extent.serial = before.serial;
		extent.oldestSerial = before.serial + 1;
		this.origin = {
			reason: EPOCH_REASONS.indexOf("other-key"),
			previousEpoch: before.epoch,
			previousSequence: before.nextSequence - 1,
			previousHead: before.head,
		};
		const { epoch } = extent;
		const { previousHead } = this.origin;
		extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
		this.writer.continueIn(before);
		this.writer.beginEpoch(extent);
		return new HeldEpoch(this.flash, before, sha256, true);
	}

	/** Former epochs that the newest sectors name, as far as something of them waits. */
	#holdFormers(
		marks: ReadonlyMap<number, FormerMark>,
		newest: SectorHeader,
		oldest: SectorHeader,
		headerOf: HeaderOf,
	): void {
		for (const [epoch, { last, cursor }] of marks) {
			if (cursor >= last) continue;
			const extent = new LogExtent();
			extent.ring = newest.ring;
			extent.epoch = epoch;
			extent.cursor = cursor;
			extent.nextSequence = last + 1;
			extent.serial = newest.serial;
			extent.oldestSerial = oldest.serial;
			this.former.push(new HeldEpoch(this.flash, extent, this.sha256, true));
		}
		for (const held of this.former) this.#keepTo(held, oldest.serial, headerOf);
		this.former.sort((a, b) => a.extent.serial - b.extent.serial);
	}

	/** Finds the first and the last sector of an epoch from the serial `first` on. */
	#keepTo({ extent, reader }: HeldEpoch, first: number, headerOf: HeaderOf): void {
		const newest = extent.serial;
		extent.oldestSerial = newest + 1;
		extent.oldestFirst = extent.nextSequence;
		if (this.former.length === 0) {
			extent.oldestSerial = first;
			reader.keepFrom(first, headerOf);
			return;
		}
		let last: number | undefined;
		for (let serial = first; serial <= newest; serial++) {
			const header = reader.headerOf(serial, headerOf);
			if (header === undefined) continue;
			if (last === undefined) {
				extent.oldestSerial = serial;
				extent.oldestFirst = header.firstSequence;
			}
			last = serial;
		}
		if (extent !== this.present.extent) extent.serial = last ?? first - 1;
	}

	/** Looked for once they are asked for, after a wake. */
	formers(): readonly HeldEpoch[] {
		const newest = this.newestWithFormers;
		if (newest !== undefined) {
			this.newestWithFormers = undefined;
			const first = Math.max(this.present.extent.serial - this.flash.count + 1, 0);
			const headerOf: HeaderOf = (serial) => ringHeader(this.flash, newest.ring, serial);
			const oldest = { ...newest, serial: first };
			const marks = formersOf(this.flash, newest, oldest, headerOf);
			this.#holdFormers(marks, newest, oldest, headerOf);
		}
		return this.former;
	}

	/**
	 * Where the sector to be erased next is none of the log's (it refuses, or was erased ahead), an
	 * erase may have gone on to the oldest, and been cut there: if that is not whole, it is given up.
	 */
	#dropHalfErased(headerOf: HeaderOf): void {
		const held = this.former[0] ?? this.present;
		const { extent, reader, losses } = held;
		const { oldestSerial, serial } = extent;
		const oldest = oldestSerial < serial ? reader.headerOf(oldestSerial, headerOf) : undefined;
		if (oldest === undefined) return;
		const sector = reader.located(oldest, headerOf);
		const known = losses.save();
		let readable = 0;
		reader.walk(sector, () => {
			readable++;
			return true;
		});
		const unproved = oldest.isCopying ? oldest.unproved : 0;
		if (readable < sector.end - oldest.firstSequence - unproved) {
			reader.dropBelow(oldestSerial + 1, headerOf);
		}
		losses.restore(known);
	}

	/** Nothing was ever appended, or all headers below the unwritten ones are lost. */
	#begin(
		state: RingState & { kind: "blank" | "unwritten" },
		keyMark: Uint8Array,
		options: JournalOptions,
		note: JournalCheckpoint | undefined,
	): void {
		const { station, publicKey, sha256 } = options;
		const { extent } = this.present;
		const { previousHead } = this.origin;
		const lost = state.kind === "unwritten" ? lostBelow(state, note) : 0;
		if (state.kind === "unwritten" && lost > 0 && state.header.station !== station) {
			throw foreignStation(state.header.station);
		}
		const isKept =
			state.kind === "unwritten" &&
			equalBytes(state.header.keyMark, keyMark) &&
			state.header.station === station &&
			(lost > 0 || state.lowest === 0);
		if (isKept) {
			extent.ring = state.header.ring;
			extent.epoch = state.header.epoch;
		} else {
			// Whatever is or was here: what begins anew has another ring and another epoch.
			extent.ring = drawIdentity(options.entropy);
			extent.epoch = drawIdentity(options.entropy);
		}
		const { ring, epoch } = extent;
		extent.keyMark = keyMark;
		extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
		this.wasFormatted = true;
		if (state.kind === "unwritten" && lost > 0) {
			if (!isKept) extent.ring = state.header.ring;
			this.#goOnBehind(lost, state.lowest, isKept ? undefined : state.header, options);
		} else if (!isKept && this.refusal === undefined) {
			this.writer.failedPrograms += formatRing(this.flash, { ring, epoch, keyMark }, station);
			this.recoveryNote = "formatted";
		}
	}

	/** The headers of the first sectors are lost with `lost` entries: their numbers are passed over. */
	#goOnBehind(
		lost: number,
		serial: number,
		other: SectorHeader | undefined,
		{ sha256, publicKey, station }: JournalOptions,
	): void {
		const { extent } = this.present;
		this.recoveryNote = `headers are lost with ${lost} entries`;
		extent.serial = serial - 1;
		extent.oldestSerial = serial;
		if (other !== undefined) {
			// Under another key: nothing can be said of their chain.
			const previousHead = new Uint8Array(HEAD_BYTES);
			const reason = EPOCH_REASONS.indexOf("other-key");
			const previous = { previousEpoch: other.epoch, previousSequence: lost, previousHead };
			this.origin = { reason, ...previous };
			const { epoch } = extent;
			extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
			this.writer.beginEpoch(extent);
			return;
		}
		extent.nextSequence = lost + 1;
		extent.oldestFirst = lost + 1;
		extent.head = sha256(extent.head);
		this.wasFormatted = false;
		this.writer.switchFirst({
			serial,
			firstSequence: lost + 1,
			head: extent.head,
			copy: undefined,
			unproved: 0,
		});
	}
}

/** A note that flash does not bear out proves all the same which numbers were given. */
function provedBy(note: JournalCheckpoint | undefined, ring: number): ProvedEnd | undefined {
	return note?.ring === ring ? note : undefined;
}

/** Entries below the lowest header that can be read: whose frames check, or that a note counts. */
function lostBelow(
	{ header, lost }: RingState & { kind: "unwritten" },
	note: JournalCheckpoint | undefined,
): number {
	const proved = provedBy(note, header.ring);
	return proved?.epoch === header.epoch ? Math.max(lost, proved.nextSequence - 1) : lost;
}

function foreignStation(station: string): StationError {
	return new StationError(
		"journal-foreign-version",
		`the journal is of station ${station}: erase the partition to reuse it`,
	);
}

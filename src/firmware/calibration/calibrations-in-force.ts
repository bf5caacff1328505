/**
 * Which calibrations are in force, and what an interrupted one comes to: the closing entry in the record is what makes a new
 * one so, and whatever is cut off before it is taken back. Until a circuit's export is the old or the committed one, its
 * readings are withheld. docs/FORMAT.md, section 6.
 */
import { equalBytes } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { textPiecesOf } from "../../protocol/calibration/parts.js";
import { CHANNELS, type ChannelName } from "../../protocol/record/channels.js";
import {
	CALIBRATION_ACTS,
	type CalibrationBody,
	type EntryBody,
} from "../../protocol/record/entry-layouts.js";
import { ProbeSession } from "../measure/probe-session.js";
import type { Board } from "../ports.js";
import {
	CalibrationStore,
	type ChannelCalibration,
	DIGEST_BYTES,
	type PendingCalibration,
	type StoredCalibrations,
} from "./calibration-store.js";
import { exportOf, exportOnce, importInto } from "./circuit-talk.js";
import { indexOf, type ProbePlace, procedureOf, withProbes } from "./probe-work.js";
import { type Coefficients, PROCEDURES } from "./procedures.js";
import { closingOf, lastIdInRecord, type WatchedJournal } from "./recorded-calibrations.js";

export interface InForceOptions extends ProbePlace {
	readonly board: ProbePlace["board"] & Pick<Board, "settings" | "sha256">;
	readonly journal: WatchedJournal;
	/** Sequence of the entry, or undefined when the journal rejected it. */
	readonly record: (body: EntryBody) => number | undefined;
	readonly restored: (channel: number, why: string) => boolean;
	/** Unix seconds, 0 unknown. */
	readonly utcSeconds: () => number;
	readonly log: (text: string) => void;
	/** This boot knows nothing of the circuits: they are looked at. */
	readonly isCheckDue: boolean;
}

export type Part = readonly [type: number, contents: Uint8Array];

/** Every circuit is looked at once a day: 40 short commands. */
const CHECK_SECONDS = 86_400;
const TAKE_BACKS_MAX = 3;
const NOTHING = new Uint8Array(0);
export const NO_DIGEST = new Uint8Array(DIGEST_BYTES);
const NO_COEFFICIENTS: Coefficients = Object.freeze([0, 0, 0] as const);

export class CalibrationsInForce {
	readonly #options: InForceOptions;
	readonly #store: CalibrationStore;
	readonly #stored: StoredCalibrations;
	/** The circuit that is being changed holds the old or the committed calibration now. */
	isAgreed = false;
	/** What came of an interrupted one and the record does not say yet. */
	#outcome: "restored" | "kept" | undefined;
	#isCheckDue: boolean;
	/** Persons and standards that an entry of this boot names already. */
	readonly #named = new Set<string>();

	constructor(options: InForceOptions) {
		this.#options = options;
		this.#store = new CalibrationStore(options.board.settings);
		this.#stored = this.#store.load();
		this.#isCheckDue = options.isCheckDue;
	}

	/** Id of the calibration in force. */
	idOf(name: ChannelName): number {
		return this.#stored.channels[indexOf(name)]?.id ?? 0;
	}

	/** The change that was begun, until the record says what came of it. */
	get pending(): PendingCalibration | undefined {
		return this.#stored.pending;
	}

	/** Unix seconds of the last look at the circuits, 0 never. */
	get checkedUtcSeconds(): number {
		return this.#stored.checkedUtcSeconds;
	}

	/** The channel whose circuit holds nobody knows what. */
	get withheld(): ChannelName | undefined {
		const { pending } = this.#stored;
		return pending === undefined || this.isAgreed ? undefined : CHANNELS[pending.channel]?.name;
	}

	/** An interrupted one is to be taken back before anything is measured. */
	get isInterrupted(): boolean {
		return this.#stored.pending !== undefined && this.#outcome === undefined;
	}

	get isCheckDue(): boolean {
		if (this.#stored.pending !== undefined) return false;
		const now = this.#options.utcSeconds();
		// A clock that was put back must not put the next look off by years.
		const sinceSeconds = Math.abs(now - this.#stored.checkedUtcSeconds);
		return this.#isCheckDue || (now > 0 && sinceSeconds >= CHECK_SECONDS);
	}

	/** Somebody may have been at the circuits. */
	requestCheck(): void {
		this.#isCheckDue = true;
	}

	// --- What was interrupted --------------------------------------------------------------------------

	/** Finds out what an interrupted calibration came to, and takes it back unless it was closed. */
	*recover(): Task<void> {
		const { pending } = this.#stored;
		const { journal } = this.#options;
		if (pending === undefined) return;
		try {
			const closing = closingOf(journal, pending);
			if (closing === "not-firm") return;
			if (closing === undefined) yield* this.takeBack(pending.channel, pending.exportBefore);
			else this.#adopt(pending, closing);
			this.#outcome = closing === undefined ? "restored" : "kept";
			this.isAgreed = true;
		} catch (error) {
			// Withheld until it can be spoken to.
			if (!(error instanceof StationError)) throw error;
			this.#options.log(`calibration not restored: ${error.code} ${error.message}`);
		}
	}

	/** The record is told what came of it: once it has this boot, for what stands before is firm then. */
	tell(why: string): void {
		const { pending } = this.#stored;
		if (pending === undefined || this.#outcome === undefined) return;
		if (this.#outcome === "restored" && !this.#options.restored(pending.channel, why)) return;
		this.#stored.pending = undefined;
		this.#outcome = undefined;
		this.#isCheckDue = true;
		this.save();
	}

	/** Imports an export until the circuit gives it again. Throws StationError. */
	*takeBack(channel: number, exported: Uint8Array): Task<void> {
		const procedure = procedureOf(channel);
		const { watchdog } = this.#options.board;
		for (let tries = 0; tries < TAKE_BACKS_MAX; tries++) {
			const isThere = yield* withProbes(this.#options, procedure, function* (_probes, circuit) {
				if (circuit === undefined || exported.length === 0) return true;
				if (equalBytes(yield* exportOf(circuit, watchdog), exported)) return true;
				yield* importInto(circuit, watchdog, exported);
				return false;
			});
			if (isThere) return;
		}
		throw new StationError("probe-malformed", "the circuit does not take its calibration back");
	}

	// --- Looking at the circuits -----------------------------------------------------------------------

	/** Compares every circuit's export with what is in force; a change is an entry of its own. */
	*check(): Task<void> {
		this.#isCheckDue = false;
		const { board, openProbes, log } = this.#options;
		// Where settings take nothing every wake would look again: the battery would pay for it.
		this.#stored.checkedUtcSeconds = this.#options.utcSeconds();
		if (!this.save()) return;
		const session = new ProbeSession(board, openProbes, 0);
		try {
			yield* session.open(false);
			yield* session.warm("probe", session.probes.pH.warmUpMilliseconds);
			for (const [channel, { name }] of CHANNELS.entries()) {
				const circuit = PROCEDURES[name]?.sensor(session.probes).circuit;
				if (circuit === undefined) continue;
				try {
					// One that agrees is enough; one that does not must be heard twice.
					let exported = yield* exportOnce(circuit, board.watchdog);
					if (exported === undefined || !this.isInForce(channel, exported)) {
						exported = yield* exportOf(circuit, board.watchdog);
					}
					this.compare(channel, exported);
				} catch (error) {
					if (!(error instanceof StationError)) throw error;
					// Unplugged, or of a firmware that exports nothing: readings go on under what was known.
					log(`calibration of ${name} not looked at: ${error.code}`);
				}
			}
		} finally {
			session.close();
		}
		this.save();
	}

	/** Whether a circuit's export is that of the calibration in force. */
	isInForce(channel: number, exported: Uint8Array): boolean {
		return equalBytes(this.state(channel).digest, this.digestOf(exported));
	}

	/** Takes note of a circuit's export; of another one than that in force by an entry. */
	compare(channel: number, exported: Uint8Array): void {
		const state = this.state(channel);
		const digest = this.digestOf(exported);
		const agreed = this.#options.journal.nextSequence - 1;
		if (this.isInForce(channel, exported)) {
			state.agreed = agreed;
			return;
		}
		if (equalBytes(state.digest, NO_DIGEST)) {
			// Met for the first time; a store that was lost must not give an id again.
			state.lastId = Math.max(state.lastId, lastIdInRecord(this.#options.journal, channel));
			if (state.lastId === 0) {
				state.digest = digest;
				state.agreed = agreed;
				return;
			}
			state.id = state.lastId;
		}
		const id = state.lastId + 1;
		const sequence = this.#options.record({
			...this.closing(channel, id, "found-changed", NO_COEFFICIENTS),
			firstPart: state.agreed,
			exportAfter: digest,
		});
		if (sequence === undefined) return;
		state.lastId = id;
		this.supersede(state, id, digest, NO_COEFFICIENTS, NOTHING);
	}

	/** A cancelled calibration: its circuit is back, the record is told by `tell`. */
	*cancel(): Task<void> {
		const { pending } = this.#stored;
		if (pending === undefined) return;
		yield* this.takeBack(pending.channel, pending.exportBefore);
		this.isAgreed = true;
		this.#outcome = "restored";
	}

	/** A change begins: what is kept of it now is what a boot finds. Throws `settings-failed`; then nothing has begun. */
	begin(channel: number, exportBefore: Uint8Array | undefined): number {
		const state = this.state(channel);
		const { epoch, nextSequence } = this.#options.journal;
		const id = state.lastId + 1;
		this.#stored.pending =
			exportBefore === undefined
				? undefined
				: { channel, id, exportBefore, epoch, from: nextSequence };
		state.lastId = id;
		try {
			this.#store.save(this.#stored);
		} catch (error) {
			this.#stored.pending = undefined;
			throw error;
		}
		this.isAgreed = true;
		return id;
	}

	/** The record has the closing entry of the change. */
	commit(
		channel: number,
		id: number,
		digest: Uint8Array,
		coefficients: Coefficients,
		exportBefore: Uint8Array,
	): void {
		this.supersede(this.state(channel), id, digest, coefficients, exportBefore);
		this.#stored.pending = undefined;
		this.isAgreed = true;
		this.save();
	}

	state(channel: number): ChannelCalibration {
		const state = this.#stored.channels[channel];
		if (state === undefined) throw new TypeError(`no channel ${channel}`);
		return state;
	}

	/** Texts that no entry of this boot has yet. */
	textParts(type: number, texts: readonly string[]): Part[] {
		const fresh = [...new Set(texts)].filter(
			(text) => text !== "" && !this.#named.has(`${type} ${text}`),
		);
		for (const text of fresh) this.#named.add(`${type} ${text}`);
		return textParts(type, fresh.join(";"));
	}

	/** A closing entry without what its act adds. */
	closing(
		channel: number,
		calibrationId: number,
		act: (typeof CALIBRATION_ACTS)[number],
		coefficients: Coefficients,
	): CalibrationBody {
		const state = this.state(channel);
		return {
			kind: "calibration",
			calibrationId,
			previousId: state.id,
			channel,
			range: 0,
			curve: 0,
			act: CALIBRATION_ACTS.indexOf(act),
			verdict: 0,
			rule: 0,
			parts: 0,
			points: 0,
			coefficients,
			dueUtcSeconds: 0,
			firstPart: 0,
			exportBefore: state.digest,
			exportAfter: NO_DIGEST,
		};
	}

	/** Parts, then the entry that makes them count. Throws `flash-failed` when the journal does not take all. */
	write(closing: CalibrationBody, parts: readonly Part[]): void {
		const { record } = this.#options;
		const { calibrationId } = closing;
		const put = (body: EntryBody): number => {
			const sequence = record(body);
			if (sequence !== undefined) return sequence;
			throw new StationError("flash-failed", "the journal did not take the calibration");
		};
		let firstPart = 0;
		parts.forEach(([type, contents], index) => {
			const sequence = put({ kind: "calibration-part", calibrationId, index, type, contents });
			if (index === 0) firstPart = sequence;
		});
		put({ ...closing, parts: parts.length, firstPart });
	}

	#adopt({ exportBefore }: PendingCalibration, closing: CalibrationBody): void {
		const { channel, calibrationId, exportAfter, coefficients } = closing;
		const state = this.state(channel);
		if (state.id === calibrationId) return;
		this.supersede(state, calibrationId, exportAfter, coefficients, exportBefore);
	}

	supersede(
		state: ChannelCalibration,
		id: number,
		digest: Uint8Array,
		coefficients: Coefficients,
		exportBefore: Uint8Array,
	): void {
		state.beforeId = state.id;
		state.beforeDigest = state.digest;
		state.beforeExport = exportBefore;
		state.beforeCoefficients = state.coefficients;
		state.id = id;
		state.digest = digest;
		state.coefficients = coefficients;
		state.agreed = this.#options.journal.nextSequence - 1;
	}

	digestOf(exported: Uint8Array): Uint8Array {
		return this.#options.board.sha256(exported).slice(0, DIGEST_BYTES);
	}

	/** What the record has the store may lack: the next boot finds it there. False where settings take nothing. */
	save(): boolean {
		try {
			this.#store.save(this.#stored);
			return true;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#options.log(error.message);
			return false;
		}
	}
}

/** A text in pieces that parts hold. */
export function textParts(type: number, text: string): Part[] {
	return textPiecesOf(text).map((piece) => [type, piece] as const);
}

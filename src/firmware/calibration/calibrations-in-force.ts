/**
 * Which calibrations are in force, and what an interrupted one comes to: the closing entry in the record is what makes a new
 * one so, and whatever is cut off before it is taken back. Until a circuit's export is the old or the committed one, its
 * readings are withheld. docs/FORMAT.md, section 6.
 */
import { equalBytes } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { CHANNELS, type ChannelName, channelIndexOf } from "../../protocol/record/channels.js";
import {
	CALIBRATION_ACTS,
	type CalibrationBody,
	type EntryBody,
} from "../../protocol/record/entry-layouts.js";
import type { SpokenCircuit } from "../measure/sensor.js";
import type { Board } from "../ports.js";
import {
	CalibrationStore,
	type ChannelCalibration,
	DIGEST_BYTES,
	type PendingCalibration,
	type StoredCalibrations,
} from "./calibration-store.js";
import { exportOf, importInto } from "./circuit-exchange.js";
import { NamedTexts } from "./named-texts.js";
import {
	NO_CIRCUIT,
	order,
	type Part,
	type ProbeAccess,
	procedureOf,
	withProbes,
} from "./probe-work.js";
import type { Coefficients, Procedure } from "./procedures.js";
import { closingOf, lastIdInRecord, type WatchedJournal } from "./recorded-calibrations.js";
import { bytesOfCurves, CURVE_ID_FIRST, closingsOf, curvesLike } from "./turbidity-curve.js";

export interface InForceOptions extends ProbeAccess {
	readonly board: ProbeAccess["board"] & Pick<Board, "settings" | "sha256">;
	readonly journal: WatchedJournal;
	/** Sequence of the entry, or undefined when the journal rejected it. */
	readonly record: (body: EntryBody) => number | undefined;
	readonly restored: (channel: number, why: string) => boolean;
	/** The configuration's curves of turbidity, one for each range. */
	readonly curves: () => readonly CalibrationBody[];
	/** Their ids. */
	readonly curveIds: () => readonly number[];
	/** Unix seconds, 0 unknown. */
	readonly utcSeconds: () => number;
	readonly log: (text: string) => void;
	/** This boot knows nothing of the circuits: they are checked. */
	readonly isCheckDue: boolean;
	/** Where the store was written last, as the last wake left it; 0 where nobody knows. */
	readonly bank: number;
}

/** Every circuit is checked once a day: 40 short commands. */
const CHECK_SECONDS = 86_400;
const TAKE_BACKS_MAX = 3;
const TURBIDITY = channelIndexOf("turbidity");
/** Calibration and undo: indexes into CALIBRATION_ACTS. */
const CURVE_ACTS: readonly number[] = Object.freeze([1, 4]);
const NOTHING = new Uint8Array(0);
export const NO_DIGEST = new Uint8Array(DIGEST_BYTES);
const NO_COEFFICIENTS: Coefficients = Object.freeze([0, 0, 0] as const);

export class CalibrationsInForce {
	readonly #options: InForceOptions;
	readonly #store: CalibrationStore;
	readonly stored: StoredCalibrations;
	/** The circuit that is being changed holds the old or the committed calibration now. */
	isAgreed = false;
	/** What came of an interrupted one and the record does not say yet. */
	#outcome: "restored" | "kept" | undefined;
	#isCheckDue: boolean;
	readonly named = new NamedTexts();

	constructor(options: InForceOptions) {
		this.#options = options;
		this.#store = new CalibrationStore(options.board.settings);
		this.stored = this.#store.load(options.bank);
		this.#isCheckDue = options.isCheckDue;
	}

	/** For the next wake. */
	get bank(): number {
		return this.#store.bank;
	}

	/** Id of the calibration in force. */
	idOf(name: ChannelName): number {
		return this.stored.idOf(channelIndexOf(name));
	}

	/** Of turbidity by range: those that the station made of the configuration's, while these are still the same. */
	get curves(): readonly CalibrationBody[] {
		const curves = this.#options.curves();
		const { id, digest, coefficients } = this.stored.channel(TURBIDITY);
		if (id === 0 || !equalBytes(digest, this.digestOf(bytesOfCurves(curves)))) return curves;
		return curvesLike(curves, coefficients, id);
	}

	/** Of the curve of each range. Each wake asks: a station that made none needs no curve for it. */
	get curveIds(): readonly number[] {
		if (this.stored.idOf(TURBIDITY) === 0) return this.#options.curveIds();
		return this.curves.map(({ calibrationId }) => calibrationId);
	}

	/** Those of them that are the station's, which every boot records anew. */
	standing(): readonly CalibrationBody[] {
		if (this.stored.idOf(TURBIDITY) === 0) return [];
		return this.curves.filter(({ calibrationId }) => calibrationId >= CURVE_ID_FIRST);
	}

	/** What a calibration is compared by: a circuit's export, or the curves that the station has to begin with. */
	*exported(procedure: Procedure, circuit: SpokenCircuit | undefined): Task<Uint8Array> {
		const { board, curves } = this.#options;
		if (circuit !== undefined) return yield* exportOf(circuit, board.watchdog);
		if (procedure.milliseconds > 0) throw order(NO_CIRCUIT);
		return bytesOfCurves(curves());
	}

	/** The change that was begun, until the record says what came of it. */
	get pending(): PendingCalibration | undefined {
		return this.stored.pending;
	}

	/** Unix seconds of the last check of the circuits, 0 never. */
	get checkedUtcSeconds(): number {
		return this.stored.checkedUtcSeconds;
	}

	/** The channel whose circuit holds an unknown calibration. */
	get withheld(): ChannelName | undefined {
		const { pending } = this.stored;
		return pending === undefined || this.isAgreed ? undefined : CHANNELS[pending.channel]?.name;
	}

	/** An interrupted one is to be taken back before anything is measured. */
	get isInterrupted(): boolean {
		return this.stored.pending !== undefined && this.#outcome === undefined;
	}

	get isCheckDue(): boolean {
		if (this.stored.pending !== undefined) return false;
		// A clock that was put back must not put the next check off by years.
		const now = this.#options.utcSeconds();
		const sinceSeconds = Math.abs(now - this.stored.checkedUtcSeconds);
		return this.#isCheckDue || (now > 0 && sinceSeconds >= CHECK_SECONDS);
	}

	/** Somebody may have been at the circuits. */
	requestCheck(): void {
		this.#isCheckDue = true;
	}

	/** Finds out what an interrupted calibration came to, and takes it back unless it was closed. */
	*recover(): Task<void> {
		const { pending } = this.stored;
		if (pending === undefined) return;
		try {
			const closing = closingOf(this.#options.journal, pending);
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

	/** Records what came of it: only after the boot, so that what was recorded before is firm. */
	recordOutcome(why: string): void {
		const { pending } = this.stored;
		if (pending === undefined || this.#outcome === undefined) return;
		if (this.#outcome === "restored" && !this.#options.restored(pending.channel, why)) return;
		this.stored.pending = undefined;
		this.#outcome = undefined;
		this.#isCheckDue = true;
		this.save();
	}

	/** Imports an export until the circuit gives it again. Throws StationError. */
	*takeBack(channel: number, exported: Uint8Array): Task<void> {
		const procedure = procedureOf(channel);
		const { watchdog } = this.#options.board;
		if (procedure.milliseconds === 0) return;
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

	/** They are checked now; false where settings cannot be written: then every wake would check again, at the cost of the battery. */
	beginCheck(): boolean {
		this.#isCheckDue = false;
		this.stored.checkedUtcSeconds = this.#options.utcSeconds();
		return this.save();
	}

	/** Whether a circuit's export is that of the calibration in force. */
	isInForce(channel: number, exported: Uint8Array): boolean {
		return equalBytes(this.stored.channel(channel).digest, this.digestOf(exported));
	}

	/** Takes note of a circuit's export; of another one than that in force by an entry. */
	compare(channel: number, exported: Uint8Array): void {
		const state = this.stored.channel(channel);
		if (channel === TURBIDITY) {
			this.rebase(channel);
			return;
		}
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

	/** Of turbidity the configuration has the last word: other curves of it leave nothing of what was made of the old ones. */
	rebase(channel: number): void {
		if (channel !== TURBIDITY) return;
		const state = this.stored.channel(channel);
		const curves = this.#options.curves();
		const digest = this.digestOf(bytesOfCurves(curves));
		if (equalBytes(state.digest, digest)) return;
		state.lastId = Math.max(
			state.lastId,
			CURVE_ID_FIRST - 1,
			lastIdInRecord(this.#options.journal, channel),
		);
		this.supersede(state, 0, digest, curves[0]?.coefficients ?? NO_COEFFICIENTS, NOTHING);
	}

	/** A cancelled calibration: its circuit is back; `recordOutcome` records that. */
	*cancel(): Task<void> {
		if (this.pending === undefined) return;
		yield* this.takeBack(this.pending.channel, this.pending.exportBefore);
		this.isAgreed = true;
		this.#outcome = "restored";
	}

	/** A change begins, kept for whoever boots; without an export nothing is changed. Throws `settings-failed`; then nothing has begun. */
	begin(channel: number, exportBefore: Uint8Array | undefined): number {
		this.rebase(channel);
		const state = this.stored.channel(channel);
		const { epoch, nextSequence } = this.#options.journal;
		const id = state.lastId + 1;
		const { pending } = this.stored;
		if (exportBefore !== undefined) {
			this.stored.pending = { channel, id, exportBefore, epoch, from: nextSequence };
		}
		state.lastId = channel === TURBIDITY ? id + this.#options.curves().length - 1 : id;
		try {
			this.#store.save(this.stored);
		} catch (error) {
			this.stored.pending = pending;
			throw error;
		}
		if (exportBefore !== undefined) this.isAgreed = true;
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
		this.supersede(this.stored.channel(channel), id, digest, coefficients, exportBefore);
		this.stored.pending = undefined;
		this.isAgreed = true;
		this.save();
	}

	/** A closing entry without what its act adds. */
	closing(
		channel: number,
		calibrationId: number,
		act: (typeof CALIBRATION_ACTS)[number],
		coefficients: Coefficients,
	): CalibrationBody {
		const state = this.stored.channel(channel);
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

	/**
	 * Parts, then the entry that makes them count; of turbidity one for each range, of which the last does. Throws
	 * `flash-failed` when the journal does not take all.
	 */
	write(closing: CalibrationBody, parts: readonly Part[]): void {
		const { record, curves } = this.#options;
		const { calibrationId, channel, act } = closing;
		const put = (body: EntryBody): number => {
			const sequence = record(body);
			if (sequence !== undefined) return sequence;
			this.named.forget();
			throw new StationError("flash-failed", "the journal did not take the calibration");
		};
		let firstPart = 0;
		parts.forEach(([type, contents], index) => {
			const sequence = put({ kind: "calibration-part", calibrationId, index, type, contents });
			if (index === 0) firstPart = sequence;
		});
		const isCurve = channel === TURBIDITY && CURVE_ACTS.includes(act);
		for (const each of isCurve ? closingsOf(curves(), closing) : [closing]) {
			const isLast = each.calibrationId === calibrationId;
			put(isLast ? { ...each, parts: parts.length, firstPart } : { ...each, points: 0 });
		}
	}

	#adopt({ exportBefore }: PendingCalibration, closing: CalibrationBody): void {
		const { channel, calibrationId, exportAfter, coefficients } = closing;
		const state = this.stored.channel(channel);
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
			this.#store.save(this.stored);
			return true;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#options.log(error.message);
			return false;
		}
	}
}

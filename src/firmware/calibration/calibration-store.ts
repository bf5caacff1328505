/**
 * What a station knows of its calibrations and must know after a loss of power: which are in force, what each circuit's
 * export is then, how to go back, and whether one is being changed. Two banks of the settings, written in turn; so
 * whatever a cut does to one of them the other is whole. The bytes are in docs/FORMAT.md, section 6.
 */
import { putUint32, uint16At, uint32At } from "../../core/bytes.js";
import { crc32 } from "../../core/crc32.js";
import { assert, StationError } from "../../core/errors.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import type { SettingsMemory } from "../ports.js";
import { EXPORT_BYTES_MAX } from "./circuit-exchange.js";
import type { ElectrodeFinding } from "./electrode-health.js";

export const DIGEST_BYTES = 8;

/** Of one channel. */
export interface ChannelCalibration {
	/** In force; 0 the maker's, or what the station met first. */
	id: number;
	/** Highest that was ever given. */
	lastId: number;
	/** Of the circuit's export now, and before; zeros where there is none. */
	digest: Uint8Array;
	/** The one before, to go back to: its id, digest, export. */
	beforeId: number;
	beforeDigest: Uint8Array;
	beforeExport: Uint8Array;
	/** Last entry of the record before the digest agreed last. */
	agreed: number;
	coefficients: readonly [number, number, number];
	beforeCoefficients: readonly [number, number, number];
}

/** A circuit that is being changed. */
export interface PendingCalibration {
	readonly channel: number;
	/** The new id. */
	readonly id: number;
	/** Its export before anything was changed. */
	readonly exportBefore: Uint8Array;
	/** Where its closing entry is looked for: epoch, and first sequence that it can have. */
	readonly epoch: number;
	readonly from: number;
}

/**
 * What a bank holds. Each wake asks for the ids only, so a channel is taken out of the bytes when somebody asks for the
 * whole of it, and stays out from then on.
 */
export class StoredCalibrations {
	/** Unix seconds of the last check of every circuit, 0 never. */
	checkedUtcSeconds: number;
	pending: PendingCalibration | undefined;
	/** Of a bank that checks, or none. */
	readonly #bytes: Uint8Array;
	readonly #channels: (ChannelCalibration | undefined)[] = [];
	#findings: readonly ElectrodeFinding[] | undefined;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		this.checkedUtcSeconds = uint32At(bytes, 12);
		this.pending = pendingIn(bytes);
	}

	/** `index` of CHANNELS; throws TypeError for another. */
	channel(index: number): ChannelCalibration {
		if (CHANNELS[index] === undefined) throw new TypeError(`no channel ${index}`);
		this.#channels[index] ??= this.#decode(index);
		return this.#channels[index];
	}

	/** Of the calibration in force. */
	idOf(index: number): number {
		const known = this.#channels[index];
		if (known !== undefined) return known.id;
		const at = channelAt(this.#bytes, index);
		return at === undefined ? 0 : uint16At(this.#bytes, at);
	}

	/** The last calibrations of the pH electrode, oldest first; at most FINDINGS_KEPT. */
	get findings(): readonly ElectrodeFinding[] {
		this.#findings ??= findingsIn(this.#bytes);
		return this.#findings;
	}

	set findings(findings: readonly ElectrodeFinding[]) {
		this.#findings = findings;
	}

	#decode(index: number): ChannelCalibration {
		const bytes = this.#bytes;
		const from = channelAt(bytes, index);
		if (from === undefined) return unknownChannel();
		return {
			id: uint16At(bytes, from),
			lastId: uint16At(bytes, from + 2),
			digest: bytes.slice(from + 6, from + 14),
			beforeId: uint16At(bytes, from + 4),
			beforeDigest: bytes.slice(from + 14, from + 22),
			beforeExport: exportAt(bytes, from + CHANNEL_BYTES - 1),
			agreed: uint32At(bytes, from + 22),
			coefficients: tripleAt(bytes, from + 26),
			beforeCoefficients: tripleAt(bytes, from + 50),
		};
	}
}

/** "BCAL" little-endian. */
const MAGIC = 0x4c414342;
const VERSION = 1;
const BANKS = Object.freeze([2, 3] as const);
/** Unix seconds 4, slopes and offset 3 x 4. */
const FINDING_BYTES = 16;
/** Magic 4, version 1, channels 1, pending 1, findings 1, serial 4, checked 4; then id 2, epoch 4, from 4. */
const HEAD_BYTES = 26;
/** Ids 3 x 2, digests 2 x 8, agreed 4, coefficients 2 x 24; then the length of an export, and it. */
const CHANNEL_BYTES = 75;
const CRC_BYTES = 4;
const NOTHING = new Uint8Array(0);

export class CalibrationStore {
	readonly #memory: SettingsMemory;
	#serial = 0;

	constructor(memory: SettingsMemory) {
		this.#memory = memory;
	}

	/** The bank that was written last, 0 none. */
	get bank(): number {
		return this.#serial === 0 ? 0 : bankOf(this.#serial);
	}

	/**
	 * The newest that checks; a memory that holds none, or cannot be read, knows of no calibration. `bank`: that of the
	 * last wake, beside which the other need not be read; 0 where nobody knows.
	 */
	load(bank = 0): StoredCalibrations {
		let newest = bank === 0 ? undefined : this.#take(bank);
		if (this.bank !== bank) newest = undefined;
		if (newest === undefined) {
			this.#serial = 0;
			for (const each of BANKS) newest = this.#take(each) ?? newest;
		}
		return new StoredCalibrations(newest ?? NOTHING);
	}

	/** Throws StationError `settings-failed`; then the bank that was written last is untouched. */
	save(stored: StoredCalibrations): void {
		const serial = this.#serial + 1;
		const bank = bankOf(serial);
		try {
			this.#memory.write(bank, encode(stored, serial));
			const back = this.#memory.read(bank);
			if (back === undefined || serialOf(back) !== serial) {
				throw new Error("what was written does not read back");
			}
		} catch (error) {
			// A power cut of the simulator is no fault of the memory: the next port call throws it again.
			const why = error instanceof Error ? error.message : String(error);
			throw new StationError("settings-failed", `the calibration was not stored: ${why}`, {
				cause: error,
			});
		}
		this.#serial = serial;
	}

	/** What a bank holds, if it checks and is newer than what was taken before. */
	#take(bank: number): Uint8Array | undefined {
		let bytes: Uint8Array | undefined;
		try {
			bytes = this.#memory.read(bank);
		} catch {
			// Whatever a port throws: nothing can be had from this bank.
			return undefined;
		}
		const serial = bytes === undefined ? undefined : serialOf(bytes);
		if (serial === undefined || serial <= this.#serial) return undefined;
		this.#serial = serial;
		return bytes;
	}
}

function bankOf(serial: number): number {
	return BANKS[serial % BANKS.length] ?? BANKS[0];
}

function unknownChannel(): ChannelCalibration {
	return {
		id: 0,
		lastId: 0,
		digest: new Uint8Array(DIGEST_BYTES),
		beforeId: 0,
		beforeDigest: new Uint8Array(DIGEST_BYTES),
		beforeExport: NOTHING,
		agreed: 0,
		coefficients: [0, 0, 0],
		beforeCoefficients: [0, 0, 0],
	};
}

function encode(stored: StoredCalibrations, serial: number): Uint8Array {
	const { checkedUtcSeconds, pending, findings } = stored;
	const channels = CHANNELS.map((_, index) => stored.channel(index));
	const exported = pending?.exportBefore ?? NOTHING;
	let length = HEAD_BYTES + 1 + exported.length + CRC_BYTES + findings.length * FINDING_BYTES;
	for (const { beforeExport } of channels) length += CHANNEL_BYTES + beforeExport.length;
	const bytes = new Uint8Array(length);
	const view = new DataView(bytes.buffer);
	putUint32(bytes, 0, MAGIC);
	bytes[4] = VERSION;
	bytes[5] = channels.length;
	bytes[6] = pending === undefined ? 0 : pending.channel + 1;
	bytes[7] = findings.length;
	putUint32(bytes, 8, serial);
	putUint32(bytes, 12, checkedUtcSeconds);
	view.setUint16(16, pending?.id ?? 0, true);
	putUint32(bytes, 18, pending?.epoch ?? 0);
	putUint32(bytes, 22, pending?.from ?? 0);
	let at = putExport(bytes, HEAD_BYTES, exported);
	for (const channel of channels) {
		view.setUint16(at, channel.id, true);
		view.setUint16(at + 2, channel.lastId, true);
		view.setUint16(at + 4, channel.beforeId, true);
		bytes.set(channel.digest, at + 6);
		bytes.set(channel.beforeDigest, at + 14);
		putUint32(bytes, at + 22, channel.agreed);
		[...channel.coefficients, ...channel.beforeCoefficients].forEach((value, index) => {
			view.setFloat64(at + 26 + 8 * index, value, true);
		});
		at = putExport(bytes, at + CHANNEL_BYTES - 1, channel.beforeExport);
	}
	for (const [utcSeconds, ...values] of findings) {
		putUint32(bytes, at, utcSeconds);
		values.forEach((value, index) => {
			view.setFloat32(at + 4 + 4 * index, value, true);
		});
		at += FINDING_BYTES;
	}
	putUint32(bytes, at, crc32(bytes, 0, at));
	return bytes;
}

function putExport(bytes: Uint8Array, at: number, exported: Uint8Array): number {
	assert(exported.length <= EXPORT_BYTES_MAX, "an export too long to keep");
	bytes[at] = exported.length;
	bytes.set(exported, at + 1);
	return at + 1 + exported.length;
}

/** Undefined where the bytes do not check. */
function serialOf(bytes: Uint8Array): number | undefined {
	const end = bytes.length - CRC_BYTES;
	if (end <= HEAD_BYTES || uint32At(bytes, 0) !== MAGIC || bytes[4] !== VERSION) return undefined;
	return uint32At(bytes, end) === crc32(bytes, 0, end) ? uint32At(bytes, 8) : undefined;
}

function exportAt(bytes: Uint8Array, at: number): Uint8Array {
	const length = bytes[at] ?? 0;
	return length === 0 ? NOTHING : bytes.slice(at + 1, at + 1 + length);
}

function tripleAt(bytes: Uint8Array, at: number): [number, number, number] {
	const view = new DataView(bytes.buffer, bytes.byteOffset + at, 24);
	return [view.getFloat64(0, true), view.getFloat64(8, true), view.getFloat64(16, true)];
}

/** Where a channel begins; undefined where a former firmware had none of that number. */
function channelAt(bytes: Uint8Array, index: number): number | undefined {
	if (index >= (bytes[5] ?? 0)) return undefined;
	let at = HEAD_BYTES + 1 + (bytes[HEAD_BYTES] ?? 0);
	for (let before = 0; before < index; before++) {
		at += CHANNEL_BYTES + (bytes[at + CHANNEL_BYTES - 1] ?? 0);
	}
	return at;
}

/** A change that a later firmware began on a channel of its own is nothing that this one can take back or finish. */
function pendingIn(bytes: Uint8Array): PendingCalibration | undefined {
	const changed = bytes[6] ?? 0;
	if (changed === 0 || changed > CHANNELS.length) return undefined;
	return {
		channel: changed - 1,
		id: uint16At(bytes, 16),
		exportBefore: exportAt(bytes, HEAD_BYTES),
		epoch: uint32At(bytes, 18),
		from: uint32At(bytes, 22),
	};
}

/** They are the last: a later firmware may have more channels than this one. */
function findingsIn(bytes: Uint8Array): ElectrodeFinding[] {
	const findings: ElectrodeFinding[] = [];
	if (bytes.length === 0) return findings;
	const end = bytes.length - CRC_BYTES;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	for (let at = end - (bytes[7] ?? 0) * FINDING_BYTES; at < end; at += FINDING_BYTES) {
		findings.push([
			uint32At(bytes, at),
			view.getFloat32(at + 4, true),
			view.getFloat32(at + 8, true),
			view.getFloat32(at + 12, true),
		]);
	}
	return findings;
}

/** Banks of calibrations, written by hand as docs/FORMAT.md says (section 6), and what a station makes of them. */
import { strict as assert } from "node:assert";
import { crc32 } from "node:zlib";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import {
	CalibrationStore,
	type StoredCalibrations,
} from "../../../src/firmware/calibration/calibration-store.js";
import { CHANNELS } from "../../../src/protocol/record/channels.js";
import { IS_WHOLE } from "../../support/depth.js";

interface Channel {
	ids: number[];
	digests: string[];
	agreed: number;
	coefficients: number[];
	exported: string;
}
interface Bank {
	serial: number;
	checked: number;
	/** Channel, id, epoch, first sequence, export before. */
	change: [number, number, number, number, string] | undefined;
	channels: Channel[];
	findings: number[][];
}

const EXPORT_MAX = 140;
const NEVER: Channel = {
	ids: [0, 0, 0],
	digests: ["00".repeat(8), "00".repeat(8)],
	agreed: 0,
	coefficients: [0, 0, 0, 0, 0, 0],
	exported: "",
};

/** Something of every kind and at both ends. */
class Contents {
	readonly random: SeededRandom;
	constructor(seed: number) {
		this.random = new SeededRandom(seed);
	}
	/** Whole, 0 to `most`. */
	upTo(most: number): number {
		const end = integerBelow(this.random, 6);
		return end === 0 ? 0 : end === 1 ? most : integerBelow(this.random, most) + 1;
	}
	hex(bytes: number): string {
		return Buffer.from(Array.from({ length: bytes }, () => this.upTo(255))).toString("hex");
	}
	number(): number {
		return [0, Number.NaN, -99.5][this.upTo(9)] ?? this.upTo(0xffff) / 16 - 1000;
	}
	some<Each>(count: number, make: () => Each): Each[] {
		return Array.from({ length: count }, make);
	}
	channel(): Channel {
		return {
			ids: this.some(3, () => this.upTo(0xffff)),
			digests: this.some(2, () => this.hex(8)),
			agreed: this.upTo(0xffffffff),
			coefficients: this.some(6, () => this.number()),
			exported: this.hex(this.upTo(EXPORT_MAX)),
		};
	}
	bank(serial: number): Bank {
		const channels = this.some(this.upTo(CHANNELS.length + 3), () => this.channel());
		const word = () => this.upTo(0xffffffff);
		const isChanging = channels.length > 0 && this.upTo(3) > 0;
		return {
			serial,
			checked: word(),
			change: isChanging
				? [
						this.upTo(channels.length - 1),
						this.upTo(0xffff),
						word(),
						word(),
						this.hex(this.upTo(EXPORT_MAX)),
					]
				: undefined,
			channels,
			findings: this.some(this.upTo(5), () => [
				word(),
				...this.some(3, () => Math.fround(this.number())),
			]),
		};
	}
}

function bytesOf({ serial, checked, change, channels, findings }: Bank): Uint8Array {
	const parts: Buffer[] = [];
	const put = (bytes: number, write: (part: Buffer) => void): void => {
		const part = Buffer.alloc(bytes);
		write(part);
		parts.push(part);
	};
	const u16 = (value: number): void => put(2, (part) => part.writeUInt16LE(value));
	const u32 = (value: number): void => put(4, (part) => part.writeUInt32LE(value));
	const hex = (digits: string): number => parts.push(Buffer.from(digits, "hex"));
	const exported = (digits: string): void => {
		put(1, (part) => part.writeUInt8(digits.length / 2));
		hex(digits);
	};
	const [channel = -1, id = 0, epoch = 0, from = 0, before = ""] = change ?? [];
	parts.push(Buffer.from("BCAL"));
	parts.push(Buffer.from([1, channels.length, channel + 1, findings.length]));
	u32(serial);
	u32(checked);
	u16(id);
	u32(epoch);
	u32(from);
	exported(before);
	for (const each of channels) {
		each.ids.forEach(u16);
		each.digests.forEach(hex);
		u32(each.agreed);
		for (const value of each.coefficients) put(8, (part) => part.writeDoubleLE(value));
		exported(each.exported);
	}
	for (const [utcSeconds = 0, ...values] of findings) {
		u32(utcSeconds);
		for (const value of values) put(4, (part) => part.writeFloatLE(value));
	}
	const body = Buffer.concat(parts);
	const end = Buffer.alloc(4);
	end.writeUInt32LE(crc32(body));
	return Uint8Array.from(Buffer.concat([body, end]));
}

/** What a station of this firmware has of it: its own channels and a change of one of these. */
function knownOf(bank: Bank): Bank {
	const channels = CHANNELS.map((_, index) => structuredClone(bank.channels[index] ?? NEVER));
	const isKnown = (bank.change?.[0] ?? 0) < CHANNELS.length;
	return { ...bank, channels, change: isKnown ? bank.change : undefined };
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function readOf(stored: StoredCalibrations, serial: number): Bank {
	const { pending } = stored;
	return {
		serial,
		checked: stored.checkedUtcSeconds,
		change:
			pending === undefined
				? undefined
				: [pending.channel, pending.id, pending.epoch, pending.from, hexOf(pending.exportBefore)],
		channels: CHANNELS.map((_, index) => {
			const id = stored.idOf(index);
			const channel = stored.channel(index);
			assert.equal(channel.id, id);
			return {
				ids: [id, channel.lastId, channel.beforeId],
				digests: [hexOf(channel.digest), hexOf(channel.beforeDigest)],
				agreed: channel.agreed,
				coefficients: [...channel.coefficients, ...channel.beforeCoefficients],
				exported: hexOf(channel.beforeExport),
			};
		}),
		findings: stored.findings.map((finding) => [...finding]),
	};
}

describe("banks of calibrations as FORMAT.md has them", () => {
	const cases = IS_WHOLE ? 3000 : 150;

	it("say to a station what they hold, of fewer channels than it knows and of more", () => {
		for (let seed = 1; seed <= cases; seed++) {
			const contents = new Contents(seed);
			const older = contents.bank(1 + contents.upTo(1000));
			const newer = contents.bank(older.serial + 1);
			const held = new Map([older, newer].map((bank) => [2 + (bank.serial % 2), bytesOf(bank)]));
			const memory = {
				read: (bank: number) => held.get(bank),
				write: (bank: number, bytes: Uint8Array) => void held.set(bank, bytes),
			};
			const what = `seed ${seed}`;
			const altered = held.get(2 + (newer.serial % 2));
			const isAltered = contents.upTo(3) === 0;
			const at = contents.upTo((altered?.length ?? 1) - 1);
			if (isAltered && altered !== undefined) altered[at] = (altered[at] ?? 0) ^ 0x11;
			const counted = isAltered ? older : newer;
			const store = new CalibrationStore(memory);
			const stored = store.load();
			assert.deepEqual(readOf(stored, counted.serial), knownOf(counted), what);
			assert.equal(store.bank, 2 + (counted.serial % 2), what);
			const later = { ...knownOf(counted), serial: counted.serial + 1 };
			const first = later.channels[0];
			assert.ok(first !== undefined);
			first.exported = contents.hex(contents.upTo(EXPORT_MAX));
			stored.channel(0).beforeExport = Uint8Array.from(Buffer.from(first.exported, "hex"));
			store.save(stored);
			assert.deepEqual(held.get(2 + (later.serial % 2)), bytesOf(later), what);
		}
	});

	it("of a later firmware, with a change of a channel that this one has not, leave no change open", () => {
		const contents = new Contents(1);
		const channels = contents.some(CHANNELS.length + 1, () => contents.channel());
		const bank: Bank = {
			serial: 1,
			checked: 0,
			change: [CHANNELS.length, 7, 1, 1, "0102"],
			channels,
			findings: [],
		};
		const memory = {
			read: (index: number) => (index === 3 ? bytesOf(bank) : undefined),
			write: () => assert.fail("a load writes nothing"),
		};
		const stored = new CalibrationStore(memory).load();
		assert.equal(stored.pending, undefined);
		assert.deepEqual(readOf(stored, 1).channels, channels.slice(0, CHANNELS.length));
	});
});

/** What a station keeps of its calibrations through a loss of power. */
import { strict as assert } from "node:assert";
import {
	CalibrationStore,
	type StoredCalibrations,
} from "../../../src/firmware/calibration/calibration-store.js";
import type { SettingsMemory } from "../../../src/firmware/ports.js";
import { CHANNELS } from "../../../src/protocol/record/channels.js";

class Banks implements SettingsMemory {
	readonly held: (Uint8Array | undefined)[] = [];
	/** Bytes of the next write that come through before power fails. */
	tornAt: number | undefined;
	isBroken = false;

	read(bank: number): Uint8Array | undefined {
		if (this.isBroken) throw new Error("no answer");
		return this.held[bank]?.slice();
	}

	write(bank: number, bytes: Uint8Array): void {
		this.held[bank] = bytes.slice(0, this.tornAt ?? bytes.length);
		if (this.tornAt !== undefined) throw new Error("power failed");
	}
}

function contentsOf(stored: StoredCalibrations) {
	const { checkedUtcSeconds, pending, findings } = stored;
	const channels = CHANNELS.map((_, index) => stored.channel(index));
	return { checkedUtcSeconds, pending, findings, channels };
}

describe("the store of calibrations", () => {
	it("knows of none where nothing was ever written, or nothing can be read", () => {
		const banks = new Banks();
		const empty = new CalibrationStore(banks).load();
		assert.equal(empty.pending, undefined);
		assert.deepEqual(
			contentsOf(empty).channels.map(({ id, lastId }) => [id, lastId]),
			CHANNELS.map(() => [0, 0]),
		);
		assert.deepEqual([empty.checkedUtcSeconds, empty.findings, empty.idOf(0)], [0, [], 0]);
		banks.isBroken = true;
		assert.equal(new CalibrationStore(banks).load().pending, undefined);
	});

	it("gives back what it was told, the change that is under way included", () => {
		const banks = new Banks();
		const store = new CalibrationStore(banks);
		const stored = store.load();
		const pH = stored.channel(0);
		pH.id = 7;
		pH.lastId = 9;
		pH.beforeExport = Uint8Array.of(1, 0xab, 2, 0xcd, 0xef);
		pH.coefficients = [98.5, 99.25, -3.5];
		stored.checkedUtcSeconds = 1_790_812_800;
		const exportBefore = Uint8Array.of(1, 2);
		stored.pending = { channel: 0, id: 9, exportBefore, epoch: 77, from: 4711 };
		stored.findings = [
			[1_790_000_000, 98.5, Number.NaN, -3.5],
			[1_792_000_000, 97.25, 99.75, 4],
		];
		// Behind an export, so that its place depends on the length of that one.
		const last = stored.channel(CHANNELS.length - 1);
		last.id = 0x1234;
		store.save(stored);
		const loaded = new CalibrationStore(banks).load();
		assert.deepEqual(
			[0, 1, CHANNELS.length - 1].map((index) => loaded.idOf(index)),
			[7, 0, 0x1234],
		);
		assert.deepEqual(contentsOf(loaded), contentsOf(stored));
		loaded.channel(0).id = 8;
		assert.equal(loaded.idOf(0), 8);
	});

	it("falls back on the place before when a write is torn at any byte", () => {
		const banks = new Banks();
		const store = new CalibrationStore(banks);
		const stored = store.load();
		const pH = stored.channel(0);
		pH.id = 1;
		store.save(stored);
		store.save(stored);
		pH.id = 2;
		const length = banks.held[2]?.length ?? 0;
		for (let at = 0; at < length; at++) {
			banks.tornAt = at;
			assert.throws(() => store.save(stored), { code: "settings-failed" });
			assert.equal(new CalibrationStore(banks).load().idOf(0), 1, `torn at ${at}`);
		}
		banks.tornAt = undefined;
		store.save(stored);
		assert.equal(new CalibrationStore(banks).load().idOf(0), 2);
	});

	it("reads one place where the last wake says which, and both where that one does not check", () => {
		const banks = new Banks();
		const store = new CalibrationStore(banks);
		const stored = store.load();
		assert.equal(store.bank, 0);
		const pH = stored.channel(0);
		const read: number[] = [];
		const loaded = (bank: number): readonly [id: number | undefined, bank: number] => {
			read.length = 0;
			const again = new CalibrationStore({
				read: (each) => {
					read.push(each);
					return banks.read(each);
				},
				write: () => assert.fail("a load writes nothing"),
			});
			return [again.load(bank).idOf(0), again.bank];
		};
		for (const [id, bank] of [
			[1, 3],
			[2, 2],
			[3, 3],
		] as const) {
			pH.id = id;
			store.save(stored);
			assert.equal(store.bank, bank);
			assert.deepEqual(loaded(bank), [id, bank]);
			assert.deepEqual(read, [bank]);
		}
		const newest = banks.held[3];
		assert.ok(newest !== undefined);
		newest[20] = (newest[20] ?? 0) ^ 1;
		assert.deepEqual(loaded(3), [2, 2]);
		assert.deepEqual(read, [3, 2, 3]);
	});

	it("takes no place whose bytes were altered", () => {
		const banks = new Banks();
		const store = new CalibrationStore(banks);
		const stored = store.load();
		store.save(stored);
		const written = banks.held.findIndex((bytes) => bytes !== undefined);
		const bytes = banks.held[written];
		assert.ok(bytes !== undefined);
		for (let at = 0; at < bytes.length; at++) {
			bytes[at] = (bytes[at] ?? 0) ^ 0x10;
			const altered = new CalibrationStore(banks).load();
			assert.deepEqual([altered.checkedUtcSeconds, altered.idOf(0)], [0, 0]);
			bytes[at] = (bytes[at] ?? 0) ^ 0x10;
		}
	});
});

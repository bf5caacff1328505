/** What a station keeps of its calibrations through a loss of power. */
import { strict as assert } from "node:assert";
import { CalibrationStore } from "../../../src/firmware/calibration/calibration-store.js";
import type { SettingsMemory } from "../../../src/firmware/ports.js";

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

describe("the store of calibrations", () => {
	it("knows of none where nothing was ever written, or nothing can be read", () => {
		const banks = new Banks();
		const empty = new CalibrationStore(banks).load();
		assert.equal(empty.pending, undefined);
		assert.deepEqual(
			empty.channels.map(({ id, lastId }) => [id, lastId]),
			empty.channels.map(() => [0, 0]),
		);
		banks.isBroken = true;
		assert.equal(new CalibrationStore(banks).load().pending, undefined);
	});

	it("gives back what it was told, the change that is under way included", () => {
		const banks = new Banks();
		const store = new CalibrationStore(banks);
		const stored = store.load();
		const [pH] = stored.channels;
		assert.ok(pH !== undefined);
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
		store.save(stored);
		assert.deepEqual(new CalibrationStore(banks).load(), stored);
	});

	it("falls back on the place before when a write is torn at any byte", () => {
		const banks = new Banks();
		const store = new CalibrationStore(banks);
		const stored = store.load();
		const [pH] = stored.channels;
		assert.ok(pH !== undefined);
		pH.id = 1;
		store.save(stored);
		store.save(stored);
		pH.id = 2;
		const length = banks.held[2]?.length ?? 0;
		for (let at = 0; at < length; at++) {
			banks.tornAt = at;
			assert.throws(() => store.save(stored), { code: "settings-failed" });
			assert.equal(new CalibrationStore(banks).load().channels[0]?.id, 1, `torn at ${at}`);
		}
		banks.tornAt = undefined;
		store.save(stored);
		assert.equal(new CalibrationStore(banks).load().channels[0]?.id, 2);
	});

	it("reads one place where the last wake says which, and both where that one does not check", () => {
		const banks = new Banks();
		const store = new CalibrationStore(banks);
		const stored = store.load();
		assert.equal(store.bank, 0);
		const [pH] = stored.channels;
		assert.ok(pH !== undefined);
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
			return [again.load(bank).channels[0]?.id, again.bank];
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
			const { checkedUtcSeconds, channels } = new CalibrationStore(banks).load();
			assert.deepEqual([checkedUtcSeconds, channels[0]?.id], [0, 0]);
			bytes[at] = (bytes[at] ?? 0) ^ 0x10;
		}
	});
});

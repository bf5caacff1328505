/** What a station keeps of its calibrations through a loss of power. */
import { strict as assert } from "node:assert";
import { CalibrationStore } from "../../../src/firmware/calibration/calibration-store.js";
import type { SettingsMemory } from "../../../src/firmware/ports.js";

class Places implements SettingsMemory {
	readonly held: (Uint8Array | undefined)[] = [];
	/** Bytes of the next write that come through before power fails. */
	tornAt: number | undefined;
	isBroken = false;

	read(place: number): Uint8Array | undefined {
		if (this.isBroken) throw new Error("no answer");
		return this.held[place]?.slice();
	}

	write(place: number, bytes: Uint8Array): void {
		this.held[place] = bytes.slice(0, this.tornAt ?? bytes.length);
		if (this.tornAt !== undefined) throw new Error("power failed");
	}
}

describe("the store of calibrations", () => {
	it("knows of none where nothing was ever written, or nothing can be read", () => {
		const places = new Places();
		const empty = new CalibrationStore(places).load();
		assert.equal(empty.pending, undefined);
		assert.deepEqual(
			empty.channels.map(({ id, lastId }) => [id, lastId]),
			empty.channels.map(() => [0, 0]),
		);
		places.isBroken = true;
		assert.equal(new CalibrationStore(places).load().pending, undefined);
	});

	it("gives back what it was told, the change that is under way included", () => {
		const places = new Places();
		const store = new CalibrationStore(places);
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
		assert.deepEqual(new CalibrationStore(places).load(), stored);
	});

	it("falls back on the place before when a write is torn at any byte", () => {
		const places = new Places();
		const store = new CalibrationStore(places);
		const stored = store.load();
		const [pH] = stored.channels;
		assert.ok(pH !== undefined);
		pH.id = 1;
		store.save(stored);
		store.save(stored);
		pH.id = 2;
		const length = places.held[2]?.length ?? 0;
		for (let at = 0; at < length; at++) {
			places.tornAt = at;
			assert.throws(() => store.save(stored), { code: "settings-failed" });
			assert.equal(new CalibrationStore(places).load().channels[0]?.id, 1, `torn at ${at}`);
		}
		places.tornAt = undefined;
		store.save(stored);
		assert.equal(new CalibrationStore(places).load().channels[0]?.id, 2);
	});

	it("reads one place where the last wake says which, and both where that one does not check", () => {
		const places = new Places();
		const store = new CalibrationStore(places);
		const stored = store.load();
		assert.equal(store.bank, 0);
		const [pH] = stored.channels;
		assert.ok(pH !== undefined);
		const read: number[] = [];
		const loaded = (place: number): readonly [id: number | undefined, place: number] => {
			read.length = 0;
			const again = new CalibrationStore({
				read: (each) => {
					read.push(each);
					return places.read(each);
				},
				write: () => assert.fail("a load writes nothing"),
			});
			return [again.load(place).channels[0]?.id, again.bank];
		};
		for (const [id, place] of [
			[1, 3],
			[2, 2],
			[3, 3],
		] as const) {
			pH.id = id;
			store.save(stored);
			assert.equal(store.bank, place);
			assert.deepEqual(loaded(place), [id, place]);
			assert.deepEqual(read, [place]);
		}
		const newest = places.held[3];
		assert.ok(newest !== undefined);
		newest[20] = (newest[20] ?? 0) ^ 1;
		assert.deepEqual(loaded(3), [2, 2]);
		assert.deepEqual(read, [3, 2, 3]);
	});

	it("takes no place whose bytes were altered", () => {
		const places = new Places();
		const store = new CalibrationStore(places);
		const stored = store.load();
		store.save(stored);
		const written = places.held.findIndex((bytes) => bytes !== undefined);
		const bytes = places.held[written];
		assert.ok(bytes !== undefined);
		for (let at = 0; at < bytes.length; at++) {
			bytes[at] = (bytes[at] ?? 0) ^ 0x10;
			const { checkedUtcSeconds, channels } = new CalibrationStore(places).load();
			assert.deepEqual([checkedUtcSeconds, channels[0]?.id], [0, 0]);
			bytes[at] = (bytes[at] ?? 0) ^ 0x10;
		}
	});
});

/**
 * The banks of settings in NVS, in a namespace of their own. The SDK's key-value store commits
 * every write, and NVS keeps the old value until the new one is whole; its `preference` module
 * erases first, and would lose both to a cut.
 */
import keyValue from "embedded:storage/key-value";
import type { SettingsMemory } from "../ports.js";

const NAMESPACE = "bistrina-conf";

/** Opens the store for each call: a configuration comes a few times a year. */
export function createSettings(): SettingsMemory {
	const withStore = <Result>(work: (store: ReturnType<typeof keyValue.open>) => Result): Result => {
		const store = keyValue.open({ path: NAMESPACE, mode: "r+", format: "buffer" });
		try {
			return work(store);
		} finally {
			store.close();
		}
	};
	return {
		read: (bank) =>
			withStore((store) => {
				const value = store.read(keyOf(bank));
				return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
			}),
		write: (bank, bytes) =>
			withStore((store) => {
				// A copy of its own: the SDK takes whole buffers, not windows into them.
				store.write(keyOf(bank), bytes.slice().buffer);
			}),
	};
}

function keyOf(bank: number): string {
	return `place-${bank}`;
}

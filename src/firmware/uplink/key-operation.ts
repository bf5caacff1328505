/** Waiting for a key: signing and verifying complete later, fail, or say nothing. */
import { StationError } from "../../core/errors.js";
import { Signal, type Task } from "../../core/task.js";
import type { Cancellable } from "../ports.js";

/** ES256 in software on an ESP32 is slow and has not been measured there. */
export const KEY_MILLISECONDS_MAX = 20_000;

/** The value that `begin` reports; its failure and its silence are StationError `sign-failed`. */
export function* keyOperation<Value>(
	begin: (onDone: (error: Error | null, value?: Value) => void) => Cancellable,
	what: string,
): Task<Value> {
	const result = new Signal<{ readonly value: Value } | Error>();
	let operation: Cancellable | undefined;
	try {
		try {
			operation = begin((error, value) => {
				if (error !== null || value === undefined) result.set(error ?? new Error("no result"));
				else result.set({ value });
			});
		} catch (error) {
			// What a port throws at once counts like what it reports later.
			result.set(error instanceof Error ? error : new Error(String(error)));
		}
		const found = yield* result.wait(KEY_MILLISECONDS_MAX);
		if (found === undefined) throw new StationError("sign-failed", `${what} in time`);
		if (found instanceof Error) {
			throw new StationError("sign-failed", `${what}: ${found.message}`, { cause: found });
		}
		return found.value;
	} finally {
		operation?.cancel();
	}
}

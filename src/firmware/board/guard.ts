/**
 * Every callback of the SDK enters the station through a guard: an exception that escapes from a
 * callback restarts the board without a word (xs/platforms/esp/xsPlatform.c, fxAbort).
 */

/** Wraps a callback so that nothing it throws gets out; `this` and arguments pass through. */
export type Guard = <This, Arguments extends unknown[]>(
	callback: (this: This, ...parameters: Arguments) => void,
) => (this: This, ...parameters: Arguments) => void;

/** `onFault` gets what was thrown; what it throws itself is lost. */
export function createGuard(onFault: (error: unknown) => void): Guard {
	return (callback) =>
		function (...parameters) {
			try {
				callback.apply(this, parameters);
			} catch (error) {
				try {
					onFault(error);
				} catch {
					// The fault handler is the last in line; the watchdog comes after it.
				}
			}
		};
}

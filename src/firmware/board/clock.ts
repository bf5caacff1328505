/** The port `Clock` over the SDK's timers and the chip's RTC counter. */
import Timer from "timer";
import type { Alarm, Clock } from "../ports.js";
import type { Guard } from "./guard.js";
import type { Native } from "./native.js";

/** The SDK's timers take 31 bits; a longer alarm is armed again on the way (12 days). */
const TIMER_MILLISECONDS_MAX = 2 ** 30;

export function createClock(native: Native, guard: Guard): Clock {
	return {
		get milliseconds() {
			return native.station_milliseconds();
		},
		createAlarm: (callback) => new TimerAlarm(native, guard, callback),
	};
}

class TimerAlarm implements Alarm {
	readonly #native: Native;
	readonly #guard: Guard;
	readonly #callback: () => void;
	#timer: Timer | undefined;
	#dueMilliseconds = 0;

	constructor(native: Native, guard: Guard, callback: () => void) {
		this.#native = native;
		this.#guard = guard;
		this.#callback = callback;
	}

	schedule(delayMilliseconds: number): void {
		this.#dueMilliseconds = this.#native.station_milliseconds() + delayMilliseconds;
		this.#arm(delayMilliseconds);
	}

	cancel(): void {
		if (this.#timer !== undefined) Timer.clear(this.#timer);
		this.#timer = undefined;
	}

	#arm(delayMilliseconds: number): void {
		this.cancel();
		const slice = Math.min(Math.ceil(delayMilliseconds), TIMER_MILLISECONDS_MAX);
		const fire = this.#guard(() => this.#fire());
		this.#timer = Timer.set(() => fire(), slice);
	}

	#fire(): void {
		// A timer that was set to fire once is gone when it has fired; clearing it again would throw.
		this.#timer = undefined;
		const left = this.#dueMilliseconds - this.#native.station_milliseconds();
		if (left > 1) this.#arm(left);
		else this.#callback();
	}
}

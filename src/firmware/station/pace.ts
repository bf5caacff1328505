/** When a station measures: as the clock and the configuration have it, and as an event asks for it. */
import { EventController, type EventControllerOptions } from "./event-controller.js";
import { ReadingTimes, type ReadingTimesOptions, type ReadingTimesState } from "./reading-times.js";

export interface PaceOptions extends Omit<EventControllerOptions, "state"> {
	readonly time: ReadingTimesOptions["time"];
	readonly isBatteryLow: () => boolean;
	/** From the last wake. */
	readonly retained: { readonly times: ReadingTimesState; readonly events: Uint8Array } | undefined;
}

export interface Pace {
	readonly times: ReadingTimes;
	readonly events: EventController;
}

export function openPace({ time, isBatteryLow, retained, ...rooms }: PaceOptions): Pace {
	const events = new EventController({ ...rooms, state: retained?.events });
	const times = new ReadingTimes({
		clock: rooms.board.clock,
		time,
		configuration: () => rooms.manager.configuration,
		isBatteryLow,
		eventSeconds: () => events.intervalSeconds,
		state: retained?.times,
	});
	return { times, events };
}

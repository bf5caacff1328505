/** When a station measures: as the clock and the configuration have it, as an event asks for it, and as the battery lets it. */
import type { StationRooms } from "./calibration-opening.js";
import { EventController, type EventControllerOptions } from "./event-controller.js";
import { Heartbeat } from "./heartbeat.js";
import { PowerController } from "./power-controller.js";
import { ReadingTimes, type ReadingTimesState } from "./reading-times.js";

export interface PaceOptions
	extends Pick<EventControllerOptions, "board" | "standing" | "onUrgent"> {
	readonly rooms: Pick<StationRooms, "manager" | "journal" | "recorder" | "time">;
	readonly isBatteryLow: () => boolean;
	/** From the last wake. */
	readonly retained: PaceState | undefined;
}

export interface PaceState {
	readonly times: ReadingTimesState;
	/** EVENT_CONTROLLER_BYTES, or none where the controller does not know the record yet. */
	readonly events: Uint8Array;
	/** POWER_CONTROLLER_BYTES. */
	readonly power: Uint8Array;
	/** HEARTBEAT_BYTES. */
	readonly heartbeat: Uint8Array;
}

export interface Pace {
	readonly times: ReadingTimes;
	readonly events: EventController;
	readonly power: PowerController;
	readonly heartbeat: Heartbeat;
	/** For retained memory. */
	save(): PaceState;
}

export function openPace(options: PaceOptions): Pace {
	const { board, standing, onUrgent, isBatteryLow, retained } = options;
	const { manager, journal, recorder, time } = options.rooms;
	const { clock } = board;
	const configuration = () => manager.configuration;
	const power = new PowerController({
		clock,
		configuration,
		state: retained?.power,
		record: (level, text) => recorder.event("power-level", level, text),
	});
	const events = new EventController({
		board,
		journal,
		recorder,
		manager,
		standing,
		onUrgent,
		state: retained?.events,
	});
	const heartbeat = new Heartbeat(clock, retained?.heartbeat);
	const times = new ReadingTimes({
		clock,
		time,
		configuration,
		isBatteryLow,
		power,
		eventSeconds: () => events.intervalSeconds,
		state: retained?.times,
	});
	return {
		times,
		events,
		power,
		heartbeat,
		save: () => ({
			times: times.save(),
			events: events.save(),
			power: power.save(),
			heartbeat: heartbeat.save(),
		}),
	};
}

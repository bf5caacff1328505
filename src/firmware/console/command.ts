/** What a command of the line is: a task that emits parts and returns the answer's fields. */
import type { Task } from "../../core/task.js";
import type { CommandRow } from "../../protocol/line/commands.js";
import type { ConsoleErrorCode } from "../../protocol/line/console.js";
import type { AnswerFields, StationService } from "./service.js";

/** A request that is answered with a code of its own. */
export class CommandRefusal extends Error {
	override name = "CommandRefusal";
	readonly code: ConsoleErrorCode;

	constructor(code: ConsoleErrorCode, text: string) {
		super(text);
		this.code = code;
	}
}

/** Sends a part; waits until there is room for it. */
export type Emit = (fields: AnswerFields) => Task<void>;

/** What commands see of the line that they came over. */
export interface CommandContext {
	readonly service: StationService;
	readonly commands: CommandMap;
	/** Lines that were no request. */
	readonly garbledCount: number;
	/** Ends the request that is under way. */
	stop(): Task<void>;
	/** Ends service. */
	leave(): void;
}

/** `waitMilliseconds`: what its row allows the station to wait. */
export type Run<Given> = (
	context: CommandContext,
	given: Given,
	emit: Emit,
	waitMilliseconds: number,
) => Task<AnswerFields>;

export interface StationCommand {
	readonly row: CommandRow;
	readonly run: Run<never>;
}

export type CommandMap = ReadonlyMap<string, StationCommand>;

/** major * 1 000 000 + minor * 1 000 + patch as people write it: 1000 is 0.1.0. */
export function firmwareText(packed: number): string {
	return `${Math.floor(packed / 1_000_000)}.${Math.floor(packed / 1000) % 1000}.${packed % 1000}`;
}

/** Ports that the simulator answers at; it is loaded only when one is asked for. */
import { OperationalError, UsageError } from "../../host/errors.js";
import type { ControlledPort } from "../controlled-port.js";
import type { Line } from "../line.js";
import { print } from "./options.js";

const STATION_SCHEME = "sim:";
const BOARD_SCHEME = "board:";

export function isSimulatedStation(port: string): boolean {
	return port.startsWith(STATION_SCHEME);
}

export function isSimulatedBoard(port: string): boolean {
	return port.startsWith(BOARD_SCHEME);
}

/** The line of a station that begins with this call and ends with it. */
export async function openSimulatedStation(port: string): Promise<Line> {
	const { openSimulatedLine } = await import("../../../sim/shell/station-line.js");
	return simulated(() => openSimulatedLine(port.slice(STATION_SCHEME.length), print));
}

/** A board that is files in a folder, and there again at the next call. */
export async function openSimulatedBoard(port: string): Promise<ControlledPort> {
	const { openBoardFolder } = await import("../../../sim/shell/station-line.js");
	return simulated(() => openBoardFolder(port.slice(BOARD_SCHEME.length), print));
}

/** An operational error of the simulator is one of the technician's program. */
async function simulated<Result>(work: () => Promise<Result>): Promise<Result> {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		if (error.name === "UsageError") throw new UsageError(error.message);
		if (error.name === "OperationalError") throw new OperationalError(error.message);
		throw error;
	}
}

/** Checks every circuit: whether its export is still that of the calibration in force. */
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { ProbeSession } from "../measure/probe-session.js";
import type { CalibrationsInForce } from "./calibrations-in-force.js";
import { exportOf, exportOnce } from "./circuit-exchange.js";
import type { ProbeAccess } from "./probe-work.js";

/** A change is an entry of its own; `log` gets a line for a circuit that could not be checked. */
export function* checkCircuits(
	inForce: CalibrationsInForce,
	{ board, openProbes }: ProbeAccess,
	log: (text: string) => void,
): Task<void> {
	if (!inForce.beginCheck()) return;
	const session = new ProbeSession(board, openProbes, 0);
	try {
		yield* session.open(false);
		yield* session.warm("probe", session.probes.pH.warmUpMilliseconds);
		for (const [channel, { name }] of CHANNELS.entries()) {
			const circuit = session.probes[name]?.circuit;
			if (circuit === undefined) {
				inForce.rebase(channel);
				continue;
			}
			try {
				// One that agrees is enough; one that does not must be read twice.
				let exported = yield* exportOnce(circuit, board.watchdog);
				if (exported === undefined || !inForce.isInForce(channel, exported)) {
					exported = yield* exportOf(circuit, board.watchdog);
				}
				inForce.compare(channel, exported);
			} catch (error) {
				if (!(error instanceof StationError)) throw error;
				// Unplugged, or of a firmware that exports nothing: readings continue under what was known.
				log(`calibration of ${name} not looked at: ${error.code}`);
			}
		}
	} finally {
		session.close();
	}
	inForce.save();
}

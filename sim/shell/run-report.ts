/** What a run came to: summary, deviation and exit code. */
import { onStderr } from "../../src/host/colours.js";
import { addDeliveries, judgeDelivery, NO_DELIVERY } from "../checkers/delivery.js";
import type { CollectorHost } from "./collector-host.js";
import { DeviationMeter } from "./deviation.js";
import { instant } from "./live-view.js";
import type { StartOptions } from "./options.js";
import type { Simulation } from "./simulation.js";

/** After the end of a run the last acknowledgement may take this long, simulated seconds. */
export const SETTLE_SECONDS_MAX = 4 * 3600;

export interface ReportOptions {
	readonly simulation: Simulation;
	readonly collector: CollectorHost;
	readonly options: StartOptions;
	readonly seed: number;
	readonly wallSeconds: number;
	readonly isSettled: boolean;
	readonly isReproducible: boolean;
}

export async function report(given: ReportOptions): Promise<number> {
	const { simulation, collector, options } = given;
	let total = NO_DELIVERY;
	const meter = new DeviationMeter();
	let milliwattHours = 0;
	for (const { name, river, station, witness } of simulation.played) {
		const rows = await collector.rowsOf(name);
		total = addDeliveries(total, judgeDelivery(witness.returned, witness.mayExist, rows));
		meter.add(rows, river);
		for (const each of station.hardware.energy.milliwattHoursByPart().values())
			milliwattHours += each;
	}
	const simulatedSeconds = Math.round(simulation.simulatedSeconds);
	const days = (simulatedSeconds * simulation.played.length) / 86_400;
	const summary = {
		seed: given.seed,
		simulatedSeconds,
		wallSeconds: Math.round(given.wallSeconds * 10) / 10,
		stations: simulation.played.length,
		measured: total.measured,
		appended: total.appended,
		delivered: total.delivered,
		duplicates: collector.counts.duplicates,
		inGaps: total.inGaps,
		missing: total.missing,
		foreign: total.foreign,
		refusals: collector.counts.refusals,
		gaps: total.gaps,
		energyMilliwattHoursPerDay: days === 0 ? 0 : Math.round((milliwattHours / days) * 10) / 10,
		deviation: meter.result(),
		reproducible: given.isReproducible,
	};
	if (options.summary === "json") process.stdout.write(`${JSON.stringify(summary)}\n`);
	else {
		process.stdout.write(
			`${instant(simulation.utcSeconds)}: ` +
				`${summary.measured} readings measured, ${summary.appended} entries appended, ` +
				`${summary.delivered} delivered, ${summary.missing} missing, ${summary.duplicates} received again, ` +
				`${energyText(milliwattHours / simulation.played.length, simulatedSeconds)}\n`,
		);
	}
	if (given.isSettled && total.missing === 0 && total.foreign === 0) return 0;
	process.stderr.write(
		`${onStderr.red("error:")} ${
			given.isSettled
				? `${total.missing} entries missing and ${total.foreign} foreign at the collector`
				: `the last acknowledgement did not come within ${SETTLE_SECONDS_MAX / 3600} simulated hours`
		}; reproduce with --seed ${given.seed}\n`,
	);
	return 1;
}

/** Of one station on average. A boot costs more than an hour: what a day takes is known after a day. */
export function energyText(milliwattHours: number, simulatedSeconds: number): string {
	const days = simulatedSeconds / 86_400;
	if (days >= 1) return `${(milliwattHours / days).toFixed(1)} mWh a day per station`;
	return `${milliwattHours.toFixed(1)} mWh per station so far`;
}

/**
 * Composition root on the SDK's simulator (platform `lin`): the station on XS with a simulated board,
 * river and collector. Every simulated hour it traces a line; after a day the report of the rehearsal,
 * which must be that of the same rehearsal on Node.
 */
import Timer from "timer";
import { Rehearsal } from "../../station/rehearsal.js";

const SEED = 20_260_901;
/** 1 MiB of readings, as on the board. */
const SECTORS = 256;
const HOUR_SECONDS = 3600;
const HOURS = 24;
/** A simulated hour every quarter of a second, if the machine can. */
const HOUR_MILLISECONDS = 250;

const rehearsal = new Rehearsal({ seed: SEED, scenario: "storm-pek", sectors: SECTORS });
let hours = 0;

const timer = Timer.repeat(() => {
	hours++;
	rehearsal.runUntil(hours * HOUR_SECONDS);
	trace(`hour ${hours}: ${rehearsal.appended} entries, ${rehearsal.acknowledged} acknowledged\n`);
	if (hours < HOURS) return;
	Timer.clear(timer);
	rehearsal.settle();
	trace(`${JSON.stringify(rehearsal.report())}\n`);
}, HOUR_MILLISECONDS);

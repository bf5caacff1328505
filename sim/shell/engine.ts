/**
 * How V8 runs a simulated station: imported for its effect, before anything else, by the programs that run
 * one for long. What a wake makes dies with it, but in the first days, before its functions are optimised,
 * V8 sees all of it survive the collections of the young generation (of one place 117 objects in 117), and
 * makes it in the old generation from then on. There it keeps what it refers to alive until the next full
 * collection: 13 KB of the 129 KB of each reading, and a seventh of the time of a simulated year.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--no-allocation-site-pretenuring");

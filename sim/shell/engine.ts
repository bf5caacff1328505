/**
 * How V8 runs a simulated station: imported for its effect, before anything else, by the programs that run
 * one for long. What a wake makes dies with it, but where many wakes lie between two collections of the
 * young generation, V8 comes to believe that it lives long and makes it in the old one. What is made there
 * keeps what it refers to alive until the next full collection: 13 KB of the 129 KB of each reading, and a
 * seventh of the time of a simulated year.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--no-allocation-site-pretenuring");

/** How commander shows what was wrong with a command line: a file's name that the shell put there may steer a terminal. */
import type { OutputConfiguration } from "commander";
import { printableLines } from "./printable.js";

export const PRINTABLE_USAGE: OutputConfiguration = Object.freeze({
	outputError: (text: string, write: (text: string) => void) => write(printableLines(text)),
});

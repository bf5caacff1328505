/** Who used the processors, as Linux counts it; elsewhere nothing is known. */
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;
const NANOSECONDS = 1e9;

export interface ProcessorUse {
	/** Of the process and its children, seconds. */
	readonly seconds: number;
	/** Of its main thread, and how long that waited for a processor, seconds. */
	readonly mainSeconds: number;
	readonly mainWaitedSeconds: number;
}

/** Of a process and its children but `apart`; undefined where the system does not say. */
export function processorUseOf(
	pid: number,
	apart: readonly number[] = [],
): ProcessorUse | undefined {
	try {
		let seconds = ownSecondsOf(pid);
		for (const child of childrenOf(pid)) if (!apart.includes(child)) seconds += ownSecondsOf(child);
		const schedule = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
		return {
			seconds,
			mainSeconds: Number(schedule[0]) / NANOSECONDS,
			mainWaitedSeconds: Number(schedule[1]) / NANOSECONDS,
		};
	} catch {
		return undefined;
	}
}

/**
 * A clock that goes only while the main threads of these processes run, and those of their children by now;
 * milliseconds, a few of them late while one runs. NaN where the system does not say.
 */
export function workClock(pids: readonly number[]): () => number {
	const paths: string[] = [];
	try {
		for (const pid of pids.flatMap((each) => [each, ...childrenOf(each)])) {
			paths.push(`/proc/${pid}/task/${pid}/schedstat`);
		}
	} catch {
		return () => Number.NaN;
	}
	return () => {
		let nanoseconds = 0;
		for (const path of paths) {
			try {
				nanoseconds += Number(readFileSync(path, "utf8").split(" ")[0]);
			} catch {
				// A child that has ended works no more.
			}
		}
		return (1000 * nanoseconds) / NANOSECONDS;
	};
}

/** Of everybody on the machine, seconds of all processors. */
export function machineSeconds(): number | undefined {
	try {
		const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
		const [, user, nice, system, , , irq, softIrq] = line.split(/ +/).map(Number);
		const ticks = [user, nice, system, irq, softIrq].reduce<number>((sum, of = 0) => sum + of, 0);
		return ticks / TICKS_PER_SECOND;
	} catch {
		return undefined;
	}
}

/** With those of its children that ended. */
function ownSecondsOf(pid: number): number {
	const text = readFileSync(`/proc/${pid}/stat`, "utf8");
	// The name in brackets may hold anything; from the state on it is numbers.
	const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
	return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

function childrenOf(pid: number): number[] {
	return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
		readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
			.split(" ")
			.filter((name) => name !== "")
			.map(Number),
	);
}

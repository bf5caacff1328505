/** Whether the holder of a lock still runs. */
import { readFileSync } from "node:fs";

/**
 * True while a process of this number runs. One that was killed and that nobody has waited for yet
 * still has its number, but can hold nothing any more: Linux tells (proc(5), /proc/PID/stat).
 */
export function isProcessAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
	if (process.platform !== "linux") return true;
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
		// The name before the state may hold spaces and parentheses: the state follows the last one.
		const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
		return state !== "Z" && state !== "X";
	} catch {
		// Gone between the two questions, or a system without /proc that answered the first one.
		return true;
	}
}

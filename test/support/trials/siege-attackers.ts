/**
 * The attackers of `npm run campaign -- siege` as a process of their own, each on a thread. An attacker has
 * its own machines: here it must not take the processor from the collector it attacks, so it runs only when
 * nobody else wants to (Linux), or after everybody else. What they send they make before they are let go.
 *
 * Linux shares processors out among sessions first, and idle is idle within a session only: each process of
 * PostgreSQL has one of its own, and so an idle attacker in the collector's session took half a processor from the
 * database whenever the collector waited for it. Beside PostgreSQL the attackers have a session of their own, of the
 * least weight while they attack. With the embedded database they stay in the collector's: there idle gives way at once,
 * and a session of little weight only when its turn is over.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { AttackOrder, AttackResult } from "./siege-attacks.js";

const PROGRAM = fileURLToPath(import.meta.url);
const LAST_OF_ALL: readonly (readonly string[])[] = [
	["/usr/bin/chrt", "--idle", "0"],
	["/usr/bin/nice", "-n", "19"],
];
/** Of a session among sessions, as of nice. */
const LEAST_WEIGHT = "19";
const USUAL_WEIGHT = "0";
const READY = "ready";
const GO = "go";

export class Attackers {
	readonly pid: number;
	readonly #child: ChildProcess;
	readonly #isDatabaseApart: boolean;
	readonly #ended: Promise<never>;

	/** `isDatabaseApart`: it has sessions of its own. */
	constructor(isDatabaseApart: boolean) {
		this.#isDatabaseApart = isDatabaseApart;
		const before = LAST_OF_ALL.find(([program = ""]) => existsSync(program)) ?? [];
		const [program = process.execPath, ...args] = [...before, process.execPath, PROGRAM];
		this.#child = spawn(program, args, {
			stdio: ["ignore", "inherit", "inherit", "ipc"],
			detached: isDatabaseApart,
		});
		this.pid = this.#child.pid ?? 0;
		this.#ended = once(this.#child, "exit").then(() => {
			throw new Error("the attackers' process ended");
		});
		// An attacker that waits for an answer hears of it.
		this.#ended.catch(() => {});
	}

	/** Resolves when all have made what they send. */
	async prepare(orders: readonly AttackOrder[]): Promise<void> {
		await this.#ask(orders);
	}

	/** All at once; resolves when the last one is done. */
	async attack(): Promise<readonly AttackResult[]> {
		if (this.#isDatabaseApart) weigh(this.pid, LEAST_WEIGHT);
		try {
			return (await this.#ask(GO)) as readonly AttackResult[];
		} finally {
			if (this.#isDatabaseApart) weigh(this.pid, USUAL_WEIGHT);
		}
	}

	stop(): void {
		this.#child.kill();
	}

	async #ask(message: readonly AttackOrder[] | typeof GO): Promise<unknown> {
		const answer = once(this.#child, "message");
		this.#child.send(message);
		const [answered] = await Promise.race([answer, this.#ended]);
		return answered;
	}
}

/** Whether Linux shares the processors out among sessions. */
export function hasSessionGroups(): boolean {
	try {
		return readFileSync("/proc/sys/kernel/sched_autogroup_enabled", "utf8").trim() === "1";
	} catch {
		return false;
	}
}

/** Gives the process's session its weight among others, where the system has such groups and lets us. */
function weigh(pid: number, nice: string): void {
	try {
		writeFileSync(`/proc/${pid}/autogroup`, nice);
	} catch {
		// What is left is what was there before: idle within its session.
	}
}

/** A thread that has made what it sends. */
async function readyThread(order: AttackOrder): Promise<Worker> {
	const thread = new Worker(new URL("./siege-attacks.js", import.meta.url), { workerData: order });
	await once(thread, "message");
	return thread;
}

async function resultOf(thread: Worker): Promise<AttackResult> {
	thread.postMessage(GO);
	const [result] = await once(thread, "message");
	return result as AttackResult;
}

if (process.argv[1] === PROGRAM) {
	let threads: readonly Worker[] = [];
	process.on("message", async (message: readonly AttackOrder[] | typeof GO) => {
		if (message !== GO) {
			threads = await Promise.all(message.map(readyThread));
			process.send?.(READY);
			return;
		}
		process.send?.(await Promise.all(threads.map(resultOf)));
		threads = [];
	});
	// The process that ordered them is gone.
	process.once("disconnect", () => process.exit());
}

/**
 * Enrolment in the embedded database of a collector that runs, which nobody else can open: the results are laid into its
 * folder, it takes them within a second and lays an answer beside. Only the collector's owner can write there.
 */
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OperationalError } from "../../host/errors.js";
import { notice } from "../../host/messages/notice.js";
import { resultsOf, type StationResult } from "../../host/station-result.js";
import type { KeyDecision } from "../ledger/station-keys.js";
import { DatabaseError } from "../store/database-error.js";
import { enrolResults, type KeyRegistry, type KnownStation, knownStation } from "./enrolment.js";

const FOLDER = "enrol";
const ASKED = ".jsonl";
const ANSWER = ".answer";
const POLL_MILLISECONDS = 1000;
const WAIT_MILLISECONDS = 100;
/** A collector that is busy with a new database takes some seconds. */
const ANSWER_SECONDS_MAX = 20;
/** Ten thousand stations are 7 MB. */
const ASKED_BYTES_MAX = 10_000_000;

export interface Asked {
	readonly rows: readonly StationResult[];
	readonly decision: KeyDecision | undefined;
	/** The station about which the answer has what is known, before anything is enrolled. */
	readonly of?: string | undefined;
}

export interface EnrolmentAnswer {
	/** Stations that were new. */
	readonly enrolled: readonly string[];
	readonly known?: KnownStation | undefined;
}

type Answer = EnrolmentAnswer | { readonly refused: string };

export interface EnrolmentPostOptions {
	/** The collector's. */
	readonly folder: string;
	readonly registry: KeyRegistry;
	readonly log: (line: string) => void;
}

/** The running collector's side. */
export class EnrolmentPost {
	readonly #folder: string;
	readonly #options: EnrolmentPostOptions;
	readonly #timer: NodeJS.Timeout;
	#taking: Promise<void> | undefined;
	/** What was said last of a wish that stays: it is looked at each second, and said once. */
	#said = "";

	constructor(options: EnrolmentPostOptions) {
		this.#options = options;
		this.#folder = join(options.folder, FOLDER);
		// Of whoever did not wait for it.
		for (const name of namesIn(this.#folder, ANSWER)) rmSync(join(this.#folder, name));
		this.#timer = setInterval(() => this.#poll(), POLL_MILLISECONDS).unref();
	}

	async close(): Promise<void> {
		clearInterval(this.#timer);
		await this.#taking;
	}

	#poll(): void {
		if (this.#taking !== undefined || namesIn(this.#folder, ASKED).length === 0) return;
		this.#taking = this.#take()
			.catch((error: unknown) => this.#sayOnce(`not enrolled: ${String(error)}`))
			.finally(() => {
				this.#taking = undefined;
			});
	}

	#sayOnce(line: string): void {
		if (line !== this.#said) this.#options.log(line);
		this.#said = line;
	}

	async #take(): Promise<void> {
		const { registry, log } = this.#options;
		for (const name of namesIn(this.#folder, ASKED).sort()) {
			const path = join(this.#folder, name);
			let answer: Answer;
			try {
				const { rows, decision, of } = readAsked(path);
				const known = of === undefined ? undefined : await knownStation(registry, of);
				const enrolled = (await enrolResults(registry, rows, decision)).map(
					({ station }) => station,
				);
				answer = { enrolled, known };
				if (enrolled.length > 0) log(`enrolled: ${enrolled.join(", ")}`);
			} catch (error) {
				if (!(error instanceof OperationalError)) throw error;
				const line = `not enrolled: ${error.message}`;
				// The database's error passes; what was asked stays.
				if (error instanceof DatabaseError) {
					this.#sayOnce(line);
					return;
				}
				log(line);
				answer = { refused: error.message };
			}
			writeWhole(path.slice(0, -ASKED.length) + ANSWER, JSON.stringify(answer));
			rmSync(path, { force: true });
			this.#said = "";
		}
	}
}

/** The asker's side. Throws OperationalError when the collector takes none, or nothing at all. */
export async function askRunningCollector(
	directory: string,
	{ rows, decision, of, pid }: Asked & { readonly pid: number },
): Promise<EnrolmentAnswer> {
	const folder = join(directory, FOLDER);
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const path = join(folder, `${process.pid}-${Date.now()}`);
	const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
	writeWhole(
		path + ASKED,
		`${JSON.stringify({ decision: decision ?? null, of })}\n${lines.join("")}`,
	);
	const until = performance.now() + ANSWER_SECONDS_MAX * 1000;
	while (!existsSync(path + ANSWER)) {
		if (performance.now() > until) {
			rmSync(path + ASKED, { force: true });
			const seconds = ANSWER_SECONDS_MAX;
			throw new OperationalError(
				notice("not-taken-by-running", { where: directory, pid, seconds }),
			);
		}
		await new Promise((resolve) => setTimeout(resolve, WAIT_MILLISECONDS));
	}
	const answer = JSON.parse(readFileSync(path + ANSWER, "utf8")) as Answer;
	rmSync(path + ANSWER);
	if ("refused" in answer) throw new OperationalError(answer.refused);
	return answer;
}

function readAsked(path: string): Asked {
	const text = readText(path);
	const end = text.indexOf("\n");
	let head: unknown;
	try {
		head = JSON.parse(text.slice(0, end));
	} catch {
		head = undefined;
	}
	if (!isHead(head)) throw new OperationalError(notice("no-result", { file: path, line: 1 }));
	const rows = resultsOf(text.slice(end + 1), path);
	return { rows, decision: head.decision ?? undefined, of: head.of };
}

function readText(path: string): string {
	try {
		if (statSync(path).size > ASKED_BYTES_MAX) throw new OperationalError(`${path}: too long`);
		return readFileSync(path, "utf8");
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (error instanceof OperationalError || code === undefined) throw error;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	}
}

interface Head {
	readonly decision?: KeyDecision | null;
	readonly of?: string;
}

function isHead(value: unknown): value is Head {
	if (typeof value !== "object" || value === null) return false;
	const { decision = null, of = "" } = value as Record<keyof Head, unknown>;
	if (typeof of !== "string" || typeof decision !== "object") return false;
	const { by, why, atUtcSeconds } = (decision ?? NOBODY) as Record<keyof KeyDecision, unknown>;
	return typeof by === "string" && typeof why === "string" && typeof atUtcSeconds === "number";
}

const NOBODY: KeyDecision = Object.freeze({ by: "", why: "", atUtcSeconds: 0 });

/** Of files: a folder is nobody's wish, and what an operator keeps in it stays. */
function namesIn(folder: string, end: string): string[] {
	try {
		return readdirSync(folder, { withFileTypes: true })
			.filter((each) => each.isFile() && each.name.endsWith(end))
			.map(({ name }) => name);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
}

/** Nobody reads half of it. */
function writeWhole(path: string, text: string): void {
	writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
	renameSync(`${path}.new`, path);
}

/** Who takes the batches of the trial of repeats: a collector process, or a ledger in this process for a short one. */
import { writeFileSync } from "node:fs";
import { signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { Ledger, type LedgerAnswer } from "../../../src/collector/ledger/ledger.js";
import { StationGate } from "../../../src/collector/ledger/station-gate.js";
import type { StationKey } from "../../../src/collector/ledger/station-keys.js";
import type { CheckedBatch, StoreOutcome } from "../../../src/collector/store/batch-writer.js";
import { MemoryRecordStore } from "../collectors/memory-record-store.js";
import { type Failure, failing, TrialCollector, type TrialDatabase } from "./repeat-collector.js";
import { type Reply, readAnswer, type Sender } from "./repeat-sender.js";

/** A line of the list of stations, and what it says. */
export interface EnrolledKey {
	readonly station: string;
	readonly line: string;
	readonly key: StationKey;
}

export interface Party {
	send(envelope: Uint8Array, sender: Sender): Promise<Reply>;
	/** Reads a list of stations. */
	enrol(keys: readonly EnrolledKey[]): Promise<void>;
	/** From now on what is stored fails; undefined: no more. */
	fail(failure: Failure | undefined): void;
	/** A minute passes. */
	jump(): Promise<void>;
	restart(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
	stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
	/** Metrics and log of this life; undefined where there are none. */
	output(): Promise<{ readonly metrics: string; readonly log: string } | undefined>;
}

export class ProcessParty implements Party {
	readonly #data: string;
	readonly #list: string;
	readonly #database: TrialDatabase;
	#collector: TrialCollector | undefined;
	#failure: Failure | undefined;

	constructor(data: string, list: string, database: TrialDatabase) {
		this.#data = data;
		this.#list = list;
		this.#database = database;
	}

	send(envelope: Uint8Array, sender: Sender): Promise<Reply> {
		if (this.#collector === undefined) throw new Error("no collector");
		return sender.send(this.#collector, envelope);
	}

	async enrol(keys: readonly EnrolledKey[]): Promise<void> {
		writeFileSync(this.#list, `${keys.map(({ line }) => line).join("\n")}\n`);
		await this.#collector?.reread();
	}

	fail(failure: Failure | undefined): void {
		if (this.#failure !== undefined) failing(this.#database, this.#failure, false);
		this.#failure = failure;
		if (failure !== undefined) failing(this.#database, failure, true);
	}

	async jump(): Promise<void> {
		await this.#collector?.jump();
	}

	async restart(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
		await this.stop(signal);
		this.#collector = await TrialCollector.start(this.#data, this.#list, this.#database.options);
	}

	async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
		await this.#collector?.stop(signal);
	}

	async output(): Promise<{ readonly metrics: string; readonly log: string } | undefined> {
		if (this.#collector === undefined) return undefined;
		return { metrics: await this.#collector.metrics(), log: this.#collector.log };
	}
}

/** What may be wrong with a collector on purpose, to show that the trial sees it. */
export type Planted = "a memory that asks for no key" | "an acknowledgement before the commit";

/** The record in memory that fails when it is told to. */
class FailingStore extends MemoryRecordStore {
	hasFailed = false;
	isLying = false;

	override async write(checked: CheckedBatch): Promise<StoreOutcome> {
		if (!this.hasFailed) return super.write(checked);
		if (!this.isLying) throw new Error("the store fails");
		const last = checked.batch.first + checked.batch.entries.length - 1;
		return {
			...{ outcome: "stored", held: 0, floor: 1 },
			...{ rangeFirsts: [checked.batch.first], rangeLasts: [last] },
		};
	}
}

export class LedgerParty implements Party {
	readonly #key = signingKeyOf(new Uint8Array(32).fill(9));
	readonly #clock = { utcSeconds: 1_790_000_500 };
	readonly #store = new FailingStore();
	readonly #planted: Planted | undefined;
	readonly #remembered = new Map<string, Reply>();
	#ledger = this.#open();
	/** Whose a connection is. */
	#proven = new Map<Sender, string>();

	constructor(planted?: Planted) {
		this.#planted = planted;
		this.#store.isLying = planted === "an acknowledgement before the commit";
	}

	async send(envelope: Uint8Array, sender: Sender): Promise<Reply> {
		const name = Buffer.from(envelope).toString("hex");
		const known = this.#remembered.get(name);
		if (known !== undefined) return known;
		const from = { address: sender.address, station: this.#proven.get(sender) };
		let answer: LedgerAnswer;
		try {
			answer = await this.#ledger.receive(envelope, from);
		} catch {
			return { status: 503, retryAfter: "60", answer: undefined, fault: undefined };
		}
		if (answer.provenBy !== undefined) this.#proven.set(sender, answer.provenBy);
		const { body, status } = answer;
		const reply = {
			...{ status, retryAfter: undefined },
			...readAnswer(body, envelope, this.#key.publicKey),
		};
		if (this.#planted === "a memory that asks for no key" && status === 200)
			this.#remembered.set(name, reply);
		return reply;
	}

	async enrol(keys: readonly EnrolledKey[]): Promise<void> {
		for (const station of new Set(keys.map((each) => each.station))) {
			const own = keys.filter((each) => each.station === station).map(({ key }) => key);
			await this.#ledger.setKeys(station, own);
		}
	}

	fail(failure: Failure | undefined): void {
		this.#store.hasFailed = failure !== undefined;
	}

	async jump(): Promise<void> {
		this.#clock.utcSeconds += 61;
	}

	async restart(): Promise<void> {
		this.#ledger = this.#open();
		this.#proven = new Map();
		this.#remembered.clear();
	}

	async stop(): Promise<void> {}

	async output(): Promise<undefined> {
		return undefined;
	}

	#open(): Ledger {
		const options = { store: this.#store, key: this.#key, clock: this.#clock };
		return new Ledger({ ...options, gate: new StationGate() });
	}
}

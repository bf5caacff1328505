/** A random history of deliveries, repeats and attacks against a collector process, judged request by request by the model. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { onlyKey } from "../../../src/collector/ledger/station-keys.js";
import { hexOf } from "../../../src/core/bytes.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { REFUSAL_CODES } from "../../../src/protocol/wire/acknowledgement.js";
import { sha256 } from "../collectors/signed-station.js";
import { RepeatModel } from "../judges/repeat-model.js";
import {
	checkDatabase,
	checkPowerCycle,
	checkVerify,
	contentOf,
	newPowerCycleCounts,
} from "./repeat-aftermath.js";
import {
	embeddedDatabase,
	type Failure,
	sabotageOf,
	type TrialDatabase,
} from "./repeat-collector.js";
import { Chain, type KeyPair, makeKey } from "./repeat-envelopes.js";
import { bestOutcome, kindOf, shown } from "./repeat-outcome.js";
import { type EnrolledKey, type Party, ProcessParty } from "./repeat-party.js";
import { type Post, RepeatWorld, type StationWorld } from "./repeat-world.js";

export interface TrialOptions {
	readonly folder: string;
	readonly seed: number;
	readonly steps: number;
	/** A collector process with this database in `folder`. */
	readonly database?: TrialDatabase;
	/** In its place, without processes, tables and `verify`. */
	readonly party?: Party;
	readonly isVerbose?: boolean;
}

export interface TrialResult {
	readonly faults: readonly string[];
	readonly requests: number;
	readonly counts: Readonly<Record<string, number>>;
}

export async function repeatTrial(options: TrialOptions): Promise<TrialResult> {
	const trial = new Trial(options);
	try {
		await trial.run();
	} finally {
		await trial.end();
	}
	return { faults: trial.faults, requests: trial.requests, counts: trial.counts };
}

class Trial {
	readonly faults: string[] = [];
	readonly counts: Record<string, number> = {};
	requests = 0;
	readonly #options: TrialOptions;
	readonly #random: SeededRandom;
	readonly #data: string;
	readonly #database: TrialDatabase;
	readonly #party: Party;
	readonly #world: RepeatWorld;
	#model = new RepeatModel(sha256);
	#failure: Failure | undefined;
	#powerCycle = newPowerCycleCounts();
	readonly #forks = new Map<string, string>();
	#minutes = 0;
	#step = 0;

	constructor(options: TrialOptions) {
		this.#options = options;
		this.#random = new SeededRandom(options.seed);
		this.#world = new RepeatWorld(
			options.seed,
			this.#random,
			(station, epoch) => this.#model.held(station, epoch).cursor,
		);
		this.#data = join(options.folder, "data");
		if (options.party === undefined) mkdirSync(this.#data, { recursive: true, mode: 0o700 });
		this.#database = options.database ?? embeddedDatabase(this.#data);
		const list = join(options.folder, "stations");
		this.#party = options.party ?? new ProcessParty(this.#data, list, this.#database);
	}

	async run(): Promise<void> {
		for (const { name, keys } of this.#world.stations) {
			// The third is enrolled on the way.
			const [key] = keys;
			if (name !== "bor-3" && key !== undefined) this.#model.enrol(name, key.publicKey);
		}
		await this.#enrol();
		if (this.#options.party === undefined) {
			await this.#party.restart("SIGTERM");
			await this.#party.stop("SIGTERM");
			const seen = this.#database.options.length === 0 ? "" : this.#database.failures;
			await this.#database.ask((ask) => ask(sabotageOf(seen)));
			await this.#party.restart("SIGTERM");
		}
		for (this.#step = 0; this.#step < this.#options.steps; this.#step++) {
			await this.#oneStep();
			if (this.#failure !== undefined && integerBelow(this.#random, 5) === 0)
				this.#setFailure(undefined);
			if (this.faults.length > 8) break;
		}
		if (this.#failure !== undefined) this.#setFailure(undefined);
		await this.#drain();
		await this.#checkPowerCycle();
		await this.#party.stop("SIGTERM");
		if (this.#options.party !== undefined) return;
		await checkDatabase(this.#database, this.#model, this.#forks, (what) => this.#fault(what));
		this.#checkVerify();
	}

	async end(): Promise<void> {
		this.#world.reconnect();
		await this.#party.stop("SIGKILL");
	}

	#isEnrolled(station: StationWorld): boolean {
		return station.name !== "bor-3" || this.counts["enrol"] !== undefined;
	}

	#enrol(): Promise<void> {
		const keys = this.#world.stations
			.filter((each) => this.#isEnrolled(each))
			.flatMap(({ name, keys, revoked }) =>
				keys.map((key, index) => enrolledKey(name, key, index, revoked.has(index))),
			);
		return this.#party.enrol(keys);
	}

	/** The collector's clock, Unix seconds. */
	#now(): number {
		return Date.now() / 1000 + 61 * this.#minutes;
	}

	#fault(what: string): void {
		this.faults.push(`seed ${this.#options.seed} step ${this.#step}: ${what}`);
	}

	#note(what: string): void {
		if (this.#options.isVerbose === true) console.log(`${this.#step} ${what}`);
	}

	#count(what: string): void {
		this.counts[what] = (this.counts[what] ?? 0) + 1;
	}

	async #oneStep(): Promise<void> {
		const die = integerBelow(this.#random, 1000);
		if (die < 300) return this.#post(1, () => this.#world.honest());
		if (die < 560) return this.#post(1, () => this.#world.repeat());
		if (die < 760) return this.#post(2 + integerBelow(this.#random, 3), () => this.#world.any());
		if (die < 820) return this.#post(1, () => this.#world.fork());
		if (die < 860) return this.#post(1, () => this.#world.copy());
		if (die < 900) return this.#judge(this.#world.sameTwice());
		if (die < 920) return this.#changeKeys();
		if (die < 955) return this.#toggleFailure();
		if (die < 965) return this.#restart();
		if (die < 985) return this.#jump();
		for (const sender of this.#world.strangers)
			if (integerBelow(this.#random, 2) === 0) sender.reconnect();
		const station = this.#world.pick(this.#world.stations);
		station.sender.reconnect();
	}

	#post(count: number, make: () => Post): Promise<void> {
		const posts: Post[] = [];
		for (let index = 0; index < count; index++) posts.push(make());
		return this.#judge(posts);
	}

	async #judge(posts: readonly Post[]): Promise<void> {
		const wereStations = posts.map(({ sender, envelope }) =>
			sender.stations.has(envelope.batch?.station ?? ""),
		);
		const replies = await Promise.all(
			posts.map((post) => this.#party.send(post.envelope.bytes, post.sender)),
		);
		this.requests += posts.length;
		const isFailing = this.#failure !== undefined;
		const best = bestOutcome(this.#model, { posts, replies, wereStations, isFailing });
		if (best === undefined) return;
		this.#model = best.model;
		for (const fault of best.faults) this.#fault(fault);
		posts.forEach((post, index) => {
			const reply = replies[index];
			if (reply === undefined) return;
			this.#note(`${post.envelope.what} from ${post.sender.address}: ${shown(reply)}`);
			if (reply.fault !== undefined) this.#fault(`${post.envelope.what}: ${reply.fault}`);
			const kind = kindOf(reply);
			this.#powerCycle.replies[kind] = (this.#powerCycle.replies[kind] ?? 0) + 1;
			this.#count(kind);
			const owed = best.owed[index];
			if (owed !== undefined && owed.newEntries > 0 && reply.answer?.kind === "acknowledgement") {
				const station = post.envelope.batch?.station ?? "";
				// Of several at once nobody can say over which connection something new came.
				if (posts.length === 1) post.sender.stations.add(station);
				this.#powerCycle.heardAt.set(station, this.#now());
				this.#powerCycle.newEntries += owed.newEntries;
				// Nor how many of them stored something.
				if (posts.length === 1) this.#powerCycle.stored++;
			}
			if (reply.answer?.kind === "refusal") {
				const codes = this.#powerCycle.refusals;
				codes[reply.answer.code] = (codes[reply.answer.code] ?? 0) + 1;
				if (EVIDENCE.includes(reply.answer.code))
					this.#forks.set(contentOf(post.envelope.bytes), post.envelope.what);
			}
		});
	}

	async #changeKeys(): Promise<void> {
		const third = this.#world.stations[2];
		const isNow = third !== undefined && !this.#isEnrolled(third);
		const station = isNow ? third : this.#world.pick(this.#world.stations);
		if (isNow) {
			this.#count("enrol");
			const key = station.keys[0];
			if (key !== undefined) this.#model.enrol(station.name, key.publicKey);
			this.#note("bor-3 is enrolled");
		} else if (station.keys.length < 5) {
			const key = makeKey(`${this.#options.seed}/${station.name}/${station.keys.length}`);
			const chain = station.chains.at(-1);
			station.keys.push(key);
			station.chains.push(new Chain(station.name, 3000 + 1000 * station.keys.length, key, chain));
			// Its first batch is sent before anybody has enrolled the key.
			if (integerBelow(this.#random, 2) === 0) {
				const early = station.chains.at(-1)?.cut(1, 1);
				if (early !== undefined) {
					this.#world.public.push(early);
					for (let index = 0; index < 3; index++) {
						await this.#judge([
							{ envelope: early, sender: this.#world.pick(this.#world.strangers) },
						]);
					}
				}
			}
			this.#model.enrol(station.name, key.publicKey);
			this.#note(`${station.name} has another key`);
			if (integerBelow(this.#random, 2) === 0) {
				const old = station.keys.length - 2;
				const oldKey = station.keys[old];
				station.revoked.add(old);
				if (oldKey !== undefined) this.#model.revoke(station.name, oldKey.publicKey);
				this.#note(`${station.name} has key ${old} revoked`);
			}
		}
		this.#count("key changes");
		if (this.#failure !== undefined) this.#setFailure(undefined);
		await this.#enrol();
	}

	#setFailure(failure: Failure | undefined): void {
		this.#failure = failure;
		this.#party.fail(failure);
		this.#note(`the database ${failure === undefined ? "works" : `fails at the ${failure}`}`);
	}

	#toggleFailure(): Promise<void> {
		if (this.#failure !== undefined) this.#setFailure(undefined);
		else this.#setFailure(integerBelow(this.#random, 2) === 0 ? "statement" : "commit");
		this.#count("failures");
		return Promise.resolve();
	}

	async #restart(): Promise<void> {
		await this.#checkPowerCycle();
		const signal = integerBelow(this.#random, 2) === 0 ? "SIGKILL" : "SIGTERM";
		this.#note(`restart by ${signal}`);
		this.#count("restarts");
		this.#world.reconnect();
		await this.#party.restart(signal);
		this.#powerCycle = newPowerCycleCounts();
		this.#minutes = 0;
	}

	async #jump(): Promise<void> {
		this.#note("a minute passes");
		this.#count("minutes");
		this.#minutes++;
		await this.#party.jump();
	}

	async #checkPowerCycle(): Promise<void> {
		const output = await this.#party.output();
		if (output === undefined) return;
		const names = this.#world.stations.map(({ name }) => name);
		checkPowerCycle(output, this.#powerCycle, names, (what) => this.#fault(what));
	}

	/** Every station delivers what it has. */
	async #drain(): Promise<void> {
		for (const station of this.#world.stations) {
			if (!this.#isEnrolled(station)) continue;
			for (const chain of station.chains) {
				for (let first = 1; first <= chain.last; first += BATCH) {
					const signer = station.keys.at(-1) ?? chain.key;
					const isKeyNamed = signer !== chain.key;
					const last = Math.min(first + BATCH - 1, chain.last);
					const envelope = chain.cut(first, last, { floor: 1, signer, isKeyNamed });
					await this.#judge([{ envelope, sender: station.sender }]);
				}
			}
		}
	}

	#checkVerify(): void {
		const { options } = this.#database;
		const recordOptions = options.length === 0 ? ["--data", this.#data] : options;
		for (const { name } of this.#world.stations) {
			if (!this.#model.epochsHeld.some((held) => held.station === name)) continue;
			const owed = this.#model.verdictOn(name);
			this.#count(owed.isSound ? "sound" : "unsound");
			checkVerify(name, owed, recordOptions, {
				fault: (what) => this.#fault(what),
				note: (what) => this.#note(what),
			});
		}
	}
}

const REVOKED_AT_UTC_SECONDS = Date.UTC(2026, 10, 28) / 1000;

/** A key with the line that enrols it. */
function enrolledKey(
	station: string,
	{ publicKey }: KeyPair,
	index: number,
	isRevoked: boolean,
): EnrolledKey {
	const decision = { by: "A", why: "w", atUtcSeconds: REVOKED_AT_UTC_SECONDS };
	const from = index === 0 ? "" : ' from=2026-11-28 by="A" why="w"';
	const revoked = isRevoked ? ' revoked=2026-11-28 revoked-by="A" revoked-why="w"' : "";
	return {
		...{ station, line: `${station} ${hexOf(publicKey)}${from}${revoked}` },
		key: {
			...onlyKey(publicKey),
			...(index === 0 ? {} : { enrolled: decision }),
			...(isRevoked ? { revoked: decision } : {}),
		},
	};
}

const BATCH = 40;
const EVIDENCE: readonly number[] = [REFUSAL_CODES.fork, REFUSAL_CODES["conflicting-content"]];

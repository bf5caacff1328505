/** A random history of deliveries, repeats and attacks against a collector process, judged request by request by the model. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onlyKey } from "../../../src/collector/ledger/station-keys.js";
import { equalBytes, hexOf } from "../../../src/core/bytes.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { REFUSAL_CODES, type SequenceRange } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { sha256 } from "../collectors/signed-station.js";
import { type Held, type Owed, RepeatModel } from "../judges/repeat-model.js";
import {
	type Ask,
	embeddedDatabase,
	type Failure,
	sabotageOf,
	type TrialDatabase,
} from "./repeat-collector.js";
import {
	Chain,
	type Envelope,
	forgeryOf,
	type KeyPair,
	makeKey,
	otherEnvelopeOf,
	twinOf,
} from "./repeat-envelopes.js";
import { type EnrolledKey, type Party, ProcessParty } from "./repeat-party.js";
import { type Reply, Sender } from "./repeat-sender.js";

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

interface Post {
	readonly envelope: Envelope;
	readonly sender: Sender;
}

interface StationWorld {
	readonly name: string;
	readonly keys: KeyPair[];
	chains: Chain[];
	/** Of each chain, what its batches sent so far end with. */
	readonly sender: Sender;
	revoked: Set<number>;
}

const RANGES_MAX = 4;
const BISTRINA = fileURLToPath(new URL("../../../src/technician/main.js", import.meta.url));

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
	readonly #stations: StationWorld[] = [];
	readonly #strangers: Sender[] = [];
	/** Every envelope that went over a wire. */
	readonly #public: Envelope[] = [];
	#model = new RepeatModel(sha256);
	#failure: Failure | undefined;
	#powerCycle = newPowerCycleCounts();
	readonly #forks = new Map<string, string>();
	#minutes = 0;
	#step = 0;

	constructor(options: TrialOptions) {
		this.#options = options;
		this.#random = new SeededRandom(options.seed);
		this.#data = join(options.folder, "data");
		if (options.party === undefined) mkdirSync(this.#data, { recursive: true, mode: 0o700 });
		this.#database = options.database ?? embeddedDatabase(this.#data);
		const list = join(options.folder, "stations");
		this.#party = options.party ?? new ProcessParty(this.#data, list, this.#database);
	}

	async run(): Promise<void> {
		for (const name of ["bor-1", "bor-2", "bor-3"]) {
			const key = makeKey(`${this.#options.seed}/${name}/0`);
			this.#stations.push({
				name,
				keys: [key],
				chains: [new Chain(name, 1000 + integerBelow(this.#random, 1000), key)],
				sender: new Sender(`127.0.1.${this.#stations.length + 1}`),
				revoked: new Set(),
			});
			// The third is enrolled on the way.
			if (name !== "bor-3") this.#model.enrol(name, key.publicKey);
		}
		for (let index = 0; index < 6; index++)
			this.#strangers.push(new Sender(`127.0.2.${(index % 3) + 1}`));
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
		await this.#checkDatabase();
		this.#checkVerify();
	}

	async end(): Promise<void> {
		for (const sender of [...this.#strangers, ...this.#stations.map((each) => each.sender)])
			sender.reconnect();
		await this.#party.stop("SIGKILL");
	}

	#isEnrolled(station: StationWorld): boolean {
		return station.name !== "bor-3" || this.counts["enrol"] !== undefined;
	}

	#enrol(): Promise<void> {
		const keys = this.#stations
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
		if (die < 300) return this.#post(1, () => this.#honest());
		if (die < 560) return this.#post(1, () => this.#repeat());
		if (die < 760) return this.#post(2 + integerBelow(this.#random, 3), () => this.#any());
		if (die < 820) return this.#post(1, () => this.#fork());
		if (die < 860) return this.#post(1, () => this.#copy());
		if (die < 900) return this.#sameTwice();
		if (die < 920) return this.#changeKeys();
		if (die < 955) return this.#toggleFailure();
		if (die < 965) return this.#restart();
		if (die < 985) return this.#jump();
		for (const sender of this.#strangers)
			if (integerBelow(this.#random, 2) === 0) sender.reconnect();
		const station = this.#pick(this.#stations);
		station.sender.reconnect();
	}

	#pick<Each>(from: readonly Each[]): Each {
		const one = from[integerBelow(this.#random, from.length)];
		if (one === undefined) throw new Error("nothing to pick from");
		return one;
	}

	/** A stranger's connection, or now and then another station's. */
	#anySender(): Sender {
		if (integerBelow(this.#random, 5) === 0) return this.#pick(this.#stations).sender;
		return this.#pick(this.#strangers);
	}

	#honest(): Post {
		const station = this.#pick(this.#stations);
		const chain = station.chains.at(-1);
		if (chain === undefined) throw new Error("no chain");
		const random = this.#random;
		// Entries that a batch has not had yet, or again with some that one has had.
		const older = station.chains.length > 1 && integerBelow(random, 3) === 0;
		const from = older ? this.#pick(station.chains) : chain;
		if (from === chain)
			for (let more = 1 + integerBelow(random, 6); more > 0; more--) from.reading(random);
		const last = integerBelow(random, 4) === 0 ? 1 + integerBelow(random, from.last) : from.last;
		const first = Math.max(1, last - integerBelow(random, 14));
		const signer = station.keys.at(-1) ?? from.key;
		const isKeyNamed = signer !== from.key;
		const isUnchained = first > 1 && integerBelow(random, 12) === 0;
		const cut = from.cut(first, last, {
			isUnchained,
			floor: this.#floorOf(station.name, from.epoch, first),
			...(isKeyNamed ? { signer, isKeyNamed } : {}),
		});
		this.#public.push(cut);
		return { envelope: cut, sender: station.sender };
	}

	/** Mostly an honest one. */
	#floorOf(station: string, epoch: number, first: number): number {
		const die = integerBelow(this.#random, 100);
		if (die < 15) return 0;
		if (die < 70) return 1;
		return die < 97 ? Math.min(this.#model.held(station, epoch).cursor + 1, first) : first;
	}

	#repeat(): Post {
		if (this.#public.length === 0) return this.#honest();
		// Late ones are more likely to be in memory.
		const late = this.#public.slice(-12);
		const envelope = this.#pick(integerBelow(this.#random, 2) === 0 ? late : this.#public);
		const form = integerBelow(this.#random, 4) === 0 ? twinOf(envelope) : envelope;
		return { envelope: form, sender: this.#anySender() };
	}

	#copy(): Post {
		const { envelope, sender } = this.#repeat();
		const other =
			integerBelow(this.#random, 2) === 0
				? forgeryOf(envelope, this.#random)
				: otherEnvelopeOf(envelope, this.#random);
		return { envelope: other, sender };
	}

	/** By who has a station's key. */
	#fork(): Post {
		const station = this.#pick(this.#stations);
		const chain = this.#pick(station.chains);
		const random = this.#random;
		const at = integerBelow(random, chain.last + 1);
		const fork = chain.forkAt(Math.max(1, at));
		const length = 1 + integerBelow(random, 8);
		for (let index = 0; index < length; index++) fork.reading(random);
		const first = Math.max(1, fork.last - integerBelow(random, 10));
		const signer = this.#pick(station.keys);
		const isKeyNamed =
			signer !== chain.key ? integerBelow(random, 4) > 0 : integerBelow(random, 8) === 0;
		const envelope = fork.cut(first, fork.last, { signer, isKeyNamed });
		this.#public.push(envelope);
		return { envelope, sender: this.#anySender() };
	}

	#any(): Post {
		const die = integerBelow(this.#random, 10);
		if (die < 3) return this.#honest();
		if (die < 8) return this.#repeat();
		return die < 9 ? this.#fork() : this.#copy();
	}

	/** One new batch several times at once, by its station and by strangers who are as fast. */
	#sameTwice(): Promise<void> {
		const post = this.#honest();
		const posts = [post];
		const count = 1 + integerBelow(this.#random, 3);
		for (let index = 0; index < count; index++) {
			const envelope = integerBelow(this.#random, 3) === 0 ? twinOf(post.envelope) : post.envelope;
			posts.push({ envelope, sender: this.#pick(this.#strangers) });
		}
		return this.#judge(posts);
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
		const orders = permutations(posts.length);
		let best: Outcome | undefined;
		for (const order of orders) {
			const outcome = this.#fits(posts, replies, wereStations, order);
			if (best === undefined || outcome.faults.length < best.faults.length) best = outcome;
			if (outcome.faults.length === 0) break;
		}
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

	/** What is wrong with the replies if the posts took effect in this order. */
	#fits(
		posts: readonly Post[],
		replies: readonly Reply[],
		wereStations: readonly boolean[],
		order: readonly number[],
	): Outcome {
		const model = this.#model.clone();
		const before = this.#model;
		const faults: string[] = [];
		const owedOf: (Owed | undefined)[] = [];
		for (const index of order) {
			const post = posts[index];
			const reply = replies[index];
			if (post === undefined || reply === undefined) continue;
			const { batch, what } = post.envelope;
			const print = (text: string): void =>
				void faults.push(`${what} from ${post.sender.address}: ${text}; ${shown(reply)}`);
			if (batch === undefined) {
				if (reply.answer?.kind === "acknowledgement")
					print("an unreadable envelope was acknowledged");
				else if (reply.status === 0 || reply.status >= 500)
					print("an unreadable envelope had no proper answer");
				continue;
			}
			const owed = model.owed(batch);
			owedOf[index] = owed;
			if (reply.answer !== undefined) {
				if (reply.answer.station !== batch.station || reply.answer.epoch !== batch.epoch)
					print("another place");
			}
			if (reply.answer === undefined) {
				if (
					!(this.#failure !== undefined && reply.status === 503 && reply.retryAfter !== undefined)
				)
					print("no answer");
				continue;
			}
			if (reply.answer.kind === "refusal") {
				if (!owed.codes.includes(reply.answer.code)) print(`owed was ${shownOwed(owed)}`);
				continue;
			}
			if (owed.codes.length > 0) {
				print(`owed was ${shownOwed(owed)}`);
				continue;
			}
			if (this.#failure !== undefined && owed.newEntries > 0) {
				print("acknowledged what the database could not store");
				continue;
			}
			model.apply(batch);
		}
		// Coverage: what all took effect is the most, what was there before and the batch itself the least.
		posts.forEach((post, index) => {
			const { batch, what } = post.envelope;
			const answer = replies[index]?.answer;
			if (batch === undefined || answer?.kind !== "acknowledgement") return;
			const most = model.held(batch.station, batch.epoch);
			const last = batch.first + batch.entries.length - 1;
			const own = { first: batch.first, last };
			const wrong = coverageFault(answer, most, own);
			if (wrong !== undefined) faults.push(`${what} from ${post.sender.address}: ${wrong}`);
			const isLook = owedOf[index]?.isKnown !== true || wereStations[index] === true;
			const least = before.held(batch.station, batch.epoch);
			if (isLook && !isAtLeast(answer, least)) {
				faults.push(
					`${what} from ${post.sender.address}: less than was stored: ${JSON.stringify(answer.cursor)} ${JSON.stringify(answer.ranges)} of ${JSON.stringify(least)}`,
				);
			}
		});
		return { model, faults, owed: owedOf };
	}

	async #changeKeys(): Promise<void> {
		const third = this.#stations[2];
		const isNow = third !== undefined && !this.#isEnrolled(third);
		const station = isNow ? third : this.#pick(this.#stations);
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
					this.#public.push(early);
					for (let index = 0; index < 3; index++) {
						await this.#judge([{ envelope: early, sender: this.#pick(this.#strangers) }]);
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
		for (const station of this.#stations) station.sender.reconnect();
		for (const sender of this.#strangers) sender.reconnect();
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

	/** What a life of the process says of itself. */
	async #checkPowerCycle(): Promise<void> {
		const output = await this.#party.output();
		if (output === undefined) return;
		const text = output.metrics;
		const of = (name: string): number => {
			let sum = 0;
			for (const line of text.split("\n")) {
				if (line.startsWith(name) && !line.startsWith("#")) sum += Number(line.split(" ").at(-1));
			}
			return sum;
		};
		const powerCycle = this.#powerCycle;
		for (const { name } of this.#stations) {
			const at = of(`bistrina_station_last_contact_timestamp_seconds{station="${name}"}`);
			const heardAt = powerCycle.heardAt.get(name) ?? 0;
			if (Math.abs(at - heardAt) > 5)
				this.#fault(`metrics: ${name} was heard at ${at}, not ${heardAt}`);
		}
		const expect = (name: string, value: number): void => {
			if (of(name) !== value) this.#fault(`metrics: ${name} is ${of(name)}, not ${value}`);
		};
		expect("bistrina_entries_stored_total", powerCycle.newEntries);
		expect('bistrina_batches_total{result="refused"}', powerCycle.replies["refused"] ?? 0);
		expect('bistrina_batches_total{result="failed"}', powerCycle.replies["failed"] ?? 0);
		expect('bistrina_batches_total{result="unreadable"}', powerCycle.replies["unreadable"] ?? 0);
		const taken =
			of('bistrina_batches_total{result="stored"}') + of('bistrina_batches_total{result="known"}');
		if (taken !== (powerCycle.replies["acknowledged"] ?? 0)) {
			this.#fault(`metrics: ${taken} acknowledged, not ${powerCycle.replies["acknowledged"]}`);
		}
		if (of('bistrina_batches_total{result="stored"}') < powerCycle.stored)
			this.#fault("metrics: too few stored");
		for (const [reason, code] of Object.entries(REFUSAL_CODES)) {
			expect(`bistrina_refusals_total{reason="${reason}"}`, powerCycle.refusals[code] ?? 0);
			const { log } = output;
			// Five lines of a station and ten of strangers a minute: then it says whose were left out, a minute later.
			const isCrowded = log.split('"event":"refused"').length > 5;
			if (
				(powerCycle.refusals[code] ?? 0) > 0 &&
				!isCrowded &&
				!log.includes(`"reason":"${reason}"`)
			) {
				this.#fault(`log: nothing of ${reason}`);
			}
		}
	}

	/** The tables against the model. */
	async #checkDatabase(): Promise<void> {
		await this.#database.ask(async (ask: Ask) => {
			const rows = await ask("SELECT station, epoch, sequence, canonical FROM public.entries");
			let count = 0;
			const batches = await ask(
				"SELECT station, epoch, count(*) AS count FROM public.batches GROUP BY 1, 2",
			);
			const batchesOf = new Map(
				batches.map((row) => [`${row["station"]}/${row["epoch"]}`, Number(row["count"])]),
			);
			for (const { station, epoch } of this.#model.epochsHeld) {
				const entries = this.#model.entriesOf(station, epoch);
				count += entries.size;
				const stored = batchesOf.get(`${station}/${epoch}`) ?? 0;
				const cuts = this.#model.cutsOf(station, epoch);
				if (stored !== cuts)
					this.#fault(`${station}/${epoch}: ${stored} batches stored, not ${cuts}`);
			}
			const kept = new Set<string>();
			for (const row of await ask("SELECT reason, envelope FROM public.evidence")) {
				if (/fork|conflict/.test(String(row["reason"])))
					kept.add(contentOf(row["envelope"] as Uint8Array));
			}
			for (const [content, what] of this.#forks)
				if (!kept.has(content)) this.#fault(`no evidence of ${what}`);
			if (kept.size > this.#forks.size)
				this.#fault(`evidence of ${kept.size} forks, not ${this.#forks.size}`);
			if (rows.length !== count) this.#fault(`${rows.length} entries stored, not ${count}`);
			for (const row of rows) {
				const position = [row["station"], row["epoch"], row["sequence"]].join("/");
				const entry = this.#model
					.entriesOf(String(row["station"]), Number(row["epoch"]))
					.get(Number(row["sequence"]));
				if (entry === undefined) this.#fault(`${position} was never acknowledged, and is stored`);
				else if (!equalBytes(entry, row["canonical"] as Uint8Array))
					this.#fault(`${position} is stored with other contents`);
			}
		});
	}

	/** Every station delivers what it has. */
	async #drain(): Promise<void> {
		for (const station of this.#stations) {
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
		for (const station of this.#stations) {
			if (!this.#model.epochsHeld.some((held) => held.station === station.name)) continue;
			const options =
				this.#database.options.length === 0 ? ["--data", this.#data] : this.#database.options;
			const command = [
				"verify",
				"--station",
				station.name,
				"--key",
				"enrolled",
				"--format",
				"json",
				...options,
			];
			const run = spawnSync(process.execPath, [BISTRINA, ...command], { encoding: "utf8" });
			this.#note(`verify ${station.name}: ${run.status} ${run.stdout} ${run.stderr}`);
			const owed = this.#model.verdictOn(station.name);
			this.#count(owed.isSound ? "sound" : "unsound");
			const shown = `verify ${station.name}: ${run.stdout.slice(0, 300)} ${run.stderr.slice(0, 300)}`;
			try {
				const printed = JSON.parse(run.stdout) as Printed;
				const entries = printed.counts.chained + printed.counts.signed;
				if (printed.isSound !== owed.isSound)
					this.#fault(`sound is ${owed.isSound}: ${shown} ${JSON.stringify(printed.findings)}`);
				if (entries !== owed.entries) this.#fault(`${owed.entries} entries: ${shown}`);
				if (printed.counts.missing !== owed.missing)
					this.#fault(`${owed.missing} missing: ${shown}`);
				if (printed.findingCount > 0 !== owed.findings.length > 0)
					this.#fault(`findings ${owed.findings.join()}: ${JSON.stringify(printed.findings)}`);
				if ((run.status === 0) !== printed.isSound) this.#fault(`exit ${run.status}: ${shown}`);
			} catch {
				this.#fault(shown);
			}
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

/** What is signed in an envelope. */
function contentOf(envelope: Uint8Array): string {
	return hexOf(sha256(decodeSign1(envelope).toBeSigned));
}

interface Printed {
	readonly isSound: boolean;
	readonly counts: { readonly chained: number; readonly signed: number; readonly missing: number };
	readonly findings: unknown[];
	readonly findingCount: number;
}

interface PowerCycleCounts {
	newEntries: number;
	stored: number;
	readonly heardAt: Map<string, number>;
	readonly replies: Record<string, number>;
	readonly refusals: Record<number, number>;
}

function newPowerCycleCounts(): PowerCycleCounts {
	return { newEntries: 0, stored: 0, heardAt: new Map(), replies: {}, refusals: {} };
}

interface Outcome {
	readonly model: RepeatModel;
	readonly faults: readonly string[];
	readonly owed: readonly (Owed | undefined)[];
}

function kindOf(reply: Reply): string {
	if (reply.answer?.kind === "acknowledgement") return "acknowledged";
	if (reply.answer?.kind === "refusal") return "refused";
	if (reply.status === 503) return "failed";
	return reply.status === 0 ? "gone" : "unreadable";
}

/** An answer may say less than is held (four ranges), never more, and its own batch unless there is no room. */
function coverageFault(answer: Held, most: Held, own: SequenceRange): string | undefined {
	const all = `${JSON.stringify(answer.cursor)} ${JSON.stringify(answer.ranges)} of ${JSON.stringify(most)}`;
	if (answer.cursor > most.cursor) return `a cursor beyond what is held: ${all}`;
	for (const range of answer.ranges) {
		const isHeld =
			range.last <= most.cursor ||
			most.ranges.some(
				(each) => Math.min(each.first, range.first) === each.first && range.last <= each.last,
			) ||
			range.first <= most.cursor + 1;
		if (!isHeld) return `a range that is not held: ${all}`;
	}
	const isNamed =
		own.last <= answer.cursor ||
		answer.ranges.some((each) => each.first <= own.first && own.last <= each.last) ||
		(own.first <= answer.cursor + 1 && own.last <= answer.cursor);
	if (!isNamed && answer.ranges.length < RANGES_MAX)
		return `its own entries are not among it: ${all}`;
	return undefined;
}

function isAtLeast(answer: Held, least: Held): boolean {
	if (answer.cursor < least.cursor) return false;
	if (answer.ranges.length === RANGES_MAX) return true;
	return least.ranges.every(
		(range) =>
			range.last <= answer.cursor ||
			answer.ranges.some(
				(each) => each.first <= Math.max(range.first, answer.cursor + 1) && range.last <= each.last,
			),
	);
}

function permutations(count: number): number[][] {
	if (count === 0) return [[]];
	const all: number[][] = [];
	for (const shorter of permutations(count - 1)) {
		for (let at = 0; at <= shorter.length; at++) {
			all.push([...shorter.slice(0, at), count - 1, ...shorter.slice(at)]);
		}
	}
	return all.reverse();
}

function shown(reply: Reply): string {
	const { answer } = reply;
	if (answer === undefined)
		return `HTTP ${reply.status} ${reply.retryAfter ?? ""} ${reply.fault ?? ""}`;
	if (answer.kind === "refusal") return `refusal ${answer.code}`;
	return `acknowledged ${answer.cursor} ${answer.ranges.map((each) => `${each.first}..${each.last}`).join(" ")}`;
}

function shownOwed(owed: Owed): string {
	if (owed.codes.length > 0) return `refusal ${owed.codes.join(" or ")}`;
	return `an acknowledgement (${owed.newEntries} new)`;
}

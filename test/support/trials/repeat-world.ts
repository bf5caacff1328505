/** Stations, strangers and what each of them sends in the trial of repeats, drawn in the order of its random numbers. */
import { integerBelow, type SeededRandom } from "../../../src/core/random.js";
import {
	Chain,
	type Envelope,
	forgeryOf,
	type KeyPair,
	makeKey,
	otherEnvelopeOf,
	twinOf,
} from "./repeat-envelopes.js";
import { Sender } from "./repeat-sender.js";

export interface Post {
	readonly envelope: Envelope;
	readonly sender: Sender;
}

export interface StationWorld {
	readonly name: string;
	readonly keys: KeyPair[];
	chains: Chain[];
	/** Of each chain, what its batches sent so far end with. */
	readonly sender: Sender;
	revoked: Set<number>;
}

export class RepeatWorld {
	readonly stations: StationWorld[] = [];
	readonly strangers: Sender[] = [];
	/** Every envelope that went over a wire. */
	readonly public: Envelope[] = [];
	readonly random: SeededRandom;
	readonly #cursorOf: (station: string, epoch: number) => number;

	/** `cursorOf`: what the collector holds of an epoch without a hole. */
	constructor(
		seed: number,
		random: SeededRandom,
		cursorOf: (station: string, epoch: number) => number,
	) {
		this.random = random;
		this.#cursorOf = cursorOf;
		for (const name of ["bor-1", "bor-2", "bor-3"]) {
			const key = makeKey(`${seed}/${name}/0`);
			this.stations.push({
				name,
				keys: [key],
				chains: [new Chain(name, 1000 + integerBelow(random, 1000), key)],
				sender: new Sender(`127.0.1.${this.stations.length + 1}`),
				revoked: new Set(),
			});
		}
		for (let index = 0; index < 6; index++) {
			this.strangers.push(new Sender(`127.0.2.${(index % 3) + 1}`));
		}
	}

	/** Everybody's connection begins again. */
	reconnect(): void {
		for (const sender of [...this.strangers, ...this.stations.map((each) => each.sender)])
			sender.reconnect();
	}

	pick<Each>(from: readonly Each[]): Each {
		const one = from[integerBelow(this.random, from.length)];
		if (one === undefined) throw new Error("nothing to pick from");
		return one;
	}

	/** A stranger's connection, or now and then another station's. */
	#anySender(): Sender {
		if (integerBelow(this.random, 5) === 0) return this.pick(this.stations).sender;
		return this.pick(this.strangers);
	}

	honest(): Post {
		const station = this.pick(this.stations);
		const chain = station.chains.at(-1);
		if (chain === undefined) throw new Error("no chain");
		const random = this.random;
		// Entries that a batch has not had yet, or again with some that one has had.
		const older = station.chains.length > 1 && integerBelow(random, 3) === 0;
		const from = older ? this.pick(station.chains) : chain;
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
		this.public.push(cut);
		return { envelope: cut, sender: station.sender };
	}

	/** Mostly an honest one. */
	#floorOf(station: string, epoch: number, first: number): number {
		const die = integerBelow(this.random, 100);
		if (die < 15) return 0;
		if (die < 70) return 1;
		return die < 97 ? Math.min(this.#cursorOf(station, epoch) + 1, first) : first;
	}

	repeat(): Post {
		if (this.public.length === 0) return this.honest();
		// Late ones are more likely to be in memory.
		const late = this.public.slice(-12);
		const envelope = this.pick(integerBelow(this.random, 2) === 0 ? late : this.public);
		const form = integerBelow(this.random, 4) === 0 ? twinOf(envelope) : envelope;
		return { envelope: form, sender: this.#anySender() };
	}

	copy(): Post {
		const { envelope, sender } = this.repeat();
		const other =
			integerBelow(this.random, 2) === 0
				? forgeryOf(envelope, this.random)
				: otherEnvelopeOf(envelope, this.random);
		return { envelope: other, sender };
	}

	/** By who has a station's key. */
	fork(): Post {
		const station = this.pick(this.stations);
		const chain = this.pick(station.chains);
		const random = this.random;
		const at = integerBelow(random, chain.last + 1);
		const fork = chain.forkAt(Math.max(1, at));
		const length = 1 + integerBelow(random, 8);
		for (let index = 0; index < length; index++) fork.reading(random);
		const first = Math.max(1, fork.last - integerBelow(random, 10));
		const signer = this.pick(station.keys);
		const isKeyNamed =
			signer !== chain.key ? integerBelow(random, 4) > 0 : integerBelow(random, 8) === 0;
		const envelope = fork.cut(first, fork.last, { signer, isKeyNamed });
		this.public.push(envelope);
		return { envelope, sender: this.#anySender() };
	}

	any(): Post {
		const die = integerBelow(this.random, 10);
		if (die < 3) return this.honest();
		if (die < 8) return this.repeat();
		return die < 9 ? this.fork() : this.copy();
	}

	/** One new batch several times at once, by its station and by strangers who are as fast. */
	sameTwice(): Post[] {
		const post = this.honest();
		const posts = [post];
		const count = 1 + integerBelow(this.random, 3);
		for (let index = 0; index < count; index++) {
			const envelope = integerBelow(this.random, 3) === 0 ? twinOf(post.envelope) : post.envelope;
			posts.push({ envelope, sender: this.pick(this.strangers) });
		}
		return posts;
	}
}

/** What the listener holds for each address, where the whole has a limit: whoever has most gives way first. */

interface Share<Item> {
	/** The oldest first. */
	readonly items: Map<Item, number>;
	weight: number;
}

export class Shares<Item> {
	readonly #shares = new Map<string, Share<Item>>();
	#total = 0;

	get total(): number {
		return this.#total;
	}

	of(owner: string): number {
		return this.#shares.get(owner)?.weight ?? 0;
	}

	/** An item that this owner does not have yet. */
	add(owner: string, item: Item, weight = 1): void {
		const share = this.#shares.get(owner) ?? { items: new Map<Item, number>(), weight: 0 };
		this.#shares.set(owner, share);
		share.items.set(item, weight);
		share.weight += weight;
		this.#total += weight;
	}

	/** One that is gone already changes nothing. */
	remove(owner: string, item: Item): void {
		const share = this.#shares.get(owner);
		const weight = share?.items.get(item);
		if (share === undefined || weight === undefined) return;
		share.items.delete(item);
		share.weight -= weight;
		this.#total -= weight;
		if (share.items.size === 0) this.#shares.delete(owner);
	}

	/** Takes out the oldest item of whoever has most; undefined where nobody has more than `least`. */
	takeOfMost(least = 0): Item | undefined {
		let most: string | undefined;
		for (const [owner, { weight }] of this.#shares) {
			if (weight > Math.max(least, most === undefined ? 0 : this.of(most))) most = owner;
		}
		const [item] = (most === undefined ? undefined : this.#shares.get(most)?.items.keys()) ?? [];
		if (most === undefined || item === undefined) return undefined;
		this.remove(most, item);
		return item;
	}
}

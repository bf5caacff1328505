/** What somebody may still do at once; it fills again with time. */
export class Account {
	#tokens: number;
	#atMilliseconds = performance.now();

	constructor(tokens: number) {
		this.#tokens = tokens;
	}

	/** When one was asked for last. */
	get atMilliseconds(): number {
		return this.#atMilliseconds;
	}

	/** Takes one, where there are `atOnce` and so many more a second; false: there is none. */
	takes(atOnce: number, perSecond: number): boolean {
		const now = performance.now();
		const gained = ((now - this.#atMilliseconds) / 1000) * perSecond;
		this.#tokens = Math.min(this.#tokens + gained, atOnce);
		this.#atMilliseconds = now;
		if (this.#tokens < 1) return false;
		this.#tokens--;
		return true;
	}
}

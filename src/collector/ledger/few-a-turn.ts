/** Of what is done at once, so many in a turn of the event loop: the rest is for others to do. */
export class FewATurn {
	readonly #max: number;
	#left: number;

	constructor(max: number) {
		this.#max = max;
		this.#left = max;
	}

	takes(): boolean {
		if (this.#left === 0) return false;
		if (this.#left === this.#max) {
			setImmediate(() => {
				this.#left = this.#max;
			});
		}
		this.#left--;
		return true;
	}
}

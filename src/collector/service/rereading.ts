/**
 * Reading the operator's files, at the start and on SIGHUP: one reading at a time, and one more after it when
 * it was asked for meanwhile, however often. A wish that comes before the first reading waits for that.
 */
export class Rereading {
	readonly #onFailed: (error: unknown) => void;
	#read: (() => Promise<void>) | undefined;
	#isReading = false;
	#isWanted = false;

	/** `onFailed` is called for every reading that fails but the first. */
	constructor(onFailed: (error: unknown) => void) {
		this.#onFailed = onFailed;
	}

	/** The first reading; throws what that throws. */
	async begin(read: () => Promise<void>): Promise<void> {
		this.#isReading = true;
		this.#isWanted = false;
		await read();
		this.#isReading = false;
		this.#read = read;
		if (this.#isWanted) this.ask();
	}

	ask(): void {
		this.#isWanted = true;
		const read = this.#read;
		if (this.#isReading || read === undefined) return;
		this.#isReading = true;
		this.#isWanted = false;
		read()
			.catch(this.#onFailed)
			.finally(() => {
				this.#isReading = false;
				if (this.#isWanted) this.ask();
			});
	}
}

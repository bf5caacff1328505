/**
 * Reading the operator's files, at the start and on SIGHUP: one reading at a time, and one more after it when
 * it was asked for meanwhile, however often. A wish that comes before the first reading waits for that.
 *
 * Between two readings there is a rest. Each looks up every station of the list in the database that acknowledges, and what
 * is known of its keys has to be looked up anew: with one reading after another stations waited for ten seconds.
 */
const REST_MILLISECONDS_MIN = 1000;
/** Of the time that it took: ten thousand stations take a while. */
const REST_SHARE = 4;

export class Rereading {
	readonly #onFailed: (error: unknown) => void;
	#read: (() => Promise<void>) | undefined;
	#isReading = false;
	#isWanted = false;
	/** Of performance.now(). */
	#notBefore = 0;

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
		const wait = this.#notBefore - performance.now();
		if (wait <= 0) this.#begin(read);
		else setTimeout(() => this.#begin(read), wait).unref();
	}

	#begin(read: () => Promise<void>): void {
		this.#isWanted = false;
		const began = performance.now();
		read()
			.catch(this.#onFailed)
			.finally(() => {
				const now = performance.now();
				this.#notBefore = now + Math.max(REST_MILLISECONDS_MIN, REST_SHARE * (now - began));
				this.#isReading = false;
				if (this.#isWanted) this.ask();
			});
	}
}

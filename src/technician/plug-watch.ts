/** Notices a board that is plugged in, by the list of ports: one that came, or came again after it was gone. */
import { isLikelyBoard, type ListedPort } from "./list-ports.js";

export interface PlugWatchOptions {
	/** Asked again and again. */
	readonly list: () => Promise<readonly ListedPort[]>;
	/** Between two looks. */
	readonly pause: () => Promise<void>;
	/** Only this one counts; undefined: any that is likely a board's. */
	readonly path: string | undefined;
}

export class PlugWatch {
	readonly #options: PlugWatchOptions;
	/** Given away and still plugged in. */
	readonly #used = new Set<string>();

	constructor(options: PlugWatchOptions) {
		this.#options = options;
	}

	/**
	 * The port of the next board. At first one that is there already counts; after it was given away a port counts
	 * again once it was gone. Seen at two looks: a port that comes is opened too early at the first.
	 */
	async next(): Promise<string> {
		const { list, pause } = this.#options;
		let before: readonly string[] = [];
		for (;;) {
			const paths = (await list()).filter((port) => this.#counts(port)).map(({ path }) => path);
			for (const path of this.#used) if (!paths.includes(path)) this.#used.delete(path);
			const found = paths.find((path) => !this.#used.has(path) && before.includes(path));
			if (found !== undefined) {
				this.#used.add(found);
				return found;
			}
			before = paths;
			await pause();
		}
	}

	#counts(port: ListedPort): boolean {
		const { path } = this.#options;
		return path === undefined ? isLikelyBoard(port) : port.path === path;
	}
}

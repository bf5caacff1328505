/** Writes a file beside the one that it takes the place of, so that no way out leaves half of either. */

import {
	closeSync,
	existsSync,
	fsyncSync,
	openSync,
	realpathSync,
	renameSync,
	unlinkSync,
	writeSync,
} from "node:fs";
import { OperationalError } from "./errors.js";

/** A file that nobody sees under its name before `commit`. */
export class Replacement {
	readonly #path: string;
	readonly #besidePath: string;
	readonly #file: number;
	#isOpen = true;

	/** Throws OperationalError, as its methods do. */
	constructor(path: string) {
		// What a link points to is replaced, not the link.
		this.#path = existsSync(path) ? realpathSync(path) : path;
		this.#besidePath = `${this.#path}.${process.pid}.new`;
		this.#file = writing(path, () => openSync(this.#besidePath, "wx", 0o644));
	}

	/** Where the new bytes are until `commit`. */
	get besidePath(): string {
		return this.#besidePath;
	}

	write(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			at += writing(this.#path, () => writeSync(this.#file, bytes, at));
		}
	}

	/** The new bytes take the place of the old ones. */
	commit(): void {
		writing(this.#path, () => fsyncSync(this.#file));
		this.#close();
		writing(this.#path, () => renameSync(this.#besidePath, this.#path));
	}

	/** Leaves what was there; does nothing after `commit`. */
	abandon(): void {
		this.#close();
		if (existsSync(this.#besidePath)) unlinkSync(this.#besidePath);
	}

	#close(): void {
		if (this.#isOpen) closeSync(this.#file);
		this.#isOpen = false;
	}
}

/** What the operating system refuses is the technician's to mend. */
export function writing<Result>(path: string, work: () => Result): Result {
	try {
		return work();
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === undefined) throw error;
		throw new OperationalError(`${path}: cannot be written (${code})`);
	}
}

/** What a checker found against a run: one line each, the first few in full and the others counted. */

/** Lines of one kind that are listed in full. */
const LINES_MAX = 3;

export class Findings {
	readonly #byKind = new Map<string, string[]>();
	readonly #counts = new Map<string, number>();

	/** `kind` names the promise that was broken; `what` says where and by how much. */
	add(kind: string, what: string): void {
		const lines = this.#byKind.get(kind) ?? [];
		if (lines.length < LINES_MAX) lines.push(what);
		this.#byKind.set(kind, lines);
		this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
	}

	/** How often a promise was broken. */
	count(kind: string): number {
		return this.#counts.get(kind) ?? 0;
	}

	get lines(): string[] {
		const lines: string[] = [];
		for (const [kind, texts] of this.#byKind) {
			const count = this.#counts.get(kind) ?? 0;
			texts.forEach((what, index) => {
				const isLast = index === texts.length - 1 && count > texts.length;
				lines.push(`${kind}: ${what}${isLast ? ` (and ${count - texts.length} more)` : ""}`);
			});
		}
		return lines;
	}
}

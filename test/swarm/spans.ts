/** Stretches of the world's time in which something was not as usual. */
export interface Span {
	readonly fromUtcSeconds: number;
	readonly toUtcSeconds: number;
}

export class Spans {
	readonly #spans: { fromUtcSeconds: number; toUtcSeconds: number }[] = [];

	add(fromUtcSeconds: number, toUtcSeconds: number): void {
		this.#spans.push({ fromUtcSeconds, toUtcSeconds });
	}

	/** Begins one that lasts until what it returns is called; until then it has no end. */
	begin(fromUtcSeconds: number): (toUtcSeconds: number) => void {
		const span = { fromUtcSeconds, toUtcSeconds: Number.POSITIVE_INFINITY };
		this.#spans.push(span);
		return (toUtcSeconds) => {
			span.toUtcSeconds = toUtcSeconds;
		};
	}

	/** One has no end yet. */
	get isOpen(): boolean {
		return this.#spans.some(({ toUtcSeconds }) => toUtcSeconds === Number.POSITIVE_INFINITY);
	}

	meets(fromUtcSeconds: number, toUtcSeconds: number): boolean {
		return this.#spans.some(
			(span) => span.fromUtcSeconds <= toUtcSeconds && span.toUtcSeconds >= fromUtcSeconds,
		);
	}

	/** Joined and in order. */
	joined(): Span[] {
		const joined: { fromUtcSeconds: number; toUtcSeconds: number }[] = [];
		for (const span of [...this.#spans].sort((a, b) => a.fromUtcSeconds - b.fromUtcSeconds)) {
			const last = joined[joined.length - 1];
			if (last !== undefined && span.fromUtcSeconds <= last.toUtcSeconds) {
				last.toUtcSeconds = Math.max(last.toUtcSeconds, span.toUtcSeconds);
			} else joined.push({ ...span });
		}
		return joined;
	}

	/** What lies between them, within a stretch. */
	between(fromUtcSeconds: number, toUtcSeconds: number): Span[] {
		const free: Span[] = [];
		let from = fromUtcSeconds;
		for (const span of this.joined()) {
			if (span.fromUtcSeconds > from) {
				free.push({
					fromUtcSeconds: from,
					toUtcSeconds: Math.min(span.fromUtcSeconds, toUtcSeconds),
				});
			}
			from = Math.max(from, span.toUtcSeconds);
			if (from >= toUtcSeconds) return free;
		}
		free.push({ fromUtcSeconds: from, toUtcSeconds });
		return free;
	}
}

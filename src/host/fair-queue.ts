/**
 * Work in turns: each asker (a station, an address) has a line of its own, and lines take turns, so that
 * one that asks a thousand times waits for its own requests, and the others do not. Stations that are known go
 * before strangers, who have a share of the places that they cannot exceed.
 */

export interface FairQueueOptions {
	/** Pieces of work under way at once. */
	readonly atOnce: number;
	/** Of these, for all strangers together. */
	readonly strangersAtOnce: number;
	/** Strangers begin so many a second, after as many as may be under way; absent: as fast as places come free. */
	readonly strangersPerSecond?: number;
	/** Strangers begin so many in a turn of the event loop; absent: as many as there are places. */
	readonly strangersPerTurn?: number;
	/** Of these, for each line, and for each that several may share; absent: the same. */
	readonly atOncePerLine: number;
	readonly atOncePerSharedLine?: number;
	/** That may wait in each line, and in all of them. */
	readonly waitingPerLine: number;
	readonly waiting: number;
}

interface Line {
	readonly name: string;
	readonly isStranger: boolean;
	readonly isShared: boolean;
	readonly waiting: (() => void)[];
	underWay: number;
}

export class FairQueue {
	readonly #options: FairQueueOptions;
	readonly #lines = new Map<string, Line>();
	/** Lines whose next piece may start as soon as there is a place, in the order of their turns. */
	readonly #known = new Set<Line>();
	readonly #strangers = new Set<Line>();
	#waiting = 0;
	#underWay = 0;
	#strangersUnderWay = 0;
	/** Strangers that began in this turn of the event loop. */
	#strangersInTurn = 0;
	/** Strangers that may begin by now. */
	#strangerTokens: number;
	#tokensAtMilliseconds = performance.now();
	#timer: NodeJS.Timeout | undefined;

	constructor(options: FairQueueOptions) {
		this.#options = options;
		this.#strangerTokens = options.strangersAtOnce;
	}

	/**
	 * Waits for a turn. The result ends it and must be called once; undefined: too many wait already, at
	 * once. `isStranger` and `isShared` belong to the line.
	 */
	enter(name: string, isStranger: boolean, isShared = false): Promise<() => void> | undefined {
		const key = `${isStranger ? "stranger" : "known"} ${name}`;
		let line = this.#lines.get(key);
		if (line === undefined) {
			line = { name: key, isStranger, isShared, waiting: [], underWay: 0 };
			this.#lines.set(key, line);
		}
		const { waitingPerLine, waiting } = this.#options;
		if (line.waiting.length >= waitingPerLine || this.#waiting >= waiting) return undefined;
		const entered = line;
		const turn = new Promise<() => void>((resolve) => {
			entered.waiting.push(() => resolve(() => this.#leave(entered)));
		});
		this.#waiting++;
		this.#getReady(line);
		this.#start();
		return turn;
	}

	#leave(line: Line): void {
		line.underWay--;
		this.#underWay--;
		if (line.isStranger) this.#strangersUnderWay--;
		this.#getReady(line);
		if (line.underWay === 0 && line.waiting.length === 0) this.#lines.delete(line.name);
		this.#start();
	}

	#getReady(line: Line): void {
		const { atOncePerLine, atOncePerSharedLine = atOncePerLine } = this.#options;
		const atOnce = line.isShared ? atOncePerSharedLine : atOncePerLine;
		if (line.waiting.length === 0 || line.underWay >= atOnce) return;
		(line.isStranger ? this.#strangers : this.#known).add(line);
	}

	#start(): void {
		while (this.#underWay < this.#options.atOnce) {
			const [line] =
				this.#known.size > 0 || !this.#isStrangersTurn() ? this.#known : this.#strangers;
			if (line === undefined) return;
			(line.isStranger ? this.#strangers : this.#known).delete(line);
			const begin = line.waiting.shift();
			line.underWay++;
			this.#underWay++;
			if (line.isStranger) {
				this.#strangersUnderWay++;
				this.#strangerTokens--;
				if (this.#strangersInTurn++ === 0) setImmediate(() => this.#beginTurn());
			}
			this.#waiting--;
			// After all others that are ready.
			this.#getReady(line);
			begin?.();
		}
	}

	#beginTurn(): void {
		this.#strangersInTurn = 0;
		this.#start();
	}

	/** Whether a stranger may begin now; where only the time is missing it is waited for. */
	#isStrangersTurn(): boolean {
		const { strangersAtOnce, strangersPerSecond, strangersPerTurn } = this.#options;
		if (this.#strangersInTurn >= (strangersPerTurn ?? Number.POSITIVE_INFINITY)) return false;
		if (this.#strangers.size === 0 || this.#strangersUnderWay >= strangersAtOnce) return false;
		if (strangersPerSecond === undefined) return true;
		const now = performance.now();
		const earned = ((now - this.#tokensAtMilliseconds) * strangersPerSecond) / 1000;
		this.#strangerTokens = Math.min(this.#strangerTokens + earned, strangersAtOnce);
		this.#tokensAtMilliseconds = now;
		if (this.#strangerTokens >= 1) return true;
		this.#timer ??= setTimeout(
			() => {
				this.#timer = undefined;
				this.#start();
			},
			Math.ceil((1000 * (1 - this.#strangerTokens)) / strangersPerSecond),
		).unref();
		return false;
	}
}

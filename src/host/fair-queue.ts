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
	/** So many begin in a turn of the event loop; absent: as many as there are places. */
	readonly perTurn?: number;
	/** Of these, for each line, and for each that several may share; absent: the same. */
	readonly atOncePerLine: number;
	readonly atOncePerSharedLine?: number;
	/** Of these, for all lines together that are no strangers' and that several may share; absent: all. */
	readonly sharedAtOnce?: number;
	/** Places that only strangers take; absent: none. */
	readonly keptForStrangers?: number;
	/** That may wait in each line, and in all of them; half of these for strangers. */
	readonly waitingPerLine: number;
	readonly waiting: number;
}

interface Waiting {
	readonly begin: () => void;
	/** Nobody waits for it any more. */
	readonly isGone: () => boolean;
}

interface Line {
	readonly name: string;
	readonly isStranger: boolean;
	readonly isShared: boolean;
	readonly waiting: Waiting[];
	underWay: number;
}

export class FairQueue {
	readonly #options: FairQueueOptions;
	readonly #lines = new Map<string, Line>();
	/** Lines whose next piece may start as soon as there is a place, in the order of their turns. */
	readonly #own = new Set<Line>();
	readonly #shared = new Set<Line>();
	readonly #strangers = new Set<Line>();
	#waiting = 0;
	#strangersWaiting = 0;
	#underWay = 0;
	#sharedUnderWay = 0;
	#strangersUnderWay = 0;
	/** That began in this turn of the event loop, and strangers of these. */
	#inTurn = 0;
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
	 * once. `isStranger` and `isShared` belong to the line. What `isGone` when its turn comes takes none, and never resolves.
	 */
	enter(
		name: string,
		isStranger: boolean,
		isShared = false,
		isGone: () => boolean = () => false,
	): Promise<() => void> | undefined {
		const key = `${isStranger ? "stranger" : "known"} ${name}`;
		const { waitingPerLine, waiting } = this.#options;
		const line = this.#lines.get(key) ?? {
			...{ name: key, isStranger, isShared, waiting: [], underWay: 0 },
		};
		if (line.waiting.length >= waitingPerLine || this.#waiting >= waiting) return undefined;
		if (isStranger && this.#strangersWaiting >= waiting / 2) return undefined;
		this.#lines.set(key, line);
		const turn = new Promise<() => void>((resolve) => {
			line.waiting.push({ begin: () => resolve(() => this.#leave(line)), isGone });
		});
		this.#countWaiting(line, 1);
		this.#getReady(line);
		this.#start();
		return turn;
	}

	#leave(line: Line): void {
		line.underWay--;
		this.#underWay--;
		if (line.isStranger) this.#strangersUnderWay--;
		else if (line.isShared) this.#sharedUnderWay--;
		this.#getReady(line);
		this.#forgetIdle(line);
		this.#start();
	}

	#forgetIdle(line: Line): void {
		if (line.underWay === 0 && line.waiting.length === 0) this.#lines.delete(line.name);
	}

	#countWaiting(line: Line, more: number): void {
		this.#waiting += more;
		if (line.isStranger) this.#strangersWaiting += more;
	}

	#readyLinesOf({ isStranger, isShared }: Line): Set<Line> {
		if (isStranger) return this.#strangers;
		return isShared ? this.#shared : this.#own;
	}

	#getReady(line: Line): void {
		const { atOncePerLine, atOncePerSharedLine = atOncePerLine } = this.#options;
		const atOnce = line.isShared ? atOncePerSharedLine : atOncePerLine;
		if (line.waiting.length === 0 || line.underWay >= atOnce) return;
		this.#readyLinesOf(line).add(line);
	}

	/** Whose turn it is, of those for whom there is a place. */
	#nextLine(): Line | undefined {
		const { atOnce, keptForStrangers = 0, sharedAtOnce = atOnce } = this.#options;
		if (this.#underWay - this.#strangersUnderWay < atOnce - keptForStrangers) {
			const [own] = this.#own;
			if (own !== undefined) return own;
			const [shared] = this.#shared;
			if (shared !== undefined && this.#sharedUnderWay < sharedAtOnce) return shared;
		}
		const [stranger] = this.#isStrangersTurn() ? this.#strangers : [];
		return stranger;
	}

	/** The next of a line that somebody waits for; what nobody waits for any more takes no turn. */
	#takeOf(line: Line): Waiting | undefined {
		for (;;) {
			const waiting = line.waiting.shift();
			if (waiting === undefined) return undefined;
			this.#countWaiting(line, -1);
			if (!waiting.isGone()) return waiting;
		}
	}

	#start(): void {
		const { atOnce, perTurn = Number.POSITIVE_INFINITY } = this.#options;
		while (this.#underWay < atOnce && this.#inTurn < perTurn) {
			const line = this.#nextLine();
			if (line === undefined) return;
			this.#readyLinesOf(line).delete(line);
			const next = this.#takeOf(line);
			if (next === undefined) {
				this.#forgetIdle(line);
				continue;
			}
			line.underWay++;
			this.#underWay++;
			if (this.#inTurn++ === 0) setImmediate(() => this.#beginTurn());
			if (line.isStranger) {
				this.#strangersUnderWay++;
				this.#strangersInTurn++;
				this.#strangerTokens--;
			} else if (line.isShared) {
				this.#sharedUnderWay++;
			}
			// After all others that are ready.
			this.#getReady(line);
			next.begin();
		}
	}

	#beginTurn(): void {
		this.#inTurn = 0;
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

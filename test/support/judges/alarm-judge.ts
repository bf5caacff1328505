/** Judges how alarms came to a receiver: each at least once, none again after it was taken, in order, none that was held back. */

/** What happened, in the order in which it did. */
export type AlarmHappening =
	/** A hook was handed an alarm; `isTaken` is known later, when it has answered well and in time. */
	| {
			readonly kind: "got";
			readonly hook: string;
			readonly id: string;
			readonly station: string | null;
			readonly isTaken: boolean;
			/** Its signature is right, where it has one. */
			readonly isOurs: boolean;
	  }
	/** The collector died by -9; what its database then knew as told, as `HOOK ID`. */
	| { readonly kind: "killed"; readonly told: ReadonlySet<string> }
	/** From here on nothing of a station is told but tests, ... */
	| { readonly kind: "muted"; readonly station: string }
	/** ... and from here on it is. */
	| { readonly kind: "unmuted"; readonly station: string }
	/** These are seen, and are not told from here on. */
	| { readonly kind: "acknowledged"; readonly ids: readonly string[] };

export interface AlarmExpectation {
	/** Raised by stations, and their begin where they are not one: that must have been taken first. */
	readonly alarms: readonly { readonly id: string; readonly after?: string }[];
	readonly hooks: readonly string[];
	/** As the database has them at the end, `HOOK ID`. */
	readonly states: ReadonlyMap<string, string>;
}

/** What is not as it was promised, a line each. */
export function judgeAlarms(
	happenings: readonly AlarmHappening[],
	{ alarms, hooks, states }: AlarmExpectation,
): string[] {
	return [
		...repetitions(happenings),
		...heldBack(happenings),
		...hooks.flatMap((hook) => missing(happenings, hook, alarms, states)),
	];
}

function repetitions(happenings: readonly AlarmHappening[]): string[] {
	const found: string[] = [];
	const takenAt = new Map<string, number>();
	for (const [index, each] of happenings.entries()) {
		if (each.kind !== "got") continue;
		const key = `${each.hook} ${each.id}`;
		if (!each.isOurs) found.push(`${key} was not signed as it must be`);
		const before = takenAt.get(key);
		if (before !== undefined) {
			const isExcused = happenings
				.slice(before, index)
				.some((other) => other.kind === "killed" && !other.told.has(key));
			if (!isExcused) found.push(`${key} came again after it was taken`);
		}
		const noted = happenings
			.slice(0, index)
			.some((other) => other.kind === "killed" && other.told.has(key));
		if (noted && before === undefined) found.push(`${key} came after it was noted as told`);
		if (each.isTaken) takenAt.set(key, index);
	}
	return found;
}

function heldBack(happenings: readonly AlarmHappening[]): string[] {
	const found: string[] = [];
	const muted = new Set<string>();
	const seen = new Set<string>();
	for (const each of happenings) {
		switch (each.kind) {
			case "muted":
				muted.add(each.station);
				break;
			case "unmuted":
				muted.delete(each.station);
				break;
			case "acknowledged":
				for (const id of each.ids) seen.add(id);
				break;
			case "killed":
				break;
			case "got":
				if (each.station !== null && muted.has(each.station)) {
					found.push(`${each.hook} ${each.id} came while it was muted`);
				}
				if (seen.has(each.id)) found.push(`${each.hook} ${each.id} came after it was seen`);
		}
	}
	return found;
}

function missing(
	happenings: readonly AlarmHappening[],
	hook: string,
	alarms: AlarmExpectation["alarms"],
	states: AlarmExpectation["states"],
): string[] {
	const found: string[] = [];
	const takenAt = new Map<string, number>();
	for (const [index, each] of happenings.entries()) {
		if (each.kind !== "got" || each.hook !== hook || !each.isTaken) continue;
		if (!takenAt.has(each.id)) takenAt.set(each.id, index);
	}
	for (const { id, after } of alarms) {
		const state = states.get(`${hook} ${id}`);
		const isTaken = takenAt.has(id);
		const isSettled = state === "told" || state === "acknowledged" || state === "muted";
		if (!isSettled) found.push(`${hook} ${id} is ${state ?? "not raised"} at the end`);
		if (state === "told" && !isTaken) found.push(`${hook} ${id} is noted as told and never was`);
		const begin = after === undefined ? undefined : takenAt.get(after);
		if (begin !== undefined && isTaken && begin > (takenAt.get(id) ?? 0)) {
			found.push(`${hook} ${id} came before ${after}`);
		}
	}
	return found;
}

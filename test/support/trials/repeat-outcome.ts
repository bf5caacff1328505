/** What is wrong with the replies to posts that were sent at once: held against the model in every order that they may have had. */
import type { SequenceRange } from "../../../src/protocol/wire/acknowledgement.js";
import type { Held, Owed, RepeatModel } from "../judges/repeat-model.js";
import type { Reply } from "./repeat-sender.js";
import type { Post } from "./repeat-world.js";

const RANGES_MAX = 4;

/** Posts with the replies to them. */
export interface Exchange {
	readonly posts: readonly Post[];
	readonly replies: readonly Reply[];
	/** Whose connection was a station's before. */
	readonly wereStations: readonly boolean[];
	/** The database fails. */
	readonly isFailing: boolean;
}

/** Of the order that explains the replies best; undefined of no posts. */
export function bestOutcome(before: RepeatModel, exchange: Exchange): Outcome | undefined {
	let best: Outcome | undefined;
	for (const order of permutations(exchange.posts.length)) {
		const outcome = outcomeOf(before, exchange, order);
		if (best === undefined || outcome.faults.length < best.faults.length) best = outcome;
		if (outcome.faults.length === 0) break;
	}
	return best;
}

/** What is wrong with the replies if the posts took effect in this order. */
function outcomeOf(before: RepeatModel, exchange: Exchange, order: readonly number[]): Outcome {
	const { posts, replies, isFailing } = exchange;
	const model = before.clone();
	const faults: string[] = [];
	const owedOf: (Owed | undefined)[] = [];
	for (const index of order) {
		const post = posts[index];
		const reply = replies[index];
		if (post === undefined || reply === undefined) continue;
		const { batch, what } = post.envelope;
		const print = (text: string): void =>
			void faults.push(`${what} from ${post.sender.address}: ${text}; ${shown(reply)}`);
		if (batch === undefined) {
			if (reply.answer?.kind === "acknowledgement")
				print("an unreadable envelope was acknowledged");
			else if (reply.status === 0 || reply.status >= 500)
				print("an unreadable envelope had no proper answer");
			continue;
		}
		const owed = model.owed(batch);
		owedOf[index] = owed;
		if (reply.answer !== undefined) {
			if (reply.answer.station !== batch.station || reply.answer.epoch !== batch.epoch)
				print("another place");
		}
		if (reply.answer === undefined) {
			if (!(isFailing && reply.status === 503 && reply.retryAfter !== undefined))
				print("no answer");
			continue;
		}
		if (reply.answer.kind === "refusal") {
			if (!owed.codes.includes(reply.answer.code)) print(`owed was ${shownOwed(owed)}`);
			continue;
		}
		if (owed.codes.length > 0) {
			print(`owed was ${shownOwed(owed)}`);
			continue;
		}
		if (isFailing && owed.newEntries > 0) {
			print("acknowledged what the database could not store");
			continue;
		}
		model.apply(batch);
	}
	const isKnown = owedOf.map((owed) => owed?.isKnown === true);
	faults.push(...coverageFaults(before, model, exchange, isKnown));
	return { model, faults, owed: owedOf };
}

/** What all took effect is the most, what was there before and the batch itself the least. */
function coverageFaults(
	before: RepeatModel,
	model: RepeatModel,
	{ posts, replies, wereStations }: Exchange,
	isKnown: readonly boolean[],
): string[] {
	const faults: string[] = [];
	posts.forEach((post, index) => {
		const { batch, what } = post.envelope;
		const answer = replies[index]?.answer;
		if (batch === undefined || answer?.kind !== "acknowledgement") return;
		const most = model.held(batch.station, batch.epoch);
		const last = batch.first + batch.entries.length - 1;
		const own = { first: batch.first, last };
		const wrong = coverageFault(answer, most, own);
		if (wrong !== undefined) faults.push(`${what} from ${post.sender.address}: ${wrong}`);
		const isLook = isKnown[index] !== true || wereStations[index] === true;
		const least = before.held(batch.station, batch.epoch);
		if (isLook && !isAtLeast(answer, least)) {
			faults.push(
				`${what} from ${post.sender.address}: less than was stored: ${JSON.stringify(answer.cursor)} ${JSON.stringify(answer.ranges)} of ${JSON.stringify(least)}`,
			);
		}
	});
	return faults;
}

export interface Outcome {
	readonly model: RepeatModel;
	readonly faults: readonly string[];
	readonly owed: readonly (Owed | undefined)[];
}

export function kindOf(reply: Reply): string {
	if (reply.answer?.kind === "acknowledgement") return "acknowledged";
	if (reply.answer?.kind === "refusal") return "refused";
	if (reply.status === 503) return "failed";
	return reply.status === 0 ? "gone" : "unreadable";
}

/** An answer may say less than is held (four ranges), never more, and its own batch unless there is no room. */
function coverageFault(answer: Held, most: Held, own: SequenceRange): string | undefined {
	const all = `${JSON.stringify(answer.cursor)} ${JSON.stringify(answer.ranges)} of ${JSON.stringify(most)}`;
	if (answer.cursor > most.cursor) return `a cursor beyond what is held: ${all}`;
	for (const range of answer.ranges) {
		const isHeld =
			range.last <= most.cursor ||
			most.ranges.some(
				(each) => Math.min(each.first, range.first) === each.first && range.last <= each.last,
			) ||
			range.first <= most.cursor + 1;
		if (!isHeld) return `a range that is not held: ${all}`;
	}
	const isNamed =
		own.last <= answer.cursor ||
		answer.ranges.some((each) => each.first <= own.first && own.last <= each.last) ||
		(own.first <= answer.cursor + 1 && own.last <= answer.cursor);
	if (!isNamed && answer.ranges.length < RANGES_MAX)
		return `its own entries are not among it: ${all}`;
	return undefined;
}

function isAtLeast(answer: Held, least: Held): boolean {
	if (answer.cursor < least.cursor) return false;
	if (answer.ranges.length === RANGES_MAX) return true;
	return least.ranges.every(
		(range) =>
			range.last <= answer.cursor ||
			answer.ranges.some(
				(each) => each.first <= Math.max(range.first, answer.cursor + 1) && range.last <= each.last,
			),
	);
}

function permutations(count: number): number[][] {
	if (count === 0) return [[]];
	const all: number[][] = [];
	for (const shorter of permutations(count - 1)) {
		for (let at = 0; at <= shorter.length; at++) {
			all.push([...shorter.slice(0, at), count - 1, ...shorter.slice(at)]);
		}
	}
	return all.reverse();
}

export function shown(reply: Reply): string {
	const { answer } = reply;
	if (answer === undefined)
		return `HTTP ${reply.status} ${reply.retryAfter ?? ""} ${reply.fault ?? ""}`;
	if (answer.kind === "refusal") return `refusal ${answer.code}`;
	return `acknowledged ${answer.cursor} ${answer.ranges.map((each) => `${each.first}..${each.last}`).join(" ")}`;
}

function shownOwed(owed: Owed): string {
	if (owed.codes.length > 0) return `refusal ${owed.codes.join(" or ")}`;
	return `an acknowledgement (${owed.newEntries} new)`;
}

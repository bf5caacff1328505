/** A page of a collection: filtered, counted, ordered, skipped and cut, in this order (OGC 18-088, section 9.3.1). */
import { compareValues, compiled, isTrue } from "./evaluation.js";
import type { Model, Stream } from "./model.js";
import { type Budget, countOf, type Observation, walk } from "./observations.js";
import type { Options } from "./options.js";
import { narrowed, walkOf } from "./plan.js";
import { type Entity, Refusal, type SetName } from "./sets.js";

export interface Page<Item extends Entity = Entity> {
	readonly items: readonly Item[];
	/** Undefined where nobody asked. */
	readonly count: number | undefined;
	/** Options of the next page instead of `$skip` and `$skiptoken`; undefined where nothing follows. */
	readonly next: Readonly<Record<string, string>> | undefined;
}

export interface PageContext {
	readonly model: Model;
	readonly budget: Budget;
	readonly nowSeconds: number;
}

/** Of all but Observations, which are in memory. */
export function pageOfEntities(
	set: SetName,
	all: readonly Entity[],
	options: Options,
	most: number,
	{ nowSeconds }: PageContext,
): Page {
	const { filter, skip, top } = options;
	if (options.token !== undefined) throw new Refusal(400, "$skiptoken: none of ours");
	const isIn = filter === undefined ? undefined : compiled(filter, set, nowSeconds);
	const found = isIn === undefined ? [...all] : all.filter((entity) => isTrue(isIn(entity)));
	sortBy(found, set, options, nowSeconds);
	const limit = limitOf(top, most);
	const isMore = limit > 0 && skip + limit < found.length;
	return {
		items: found.slice(skip, skip + limit),
		count: options.isCounted ? found.length : undefined,
		next: isMore ? { $skip: String(skip + limit) } : undefined,
	};
}

export async function pageOfObservations(
	streams: readonly Stream[],
	options: Options,
	most: number,
	context: PageContext,
): Promise<Page<Observation>> {
	const { model, budget, nowSeconds } = context;
	const set = "Observations";
	const { filter, skip, top, token } = options;
	const isIn = filter === undefined ? undefined : compiled(filter, set, nowSeconds);
	const orders = options.orderBy.map(({ expression }) => compiled(expression, set, nowSeconds));
	const limits = narrowed(streams, filter);
	const test = limits.isExact || isIn === undefined ? () => true : (of: Entity) => isTrue(isIn(of));
	const limit = limitOf(top, most);
	const order = walkOf(options.orderBy, limits.streams);
	if (order === undefined) {
		const all: Observation[] = [];
		for await (const piece of walk(model, limits.streams, "grouped", limits.bounds, budget))
			all.push(...piece.filter(test));
		const keys = new Map(all.map((each) => [each, orders.map((order) => order(each))]));
		all.sort((a, b) => compareKeys(keys.get(a), keys.get(b), options) || a.id - b.id);
		const isMore = limit > 0 && skip + limit < all.length;
		return {
			items: all.slice(skip, skip + limit),
			count: options.isCounted ? all.length : undefined,
			next: isMore ? { $skip: String(skip + limit) } : undefined,
		};
	}
	let count: number | undefined;
	if (options.isCounted) {
		if (limits.isExact) count = countOf(model, limits.streams, limits.bounds, budget);
		else {
			count = 0;
			for await (const piece of walk(model, limits.streams, order, limits.bounds, budget))
				count += piece.filter(test).length;
		}
	}
	const items: Observation[] = [];
	let left = token === undefined ? skip : 0;
	const parts = partsAfter(token, order, limits);
	for (const part of limit === 0 ? [] : parts) {
		for await (const piece of walk(model, part.streams, order, part.bounds, budget)) {
			for (const each of piece) {
				if (!part.isAfter(each) || !test(each)) continue;
				if (left > 0) left--;
				else items.push(each);
				if (items.length > limit) break;
			}
			if (items.length > limit) break;
		}
		if (items.length > limit) break;
	}
	const isMore = items.length > limit;
	const shown = items.slice(0, limit);
	const last = shown.at(-1);
	return {
		items: shown,
		count,
		next: isMore && last !== undefined ? { $skiptoken: tokenOf(last) } : undefined,
	};
}

type Limits = ReturnType<typeof narrowed>;

/** Seconds and id: what comes in between two questions moves no page. */
function tokenOf({ seconds, id, stream }: Observation): string {
	return `${seconds}.${id}.${stream.id}`;
}

function partsAfter(token: string | undefined, order: string, { streams, bounds }: Limits) {
	if (token === undefined) return [{ streams, bounds, isAfter: () => true }];
	const [, ...texts] = /^(\d{1,12})\.(\d{1,16})\.(\d{1,8})$/.exec(token) ?? [];
	const [seconds, id, streamId] = texts.map(Number);
	if (seconds === undefined || id === undefined || streamId === undefined)
		throw new Refusal(400, "$skiptoken: none of ours");
	const { from, to } = bounds;
	if (order === "falling") {
		const isAfter = (each: Observation): boolean =>
			each.seconds < seconds || (each.seconds === seconds && each.id < id);
		return [{ streams, bounds: { from, to: Math.min(to, seconds) }, isAfter }];
	}
	const isAfter = (each: Observation): boolean =>
		each.seconds > seconds || (each.seconds === seconds && each.id > id);
	const later = { from: Math.max(from, seconds), to };
	if (order === "rising") return [{ streams, bounds: later, isAfter }];
	return [
		{ streams: streams.filter((each) => each.id === streamId), bounds: later, isAfter },
		{ streams: streams.filter((each) => each.id > streamId), bounds, isAfter: () => true },
	];
}

/** A `$top` above ours is not refused: the rest is on the next pages. */
function limitOf(top: number | undefined, most: number): number {
	return Math.min(top ?? most, most);
}

function sortBy(found: Entity[], set: SetName, options: Options, nowSeconds: number): void {
	const orders = options.orderBy.map(({ expression }) => compiled(expression, set, nowSeconds));
	const keys = new Map(found.map((each) => [each, orders.map((order) => order(each))]));
	found.sort((a, b) => compareKeys(keys.get(a), keys.get(b), options) || a.id - b.id);
}

function compareKeys(
	a: readonly Parameters<typeof compareValues>[0][] = [],
	b: readonly Parameters<typeof compareValues>[0][] = [],
	{ orderBy }: Options,
): number {
	for (const [at, { isDescending }] of orderBy.entries()) {
		const order = compareValues(a[at] ?? null, b[at] ?? null);
		if (order !== 0) return isDescending ? -order : order;
	}
	return 0;
}

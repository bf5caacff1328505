/** From a path and its options to the answer: OGC SensorThings API 1.1, reading only. docs/PUBLISHING.md, section 8. */
import { printable } from "../../../host/printable.js";
import { json, type ReaderAnswer, type ReaderRequest, text } from "../http.js";
import type { Library } from "../library.js";
import { Model, type Stream } from "./model.js";
import { Budget, Observation, observationOf } from "./observations.js";
import { type Options, optionsOf } from "./options.js";
import { type Page, pageOfEntities, pageOfObservations } from "./pages.js";
import {
	type Entity,
	isSet,
	PROPERTIES,
	RELATIONS,
	Refusal,
	relationOf,
	SETS,
	type SetName,
} from "./sets.js";

export const SENSORTHINGS_ROOT = "/sta/v1.1";

/** Single requirements that hold, and no class as a whole: tests of each are in test/collector/publish. */
const SPEC = "http://www.opengis.net/spec/iot_sensing/1.1/req";
const CONFORMANCE = Object.freeze([
	`${SPEC}/datamodel`,
	`${SPEC}/resource-path/resource-path-to-entities`,
	...[
		"order",
		"select",
		"expand",
		"filter",
		"built-in-filter-operations",
		"orderby",
		"top",
		"skip",
		"count",
		"pagination",
		"status-code",
		"query-status-code",
	].map((name) => `${SPEC}/request-data/${name}`),
]);

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1000;
const DATA_ARRAY_MAX = 10_000;
/** Of a relation that is expanded; the rest follows by its nextLink. */
const CHILDREN_MAX = 25;
/** Of one answer, children included: at about 500 bytes each 10 MB. */
const ENTITIES_MAX = 20_000;
const ID_DIGITS_MAX = 16;
const DATA_ARRAY_COMPONENTS = Object.freeze([
	"id",
	"phenomenonTime",
	"resultTime",
	"result",
	"resultQuality",
]);

interface Collection {
	readonly kind: "collection";
	readonly set: SetName;
	readonly link: string;
	readonly entities: readonly Entity[];
	/** Of Observations. */
	readonly streams: readonly Stream[];
}

interface One {
	readonly kind: "entity";
	readonly entity: Entity;
}

type Target = Collection | One;

export async function sensorThings(
	library: Library,
	request: ReaderRequest,
	segments: readonly string[],
): Promise<ReaderAnswer> {
	try {
		const answering = new Answering(library, request);
		// What asks for the time is never the same again.
		const isOfNow = [...request.query.values()].some((value) => /now\s*\(/.test(value));
		const tag = isOfNow ? undefined : library.tag;
		return { tag, ...(await answering.answer(segments)) };
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		const { status, message } = error;
		return json({ code: status, type: "error", message: printable(message) }, { status });
	}
}

class Answering {
	readonly #root: string;
	readonly #model: Model;
	readonly #budget = new Budget();
	readonly #request: ReaderRequest;
	readonly #nowSeconds: number;
	#entities = 0;

	constructor(library: Library, request: ReaderRequest) {
		this.#request = request;
		this.#root = request.origin + SENSORTHINGS_ROOT;
		this.#model = modelOf(library, request.origin);
		this.#nowSeconds = Math.floor(library.nowSeconds);
	}

	async answer(segments: readonly string[]): Promise<ReaderAnswer> {
		const { query } = this.#request;
		const [first = "", ...rest] = segments;
		if (first === "") return json(this.#index());
		let target = this.#start(first);
		for (const [at, segment] of rest.entries()) {
			const left = rest.slice(at + 1);
			if (segment === "$ref" && left.length === 0) return this.#references(target);
			const isProperty =
				target.kind === "entity" &&
				(PROPERTIES[target.entity.set].includes(segment) || segment === "@iot.id");
			if (isProperty && target.kind === "entity")
				return this.#property(target.entity, segment, left);
			target = this.#further(target, segment);
		}
		if (target.kind === "collection") return json(await this.#collection(target));
		const { entity } = target;
		return json(await this.#entity(entity, optionsOf(entity.set, query)));
	}

	#index() {
		return {
			value: SETS.map((name) => ({ name, url: `${this.#root}/${name}` })),
			serverSettings: { conformance: CONFORMANCE },
		};
	}

	#start(segment: string): Target {
		const { name, id } = named(segment);
		if (!isSet(name)) throw new Refusal(404, "no such set");
		const all: Collection = {
			kind: "collection",
			set: name,
			link: `${this.#root}/${name}`,
			entities: name === "Observations" ? [] : this.#model.all(name),
			streams: this.#model.streams,
		};
		return id === undefined ? all : this.#within(all, id);
	}

	#further(target: Target, segment: string): Target {
		if (target.kind === "collection") throw new Refusal(404, "of a collection there is no more");
		const { name, id } = named(segment);
		const { entity } = target;
		const relation = relationOf(entity.set, name);
		if (relation === undefined) throw new Refusal(404, "no such relation or property");
		if (!relation.isMany) {
			const found = id === undefined ? entity.one(name) : undefined;
			if (found === undefined) throw new Refusal(404, "there is none");
			return { kind: "entity", entity: found };
		}
		const all: Collection = {
			kind: "collection",
			set: relation.to,
			link: `${this.#linkOf(entity)}/${name}`,
			entities: entity.many(name),
			streams: this.#streamsOf(entity),
		};
		return id === undefined ? all : this.#within(all, id);
	}

	/** Whose Observations are an entity's. */
	#streamsOf({ set, id }: Entity): readonly Stream[] {
		if (set === "Datastreams") return this.#model.streams.filter((stream) => stream.id === id);
		return this.#model.streams.filter(({ stationNumber }) => stationNumber === id);
	}

	#within({ set, entities, streams }: Collection, id: number): One {
		const found =
			set === "Observations"
				? this.#observation(id, streams)
				: entities.find((entity) => entity.id === id);
		if (found === undefined) throw new Refusal(404, "there is none of that id");
		return { kind: "entity", entity: found };
	}

	#observation(id: number, streams: readonly Stream[]): Entity | undefined {
		const found = observationOf(this.#model, id, this.#budget);
		return found !== undefined && streams.includes(found.stream) ? found : undefined;
	}

	#property(entity: Entity, name: string, rest: readonly string[]): ReaderAnswer {
		const isValue = rest[0] === "$value";
		if (rest.length > (isValue ? 1 : 0)) throw new Refusal(404, "a property has no more");
		const value = name === "@iot.id" ? entity.id : entity.property(name);
		if (value === undefined) throw new Refusal(404, "it has no such property");
		if (value === null) return { status: 204 };
		if (!isValue) return json({ [name]: value });
		if (typeof value === "object") return json(value);
		return text(200, printable(String(value)));
	}

	async #references(target: Target): Promise<ReaderAnswer> {
		if (target.kind === "entity") return json({ "@iot.selfLink": this.#linkOf(target.entity) });
		const { items, ...page } = await this.#pageOf(target, this.#optionsOf(target));
		const value = items.map((entity) => ({ "@iot.selfLink": this.#linkOf(entity) }));
		return json({ ...this.#around(page, `${target.link}/$ref`, this.#optionsOf(target)), value });
	}

	#optionsOf({ set }: Collection): Options {
		return optionsOf(set, this.#request.query);
	}

	async #collection(target: Collection) {
		const options = this.#optionsOf(target);
		const { items, ...page } = await this.#pageOf(target, options);
		const around = this.#around(page, target.link, options);
		if (options.isDataArray) return { ...around, value: this.#dataArrays(items, options) };
		const value: unknown[] = [];
		for (const entity of items) value.push(await this.#entity(entity, options));
		return { ...around, value };
	}

	#around({ count, next }: Omit<Page, "items">, link: string, { given }: Options) {
		const kept = [...given].filter(([name]) => name !== "$skip" && name !== "$skiptoken");
		const query = [...kept, ...Object.entries(next ?? {})]
			.map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
			.join("&");
		return {
			...(count === undefined ? {} : { "@iot.count": count }),
			...(next === undefined ? {} : { "@iot.nextLink": `${link}?${query}` }),
		};
	}

	#pageOf(target: Collection, options: Options): Promise<Page> | Page {
		const most = options.isDataArray
			? DATA_ARRAY_MAX
			: options.top === undefined
				? PAGE_DEFAULT
				: PAGE_MAX;
		return this.#page(target, options, most);
	}

	#page({ set, entities, streams }: Collection, options: Options, most: number) {
		const context = {
			model: this.#model,
			budget: this.#budget,
			nowSeconds: this.#nowSeconds,
		};
		return set === "Observations"
			? pageOfObservations(streams, options, most, context)
			: pageOfEntities(set, entities, options, most, context);
	}

	async #entity(entity: Entity, options: Options): Promise<Record<string, unknown>> {
		if (++this.#entities > ENTITIES_MAX)
			throw new Refusal(400, `more than ${ENTITIES_MAX} things in one answer: ask for fewer`);
		const { set, id } = entity;
		const { select } = options;
		const isWanted = (name: string): boolean => select === undefined || select.includes(name);
		const made: Record<string, unknown> = {};
		if (isWanted("@iot.id") || isWanted("id")) made["@iot.id"] = id;
		if (isWanted("@iot.selfLink")) made["@iot.selfLink"] = this.#linkOf(entity);
		for (const name of PROPERTIES[set]) {
			const value = isWanted(name) ? entity.property(name) : undefined;
			if (value !== undefined) made[name] = value;
		}
		for (const name of Object.keys(RELATIONS[set]))
			if (isWanted(name)) made[`${name}@iot.navigationLink`] = `${this.#linkOf(entity)}/${name}`;
		for (const { relation, to, isMany, options: inner } of options.expand) {
			if (!isMany) {
				const found = entity.one(relation);
				if (found !== undefined) made[relation] = await this.#entity(found, inner);
				continue;
			}
			const link = `${this.#linkOf(entity)}/${relation}`;
			const target: Collection = {
				kind: "collection",
				set: to,
				link,
				entities: entity.many(relation),
				streams: this.#streamsOf(entity),
			};
			const { items, ...page } = await this.#page(target, inner, CHILDREN_MAX);
			for (const [name, value] of Object.entries(this.#around(page, link, inner)))
				made[`${relation}${name}`] = value;
			const children: unknown[] = [];
			for (const child of items) children.push(await this.#entity(child, inner));
			made[relation] = children;
		}
		return made;
	}

	/** Observations by Datastream, as rows. */
	#dataArrays(items: readonly Entity[], { select }: Options) {
		const components = select ?? DATA_ARRAY_COMPONENTS;
		const byStream = new Map<number, unknown[][]>();
		for (const entity of items) {
			if (!(entity instanceof Observation)) continue;
			const rows = byStream.get(entity.stream.id) ?? [];
			byStream.set(entity.stream.id, rows);
			rows.push(
				components.map((name) =>
					name === "id" || name === "@iot.id" ? entity.id : (entity.property(name) ?? null),
				),
			);
		}
		return [...byStream].map(([id, rows]) => ({
			"Datastream@iot.navigationLink": `${this.#root}/Datastreams(${id})`,
			components,
			"dataArray@iot.count": rows.length,
			dataArray: rows,
		}));
	}

	#linkOf({ set, id }: Entity): string {
		return `${this.#root}/${set}(${id})`;
	}
}

/** The last one: of a thousand stations it is ten thousand objects, and most questions are of one state of the record. */
const HELD = new WeakMap<Library, { readonly key: string; readonly model: Model }>();

function modelOf(library: Library, origin: string): Model {
	const key = `${library.tag} ${origin}`;
	const held = HELD.get(library);
	if (held?.key === key) return held.model;
	const model = new Model(library, origin);
	HELD.set(library, { key, model });
	return model;
}

/** `Things` or `Things(1)`. What is no whole number, or beyond those that are exact, names nothing. */
function named(segment: string): { readonly name: string; readonly id: number | undefined } {
	const [, name = segment, id] = /^([A-Za-z]+)\((.*)\)$/s.exec(segment) ?? [];
	if (id === undefined) return { name, id };
	if (!/^-?\d+$/.test(id)) throw new Refusal(400, "ids are whole numbers");
	const isExact = id.length <= ID_DIGITS_MAX && Number.isSafeInteger(Number(id));
	if (!isExact) throw new Refusal(404, "there is none of that id");
	return { name, id: Number(id) };
}

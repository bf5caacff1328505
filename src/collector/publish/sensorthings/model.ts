/**
 * Stations as SensorThings: a Thing and a Location each, a Datastream and a Sensor for each quantity, Observations by
 * streams.ts. The whole mapping stands here and in observations.ts. docs/PUBLISHING.md, section 8.
 */
import { isoTextOf } from "../../../core/calendar.js";
import { channelsOf, SHOWN_CHANNELS, type ShownChannel } from "../channels.js";
import { numbersOf } from "../column-bytes.js";
import { type DayCache, UNDATED } from "../day-cache.js";
import type { Library, PublishedStation } from "../library.js";
import { textOf } from "../texts.js";
import { datastreamId, epochNumbers, stationNumbers } from "./ids.js";
import { intervalText } from "./instants.js";
import type { Entity, SetName } from "./sets.js";

const GEO_JSON = "application/geo+json";
const MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement";

/** Conductivity as it was measured, at the water's temperature: a stream of its own beside the derived one. */
const RAW_CONDUCTIVITY: ShownChannel = Object.freeze({
	name: "ec25",
	value: "ec_raw_us_cm",
	raw: undefined,
	corrected: undefined,
	flags: "ec25_flags",
	judged: undefined,
	grade: undefined,
	status: undefined,
	decimals: 2,
	rawDecimals: 2,
	unit: "µS/cm",
	rawUnit: "µS/cm",
	ucum: "uS/cm",
	senml: undefined,
	presence: undefined,
	number: 6,
});

interface Quantity {
	/** In ids and properties, for ever. */
	readonly key: string;
	readonly name: string;
	readonly channel: ShownChannel;
}

const QUANTITIES: readonly Quantity[] = Object.freeze([
	...SHOWN_CHANNELS.map((channel) => ({
		key: channel.name as string,
		name: textOf("en", `channel-${channel.name}`),
		channel,
	})),
	{
		key: "ec-raw",
		name: "Conductivity at the water's temperature",
		channel: RAW_CONDUCTIVITY,
	},
]);

/** A station's quantity: what Observations are read out of. */
export interface Stream {
	readonly id: number;
	readonly found: PublishedStation;
	readonly channel: ShownChannel;
	readonly stationNumber: number;
	readonly epochNumbers: ReadonlyMap<number, number>;
}

type Held = Exclude<SetName, "Observations">;

export class Model {
	readonly origin: string;
	readonly cache: DayCache;
	/** By Datastream's id, rising. */
	readonly streams: readonly Stream[];
	readonly #sets: ReadonlyMap<Held, ReadonlyMap<number, Entity>>;
	readonly #streamsById: ReadonlyMap<number, Stream>;

	constructor(library: Library, origin: string) {
		this.origin = origin;
		this.cache = library.cache;
		const stations = library.all();
		const numbers = stationNumbers(
			stations.map(({ station, site }) => ({ station, number: site.number })),
		);
		const sets = new Map<Held, Map<number, Entity>>();
		const put = (entity: Entity): void => {
			const set = entity.set as Held;
			const all = sets.get(set) ?? new Map<number, Entity>();
			sets.set(set, all.set(entity.id, entity));
		};
		const streams: Stream[] = [];
		const numbered = stations
			.flatMap((found) => {
				const number = numbers.get(found.station);
				return number === undefined ? [] : [{ found, number }];
			})
			.sort((a, b) => a.number - b.number);
		for (const { found, number } of numbered) {
			put(new Thing(this, number, found));
			put(new LocationEntity(this, number, found));
			if (firstDay(found) !== undefined) put(new HistoricalLocationEntity(this, number, found));
			put(new River(this, number, found));
			const epochs = epochNumbers(found.index.facts.floors.map(({ epoch }) => epoch));
			const here = channelsOf(found.index);
			for (const { channel } of QUANTITIES) {
				if (channel !== RAW_CONDUCTIVITY && !here.includes(channel)) continue;
				const id = datastreamId(number, channel.number);
				const stream = { id, found, channel, stationNumber: number, epochNumbers: epochs };
				streams.push(stream);
				put(new Datastream(this, stream));
				put(new Probe(this, stream));
			}
		}
		for (const quantity of QUANTITIES) {
			const isHere = streams.some(({ channel }) => channel === quantity.channel);
			if (isHere) put(new Property(this, quantity));
		}
		streams.sort((a, b) => a.id - b.id);
		this.streams = streams;
		this.#streamsById = new Map(streams.map((stream) => [stream.id, stream]));
		this.#sets = new Map(
			[...sets].map(([set, all]) => [set, new Map([...all].sort(([a], [b]) => a - b))]),
		);
	}

	/** By rising id. */
	all(set: Held): readonly Entity[] {
		return [...(this.#sets.get(set)?.values() ?? [])];
	}

	find(set: Held, id: number): Entity | undefined {
		return this.#sets.get(set)?.get(id);
	}

	stream(id: number): Stream | undefined {
		return this.#streamsById.get(id);
	}
}

abstract class Base implements Entity {
	abstract readonly set: Held;
	readonly id: number;
	protected readonly model: Model;

	constructor(model: Model, id: number) {
		this.model = model;
		this.id = id;
	}

	property(name: string): unknown {
		return this.properties()[name];
	}

	one(_relation: string): Entity | undefined {
		return undefined;
	}

	many(_relation: string): readonly Entity[] {
		return [];
	}

	protected abstract properties(): Readonly<Record<string, unknown>>;

	protected same(set: Held): readonly Entity[] {
		const found = this.model.find(set, this.id);
		return found === undefined ? [] : [found];
	}

	protected datastreams(isOf: (stream: Stream) => boolean): readonly Entity[] {
		return this.model.streams
			.filter(isOf)
			.flatMap(({ id }) => this.model.find("Datastreams", id) ?? []);
	}
}

abstract class OfStation extends Base {
	protected readonly found: PublishedStation;

	constructor(model: Model, id: number, found: PublishedStation) {
		super(model, id);
		this.found = found;
	}
}

class Thing extends OfStation {
	readonly set = "Things";

	override many(relation: string): readonly Entity[] {
		if (relation === "Datastreams")
			return this.datastreams(({ stationNumber }) => stationNumber === this.id);
		return this.same(relation as Held);
	}

	protected properties() {
		const { station, site, summary } = this.found;
		return {
			name: site.name,
			description: `River-monitoring station ${station}`,
			properties: {
				station,
				isExample: site.isExample,
				lastHeard: summary.lastHeard,
				record: `${this.model.origin}/v1/stations/${station}/record.cbor`,
			},
		};
	}
}

class LocationEntity extends OfStation {
	readonly set = "Locations";

	override many(relation: string): readonly Entity[] {
		return this.same(relation as Held);
	}

	protected properties() {
		const { site } = this.found;
		return {
			name: site.name,
			description: `Where ${site.name} is`,
			encodingType: GEO_JSON,
			location: geoJson(this.found),
			properties: { place: site.place },
		};
	}
}

class HistoricalLocationEntity extends OfStation {
	readonly set = "HistoricalLocations";

	override one(): Entity | undefined {
		return this.same("Things")[0];
	}

	override many(): readonly Entity[] {
		return this.same("Locations");
	}

	protected properties() {
		return { time: isoTextOf(firstSeconds(this.model.cache, this.found) ?? 0) };
	}
}

class River extends OfStation {
	readonly set = "FeaturesOfInterest";

	protected properties() {
		const { site } = this.found;
		return {
			name: site.name,
			description: `The river at ${site.name}`,
			encodingType: GEO_JSON,
			feature: geoJson(this.found),
			properties: { place: site.place },
		};
	}
}

abstract class OfStream extends Base {
	protected readonly stream: Stream;

	constructor(model: Model, stream: Stream) {
		super(model, stream.id);
		this.stream = stream;
	}

	protected get quantity(): Quantity {
		const found = QUANTITIES.find(({ channel }) => channel === this.stream.channel);
		if (found === undefined) throw new TypeError("a stream of no quantity");
		return found;
	}
}

class Datastream extends OfStream {
	readonly set = "Datastreams";

	override one(relation: string): Entity | undefined {
		const { stationNumber, channel } = this.stream;
		switch (relation) {
			case "Thing":
				return this.model.find("Things", stationNumber);
			case "Sensor":
				return this.model.find("Sensors", this.id);
			default:
				return this.model.find("ObservedProperties", channel.number + 1);
		}
	}

	protected properties() {
		const { found, channel } = this.stream;
		const { name, key } = this.quantity;
		const { summary, documents } = found;
		const unit = unitOf(this.stream);
		const first = firstSeconds(this.model.cache, found);
		const last = Date.parse(summary.lastReading ?? "") / 1000;
		const extent =
			first === undefined || Number.isNaN(last) ? undefined : intervalText(first, last);
		return {
			name: `${name}, ${summary.site.name}`,
			description: `${name} of ${found.station} as it is derived from the signed record, not corrected`,
			observationType: MEASUREMENT,
			unitOfMeasurement: {
				name: unit,
				symbol: unit,
				definition: `urn:ogc:def:uom:UCUM::${encodeURIComponent(
					channel.name === "turbidity" ? ucumOfTurbidity(unit) : channel.ucum,
				)}`,
			},
			...(extent === undefined ? {} : { phenomenonTime: extent, resultTime: extent }),
			properties: {
				channel: key,
				policy: documents.policies.at(-1)?.name ?? null,
				// They have no phenomenonTime, so that they cannot be Observations.
				undatedReadings: summary.undated,
			},
		};
	}
}

class Probe extends OfStream {
	readonly set = "Sensors";

	override many(): readonly Entity[] {
		return this.datastreams(({ id }) => id === this.id);
	}

	protected properties() {
		const { station } = this.stream.found;
		const { name, key } = this.quantity;
		return {
			name: `Probe of ${station}: ${name}`,
			description: "Its calibrations and the technician's visits are marks of the station",
			encodingType: "text/html",
			metadata: `${this.model.origin}/status/${station}`,
			properties: { channel: key, marks: `${this.model.origin}/v1/stations/${station}/marks.csv` },
		};
	}
}

class Property extends Base {
	readonly set = "ObservedProperties";
	readonly #quantity: Quantity;

	constructor(model: Model, quantity: Quantity) {
		super(model, quantity.channel.number + 1);
		this.#quantity = quantity;
	}

	override many(): readonly Entity[] {
		return this.datastreams(({ channel }) => channel === this.#quantity.channel);
	}

	protected properties() {
		const { name, key } = this.#quantity;
		return {
			name,
			definition: `${this.model.origin}/v1/vocabulary#channel-${key}`,
			description: `${name} of river water`,
			properties: { channel: key },
		};
	}
}

/** A station whose operator does not say where it is has no point: nobody may make one up. */
function geoJson({ site, station }: PublishedStation) {
	const { latitude, longitude, place } = site;
	const geometry =
		latitude === null || longitude === null
			? null
			: { type: "Point", coordinates: [longitude, latitude] };
	return { type: "Feature", geometry, properties: { station, place } };
}

/** Of turbidity the station's configuration says it; each Observation has its own. */
function unitOf({ found, channel }: Stream): string {
	const newest = found.summary.values[channel.name]?.unit;
	return channel.name === "turbidity" && newest !== undefined ? newest : channel.unit;
}

function ucumOfTurbidity(unit: string): string {
	return unit === "FNU" || unit === "NTU" ? `[${unit}]` : "1";
}

/** The first day that has readings. */
function firstDay({ index }: PublishedStation): string | undefined {
	return Object.keys(index.days).find(
		(name) => name !== UNDATED && (index.days[name]?.rows ?? 0) > 0,
	);
}

/** Of the first reading that something dates. */
function firstSeconds(cache: DayCache, found: PublishedStation): number | undefined {
	const name = firstDay(found);
	const day = name === undefined ? undefined : cache.day(found.station, found.index, name);
	if (day === undefined) return undefined;
	return numbersOf(day.column("time"), day.count).reduce((least, at) => Math.min(least, at));
}

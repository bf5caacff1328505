/**
 * A year of a small river for the detector of events: conductivity, pH and turbidity as a probe would tell them, from
 * formulas of the time with seeded sizes. Cheap on purpose, no chips and no station. The detector gets `sample`
 * alone; `inflowAt` is for who judges it.
 */
import {
	fraction,
	normal,
	type RandomSource,
	SeededRandom,
	seedOf,
} from "../../../src/core/random.js";

export const EVENT_WORLDS = Object.freeze({
	quiet: [],
	storms: ["storms"],
	fouling: ["fouling"],
	bubbles: ["bubbles"],
	diel: ["diel"],
	"road-salt": ["storms", "salt"],
	cleanings: ["cleanings", "fouling"],
	together: ["storms", "fouling", "bubbles", "diel", "salt", "cleanings"],
} as const satisfies Readonly<Record<string, readonly EventKind[]>>);

type EventKind = "storms" | "fouling" | "bubbles" | "diel" | "salt" | "cleanings";

export const YEAR_SECONDS = 365 * 86_400;
const DAY = 86_400;
const HOUR = 3600;
const MINUTE = 60;

/** A planted inflow of mine water. */
export interface Inflow {
	readonly begin: number;
	readonly rise: number;
	readonly halfLife: number;
	/** Share of the river at its peak. */
	readonly share: number;
	/** Of the source: uS/cm, and eq/L of acidity. */
	readonly conductivity: number;
	readonly acidity: number;
}

interface Storm {
	readonly begin: number;
	readonly end: number;
	readonly flow: number;
	readonly exponent: number;
	readonly peak: number;
	readonly recession: number;
	/** ln of the dip. */
	readonly dip: number;
	readonly dipLag: number;
	readonly turbidity: number;
	readonly turbidityPeak: number;
	readonly pH: number;
}

/** A rise of conductivity that no mine makes: first flush, or salt. */
interface Flush {
	readonly begin: number;
	readonly end: number;
	readonly rise: number;
	readonly hold: number;
	readonly halfLife: number;
	readonly part: number;
	readonly pH: number;
}

interface Stretch {
	readonly begin: number;
	readonly end: number;
	readonly factor: number;
}

interface Cleaning {
	readonly begin: number;
	readonly end: number;
	readonly isLogged: boolean;
	/** Of the cell, and of the electrode, from then on. */
	readonly cell: number;
	readonly offset: number;
}

export interface RiverSample {
	readonly conductivity: number | undefined;
	readonly pH: number | undefined;
	readonly celsius: number;
	readonly turbidity: number | undefined;
}

export interface EventRiverOptions {
	readonly seed: number;
	readonly world: keyof typeof EVENT_WORLDS;
	readonly inflows: number;
}

export class EventRiver {
	readonly inflows: readonly Inflow[];
	readonly #has: ReadonlySet<EventKind>;
	readonly #noise: RandomSource;
	readonly #c0: number;
	readonly #alkalinityPerC: number;
	readonly #carbonic: number;
	readonly #dielPH: number;
	readonly #dielC: number;
	readonly #nb: number;
	readonly #pHNoise: number;
	readonly #pHLag: number;
	readonly #meanCelsius: number;
	readonly #seasonPhase: number;
	readonly #cloud: Float64Array;
	readonly #storms: Running<Storm>;
	readonly #flushes: Running<Flush>;
	readonly #bubbles: Running<Stretch>;
	readonly #burials: Running<Stretch>;
	readonly #steps: Running<Stretch>;
	readonly #spikes: Running<Stretch>;
	readonly #cleanings: Running<Cleaning>;
	#lastCleaning: Cleaning;

	constructor({ seed, world, inflows }: EventRiverOptions) {
		this.#has = new Set<EventKind>(EVENT_WORLDS[world]);
		const random = new SeededRandom(seedOf(seed, `river ${world}`));
		const uniform = (low: number, high: number): number => low + (high - low) * fraction(random);
		const logUniform = (low: number, high: number): number =>
			low * (high / low) ** fraction(random);
		this.#noise = new SeededRandom(seedOf(seed, `noise ${world}`));
		this.#c0 = logUniform(300, 900);
		// Bicarbonate water: 150 to 250 uS/cm for each meq/L.
		this.#alkalinityPerC = 1e-3 / uniform(150, 250);
		// KH pCO2: 3.4e-2 x 4e-4 x 2..10 mol/L.
		this.#carbonic = 3.4e-2 * 4e-4 * uniform(2, 10);
		this.#dielPH = this.#has.has("diel") ? logUniform(0.05, 0.8) : 0.05;
		this.#dielC = this.#has.has("diel") ? uniform(0.01, 0.03) : 0.01;
		this.#nb = logUniform(2, 12);
		this.#pHNoise = uniform(0.003, 0.01);
		this.#pHLag = uniform(30, 180);
		this.#meanCelsius = uniform(9, 12);
		this.#seasonPhase = uniform(0, 1);
		this.#cloud = new Float64Array(366).map(() => (fraction(random) < 0.3 ? 0.3 : 1));
		const events = new SeededRandom(seedOf(seed, `troubles ${world}`));
		const plans = new Planner(events, this.#has);
		this.#cleanings = new Running(plans.cleanings());
		this.#lastCleaning = { begin: 0, end: 0, isLogged: true, cell: 1, offset: 0 };
		const { storms, flushes } = plans.storms();
		this.#storms = new Running(storms);
		this.#flushes = new Running(flushes);
		this.#bubbles = new Running(plans.bubbles());
		this.#burials = new Running(plans.burials());
		this.#steps = new Running(plans.steps());
		this.#spikes = new Running(plans.spikes());
		this.inflows = plans.inflows(inflows, this.#cleanings.all);
	}

	/** What the probes say, `seconds` since the year's first; never goes back. */
	sample(seconds: number): RiverSample {
		const noise = this.#noise;
		const cleaning = this.#cleanings.at(seconds)[0];
		const storms = this.#storms.at(seconds);
		const celsius = this.#celsiusAt(seconds, storms.length > 0);
		if (cleaning !== undefined) {
			this.#lastCleaning = cleaning;
			// In service, or dry and said so; nobody told of: a wet film in the air, which nothing flags.
			if (cleaning.isLogged || fraction(noise) < 0.7) {
				return { conductivity: undefined, pH: undefined, celsius, turbidity: undefined };
			}
			const film = 10 + 30 * fraction(noise);
			return {
				conductivity: film,
				pH: 7 + normal(noise),
				celsius,
				turbidity: 500 * fraction(noise),
			};
		}
		const { c, pH } = this.#waterAt(seconds, storms, this.#inflowOf(seconds));
		const days = (seconds - this.#lastCleaning.end) / DAY;
		let cell = this.#lastCleaning.cell;
		let offset = this.#lastCleaning.offset;
		if (this.#has.has("fouling")) {
			cell *= 1 - 0.001 * days;
			offset += 0.001 * days;
		}
		for (const each of this.#bubbles.at(seconds)) cell *= each.factor;
		for (const { begin, end, factor } of this.#burials.at(seconds)) {
			cell *= 1 - (1 - factor) * Math.min((seconds - begin) / (end - begin) / 0.7, 1);
		}
		for (const each of this.#steps.at(seconds)) offset += each.factor;
		let turbidity = this.#turbidityAt(seconds, storms) * (1 + 0.07 * normal(noise));
		if (this.#has.has("fouling")) turbidity += Math.min(0.2 * days, 4);
		for (const each of this.#spikes.at(seconds)) turbidity *= each.factor;
		return {
			conductivity: c * cell * (1 + 0.005 * normal(noise)),
			pH: pH + offset + this.#pHNoise * normal(noise),
			celsius,
			turbidity,
		};
	}

	/** Part by which inflows raise the true conductivity at an instant, 0.05: five per cent. */
	riseAt(seconds: number): number {
		const inflow = this.#inflowOf(seconds);
		if (inflow === undefined) return 0;
		const c = this.#cleanConductivity(seconds, this.#storms.around(seconds));
		return (shareOf(inflow, seconds) * (inflow.conductivity - c)) / c;
	}

	#inflowOf(seconds: number): Inflow | undefined {
		return this.inflows.find((each) => seconds >= each.begin && seconds < each.begin + 2 * DAY);
	}

	#waterAt(seconds: number, storms: readonly Storm[], inflow: Inflow | undefined) {
		const clean = this.#cleanConductivity(seconds, storms);
		// The electrode is behind.
		const lagged = seconds - this.#pHLag;
		const share = inflow === undefined ? 0 : shareOf(inflow, seconds);
		const c = inflow === undefined ? clean : clean + share * (inflow.conductivity - clean);
		// Neither salt nor a first flush brings any.
		let alkalinity = this.#carbonateConductivity(seconds, storms) * this.#alkalinityPerC;
		if (inflow !== undefined) {
			const part = shareOf(inflow, lagged);
			alkalinity = (1 - part) * alkalinity - part * inflow.acidity;
		}
		// alkalinity = K / H - H, K of carbonic acid in equilibrium with the air above it.
		const k = 10 ** -6.35 * this.#carbonic;
		const h = (-alkalinity + Math.sqrt(alkalinity * alkalinity + 4 * k)) / 2;
		let pH = Math.max(-Math.log10(h), 3);
		const day = Math.floor(seconds / DAY);
		const sun = this.#cloud[day] ?? 1;
		const summer = 0.6 + 0.4 * Math.cos(2 * Math.PI * (seconds / YEAR_SECONDS - 0.5));
		const dawn = Math.cos(2 * Math.PI * (seconds / DAY - 16 / 24));
		pH += this.#dielPH * summer * sun * dawn;
		for (const storm of storms) pH -= storm.pH * flowOf(storm, lagged);
		for (const flush of this.#flushes.at(seconds)) pH -= flush.pH * pulseOf(flush, lagged);
		return { c, pH };
	}

	#cleanConductivity(seconds: number, storms: readonly Storm[]): number {
		let c = this.#carbonateConductivity(seconds, storms);
		for (const flush of this.#flushes.around(seconds))
			c *= 1 + flush.part * pulseOf(flush, seconds);
		return c;
	}

	#carbonateConductivity(seconds: number, storms: readonly Storm[]): number {
		const season = 1 + 0.15 * Math.cos(2 * Math.PI * (seconds / YEAR_SECONDS + this.#seasonPhase));
		const diel = 1 + this.#dielC * Math.cos(2 * Math.PI * (seconds / DAY - 0.2));
		let c = this.#c0 * season * diel;
		for (const storm of storms) c *= Math.exp(storm.dip * flowOf(storm, seconds - storm.dipLag));
		return c;
	}

	#celsiusAt(seconds: number, isStorm: boolean): number {
		const season = -8 * Math.cos(2 * Math.PI * (seconds / YEAR_SECONDS - 0.05));
		const diel = (isStorm ? 0.7 : 1.4) * Math.cos(2 * Math.PI * (seconds / DAY - 16 / 24));
		return Math.max(this.#meanCelsius + season + diel, 0.1);
	}

	#turbidityAt(seconds: number, storms: readonly Storm[]): number {
		let factor = 1;
		for (const { begin, turbidity, turbidityPeak, exponent, recession } of storms) {
			const t = seconds - begin;
			factor += turbidity * shapeOf(t, turbidityPeak, exponent, recession / 3);
		}
		return this.#nb * factor;
	}
}

/** 0 to 1: (t/tp)^n exp(n (1 - t/tp)) up to the peak, then a recession. */
function shapeOf(t: number, peak: number, exponent: number, recession: number): number {
	if (t <= 0) return 0;
	const part = t / peak;
	if (part < 1) return part ** exponent * Math.exp(exponent * (1 - part));
	return Math.exp(-(t - peak) / recession);
}

/** ln of the flow against its peak's, 0 to 1. */
function flowOf({ begin, flow, exponent, peak, recession }: Storm, seconds: number): number {
	const shape = shapeOf(seconds - begin, peak, exponent, recession);
	return shape === 0 ? 0 : Math.log(1 + flow * shape) / Math.log(1 + flow);
}

function pulseOf({ begin, rise, hold, halfLife }: Flush, seconds: number): number {
	const t = seconds - begin;
	if (t <= 0) return 0;
	if (t < rise) return smooth(t / rise);
	return t < rise + hold ? 1 : 0.5 ** ((t - rise - hold) / halfLife);
}

function shareOf({ begin, rise, halfLife, share }: Inflow, seconds: number): number {
	const t = seconds - begin;
	if (t <= 0) return 0;
	return share * (t < rise ? smooth(t / rise) : 0.5 ** ((t - rise) / halfLife));
}

function smooth(part: number): number {
	return part * part * (3 - 2 * part);
}

/** What is under way at an instant that only moves on, from a list by its beginnings. */
class Running<Each extends { readonly begin: number; readonly end: number }> {
	readonly all: readonly Each[];
	#next = 0;
	#now: Each[] = [];

	constructor(all: readonly Each[]) {
		this.all = [...all].sort((a, b) => a.begin - b.begin);
	}

	at(seconds: number): readonly Each[] {
		let next = this.all[this.#next];
		while (next !== undefined && next.begin <= seconds) {
			this.#now.push(next);
			next = this.all[++this.#next];
		}
		if (this.#now.some(({ end }) => end < seconds)) {
			this.#now = this.#now.filter(({ end }) => end >= seconds);
		}
		return this.#now;
	}

	/** The same at any instant. */
	around(seconds: number): readonly Each[] {
		return this.all.filter(({ begin, end }) => begin <= seconds && end >= seconds);
	}
}

/** Draws a year's troubles; sizes of the usual ranges. */
class Planner {
	readonly #random: RandomSource;
	readonly #has: ReadonlySet<EventKind>;

	constructor(random: RandomSource, has: ReadonlySet<EventKind>) {
		this.#random = random;
		this.#has = has;
	}

	/** 30 storms a year; in winter most first flushes carry road salt, and five thaws bring it without a storm. */
	storms(): { readonly storms: Storm[]; readonly flushes: Flush[] } {
		const storms: Storm[] = [];
		const flushes: Flush[] = [];
		if (!this.#has.has("storms")) return { storms, flushes };
		for (let index = 0; index < 30; index++) {
			const begin = this.#uniform(2 * DAY, YEAR_SECONDS - 2 * DAY);
			const peak = this.#uniform(1, 6) * HOUR;
			const recession = this.#uniform(12, 48) * HOUR;
			storms.push({
				begin,
				end: begin + peak + 5 * recession,
				flow: this.#logUniform(2, 20),
				exponent: this.#uniform(2, 4),
				peak,
				recession,
				dip: Math.log(1 - this.#uniform(0.2, 0.6)),
				dipLag: this.#uniform(0, 3) * HOUR,
				turbidity: this.#logUniform(10, 100),
				turbidityPeak: Math.max(peak - this.#uniform(0.5, 3) * HOUR, 0.4 * HOUR),
				pH: this.#uniform(0, 0.1),
			});
			const isSalty = this.#has.has("salt") && isWinter(begin) && fraction(this.#random) < 0.8;
			if (isSalty) flushes.push(this.#salt(begin));
			else {
				const width = this.#uniform(10, 30) * MINUTE;
				flushes.push({
					begin,
					end: begin + 3 * HOUR,
					rise: width / 3,
					hold: width / 3,
					halfLife: width / 6,
					part: this.#uniform(0.05, 0.3),
					pH: 0,
				});
			}
		}
		if (!this.#has.has("salt")) return { storms, flushes };
		for (let index = 0; index < 5; index++) {
			// 1 January to 15 March, or December.
			const day = this.#uniform(0, 105);
			flushes.push(this.#salt((day < 75 ? 2 + (day * 73) / 75 : 333 + (day - 75)) * DAY));
		}
		return { storms, flushes };
	}

	#salt(begin: number): Flush {
		return {
			begin,
			end: begin + 30 * HOUR,
			rise: this.#uniform(10, 40) * MINUTE,
			hold: this.#uniform(0, 60) * MINUTE,
			halfLife: this.#logUniform(0.3, 4) * HOUR,
			part: this.#logUniform(0.3, 2),
			// Cations that salt drives from the soil.
			pH: this.#uniform(0, 0.05),
		};
	}

	/** 180 a year, -10 to -50 %; nine of ten for seconds to minutes, a tenth for hours. */
	bubbles(): Stretch[] {
		if (!this.#has.has("bubbles")) return [];
		return Array.from({ length: 180 }, () => {
			const isLong = fraction(this.#random) < 0.1;
			const seconds = isLong ? this.#uniform(1, 12) * HOUR : this.#logUniform(5, 900);
			return this.#stretch(seconds, 1 - this.#uniform(0.1, 0.5));
		});
	}

	/** A cell buried by sediment, one a year: -30 % within days, free at once. */
	burials(): Stretch[] {
		if (!this.#has.has("fouling")) return [];
		return [this.#stretch(this.#uniform(2, 10) * DAY, 0.7)];
	}

	/** Steps of the electrode: cable, pump, 0.02 to 0.1. */
	steps(): Stretch[] {
		return Array.from({ length: 40 }, () =>
			this.#stretch(
				this.#uniform(0.1, 6) * HOUR,
				(fraction(this.#random) < 0.5 ? -1 : 1) * this.#uniform(0.02, 0.1),
			),
		);
	}

	/** Leaves, fish, bubbles before the optics: two a day, for one reading or three. */
	spikes(): Stretch[] {
		return Array.from({ length: 730 }, () =>
			this.#stretch(this.#uniform(30, 900), this.#logUniform(3, 50)),
		);
	}

	/** Every two to four weeks; one in five by somebody who told nobody. */
	cleanings(): Cleaning[] {
		const cleanings: Cleaning[] = [];
		if (!this.#has.has("cleanings")) return cleanings;
		let day = this.#uniform(3, 20);
		for (; day < 364; day += this.#uniform(14, 28)) {
			const begin = day * DAY;
			cleanings.push({
				begin,
				end: begin + this.#uniform(20, 40) * MINUTE,
				isLogged: fraction(this.#random) < 0.8,
				cell: this.#uniform(0.985, 1.015),
				offset: this.#uniform(-0.05, 0.05),
			});
		}
		return cleanings;
	}

	/** At any hour, two days apart, not while somebody stands at the station. */
	inflows(count: number, cleanings: readonly Cleaning[]): Inflow[] {
		const inflows: Inflow[] = [];
		for (let tries = 0; inflows.length < count && tries < 200; tries++) {
			const begin = this.#uniform(3 * DAY, YEAR_SECONDS - 3 * DAY);
			const isNear = inflows.some((each) => Math.abs(each.begin - begin) < 2.5 * DAY);
			const isAttended = cleanings.some(
				(each) => begin > each.begin - 2 * HOUR && begin < each.end + 2 * HOUR,
			);
			if (isNear || isAttended) continue;
			const conductivity = this.#uniform(1500, 5000);
			// Metals and acid come together: 5 to 20 meq/L over 1500 to 5000 uS/cm, give or take a quarter.
			const acidity = (5 + (15 * (conductivity - 1500)) / 3500) * this.#uniform(0.75, 1.25);
			inflows.push({
				begin,
				rise: this.#uniform(20, 60) * MINUTE,
				halfLife: this.#uniform(0.5, 6) * HOUR,
				share: this.#logUniform(0.03, 0.4),
				conductivity,
				acidity: Math.min(Math.max(acidity, 5), 20) / 1000,
			});
		}
		return inflows.sort((a, b) => a.begin - b.begin);
	}

	#stretch(seconds: number, factor: number): Stretch {
		const begin = this.#uniform(DAY, YEAR_SECONDS);
		return { begin, end: begin + seconds, factor };
	}

	#uniform(low: number, high: number): number {
		return low + (high - low) * fraction(this.#random);
	}

	#logUniform(low: number, high: number): number {
		return low * (high / low) ** fraction(this.#random);
	}
}

function isWinter(seconds: number): boolean {
	const day = seconds / DAY;
	return day < 75 || day > 333;
}

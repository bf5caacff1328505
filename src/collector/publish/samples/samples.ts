/** All samples that an operator publishes, by where they were taken, and what is counted of them. */
import { createHash } from "node:crypto";
import { SAMPLE_PARAMETERS, type SampleParameter } from "./parameters.js";
import type { Sample, SamplePoint } from "./parse-samples.js";

/** As the laboratory sent it. */
export interface SampleFile {
	readonly name: string;
	readonly digest: string;
	readonly text: string;
}

export interface SampleLimit {
	/** Of stations. */
	readonly class: string;
	readonly parameter: SampleParameter;
	readonly low: number | null;
	readonly high: number | null;
	readonly reason: string;
}

export interface SampleCell {
	readonly count: number;
	readonly below: number;
	readonly median: string;
	readonly least: string;
	readonly greatest: string;
	/** Outside the limit, as far as the figures say: one below detection is above none. */
	readonly outside: number;
}

export class Samples {
	readonly files: readonly SampleFile[];
	/** By rising time. */
	readonly all: readonly Sample[];
	readonly limits: readonly SampleLimit[];
	/** Of all of it. */
	readonly digest: string;

	constructor(
		files: readonly SampleFile[] = [],
		samples: readonly Sample[] = [],
		limits: readonly SampleLimit[] = [],
	) {
		this.files = files;
		this.all = [...samples].sort((a, b) => a.seconds - b.seconds || a.line - b.line);
		this.limits = limits;
		const hash = createHash("sha256");
		hash.update(JSON.stringify([files.map(({ digest }) => digest), limits]));
		this.digest = hash.digest("hex");
	}

	/** A station's own, and those of its place. */
	ofStation(station: string, { place }: { readonly place: string }): readonly Sample[] {
		return this.all.filter(({ at }) =>
			at.kind === "station" ? at.name === station : place !== "" && at.name === place,
		);
	}

	ofPoint({ kind, name }: SamplePoint): readonly Sample[] {
		return this.all.filter(({ at }) => at.kind === kind && at.name === name);
	}

	/** Where samples were taken: stations, then places, by name. */
	points(): readonly SamplePoint[] {
		const known = new Map(this.all.map(({ at }) => [`${at.kind} ${at.name}`, at]));
		return [...known.values()].sort((a, b) =>
			a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind === "station" ? -1 : 1,
		);
	}

	limitOf(parameter: SampleParameter, of: string): SampleLimit | undefined {
		return of === ""
			? undefined
			: this.limits.find((limit) => limit.parameter === parameter && limit.class === of);
	}
}

export function yearOf({ time }: Sample): string {
	return time.slice(0, 4);
}

export function parametersOf(samples: readonly Sample[]): readonly SampleParameter[] {
	return SAMPLE_PARAMETERS.filter((parameter) =>
		samples.some((sample) => sample.parameter === parameter),
	);
}

/** Of samples of one parameter, at least one. */
export function cellOfSamples(
	samples: readonly Sample[],
	limit: SampleLimit | undefined,
): SampleCell {
	const rising = [...samples].sort(
		(a, b) => Number(a.value) - Number(b.value) || Number(b.isBelow) - Number(a.isBelow),
	);
	const outside = rising.filter(
		({ value, isBelow }) =>
			(!isBelow && Number(value) > (limit?.high ?? Number.POSITIVE_INFINITY)) ||
			Number(value) < (limit?.low ?? Number.NEGATIVE_INFINITY),
	);
	return {
		count: rising.length,
		below: rising.filter(({ isBelow }) => isBelow).length,
		median: medianOf(rising),
		least: textOfSample(rising[0]),
		greatest: textOfSample(rising.at(-1)),
		outside: outside.length,
	};
}

export function textOfSample(sample: Pick<Sample, "value" | "isBelow"> | undefined): string {
	return sample === undefined ? "" : `${sample.isBelow ? "<" : ""}${sample.value}`;
}

/** The middle one, or the mean of both; with one below detection "<" and the greater of both. */
function medianOf(rising: readonly Sample[]): string {
	const upper = rising[Math.floor(rising.length / 2)];
	const lower = rising[Math.ceil(rising.length / 2) - 1];
	if (upper === undefined || lower === undefined) return "";
	if (upper === lower) return textOfSample(upper);
	if (upper.isBelow || lower.isBelow) return `<${upper.value}`;
	const decimals = Math.max(...[upper, lower].map(({ value }) => value.split(".")[1]?.length ?? 0));
	const mean = (Number(upper.value) + Number(lower.value)) / 2;
	// One decimal more than was measured, where the mean has it.
	return Number(mean.toFixed(decimals + 1)).toString();
}

/** Runs vectors of the form {test, input, parameters, flags | throws} through the quality tests. */
import { AttenuatedSignal } from "../../../src/protocol/quality/attenuated-signal.js";
import { Climatology, type ClimatologyPeriod } from "../../../src/protocol/quality/climatology.js";
import {
	type FlagSink,
	medianStepSeconds,
	QualityRefusal,
	type QualityTest,
	type SeriesValue,
} from "../../../src/protocol/quality/flags.js";
import { FlatLine } from "../../../src/protocol/quality/flat-line.js";
import { GrossRange, type ValueSpan } from "../../../src/protocol/quality/gross-range.js";
import { RateOfChange } from "../../../src/protocol/quality/rate-of-change.js";
import { Spike } from "../../../src/protocol/quality/spike.js";
import { flagsOf, rollUpSeries } from "./quality-series.js";

export interface QartodVector {
	readonly id: string;
	readonly test: string;
	readonly input: {
		readonly values?: readonly (number | null)[];
		readonly times?: readonly number[];
		readonly flags?: readonly (readonly (number | null)[])[];
	};
	readonly parameters: Readonly<Record<string, unknown>>;
	readonly flags?: readonly number[];
	/** The reference refused. */
	readonly throws?: string;
}

interface RawMember {
	readonly tspan: ValueSpan;
	readonly vspan: ValueSpan;
	readonly fspan: ValueSpan | null;
	readonly period: ClimatologyPeriod | null;
}

/** What ours says: the flags as digits, or "refused". */
export function outcomeOf(vector: QartodVector): string {
	try {
		return flagsFor(vector).join("");
	} catch (error) {
		if (error instanceof QualityRefusal) return "refused";
		throw error;
	}
}

/** What the reference said, in the same words. */
export function expectedOf({ flags, throws }: QartodVector): string {
	return throws === undefined ? (flags ?? []).join("") : "refused";
}

function flagsFor({ test, input, parameters }: QartodVector): readonly number[] {
	if (test === "roll_up") {
		const flags = input.flags ?? [];
		return rollUpSeries(flags.map((each) => each.map((flag) => flag ?? undefined)));
	}
	const values: SeriesValue[] = (input.values ?? []).map((value) => value ?? undefined);
	const seconds = input.times ?? values.map((_value, index) => index);
	return flagsOf(makerOf(test, parameters, seconds), seconds, values);
}

function makerOf(
	test: string,
	given: Readonly<Record<string, unknown>>,
	seconds: readonly number[],
): (sink: FlagSink) => QualityTest {
	const number = (name: string): number | undefined =>
		typeof given[name] === "number" ? given[name] : undefined;
	const span = (name: string): ValueSpan | undefined =>
		Array.isArray(given[name]) ? (given[name] as unknown as ValueSpan) : undefined;
	const suspectThreshold = number("suspectThreshold");
	const failThreshold = number("failThreshold");
	switch (test) {
		case "gross_range":
			return (sink) =>
				new GrossRange(
					{ failSpan: span("failSpan") ?? [0, 0], suspectSpan: span("suspectSpan") },
					sink,
				);
		case "spike": {
			const method = given["method"] === "average" ? "average" : "differential";
			return (sink) => new Spike({ suspectThreshold, failThreshold, method }, sink);
		}
		case "rate_of_change":
			return (sink) =>
				new RateOfChange({ threshold: number("threshold") ?? 0, failThreshold }, sink);
		case "flat_line":
			return (sink) =>
				FlatLine.ofSeries(
					{
						suspectThresholdSeconds: suspectThreshold ?? 0,
						failThresholdSeconds: failThreshold ?? 0,
						tolerance: number("tolerance") ?? 0,
					},
					seconds,
					sink,
				);
		case "attenuated_signal": {
			const minPeriod = number("minPeriod");
			const validValuesMin =
				minPeriod === undefined
					? number("minObs")
					: Math.trunc(minPeriod / medianStepSeconds(seconds));
			const checkType = given["checkType"] === "std" ? "std" : "range";
			return (sink) =>
				new AttenuatedSignal(
					{
						suspectThreshold: suspectThreshold ?? 0,
						failThreshold: failThreshold ?? 0,
						checkType,
						testPeriodSeconds: number("testPeriod"),
						validValuesMin,
					},
					sink,
				);
		}
		case "climatology": {
			const members = (given["members"] as readonly RawMember[]).map((member) => ({
				timeSpan: member.tspan,
				valueSpan: member.vspan,
				failSpan: member.fspan ?? undefined,
				period: member.period ?? undefined,
			}));
			return (sink) => new Climatology(members, sink);
		}
		default:
			throw new Error(`no test ${test}`);
	}
}

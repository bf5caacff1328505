/** Tests of quality over whole series, as the field's reference has them. */
import {
	type FlagSink,
	type QualityFlag,
	QualityRefusal,
	type QualityTest,
	type SeriesValue,
} from "../../../src/protocol/quality/flags.js";
import { rollUp } from "../../../src/protocol/quality/roll-up.js";

/** Flags of a whole series, by a test that `make` builds around a sink. Throws QualityRefusal. */
export function flagsOf(
	make: (sink: FlagSink) => QualityTest,
	seconds: readonly number[],
	values: readonly SeriesValue[],
): QualityFlag[] {
	if (seconds.length !== values.length) {
		throw new QualityRefusal(`${values.length} values at ${seconds.length} times`);
	}
	const flags: QualityFlag[] = [];
	const test = make((flag) => flags.push(flag));
	values.forEach((value, index) => {
		test.push(seconds[index] ?? 0, value);
	});
	test.end();
	return flags;
}

/** Rolls up series of equal length, else QualityRefusal. */
export function rollUpSeries(tests: readonly (readonly (number | undefined)[])[]): QualityFlag[] {
	const [first = []] = tests;
	if (tests.some((flags) => flags.length !== first.length)) {
		throw new QualityRefusal(`roll-up: series of ${tests.map((flags) => flags.length).join(", ")}`);
	}
	return first.map((_flag, index) => rollUp(tests.map((flags) => flags[index])));
}

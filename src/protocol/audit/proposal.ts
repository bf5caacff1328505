/**
 * Corrections that visits propose: a document that corrects nothing until an operator makes it theirs
 * (docs/VALUES.md, section 5). Visits come from a file, or from wherever else they are recorded.
 */
import {
	boundsOf,
	type ChannelCheck,
	Correction,
	isInFractions,
	type QualityChannel,
} from "../quality/correction.js";
import { roundedTo } from "../quality/decimal.js";
import type { Visit } from "./documents.js";
import { timeText } from "./schema.js";

export interface ProposedCorrection {
	readonly id: string;
	readonly channel: QualityChannel;
	readonly from: string;
	readonly to: string;
	readonly decision: "apply" | "leave";
	readonly reason: string;
	readonly fouling?: ChannelCheck["fouling"];
	readonly drift?: ChannelCheck["drift"];
}

const DECIMALS = 6;
/** USGS corrects conductivity beyond 3 % or 5 uS/cm, the greater. */
const CONDUCTIVITY_CRITERION = 5;
const UNITS: Readonly<Record<QualityChannel, string>> = Object.freeze({
	ph: "pH",
	temperature: "degC",
	ec25: "%",
	turbidity: "FNU",
});

/** A correction for each check that found something to measure and follows another of its channel. */
export function proposedCorrections(visits: readonly Visit[]): readonly ProposedCorrection[] {
	const known = new Map<QualityChannel, Visit>();
	const proposed: ProposedCorrection[] = [];
	for (const visit of visits) {
		for (const { channel, fouling, drift } of visit.checks) {
			const before = known.get(channel);
			known.set(channel, visit);
			if (before === undefined || (fouling === undefined && drift === undefined)) continue;
			const { isNeeded, reason } = judge(channel, { fouling, drift }, before, visit);
			proposed.push({
				id: `${channel}-${proposed.length + 1}`,
				channel,
				from: timeText(before.endSeconds ?? before.seconds),
				to: timeText(visit.seconds),
				decision: isNeeded ? "apply" : "leave",
				reason: `visits ${before.id} and ${visit.id}: ${reason}`,
				...(fouling === undefined ? {} : { fouling }),
				...(drift === undefined ? {} : { drift }),
			});
		}
	}
	return proposed;
}

function judge(
	channel: QualityChannel,
	check: ChannelCheck,
	before: Visit,
	visit: Visit,
): { readonly isNeeded: boolean; readonly reason: string } {
	const span = { fromSeconds: before.seconds, toSeconds: visit.seconds };
	const raw = check.fouling?.stationFouled ?? worstReadingOf(check);
	const sum = new Correction(channel, span, check).at(visit.seconds, raw)?.sum ?? 0;
	const [excellent, , , poor] = boundsOf(channel, raw);
	const criterion =
		channel === "ec25" ? Math.max(excellent, (CONDUCTIVITY_CRITERION / raw) * 100) : excellent;
	const unit = isInFractions(channel, raw) ? "%" : UNITS[channel];
	const found = `${roundedTo(sum, DECIMALS)} ${unit} at its end`;
	if (sum > poor) {
		return { isNeeded: false, reason: `${found}, beyond ${poor}: consider deletion` };
	}
	const shown = roundedTo(criterion, DECIMALS);
	return sum > criterion
		? { isNeeded: true, reason: `${found}, beyond ${shown}` }
		: { isNeeded: false, reason: `${found}, within ${shown}` };
}

/** Of the standard that was read worst. */
function worstReadingOf({ drift = [] }: ChannelCheck): number {
	let worst = drift[0];
	for (const point of drift) {
		const error = Math.abs(point.standard - point.reading);
		if (worst === undefined || error > Math.abs(worst.standard - worst.reading)) worst = point;
	}
	return worst?.reading ?? 0;
}

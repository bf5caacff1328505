/** How the pH electrode is by its last calibrations, which the station keeps: what health.ts makes of them, for status and self-test. */
import {
	forecast,
	HEALTH_LIMITS,
	HEALTH_VERDICTS,
	verdictOfForecast,
} from "../../protocol/calibration/health.js";

/** A calibration of the electrode: slopes below and above the middle buffer %, NaN without a buffer there, offset mV. */
export type ElectrodeFinding = readonly [
	utcSeconds: number,
	acid: number,
	base: number,
	offset: number,
];

/** A year of monthly visits, as many as a forecast looks at. */
export const FINDINGS_KEPT = 12;

export interface ElectrodeHealth {
	readonly electrode: (typeof HEALTH_VERDICTS)[number];
	/** Until it wants service; `none` where nobody can say. */
	readonly electrodeDays: number | "none";
	/** Which of the three says so, and how it comes to that. */
	readonly electrodeBy: string;
}

/** Kept with the next save; none: another electrode is there. */
export function noteElectrode(
	stored: { findings: readonly ElectrodeFinding[] },
	finding?: ElectrodeFinding,
): void {
	stored.findings =
		finding === undefined ? [] : [...stored.findings, finding].slice(-FINDINGS_KEPT);
}

/** Of what a calibration came to: a side without a buffer says nothing of its slope. */
export function findingOf(
	utcSeconds: number,
	points: readonly { readonly nominalAtTemperature: number }[],
	[acid, base, offset]: readonly [number, number, number],
): ElectrodeFinding {
	const middle = points[0]?.nominalAtTemperature ?? 7;
	const hasSide = (sign: number): boolean =>
		points.some(({ nominalAtTemperature: worth }) => sign * (worth - middle) > 0);
	return [utcSeconds, hasSide(-1) ? acid : Number.NaN, hasSide(1) ? base : Number.NaN, offset];
}

/** The worst of slopes and offset at a time, Unix seconds. */
export function electrodeHealth(
	findings: readonly ElectrodeFinding[],
	utcSeconds: number,
): ElectrodeHealth {
	const newest = findings[findings.length - 1]?.[0] ?? 0;
	const now = Math.max(utcSeconds, newest);
	let worst: ElectrodeHealth = {
		electrode: "unknown",
		electrodeDays: "none",
		electrodeBy: `${findings.length} calibrations are kept, four are needed`,
	};
	["acid-slope", "base-slope", "offset"].forEach((name, index) => {
		const { slopePercent, offsetMillivolts } = HEALTH_LIMITS;
		const found = forecast(
			findings
				.map((finding) => ({
					utcSeconds: finding[0],
					value: index === 2 ? Math.abs(finding[3]) : (finding[index + 1] ?? 0),
				}))
				.filter(({ value }) => !Number.isNaN(value)),
			index === 2 ? offsetMillivolts : slopePercent,
			now,
		);
		if (found === undefined) return;
		const electrode = verdictOfForecast(found);
		const days = found.daysLeft;
		const isWorse =
			HEALTH_VERDICTS.indexOf(electrode) > HEALTH_VERDICTS.indexOf(worst.electrode) ||
			(electrode === worst.electrode && (days ?? Number.MAX_VALUE) < daysOf(worst));
		if (!isWorse) return;
		worst = {
			electrode,
			electrodeDays: days === undefined ? "none" : Math.floor(days),
			electrodeBy: `${name}: ${found.arithmetic}`,
		};
	});
	return worst;
}

function daysOf({ electrodeDays }: ElectrodeHealth): number {
	return electrodeDays === "none" ? Number.MAX_VALUE : electrodeDays;
}

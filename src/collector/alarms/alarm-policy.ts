/** What an operator asks of alarms, station by station: a line `STATION name=value ...`, `*` for all others. */
import { readFileSync, statSync } from "node:fs";
import { OperationalError } from "../../host/errors.js";

export interface AlarmPolicy {
	/** Uploads that are due and did not come make a silence; 0: never. */
	readonly "silence-uploads": number;
	/** Between uploads where the station has not said it. */
	readonly "upload-seconds": number;
	/** A forecast below is an alarm; 0: never. */
	readonly "battery-days": number;
	/** A calibration is overdue so long after it was made, or on its own date; 0: on its own date only. */
	readonly "calibration-days": number;
}

export const ALARM_POLICY: AlarmPolicy = Object.freeze({
	"silence-uploads": 3,
	"upload-seconds": 3600,
	"battery-days": 14,
	"calibration-days": 0,
});

const LIMITS: Readonly<Record<keyof AlarmPolicy, readonly [min: number, max: number]>> =
	Object.freeze({
		"silence-uploads": [0, 1000],
		"upload-seconds": [60, 604_800],
		"battery-days": [0, 3650],
		"calibration-days": [0, 3650],
	});
const FILE_BYTES_MAX = 10_000_000;
const STATION = /^([a-z0-9-]{1,8}|\*)$/;

export type AlarmPolicies = (station: string) => AlarmPolicy;

/** Throws OperationalError that names the line. */
export function readAlarmPolicies(path: string | undefined): AlarmPolicies {
	if (path === undefined) return () => ALARM_POLICY;
	let text: string;
	try {
		if (statSync(path).size > FILE_BYTES_MAX) throw new OperationalError(`${path}: too long`);
		text = readFileSync(path, "utf8");
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		throw new OperationalError(
			`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	}
	const own = new Map<string, Partial<AlarmPolicy>>();
	for (const [index, raw] of text.split("\n").entries()) {
		const [station, ...words] = raw.replace(/#.*/, "").trim().split(/\s+/);
		if (station === undefined || station === "") continue;
		const where = `${path} line ${index + 1}`;
		if (!STATION.test(station) || own.has(station)) {
			throw new OperationalError(`${where}: expected a station id or *, each once`);
		}
		own.set(station, policyOf(words, where));
	}
	const common = { ...ALARM_POLICY, ...own.get("*") };
	return (station) => ({ ...common, ...own.get(station) });
}

function policyOf(words: readonly string[], where: string): Partial<AlarmPolicy> {
	const policy: Partial<Record<keyof AlarmPolicy, number>> = {};
	for (const word of words) {
		const [name = "", value = ""] = word.split("=");
		const limits = Object.hasOwn(LIMITS, name) ? LIMITS[name as keyof AlarmPolicy] : undefined;
		if (limits === undefined) {
			throw new OperationalError(
				`${where}: "${word}" is none of ${Object.keys(LIMITS).join(", ")}`,
			);
		}
		const [min, max] = limits;
		if (!/^\d+$/.test(value) || Number(value) < min || Number(value) > max) {
			throw new OperationalError(`${where}: ${name} is a whole number from ${min} to ${max}`);
		}
		policy[name as keyof AlarmPolicy] = Number(value);
	}
	return policy;
}

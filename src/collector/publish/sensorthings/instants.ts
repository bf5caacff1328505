/** Times of the SensorThings interface: ISO 8601 with a zone, as instants; two of them with a slash as an interval. */
import { isoTextOf } from "../../../core/calendar.js";

const INSTANT =
	/^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|([+-])(\d\d):(\d\d))$/;

/** Unix seconds; undefined for what is none. */
export function secondsOfInstant(text: string): number | undefined {
	const [, date, hour, minute, second = "00", part = "", , sign, zoneHour, zoneMinute] =
		INSTANT.exec(text) ?? [];
	if (date === undefined) return undefined;
	const local = Date.parse(`${date}T${hour}:${minute}:${second}Z`);
	// Of the 30th of February JavaScript makes the 2nd of March.
	if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 10) !== date) return undefined;
	const offset = sign === undefined ? 0 : Number(zoneHour) * 3600 + Number(zoneMinute) * 60;
	const fraction = part === "" ? 0 : Number(`0.${part}`);
	return local / 1000 + fraction - (sign === "-" ? -offset : offset);
}

export function intervalText(from: number, to: number): string {
	return `${isoTextOf(from)}/${isoTextOf(to)}`;
}

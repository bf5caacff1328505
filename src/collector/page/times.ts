/** Times for people: in UTC or the station's zone, summer time said. */

export interface Zoned {
	/** IANA name or UTC. */
	readonly zone: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
	const known = formats.get(zone);
	if (known !== undefined) return known;
	const made = new Intl.DateTimeFormat("en-CA", {
		timeZone: zone,
		year: "numeric",
		month: "2-digit",
		day: "2-digit",
		hour: "2-digit",
		minute: "2-digit",
		hourCycle: "h23",
		timeZoneName: "shortOffset",
	});
	formats.set(zone, made);
	return made;
}

/** `2026-10-25 02:30 UTC+2`: in the hour that comes twice the offset tells which. */
export function shownTime(seconds: number, { zone }: Zoned): string {
	const parts = new Map(
		formatOf(zone)
			.formatToParts(new Date(seconds * 1000))
			.map(({ type, value }) => [type, value]),
	);
	const get = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
	const offset = get("timeZoneName").replace("GMT", "UTC").replace(/\+0$/, "");
	return `${get("year")}-${get("month")}-${get("day")} ${get("hour")}:${get("minute")} ${offset}`;
}

/** `UTC+2`, as it holds at that moment. */
export function offsetOf(seconds: number, { zone }: Zoned): string {
	return shownTime(seconds, { zone }).split(" ").at(-1) ?? "UTC";
}

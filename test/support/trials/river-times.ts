/** Times of a recording as loggers write them, drawn with their meaning; for the trial of recorded rivers' files. */
import { fraction, integerBelow, type RandomSource } from "../../../src/core/random.js";

export interface ZoneDraw {
	/** `--river-zone`, or null. */
	readonly option: string | null;
	/** Times are written without a zone. */
	readonly isLocal: boolean;
	/** A time at which rows may begin. */
	first(stepSeconds: number): number;
}

/** What a text means: nothing, or one or two instants, the earlier first. */
export interface TimeTruth {
	readonly text: string;
	readonly candidates: readonly number[];
}

const ZONES = [
	...[
		"Europe/Belgrade",
		"Europe/Belgrade",
		"America/New_York",
		"Australia/Lord_Howe",
		"Africa/Casablanca",
	],
	...["UTC", "+05:45", "-09:30", "Asia/Kathmandu", "Pacific/Apia"],
];
/** Around which clocks of these zones change, Unix seconds: October and March of 2026, Lord Howe's April, Apia's lost day. */
const CHANGES = [
	1_792_890_000, 1_774_746_000, 1_793_512_800, 1_772_953_200, 1_775_314_800, 1_325_239_200,
];
const NO_TIMES = [
	...[
		"",
		"NaN",
		"2026-W40-4",
		"2026-274",
		"10/01/2026 12:00",
		"01.10.26 12:00",
		"2026-10-01 12:00 PM",
	],
	...[
		"2026-12-31T23:59:60Z",
		"2026-10-01T24:00Z",
		"2026-02-30T00:00Z",
		"2100-02-29T00:00Z",
		"2026-10-01T12Z",
	],
	...[
		"1790812800",
		"20261001T120000Z",
		"+002026-10-01T00:00Z",
		"2026-10-01T12:00:00+15:00",
		"2026-10-01T12:60Z",
	],
	...[
		"1999-12-31T23:59:59Z",
		"2100-01-01T00:00:00Z",
		"2189-12-31T23:59:59Z",
		"2190-01-01T00:00:00Z",
		"32.1.2026 00:00",
	],
	...[
		"2026-10-01T12:00:00 CET",
		"2026-10-01_12:00Z",
		"2026-10-1T00:00Z",
		"2026-10-01T00:00:00+01:60",
		"0000-00-00 00:00Z",
	],
];
const FIRST_SECONDS = Date.UTC(2000, 0, 1) / 1000;
const LAST_SECONDS = Date.UTC(2100, 0, 1) / 1000 - 1;

export function zoneDraw(random: RandomSource): ZoneDraw {
	const isLocal = fraction(random) < 0.4;
	const hasOption = isLocal ? fraction(random) < 0.95 : fraction(random) < 0.2;
	return {
		option: hasOption ? (ZONES[integerBelow(random, ZONES.length)] ?? "UTC") : null,
		isLocal,
		first: (stepSeconds) => {
			const draw = fraction(random);
			if (draw < 0.5) {
				const change = CHANGES[integerBelow(random, CHANGES.length)] ?? 0;
				return change - stepSeconds * integerBelow(random, 20);
			}
			if (draw < 0.55) return FIRST_SECONDS - stepSeconds * integerBelow(random, 3);
			if (draw < 0.6) return LAST_SECONDS + 1 - stepSeconds * integerBelow(random, 50);
			const days = integerBelow(random, 36_000);
			return FIRST_SECONDS + days * 86_400 + stepSeconds * integerBelow(random, 24);
		},
	};
}

/** A way to write an instant, or now and then what is no time. */
export function drawTime(
	random: RandomSource,
	utcSeconds: number,
	{ option, isLocal }: ZoneDraw,
	isFault: boolean,
): TimeTruth {
	if (isFault) {
		return { text: NO_TIMES[integerBelow(random, NO_TIMES.length)] ?? "", candidates: [] };
	}
	const inRange = (all: readonly number[]): readonly number[] =>
		all.filter((each) => each >= FIRST_SECONDS && each <= LAST_SECONDS);
	if (isLocal) {
		if (option === null) return { text: written(random, utcSeconds, ""), candidates: [] };
		let wall = wallOf(utcSeconds, option);
		// The hour that a zone leaves out: as a logger without changes of its clock writes it.
		if (fraction(random) < 0.02) wall += 3600;
		return { text: written(random, wall, ""), candidates: inRange(instantsOf(wall, option)) };
	}
	const minutes = fraction(random) < 0.5 ? 0 : 15 * (integerBelow(random, 105) - 48);
	const zone =
		minutes === 0 && fraction(random) < 0.8
			? fraction(random) < 0.8
				? "Z"
				: "z"
			: offsetText(random, minutes);
	return {
		text: written(random, utcSeconds + minutes * 60, zone),
		candidates: inRange([utcSeconds]),
	};
}

/** The instant that is meant after the row before; undefined: none, or nobody knows. */
export function resolved(
	{ candidates }: TimeTruth,
	before: number,
	isSorted: boolean,
): number | undefined {
	const [first, second] = candidates;
	if (first === undefined || second === undefined) return first;
	if (isSorted) return undefined;
	return first <= before ? second : first;
}

/** Seconds since 1970 by a wall's calendar, in one of the forms of the document. */
function written(random: RandomSource, wallSeconds: number, zone: string): string {
	const iso = new Date(wallSeconds * 1000).toISOString();
	const [date = "", clock = ""] = iso.slice(0, 23).split("T");
	const [year, month, day] = date.split("-");
	const [hours = "", minutes, secondsText = ""] = clock.split(":");
	const draw = fraction(random);
	const isWhole = secondsText.endsWith(".000");
	const seconds = isWhole && draw < 0.7 ? `:${secondsText.slice(0, 2)}` : `:${secondsText}`;
	const rest = secondsText === "00.000" && draw < 0.3 ? "" : seconds;
	if (zone === "" && fraction(random) < 0.4) {
		const isPadded = fraction(random) < 0.5;
		const part = (text: string | undefined): string =>
			isPadded ? (text ?? "") : String(Number(text));
		return `${part(day)}.${part(month)}.${year} ${part(hours)}:${minutes}${rest}`;
	}
	const isMidnight = `${hours}:${minutes}:${secondsText}` === "00:00:00.000";
	if (isMidnight && fraction(random) < 0.3) return `${date}${zone}`;
	return `${date}${fraction(random) < 0.5 ? "T" : " "}${hours}:${minutes}${rest}${zone}`;
}

function offsetText(random: RandomSource, minutes: number): string {
	const sign = minutes < 0 ? "-" : "+";
	const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0");
	const rest = String(Math.abs(minutes) % 60).padStart(2, "0");
	if (rest === "00" && fraction(random) < 0.3) return `${sign}${hours}`;
	return `${sign}${hours}${fraction(random) < 0.5 ? ":" : ""}${rest}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function wallOf(utcSeconds: number, zone: string): number {
	const fixed = /^([+-])(\d\d):(\d\d)$/.exec(zone);
	if (fixed !== null) {
		const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
		return utcSeconds + (fixed[1] === "-" ? -60 : 60) * minutes;
	}
	const format =
		formats.get(zone) ??
		new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
	formats.set(zone, format);
	const whole = Math.floor(utcSeconds);
	return (
		Date.parse(`${format.format(whole * 1000).replace(" ", "T")}Z`) / 1000 + (utcSeconds - whole)
	);
}

/** All instants at which the walls of a zone show a time. */
function instantsOf(wallSeconds: number, zone: string): number[] {
	const found: number[] = [];
	for (let minutes = 15 * 60; minutes >= -13 * 60; minutes -= 15) {
		const utcSeconds = wallSeconds - minutes * 60;
		if (wallOf(utcSeconds, zone) === wallSeconds) found.push(utcSeconds);
	}
	return found;
}

/** What expressions of the SensorThings interface are of. */

export interface Instant {
	readonly kind: "instant";
	readonly seconds: number;
}

export interface Interval {
	readonly kind: "interval";
	readonly from: number;
	readonly to: number;
}

/** WKT of a literal, or the longitude and latitude of a place. */
export interface Geometry {
	readonly kind: "geometry";
	readonly text?: string;
	readonly point?: readonly [longitude: number, latitude: number];
}

/** `null`: missing, or of another type than what is done with it. */
export type Value = number | string | boolean | null | Instant | Interval | Geometry | Structure;

export interface Structure {
	readonly kind: "structure";
	readonly of: Readonly<Record<string, unknown>>;
}

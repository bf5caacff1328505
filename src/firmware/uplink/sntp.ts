/**
 * SNTP, the client's side of one exchange (RFC 4330, section 5; RFC 5905, section 14): the request,
 * and what has to hold of an answer before it says anything. Nothing in it is signed, so what it
 * says is one opinion: the time keeper decides what that is worth.
 */

export const SNTP_PORT = 123;
export const SNTP_BYTES = 48;
/** Of the transmit timestamp, which the answer must repeat. */
export const SNTP_NONCE_BYTES = 8;
/** An answer that took longer says too little. */
export const ROUND_TRIP_MILLISECONDS_MAX = 2000;
/** Of the server to its reference clock; a good one has some tens of milliseconds. */
const ROOT_DISTANCE_MILLISECONDS_MAX = 1000;
const VERSION = 4;
/** Servers of routers and older systems answer so to a request of version 4; the fields are the same. */
const VERSION_BEFORE = 3;
const CLIENT_MODE = 3;
const SERVER_MODE = 4;
const UNSYNCHRONIZED = 3;
const STRATUM_MAX = 15;
const ORIGINATE_AT = 24;
const TRANSMIT_AT = 40;
/** From 1900, where era 0 of NTP begins, to 1970. */
const SECONDS_TO_1970 = 2_208_988_800;
const ERA_SECONDS = 0x1_0000_0000;
/** UTC is rounded to whole seconds, as the RTC has no others. */
const ROUNDING_MILLISECONDS = 500;

/** What an exchange has in common with its answer. */
export interface SntpExchange {
	/** 8 random bytes of the request. */
	readonly nonce: Uint8Array;
	/** From the request to the answer on the board's clock. */
	readonly roundTripMilliseconds: number;
	/** Unix seconds: the answer is of the 136 years that begin here. */
	readonly floorUtcSeconds: number;
}

export interface SntpTime {
	readonly kind: "time";
	/** Unix seconds when the answer came, rounded. */
	readonly utcSeconds: number;
	/** Half the round trip, the server's distance to its reference, and the rounding. */
	readonly uncertaintyMilliseconds: number;
}

export type SntpRefusal =
	| "mode"
	| "version"
	| "unsynchronized"
	| "stratum"
	| "transmit"
	| "root-distance"
	| "round-trip";

export type SntpVerdict =
	| SntpTime
	/** Kiss-o'-death: the server wants to be left alone. ASCII, 4 characters at most. */
	| { readonly kind: "kiss"; readonly code: string }
	/** The server's own answer, and of no use. */
	| { readonly kind: "refused"; readonly why: SntpRefusal }
	/** No answer to this request: late, forged or chance. The request stays open. */
	| { readonly kind: "foreign"; readonly why: "length" | "originate" };

/** A request. It says nothing of the station's clock: where that would stand is the nonce. */
export function encodeSntpRequest(nonce: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(SNTP_BYTES);
	bytes[0] = (VERSION << 3) | CLIENT_MODE;
	bytes.set(nonce.subarray(0, SNTP_NONCE_BYTES), TRANSMIT_AT);
	return bytes;
}

/** Judges a packet that came; never throws. */
export function readSntpAnswer(bytes: Uint8Array, exchange: SntpExchange): SntpVerdict {
	if (bytes.length !== SNTP_BYTES) return { kind: "foreign", why: "length" };
	// First of all: an answer without the nonce has no say, not even to stop us for a day.
	for (let index = 0; index < SNTP_NONCE_BYTES; index++) {
		if (bytes[ORIGINATE_AT + index] !== exchange.nonce[index]) {
			return { kind: "foreign", why: "originate" };
		}
	}
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const head = view.getUint8(0);
	if ((head & 7) !== SERVER_MODE) return refused("mode");
	const version = (head >> 3) & 7;
	if (version !== VERSION && version !== VERSION_BEFORE) return refused("version");
	const stratum = view.getUint8(1);
	if (stratum === 0) return { kind: "kiss", code: kissCodeOf(bytes) };
	if (head >> 6 === UNSYNCHRONIZED) return refused("unsynchronized");
	if (stratum > STRATUM_MAX) return refused("stratum");
	const seconds = view.getUint32(TRANSMIT_AT);
	const fraction = view.getUint32(TRANSMIT_AT + 4);
	if (seconds === 0 && fraction === 0) return refused("transmit");
	// Delay and dispersion are 16.16 fixed point: 65.536 units in a millisecond.
	const distance = Math.ceil((view.getUint32(4) / 2 + view.getUint32(8)) / 65.536);
	if (distance > ROOT_DISTANCE_MILLISECONDS_MAX) return refused("root-distance");
	const { roundTripMilliseconds } = exchange;
	if (roundTripMilliseconds < 0 || roundTripMilliseconds > ROUND_TRIP_MILLISECONDS_MAX) {
		return refused("round-trip");
	}
	// It left the server at its transmit timestamp, and came within the round trip after that.
	const halfTrip = roundTripMilliseconds / 2;
	const sinceSecond = (fraction * 1000) / ERA_SECONDS + halfTrip;
	return {
		kind: "time",
		utcSeconds: utcSecondsOf(seconds, exchange.floorUtcSeconds) + Math.round(sinceSecond / 1000),
		uncertaintyMilliseconds: Math.ceil(halfTrip) + distance + ROUNDING_MILLISECONDS,
	};
}

/** The first such time at or after the floor: NTP's seconds begin anew in February 2036. */
function utcSecondsOf(ntpSeconds: number, floorUtcSeconds: number): number {
	const beyond = (ntpSeconds - SECONDS_TO_1970 - floorUtcSeconds) % ERA_SECONDS;
	return floorUtcSeconds + (beyond < 0 ? beyond + ERA_SECONDS : beyond);
}

/** RATE, DENY, RSTR and the like, where the reference's name stands otherwise. */
function kissCodeOf(bytes: Uint8Array): string {
	let code = "";
	for (let index = 12; index < 16; index++) {
		const byte = bytes[index] ?? 0;
		if (byte >= 0x20 && byte < 0x7f) code += String.fromCharCode(byte);
	}
	return code;
}

function refused(why: SntpRefusal): SntpVerdict {
	return { kind: "refused", why };
}

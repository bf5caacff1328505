/** What goes over a simulated network, in which ways it fails, and what its clients and servers ask of it. */
import type { NetworkLink } from "../../src/firmware/ports.js";

export interface ServerRequest {
	/** Whom the client meant to reach: a name server and SNI know it. */
	readonly host?: string;
	readonly method: string;
	readonly path: string;
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
}

export interface ServerResponse {
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Uint8Array;
}

/**
 * Answers later by calling `onAnswer` exactly once (it may be from a promise in Node code); an Error
 * is a collector that could not be reached or died: the connection breaks.
 */
export type Endpoint = (
	request: ServerRequest,
	onAnswer: (answer: ServerResponse | Error) => void,
) => void;

export type RadioState = "off" | "connecting" | "idle" | "active";

/** Every way in which this network goes wrong. */
export const NETWORK_FAULTS = Object.freeze([
	/** The link never comes up, and nobody says so. */
	"link-silent",
	/** The link reports that it is down. */
	"link-refused",
	/** The link goes down while a request is under way. */
	"link-drops",
	/** The resolver gives up. */
	"name-fails",
	"name-silent",
	/** No answer to the SYN. */
	"connect-silent",
	/** RST. */
	"connect-refused",
	/** The certificate is another's: the SDK throws from a callback, the adapter makes it onError. */
	"certificate-wrong",
	/** The configured CA is out of its dates: the SDK's constructor throws. */
	"certificate-expired",
	/** RST while the body is on its way: the collector never sees the request. */
	"request-reset",
	/** The connection breaks after the collector has the request: its answer is lost. */
	"answer-reset",
	/** The collector has the request and no byte comes back, ever. */
	"answer-silent",
	/** Nothing arrives on either side: half open. */
	"half-open",
	/** The answer takes 5 to 60 s longer. */
	"answer-delayed",
	/** A proxy sends the request twice; the second answer comes back. */
	"request-doubled",
	/** The connection breaks, and the request reaches the collector up to an hour later. */
	"request-late",
	/** Content-Length promises more than comes. */
	"answer-truncated",
	/** No Content-Length: the SDK reports an error for a good answer. */
	"answer-without-length",
	/** 100 Continue, which the SDK takes as final. */
	"answer-informational",
	/** A hotel's login page, status 200; the collector never sees the request. */
	"captive-portal",
	/** A page without end. */
	"answer-oversized",
	/** 503 with Retry-After from a load balancer. */
	"busy",
	/** A cache gives back an older answer. */
	"answer-replayed",
	/** One bit of the answer's body is wrong. */
	"answer-corrupted",
] as const);

export type NetworkFault = (typeof NETWORK_FAULTS)[number];

/** Least and most milliseconds that things take when nothing goes wrong; uniform in between. */
export interface NetworkTimes {
	/** Association and DHCP. */
	readonly link: readonly [number, number];
	readonly name: readonly [number, number];
	/** TCP and TLS 1.2, ECDHE-ECDSA, on the station's side. */
	readonly connect: readonly [number, number];
	/** From the last byte of the request to the first of the answer. */
	readonly answer: readonly [number, number];
}

/** Assumptions, not measurements: a known access point, a collector on the same continent. */
export const DEFAULT_NETWORK_TIMES: NetworkTimes = Object.freeze({
	link: [1500, 3000],
	name: [20, 80],
	connect: [600, 1200],
	answer: [60, 250],
} as const);

/** The network as its clients and its time server see it. */
export interface Wire {
	readonly link: NetworkLink;
	readonly times: NetworkTimes;
	/** For "answer-replayed". */
	readonly lastAnswer: ServerResponse | undefined;
	/** Hook of power cuts. */
	beforeOperation(): void;
	/** True with the fault's probability; counts it then. */
	strikes(fault: NetworkFault): boolean;
	/** An integer of `least` .. `most`. */
	between(range: readonly [least: number, most: number]): number;
	/** Calls back from the event loop, unless the station has died since. */
	later(milliseconds: number, callback: () => void): void;
	/** What happens whether the station lives or not. */
	laterOnTheWire(milliseconds: number, callback: () => void): void;
	/** Asks the endpoint; the station's life is the caller's to check. */
	ask(request: ServerRequest, onAnswer: (answer: ServerResponse | Error) => void): void;
	radio(state: "idle" | "active"): void;
	dropLink(): void;
	/** Packets of the time server to a question. */
	timeAnswersTo(question: Uint8Array): readonly WirePacket[];
	/** Closed by the station. */
	remove(client: object): void;
}

/** A packet on its way back. */
export interface WirePacket {
	readonly afterMilliseconds: number;
	readonly address: string | undefined;
	readonly bytes: Uint8Array;
}

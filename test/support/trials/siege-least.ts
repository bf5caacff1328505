/**
 * How strong the attacks of `npm run campaign -- siege` are, and what each must come to at least: with less the machine had
 * no time for it, or it did not arrive, and how long others waited says nothing.
 *
 * Half of what is sent at a pace; all connections; what quotas let in. But all that have no address over which a
 * station delivered share the collector's turns for the handshakes of strangers (admission.ts), and together they want
 * more of them than there are: 30 a second each for strangers and replays, 300 slow bodies. What the turns let in must
 * come at least. A turn is over with the collector's answer, so somebody far away gets as many of them as these of the loopback.
 */
import { HANDSHAKE_TURNS } from "../../../src/collector/service/admission.js";
import { type AttackName, FORKS, GAP_BATCHES } from "./siege-envelopes.js";

export const IDLE_CONNECTIONS = 2000;
export const SLOW_CONNECTIONS = 300;
export const STRANGER_REQUESTS_PER_SECOND = 300;
/** Of these, over a connection before the next one. */
export const REQUESTS_PER_CONNECTION = 10;
/** Who keep this pace between them, also where each answer takes 50 ms. */
export const PACED_SENDERS = 16;
/** Who sends one after the other as answers come; of those who pipeline half as many. */
export const SENDERS = 8;
/** Between a sender's connections. */
export const RECONNECT_SECONDS = 0.01;

/** Addresses 127.0.1.`first` and on, so many; those of the three storms are the same. */
export const ORIGINS: Readonly<
	Record<AttackName, { readonly first: number; readonly addresses: number }>
> = Object.freeze({
	idle: { first: 1, addresses: 4 },
	"slow-bodies": { first: 11, addresses: 4 },
	strangers: { first: 21, addresses: 4 },
	pipelining: { first: 31, addresses: SENDERS / 2 },
	"gap-storm": { first: 41, addresses: SENDERS },
	"epoch-storm": { first: 41, addresses: SENDERS },
	forks: { first: 41, addresses: SENDERS },
	replays: { first: 61, addresses: 4 },
});

/** Never a station's, and as many handshakes as there is time for. */
const ALWAYS_STRANGERS: readonly AttackName[] = ["strangers", "replays", "slow-bodies"];
/**
 * Handshakes of those who are enrolled, before the collector knows their address: each sender's first; who pipelines is
 * hung up on at the ninth request under way, comes again at once, and may have no answer to the first by then.
 */
const HANDSHAKES_UNKNOWN: Readonly<Partial<Record<AttackName, number>>> = Object.freeze({
	"gap-storm": SENDERS,
	"epoch-storm": SENDERS,
	forks: SENDERS,
	pipelining: 2 * ORIGINS.pipelining.addresses,
});

/** Of strangers, whom the collector lets in at a pace. */
const HANDSHAKES_PER_SECOND = HANDSHAKE_TURNS.strangersPerSecond;

export interface Strength {
	readonly connections: number;
	/** Of slow bodies those that were begun. */
	readonly requests: number;
}

/** `company`: all attacks of the slice, this one among them. */
export function leastOf(
	attack: AttackName,
	company: readonly AttackName[],
	seconds: number,
): Partial<Strength> {
	switch (attack) {
		case "idle":
			return { connections: IDLE_CONNECTIONS };
		case "slow-bodies":
			return {
				connections: SLOW_CONNECTIONS,
				requests: Math.min(SLOW_CONNECTIONS, slowBodiesLetIn(company, seconds)),
			};
		case "strangers":
		case "replays":
			return {
				requests: Math.min(
					(seconds * STRANGER_REQUESTS_PER_SECOND) / 2,
					strangersLetIn(attack, company, seconds),
				),
			};
		case "gap-storm":
			return { requests: GAP_BATCHES };
		case "epoch-storm":
		case "pipelining":
			return { requests: QUOTA_REQUESTS };
		case "forks":
			return { requests: 1 + FORKS };
	}
}

/** Nearly the 512 batches that a station has at once; what comes after them is refused from memory. */
const QUOTA_REQUESTS = 500;

/**
 * Requests of strangers, or replays. Addresses take turns, so a sender waits at most for as many rounds of all addresses as
 * senders share its own. Together 12 addresses go on, a hundred handshakes a second, so a round is
 * 0.12 s, four senders share each, and a connection is ten requests of 53.3 ms after 10 ms: 0.543 + 4 x 0.12 = 1.023 s.
 * First come the 32 handshakes of those who are enrolled, 0.32 s. So in 6 s it is (6 - 0.32) / 1.023 x 16 x 10 = 888;
 * alone (4 addresses) 1364 of 1800, of which half is asked.
 */
function strangersLetIn(
	attack: "strangers" | "replays",
	company: readonly AttackName[],
	seconds: number,
): number {
	const sendersPerAddress = PACED_SENDERS / ORIGINS[attack].addresses;
	const connectionSeconds =
		RECONNECT_SECONDS +
		(REQUESTS_PER_CONNECTION * PACED_SENDERS) / STRANGER_REQUESTS_PER_SECOND +
		sendersPerAddress * roundSeconds(company);
	const connections = (PACED_SENDERS * secondsLeft(company, seconds)) / connectionSeconds;
	return atLeastOne(connections * REQUESTS_PER_CONNECTION);
}

/**
 * Slow bodies whose connections are secure: one of each address in every round, as they wait from the beginning. Together
 * (6 - 0.32) / 0.12 x 4 = 189; alone all 300.
 */
function slowBodiesLetIn(company: readonly AttackName[], seconds: number): number {
	const rounds = secondsLeft(company, seconds) / roundSeconds(company);
	return atLeastOne(rounds * ORIGINS["slow-bodies"].addresses);
}

/** In which each address of strangers has had a turn. */
function roundSeconds(company: readonly AttackName[]): number {
	const addresses = ALWAYS_STRANGERS.filter((attack) => company.includes(attack)).map(
		(attack) => ORIGINS[attack].addresses,
	);
	return addresses.reduce((sum, count) => sum + count, 0) / HANDSHAKES_PER_SECOND;
}

/** After the handshakes of those who are enrolled. */
function secondsLeft(company: readonly AttackName[], seconds: number): number {
	const handshakes = company.reduce((sum, attack) => sum + (HANDSHAKES_UNKNOWN[attack] ?? 0), 0);
	return seconds - handshakes / HANDSHAKES_PER_SECOND;
}

/** An attack of whatever length comes to something. */
function atLeastOne(count: number): number {
	return Math.max(Math.floor(count), 1);
}

/**
 * What there was too little of, or undefined. `share`: of the time in which the collector wanted a processor, the part
 * in which it had one; with less of it as much less is as strong an attack.
 */
export function tooWeak(
	result: Strength & { readonly name: AttackName },
	company: readonly AttackName[],
	seconds: number,
	share = 1,
): string | undefined {
	for (const [what, whole] of Object.entries(leastOf(result.name, company, seconds))) {
		const least = Math.ceil(whole * share);
		const count = result[what as keyof Strength];
		if (count < least) return `${result.name} came to ${count} ${what} of ${least} at least`;
	}
	return undefined;
}

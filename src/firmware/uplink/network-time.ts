/**
 * One question to a network time server over a link that is up: name, datagram, answer, all within
 * five seconds, and nothing of it left open. Whatever goes wrong is simply no time.
 */
import { Signal, type Task } from "../../core/task.js";
import type { Clock, Datagram, Entropy, Network } from "../ports.js";
import {
	encodeSntpRequest,
	ROUND_TRIP_MILLISECONDS_MAX,
	readSntpAnswer,
	SNTP_NONCE_BYTES,
	SNTP_PORT,
	type SntpVerdict,
} from "./sntp.js";

/** The name, and an answer within the longest round trip. */
export const NETWORK_TIME_MILLISECONDS_MAX = 5000;
/** The name is the resolver's first three tries. */
const NAME_MILLISECONDS_MAX = NETWORK_TIME_MILLISECONDS_MAX - ROUND_TRIP_MILLISECONDS_MAX;
/** A sender that floods the port is not read for ever. */
const PACKETS_MAX = 8;

export interface NetworkTimeOptions {
	readonly network: Pick<Network, "resolver" | "Datagram">;
	readonly clock: Pick<Clock, "milliseconds">;
	readonly entropy: Entropy;
	readonly host: string;
	/** Unix seconds: no answer is older. */
	readonly floorUtcSeconds: number;
}

export type NetworkTimeOutcome =
	| Exclude<SntpVerdict, { readonly kind: "foreign" }>
	/** There was no answer of this server to this request. */
	| { readonly kind: "silent"; readonly why: string };

/** Asks once. Never throws but for a bug; blocks nothing, waits five seconds at most. */
export function* askNetworkTime(options: NetworkTimeOptions): Task<NetworkTimeOutcome> {
	const found = yield* addressOf(options);
	return typeof found === "string" ? yield* exchange(found, options) : silent(found);
}

function* addressOf({ network, host }: NetworkTimeOptions): Task<string | Error> {
	const name = new Signal<string | Error>();
	const looking = ofPort(() =>
		network.resolver.resolve(host, (error, address) => {
			name.set(error ?? address ?? new Error("no address"));
		}),
	);
	if (looking instanceof Error) return looking;
	try {
		return (yield* name.wait(NAME_MILLISECONDS_MAX)) ?? new Error("no address in time");
	} finally {
		looking.cancel();
	}
}

function* exchange(address: string, options: NetworkTimeOptions): Task<NetworkTimeOutcome> {
	const { network, clock, entropy, floorUtcSeconds } = options;
	const nonce = new Uint8Array(SNTP_NONCE_BYTES);
	entropy.fill(nonce);
	const answer = new Signal<NetworkTimeOutcome>();
	let packetsLeft = PACKETS_MAX;
	let sentMilliseconds = clock.milliseconds;
	const take = (count: number): void => {
		for (let packet = 0; packet < count && packetsLeft > 0 && !answer.isSet; packet++) {
			packetsLeft--;
			const bytes = socket instanceof Error ? undefined : socket.read();
			if (bytes === undefined) return;
			if (bytes.address !== address || bytes.port !== SNTP_PORT) continue;
			const roundTripMilliseconds = clock.milliseconds - sentMilliseconds;
			const trip = { nonce, roundTripMilliseconds, floorUtcSeconds };
			const verdict = readSntpAnswer(new Uint8Array(bytes), trip);
			if (verdict.kind !== "foreign") answer.set(verdict);
		}
	};
	const socket: Datagram | Error = ofPort(
		() =>
			new network.Datagram({
				onReadable: (count) => {
					const failure = ofPort(() => take(count));
					if (failure instanceof Error) answer.set(silent(failure));
				},
				onError: () => answer.set(silent(new Error("the socket broke"))),
			}),
	);
	if (socket instanceof Error) return silent(socket);
	try {
		sentMilliseconds = clock.milliseconds;
		const failure = ofPort(() => socket.write(encodeSntpRequest(nonce), address, SNTP_PORT));
		if (failure instanceof Error) return silent(failure);
		const verdict = yield* answer.wait(ROUND_TRIP_MILLISECONDS_MAX);
		return verdict ?? silent(new Error("no answer in time"));
	} finally {
		ofPort(() => socket.close());
	}
}

/** What a port's call gives, or what it threw: a plain Error, as the SDK's do. */
function ofPort<Result>(call: () => Result): Result | Error {
	try {
		return call();
	} catch (error) {
		return error instanceof Error ? error : new Error(String(error));
	}
}

function silent(error: Error): { readonly kind: "silent"; readonly why: string } {
	return { kind: "silent", why: error.message };
}

/**
 * Readers who come while others open as many connections as there are, all at once and each with a request that takes time.
 * Nobody who comes with one request from an address of his own is shut out by them.
 */
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { quantileOf, rounded } from "../judges/figures.js";

/** All within the limits of an address, more than there are places, and each asks again and again. */
const FLOOD_CONNECTIONS = 3500;
const FLOOD_ADDRESSES = 80;
const AGAIN_MILLISECONDS = 1000;
const DEAR_PATHS = Object.freeze([
	"/station/bor-1",
	"/v1/stations/bor-1/plot",
	"/v1/stations/bor-1/values.csv",
	"/v1/events?station=bor-1",
]);

const HONEST_ADDRESSES = 60;
const HONEST_MILLISECONDS = 33;
const QUIET_SECONDS = 3;
const FLOOD_SECONDS = 10;
const GIVEN_UP_MILLISECONDS = 20_000;
/** Of half of them: longer nobody looks at an empty page. */
const HALF_MILLISECONDS_MAX = 1000;

export interface ReaderFlood {
	readonly asked: number;
	readonly answered: number;
	/** Milliseconds, without the flood. */
	readonly quietP50: number | null;
	readonly p50: number | null;
	readonly p99: number | null;
}

export async function floodReaders(port: number): Promise<ReaderFlood> {
	const quiet = await readersComing(port, QUIET_SECONDS);
	const coming = readersComing(port, FLOOD_SECONDS);
	const sockets: Socket[] = Array.from({ length: FLOOD_CONNECTIONS }, (_, index) => {
		const localAddress = `127.0.6.${1 + (index % FLOOD_ADDRESSES)}`;
		const socket = connect({ port, host: "127.0.0.1", localAddress });
		const path = DEAR_PATHS[index % DEAR_PATHS.length];
		socket.on("error", () => {}).resume();
		const ask = (): void => void socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
		let timer: NodeJS.Timeout | undefined;
		socket.on("connect", () => {
			ask();
			timer = setInterval(ask, AGAIN_MILLISECONDS);
		});
		socket.on("close", () => clearInterval(timer));
		return socket;
	});
	const waits = await coming;
	for (const socket of sockets) socket.destroy();
	const answered = waits.filter((wait) => wait !== undefined);
	return {
		asked: waits.length,
		answered: answered.length,
		quietP50: rounded(
			quantileOf(
				quiet.filter((wait) => wait !== undefined),
				0.5,
			),
			0,
		),
		p50: rounded(quantileOf(answered, 0.5), 0),
		p99: rounded(quantileOf(answered, 0.99), 0),
	};
}

/** What is wrong with it; nothing where all is well. */
export function floodViolationsOf({ asked, answered, p50 }: ReaderFlood): string[] {
	const violations: string[] = [];
	if (answered < asked)
		violations.push(
			`${asked - answered} of ${asked} readers got no answer in a flood of connections`,
		);
	if (p50 === null || p50 > HALF_MILLISECONDS_MAX)
		violations.push(`half of the readers waited ${p50 ?? "for ever"} ms in a flood of connections`);
	return violations;
}

/** How long each waited for an answer, milliseconds; undefined: it got none. */
async function readersComing(port: number, seconds: number): Promise<(number | undefined)[]> {
	const waits: Promise<number | undefined>[] = [];
	const end = performance.now() + 1000 * seconds;
	while (performance.now() < end) {
		waits.push(oneReader(port, `127.0.7.${1 + (waits.length % HONEST_ADDRESSES)}`));
		await new Promise((resolve) => setTimeout(resolve, HONEST_MILLISECONDS));
	}
	return Promise.all(waits);
}

function oneReader(port: number, localAddress: string): Promise<number | undefined> {
	return new Promise((resolve) => {
		const asked = performance.now();
		const where = { host: "127.0.0.1", port, path: "/v1/stations", localAddress };
		const outgoing = get({ ...where, agent: false }, (incoming) => {
			incoming.resume();
			incoming.on("error", () => resolve(undefined));
			incoming.on("end", () =>
				resolve(incoming.statusCode === 200 ? performance.now() - asked : undefined),
			);
		});
		outgoing.setTimeout(GIVEN_UP_MILLISECONDS, () => outgoing.destroy());
		outgoing.on("error", () => resolve(undefined));
	});
}

/** The honest stations of `npm run campaign -- siege`: they deliver, and their waits are what is measured. */
import { Agent, request } from "node:https";
import { createSecureContext, type SecureContext } from "node:tls";
import { fraction, SeededRandom } from "../../../src/core/random.js";
import { decodeAnswer } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeSign1, ENVELOPE_CONTENT_TYPE } from "../../../src/protocol/wire/cose.js";
import { honestEnvelope, honestStation, READINGS_PER_BATCH } from "./siege-envelopes.js";

export interface Besieged {
	readonly port: number;
	readonly serverName: string;
	readonly certificateAuthority: string;
}

/** What befell the stations in one slice. */
export interface Slice {
	/** Milliseconds from a batch's first byte, or its connection's, to its answer. */
	readonly waits: number[];
	/** How long collector and database worked meanwhile, milliseconds; as far as the system says it. */
	readonly works: number[];
	refused: number;
	broken: number;
}

/** A session of a station: a connection of its own, some batches, and a pause: 80 batches a minute. */
const BATCHES_PER_SESSION = 4;
const PAUSE_MILLISECONDS = 3000;
const ANSWER_MILLISECONDS_MAX = 20_000;

/** One for all that share an authority: a station keeps it, and to read it takes as long as a handshake. */
const contexts = new Map<string, SecureContext>();

function contextOf(certificateAuthority: string): SecureContext {
	const context =
		contexts.get(certificateAuthority) ?? createSecureContext({ ca: certificateAuthority });
	contexts.set(certificateAuthority, context);
	return context;
}

/** A station that delivers what it measured, a session after another. */
export class Honest {
	readonly name: string;
	acknowledged = 0;
	bytesSent = 0;
	readonly #address: string;
	readonly #record;
	readonly #random: SeededRandom;

	constructor(index: number) {
		this.name = `good-${index}`;
		// Two behind each address, as a mobile operator does it.
		this.#address = `127.0.2.${1 + (index >> 1)}`;
		this.#record = honestStation(this.name);
		this.#random = new SeededRandom(index + 1);
	}

	/** Delivers until `end`, milliseconds of performance.now(). `workClock`: the collector's (processor-time.ts). */
	async deliver(to: Besieged, end: number, slice: Slice, workClock: () => number): Promise<void> {
		await pause(PAUSE_MILLISECONDS * fraction(this.#random));
		while (performance.now() < end) {
			const agent = new Agent({
				secureContext: contextOf(to.certificateAuthority),
				servername: to.serverName,
				keepAlive: true,
				maxSockets: 1,
				localAddress: this.#address,
			});
			for (let batch = 0; batch < BATCHES_PER_SESSION; batch++) {
				await this.#batch(to.port, agent, slice, workClock);
			}
			agent.destroy();
			await pause(PAUSE_MILLISECONDS * (0.5 + fraction(this.#random)));
		}
	}

	async #batch(port: number, agent: Agent, slice: Slice, workClock: () => number): Promise<void> {
		const last = this.acknowledged + READINGS_PER_BATCH;
		const envelope = honestEnvelope(this.#record, this.acknowledged + 1);
		const worked = workClock();
		const asked = performance.now();
		try {
			const { status, body } = await exchange(port, agent, "POST", "/v1/batches", envelope);
			slice.waits.push(performance.now() - asked);
			slice.works.push(workClock() - worked);
			this.bytesSent += envelope.length;
			const answer = status === 200 ? decodeAnswer(decodeSign1(body).payload) : undefined;
			if (answer?.kind === "acknowledgement" && answer.cursor >= last) this.acknowledged = last;
			else slice.refused++;
		} catch {
			// The connection broke: what a station sees of a collector that is shut out.
			slice.waits.push(performance.now() - asked);
			slice.broken++;
		}
	}
}

/** The status of GET `path`. */
export async function statusOf(of: Besieged, path: string): Promise<number> {
	const agent = new Agent({ ca: of.certificateAuthority, servername: of.serverName });
	try {
		return (await exchange(of.port, agent, "GET", path, new Uint8Array(0))).status;
	} finally {
		agent.destroy();
	}
}

export function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, Math.max(milliseconds, 0)));
}

function exchange(
	port: number,
	agent: Agent,
	method: string,
	path: string,
	body: Uint8Array,
): Promise<{ status: number; body: Uint8Array }> {
	return new Promise((resolve, reject) => {
		const headers = { "content-type": ENVELOPE_CONTENT_TYPE, "content-length": body.length };
		const outgoing = request(
			{ agent, host: "127.0.0.1", port, method, path, headers },
			(response) => {
				const parts: Buffer[] = [];
				response.on("data", (part: Buffer) => parts.push(part));
				response.on("error", reject);
				response.on("end", () =>
					resolve({ status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(parts)) }),
				);
			},
		);
		outgoing.setTimeout(ANSWER_MILLISECONDS_MAX, () => outgoing.destroy(new Error("no answer")));
		outgoing.on("error", reject);
		outgoing.end(body);
	});
}

/** Clients of a collector that send batches over HTTPS from loopback addresses of their own. */
import { Agent, request } from "node:https";
import { p256 } from "@noble/curves/nist.js";
import { equalBytes } from "../../../src/core/bytes.js";
import { type Answer, decodeAnswer } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeSign1, ENVELOPE_CONTENT_TYPE } from "../../../src/protocol/wire/cose.js";
import { sha256 } from "../collectors/signed-station.js";

/** What came back; without an answer where it was none that the collector signed. */
export interface Reply {
	/** 0: the connection ended without one. */
	readonly status: number;
	readonly answer: Answer | undefined;
	readonly retryAfter: string | undefined;
	/** What is wrong with the answer itself. */
	readonly fault: string | undefined;
}

export interface CollectorAddress {
	readonly port: number;
	readonly publicKey: Uint8Array;
	/** PEM; of the server's certificate. */
	readonly authority: string;
}

/** Name in the server's certificate. */
export const SERVER_NAME = "collector.bistrina.invalid";

/** One connection, opened again when it is gone. */
export class Sender {
	readonly address: string;
	/** Stations of which something new came over its connection. */
	readonly stations = new Set<string>();
	#agent: Agent;

	constructor(address: string) {
		this.address = address;
		this.#agent = makeAgent(address);
	}

	/** Hangs up; the next batch comes over a connection that nobody knows. */
	reconnect(): void {
		this.#agent.destroy();
		this.#agent = makeAgent(this.address);
		this.stations.clear();
	}

	send(collector: CollectorAddress, envelope: Uint8Array): Promise<Reply> {
		return new Promise((resolve) => {
			const gone = (error: Error): void => {
				this.stations.clear();
				resolve({ status: 0, answer: undefined, retryAfter: undefined, fault: error.message });
			};
			const post = request({
				host: "127.0.0.1",
				port: collector.port,
				path: "/v1/batches",
				method: "POST",
				agent: this.#agent,
				...{ ca: collector.authority, servername: SERVER_NAME },
				timeout: 20_000,
				headers: { "content-type": ENVELOPE_CONTENT_TYPE, "content-length": envelope.length },
			});
			post.on("error", gone);
			post.on("timeout", () => post.destroy(new Error("no answer within 20 s")));
			post.on("response", (response) => {
				const parts: Buffer[] = [];
				response.on("data", (part: Buffer) => parts.push(part));
				response.on("error", gone);
				response.on("end", () => {
					resolve({
						status: response.statusCode ?? 0,
						retryAfter: response.headers["retry-after"],
						...readAnswer(Buffer.concat(parts), envelope, collector.publicKey),
					});
				});
			});
			post.end(envelope);
		});
	}
}

function makeAgent(localAddress: string): Agent {
	return new Agent({ keepAlive: true, maxSockets: 1, localAddress });
}

/** The answer in a body, and what is wrong with it. */
export function readAnswer(
	body: Uint8Array,
	envelope: Uint8Array,
	publicKey: Uint8Array,
): { answer: Answer | undefined; fault: string | undefined } {
	let fault: string | undefined;
	try {
		const { payload, signature, toBeSigned } = decodeSign1(body);
		const answer = decodeAnswer(payload);
		const isSigned = p256.verify(signature, sha256(toBeSigned), publicKey, {
			prehash: false,
			lowS: false,
		});
		if (!isSigned) fault = "an answer that the collector did not sign";
		if (!equalBytes(answer.requestHash, sha256(envelope))) fault = "an answer to something else";
		return { answer, fault };
	} catch {
		return { answer: undefined, fault };
	}
}

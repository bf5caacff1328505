/** What of a response may be believed: nothing before its signature and its addressee are checked. */
import { equalBytes } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { isDigits } from "../../core/text.js";
import { decodeAnswer, type Answer as SignedAnswer } from "../../protocol/wire/acknowledgement.js";
import { decodeSign1, ENVELOPE_CONTENT_TYPE, type Sign1 } from "../../protocol/wire/cose.js";
import type { Sha256, Verifier } from "../ports.js";
import type { HttpResponse } from "./connection.js";
import { keyOperation } from "./key-operation.js";

export interface AnswerCheckOptions {
	readonly verifier: Verifier;
	readonly sha256: Sha256;
	readonly collectorPublicKey: Uint8Array;
	readonly station: string;
}

/** The collector or what stands before it says "later"; StationError `collector-busy`. */
export class BusyError extends StationError {
	override name = "BusyError";
	/** What Retry-After asks for, if it does so in seconds. */
	readonly retryAfterSeconds: number | undefined;

	constructor(response: HttpResponse) {
		super("collector-busy", `status ${response.status}: the collector asks for patience`);
		const text = response.headers.get("retry-after") ?? "";
		// Seconds only: an HTTP date needs a clock that may not be trusted yet.
		this.retryAfterSeconds = isDigits(text, 6) ? Number(text) : undefined;
	}
}

/**
 * The signed answer to the envelope whose hash is `hash`. StationError `collector-busy`,
 * `response-malformed`, `acknowledgement-malformed`, `acknowledgement-forged`,
 * `acknowledgement-stale` (an answer to something else), `sign-failed`.
 */
export function* checkAnswer(
	options: AnswerCheckOptions,
	response: HttpResponse,
	sent: { readonly epoch: number; readonly hash: Uint8Array },
): Task<SignedAnswer> {
	if (response.status === 503 || response.status === 429) throw new BusyError(response);
	const { verifier, sha256, collectorPublicKey, station } = options;
	const sign1 = openResponse(response);
	const digest = sha256(sign1.toBeSigned);
	const isValid = yield* keyOperation<boolean>(
		(onDone) => verifier.verify(collectorPublicKey, digest, sign1.signature, onDone),
		"the answer's signature could not be checked",
	);
	if (!isValid) {
		throw new StationError(
			"acknowledgement-forged",
			"the answer is not signed by the collector's key: check the key that is configured",
		);
	}
	const answer = decodeAnswer(sign1.payload);
	const isOurs = answer.station === station && answer.epoch === sent.epoch;
	if (!isOurs || !equalBytes(answer.requestHash, sent.hash)) {
		throw new StationError("acknowledgement-stale", "an answer to something else");
	}
	return answer;
}

function openResponse(response: HttpResponse): Sign1 {
	const type = response.headers.get("content-type") ?? "";
	if (!type.startsWith(ENVELOPE_CONTENT_TYPE)) {
		throw new StationError(
			"response-malformed",
			`status ${response.status} with "${type.slice(0, 40)}": not from the collector`,
		);
	}
	try {
		const sign1 = decodeSign1(response.body);
		if (sign1.keyId === undefined) return sign1;
		throw new StationError("acknowledgement-malformed", "an answer with a key id");
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		throw new StationError("acknowledgement-malformed", error.message, { cause: error });
	}
}

/** What a swarm's seed does to its station: weather in the network, a dying and lying collector, power. */

import { NETWORK_FAULTS, type NetworkFault } from "../../sim/network/wire.js";
import type { SigningKey } from "../../src/collector/ledger/keys.js";
import type {
	HandledRequest,
	HandledResponse,
	Handler,
} from "../../src/collector/service/receiver.js";
import { fraction, integerBelow, type RandomSource } from "../../src/core/random.js";
import {
	type Answer,
	decodeAnswer,
	encodeAnswer,
} from "../../src/protocol/wire/acknowledgement.js";
import { decodeSign1, encodeSign1, toBeSigned } from "../../src/protocol/wire/cose.js";

/** Faults at the collector's side, beside the network's own. */
export const COLLECTOR_FAULTS = Object.freeze([
	/** It dies before it has stored anything. */
	"collector-dies-before",
	/** It dies after its commit and before its answer. */
	"collector-dies-after",
	/** The answer bears a signature that is not the collector's. */
	"answer-forged",
	/** A good answer, for another station. */
	"answer-foreign",
	/** Signed, and beyond everything that was ever appended. */
	"answer-beyond",
	/** Signed, and of another epoch. */
	"answer-other-epoch",
	/** Signed, and its clock is years off. */
	"answer-lies-by-years",
	/** Signed, with a configuration that is good, bad, foreign, or cuts the station off. */
	"answer-with-configuration",
] as const);

export type CollectorFault = (typeof COLLECTOR_FAULTS)[number];

export interface Weather {
	readonly network: Partial<Record<NetworkFault, number>>;
	readonly collector: Partial<Record<CollectorFault, number>>;
}

export const CALM: Weather = Object.freeze({ network: {}, collector: {} });

/** Faults that end every attempt when they are certain: an outage. */
const OUTAGES: readonly NetworkFault[] = Object.freeze([
	"link-silent",
	"link-refused",
	"name-fails",
	"name-silent",
	"connect-silent",
	"connect-refused",
	"certificate-wrong",
	"certificate-expired",
	"captive-portal",
	"half-open",
	"busy",
]);

/** The next six hours. */
export function drawWeather(random: RandomSource): Weather {
	const kind = fraction(random);
	if (kind < 0.3) return CALM;
	if (kind < 0.45) {
		const fault = OUTAGES[integerBelow(random, OUTAGES.length)];
		return fault === undefined ? CALM : { network: { [fault]: 1 }, collector: {} };
	}
	const network: Partial<Record<NetworkFault, number>> = {};
	for (let count = 1 + integerBelow(random, 4); count > 0; count--) {
		const fault = NETWORK_FAULTS[integerBelow(random, NETWORK_FAULTS.length)];
		if (fault !== undefined) network[fault] = 0.05 + 0.5 * fraction(random);
	}
	const collector: Partial<Record<CollectorFault, number>> = {};
	for (let count = integerBelow(random, 3); count > 0; count--) {
		const fault = COLLECTOR_FAULTS[integerBelow(random, COLLECTOR_FAULTS.length)];
		if (fault !== undefined) collector[fault] = 0.05 + 0.3 * fraction(random);
	}
	return { network, collector };
}

export interface HostileOptions {
	readonly handler: Handler;
	readonly random: RandomSource;
	/** The present weather. */
	readonly faults: () => Partial<Record<CollectorFault, number>>;
	/** Signs as the collector does: for answers that are signed and wrong. */
	readonly key: SigningKey;
	readonly strangerKey: SigningKey;
	/** Canonical form of a configuration, any of four kinds. */
	readonly drawConfiguration: (random: RandomSource) => Uint8Array;
	readonly onFault: (fault: CollectorFault) => void;
}

/** The handler, dying and lying. */
export function hostileHandler(options: HostileOptions): Handler {
	const strikes = (fault: CollectorFault): boolean => {
		const probability = options.faults()[fault] ?? 0;
		if (probability === 0 || fraction(options.random) >= probability) return false;
		options.onFault(fault);
		return true;
	};
	return async (request: HandledRequest): Promise<HandledResponse> => {
		if (strikes("collector-dies-before")) throw new Error("the collector died");
		const answered = await options.handler(request);
		if (strikes("collector-dies-after")) throw new Error("the collector died");
		if (answered.status !== 200) return answered;
		const answer = decodeAnswer(decodeSign1(answered.body).payload);
		if (strikes("answer-forged")) return signed(answered, answer, options.strangerKey);
		if (strikes("answer-foreign")) {
			return signed(answered, { ...answer, station: "other-9" }, options.key);
		}
		if (strikes("answer-other-epoch")) {
			return signed(answered, { ...answer, epoch: (answer.epoch + 1) >>> 0 }, options.key);
		}
		if (answer.kind === "acknowledgement" && strikes("answer-beyond")) {
			const beyond = { ...answer, cursor: answer.cursor + 1_000_000, ranges: [] };
			return signed(answered, beyond, options.key);
		}
		if (strikes("answer-lies-by-years")) {
			// Another lie than the time server's: two sources that agree are believed (docs/WIRE.md, 7).
			const years = 95_000_000 * (1 + integerBelow(options.random, 5));
			const back = integerBelow(options.random, 2) === 0;
			const nowUtcSeconds = Math.max(answer.nowUtcSeconds + (back ? -years : years), 0);
			return signed(answered, { ...answer, nowUtcSeconds }, options.key);
		}
		if (answer.kind === "acknowledgement" && strikes("answer-with-configuration")) {
			const configuration = options.drawConfiguration(options.random);
			return signed(answered, { ...answer, configuration }, options.key);
		}
		return answered;
	};
}

/** An answer in place of another, signed. */
export function signed(
	answered: HandledResponse,
	answer: Answer,
	key: SigningKey,
): HandledResponse {
	const payload = encodeAnswer(answer);
	return { ...answered, body: encodeSign1(payload, key.sign(toBeSigned(payload))) };
}

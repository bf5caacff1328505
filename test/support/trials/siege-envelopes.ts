/** The envelopes of each attack of `npm run campaign -- siege`, made before its clock starts. */
import { type SigningKey, signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { SignedStation, sha256 } from "../collectors/signed-station.js";

export const ATTACKS = Object.freeze([
	"idle",
	"strangers",
	"gap-storm",
	"epoch-storm",
	"pipelining",
	"slow-bodies",
	"forks",
	"replays",
] as const);

export type AttackName = (typeof ATTACKS)[number];

export const READINGS_PER_BATCH = 12;
export const GAP_BATCHES = 94;
const ENTRIES_PER_BATCH = 288;
const EPOCHS = 1361;
const PIPELINED = 8000;
export const FORKS = 50;

export function keyOf(name: string): SigningKey {
	return signingKeyOf(sha256(Buffer.from(`siege ${name}`)));
}

export function stationOf(station: string, epoch: number): SignedStation {
	const { publicKey, sign } = keyOf(station);
	return new SignedStation({ station, epoch, publicKey, sign });
}

/** `evil`: enrolled; `victim`: enrolled, and another's. `requests`: of strangers, who need no key. */
export function envelopesOf(
	attack: AttackName,
	evil: string,
	victim: string,
	requests: number,
): Uint8Array[] {
	switch (attack) {
		case "idle":
		case "slow-bodies":
			return [];
		case "strangers":
			return strangersOf(victim, requests);
		case "replays":
			return replaysOf(victim, requests);
		case "gap-storm":
			return gapsOf(evil);
		case "epoch-storm":
			return Array.from({ length: EPOCHS }, (_, index) =>
				stationOf(evil, 1000 + index).envelope(1, 1),
			);
		case "pipelining": {
			const station = stationOf(evil, 77);
			station.appendReadings(PIPELINED);
			return Array.from({ length: PIPELINED }, (_, index) =>
				station.envelope(index + 1, index + 1),
			);
		}
		case "forks": {
			const station = stationOf(evil, 77);
			station.appendReadings(12);
			const forks = Array.from({ length: FORKS }, (_, index) =>
				station.envelope(2, 5 + (index % 7), { previous: sha256(Buffer.from(`${index}`)) }),
			);
			return [station.envelope(1, 12), ...forks];
		}
	}
}

/** Half with ids that nobody has, half in the name of an enrolled station; each of them new. */
function strangersOf(victim: string, count: number): Uint8Array[] {
	const { sign } = keyOf("stranger");
	return Array.from({ length: count }, (_, index) => {
		const station = index % 2 === 0 ? `u${index.toString(36)}` : victim;
		const { publicKey } = keyOf("stranger");
		return new SignedStation({ station, epoch: 1 + index, publicKey, sign }).envelope(1, 1);
	});
}

/** What an honest station has delivered long ago, out of its public record. */
function replaysOf(victim: string, count: number): Uint8Array[] {
	const station = honestStation(victim);
	const delivered = [0, 1, 2, 3].map((index) =>
		honestEnvelope(station, 1 + index * READINGS_PER_BATCH),
	);
	return Array.from({ length: count }, (_, index) => delivered[index % 4] ?? new Uint8Array(0));
}

/** "good-7": the record of an honest station. */
export function honestStation(name: string): SignedStation {
	return stationOf(name, 500 + Number(name.slice(name.indexOf("-") + 1)));
}

/** Its next batch, which begins with entry `first`. */
export function honestEnvelope(station: SignedStation, first: number): Uint8Array {
	const last = first + READINGS_PER_BATCH - 1;
	while (station.entries.length < last) {
		station.append({ kind: "event", code: 1, detail: station.entries.length, text: "" });
	}
	return station.envelope(first, last);
}

/** Each gap entry names a single number that touches no other: a range of its own. */
function gapsOf(evil: string): Uint8Array[] {
	const station = stationOf(evil, 77);
	const resume = new Uint8Array(32);
	const start = 2 * GAP_BATCHES * ENTRIES_PER_BATCH + 1000;
	const envelopes: Uint8Array[] = [];
	let named = 2;
	for (let batch = 0; batch < GAP_BATCHES; batch++) {
		const first = start + batch * ENTRIES_PER_BATCH;
		const cut = Array.from({ length: ENTRIES_PER_BATCH }, (_, index) => {
			named += 2;
			return station.canonicalBytesOf(first + index, {
				kind: "gap",
				from: named,
				to: named,
				reason: 0,
				lostEpoch: 0,
				resume,
			});
		});
		envelopes.push(
			station.envelope(first, first + cut.length - 1, { isChained: false, entries: cut }),
		);
	}
	return envelopes;
}

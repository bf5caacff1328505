/** The ledger over a store in memory, with a keyed hash in place of signatures, for one process. */

import { keyedHash, keyedHashPublicKey } from "../../../sim/keys/keyed-hash-signer.js";
import type { Endpoint } from "../../../sim/network/wire.js";
import type { SimulatedStation } from "../../../sim/station/station.js";
import { ConfigurationOffers } from "../../../src/collector/ledger/configuration-offers.js";
import type { SigningKey } from "../../../src/collector/ledger/keys.js";
import { Ledger } from "../../../src/collector/ledger/ledger.js";
import { createHandler } from "../../../src/collector/service/receiver.js";
import { equalBytes } from "../../../src/core/bytes.js";
import { MemoryOfferRepository } from "../collectors/memory-offer-repository.js";
import { MemoryRecordStore } from "../collectors/memory-record-store.js";
import { endpointOf } from "../worlds/played-world.js";
import { bareStationKey, sha256 } from "./bare-station.js";

export interface BareCollector {
	readonly store: MemoryRecordStore;
	readonly publicKey: Uint8Array;
	readonly endpoint: Endpoint;
	readonly offers: ConfigurationOffers;
	/** What stations' records say of configurations. */
	readonly lines: string[];
}

/** The stand-in's signing key of a name. */
export function keyedHashKeyOf(name: string): SigningKey {
	const publicKey = keyedHashPublicKey(new TextEncoder().encode(name), sha256);
	return { publicKey, sign: (signed) => keyedHash(publicKey, sha256(signed), sha256) };
}

/** The ledger's check of the stand-in. */
export function isKeyedHashOf(
	publicKey: Uint8Array,
	signed: Uint8Array,
	signature: Uint8Array,
): boolean {
	return equalBytes(signature, keyedHash(publicKey, sha256(signed), sha256));
}

/** A collector that has enrolled the bare stations of these names; its clock is the world's. */
export async function openBareCollector(
	clock: { readonly utcSeconds: number },
	...stations: readonly string[]
): Promise<BareCollector> {
	const store = new MemoryRecordStore();
	const key = keyedHashKeyOf("collector");
	const lines: string[] = [];
	const offers = new ConfigurationOffers({
		repository: new MemoryOfferRepository(),
		clock,
		onReport: (station, text) => lines.push(`${station} ${text}`),
	});
	const ledger = new Ledger({
		store,
		key,
		clock,
		configurations: offers,
		verifySignature: isKeyedHashOf,
	});
	for (const station of stations) await ledger.enrol(station, bareStationKey(station));
	const endpoint = endpointOf(createHandler(ledger));
	return { store, publicKey: key.publicKey, endpoint, offers, lines };
}

/** Lets the next thing happen to a station, or waits for the answer that it waits for. */
export async function stepStation(station: SimulatedStation): Promise<void> {
	if (station.network.outstanding === 0) station.step();
	else await answered(station);
}

/** Runs a station up to an instant of its river; promises only where it waits for an answer. */
export async function runStationUntil(
	station: SimulatedStation,
	utcSeconds: number,
): Promise<void> {
	while (station.utcSeconds < utcSeconds) {
		if (station.network.outstanding === 0) station.step();
		else await answered(station);
	}
}

async function answered(station: SimulatedStation): Promise<void> {
	await new Promise<void>((resolve) => {
		station.network.onSettled = resolve;
	});
	station.network.onSettled = undefined;
}

/** Wakes a station by its service button and sees it to sleep again. */
export async function serviceStation(station: SimulatedStation): Promise<void> {
	station.pressServiceButton();
	while (station.isAsleep) await stepStation(station);
	while (!station.isAsleep) await stepStation(station);
}

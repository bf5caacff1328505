/** Configurations that are offered, kept in memory: for what needs no database. */
import {
	type ConfigurationOffer,
	type OfferRepository,
	requireNewer,
} from "../../../src/collector/ledger/configuration-offers.js";
import { equalBytes } from "../../../src/core/bytes.js";

export class MemoryOfferRepository implements OfferRepository {
	readonly #offers = new Map<string, ConfigurationOffer & { isShown: boolean }>();

	async pending(): Promise<ConfigurationOffer[]> {
		return [...this.#offers.values()].filter(({ isShown }) => !isShown);
	}

	async put(offer: ConfigurationOffer): Promise<void> {
		const newest = this.#offers.get(offer.station);
		if (newest !== undefined) {
			if (newest.id === offer.id && equalBytes(newest.canonicalBytes, offer.canonicalBytes)) return;
			requireNewer(offer.station, offer.id, newest.id);
		}
		this.#offers.set(offer.station, { ...offer, isShown: false });
	}

	async markApplied(station: string, id: number): Promise<void> {
		const offer = this.#offers.get(station);
		if (offer?.id === id) offer.isShown = true;
	}
}

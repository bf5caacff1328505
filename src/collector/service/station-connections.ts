/**
 * Connections over which a station has delivered. They are nobody else's to take, so that a station has few of them, and what
 * is asked over them is counted: one key in wrong hands held all places for as long as it liked, and all of the thread.
 */
import { Account } from "./account.js";

/** A station has one session at a time, and a network that it lost may leave others. */
const CONNECTIONS_MAX = 4;

interface Station<Held> {
	/** The oldest first. */
	readonly held: Set<Held>;
	readonly requests: Account;
}

export class StationConnections<Held extends { station: string | undefined }> {
	readonly #stations = new Map<string, Station<Held>>();

	/** Over this connection the station has delivered; those that are to go for it. `requests`: that it may ask at once. */
	add(station: string, held: Held, requests: number): readonly Held[] {
		if (held.station === station) return [];
		this.remove(held);
		const own = this.#stations.get(station) ?? {
			held: new Set<Held>(),
			requests: new Account(requests),
		};
		this.#stations.set(station, own);
		held.station = station;
		own.held.add(held);
		const gone = [...own.held].slice(0, Math.max(own.held.size - CONNECTIONS_MAX, 0));
		for (const each of gone) own.held.delete(each);
		return gone;
	}

	/** It is closed, or another station's. */
	remove(held: Held): void {
		if (held.station === undefined) return;
		const own = this.#stations.get(held.station);
		own?.held.delete(held);
		if (own?.held.size === 0) this.#stations.delete(held.station);
	}

	/** What it may still ask, over all of its connections. */
	requestsOf(station: string): Account | undefined {
		return this.#stations.get(station)?.requests;
	}
}

/**
 * Numbers of the SensorThings interface: whole, below 2^53, and the same as long as a reading is in the record. A station's
 * is what its operator says, else made of its name; an epoch's is made of the epoch. Nothing is kept for it, so that
 * every collector of one record gives the same numbers. docs/PUBLISHING.md, section 8.
 */
import { crc32 } from "../../../core/crc32.js";

/** 16 bits of station, 8 of epoch, 26 of sequence and 3 of channel are 53. */
export const STATION_NUMBER_MAX = 0xffff;
const EPOCHS_MAX = 0x100;
/** Of a reading every five minutes these are 638 years. */
export const SEQUENCE_MAX = 2 ** 26 - 1;
const CHANNELS_MAX = 8;
/** Knuth's multiplier, which spreads numbers drawn by chance and counted ones alike. */
const SPREAD = 2_654_435_761;

export interface ObservationParts {
	readonly stationNumber: number;
	readonly epochNumber: number;
	readonly sequence: number;
	readonly channelNumber: number;
}

/**
 * A number of each station. Where two names give the same, the later name has the next that is free: an operator who
 * wants numbers that no further station can ever move says them.
 */
export function stationNumbers(
	stations: readonly { readonly station: string; readonly number: number | null }[],
): ReadonlyMap<string, number> {
	const numbers = new Map<string, number>();
	const taken = new Set<number>();
	const inOrder = [...stations].sort((a, b) => (a.station < b.station ? -1 : 1));
	const take = (station: string, wanted: number): void => {
		let number = wanted;
		while (taken.has(number)) number = (number % STATION_NUMBER_MAX) + 1;
		taken.add(number);
		numbers.set(station, number);
	};
	for (const { station, number } of inOrder) if (number !== null) take(station, number);
	for (const { station, number } of inOrder) {
		if (number === null) take(station, 1 + (crc32(Buffer.from(station)) % STATION_NUMBER_MAX));
		// Every number is given: more stations than that have no place here.
		if (taken.size === STATION_NUMBER_MAX) break;
	}
	return numbers;
}

/** Likewise of each epoch of a station; those beyond the 256th have none. */
export function epochNumbers(epochs: readonly number[]): ReadonlyMap<number, number> {
	const numbers = new Map<number, number>();
	const taken = new Set<number>();
	for (const epoch of [...epochs].sort((a, b) => a - b).slice(0, EPOCHS_MAX)) {
		let number = Math.imul(epoch, SPREAD) >>> 24;
		while (taken.has(number)) number = (number + 1) % EPOCHS_MAX;
		taken.add(number);
		numbers.set(epoch, number);
	}
	return numbers;
}

export function datastreamId(stationNumber: number, channelNumber: number): number {
	return stationNumber * CHANNELS_MAX + channelNumber;
}

export function observationId(parts: ObservationParts): number {
	const { stationNumber, epochNumber, sequence, channelNumber } = parts;
	const entry = (stationNumber * EPOCHS_MAX + epochNumber) * (SEQUENCE_MAX + 1) + sequence;
	return entry * CHANNELS_MAX + channelNumber;
}

export function partsOfObservation(id: number): ObservationParts {
	const entry = Math.floor(id / CHANNELS_MAX);
	const epoch = Math.floor(entry / (SEQUENCE_MAX + 1));
	return {
		stationNumber: Math.floor(epoch / EPOCHS_MAX),
		epochNumber: epoch % EPOCHS_MAX,
		sequence: entry % (SEQUENCE_MAX + 1),
		channelNumber: id % CHANNELS_MAX,
	};
}

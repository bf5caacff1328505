/** Entries of every kind with seeded contents, for round trips: wild values, absences, leaps. */
import { integerBelow, type RandomSource } from "../../../src/core/random.js";
import { CHANNEL_SET_1 } from "../../../src/protocol/record/channel-set.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { EntryBody } from "../../../src/protocol/record/entry-layouts.js";
import { canBeAbsent } from "../../../src/protocol/record/reading.js";

/** Canonical bytes of `count` consecutive entries of `epoch` from `first` on. */
export function randomEntries(
	random: RandomSource,
	range: { epoch: number; first: number; count: number },
	readingShare = 0.7,
): Uint8Array[] {
	const below = (count: number): number => integerBelow(random, count);
	const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, () => below(256));
	let uptimeSeconds = below(1_000_000);
	let utcSeconds = below(4) === 0 ? 0 : 1_800_000_000 + below(1_000_000);
	let boot = 1 + below(100);
	const wildness = below(3);
	const fields = CHANNEL_SET_1.fields.map(() => below(100));
	const entries: Uint8Array[] = [];
	for (let index = 0; index < range.count; index++) {
		if (below(40) === 0) {
			boot++;
			uptimeSeconds = below(100);
		}
		uptimeSeconds += below(20) === 0 ? below(100_000) : 300;
		if (below(30) === 0) utcSeconds = below(2) === 0 ? 0 : below(0x100000000);
		else if (utcSeconds !== 0) utcSeconds = Math.min(utcSeconds + 300, 0xffffffff);
		CHANNEL_SET_1.fields.forEach((field, at) => {
			const bits = 8 * field.byteLength;
			const least = field.isSigned ? -(2 ** (bits - 1)) : 0;
			const clamp = (value: number): number =>
				Math.max(least, Math.min(value, least + 2 ** bits - 1));
			if (!canBeAbsent(field)) {
				if (below(20) === 0) fields[at] = below(2 ** bits);
			} else if (below(25) === 0) {
				fields[at] = field.absent;
			} else if (wildness === 2 || below(30) === 0) {
				fields[at] = clamp(least + below(2 ** bits));
			} else {
				fields[at] = clamp((fields[at] ?? 0) + (below(9) - 4) * (wildness === 0 ? 1 : 125));
			}
		});
		const isReading = below(1000) < 1000 * readingShare;
		const body: EntryBody = isReading
			? { kind: "reading", fields: [...fields] }
			: randomBody(below, bytesOf);
		entries.push(
			encodeEntry({
				channelSet: isReading ? CHANNEL_SET_1.id : 0,
				timeQuality: below(10) === 0 ? below(4) : 2,
				epoch: range.epoch,
				sequence: range.first + index,
				boot,
				uptimeSeconds,
				utcSeconds,
				configurationId: below(30) === 0 ? below(0x10000) : 2,
				stationFlags: below(30) === 0 ? below(0x200) : 0,
				...body,
			}),
		);
	}
	return entries;
}

function randomBody(
	below: (count: number) => number,
	bytesOf: (length: number) => Uint8Array,
): EntryBody {
	const word = (): number => below(0x100000000);
	switch (below(8)) {
		case 0:
			return {
				kind: "boot",
				resetReason: below(7),
				wakeCause: below(3),
				crashCode: below(0x10000),
				firmwareVersion: word(),
				wakeCount: word(),
			};
		case 1:
			return {
				kind: "time",
				atBoot: word(),
				atUptimeSeconds: word(),
				atUtcSeconds: word(),
				uncertaintyMilliseconds: word(),
				stepSeconds: word() | 0,
				driftPartsPerBillion: below(2) === 0 ? undefined : below(100_000),
				source: below(4),
			};
		case 2:
			return {
				kind: "gap",
				from: word(),
				to: word(),
				reason: below(4),
				lostEpoch: below(2) === 0 ? 0 : word(),
				resume: bytesOf(32),
			};
		case 3:
			return {
				kind: "epoch",
				station: "bor-1",
				publicKey: bytesOf(33),
				reason: below(3),
				previousEpoch: word(),
				previousSequence: word(),
				previousHead: below(2) === 0 ? new Uint8Array(32) : bytesOf(32),
			};
		case 4:
			return {
				kind: "calibration",
				calibrationId: below(0x10000),
				previousId: below(0x10000),
				channel: below(5),
				range: below(4),
				curve: below(2),
				act: below(8),
				verdict: below(4),
				rule: below(3),
				parts: below(9),
				points: below(4),
				coefficients: [below(1000) / 7, -below(1000) / 3, 0],
				dueUtcSeconds: word(),
				firstPart: word(),
				exportBefore: bytesOf(8),
				exportAfter: new Uint8Array(8),
			};
		case 5:
			return {
				kind: "calibration-part",
				calibrationId: below(0x10000),
				index: below(9),
				type: 5,
				contents: bytesOf(below(88)),
			};
		case 6:
			return {
				kind: "alarm",
				code: 1 + below(4),
				phase: 1 + below(3),
				rule: 1,
				beginSequence: word(),
				readingSequence: word(),
				conductivityHundredths: word(),
				baselineHundredths: word(),
				baselineSpread: below(0x10000),
				pHMilli: below(14_000),
				pHBeforeMilli: -below(1000),
				burstAgreed: below(6),
				burstReadings: below(6),
				turbidityMilli: word() | 0,
				turbidityMedianMilli: word() | 0,
				secondsSinceBegin: word(),
			};
		default:
			return {
				kind: "event",
				code: below(100),
				detail: word() | 0,
				text: "x".repeat(below(41)),
			};
	}
}

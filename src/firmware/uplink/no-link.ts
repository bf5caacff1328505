/** The link of a board without a provisioned network: down, at once, and at no cost. */
import type { Clock, NetworkLink } from "../ports.js";

export function noLink(clock: Clock): NetworkLink {
	let changed: ((isUp: boolean) => void) | undefined;
	const alarm = clock.createAlarm(() => changed?.(false));
	return {
		connectMillisecondsMax: 1000,
		isUp: false,
		rssiDecibelMilliwatts: undefined,
		connect: (onChanged) => {
			changed = onChanged;
			alarm.schedule(0);
		},
		disconnect: () => {
			changed = undefined;
		},
	};
}

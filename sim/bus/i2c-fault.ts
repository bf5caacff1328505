/** Fault laid over an I2C bus: what it is, and which transactions it strikes. */

interface FaultScope {
	/** Only transactions with this address; any without it. */
	readonly address?: number;
	/** Lets this many matching transactions pass first. Default 0. */
	readonly skip?: number;
	/** Strikes this often, then is gone; Infinity for ever. Default 1. */
	readonly times?: number;
}

/** Fault laid over the bus. Bytes are counted from 0 after the address. */
export type I2CFault =
	| (FaultScope & { readonly kind: "nack" })
	| (FaultScope & {
			readonly kind: "corrupt-read";
			readonly byteIndex: number;
			readonly xor: number;
	  })
	| (FaultScope & {
			readonly kind: "corrupt-write";
			readonly byteIndex: number;
			readonly xor: number;
	  })
	| (FaultScope & { readonly kind: "stretch"; readonly milliseconds: number });

/** A fault and how much of it is left. */
export interface ActiveFault {
	readonly fault: I2CFault;
	skip: number;
	times: number;
}

/** What strikes one transaction. */
export interface Strike {
	isRefused: boolean;
	stretchMicroseconds: number;
	corruptRead: I2CFault | undefined;
	corruptWrite: I2CFault | undefined;
}

/** What strikes most transactions. */
export const NO_FAULTS: Readonly<Strike> = Object.freeze({
	isRefused: false,
	stretchMicroseconds: 0,
	corruptRead: undefined,
	corruptWrite: undefined,
});

/** Whether a fault strikes this transaction; counts it down if so. */
export function strikes(
	active: ActiveFault,
	address: number,
	isWriting: boolean,
	isReading: boolean,
): boolean {
	const { fault } = active;
	if (fault.address !== undefined && fault.address !== address) return false;
	if (fault.kind === "corrupt-read" && !isReading) return false;
	if (fault.kind === "corrupt-write" && !isWriting) return false;
	if (active.skip > 0) {
		active.skip--;
		return false;
	}
	active.times--;
	return true;
}

/** A copy with one byte changed; one beyond the end changes nothing. */
export function corrupted(bytes: Uint8Array, fault: I2CFault): Uint8Array {
	const copy = bytes.slice();
	if (fault.kind !== "corrupt-read" && fault.kind !== "corrupt-write") return copy;
	if (fault.byteIndex < copy.length) copy[fault.byteIndex]! ^= fault.xor;
	return copy;
}

/** What the board before this one had delivered, as the new one is provisioned with it: epoch, last sequence, head there. */
import { bytesOfHex } from "../../core/bytes.js";
import { isDigits } from "../../core/text.js";

/** Fields of the epoch entry (docs/FORMAT.md). */
export interface Predecessor {
	readonly previousEpoch: number;
	readonly previousSequence: number;
	readonly previousHead: Uint8Array;
}

const HEAD_BYTES = 32;

/** Of `EPOCH,SEQUENCE,HEAD`; undefined where it is not that. */
export function predecessorOf(text: string): Predecessor | undefined {
	const [epoch = "", sequence = "", head = "", more] = text.split(",");
	const previousEpoch = numberOf(epoch);
	const previousSequence = numberOf(sequence);
	const previousHead = bytesOfHex(head);
	const isGood = previousEpoch > 0 && previousSequence > 0 && more === undefined;
	return isGood && previousHead?.length === HEAD_BYTES
		? { previousEpoch, previousSequence, previousHead }
		: undefined;
}

/** Zero where it is no number of 32 bits. */
function numberOf(text: string): number {
	const number = isDigits(text, 10) ? Number(text) : 0;
	return number > 0xffff_ffff ? 0 : number;
}

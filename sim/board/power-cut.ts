/**
 * The loss of power, thrown out of the operation that it tears. The code that throws it sets a latch:
 * every later call into the dead board throws it again, so that no `finally` of the firmware can do
 * work that a real processor would not have done.
 */
export class PowerCut extends Error {
	override name = "PowerCut";

	constructor(during: string) {
		super(`power failed during ${during}`);
	}
}

/**
 * What opening a serial port does to the board at it: most adapters join DTR and RTS to its boot pin and
 * its reset, and every system raises both as it opens. A program that opens a port, for a session or to write an
 * image, keeps these rules.
 */

/** How npm serialport sets the lines; true is asserted, which pulls the board's pin low. */
export interface ControlLines {
	set(
		lines: { readonly dtr: boolean; readonly rts: boolean; readonly brk: boolean },
		callback: (error: Error | null) => void,
	): unknown;
}

/**
 * How long a board may be silent after its port was opened, because the opening has reset it. One was
 * seen to take 5.5 s to its first word (monitor's pause, image check, recovery of a full ring): twice that,
 * and a second for the last question to be answered.
 */
export const BOOT_MILLISECONDS_MAX = 12_000;

/**
 * Lets go of DTR and RTS. Windows holds DTR, and with it GPIO0 low, as long as the port is open: a reset
 * then ends in the boot loader. Always both in one call: the library asserts a line that is left out.
 * A port without such lines (a pseudo-terminal, a USB device of its own) refuses, and needs nothing: false.
 */
export function releaseControlLines(port: ControlLines): Promise<boolean> {
	return new Promise((resolve) => {
		port.set({ dtr: false, rts: false, brk: false }, (error) => resolve(!error));
	});
}

/**
 * An ESP32 at the far end of a serial line with DTR and RTS: the two transistors that make EN and IO0 of them, the
 * ROM that samples IO0 some time after EN rises, its loader, or the program that the flash holds. EN low ends
 * whatever runs. Portable but for the loader's MD5 and zlib.
 */
import { type LoaderFlash, ROM_BAUD, RomLoader, type RomLoaderOptions } from "./rom-loader.js";

const BANNER = "ets Jul 29 2019 12:21:46\r\n\r\n";
const POWER_ON = "rst:0x1 (POWERON_RESET)";
const DOWNLOAD =
	"boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n";
const FLASH_BOOT = "boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";
/**
 * The resistor and the capacitor at EN. Through an adapter IO0 is low by 50 ms after EN rises, or 550 in a loader's
 * second try; over RFC 2217 a network lies between the two lines.
 */
export const STRAP_MILLISECONDS = 45;

/** What runs instead of the loader. */
export interface ChipProgram {
	/** Bytes that came at its rate. */
	receive(bytes: Uint8Array): void;
	/** EN went low: it is gone at once. */
	stop(): void;
}

export interface ChipOptions
	extends Pick<RomLoaderOptions, "chip" | "mac" | "later" | "unknownAnswer"> {
	readonly flash: LoaderFlash;
	/** Starts what the flash holds; undefined: nothing there boots. It says why on the line itself. */
	readonly boot: (send: (bytes: Uint8Array) => void) => ChipProgram | undefined;
	readonly strapMilliseconds?: number;
}

type State =
	| { readonly kind: "reset" }
	/** EN is high, IO0 not sampled yet. */
	| { readonly kind: "strapping" }
	| { readonly kind: "loader"; readonly loader: RomLoader }
	| { readonly kind: "program"; readonly program: ChipProgram | undefined };

export class SimulatedChip {
	readonly #options: ChipOptions;
	#state: State = { kind: "reset" };
	#lines = { dtr: false, rts: false };
	#hostBaud = ROM_BAUD;
	/** Of timers that were set before the last reset. */
	#resets = 0;
	/** Somebody holds the board's BOOT button: where the line cannot pull IO0, that is how one gets to the loader. */
	isBootHeld = false;
	/** What the chip says; bytes at another rate than the host's come as noise. */
	onBytes: ((bytes: Uint8Array) => void) | undefined;

	constructor(options: ChipOptions) {
		this.#options = options;
	}

	/** What runs, for tests and views. */
	get mode(): State["kind"] {
		return this.#state.kind;
	}

	powerOn(): void {
		this.#rise();
	}

	/** The supply fails, or somebody presses the board's reset button: true while it is held. */
	hold(isHeld: boolean): void {
		if (isHeld) this.#fall();
		else this.#rise();
	}

	setLines(lines: { readonly dtr: boolean; readonly rts: boolean }): void {
		const wasEnabled = isEnabled(this.#lines);
		this.#lines = { ...lines };
		if (wasEnabled && !isEnabled(lines)) this.#fall();
		if (!wasEnabled && isEnabled(lines)) this.#rise();
	}

	setBaud(baud: number): void {
		this.#hostBaud = baud;
	}

	receive(bytes: Uint8Array): void {
		const state = this.#state;
		if (this.#hostBaud !== this.#baud) return;
		if (state.kind === "loader") state.loader.receive(bytes);
		else if (state.kind === "program") state.program?.receive(bytes);
	}

	get #baud(): number {
		return this.#state.kind === "loader" ? this.#state.loader.baud : ROM_BAUD;
	}

	#fall(): void {
		this.#resets++;
		const state = this.#state;
		this.#state = { kind: "reset" };
		if (state.kind === "program") state.program?.stop();
	}

	#rise(): void {
		this.#resets++;
		this.#state = { kind: "strapping" };
		const { strapMilliseconds = STRAP_MILLISECONDS } = this.#options;
		this.#later(strapMilliseconds, () => this.#start());
	}

	#start(): void {
		const isDownload = this.isBootHeld || (this.#lines.dtr && !this.#lines.rts);
		this.#sendText(`${BANNER}${POWER_ON},${isDownload ? DOWNLOAD : FLASH_BOOT}`);
		if (isDownload) {
			const loader = new RomLoader({
				...this.#options,
				later: (milliseconds, callback) => this.#later(milliseconds, callback),
				send: (bytes) => this.#send(bytes),
			});
			loader.onReboot = () => this.#rise();
			this.#state = { kind: "loader", loader };
			return;
		}
		const program = this.#options.boot((bytes) => this.#send(bytes));
		this.#state = { kind: "program", program };
	}

	#sendText(text: string): void {
		this.#send(new TextEncoder().encode(text));
	}

	#send(bytes: Uint8Array): void {
		// At another rate something comes, and nothing of it is what was sent.
		const heard = this.#hostBaud === this.#baud ? bytes : bytes.map((byte) => byte ^ 0xa5);
		this.onBytes?.(heard);
	}

	#later(milliseconds: number, callback: () => void): void {
		const resets = this.#resets;
		this.#options.later(milliseconds, () => {
			if (resets === this.#resets) callback();
		});
	}
}

/** Two transistors: each line pulls its pin low unless the other is asserted, too. */
function isEnabled({ dtr, rts }: { readonly dtr: boolean; readonly rts: boolean }): boolean {
	return !rts || dtr;
}

/**
 * What the three Atlas EZO circuits share: ASCII commands over I2C, a status byte before every
 * response, a delay before it is there, settings that outlive power and settings that do not, sleep.
 * Source: the EZO datasheets and published boards, by generation in ezo-firmware.ts.
 */
import { integerBelow, type RandomSource } from "../../src/core/random.js";
import type { VirtualAlarm, VirtualClock } from "../board/clock.js";
import { ofLength } from "../bus/answer-bytes.js";
import type { I2CChip } from "../bus/i2c-bus.js";
import { decimalOf, decimalText } from "./decimal-text.js";
import {
	answer,
	CommandEar,
	change,
	type EzoAnswer,
	type EzoOutcome,
	type HeardCommand,
	putAnswer,
	trimmedText,
} from "./ezo-command.js";
import {
	EZO_FIRMWARE,
	type EzoBoard,
	type EzoDuration,
	type EzoFirmware,
	type EzoKind,
	milliamperesOf,
	millisecondsOf,
} from "./ezo-firmware.js";
import { type EzoOwnSettings, EzoTransfer } from "./ezo-image.js";

const STATUS_SUCCESS = 1;
const STATUS_SYNTAX_ERROR = 2;
const STATUS_BUSY = 254;
const STATUS_NO_DATA = 255;

/** Longer commands are refused; the longest that exists, `Name` with 16 letters, has 21. */
const COMMAND_BYTES_MAX = 40;
const NAME_CHARACTERS_MAX = 16;
export interface EzoChipOptions {
	clock: VirtualClock;
	/** Draws delays (and stretching); a stream of its own for each circuit. */
	random: RandomSource;
	/** Default: the kind's own. */
	address?: number;
	/** Default: the newest generation. */
	firmware?: EzoFirmware;
	/** How long its readings take. Default: as the datasheet prints. */
	board?: EzoBoard;
	/** Supply, volts: what `Status` reports and which current table holds. Default 3.3. */
	supplyVolts?: number;
	/** Longest random stretch of the clock at each address, milliseconds. Default 0: none. */
	stretchMillisecondsMax?: number;
	/** Called with the present current whenever it changes. */
	onCurrent?: (milliamperes: number) => void;
}

/** All that outlives the power, as plain data. */
export interface EzoSettings<Own extends EzoOwnSettings> {
	address: number;
	isInUartMode: boolean;
	isLedOn: boolean;
	isProtocolLocked: boolean;
	name: string;
	own: Own;
}

type State =
	| { readonly kind: "off" }
	| { readonly kind: "booting"; readonly untilMicroseconds: number }
	| { readonly kind: "awake" }
	| { readonly kind: "asleep" }
	/** Asleep, and holding the data line low after an empty write. */
	| { readonly kind: "hung" };

interface Job {
	readonly readyMicroseconds: number;
	readonly status: number;
	readonly text: string;
	readonly isHungry: boolean;
	readonly commit: (() => void) | undefined;
}

/** One EZO circuit; the kinds add their commands. */
export abstract class SimulatedEzo<Own extends EzoOwnSettings> implements I2CChip {
	protected readonly clock: VirtualClock;
	protected readonly firmware: EzoFirmware;
	protected settings: EzoSettings<Own>;
	/** Degrees Celsius for compensation; lost with the power. */
	protected compensationCelsius = 25;
	/** Fault: added to every delay, milliseconds. */
	lateMilliseconds = 0;
	readonly #kind: EzoKind;
	readonly #factory: Own;
	readonly #random: RandomSource;
	readonly #board: EzoBoard;
	readonly #supplyVolts: number;
	readonly #stretchMillisecondsMax: number;
	readonly #onCurrent: ((milliamperes: number) => void) | undefined;
	readonly #alarm: VirtualAlarm | undefined;
	#state: State = { kind: "off" };
	#job: Job | undefined;
	/** What is to be read. */
	#response: EzoAnswer | undefined;
	#restartCode: "P" | "S" = "P";
	/** What the last read gave: drivers read a frame of one length all their life. */
	#answer: Uint8Array = new Uint8Array(0);
	readonly #transfer: EzoTransfer;
	readonly #ear = new CommandEar();
	#milliamperes = 0;

	/** `factory`: settings as they leave the factory; `own` of a settings record is always a copy. */
	protected constructor(kind: EzoKind, factory: Own, options: EzoChipOptions) {
		this.clock = options.clock;
		this.firmware = options.firmware ?? EZO_FIRMWARE["2.16"];
		this.#kind = kind;
		this.#transfer = new EzoTransfer(kind);
		this.#factory = factory;
		this.#random = options.random;
		this.#board = options.board ?? "usual";
		this.#supplyVolts = options.supplyVolts ?? 3.3;
		this.#stretchMillisecondsMax = options.stretchMillisecondsMax ?? 0;
		this.#onCurrent = options.onCurrent;
		if (options.onCurrent !== undefined) {
			this.#alarm = options.clock.createAlarm(() => this.#settle());
		}
		this.settings = {
			address: options.address ?? kind.address,
			isInUartMode: false,
			isLedOn: true,
			isProtocolLocked: false,
			name: "",
			own: { ...factory },
		};
	}

	get address(): number {
		return this.settings.address;
	}

	get isPowered(): boolean {
		return this.#state.kind !== "off";
	}

	get isAsleep(): boolean {
		return this.#state.kind === "asleep" || this.#state.kind === "hung";
	}

	/** True while a reading is being taken: a conductivity circuit then drives the water. */
	get isMeasuring(): boolean {
		this.#settle();
		return this.#job?.isHungry === true;
	}

	get holdsData(): boolean {
		return this.#state.kind === "hung";
	}

	/** All that outlives the power, as plain data. */
	save(): EzoSettings<Own> {
		this.#settle();
		return { ...this.settings, own: { ...this.settings.own } };
	}

	load(saved: EzoSettings<Own>): void {
		this.settings = { ...saved, own: { ...saved.own } };
	}

	setPower(isOn: boolean): void {
		this.#settle();
		if (isOn === this.isPowered) return;
		this.#forget();
		if (isOn) this.#boot("P");
		else this.#enter({ kind: "off" });
	}

	stretchMicroseconds(): number {
		if (this.#stretchMillisecondsMax === 0) return 0;
		return integerBelow(this.#random, this.#stretchMillisecondsMax * 1000 + 1);
	}

	write(bytes: Uint8Array): boolean {
		this.#settle();
		if (!this.#isListening()) return false;
		if (this.isAsleep) {
			if (bytes.length === 0 && this.firmware.emptyWriteHangsSleeping) {
				this.#enter({ kind: "hung" });
				return true;
			}
			this.#wake();
			if (this.firmware.wakeConsumesCommand) return true;
		}
		if (bytes.length > 0) this.#take(bytes);
		return true;
	}

	read(count: number): Uint8Array | undefined {
		this.#settle();
		if (!this.#isListening()) return undefined;
		const bytes = ofLength(this.#answer, count);
		this.#answer = bytes;
		for (let index = 0; index < count; index++) bytes[index] = 0;
		if (this.isAsleep) {
			// Not documented ("do not read"): any traffic wakes it, and there is nothing to tell.
			this.#wake();
			bytes[0] = STATUS_NO_DATA;
		} else if (this.#job !== undefined) bytes[0] = STATUS_BUSY;
		else if (this.#response === undefined) bytes[0] = STATUS_NO_DATA;
		else {
			putAnswer(bytes, this.#response);
			if (this.firmware.secondRead === "no data") this.#response = undefined;
		}
		return bytes;
	}

	/**
	 * Commands of the kind: `words` are the comma-separated parts in upper case, `words[0]` the
	 * name. Undefined: a syntax error.
	 */
	protected abstract execute(words: readonly string[]): EzoOutcome | undefined;

	/** Called when RAM is lost. */
	protected onPowerLost(): void {}

	/** Called when the circuit starts. */
	protected onStart(): void {}

	/** `?Cal,` or `?CAL,`, by generation. */
	protected prefix(datasheetName: string): string {
		const isUpper = this.firmware.prefixes === "upper case";
		return `?${isUpper ? datasheetName.toUpperCase() : datasheetName},`;
	}

	/** With two decimals on late firmware, else as `few` writes it. */
	protected decimals(value: number, few: (value: number) => string): string {
		return this.firmware.decimals === "two" ? decimalText(value, 2) : few(value);
	}

	/** `T,t` and `T,?`. */
	protected compensate(words: readonly string[]): EzoOutcome | undefined {
		if (words[1] === "?")
			return answer(`?T,${this.decimals(this.compensationCelsius, trimmedText)}`);
		const celsius = decimalOf(words[1]);
		if (celsius === undefined) return undefined;
		return change(() => {
			this.compensationCelsius = celsius;
		});
	}

	#take(bytes: Uint8Array): void {
		const heard = this.#ear.hear(bytes);
		const isTooLong = heard.text.length > COMMAND_BYTES_MAX;
		const outcome = isTooLong ? undefined : this.#dispatch(heard);
		if (outcome === "silent") return;
		const milliseconds = this.#delay(outcome?.duration ?? "short");
		this.#response = undefined;
		this.#job = {
			readyMicroseconds: this.clock.microseconds + milliseconds * 1000,
			status: outcome === undefined ? STATUS_SYNTAX_ERROR : STATUS_SUCCESS,
			text: outcome?.text ?? "",
			isHungry: outcome !== undefined && outcome.duration !== "short",
			commit: outcome?.commit,
		};
		this.#reportCurrent();
		if (this.#job.isHungry) this.#alarm?.schedule(milliseconds);
	}

	#dispatch({ text, words }: HeardCommand): EzoOutcome | undefined | "silent" {
		const { settings, firmware } = this;
		const argument = words[1];
		switch (words[0]) {
			case "I":
				return answer(`?I,${this.#kind.name},${firmware.version}`);
			case "STATUS": {
				const volts = this.decimals(this.#supplyVolts, (value) => decimalText(value, 3));
				return answer(`${this.prefix("Status")}${this.#restartCode},${volts}`);
			}
			case "L":
				return this.#flag("L", argument, "isLedOn");
			case "PLOCK":
				return this.#flag("Plock", argument, "isProtocolLocked");
			case "F":
				return firmware.hasFindAndExport ? undefined : answer("");
			case "FIND":
				return firmware.hasFindAndExport ? answer("") : undefined;
			case "NAME": {
				if (argument === "?") return answer(`${this.prefix("Name")}${settings.name}`);
				if (argument === undefined) return undefined;
				const name = text.slice("NAME,".length);
				if (name.length > NAME_CHARACTERS_MAX || name.includes(" ")) return undefined;
				return change(() => {
					settings.name = name;
				});
			}
			case "EXPORT":
				return firmware.hasFindAndExport ? this.#export(argument) : undefined;
			case "IMPORT":
				return firmware.hasFindAndExport ? this.#import(argument) : undefined;
			case "SLEEP":
				this.#job = undefined;
				this.#response = undefined;
				if (!firmware.sleepKeepsTemperature) this.compensationCelsius = 25;
				this.#enter({ kind: "asleep" });
				return "silent";
			case "I2C": {
				const address = decimalOf(argument);
				if (address === undefined || address < 1 || address > 127) return undefined;
				settings.address = Math.floor(address);
				this.#reboot();
				return "silent";
			}
			case "BAUD":
				if (settings.isProtocolLocked || decimalOf(argument) === undefined) return undefined;
				settings.isInUartMode = true;
				this.#reboot();
				return "silent";
			case "FACTORY":
				settings.own = { ...this.#factory };
				settings.name = "";
				settings.isLedOn = true;
				this.#reboot();
				return "silent";
			default:
				return this.execute(words);
		}
	}

	#flag(
		name: string,
		argument: string | undefined,
		key: "isLedOn" | "isProtocolLocked",
	): EzoOutcome | undefined {
		if (argument === "?") return answer(`${this.prefix(name)}${this.settings[key] ? 1 : 0}`);
		if (argument !== "0" && argument !== "1") return undefined;
		return change(() => {
			this.settings[key] = argument === "1";
			this.#reportCurrent();
		});
	}

	#export(argument: string | undefined): EzoOutcome | undefined {
		if (argument === "?") {
			const prefix = this.firmware.exportForm === "bare" ? "" : this.prefix("Export");
			return answer(`${prefix}${this.#transfer.summary}`);
		}
		return argument === undefined
			? answer(this.#transfer.nextString(this.settings.own))
			: undefined;
	}

	#import(argument: string | undefined): EzoOutcome | undefined {
		const part = this.#transfer.partOf(argument ?? "");
		if (part === undefined) return undefined;
		return change(() => {
			const own = this.#transfer.take(part, this.settings.own);
			if (own === undefined) {
				if (this.firmware.importTakes === "whole") return;
				this.settings.own = this.#transfer.half(this.settings.own);
				return;
			}
			// The circuit restarts whether it took the strings or not.
			if (own !== "refused") this.settings.own = own;
			this.#reboot();
		});
	}

	#delay(of: EzoDuration): number {
		return (
			millisecondsOf(this.#kind, this.firmware, of, this.#board, this.#random) +
			this.lateMilliseconds
		);
	}

	/** Brings the circuit up to the present. */
	#settle(): void {
		const now = this.clock.microseconds;
		if (this.#state.kind === "booting" && now >= this.#state.untilMicroseconds) {
			this.#enter({ kind: "awake" });
			this.onStart();
		}
		const job = this.#job;
		if (job === undefined || now < job.readyMicroseconds) return;
		this.#job = undefined;
		this.#response = job;
		job.commit?.();
		this.#reportCurrent();
	}

	#isListening(): boolean {
		if (this.settings.isInUartMode) return false;
		return this.#state.kind === "awake" || this.isAsleep;
	}

	#wake(): void {
		this.#enter({ kind: "awake" });
	}

	/** A restart on command: RAM goes, power stays. */
	#reboot(): void {
		this.#forget();
		this.#boot("S");
	}

	#boot(code: "P" | "S"): void {
		this.#restartCode = code;
		const untilMicroseconds = this.clock.microseconds + this.#delay("boot") * 1000;
		this.#enter({ kind: "booting", untilMicroseconds });
	}

	#forget(): void {
		this.#job = undefined;
		this.#response = undefined;
		this.#transfer.forget();
		this.compensationCelsius = 25;
		this.onPowerLost();
	}

	#enter(state: State): void {
		this.#state = state;
		this.#reportCurrent();
	}

	#reportCurrent(): void {
		if (this.#onCurrent === undefined) return;
		const milliamperes = !this.isPowered
			? 0
			: milliamperesOf(this.#kind, this.#supplyVolts, this.settings.isLedOn, this.#activity());
		if (milliamperes === this.#milliamperes) return;
		this.#milliamperes = milliamperes;
		this.#onCurrent(milliamperes);
	}

	#activity(): "sleep" | "standby" | "longest" {
		if (this.isAsleep) return "sleep";
		return this.#job?.isHungry === true ? "longest" : "standby";
	}
}

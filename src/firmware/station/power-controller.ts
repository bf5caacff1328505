/**
 * The station's side of its battery: how much it has, as far as anybody can tell, at which pace that lets it measure and
 * upload, and for how long. A battery of which the configuration does not say what it is changes no pace here.
 */
import type { StationConfiguration } from "../config/configuration.js";
import {
	CHEMISTRIES,
	type ChemistryName,
	chargeOf,
	EVENT_LEVEL_MAX,
	type Forecast,
	forecastOf,
	IDLE_MILLIWATT_HOURS_A_DAY,
	LAST_LEVEL,
	LEVELS,
	levelOf,
	READING_MILLIWATT_HOURS,
	stretchedSecondsOf,
	TURBIDITY_MILLIWATT_HOURS,
} from "../config/power-policy.js";
import type { AnswerFields } from "../console/service.js";

/**
 * A panel that charges lifts the voltage by day: what counts is the lowest charge of the last half to whole day, which
 * has a night in it.
 */
const LOOK_BACK_MILLISECONDS = 43_200_000;
/** Counted coulombs follow a voltage that tells slowly: a day of readings. */
const PULL = 256;
/** Of an unknown one nothing is left out. */
const CELSIUS_START = 20;
const UNKNOWN = 0xffff;
const MILLICOULOMBS_PER_MILLIAMPERE_HOUR = 3600;
const VOLTS: Readonly<Record<ChemistryName, number>> = Object.freeze({
	"lead-acid": 12,
	"li-ion": 3.6,
	lifepo4: 12.8,
});
/** f64 rotated, f64 counted at; i32 counted mC; u16 lowest, u16 before; u16 load, u16 before, 0.1 mA; i8 degC; u8 level; u8 skipped; zero; u16 from the panel, 0.1 mA; zero. */
export const POWER_CONTROLLER_BYTES = 36;

/** What a measurement says of the battery. */
export interface BatteryMeasurement {
	/** Undefined where its gauge is not to be believed. */
	readonly millivolts: number | undefined;
	/** Out of the battery, where the gauge measures it. */
	readonly milliamperes: number | undefined;
	readonly celsius: number | undefined;
	readonly withTurbidity: boolean;
}

export interface PowerControllerOptions {
	readonly clock: { readonly milliseconds: number };
	readonly configuration: () => StationConfiguration;
	/** From `save` of the last wake; changed in place. */
	readonly state: Uint8Array | undefined;
	readonly record: (level: number, text: string) => void;
}

export class PowerController {
	readonly #options: PowerControllerOptions;
	readonly #bytes: Uint8Array;
	readonly #view: DataView;

	constructor(options: PowerControllerOptions) {
		this.#options = options;
		const { state } = options;
		const isKnown = state?.length === POWER_CONTROLLER_BYTES;
		this.#bytes = isKnown ? state : new Uint8Array(POWER_CONTROLLER_BYTES);
		this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, POWER_CONTROLLER_BYTES);
		if (!isKnown) this.#forget();
	}

	/** Index into LEVELS; undefined where no policy holds. */
	get level(): number | undefined {
		return this.#chemistry === undefined ? undefined : this.#view.getUint8(29);
	}

	/** The battery would be harmed by radio and erases. */
	get isSilent(): boolean {
		return this.level === LAST_LEVEL;
	}

	/** Between readings, as it would be without an event; undefined where no policy holds. */
	get intervalSeconds(): number | undefined {
		const { level } = this;
		if (level === undefined) return undefined;
		return stretchedSecondsOf(this.#options.configuration().intervalSeconds, level);
	}

	/** Events are measured no more often than is configured. */
	get isSparing(): boolean {
		return (this.level ?? 0) > EVENT_LEVEL_MAX;
	}

	/** The configured upload interval is so many times as long; undefined where no policy holds. */
	get uploadFactor(): number | undefined {
		const { level } = this;
		// At the level without radio it is not asked.
		return level === undefined ? undefined : LEVELS[level]?.upload || 1;
	}

	/** Whether this reading has turbidity; `isEvent`: all have. Counts the readings. */
	takesTurbidity(isEvent: boolean): boolean {
		const { turbidityEvery = 1 } = this.#options.configuration();
		const every = Math.max(LEVELS[this.level ?? 0]?.turbidity ?? 1, turbidityEvery);
		const skipped = this.#view.getUint8(30);
		const isDue = skipped + 1 >= every || (isEvent && !this.isSparing);
		this.#view.setUint8(30, isDue ? 0 : skipped + 1);
		return isDue;
	}

	/** Charge, 0.001; undefined where it is not known. */
	get charge(): number | undefined {
		const lowest = Math.min(this.#view.getUint16(20, true), this.#view.getUint16(22, true));
		return lowest === UNKNOWN || this.#chemistry === undefined ? undefined : lowest;
	}

	/** What is left of coulombs, where they are counted, mC. */
	get countedMillicoulombs(): number | undefined {
		const counted = this.#view.getInt32(16, true);
		return counted < 0 ? undefined : counted;
	}

	/** By the policy, without sun; undefined without charge or capacity. */
	get forecast(): Forecast | undefined {
		const { charge } = this;
		const chemistry = this.#chemistry;
		const configuration = this.#options.configuration();
		const { batteryMilliampereHours = 0, turbidityEvery = 1 } = configuration;
		if (charge === undefined || chemistry === undefined || batteryMilliampereHours === 0) {
			return undefined;
		}
		return forecastOf({
			capacityMilliwattHours: batteryMilliampereHours * VOLTS[chemistry],
			charge,
			chemistry,
			celsius: this.#view.getInt8(28),
			intervalSeconds: configuration.intervalSeconds,
			uploadIntervalSeconds: configuration.uploadIntervalSeconds,
			turbidityEvery,
		});
	}

	/** After each measurement. */
	judge(battery: BatteryMeasurement): void {
		const { millivolts, celsius } = battery;
		const chemistry = this.#chemistry;
		if (chemistry === undefined || millivolts === undefined) return;
		const view = this.#view;
		const now = this.#options.clock.milliseconds;
		if (celsius !== undefined) view.setInt8(28, Math.round(celsius));
		const byVoltage = chargeOf(chemistry, millivolts, view.getInt8(28));
		const charge = this.#counted(byVoltage, battery) ?? byVoltage;
		if (now - view.getFloat64(0, true) >= LOOK_BACK_MILLISECONDS) {
			view.setFloat64(0, now, true);
			this.#copy(22, 20);
			this.#copy(26, 24);
			view.setUint16(20, charge ?? UNKNOWN, true);
			view.setUint16(24, 0, true);
		}
		view.setUint16(20, Math.min(view.getUint16(20, true), charge ?? UNKNOWN), true);
		const was = view.getUint8(29);
		const level = this.charge === undefined ? 0 : levelOf(this.charge, was);
		if (level === was) return;
		view.setUint8(29, level);
		const percent = this.charge === undefined ? "?" : this.charge / 10;
		const { days = "?" } = this.forecast ?? {};
		this.#options.record(level, `charge ${percent} %, ${days} days without sun`);
	}

	/** For `status`. */
	get answer(): AnswerFields {
		const { charge, forecast, level } = this;
		return {
			powerLevel: level ?? "none",
			chargePerMille: charge ?? "unknown",
			forecastDays: forecast?.days ?? "unknown",
			monthMilliwattHours: forecast?.monthMilliwattHours ?? "unknown",
			forecastAssumes: "no-sun,no-events",
		};
	}

	/** For retained memory; not a copy. */
	save(): Uint8Array {
		return this.#bytes;
	}

	get #chemistry(): ChemistryName | undefined {
		const { batteryChemistry = "unstated", supply } = this.#options.configuration();
		return batteryChemistry === "unstated" || supply !== "battery" ? undefined : batteryChemistry;
	}

	#forget(): void {
		this.#view.setFloat64(0, this.#options.clock.milliseconds, true);
		for (const at of [20, 22]) this.#view.setUint16(at, UNKNOWN, true);
		this.#view.setInt32(16, -1, true);
		this.#view.setInt8(28, CELSIUS_START);
	}

	#copy(to: number, from: number): void {
		this.#view.setUint16(to, this.#view.getUint16(from, true), true);
	}

	/**
	 * Coulombs: out of it goes what the account says of a reading and of idling; into it what the panel brings, which is
	 * what the gauge shows less, while turbidity is measured, than it showed most within a day: that was a night's. What
	 * it brings now it has brought since the last reading. 0.001, undefined where nothing counts.
	 */
	#counted(
		byVoltage: number | undefined,
		{ milliamperes, withTurbidity }: BatteryMeasurement,
	): number | undefined {
		const view = this.#view;
		const chemistry = this.#chemistry;
		const capacity =
			(this.#options.configuration().batteryMilliampereHours ?? 0) *
			MILLICOULOMBS_PER_MILLIAMPERE_HOUR;
		if (milliamperes === undefined || capacity === 0 || chemistry === undefined) return undefined;
		const now = this.#options.clock.milliseconds;
		const since = (now - view.getFloat64(8, true)) / 1000;
		view.setFloat64(8, now, true);
		if (withTurbidity) {
			const drawn = Math.max(Math.round(milliamperes * 10), 0);
			view.setUint16(24, Math.max(view.getUint16(24, true), drawn), true);
			const load = Math.max(view.getUint16(24, true), view.getUint16(26, true));
			view.setUint16(32, Math.min(load - milliamperes * 10, UNKNOWN), true);
		}
		let counted = view.getInt32(16, true);
		if (counted < 0) {
			if (byVoltage === undefined) return undefined;
			counted = (byVoltage * capacity) / 1000;
		} else {
			const ofTurbidity = withTurbidity ? TURBIDITY_MILLIWATT_HOURS : 0;
			const spent =
				(since * IDLE_MILLIWATT_HOURS_A_DAY) / 86_400 + READING_MILLIWATT_HOURS + ofTurbidity;
			counted +=
				(view.getUint16(32, true) / 10) * since -
				(spent * MILLICOULOMBS_PER_MILLIAMPERE_HOUR) / VOLTS[chemistry];
			const byVoltageCharge = ((byVoltage ?? 0) * capacity) / 1000;
			// Outside its plateau a voltage that has one tells at once.
			const pull = CHEMISTRIES[chemistry].plateau[1] > 0 ? 1 : PULL;
			if (byVoltage !== undefined) counted += (byVoltageCharge - counted) / pull;
		}
		counted = Math.min(Math.max(counted, 0), capacity);
		view.setInt32(16, Math.round(counted), true);
		return Math.round((counted * 1000) / capacity);
	}
}

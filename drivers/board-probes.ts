/** What hangs on which bus of the reference board, and what may hang there in its place. */
import { StationError } from "../src/core/errors.js";
import type { StationConfiguration } from "../src/firmware/config/configuration.js";
import { CONFIGURATION_FIELDS } from "../src/firmware/config/configuration-fields.js";
import type { FurtherProbes, WaterProbes } from "../src/firmware/measure/probes.js";
import type {
	BatterySample,
	FurtherSensor,
	Sensor,
	TemperatureSample,
	TurbiditySample,
} from "../src/firmware/measure/sensor.js";
import type { Board } from "../src/firmware/ports.js";
import ADS1115 from "./ads1115.js";
import DissolvedOxygen from "./atlas-ezo/do.js";
import Conductivity from "./atlas-ezo/ec.js";
import PH from "./atlas-ezo/ph.js";
import RTD from "./atlas-ezo/rtd.js";
import BatteryDivider from "./battery-divider.js";
import DS18B20 from "./ds18b20.js";
import DS3231 from "./ds3231.js";
import INA226 from "./ina226.js";
import Loop420 from "./turbidity/loop-4-20ma.js";
import Obs3 from "./turbidity/obs-3.js";
import Sen0189 from "./turbidity/sen0189.js";

/** The buses that probes hang on. */
export type ProbeBoard = Pick<Board, "probeBus" | "systemBus" | "oneWire">;

/** What the drivers get of the configuration. */
export type ProbeChoice = Pick<
	StationConfiguration,
	| "turbidityProbe"
	| "thermometer"
	| "batteryGauge"
	| "loopShuntMilliohms"
	| "oxygenProbe"
	| "airPressureHectopascals"
>;

/** What a row of the tables below has to build with. */
interface Parts {
	readonly board: ProbeBoard;
	readonly converter: ADS1115;
	readonly choice: ProbeChoice;
}

type Rows<Kind extends string, Sample> = Readonly<Record<Kind, (parts: Parts) => Sensor<Sample>>>;

const TURBIDITY: Rows<ProbeChoice["turbidityProbe"], TurbiditySample> = Object.freeze({
	// 22 mA over 150 ohms are 3.3 V: fault levels fit only below 4.096 V, 125 uV a code.
	"loop-4-20": ({ converter, choice }: Parts) =>
		new Loop420({
			sensor: converter.channel(0, 4096),
			shuntMilliohms: choice.loopShuntMilliohms,
		}),
	// Outputs to 2.5 V: beyond +-2.048 V.
	"obs-3": ({ converter }: Parts) =>
		new Obs3({ sensor: { low: converter.channel(2, 4096), high: converter.channel(3, 4096) } }),
	// 4.6 V * 20 / 30 = 3.07 V, below the converter's supply.
	sen0189: ({ converter }: Parts) =>
		new Sen0189({ sensor: converter.channel(2, 4096), upperOhms: 10_000, lowerOhms: 20_000 }),
});

const THERMOMETER: Rows<ProbeChoice["thermometer"], TemperatureSample> = Object.freeze({
	"ezo-rtd": ({ board }: Parts) => new RTD({ sensor: board.probeBus.connection }),
	ds18b20: ({ board }: Parts) =>
		board.oneWire === undefined ? new NoThermometer() : new DS18B20({ sensor: board.oneWire }),
});

const BATTERY: Rows<ProbeChoice["batteryGauge"], BatterySample> = Object.freeze({
	// 15 V / 6 = 2.5 V. The input's 6 megohms load the divider by 0.28 %.
	divider: ({ converter }: Parts) =>
		new BatteryDivider({
			sensor: converter.channel(1, 4096),
			upperOhms: 100_000,
			lowerOhms: 20_000,
		}),
	ina226: ({ board }: Parts) => new INA226({ sensor: board.systemBus.connection, shuntOhms: 0.1 }),
});

const OXYGEN: Readonly<
	Record<NonNullable<ProbeChoice["oxygenProbe"]>, ((parts: Parts) => FurtherSensor) | undefined>
> = Object.freeze({
	none: undefined,
	"ezo-do": ({ board, choice }: Parts) => {
		const { start } = CONFIGURATION_FIELDS.airPressureHectopascals;
		const hectopascals = choice.airPressureHectopascals ?? start;
		return new DissolvedOxygen({ sensor: board.probeBus.connection, hectopascals });
	},
});

/** Channels that not every station has; undefined where no probe is fitted. */
const FURTHER: Readonly<Record<keyof FurtherProbes, (parts: Parts) => FurtherSensor | undefined>> =
	Object.freeze({
		dissolvedOxygen: (parts: Parts) => OXYGEN[parts.choice.oxygenProbe ?? "none"]?.(parts),
	});

const FURTHER_NAMES = Object.freeze(Object.keys(FURTHER) as (keyof FurtherProbes)[]);

/**
 * Opens every probe of the board without a word on its buses: EZO pH 0x63, EC 0x64 and RTD 0x66 on
 * the probe bus, EZO DO 0x61 where one is fitted, or a DS18B20 on the 1-Wire bus for the RTD; ADS1115 0x48 on the system bus with the
 * loop's shunt at AIN0, the battery at AIN1 through 100 k over 20 k, an OBS-3+ at AIN2 (low range)
 * and AIN3 (high), or a SEN0189 at AIN2 through 10 k over 20 k; INA226 0x40 on the system bus, 0.1
 * ohm. Close what it returns before opening anew.
 */
export function openWaterProbes(board: ProbeBoard, choice: ProbeChoice): WaterProbes {
	const onProbeBus = { sensor: board.probeBus.connection };
	const converter = new ADS1115({ sensor: board.systemBus.connection });
	const parts: Parts = { board, converter, choice };
	const pH = new PH(onProbeBus);
	const conductivity = new Conductivity(onProbeBus);
	const temperature = THERMOMETER[choice.thermometer](parts);
	const turbidity = TURBIDITY[choice.turbidityProbe](parts);
	const battery = BATTERY[choice.batteryGauge](parts);
	const further: Record<string, FurtherSensor> = {};
	const opened: { close(): void }[] = [pH, conductivity, temperature, turbidity, battery];
	for (const name of FURTHER_NAMES) {
		const probe = FURTHER[name](parts);
		if (probe === undefined) continue;
		further[name] = probe;
		opened.push(probe);
	}
	const close = () => {
		for (const probe of opened) probe.close();
		converter.close();
	};
	return { pH, conductivity, temperature, turbidity, battery, close, ...further };
}

/** A 1-Wire thermometer on a board without such a bus: absent, and the station continues. */
class NoThermometer implements Sensor<TemperatureSample> {
	readonly warmUpMilliseconds = 0;
	readonly pollMilliseconds = 1;

	begin(): number {
		throw new StationError("probe-absent", "a DS18B20 is configured, this board has no 1-Wire bus");
	}

	sample(): undefined {}

	close(): void {}
}

/**
 * The reference board's clock: DS3231 0x68 on the system bus; a `RealTimeClock` of the time keeper.
 */
export function openRealTimeClock(board: Pick<Board, "systemBus">): DS3231 {
	return new DS3231({ sensor: board.systemBus.connection });
}

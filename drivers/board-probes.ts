/** What hangs on which bus of the reference board. */
import type { StationConfiguration } from "../src/firmware/config/configuration.js";
import type { WaterProbes } from "../src/firmware/measure/probes.js";
import type { Board } from "../src/firmware/ports.js";
import ADS1115 from "./ads1115.js";
import Conductivity from "./atlas-ezo/ec.js";
import PH from "./atlas-ezo/ph.js";
import RTD from "./atlas-ezo/rtd.js";
import BatteryDivider from "./battery-divider.js";
import DS3231 from "./ds3231.js";
import Loop420 from "./turbidity/loop-4-20ma.js";

/**
 * Opens every probe of the reference board without a word on its buses: EZO pH 0x63, EC 0x64 and
 * RTD 0x66 on the probe bus; ADS1115 0x48 on the system bus with the loop's shunt at AIN0 and the
 * battery at AIN1 through 100 k over 20 k. Close what it returns before opening anew.
 */
export function openWaterProbes(
	board: Pick<Board, "probeBus" | "systemBus">,
	configuration: Pick<StationConfiguration, "loopShuntMilliohms">,
): WaterProbes {
	const onProbeBus = { sensor: board.probeBus.connection };
	const converter = new ADS1115({ sensor: board.systemBus.connection });
	const pH = new PH(onProbeBus);
	const conductivity = new Conductivity(onProbeBus);
	const temperature = new RTD(onProbeBus);
	return {
		pH,
		conductivity,
		temperature,
		turbidity: new Loop420({
			// 22 mA over 150 ohms are 3.3 V: fault levels fit only below 4.096 V, 125 uV a code.
			sensor: converter.channel(0, 4096),
			shuntMilliohms: configuration.loopShuntMilliohms,
		}),
		battery: new BatteryDivider({
			// 15 V / 6 = 2.5 V. The input's 6 megohms load the divider by 0.28 %.
			sensor: converter.channel(1, 4096),
			upperOhms: 100_000,
			lowerOhms: 20_000,
		}),
		close: () => {
			for (const part of [pH, conductivity, temperature, converter]) part.close();
		},
	};
}

/**
 * The reference board's clock: DS3231 0x68 on the system bus; a `RealTimeClock` of the time keeper.
 */
export function openRealTimeClock(board: Pick<Board, "systemBus">): DS3231 {
	return new DS3231({ sensor: board.systemBus.connection });
}

/** The probes of a station as measuring sees them, and how readings number their channels. */
import type { ChannelName } from "../../protocol/record/channel-set.js";
import type {
	BatterySample,
	CompensatedSensor,
	ConductivitySample,
	PHSample,
	Sensor,
	SleepingSensor,
	TemperatureSample,
	TurbiditySample,
} from "./sensor.js";

export interface WaterProbes {
	readonly pH: CompensatedSensor<PHSample> & SleepingSensor;
	readonly conductivity: Sensor<ConductivitySample> & SleepingSensor;
	readonly temperature: Sensor<TemperatureSample>;
	readonly turbidity: Sensor<TurbiditySample>;
	readonly battery: Sensor<BatterySample>;
	close(): void;
}

/**
 * Index of each channel in events, failures and the mask of failed probes: the channel set's order.
 */
export const CHANNEL_INDEXES: Readonly<Record<ChannelName, number>> = Object.freeze({
	pH: 0,
	temperature: 1,
	conductivity: 2,
	turbidity: 3,
	battery: 4,
});

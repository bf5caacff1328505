/** The probes of a station as measuring sees them, by the names of their channels. */
import type { ChannelName } from "../../protocol/record/channels.js";
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

/** A channel that a station may do without has no probe where none is fitted. */
export interface WaterProbes extends Readonly<Partial<Record<ChannelName, Sensor<unknown>>>> {
	readonly pH: CompensatedSensor<PHSample> & SleepingSensor;
	readonly conductivity: Sensor<ConductivitySample> & SleepingSensor;
	readonly temperature: Sensor<TemperatureSample>;
	readonly turbidity: Sensor<TurbiditySample>;
	readonly battery: Sensor<BatterySample>;
	close(): void;
}

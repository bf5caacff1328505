/** The probes of a station as measuring sees them, by the names of their channels. */
import type { ChannelName } from "../../protocol/record/channels.js";
import type {
	BatterySample,
	CompensatedSensor,
	ConductivitySample,
	FurtherSensor,
	PHSample,
	Sensor,
	SleepingSensor,
	TemperatureSample,
	TurbiditySample,
} from "./sensor.js";

/** Those that every station has. */
interface CommonProbes {
	readonly pH: CompensatedSensor<PHSample> & SleepingSensor;
	readonly conductivity: Sensor<ConductivitySample> & SleepingSensor;
	/** A thermometer that can be put to sleep draws less while the others measure. */
	readonly temperature: Sensor<TemperatureSample> & Partial<SleepingSensor>;
	readonly turbidity: Sensor<TurbiditySample>;
	readonly battery: Sensor<BatterySample>;
}

/** A channel that a station may do without has no probe where none is fitted. */
export type FurtherProbes = Readonly<
	Partial<Record<Exclude<ChannelName, keyof CommonProbes>, FurtherSensor>>
>;

export type WaterProbes = CommonProbes & FurtherProbes & { close(): void };

/** What a technician asked of the station and has not got yet; the cycle serves it between readings. */
import type { StationErrorCode } from "../../core/errors.js";
import { Signal } from "../../core/task.js";
import { CHANNEL_SET_1, type ChannelName } from "../../protocol/record/channel-set.js";
import { type DerivedValue, deriveWaterReading } from "../../protocol/record/derive.js";
import type { CalibrationBody, ConfigurationBody } from "../../protocol/record/entry.js";
import type { WaterReading } from "../../protocol/record/reading.js";
import type {
	AnswerFields,
	ChannelReport,
	ExportedJournal,
	ReadingReport,
	StationService,
	UploadReport,
} from "../console/service.js";
import { CHANNEL_INDEXES } from "../measure/probes.js";
import type { WaterMeasurement } from "../measure/water.js";

/** What the desk needs of the station behind it. */
export interface DeskOptions {
	readonly station: string;
	readonly firmwareVersion: number;
	readonly journal: ExportedJournal;
	readonly status: () => readonly AnswerFields[];
	/** The cycle shall look around. */
	readonly stir: () => void;
	readonly requestUpload: () => void;
}

/** A measurement that somebody waits for. */
export interface Look {
	readonly isRecorded: boolean;
	readonly signal: Signal<ReadingReport>;
}

export class ServiceDesk implements StationService {
	readonly station: string;
	readonly firmwareVersion: number;
	readonly journal: ExportedJournal;
	readonly #options: DeskOptions;
	#look: Look | undefined;
	#upload: Signal<UploadReport> | undefined;
	/** The session that runs began after the upload was asked for. */
	#isUploadUnderWay = false;

	constructor(options: DeskOptions) {
		this.#options = options;
		this.station = options.station;
		this.firmwareVersion = options.firmwareVersion;
		this.journal = options.journal;
	}

	/** The measurement that is asked for, if one is. */
	get look(): Look | undefined {
		return this.#look;
	}

	status(): readonly AnswerFields[] {
		return this.#options.status();
	}

	read(isRecorded: boolean): Signal<ReadingReport> {
		const signal = new Signal<ReadingReport>();
		this.#look = { isRecorded, signal };
		this.#options.stir();
		return signal;
	}

	upload(): Signal<UploadReport> {
		this.#upload = new Signal<UploadReport>();
		this.#isUploadUnderWay = false;
		this.#options.requestUpload();
		return this.#upload;
	}

	/** An upload session begins. */
	uploading(): void {
		this.#isUploadUnderWay = this.#upload !== undefined;
	}

	/** A measurement is done; who waited for one gets it. */
	measured(look: Look | undefined, report: ReadingReport): void {
		if (look === undefined) return;
		if (this.#look === look) this.#look = undefined;
		look.signal.set(report);
	}

	/** An upload session is over; one that had begun before the request needs another. */
	uploaded(report: UploadReport): void {
		if (this.#upload === undefined) return;
		if (!this.#isUploadUnderWay) {
			this.#options.requestUpload();
			return;
		}
		this.#upload.set(report);
		this.#upload = undefined;
	}
}

/**
 * A measurement as the line tells it, derived as whoever reads the record will: by the entries of the
 * configuration that the station runs on.
 */
export function reportOf(
	measurement: WaterMeasurement,
	entries: readonly (ConfigurationBody | CalibrationBody)[],
	place: Omit<ReadingReport, "channels">,
): ReadingReport {
	const { reading } = measurement;
	let configuration: ConfigurationBody | undefined;
	const calibrations: CalibrationBody[] = [];
	for (const entry of entries) {
		if (entry.kind === "configuration") configuration = entry;
		else calibrations.push(entry);
	}
	const derived = deriveWaterReading(reading, configuration, (channel, id) =>
		calibrations.find((entry) => entry.channel === channel && entry.calibrationId === id),
	);
	const failureOf = (channel: ChannelName): StationErrorCode | undefined =>
		measurement.failures.find(({ channel: index }) => index === CHANNEL_INDEXES[channel])?.code;
	const channel = (
		name: ChannelName,
		value: DerivedValue,
		raw: keyof WaterReading | undefined,
	): ChannelReport => {
		const field = CHANNEL_SET_1.fields.find(
			(each) => each.channel === name && each.role === "value",
		);
		const steps = raw === undefined ? undefined : reading[raw];
		return {
			channel: name,
			derived: value,
			raw: steps === undefined ? undefined : steps / (field?.scale ?? 1),
			rawUnit: field?.unit ?? "",
			flags: value.flags,
			bus: CHANNEL_INDEXES[name] <= CHANNEL_INDEXES.conductivity ? "probe-bus" : "system-bus",
			failure: failureOf(name),
		};
	};
	return {
		...place,
		channels: [
			channel("pH", derived.pH, undefined),
			channel("temperature", derived.temperatureCelsius, undefined),
			channel("conductivity", derived.conductivityAt25, "conductivityHundredths"),
			channel("turbidity", derived.turbidity, "turbidityMicrovolts"),
			channel("battery", derived.batteryVolts, undefined),
		],
	};
}

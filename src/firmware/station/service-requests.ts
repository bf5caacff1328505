/** What a technician asked of the station and has not got yet; the cycle serves it between readings. */
import { Signal } from "../../core/task.js";
import { valueFieldOf } from "../../protocol/record/channel-set.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { deriveReading } from "../../protocol/record/derive.js";
import type { CalibrationBody, ConfigurationBody } from "../../protocol/record/entry-layouts.js";
import type {
	AnswerFields,
	ChannelReport,
	ExportableJournal,
	ProvisioningService,
	ReadingReport,
	StationService,
	UploadReport,
} from "../console/service.js";
import type { WaterMeasurement } from "../measure/water.js";

/** What they need of the station. */
export interface ServiceRequestsOptions {
	readonly station: string;
	readonly firmwareVersion: number;
	readonly journal: ExportableJournal;
	readonly status: () => readonly AnswerFields[];
	/** The cycle shall look around. */
	readonly wake: () => void;
	readonly requestUpload: () => void;
	readonly calibrations: StationService["calibrations"];
	readonly provisioning: ProvisioningService;
}

/** A measurement that somebody waits for. */
export interface MeasurementRequest {
	readonly isRecorded: boolean;
	readonly signal: Signal<ReadingReport>;
}

export class ServiceRequests implements StationService {
	readonly station: string;
	readonly firmwareVersion: number;
	readonly journal: ExportableJournal;
	readonly calibrations: StationService["calibrations"];
	readonly #options: ServiceRequestsOptions;
	#request: MeasurementRequest | undefined;
	#upload: Signal<UploadReport> | undefined;
	/** The session that runs began after the upload was asked for. */
	#isUploadUnderWay = false;

	constructor(options: ServiceRequestsOptions) {
		this.#options = options;
		this.station = options.station;
		this.firmwareVersion = options.firmwareVersion;
		this.journal = options.journal;
		this.calibrations = options.calibrations;
	}

	/** The measurement that is asked for, if one is. */
	get request(): MeasurementRequest | undefined {
		return this.#request;
	}

	get provisioning(): ProvisioningService {
		return this.#options.provisioning;
	}

	status(): readonly AnswerFields[] {
		return this.#options.status();
	}

	read(isRecorded: boolean): Signal<ReadingReport> {
		const signal = new Signal<ReadingReport>();
		this.#request = { isRecorded, signal };
		this.#options.wake();
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

	/** A measurement is done; a request that waits gets it. */
	measured(request: MeasurementRequest | undefined, report: ReadingReport): void {
		if (request === undefined) return;
		if (this.#request === request) this.#request = undefined;
		request.signal.set(report);
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
	facts: Omit<ReadingReport, "channels">,
): ReadingReport {
	const { reading, set, failures } = measurement;
	let configuration: ConfigurationBody | undefined;
	const calibrations: CalibrationBody[] = [];
	for (const entry of entries) {
		if (entry.kind === "configuration") configuration = entry;
		else calibrations.push(entry);
	}
	const derived = deriveReading(set, reading, configuration, (channel, id) =>
		calibrations.find((entry) => entry.channel === channel && entry.calibrationId === id),
	);
	const channels = CHANNELS.flatMap(({ name, bus, derivation }, index): ChannelReport[] => {
		const field = valueFieldOf(set, name);
		if (field === undefined) return [];
		// What is published as it was measured is not said twice.
		const steps = derivation === "measured" ? undefined : reading[name].value;
		const report = {
			channel: name,
			derived: derived[name],
			raw: steps === undefined ? undefined : steps / field.scale,
			rawUnit: field.unit,
			flags: derived[name].flags,
			bus: bus === "probe" ? ("probe-bus" as const) : ("system-bus" as const),
			failure: failures.find(({ channel }) => channel === index)?.code,
		};
		return [report];
	});
	return { ...facts, channels };
}

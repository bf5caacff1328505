/** Calibrations out of a chain's entries: each closing entry with the parts that count with it. docs/FORMAT.md, 1. */
import { concatBytes } from "../../core/bytes.js";
import { type CalibrationPoint, decodePoint, PARTS, textOfPieces } from "../calibration/parts.js";
import {
	AIR,
	isStandard,
	MOIST_AIR,
	REFERENCE,
	standardAt,
	standardOf,
} from "../calibration/standards.js";
import { CHANNELS, type ChannelName } from "../record/channels.js";
import type { CalibrationBody, CalibrationPartBody, Entry } from "../record/entry-layouts.js";

/** Curves of the configuration, and changes found later: indexes into CALIBRATION_ACTS. */
const BY_NOBODY: readonly number[] = Object.freeze([0, 7]);

export interface LoggedCalibration {
	readonly entry: Entry & CalibrationBody;
	readonly points: readonly CalibrationPoint[];
	/** `name|lot|expiry` of each bottle, as far as the boot names them. */
	readonly standards: readonly string[];
	readonly person: string;
	readonly circuit: string;
	/** Doubts, reasons, note. */
	readonly note: string;
	readonly exportBefore: Uint8Array;
}

export class CalibrationLog {
	#parts: CalibrationPartBody[] = [];
	#person = "";
	#labels: string[] = [];

	/** Takes entries in their order; a calibration when its closing entry comes. */
	observe(entry: Entry): LoggedCalibration | undefined {
		if (entry.kind === "boot") {
			this.#parts = [];
			this.#person = "";
			this.#labels = [];
		}
		if (entry.kind === "calibration-part") {
			if (entry.index === 0) this.#parts = [];
			this.#parts.push(entry);
		}
		if (entry.kind !== "calibration") return undefined;
		const parts = this.#parts.filter((part) => part.calibrationId === entry.calibrationId);
		this.#parts = [];
		const piecesOf = (type: number): Uint8Array[] =>
			parts.filter((part) => part.type === type).map((part) => part.contents);
		const textOf = (type: number): string => textOfPieces(piecesOf(type));
		this.#person = textOf(PARTS.person) || this.#person;
		this.#labels.push(
			...textOf(PARTS.standards)
				.split(";")
				.filter((label) => label !== ""),
		);
		const points = piecesOf(PARTS.point).map(decodePoint);
		return {
			entry,
			points,
			standards: points.map((point) => this.#labelOf(point, CHANNELS[entry.channel]?.name)),
			person: BY_NOBODY.includes(entry.act) ? "" : this.#person,
			circuit: textOf(PARTS.circuit),
			note: textOf(PARTS.note),
			exportBefore: concatBytes(...piecesOf(PARTS.exportBefore)),
		};
	}

	/** The bottle that was named last and is worth this. */
	#labelOf({ nominal }: CalibrationPoint, channel: ChannelName | undefined): string {
		if (nominal === 0 && channel === "conductivity") return AIR;
		for (let index = this.#labels.length - 1; index >= 0; index--) {
			const label = this.#labels[index] ?? "";
			const name = label.split("|")[0] ?? "";
			// Of the air it depends on the pressure.
			const isAir = name === MOIST_AIR && nominal > 0 && channel === "dissolvedOxygen";
			const isHere = isStandard(name) && standardOf(name).channel === channel;
			if (isAir || (isHere && standardAt(name, 25) === nominal)) return label;
		}
		return REFERENCE;
	}
}

/**
 * Which configuration is in force. A new one, out of a verified acknowledgement, is taken on trial: it
 * stays when an upload is acknowledged under it, and gives way to the last good one when none is
 * within its time, or when the station boots too often under it. So no configuration can cut a
 * station off for good. Ids only grow: one that failed is never tried again, and an older one is
 * refused. What a configuration cannot say (keys, epoch) it cannot change.
 */
import { asciiBytes, asciiText, equalBytes } from "../../core/bytes.js";
import { crc32 } from "../../core/crc32.js";
import { StationError } from "../../core/errors.js";
import { isDigits } from "../../core/text.js";
import type { SettingsMemory } from "../ports.js";
import {
	canonicalConfiguration,
	type StationConfiguration,
	validateConfiguration,
} from "./configuration.js";
import { ConfigurationStore } from "./configuration-store.js";
import { parseCanonicalConfiguration, parseStoredConfiguration } from "./parse-configuration.js";

/**
 * Fifteen attempts at least (docs/WIRE.md, section 6): an access point that is rebooted does not fail a good
 * configuration.
 */
export const TRIAL_MILLISECONDS_MAX = 6 * 3_600_000;
/** Boots under one: each begins the trial's time anew, because the loss of power takes the clock. */
export const TRIAL_BOOTS_MAX = 3;

/** Before each complaint of parse-configuration.ts; too long for an event. */
const PREFIX = "configuration: ";

/** What became of configurations, for the record. */
export type ConfigurationEvent =
	/** In force from now on, on trial. */
	| { readonly kind: "taken-up"; readonly id: number }
	| { readonly kind: "confirmed"; readonly id: number }
	/** `id` was given up; the last good one is in force again. */
	| { readonly kind: "reverted"; readonly id: number; readonly text: string }
	/** Nothing changed. `id` 0 where it could not be read. */
	| { readonly kind: "refused"; readonly id: number; readonly text: string }
	/** A bank of the store could not be read. */
	| { readonly kind: "damaged"; readonly bank: number };

/** What one wake leaves to the next. */
export interface ManagerState {
	/** End of the trial under way, on the board's clock, or undefined. */
	readonly trialEndsMilliseconds: number | undefined;
	/** CRC-32 of the offer that was refused last, 0 none: the collector offers it at every upload. */
	readonly refusedOffer: number;
	/**
	 * The verdict on the newest that was tried while the settings refuse to hold it: its id when it was
	 * confirmed, less than zero when it was given up; 0 none.
	 */
	readonly settledId: number;
}

export interface ConfigurationManagerOptions {
	/** What the station was provisioned with. */
	readonly provisioned: StationConfiguration;
	readonly memory: SettingsMemory;
	readonly clock: { readonly milliseconds: number };
	/** Of the last wake; undefined: a boot. */
	readonly state: ManagerState | undefined;
}

interface Trial {
	readonly configuration: StationConfiguration;
	readonly canonicalBytes: Uint8Array;
	readonly endsMilliseconds: number;
}

export class ConfigurationManager {
	readonly #options: ConfigurationManagerOptions;
	readonly #store: ConfigurationStore;
	#good: StationConfiguration;
	#trial: Trial | undefined;
	/** The highest that was ever in force or tried. */
	#highestId: number;
	#offer: Uint8Array | undefined;
	#refusedOffer: number;
	#isConfirmed = false;
	/** As in ManagerState. */
	#settledId: number;
	/** Was on trial, and this boot is one too many to begin under it. */
	#abandoned: { readonly id: number; readonly text: string } | undefined;
	readonly #events: ConfigurationEvent[] = [];

	/** Throws `configuration-invalid` for what was provisioned, and for nothing else. */
	constructor(options: ConfigurationManagerOptions) {
		this.#options = options;
		// What was provisioned changes by a boot alone: a wake has it as it was looked at.
		if (options.state === undefined) validateConfiguration(options.provisioned);
		this.#good = options.provisioned;
		this.#store = new ConfigurationStore(options.memory);
		this.#refusedOffer = options.state?.refusedOffer ?? 0;
		this.#settledId = options.state?.settledId ?? 0;
		const { good, newest, damaged, unreported } = this.#store.load();
		const isBoot = options.state === undefined;
		if (isBoot) for (const bank of damaged) this.#events.push({ kind: "damaged", bank });
		this.#highestId = Math.max(this.#good.id, good?.id ?? 0, newest?.id ?? 0);
		if (isBoot && unreported !== undefined) {
			const { id, isGood } = unreported;
			// Power was cut between the verdict and its entry.
			if (isGood) this.#events.push({ kind: "confirmed", id });
			else this.#events.push({ kind: "reverted", id, text: "before this boot" });
		}
		// Provisioning a board anew under a higher id is deliberate.
		if (good !== undefined && good.id > this.#good.id) {
			this.#good = this.#readStored(good.id, good.canonicalBytes, isBoot) ?? this.#good;
		}
		if (newest?.state === "trial" && newest.id > this.#good.id && newest.id !== -this.#settledId) {
			const configuration = this.#readStored(newest.id, newest.canonicalBytes, isBoot);
			if (configuration !== undefined)
				this.#resume(configuration, newest.canonicalBytes, newest.boots);
		}
	}

	/** In force. */
	get configuration(): StationConfiguration {
		return this.#trial?.configuration ?? this.#good;
	}

	/** End of the trial under way, on the board's clock, or undefined. */
	get trialEndsMilliseconds(): number | undefined {
		return this.#trial?.endsMilliseconds;
	}

	/** The next one has another, above. */
	get highestId(): number {
		return this.#highestId;
	}

	/** A canonical form out of a verified acknowledgement: looked at by the next `next`. */
	offer(canonicalBytes: Uint8Array): void {
		this.#offer = canonicalBytes.slice();
	}

	/** An upload was acknowledged under the configuration in force. */
	acknowledged(): void {
		if (this.#trial !== undefined) this.#isConfirmed = true;
		else if (this.#settledId !== 0) this.#settle(this.#settledId);
	}

	/**
	 * Does what is due, a step at each call, and says what it did; undefined when nothing is left. The
	 * configuration in force changes here and nowhere else.
	 */
	next(): ConfigurationEvent | undefined {
		const known = this.#events.shift();
		if (known !== undefined) return known;
		const abandoned = this.#abandoned;
		this.#abandoned = undefined;
		if (abandoned !== undefined) return this.#revert(abandoned.id, abandoned.text);
		const trial = this.#trial;
		if (trial !== undefined) {
			if (this.#isConfirmed) return this.#confirm(trial);
			if (this.#options.clock.milliseconds >= trial.endsMilliseconds) {
				return this.#revert(trial.configuration.id, "no upload was acknowledged");
			}
		}
		const offer = this.#offer;
		this.#offer = undefined;
		return offer === undefined ? undefined : this.#judge(offer);
	}

	/** The record has the verdict on `id`. */
	markReported(id: number): void {
		// Its canonical form is still where that would be written.
		if (this.#settledId > 0) return;
		try {
			this.#store.markReported(id);
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			// The next boot reports it once more, which is still true.
		}
	}

	save(): ManagerState {
		return {
			trialEndsMilliseconds: this.#trial?.endsMilliseconds,
			refusedOffer: this.#refusedOffer,
			settledId: this.#settledId,
		};
	}

	#resume(configuration: StationConfiguration, canonicalBytes: Uint8Array, boots: number): void {
		const { state, clock } = this.#options;
		const limit = clock.milliseconds + TRIAL_MILLISECONDS_MAX;
		const { id } = configuration;
		if (state?.settledId === id) {
			this.#good = configuration;
			return;
		}
		if (state?.trialEndsMilliseconds !== undefined) {
			const endsMilliseconds = Math.min(state.trialEndsMilliseconds, limit);
			this.#trial = { configuration, canonicalBytes, endsMilliseconds };
			return;
		}
		// Also in a wake: the boot gave it up, and slept before it could be recorded.
		if (boots >= TRIAL_BOOTS_MAX) {
			this.#abandoned = { id, text: `${boots} boots and no upload` };
			return;
		}
		try {
			// Counted before anything happens under it: it may be what makes the station boot.
			this.#store.try(id, canonicalBytes, boots + 1);
			this.#trial = { configuration, canonicalBytes, endsMilliseconds: limit };
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			// Uncounted boots could continue for ever.
			this.#abandoned = { id, text: error.code };
		}
	}

	#readStored(
		id: number,
		canonicalBytes: Uint8Array,
		isBoot: boolean,
	): StationConfiguration | undefined {
		try {
			const configuration = parseStoredConfiguration(canonicalBytes);
			if (configuration.station === this.#options.provisioned.station) return configuration;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
		}
		// Another firmware may have no such part, or a board hold another station's.
		if (isBoot)
			this.#events.push({ kind: "refused", id, text: "stored, but not for this firmware" });
		return undefined;
	}

	#judge(canonicalBytes: Uint8Array): ConfigurationEvent | undefined {
		const current = asciiBytes(canonicalConfiguration(this.configuration));
		// Offered until the collector has seen the entry that says it is in force.
		if (equalBytes(canonicalBytes, current)) return undefined;
		const checksum = crc32(canonicalBytes, 0, canonicalBytes.length);
		const id = idIn(canonicalBytes);
		try {
			const configuration = parseCanonicalConfiguration(canonicalBytes);
			if (configuration.station !== this.#options.provisioned.station) {
				return this.#refuse(id, checksum, `for station ${configuration.station}`);
			}
			if (id <= this.#highestId) {
				return this.#refuse(id, checksum, `not newer than ${this.#highestId}`);
			}
			// It takes the bank that still says "on trial" of one which was confirmed.
			if (this.#settledId > 0) this.#keepGood(this.#settledId);
			this.#store.try(id, canonicalBytes, 0);
			// In bank 0, or failed and its bank taken.
			this.#settledId = 0;
			const endsMilliseconds = this.#options.clock.milliseconds + TRIAL_MILLISECONDS_MAX;
			this.#trial = { configuration, canonicalBytes, endsMilliseconds };
			this.#highestId = id;
			return { kind: "taken-up", id };
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			const text = error.code === "settings-failed" ? error.code : error.message;
			return this.#refuse(id, checksum, text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
		}
	}

	/** Said once. What is wrong with it stays wrong, but settings that refused it may take it later. */
	#refuse(id: number, checksum: number, text: string): ConfigurationEvent | undefined {
		if (checksum === this.#refusedOffer) return undefined;
		this.#refusedOffer = checksum;
		return { kind: "refused", id, text };
	}

	#confirm({ configuration }: Trial): ConfigurationEvent {
		this.#isConfirmed = false;
		const { id } = configuration;
		this.#good = configuration;
		this.#trial = undefined;
		this.#settle(id);
		return { kind: "confirmed", id };
	}

	#revert(id: number, text: string): ConfigurationEvent {
		this.#trial = undefined;
		this.#settle(-id);
		return { kind: "reverted", id, text };
	}

	/** Throws StationError `settings-failed`. */
	#keepGood(id: number): void {
		this.#store.keep(id, asciiBytes(canonicalConfiguration(this.#good)));
	}

	/**
	 * Stores the verdict, as in ManagerState. What the settings refuse now holds from wake to wake, and is
	 * stored after a later upload; the next boot finds the configuration on trial and lets it prove itself
	 * again, its boots counted.
	 */
	#settle(verdict: number): void {
		this.#settledId = verdict;
		try {
			if (verdict > 0) this.#keepGood(verdict);
			else this.#store.fail(-verdict);
			this.#settledId = 0;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
		}
	}
}

/** For the report of one that may be anything; 0 where it says none. */
function idIn(canonicalBytes: Uint8Array): number {
	for (const line of asciiText(canonicalBytes).split("\r").join("\n").split("\n")) {
		if (line.startsWith("id=") && isDigits(line.slice(3), 5)) return Number(line.slice(3));
	}
	return 0;
}

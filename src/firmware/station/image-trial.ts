/**
 * A new firmware image keeps itself only by doing its work: a reading measured, stored and, where there is a network
 * within the deadline, acknowledged. Until then the station stays awake, for the bootloader takes the next
 * boot, and a deep-sleep wake may be one, for the end of the trial (ESP-IDF, "App rollback").
 */
import type { FirmwareImage } from "../ports.js";

/** First reading 20 s, then uploads with their back-off: a network that is there has answered by then. */
export const TRIAL_MILLISECONDS = 15 * 60_000;

export type TrialVerdict = "open" | "confirmed" | "failed";

export class ImageTrial {
	readonly #image: FirmwareImage;
	readonly #endMilliseconds: number;
	#isStored = false;
	#isDelivered = false;
	#hasNetwork = false;
	#verdict: TrialVerdict = "open";

	constructor(image: FirmwareImage, nowMilliseconds: number) {
		this.#image = image;
		this.#endMilliseconds = nowMilliseconds + TRIAL_MILLISECONDS;
		if (!image.isOnTrial) this.#verdict = "confirmed";
	}

	get isOpen(): boolean {
		return this.#verdict === "open";
	}

	get endMilliseconds(): number {
		return this.#endMilliseconds;
	}

	/** A reading of this image is in the journal. */
	stored(): void {
		this.#isStored = true;
	}

	/** A session ended: how many batches were acknowledged, and what was wrong with it. */
	uploaded(batches: number, errorCode: string | undefined): void {
		if (batches > 0 && this.#isStored) this.#isDelivered = true;
		// Without a link nothing can be said of this image; every later failure had a network.
		if (errorCode !== "link-timeout") this.#hasNetwork = true;
	}

	/** Confirms when all is done. "failed" once, after the deadline: restart, and the old image is back. */
	judge(nowMilliseconds: number): TrialVerdict {
		if (this.#verdict !== "open") return this.#verdict;
		const isOver = nowMilliseconds >= this.#endMilliseconds;
		const isDone = this.#isStored && (this.#isDelivered || (isOver && !this.#hasNetwork));
		if (isDone) {
			this.#image.confirm();
			this.#verdict = "confirmed";
		} else if (isOver) {
			this.#verdict = "failed";
		}
		return this.#verdict;
	}
}

/** What a station knows of its clock from wake to wake, and what becomes of a time that is offered to it. */

export interface TimeState {
	/** The last time that was believed, Unix seconds, 0 none: the RTC cannot lie before it. */
	readonly newestUtcSeconds: number;
	/** When that was, on the board's clock, or undefined after a boot. */
	readonly newestMilliseconds: number | undefined;
	readonly disciplinedMilliseconds: number | undefined;
	/** What the source left open then beyond what reading a clock does, whole seconds, 0..255. */
	readonly doubtSeconds: number;
	/** The RTC was disciplined before this boot, as the last entries say, and not set on hearsay since. */
	readonly isVouched: boolean;
	readonly stepOffer: StepOffer | undefined;
	readonly reference: DriftReference | undefined;
	/** The RTC was caught jumping or did not take a time, and nobody has put it right since. */
	readonly hasJumped: boolean;
	/** The journal did not take the last time entry. */
	readonly hasUnrecordedStep: boolean;
}

/** After a boot: what the record says of the time before it. */
export function timeStateAfter(newestUtcSeconds: number, isVouched: boolean): TimeState {
	return {
		newestUtcSeconds,
		newestMilliseconds: undefined,
		disciplinedMilliseconds: undefined,
		doubtSeconds: 0,
		isVouched,
		stepOffer: undefined,
		reference: undefined,
		hasJumped: false,
		hasUnrecordedStep: false,
	};
}

/** From here on the RTC ran by itself: its drift is measured against this. */
export interface DriftReference {
	readonly atMilliseconds: number;
	/** How slow the RTC was then by what a prompt source said, seconds, -3..3. */
	readonly behindSeconds: number;
}

export interface StepOffer {
	readonly atMilliseconds: number;
	readonly utcSeconds: number;
	/** Index into TIME_SOURCES. */
	readonly source: number;
}

/** What became of an offered time. */
export type TimeVerdict =
	| {
			readonly kind: "kept";
			readonly stepSeconds: number;
			/** More is known of the clock than in this boot before: worth a time entry. */
			readonly isNews: boolean;
	  }
	| {
			readonly kind: "stepped";
			/** Undefined where there was no time to step from. */
			readonly stepSeconds: number | undefined;
			readonly driftPartsPerBillion: number | undefined;
	  }
	/** Believed, but the RTC did not take it: the board's clock continues from it. */
	| { readonly kind: "reckoned" }
	| {
			readonly kind: "waiting-for-second-source";
			readonly stepSeconds: number;
			/** It was not said before, or something else was. */
			readonly isFirst: boolean;
	  }
	/** It says what the clock says, and nothing is changed by it. */
	| { readonly kind: "witnessed"; readonly stepSeconds: number }
	| { readonly kind: "refused"; readonly stepSeconds: number };

import { strict as assert } from "node:assert";
import { ImageTrial } from "../../../src/firmware/station/image-trial.js";

function trialOf(isOnTrial: boolean): { trial: ImageTrial; confirmations: () => number } {
	let count = 0;
	const confirm = (): void => {
		count++;
	};
	return { trial: new ImageTrial({ isOnTrial, confirm }, 0), confirmations: () => count };
}

const QUARTER_HOUR = 900_000;

describe("the trial of a new image", () => {
	it("asks nothing of an image that is confirmed", () => {
		const { trial, confirmations } = trialOf(false);
		assert.equal(trial.isOpen, false);
		assert.equal(trial.judge(QUARTER_HOUR), "confirmed");
		assert.equal(confirmations(), 0);
	});

	it("confirms after a reading was stored and acknowledged, and not before", () => {
		const { trial, confirmations } = trialOf(true);
		trial.uploaded(1, undefined);
		assert.equal(trial.judge(1000), "open");
		trial.stored();
		assert.equal(trial.judge(60_000), "open");
		trial.uploaded(1, undefined);
		assert.equal(trial.judge(61_000), "confirmed");
		assert.equal(confirmations(), 1);
	});

	it("confirms what measured and stored where there was no network until the deadline", () => {
		const { trial, confirmations } = trialOf(true);
		trial.stored();
		trial.uploaded(0, "link-timeout");
		assert.equal(trial.judge(QUARTER_HOUR - 1), "open");
		assert.equal(trial.judge(QUARTER_HOUR), "confirmed");
		assert.equal(confirmations(), 1);
	});

	it("gives way when there was a network and nothing was acknowledged", () => {
		const { trial, confirmations } = trialOf(true);
		trial.stored();
		trial.uploaded(0, "response-malformed");
		assert.equal(trial.judge(QUARTER_HOUR), "failed");
		assert.equal(confirmations(), 0);
	});

	it("gives way when it stored nothing, network or none", () => {
		const { trial } = trialOf(true);
		trial.uploaded(0, "link-timeout");
		assert.equal(trial.judge(QUARTER_HOUR), "failed");
	});
});

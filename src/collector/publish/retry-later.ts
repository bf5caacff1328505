/** What cannot be answered now, and can be soon: 503. Its message is for whoever asks. */
export class RetryLater extends Error {
	readonly seconds: number;

	constructor(message: string, seconds = 5) {
		super(message);
		this.name = "RetryLater";
		this.seconds = seconds;
	}
}

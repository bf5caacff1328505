/** Persons and bottles as the record has them: each is named once, and again when another was named in its place. */
import { PARTS } from "../../protocol/calibration/parts.js";
import { type Part, textParts } from "./probe-work.js";

export class NamedTexts {
	/** Whom, and which lot of a bottle, the record named last: a reader takes those until others are named. */
	readonly #named = new Map<string, string>();

	/** Those (a person, labels of bottles) that are not what the record named last. */
	parts(type: number, texts: readonly string[]): Part[] {
		const fresh = texts.filter((text) => {
			const topic = type === PARTS.person ? "" : (text.split("|")[0] ?? "");
			if (text === "" || this.#named.get(topic) === text) return false;
			return this.#named.set(topic, text);
		});
		return textParts(type, fresh.join(";"));
	}

	/** Parts that no closing entry came after name nobody. */
	forget(): void {
		this.#named.clear();
	}
}

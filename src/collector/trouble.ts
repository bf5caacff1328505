/** Trouble that an operator can mend: one line that says what to do. Everything else is a bug. */
export class CollectorTrouble extends Error {
	override name = "CollectorTrouble";
}

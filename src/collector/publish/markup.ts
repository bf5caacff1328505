/** Texts of others in XML and HTML. */
import { printable } from "../../host/printable.js";

/** Text that stays text; control characters and those that turn its direction become visible. */
export function escapeMarkup(text: string): string {
	return printable(text)
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;")
		.replaceAll("'", "&#39;");
}

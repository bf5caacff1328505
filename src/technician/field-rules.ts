/**
 * What is wrong with the fields for a board: by the station's own table, so that nobody plugs in a board to learn
 * it, and by what a station has not the means to check. What depends on what the board knows already it says itself.
 */
import { bytesOfHex } from "../core/bytes.js";
import { StationError } from "../core/errors.js";
import { FIELD_CHARACTERS_MAX, requireFieldText } from "../firmware/config/provisioning.js";
import { provisioningRowOf } from "../firmware/config/provisioning-fields.js";
import { type Notice, notice } from "../host/messages/notice.js";
import { isPointOfCurve } from "../host/station-result.js";

/** What stands where bytes were no UTF-8. */
const NO_CHARACTER = "%ef%bf%bd";

/** Its name and its rule, the station's own in its words; undefined where nothing is. `text` as the line takes it; empty: the field becomes untold. */
export function faultOfField(name: string, text: string): Notice | string | undefined {
	if (provisioningRowOf(name) === undefined) return notice("no-such-field", { field: name });
	if (text === "") return undefined;
	if (text.length > FIELD_CHARACTERS_MAX) {
		return notice("field-too-long", { field: name, most: FIELD_CHARACTERS_MAX });
	}
	if (text.includes(NO_CHARACTER)) return notice("not-utf8", { where: name });
	try {
		requireFieldText(name, text);
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		return error.message;
	}
	const isKey = name === "collectorPublicKey";
	return isKey && !isPointOfCurve(bytesOfHex(text))
		? notice("no-point", { field: name })
		: undefined;
}

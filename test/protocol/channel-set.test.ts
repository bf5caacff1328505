import { strict as assert } from "node:assert";
import {
	CHANNEL_SET_1,
	FIELD_BYTES,
	fieldOf,
	putField,
	readField,
	writeField,
} from "../../src/protocol/channel-set.js";

describe("channel set", () => {
	it("reads every field alike from bytes and from a view, at the ends of its type", () => {
		const bytes = new Uint8Array(3 + CHANNEL_SET_1.bodyBytes);
		const view = new DataView(bytes.buffer);
		for (const field of CHANNEL_SET_1.fields) {
			const bits = 8 * FIELD_BYTES[field.type];
			const isSigned = field.type.startsWith("i");
			const least = isSigned ? -(2 ** (bits - 1)) : 0;
			const most = least + 2 ** bits - 1;
			for (const value of [least, most, 1, most - 1, least + 1, Math.floor(most / 3)]) {
				putField(bytes, 3, field, value);
				assert.equal(readField(view, 3, field), value);
				bytes.fill(0);
				writeField(view, 3, field, value);
				assert.equal(fieldOf(bytes, 3, field), value);
				assert.equal(readField(view, 3, field), value);
			}
		}
	});
});

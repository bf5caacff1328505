// The board's adapters open their IO by themselves (../../buses.ts, ../../console.ts): nothing here is
// shared, so the provider names only what the SDK's own modules expect to find.
import Digital from "embedded:io/digital";
import I2C from "embedded:io/i2c";
import Serial from "embedded:io/serial";

export default { io: { Digital, I2C, Serial }, pin: {} };

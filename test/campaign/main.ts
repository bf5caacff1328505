/** `npm run campaign -- NAME [options]`: runs test/campaign/NAME.ts; exit 0 only if nothing broke. */
import { dispatch } from "../support/engines/dispatch.js";

await dispatch(new URL(".", import.meta.url), "campaign", process.argv.slice(2));

/** `npm run bench -- NAME [options]`: runs test/bench/NAME.ts; exit 0 only if its criteria hold. */
import { dispatch } from "../support/engines/dispatch.js";

await dispatch(new URL(".", import.meta.url), "bench", process.argv.slice(2));

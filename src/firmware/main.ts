/** The only module that is not preloaded. */
import { start } from "./board/start.js";

start();

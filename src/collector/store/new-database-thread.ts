/** The thread of new-database.ts: makes a database in the folder that it is given, and closes it. */
import { workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";

const database = await PGlite.create(workerData as string);
await database.close();

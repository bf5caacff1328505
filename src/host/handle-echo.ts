/** Sends back each handle that it is sent: what comes back is another handle of the same socket (acceptors.ts). */
process.on("message", (message, handle) => {
	process.send?.(message, handle as never);
});

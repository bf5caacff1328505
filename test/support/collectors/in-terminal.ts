/** A pseudo-terminal for a program of the project: Node has none of its own. */

/** Runs its arguments in a terminal of their own, says their pid, and ends with their exit code. */
export const IN_TERMINAL = `
import os, pty, select, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
os.write(1, b"pid %d\\n" % pid)
while True:
    ready = select.select([fd, 0], [], [])[0]
    if 0 in ready:
        os.write(fd, os.read(0, 100))
    if fd in ready:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        os.write(1, piece)
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 255)
`;

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.seal;

import static org.jvisor.assembler.Register.EAX;
import static org.jvisor.assembler.Register.EBX;
import static org.jvisor.assembler.Register.EDI;
import static org.jvisor.assembler.Register.EDX;
import static org.jvisor.assembler.Register.ESI;
import static org.jvisor.assembler.Register.R10D;
import static org.jvisor.assembler.Register.R8D;
import static org.jvisor.assembler.Register.RBP;
import static org.jvisor.assembler.Register.RBX;
import static org.jvisor.assembler.Register.RDI;
import static org.jvisor.assembler.Register.RSI;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.jvisor.api.abi.CapDataLayout;
import org.jvisor.api.abi.CapHeaderLayout;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Dirent64Layout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.SigactionLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.assembler.Assembler;
import org.jvisor.assembler.Label;

/**
 * Takes capabilities from all threads of this process, those of the virtual machine among them. They are a thread's and
 * capset(2) is about the calling one only, so each thread is made to call it: by a signal whose handler does nothing else, as C
 * libraries do for setuid(2). What /proc says of each thread afterwards decides whether it is done.
 *
 * <p>One that has its sets cut in between cannot start one that has not: a new thread has what its creator has. So the look
 * round that finds nobody with too much is the last.
 */
public final class ThreadCapabilities implements AutoCloseable {
    private static final String TASKS = "/proc/self/task";
    /** The last of the real-time signals: nobody else's, neither the C library's nor the virtual machine's. */
    private static final int SIGNAL = Signals.SIGRTMAX;
    /** For each thread to come to run, on a machine that is busy with other things. */
    private static final long WAIT_NS = 60_000_000_000L;

    /** Offsets into the page whose begin is the handler: what capset(2) takes. */
    private static final int HEADER = 256;
    private static final int DATA = HEADER + CapHeaderLayout.SIZE;

    /** No capability's number. */
    private static final int NONE = 63;
    private static final int BLOCK = 4096;
    private static final int NAME_BYTES = 64;
    /** Where the sets begin in a status. */
    private static final String SETS = "\nCapInh:";

    private final HostKernel host;
    private final int tasks;
    private final long buffer;
    private final byte[] bytes = new byte[BLOCK];
    /** Without CAP_SETPCAP nobody can cut the bounding set, and nobody here has it then. */
    private final boolean bounds;
    private int setsAt;

    /**
     * Takes hold of /proc/self/task, while there is still a way to it.
     *
     * @throws ErrnoException why not
     */
    public ThreadCapabilities(HostKernel host) {
        this.host = host;
        buffer = host.allocate(2 * BLOCK);
        long found = host.syscall(SyscallNr.OPEN, put(TASKS), Open.O_RDONLY | Open.O_DIRECTORY | Open.O_CLOEXEC);
        if (found < 0) {
            host.free(buffer);
        }
        tasks = (int) ErrnoException.check(found);
        bounds = host.syscall(SyscallNr.PRCTL, Prctl.PR_CAPBSET_DROP, NONE) != -Errno.EPERM;
    }

    /**
     * Leaves every thread no more than these capabilities: effective, permitted and bounding (which takes CAP_SETPCAP); none
     * inheritable, none ambient.
     *
     * @throws ErrnoException ETIMEDOUT when a thread keeps more, or another one's refusal
     */
    public void keep(long kept) {
        setHandler(kept);
        Set<Integer> signalled = new HashSet<>();
        // Once seen without, a thread stays so: to read its status costs more than all else.
        Set<Integer> settled = new HashSet<>();
        long begin = System.nanoTime();
        while (signalThoseWithMore(kept, signalled, settled)) {
            if (System.nanoTime() - begin > WAIT_NS) {
                throw ErrnoException.of(Errno.ETIMEDOUT);
            }
            host.syscall(SyscallNr.SCHED_YIELD);
        }
        // A signal that is still on its way goes with that. The page stays: some thread may be about to leave it.
        setAction(Signals.SIG_IGN, 0);
    }

    /** @return whether there was one */
    private boolean signalThoseWithMore(long kept, Set<Integer> signalled, Set<Integer> settled) {
        boolean found = false;
        int self = (int) host.syscall(SyscallNr.GETPID);
        ErrnoException.check(host.syscall(SyscallNr.LSEEK, tasks, 0, 0));
        for (;;) {
            int length = (int) ErrnoException.check(host.syscall(SyscallNr.GETDENTS64, tasks, buffer + BLOCK, BLOCK));
            if (length == 0) {
                return found;
            }
            for (int at = 0; at < length;) {
                long entry = buffer + BLOCK + at;
                at += host.getShort(entry + Dirent64Layout.RECLEN) & 0xffff;
                int name = number(entry + Dirent64Layout.NAME);
                if (name == 0 || settled.contains(name)) {
                    continue;
                }
                String status = status(entry + Dirent64Layout.NAME);
                if (!hasMore(status, kept)) {
                    settled.add(name);
                } else {
                    found = true;
                    // As this process's own namespace numbers it; /proc may be that of another.
                    String ids = field(status, "NSpid:", 0);
                    int thread = Integer.parseInt(ids.substring(ids.lastIndexOf('\t') + 1));
                    if (signalled.add(thread)) {
                        host.syscall(SyscallNr.TGKILL, self, thread, SIGNAL);
                    }
                }
            }
        }
    }

    /** A decimal number; 0 for a name that is none. */
    private int number(long name) {
        int value = 0;
        for (long at = name; host.getByte(at) != 0; at++) {
            int digit = host.getByte(at) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            value = 10 * value + digit;
        }
        return value;
    }

    private boolean hasMore(String status, long kept) {
        if (status.isEmpty()) {
            return false;
        }
        // The five sets stand together, at much the same place for all threads: searching from the begin takes milliseconds at a start.
        int first = status.indexOf(SETS, Math.max(0, setsAt - NAME_BYTES));
        first = first < 0 ? status.indexOf(SETS) : first;
        setsAt = first;
        long bounding = bounds ? set(status, "CapBnd:", first) : 0;
        return ((set(status, "CapPrm:", first) | set(status, "CapEff:", first) | bounding) & ~kept
            | set(status, "CapInh:", first) | set(status, "CapAmb:", first)) != 0;
    }

    private static long set(String status, String name, int from) {
        return Long.parseUnsignedLong(field(status, name, from), 16);
    }

    private static String field(String status, String name, int from) {
        int at = status.indexOf("\n" + name, from) + 1 + name.length() + 1;
        return status.substring(at, status.indexOf('\n', at));
    }

    /** What /proc/self/task/TID/status holds; nothing when the thread has ended. */
    private String status(long name) {
        int length = 0;
        while (host.getByte(name + length) != 0) {
            length++;
        }
        host.copy(name, buffer, length);
        byte[] rest = "/status\0".getBytes(StandardCharsets.ISO_8859_1);
        host.copyOut(rest, 0, rest.length, buffer + length);
        long fd = host.syscall(SyscallNr.OPENAT, tasks, buffer, Open.O_RDONLY | Open.O_CLOEXEC, 0);
        if (fd < 0) {
            return "";
        }
        // Beyond the name, and not as far as the next entry: a status has some 1500 bytes.
        long got = host.syscall(SyscallNr.READ, fd, buffer + NAME_BYTES, BLOCK - NAME_BYTES);
        host.syscall(SyscallNr.CLOSE, fd);
        if (got <= 0) {
            return "";
        }
        host.copyIn(buffer + NAME_BYTES, bytes, 0, (int) got);
        return new String(bytes, 0, (int) got, StandardCharsets.ISO_8859_1);
    }

    private void setHandler(long kept) {
        long page = ErrnoException.check(host.syscall(SyscallNr.MMAP, 0, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_WRITE,
            Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, -1, 0));
        Assembler a = new Assembler();
        handler(a, kept, page + HEADER, page + DATA);
        int restorer = a.position();
        // rt_sigreturn(2), which SA_RESTORER wants.
        a.mov(EAX, SyscallNr.RT_SIGRETURN).syscall();
        if (a.position() > HEADER) {
            throw new IllegalStateException("the handler has " + a.position() + " bytes");
        }
        byte[] code = a.code();
        host.copyOut(code, 0, code.length, page);
        host.putInt(page + HEADER + CapHeaderLayout.VERSION, Capability._LINUX_CAPABILITY_VERSION_3);
        for (int half = 0; half < 2; half++) {
            int bits = (int) (kept >>> 32 * half);
            host.putInt(page + DATA + half * CapDataLayout.SIZE + CapDataLayout.EFFECTIVE, bits);
            host.putInt(page + DATA + half * CapDataLayout.SIZE + CapDataLayout.PERMITTED, bits);
        }
        ErrnoException.check(host.syscall(SyscallNr.MPROTECT, page, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_EXEC));
        setAction(page, page + restorer);
    }

    /**
     * For each capability that is not kept prctl(PR_CAPBSET_DROP), then prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL), then
     * capset.
     */
    private static void handler(Assembler a, long kept, long header, long data) {
        Label next = new Label();
        Label keep = new Label();
        a.push(RBX).push(RBP).mov(RBP, kept).xor(EBX, EBX);
        a.bind(next).bt(RBP, RBX).jb(keep);
        a.mov(EAX, SyscallNr.PRCTL).mov(EDI, Prctl.PR_CAPBSET_DROP).mov(ESI, EBX);
        a.xor(EDX, EDX).xor(R10D, R10D).xor(R8D, R8D).syscall();
        a.bind(keep).inc(EBX).cmp(EBX, Long.SIZE).jne(next);
        a.mov(EAX, SyscallNr.PRCTL).mov(EDI, Prctl.PR_CAP_AMBIENT).mov(ESI, Prctl.PR_CAP_AMBIENT_CLEAR_ALL);
        a.xor(EDX, EDX).xor(R10D, R10D).xor(R8D, R8D).syscall();
        a.mov(EAX, SyscallNr.CAPSET).mov(RDI, header).mov(RSI, data).syscall();
        a.pop(RBP).pop(RBX).ret();
    }

    private void setAction(long handler, long restorer) {
        host.fill(buffer, SigactionLayout.SIZE, (byte) 0);
        host.putLong(buffer + SigactionLayout.HANDLER, handler);
        host.putLong(buffer + SigactionLayout.FLAGS, Signals.SA_RESTORER | Signals.SA_RESTART);
        host.putLong(buffer + SigactionLayout.RESTORER, restorer);
        host.putLong(buffer + SigactionLayout.MASK, -1);
        ErrnoException.check(host.syscall(SyscallNr.RT_SIGACTION, SIGNAL, buffer, 0, Long.BYTES));
    }

    private long put(String text) {
        byte[] string = (text + "\0").getBytes(StandardCharsets.ISO_8859_1);
        host.copyOut(string, 0, string.length, buffer);
        return buffer;
    }

    @Override
    public void close() {
        host.syscall(SyscallNr.CLOSE, tasks);
        host.free(buffer);
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.Locale;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoFileSystem;

/** A mounted /proc. */
final class ProcFileSystem extends PseudoFileSystem {
    private final ProcSystem system;
    private final PlainDirectory net;
    private final Inode root;
    private volatile Options options;
    /** Whose processes are shown; null before anybody has looked. */
    private volatile PidNamespace pids;

    /** proc(5), "Mount options". */
    record Options(Hide hide, int gid, boolean pidsOnly) {

        /** Who sees processes of others: all; all, but not into their directories; nobody; nobody without ptrace access. */
        enum Hide { OFF, NOACCESS, INVISIBLE, PTRACEABLE }

        private static final int PTRACEABLE_NUMBER = 4;

        /** @throws ErrnoException EINVAL */
        static Options parse(String data) {
            Hide hide = Hide.OFF;
            int gid = 0;
            boolean pidsOnly = false;
            for (String option : data == null ? new String[0] : data.split(",")) {
                if (option.isEmpty()) {
                    continue;
                }
                int equals = option.indexOf('=');
                String value = equals < 0 ? "" : option.substring(equals + 1);
                switch (equals < 0 ? option : option.substring(0, equals)) {
                    case "hidepid" -> hide = parseHide(value);
                    case "gid" -> gid = parseNumber(value);
                    case "subset" -> {
                        if (!value.equals("pid")) {
                            throw ErrnoException.of(Errno.EINVAL);
                        }
                        pidsOnly = true;
                    }
                    default -> throw ErrnoException.of(Errno.EINVAL);
                }
            }
            return new Options(hide, gid, pidsOnly);
        }

        private static Hide parseHide(String value) {
            for (Hide hide : Hide.values()) {
                int number = hide == Hide.PTRACEABLE ? PTRACEABLE_NUMBER : hide.ordinal();
                if (value.equals(Integer.toString(number)) || value.equalsIgnoreCase(hide.name())) {
                    return hide;
                }
            }
            throw ErrnoException.of(Errno.EINVAL);
        }

        private static int parseNumber(String value) {
            try {
                return Integer.parseUnsignedInt(value);
            } catch (NumberFormatException notANumber) {
                throw ErrnoException.of(Errno.EINVAL);
            }
        }

        /** As /proc/mounts shows them. */
        String text() {
            return (gid == 0 ? "" : ",gid=" + Integer.toUnsignedString(gid))
                    + (hide == Hide.OFF ? "" : ",hidepid=" + hide.name().toLowerCase(Locale.ROOT))
                    + (pidsOnly ? ",subset=pid" : "");
        }
    }

    ProcFileSystem(ProcSystem system, String data) {
        super("proc", FsMagic.PROC_SUPER_MAGIC, system.kernel().vfs().newDevice(), system.kernel().clock().realtimeNs());
        this.system = system;
        options = Options.parse(data);
        net = NetFiles.directory(this);
        root = new RootDirectory(this);
    }

    /** What {@link #save} wrote. */
    ProcFileSystem(ProcSystem system, StateRecord record) {
        super(record, FsMagic.PROC_SUPER_MAGIC);
        this.system = system;
        options = Options.parse(record.getString("options", ""));
        pids = record.core("pids", PidNamespace.class);
        net = NetFiles.directory(this);
        root = new RootDirectory(this);
    }

    @Override
    protected void saveContent(StateRecord record) {
        record.put("options", options.text());
        record.putCore("pids", pids);
    }

    ProcSystem system() {
        return system;
    }

    /** What /proc/PID/net is for all processes: there is one network namespace. */
    PlainDirectory net() {
        return net;
    }

    /**
     * The processes that are shown: those of whoever looks first, who is of the container that the mount is in.
     *
     * @param reader null: to find again what somebody has found before
     */
    PidNamespace pids(Task reader) {
        if (pids == null && reader != null) {
            pids = reader.pidNamespace();
        }
        return pids;
    }

    Options mountOptions() {
        return options;
    }

    @Override
    public Inode root() {
        return root;
    }

    @Override
    public String options() {
        return options.text();
    }

    @Override
    public void remount(Task task, String data) {
        options = Options.parse(data);
    }

    /** Nothing here lasts: names are looked up anew each time. */
    @Override
    public boolean cachesDentries() {
        return false;
    }

    // ---- inode numbers: those of processes tell what they stand for, so that the same file always has the same

    private static final long PROCESS_INODES = 1L << 32;
    private static final int KIND_BITS = 10;
    private static final long DESCRIPTOR_INODES = 1L << 48;
    private static final int DESCRIPTOR_BITS = 22;

    /** @param index which file of the process, below 512; 0 for its directory */
    static long ino(Target target, int index) {
        return PROCESS_INODES | (long) target.id() << KIND_BITS | (target.whole() ? 0 : 512) | index;
    }

    static long descriptorIno(Target target, int fd, boolean info) {
        return DESCRIPTOR_INODES | (info ? DESCRIPTOR_INODES << 1 : 0) | (long) target.id() << DESCRIPTOR_BITS | fd;
    }
}

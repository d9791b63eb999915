// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** An instance of devpts (pts(4)).  */
final class DevptsFileSystem implements FileSystem, Stateful {

    private static final long BLOCK = 4096;

    private final long device;
    private final KernelClock clock;
    /** Set once, before the instance serves. */
    private DevptsRoot root;
    private final Mutex lock = new Mutex(LockRank.SUPER_BLOCK);
    /** Guarded by the lock. */
    private final TreeMap<Integer, PtsInode> slaves = new TreeMap<>();
    private volatile DevptsOptions options;

    DevptsFileSystem(long device, KernelClock clock, DevptsOptions options) {
        this.device = device;
        this.clock = clock;
        this.options = options;
        this.root = new DevptsRoot(this, clock, options.ptmxMode());
    }

    /** What {@link #save} wrote. */
    DevptsFileSystem(StateRecord record, KernelClock clock) {
        this.clock = clock;
        device = record.requireLong("device");
        options = DevptsOptions.parse(record.getString("options", ""));
    }

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            StateRecord record = new StateRecord(DevDriver.DEVPTS, DevDriver.SCHEMA).put("device", device)
                    .put("options", options.shown()).putOwn("root", root);
            slaves.values().forEach(slave -> record.add("slaves").putOwn("inode", slave));
            return record;
        }
    }

    @Override
    public void link(StateRecord record) {
        try (Mutex _ = lock.take()) {
            root = record.requireOwn("root", DevptsRoot.class);
            for (StateRecord item : record.items("slaves")) {
                PtsInode slave = item.requireOwn("inode", PtsInode.class);
                slaves.put(slave.terminal().index(), slave);
            }
        }
    }

    KernelClock clock() {
        return clock;
    }

    /**
     * A new pair with the lowest free number, its slave locked. The slave's owner is who asks, unless the options say.
     *
     * @param payer whom it is charged to; null: nobody
     * @throws ErrnoException ENOSPC where there may be no more
     */
    Terminal add(Cgroup payer, int uid, int gid) {
        try (Mutex _ = lock.take()) {
            DevptsOptions now = options;
            if (slaves.size() >= now.max()) {
                throw ErrnoException.of(Errno.ENOSPC);
            }
            if (payer != null) {
                payer.requireCharge(Charge.PTY, 1);
            }
            int index = 0;
            for (int taken : slaves.keySet()) {
                if (taken != index) {
                    break;
                }
                index++;
            }
            Terminal terminal = new Terminal(index, payer);
            slaves.put(index, new PtsInode(this, clock, terminal, now.mode(), now.uid() >= 0 ? now.uid() : uid,
                    now.gid() >= 0 ? now.gid() : gid));
            return terminal;
        }
    }

    void remove(Terminal terminal) {
        try (Mutex _ = lock.take()) {
            PtsInode slave = slaves.get(terminal.index());
            if (slave != null && slave.terminal() == terminal) {
                slaves.remove(terminal.index());
            }
        }
    }

    /** Null where there is none of that name. */
    PtsInode slave(String name) {
        try (Mutex _ = lock.take()) {
            if (name.length() > 9 || !name.chars().allMatch(c -> c >= '0' && c <= '9')
                    || name.length() > 1 && name.charAt(0) == '0') {
                return null;
            }
            return slaves.get(Integer.parseInt(name));
        }
    }

    List<PtsInode> slaves() {
        try (Mutex _ = lock.take()) {
            return new ArrayList<>(slaves.values());
        }
    }

    @Override
    public String type() {
        return "devpts";
    }

    @Override
    public long device() {
        return device;
    }

    @Override
    public Inode root() {
        return root;
    }

    @Override
    public void statfs(Statfs statfs) {
        statfs.type = FsMagic.DEVPTS_SUPER_MAGIC;
        statfs.blockSize = BLOCK;
    }

    /** Slaves come and go with their masters. */
    @Override
    public boolean cachesDentries() {
        return false;
    }

    @Override
    public String options() {
        return options.shown();
    }

    @Override
    public void remount(Task task, String data) {
        options = DevptsOptions.parse(data);
    }
}

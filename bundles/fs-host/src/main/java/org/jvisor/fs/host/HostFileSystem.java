// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/**
 * What host files belong to inside: a device number, and inode numbers that tell one host file from another without being the
 * host's.
 */
final class HostFileSystem implements FileSystem, Stateful {

    /** A few standard streams a container; what goes beyond gets numbers of its own that are not remembered. */
    private static final int MAX_REMEMBERED = 1024;

    private final Consumer<HostFileSystem> files;
    private final long device;
    private final Mutex lock = new Mutex(LockRank.SUPER_BLOCK);
    /** Guarded by the lock, as is the last number. */
    private final Map<HostIdentity, Long> numbers = new HashMap<>();
    private long lastIno;

    /** @param files is told when this serves again after a replacement, or for the first time after one */
    HostFileSystem(long device, Consumer<HostFileSystem> files) {
        this.device = device;
        this.files = files;
    }

    /** What {@link #save} wrote. */
    HostFileSystem(StateRecord record, Consumer<HostFileSystem> files) {
        this.files = files;
        device = record.requireLong("device");
        lastIno = record.getLong("lastIno", 0);
        for (StateRecord number : record.items("numbers")) {
            numbers.put(new HostIdentity(number.requireLong("device"), number.requireLong("hostIno")), number.requireLong("ino"));
        }
    }

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            StateRecord record = new StateRecord(HostFilesImpl.SUPER_BLOCK, HostFilesImpl.SCHEMA).put("device", device)
                    .put("lastIno", lastIno);
            numbers.forEach((identity, ino) -> record.add("numbers").put("device", identity.device()).put("hostIno", identity.ino())
                    .put("ino", ino));
            return record;
        }
    }

    @Override
    public void resume() {
        files.accept(this);
    }

    /** A file of the host, as its stat(2) knows it. */
    record HostIdentity(long device, long ino) {}

    /** The same number for the same file, so that cat(1) notices when its input is its output. */
    long ino(long hostDevice, long hostIno) {
        try (Mutex _ = lock.take()) {
            HostIdentity identity = new HostIdentity(hostDevice, hostIno);
            Long known = numbers.get(identity);
            if (known != null) {
                return known;
            }
            lastIno++;
            if (numbers.size() < MAX_REMEMBERED) {
                numbers.put(identity, lastIno);
            }
            return lastIno;
        }
    }

    @Override
    public String type() {
        return "hostfs";
    }

    @Override
    public long device() {
        return device;
    }

    /** There is no tree. */
    @Override
    public Inode root() {
        throw ErrnoException.of(Errno.ENODEV);
    }

    @Override
    public void statfs(Statfs statfs) {
        statfs.type = FsMagic.ANON_INODE_FS_MAGIC;
    }
}

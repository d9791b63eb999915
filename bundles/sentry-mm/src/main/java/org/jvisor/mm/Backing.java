// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.Objects;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/**
 * What lies behind mappings of one manager that come from one mmap(2): the object and, when it is a file's, the description
 * that keeps it open. The counts are guarded by the manager's lock.
 */
final class Backing implements Mappable.Mapping, Handle, Restorable {

    private final Mutex lock = new Mutex(LockRank.LEAF);
    // Guarded by the lock.
    /** Null until a fork is complete. */
    private Manager manager;
    /** Whether pages were taken away before that. */
    private boolean invalidatedEarly;
    /** Where the object was cut before that, at the lowest. */
    private long cutEarly = Long.MAX_VALUE;
    private boolean closed;

    /** Another object once the bundle that it comes from is replaced. */
    volatile Mappable object;
    /** Retained; null where there is none. */
    final FileDescription file;
    final String name;
    private final boolean writesThrough;

    /** Mappings that use this, and faults under way in the object. */
    int users;
    /** The next one of {@link Manager}'s list of those without a user. */
    Backing nextUnused;
    /** How often pages of the object were taken away: a fault under way looks whether it was. */
    int invalidations;

    /** @param vmFlags {@code Vma.SHARED} and {@code Vma.MAY_WRITE}, if its mappings are so */
    Backing(Manager manager, Mappable object, FileDescription file, String name, int vmFlags) {
        this(manager, object, file, name, (vmFlags & Vma.SHARED) != 0 && (vmFlags & Vma.MAY_WRITE) != 0);
    }

    private Backing(Manager manager, Mappable object, FileDescription file, String name, boolean writesThrough) {
        this.writesThrough = writesThrough;
        this.manager = manager;
        this.object = object;
        this.file = file;
        this.name = name;
    }

    /** The object hears of the mapping, and may refuse it. Called without the manager's lock, for objects call {@link #invalidate} with theirs. */
    void open() {
        object.addMapping(this);
        if (file != null) {
            file.retain();
        }
    }

    /** The last user is gone. Called without the manager's lock; once is enough. */
    void close(Task task) {
        try (Mutex _ = lock.take()) {
            if (closed) {
                return;
            }
            closed = true;
        }
        object.removeMapping(this);
        if (file != null) {
            file.release(task);
        }
    }

    /** The same for a manager that is being made; see {@link #adopt}. */
    Backing forChild() {
        return new Backing(null, object, file, name, writesThrough);
    }

    /**
     * The manager that this was made for is there, its pages copied.
     *
     * <p>Drops what was copied of pages of the object that have been taken away meanwhile. With the child's lock.
     */
    void adopt(Manager child) {
        boolean invalidated;
        long cut;
        try (Mutex _ = lock.take()) {
            manager = child;
            invalidated = invalidatedEarly;
            cut = cutEarly;
        }
        if (invalidated) {
            child.dropPages(this, 0, Long.MAX_VALUE, true);
        }
        if (cut != Long.MAX_VALUE) {
            child.dropPages(this, cut, Long.MAX_VALUE, false);
        }
    }

    /** Whether mappings of both can be one (proc(5) shows merged ones). */
    boolean sameAs(Backing other) {
        return this == other || other != null && object == other.object && file == other.file;
    }

    // ---- Handle

    @Override
    public long id() {
        return file == null ? 0 : file.inode().ino();
    }

    @Override
    public String kind() {
        return "mapping";
    }

    @Override
    public Class<?> type() {
        return Mappable.class;
    }

    @Override
    public Mappable target() {
        return object;
    }

    /** One that does not come to serve is gone with all that it knows. */
    @Override
    public void prepare(Object fresh) {
        ((Mappable) fresh).addMapping(this);
    }

    @Override
    public void replace(Object fresh) {
        object = (Mappable) fresh;
    }

    @Override
    public boolean writesThrough() {
        return writesThrough;
    }

    @Override
    public void invalidate(long offset, long length) {
        Manager known;
        try (Mutex _ = lock.take()) {
            known = manager;
            invalidatedEarly |= known == null;
        }
        if (known != null) {
            known.invalidate(this, offset, length, true);
        }
    }

    @Override
    public void truncate(long end) {
        Manager known;
        try (Mutex _ = lock.take()) {
            known = manager;
            if (known == null) {
                invalidatedEarly = true;
                cutEarly = Math.min(cutEarly, end);
            }
        }
        if (known != null) {
            known.invalidate(this, end, Long.MAX_VALUE - end, false);
        }
    }

    // ---- Restorable

    /** The object knows this already, and goes on doing so. */
    @Override
    public StateRecord save() {
        return new StateRecord("mapped object", 1).putCore("manager", manager).putCore("object", object).putCore("file", file)
                .put("name", name).put("writesThrough", writesThrough).put("users", users)
                .put("invalidations", invalidations)
                .put("invalidatedEarly", invalidatedEarly).put("cutEarly", cutEarly).put("closed", closed);
    }

    @Override
    public void forget() {
        manager = null;
        object = null;
        users = 0;
        invalidations = 0;
        invalidatedEarly = false;
        cutEarly = 0;
        closed = false;
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("file", file);
        record.expect("writesThrough", writesThrough ? 1 : 0);
        if (!Objects.equals(name, record.getString("name", null))) {
            throw record.refuse("name", "another one than before");
        }
        manager = record.core("manager", Manager.class);
        object = record.requireCore("object", Mappable.class);
        users = record.requireInt("users");
        invalidations = record.requireInt("invalidations");
        invalidatedEarly = record.getBoolean("invalidatedEarly", false);
        cutEarly = record.getLong("cutEarly", Long.MAX_VALUE);
        closed = record.getBoolean("closed", false);
    }
}

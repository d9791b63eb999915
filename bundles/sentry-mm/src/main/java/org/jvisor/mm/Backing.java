// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.state.Handle;
import org.jvisor.api.vfs.FileDescription;

/**
 * What lies behind mappings of one manager that come from one mmap(2): the object and, when it is a file's, the description
 * that keeps it open. Fields are guarded by the manager's lock.
 */
final class Backing implements Mappable.Mapping, Handle {

    /** Null until a fork is complete. */
    private Manager manager;
    /** Whether pages were taken away before that. */
    private boolean invalidatedEarly;
    private boolean closed;
    /** Another object once the bundle that it comes from is replaced. */
    volatile Mappable object;
    /** Retained; null where there is none. */
    final FileDescription file;
    final String name;

    /** Mappings that use this, and faults under way in the object. */
    int users;
    /** How often pages of the object were taken away: a fault under way looks whether it was. */
    int invalidations;

    Backing(Manager manager, Mappable object, FileDescription file, String name) {
        this.manager = manager;
        this.object = object;
        this.file = file;
        this.name = name;
    }

    /** The object hears of the mapping. Called without the manager's lock, for objects call {@link #invalidate} with theirs. */
    void open() {
        if (file != null) {
            file.retain();
        }
        object.addMapping(this);
    }

    /** The last user is gone. Called without the manager's lock; once is enough. */
    void close(Task task) {
        synchronized (this) {
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
        return new Backing(null, object, file, name);
    }

    /**
     * The manager that this was made for is there, its pages copied.
     *
     * @return false if pages of the object have been taken away meanwhile, so that what was copied may be out of date
     */
    synchronized boolean adopt(Manager child) {
        manager = child;
        return !invalidatedEarly;
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
    public Mappable target() {
        return object;
    }

    @Override
    public void replace(Object fresh) {
        object = (Mappable) fresh;
        object.addMapping(this);
    }

    @Override
    public void invalidate(long offset, long length) {
        Manager known;
        synchronized (this) {
            known = manager;
            invalidatedEarly |= known == null;
        }
        if (known != null) {
            known.invalidate(this, offset, length);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.ProcEntry;
import org.jvisor.api.vfs.PseudoDirectory;
import org.jvisor.api.vfs.PseudoFile;

/** A directory that is not about a process: fixed files, and those of {@link ProcEntry} services with a path below it. */
final class PlainDirectory extends PseudoDirectory {
    private final ProcFileSystem fs;
    private final String path;

    /** @param path relative to /proc, ending with a slash */
    PlainDirectory(ProcFileSystem fs, String path) {
        super(fs, fs.newIno(), 0555);
        this.fs = fs;
        this.path = path;
    }

    /** Adds a file of a text. */
    PlainDirectory file(String name, PseudoFile.Source source) {
        return file(name, 0444, source);
    }

    PlainDirectory file(String name, int permissions, PseudoFile.Source source) {
        add(name, new PseudoFile(fs, fs.newIno(), permissions, source));
        return this;
    }

    /** The directory of that name, made where there is none. */
    PlainDirectory directory(String name) {
        Inode known = child(name);
        return known != null ? (PlainDirectory) known : add(name, new PlainDirectory(fs, path + name + '/'));
    }

    @Override
    protected Inode lookupMore(Task task, String name) {
        Inode contributed = contributed(name);
        return contributed != null ? contributed : child(name);
    }

    private Inode contributed(String name) {
        String wanted = path + name;
        for (ProcEntry entry : fs.system().entries()) {
            if (entry.path().equals(wanted)) {
                return new EntryFile(entry);
            }
            if (entry.path().startsWith(wanted + '/') && child(name) == null) {
                return new EntryDirectory(fs, wanted + '/');
            }
        }
        return null;
    }

    @Override
    protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
        List<String> names = new ArrayList<>(contributedNames(path));
        names.removeIf(name -> child(name) != null);
        for (int i = (int) (position - MORE); i < names.size(); i++) {
            Inode inode = contributed(names.get(i));
            if (inode != null && !sink.add(names.get(i), inode.ino(), Mode.direntType(inode.mode()), MORE + i + 1)) {
                return 0;
            }
        }
        return 0;
    }

    private TreeSet<String> contributedNames(String below) {
        TreeSet<String> names = new TreeSet<>();
        for (ProcEntry entry : fs.system().entries()) {
            if (entry.path().startsWith(below)) {
                String rest = entry.path().substring(below.length());
                names.add(rest.substring(0, rest.indexOf('/') < 0 ? rest.length() : rest.indexOf('/')));
            }
        }
        return names;
    }

    /** Above the numbers that are dealt out, below those of processes. */
    private static long entryIno(String path) {
        return 1L << 30 | path.hashCode() & 0x3fff_ffff;
    }

    /** A service's file; two are equal when they are the same service's. */
    private final class EntryFile extends PseudoFile {
        private final ProcEntry entry;

        EntryFile(ProcEntry entry) {
            super(fs, entryIno(entry.path()), entry.permissions() & Mode.PERMISSIONS, entry::read, entry::write);
            this.entry = entry;
        }

        @Override
        public boolean equals(Object o) {
            return o instanceof EntryFile f && f.entry == entry && f.fileSystem() == fileSystem();
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(entry);
        }
    }

    /** A directory that is only there for what services have in it. */
    private final class EntryDirectory extends PseudoDirectory {
        private final PlainDirectory inner;

        EntryDirectory(ProcFileSystem fs, String path) {
            super(fs, entryIno(path), 0555);
            inner = new PlainDirectory(fs, path);
        }

        @Override
        protected Inode lookupMore(Task task, String name) {
            return inner.lookupMore(task, name);
        }

        @Override
        protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
            return inner.readMore(task, position, sink);
        }

        @Override
        public boolean equals(Object o) {
            return o instanceof EntryDirectory d && d.ino() == ino() && d.inner.path().equals(inner.path())
                    && d.fileSystem() == fileSystem();
        }

        @Override
        public int hashCode() {
            return Long.hashCode(ino());
        }
    }

    private String path() {
        return path;
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** A file system that counts what it is asked, and whose tree a test changes behind the vfs's back. */
class TestFileSystem implements FileSystem {

    final Node root = new Node(Mode.S_IFDIR | 0755);
    final AtomicInteger lookups = new AtomicInteger();
    final AtomicInteger walks = new AtomicInteger();
    final AtomicInteger evictions = new AtomicInteger();
    boolean changesOutside;
    boolean caches = true;
    boolean walksAtOnce;
    boolean killsWhoChanges;
    long nextIno = 1;

    @Override
    public String type() {
        return "test";
    }

    @Override
    public long device() {
        return 99;
    }

    @Override
    public Inode root() {
        return root;
    }

    @Override
    public void statfs(Statfs statfs) {}

    @Override
    public boolean mayChangeOutside() {
        return changesOutside;
    }

    @Override
    public boolean cachesDentries() {
        return caches;
    }

    Node directory(String name) {
        return root.add(name, new Node(Mode.S_IFDIR | 0755));
    }

    Node file() {
        return new Node(Mode.S_IFREG | 0644);
    }

    class Node implements Inode {
        final Map<String, Node> children = new HashMap<>();
        private final int mode;
        private final long ino = ++nextIno;
        boolean evicted;

        Node(int mode) {
            this.mode = mode;
        }

        Node add(String name, Node child) {
            children.put(name, child);
            return child;
        }

        Node addDirectory(String name) {
            return add(name, new Node(Mode.S_IFDIR | 0755));
        }

        @Override
        public FileSystem fileSystem() {
            return TestFileSystem.this;
        }

        @Override
        public long ino() {
            return ino;
        }

        @Override
        public int mode() {
            return mode;
        }

        @Override
        public int uid() {
            return 0;
        }

        @Override
        public int gid() {
            return 0;
        }

        @Override
        public void stat(Stat stat) {
            stat.clear();
            stat.mode = mode;
            stat.nlink = 1;
            stat.ino = ino;
        }

        @Override
        public Inode lookup(Task task, String name) {
            lookups.incrementAndGet();
            return children.get(name);
        }

        @Override
        public boolean prefersWalk() {
            return walksAtOnce;
        }

        @Override
        public int walk(Task task, String[] names, int first, int count, Inode[] found) {
            walks.incrementAndGet();
            Node at = this;
            int n = 0;
            while (n < count && Mode.isDir(at.mode) && at.children.get(names[first + n]) != null) {
                at = at.children.get(names[first + n]);
                found[n++] = at;
            }
            return n;
        }

        @Override
        public boolean revalidate(Task task, String name, Inode child) {
            return children.get(name) == child;
        }

        @Override
        public void unlink(Task task, String name, Inode child) {
            children.remove(name);
            answer();
        }

        @Override
        public void rmdir(Task task, String name, Inode child) {
            children.remove(name);
            answer();
        }

        @Override
        public Inode create(Task task, String name, int newMode, long device, Owner owner) {
            Node made = add(name, new Node(newMode));
            answer();
            return made;
        }

        @Override
        public Inode mkdir(Task task, String name, int newMode, Owner owner) {
            return create(task, name, newMode, 0, owner);
        }

        @Override
        public void link(Task task, String name, Inode existing) {
            children.put(name, (Node) existing);
            answer();
        }

        @Override
        public void rename(Task task, String oldName, Inode child, Inode newDirectory, String newName, Inode replaced, int flags) {
            children.remove(oldName);
            ((Node) newDirectory).children.put(newName, (Node) child);
            answer();
        }

        /** What was asked for is done, but who asked is killed before it hears of that. */
        private void answer() {
            if (killsWhoChanges) {
                throw ErrnoException.of(Errno.EINTR);
            }
        }

        @Override
        public FileOperations open(Task task, int flags) {
            return new FileOperations() {};
        }

        @Override
        public void evict() {
            evicted = true;
            evictions.incrementAndGet();
        }
    }
}

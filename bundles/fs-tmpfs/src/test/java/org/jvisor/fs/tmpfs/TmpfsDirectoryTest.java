// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.fs.tmpfs.Instance.fails;
import static org.jvisor.fs.tmpfs.Instance.open;
import static org.jvisor.fs.tmpfs.Instance.stat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.vfs.Inode;

class TmpfsDirectoryTest {

    private static final long SEED = 42;

    private final Instance i = new Instance("nr_inodes=200");

    private static List<String> names(Inode directory) {
        List<String> names = new ArrayList<>();
        open(directory).readdir(null, null, 0, (name, ino, type, next) -> names.add(name));
        return names;
    }

    @Test
    void shouldCountLinks() {
        assertEquals(2, stat(i.root).nlink);
        Inode a = i.directory(i.root, "a");
        Inode b = i.directory(a, "b");
        assertEquals(3, stat(i.root).nlink);
        assertEquals(3, stat(a).nlink);
        fails(Errno.ENOTEMPTY, () -> i.root.rmdir(null, "a", a));
        a.rename(null, "b", b, i.root, "c", null, 0);
        assertEquals(4, stat(i.root).nlink);
        assertEquals(2, stat(a).nlink);
        i.root.rmdir(null, "a", a);
        assertEquals(0, stat(a).nlink);
        assertEquals(3, stat(i.root).nlink);
        fails(Errno.ENOENT, () -> a.create(null, "x", Mode.S_IFREG, 0, new Inode.Owner(0, 0)));
        assertSame(b, i.root.lookup(null, "c"));
        assertNull(i.root.lookup(null, "a"));
    }

    @Test
    void shouldGiveDotsTheirNumbersAndMoveThem() {
        Inode a = i.directory(i.root, "a");
        Inode b = i.directory(i.root, "b");
        long[] seen = new long[2];
        a.mkdir(null, "c", Mode.S_IFDIR | 0755, new Inode.Owner(0, 0));
        Inode c = a.lookup(null, "c");
        a.rename(null, "c", c, b, "c", null, 0);
        open(c).readdir(null, null, 0, (name, ino, type, next) -> {
            seen[(int) next - 1] = ino;
            return true;
        });
        assertEquals(c.ino(), seen[0]);
        assertEquals(b.ino(), seen[1]);
    }

    @Test
    void shouldLimitInodes() {
        for (int n = 1; n < 200; n++) {
            i.file("f" + n);
        }
        fails(Errno.ENOSPC, () -> i.file("g"));
        fails(Errno.ENOSPC, () -> i.directory(i.root, "g"));
        fails(Errno.ENOSPC, () -> i.root.symlink(null, "g", "t", new Inode.Owner(0, 0)));
        assertEquals(0, i.statfs().filesFree);
        Inode file = i.root.lookup(null, "f7");
        i.root.unlink(null, "f7", file);
        file.evict();
        i.file("g");
        assertNull(i.root.lookup(null, "f7"));
    }

    @Test
    void shouldCountEachNameOfAFile() {
        Inode f = i.file("f");
        i.root.link(null, "g", f);
        i.root.link(null, "h", f);
        assertEquals(196, i.statfs().filesFree);
        i.root.unlink(null, "g", f);
        Inode other = i.file("o");
        i.root.rename(null, "o", other, i.root, "h", f, 0);
        assertEquals(197, i.statfs().filesFree);
        i.root.unlink(null, "f", f);
        f.evict();
        assertEquals(198, i.statfs().filesFree);
        i.root.link(null, "p", other);
        i.fs.unmount();
        assertEquals(200, i.statfs().filesFree);
    }

    @Test
    void shouldShrinkAgain() {
        Instance large = new Instance("");
        for (int n = 0; n < 5000; n++) {
            large.file("f" + n);
        }
        for (int n = 0; n < 5000; n++) {
            if (n % 1000 != 0) {
                large.root.unlink(null, "f" + n, large.root.lookup(null, "f" + n));
            }
        }
        assertEquals(List.of(".", "..", "f0", "f1000", "f2000", "f3000", "f4000"), names(large.root));
        large.file("new");
        assertEquals(8, names(large.root).size());
    }

    @Test
    void shouldFreeADirectoryAtOnce() {
        for (int n = 0; n < 1000; n++) {
            Inode d = i.directory(i.root, "d");
            i.root.rmdir(null, "d", d);
        }
        assertEquals(199, i.statfs().filesFree);
    }

    @Test
    void shouldGiveBackAllWhenItIsUnmounted() {
        Inode d = i.directory(i.root, "d");
        long before = Instance.MEMORY.file().used();
        Inode f = d.create(null, "f", Mode.S_IFREG | 0644, 0, new Inode.Owner(0, 0));
        Instance.write(f, "x".repeat(100_000), 0);
        assertTrue(Instance.MEMORY.file().used() > before);
        i.fs.unmount();
        assertEquals(0, i.statfs().blocks - i.statfs().blocksFree);
        assertEquals(200, i.statfs().filesFree);
    }

    @Test
    void shouldReplaceByRename() {
        Inode a = i.file("a");
        Inode b = i.file("b");
        i.root.rename(null, "a", a, i.root, "b", b, 0);
        assertSame(a, i.root.lookup(null, "b"));
        assertEquals(0, stat(b).nlink);
        Inode d = i.directory(i.root, "d");
        Inode e = i.directory(i.root, "e");
        i.directory(e, "in");
        fails(Errno.ENOTEMPTY, () -> i.root.rename(null, "d", d, i.root, "e", e, 0));
        i.root.rename(null, "e", e, i.root, "d", d, 0);
        assertSame(e, i.root.lookup(null, "d"));
        assertEquals(3, stat(i.root).nlink);
        i.root.rename(null, "b", a, i.root, "d", e, Open.RENAME_EXCHANGE);
        assertSame(e, i.root.lookup(null, "b"));
        assertSame(a, i.root.lookup(null, "d"));
    }

    @Test
    void shouldLinkOnlyWhatStillIs() {
        Inode f = i.file("f");
        i.root.unlink(null, "f", f);
        f.evict();
        fails(Errno.ENOENT, () -> i.root.link(null, "g", f));
        Inode unnamed = i.root.tmpfile(null, Mode.S_IFREG | 0600, new Inode.Owner(0, 0));
        assertEquals(0, stat(unnamed).nlink);
        i.root.link(null, "g", unnamed);
        assertEquals(1, stat(unnamed).nlink);
        assertEquals(List.of(".", "..", "g"), names(i.root));
    }

    @Test
    void shouldMeetEachLastingNameOnceWhileTheDirectoryChanges() {
        Instance large = new Instance("");
        Random random = new Random(SEED);
        TreeSet<String> lasting = new TreeSet<>();
        for (int n = 0; n < 500; n++) {
            large.file("keep" + n);
            lasting.add("keep" + n);
            large.file("go" + n);
        }
        List<String> met = new ArrayList<>();
        long[] position = {0};
        int[] left = {500};
        boolean[] more = {true};
        while (more[0]) {
            more[0] = false;
            int[] room = {7};
            open(large.root).readdir(null, null, position[0], (name, ino, type, next) -> {
                if (room[0]-- == 0) {
                    return false;
                }
                more[0] = true;
                met.add(name);
                position[0] = next;
                return true;
            });
            for (int n = 0; n < 5 && left[0] > 0; n++) {
                left[0]--;
                String name = "go" + left[0];
                large.root.unlink(null, name, large.root.lookup(null, name));
                if (random.nextBoolean() && met.size() < 800) {
                    large.file("new" + random.nextInt());
                }
            }
        }
        List<String> keeps = met.stream().filter(n -> n.startsWith("keep")).toList();
        assertEquals(500, keeps.size());
        assertEquals(lasting, new TreeSet<>(keeps));
        assertEquals(met.size(), new TreeSet<>(met).size());
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.vfs.FileDescription;

/** Several tasks change one small tree at once; afterwards everything must fit together. */
class ManyTasksTest {

    private static final int TASKS = 4;
    private static final int CALLS = 8_000;
    private static final String[] NAMES = {"a", "b", "c"};

    private final World w = new World();

    @Test
    void shouldKeepTheTreeWhole() {
        assertTimeoutPreemptively(Duration.ofSeconds(300), () -> {
            w.mkdir("/t");
            w.mount("none", "/t", "tmpfs", 0, "");
            List<CompletableFuture<Void>> running = new ArrayList<>();
            for (int i = 0; i < TASKS; i++) {
                Random random = new Random(i);
                TestTask task = w.newTask();
                CompletableFuture<Void> done = new CompletableFuture<>();
                running.add(done);
                Thread.ofPlatform().start(() -> {
                    try {
                        for (int call = 0; call < CALLS; call++) {
                            step(task, random);
                        }
                        done.complete(null);
                    } catch (RuntimeException | Error e) {
                        done.completeExceptionally(e);
                    }
                });
            }
            for (CompletableFuture<Void> done : running) {
                done.get();
            }
        });
        int names = check("/t");
        Statfs statfs = new Statfs();
        w.vfs.statfs(w.path("/t"), statfs);
        assertEquals(names + 1, statfs.files - statfs.filesFree);
    }

    private void step(TestTask t, Random random) {
        String p = path(random);
        String q = path(random);
        try {
            switch (random.nextInt(9)) {
                case 0, 1 -> w.mkdir(t, p, 0755);
                case 2 -> w.rmdir(t, p);
                case 3 -> w.unlink(t, p);
                case 4 -> {
                    FileDescription file = w.open(t, p, Open.O_CREAT | Open.O_RDWR, 0644);
                    World.write(t, file, "x");
                    file.release(t.task);
                }
                case 5, 6 -> w.rename(t, p, q, random.nextInt(4) == 0 ? Open.RENAME_EXCHANGE : 0);
                case 7 -> w.link(t, p, q);
                default -> w.stat(t, p, 0);
            }
        } catch (ErrnoException e) {
            switch (e.errno()) {
                case Errno.ENOENT, Errno.EEXIST, Errno.ENOTDIR, Errno.EISDIR, Errno.ENOTEMPTY, Errno.EINVAL, Errno.EPERM,
                        Errno.EBUSY -> {
                }
                default -> throw e;
            }
        }
    }

    private static String path(Random random) {
        StringBuilder path = new StringBuilder("/t");
        for (int depth = 1 + random.nextInt(3); depth > 0; depth--) {
            path.append('/').append(NAMES[random.nextInt(NAMES.length)]);
        }
        return path.toString();
    }

    /** What is listed is found and the other way round; each directory has as many links as it must. How many names there are. */
    private int check(String directory) {
        Stat own = w.stat(directory);
        int names = 0;
        List<String> listed = w.list(directory);
        int subdirectories = 0;
        for (String name : NAMES) {
            String path = directory + "/" + name;
            assertEquals(listed.contains(name), w.exists(path), path);
            if (listed.contains(name)) {
                Stat stat = w.stat(path);
                names++;
                assertEquals(path, w.name(path));
                if (Mode.isDir(stat.mode)) {
                    subdirectories++;
                    assertEquals(own.ino, w.stat(path + "/..").ino);
                    names += check(path);
                }
            }
        }
        assertEquals(2 + subdirectories, own.nlink, directory);
        return names;
    }
}

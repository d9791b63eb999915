// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.jvisor.vfs.World.fails;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Xattr;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.SetAttributes;

class AttributesTest {

    private final World w = new World();
    private final TestTask alice = w.user(1000, 1000, 50);
    private final TestTask bob = w.user(1001, 1001);

    AttributesTest() {
        w.chmod(w.root, "/", 0777);
        w.write(alice, "/f", "content");
    }

    @Test
    void shouldLetOnlyTheOwnerChangeTheMode() {
        w.chmod(alice, "/f", 04755);
        assertEquals(04755, w.stat("/f").mode & Mode.PERMISSIONS);
        fails(Errno.EPERM, () -> w.chmod(bob, "/f", 0));
        w.chmod(w.root, "/f", 0600);
    }

    @Test
    void shouldDropSetGroupIdForStrangersToTheGroup() {
        w.chown(w.root, "/f", 1000, 77);
        w.chmod(alice, "/f", 02755);
        assertEquals(0755, w.stat("/f").mode & Mode.PERMISSIONS);
        w.chmod(w.root, "/f", 02755);
        assertEquals(02755, w.stat("/f").mode & Mode.PERMISSIONS);
    }

    @Test
    void shouldRestrictChown() {
        fails(Errno.EPERM, () -> w.chown(alice, "/f", 1001, -1));
        fails(Errno.EPERM, () -> w.chown(alice, "/f", -1, 77));
        fails(Errno.EPERM, () -> w.chown(bob, "/f", -1, 1001));
        w.chown(alice, "/f", 1000, 50);
        assertEquals(50, w.stat("/f").gid);
        w.chown(w.root, "/f", 7, -1);
        assertEquals(7, w.stat("/f").uid);
        assertEquals(50, w.stat("/f").gid);
    }

    @Test
    void shouldTakeSetIdBitsAwayFromWhatChanges() {
        w.chmod(alice, "/f", 06775);
        w.chown(w.root, "/f", 1000, 1000);
        assertEquals(0775, w.stat("/f").mode & Mode.PERMISSIONS);
        w.chmod(alice, "/f", 06777);
        World.write(bob, w.open(bob, "/f", Open.O_WRONLY, 0), "x");
        assertEquals(0777, w.stat("/f").mode & Mode.PERMISSIONS);
        w.chmod(alice, "/f", 04777);
        w.truncate(bob, "/f", 1);
        assertEquals(0777, w.stat("/f").mode & Mode.PERMISSIONS);
        w.chmod(alice, "/f", 04777);
        World.write(w.root, w.open("/f", Open.O_WRONLY), "x");
        assertEquals(04777, w.stat("/f").mode & Mode.PERMISSIONS);
    }

    @Test
    void shouldTruncateByRule() {
        w.mkdir("/d");
        w.truncate(alice, "/f", 100_000);
        assertEquals(100_000, w.stat("/f").size);
        fails(Errno.EACCES, () -> w.truncate(bob, "/f", 0));
        fails(Errno.EISDIR, () -> w.truncate(w.root, "/d", 0));
        fails(Errno.EINVAL, () -> w.truncate(alice, "/f", -1));
        alice.fileSizeLimit = 1000;
        fails(Errno.EFBIG, () -> w.truncate(alice, "/f", 1001));
        assertEquals(25, alice.signals.getFirst().signal());
        w.truncate(alice, "/f", 1000);
    }

    @Test
    void shouldSetTimesByRule() {
        w.chmod(alice, "/f", 0666);
        SetAttributes now = times(SetAttributes.ATIME_NOW | SetAttributes.MTIME_NOW, 0);
        w.clock.nowNs += 5_000_000_007L;
        setTimes(bob, now);
        assertEquals(7, w.stat("/f").mtimeNsec);
        fails(Errno.EPERM, () -> setTimes(bob, times(0, 5)));
        fails(Errno.EPERM, () -> setTimes(bob, times(SetAttributes.MTIME_NOW, 5)));
        setTimes(alice, times(0, -5));
        assertEquals(-5, w.stat("/f").mtimeSec);
        assertEquals(123, w.stat("/f").mtimeNsec);
        w.chmod(alice, "/f", 0644);
        fails(Errno.EACCES, () -> setTimes(bob, now));
    }

    private static SetAttributes times(int nows, long seconds) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.ATIME | SetAttributes.MTIME | nows;
        changes.mtimeSeconds = seconds;
        changes.mtimeNanos = 123;
        return changes;
    }

    private void setTimes(TestTask t, SetAttributes changes) {
        w.vfs.setAttributes(t.task, Open.AT_FDCWD, t.task.walk().load("/f"), PathWalk.FOLLOW, changes);
    }

    @Test
    void shouldAskAccessForTheRealUser() {
        w.chmod(alice, "/f", 0600);
        TestTask setuid = w.newTask();
        setuid.credentials = setuid.credentials.with(b -> b.uid = 1001);
        access(setuid, "/f", Open.R_OK, true);
        fails(Errno.EACCES, () -> access(setuid, "/f", Open.R_OK, false));
        access(w.root, "/f", Open.R_OK | Open.W_OK, false);
        fails(Errno.EACCES, () -> access(w.root, "/f", Open.X_OK, false));
        fails(Errno.EINVAL, () -> access(w.root, "/f", 8, false));
        fails(Errno.ENOENT, () -> access(w.root, "/none", Open.F_OK, false));
    }

    private void access(TestTask t, String path, int mask, boolean effective) {
        w.vfs.access(t.task, Open.AT_FDCWD, t.task.walk().load(path), mask, PathWalk.FOLLOW, effective);
    }

    @Test
    void shouldKeepUserAttributesByPermission() {
        byte[] value = {1, 2, 3};
        w.chmod(alice, "/f", 0600);
        w.vfs.setXattr(alice.task, w.path("/f"), "user.a", value, 0);
        assertArrayEquals(value, w.vfs.getXattr(alice.task, w.path("/f"), "user.a"));
        assertEquals(List.of("user.a"), w.vfs.listXattr(bob.task, w.path("/f")));
        fails(Errno.EACCES, () -> w.vfs.getXattr(bob.task, w.path("/f"), "user.a"));
        fails(Errno.EEXIST, () -> w.vfs.setXattr(alice.task, w.path("/f"), "user.a", value, Xattr.XATTR_CREATE));
        fails(Errno.ENODATA, () -> w.vfs.setXattr(alice.task, w.path("/f"), "user.b", value, Xattr.XATTR_REPLACE));
        fails(Errno.ENODATA, () -> w.vfs.getXattr(alice.task, w.path("/f"), "user.b"));
        fails(Errno.ERANGE, () -> w.vfs.getXattr(alice.task, w.path("/f"), ""));
        fails(Errno.E2BIG, () -> w.vfs.setXattr(alice.task, w.path("/f"), "user.c", new byte[65537], 0));
        w.vfs.removeXattr(alice.task, w.path("/f"), "user.a");
        fails(Errno.ENODATA, () -> w.vfs.removeXattr(alice.task, w.path("/f"), "user.a"));
    }

    @Test
    void shouldKeepTheOtherNamespacesToThoseEntitled() {
        byte[] value = {1};
        fails(Errno.EPERM, () -> w.vfs.setXattr(alice.task, w.path("/f"), "trusted.t", value, 0));
        w.vfs.setXattr(w.root.task, w.path("/f"), "trusted.t", value, 0);
        fails(Errno.ENODATA, () -> w.vfs.getXattr(alice.task, w.path("/f"), "trusted.t"));
        assertEquals(List.of(), w.vfs.listXattr(alice.task, w.path("/f")));
        assertEquals(List.of("trusted.t"), w.vfs.listXattr(w.root.task, w.path("/f")));
        fails(Errno.EPERM, () -> w.vfs.setXattr(alice.task, w.path("/f"), "security.capability", value, 0));
        fails(Errno.EOPNOTSUPP, () -> w.vfs.setXattr(alice.task, w.path("/f"), "system.posix_acl_access", value, 0));
        fails(Errno.EOPNOTSUPP, () -> w.vfs.getXattr(alice.task, w.path("/f"), "other.x"));
        w.mknod(alice, "/p", Mode.S_IFIFO | 0666, 0);
        fails(Errno.EPERM, () -> w.vfs.setXattr(alice.task, w.path("/p"), "user.a", value, 0));
    }
}

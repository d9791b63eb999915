// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.jvisor.fs.tmpfs.Instance.fails;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;

class TmpfsOptionsTest {

    private static final long MEMORY = 8L << 30;

    private static TmpfsOptions parse(String data) {
        return TmpfsOptions.parse(data, TmpfsOptions.defaults(null, MEMORY), MEMORY);
    }

    @Test
    void shouldTakeHalfTheMemoryUnlessTold() {
        TmpfsOptions options = parse("");
        assertEquals(MEMORY / 2, options.bytes());
        assertEquals(MEMORY / 2 / 4096, options.inodes());
        assertEquals(01777, options.mode());
        assertEquals("", options.shown(MEMORY));
    }

    @Test
    void shouldParse() {
        TmpfsOptions options = parse("size=64k,mode=0750,uid=7,gid=8,nr_inodes=5k,huge=never,size=128k");
        assertEquals(128 << 10, options.bytes());
        assertEquals(5120, options.inodes());
        assertEquals(0750, options.mode());
        assertEquals(7, options.uid());
        assertEquals(8, options.gid());
        assertEquals(",size=128k,nr_inodes=5120,mode=750,uid=7,gid=8", options.shown(MEMORY));
        assertEquals(MEMORY / 4, parse("size=25%").bytes());
        assertEquals(Long.MAX_VALUE, parse("size=0").bytes());
        assertEquals(Long.MAX_VALUE, parse("nr_inodes=0").inodes());
        assertEquals(8192, parse("size=4097").bytes());
        assertEquals(40960, parse("nr_blocks=10").bytes());
        assertEquals(3L << 30, parse("size=3G").bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"size", "size=", "size=x", "size=-5", "size=+5", "size=1q", "size=99999999999999999999", "mode=9",
        "uid=-1", "uid=4294967295", "what=ever", "size=9999999999g"})
    void shouldRefuse(String data) {
        fails(Errno.EINVAL, () -> parse(data));
    }

    @Test
    void shouldRemountWithinWhatIsUsed() {
        Instance i = new Instance("size=64k");
        Instance.write(i.file("f"), "x".repeat(40_000), 0);
        fails(Errno.EINVAL, () -> i.fs.remount(null, "size=4k"));
        i.fs.remount(null, "size=1m");
        assertEquals(256, i.statfs().blocks);
        assertEquals(",size=1024k", i.fs.options());
    }
}

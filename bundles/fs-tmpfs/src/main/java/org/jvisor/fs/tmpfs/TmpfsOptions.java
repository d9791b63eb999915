// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.StateRecord;

/**
 * The mount options of tmpfs(5).
 *
 * @param bytes what the files may take; Long.MAX_VALUE for no limit
 * @param inodes how many there may be; Long.MAX_VALUE for no limit
 * @param mode of the root directory
 */
record TmpfsOptions(long bytes, long inodes, int mode, int uid, int gid) {

    private static final int DEFAULT_MODE = Mode.S_ISVTX | Mode.S_IRWXUGO;
    private static final int RAMFS_MODE = 0755;
    private static final int OCTAL = 8;
    private static final int KILO_SHIFT = 10;
    private static final long PERCENT = 100;

    /** Half the memory, and an inode for each page of that. */
    static TmpfsOptions defaults(Task task, long memoryBytes) {
        Credentials who = task == null ? Credentials.ROOT : task.credentials();
        long bytes = memoryBytes / 2 & -MemoryFile.PAGE;
        return new TmpfsOptions(bytes, bytes / MemoryFile.PAGE, DEFAULT_MODE, who.fsuid(), who.fsgid());
    }

    void save(StateRecord record) {
        record.put("optionBytes", bytes).put("optionInodes", inodes).put("optionMode", mode).put("optionUid", uid)
                .put("optionGid", gid);
    }

    static TmpfsOptions adopt(StateRecord record) {
        return new TmpfsOptions(record.getLong("optionBytes", Long.MAX_VALUE), record.getLong("optionInodes", Long.MAX_VALUE),
                record.getInt("optionMode", DEFAULT_MODE), record.getInt("optionUid", 0), record.getInt("optionGid", 0));
    }

    static TmpfsOptions ramfs(String data) {
        int mode = RAMFS_MODE;
        for (String option : data.split(",")) {
            if (option.startsWith("mode=")) {
                mode = octal(option.substring("mode=".length()));
            }
        }
        return new TmpfsOptions(Long.MAX_VALUE, Long.MAX_VALUE, mode, 0, 0);
    }

    /** @param before what holds where {@code data} says nothing */
    static TmpfsOptions parse(String data, TmpfsOptions before, long memoryBytes) {
        TmpfsOptions now = before;
        for (String option : data.split(",")) {
            if (!option.isEmpty()) {
                int equals = option.indexOf('=');
                String key = equals < 0 ? option : option.substring(0, equals);
                String value = equals < 0 ? null : option.substring(equals + 1);
                now = now.with(key, value, memoryBytes);
            }
        }
        return now;
    }

    private TmpfsOptions with(String key, String value, long memoryBytes) {
        return switch (key) {
            case "size" -> withBytes(size(value, memoryBytes));
            case "nr_blocks" -> withBytes(pages(size(value, memoryBytes)));
            case "nr_inodes" -> new TmpfsOptions(bytes, unlimited(size(value, memoryBytes)), mode, uid, gid);
            case "mode" -> new TmpfsOptions(bytes, inodes, octal(value), uid, gid);
            case "uid" -> new TmpfsOptions(bytes, inodes, mode, id(value), gid);
            case "gid" -> new TmpfsOptions(bytes, inodes, mode, uid, id(value));
            // What concerns huge pages, NUMA and swap has no meaning here, but programs that ask for it get along without.
            case "huge", "mpol", "inode32", "inode64", "noswap" -> this;
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    private TmpfsOptions withBytes(long newBytes) {
        long rounded = newBytes == 0 || newBytes > Long.MAX_VALUE - MemoryFile.PAGE ? Long.MAX_VALUE
                : newBytes + MemoryFile.PAGE - 1 & -MemoryFile.PAGE;
        return new TmpfsOptions(rounded, inodes, mode, uid, gid);
    }

    /** What differs from the defaults, as /proc/mounts shows it. */
    String shown(long memoryBytes) {
        TmpfsOptions usual = defaults(null, memoryBytes);
        StringBuilder text = new StringBuilder();
        if (bytes != usual.bytes) {
            text.append(",size=").append(bytes == Long.MAX_VALUE ? 0 : bytes >> KILO_SHIFT).append('k');
        }
        if (inodes != usual.inodes) {
            text.append(",nr_inodes=").append(inodes == Long.MAX_VALUE ? 0 : inodes);
        }
        if (mode != usual.mode) {
            text.append(",mode=").append(Integer.toOctalString(mode));
        }
        if (uid != 0) {
            text.append(",uid=").append(Integer.toUnsignedString(uid));
        }
        if (gid != 0) {
            text.append(",gid=").append(Integer.toUnsignedString(gid));
        }
        return text.toString();
    }

    private static long pages(long count) {
        if (count > Long.MAX_VALUE / MemoryFile.PAGE) {
            return Long.MAX_VALUE;
        }
        return count * MemoryFile.PAGE;
    }

    private static long unlimited(long value) {
        return value == 0 ? Long.MAX_VALUE : value;
    }

    /** A number with k, m, g or %. */
    private static long size(String value, long memoryBytes) {
        if (value == null || value.isEmpty()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        char unit = Character.toLowerCase(value.charAt(value.length() - 1));
        int shift = switch (unit) {
            case 'k' -> KILO_SHIFT;
            case 'm' -> 20;
            case 'g' -> 30;
            case 't' -> 40;
            default -> 0;
        };
        boolean percent = unit == '%';
        long number = number(shift > 0 || percent ? value.substring(0, value.length() - 1) : value, 10);
        if (percent) {
            return (long) Math.min(Long.MAX_VALUE, memoryBytes / (double) PERCENT * number);
        }
        if (number > Long.MAX_VALUE >> shift) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return number << shift;
    }

    private static int octal(String value) {
        return (int) number(value, OCTAL) & Mode.PERMISSIONS;
    }

    private static int id(String value) {
        long id = number(value, 10);
        if (id >= 0xffff_ffffL) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return (int) id;
    }

    private static long number(String digits, int radix) {
        if (digits == null || digits.isEmpty() || Character.digit(digits.charAt(0), radix) < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        try {
            return Long.parseLong(digits, radix);
        } catch (NumberFormatException e) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.osgi.framework.BundleException;

/**
 * What is in a jar, which is held in memory and is not trusted. It is read by its central directory, as the framework will, once it is
 * a bundle's: what stands beside that counts for nothing. Before anything is unpacked it is known how much that will be, and
 * afterwards that it was so; so no jar takes more time or memory than the limits here say.
 *
 * <p>The format is that of PKWARE's application note, of which the parts for archives beyond 4 GiB, on several disks, or encrypted are
 * refused.
 */
final class JarEntries {
    static final int MOST_ENTRIES = 10_000;
    static final int MOST_UNPACKED_BYTES = 128 << 20;
    private static final int LONGEST_NAME = 1024;
    private static final int LONGEST_SHOWN = 80;

    /** The end of the central directory, with a comment of up to 65,535 bytes behind it. */
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int LONGEST_COMMENT = 0xffff;
    /** Stands before the end where that has larger numbers elsewhere. */
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int LOCATOR_64_BYTES = 20;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;

    private static final int ENCRYPTED = 1;
    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    private final byte[] jar;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * @param at where the bytes begin in the jar, of which there are {@code packed}
     * @param unpacked how many these will be
     */
    private record Entry(String name, int header, int at, int packed, int unpacked, boolean deflated, int crc) {}

    private JarEntries(byte[] jar) {
        this.jar = jar;
    }

    /** @throws BundleException one line about what is wrong with it */
    static JarEntries read(byte[] jar) throws BundleException {
        JarEntries found = new JarEntries(jar);
        try {
            found.readDirectory(ByteBuffer.wrap(jar).order(ByteOrder.LITTLE_ENDIAN));
        } catch (IndexOutOfBoundsException e) {
            throw broken("it ends too early");
        }
        found.refuseOverlaps();
        found.unpackAll();
        return found;
    }

    Set<String> names() {
        return entries.keySet();
    }

    boolean has(String name) {
        return entries.containsKey(name);
    }

    /** @throws BundleException when it is longer than that */
    byte[] content(String name, int longest) throws BundleException {
        Entry entry = entries.get(name);
        if (entry.unpacked > longest) {
            throw new BundleException(shown(name) + " is longer than " + longest + " bytes");
        }
        // One byte more: the inflater comes to its end by trying for one.
        byte[] content = new byte[entry.unpacked + 1];
        unpack(entry, content, true);
        return Arrays.copyOf(content, entry.unpacked);
    }

    private static BundleException broken(String reason) {
        return new BundleException("the jar is broken: " + reason);
    }

    /** Names come from the jar: they are to make no line longer than one. */
    static String shown(String name) {
        String one = name.chars().allMatch(c -> c >= ' ' && c != 0x7f) ? name : name.replaceAll("\\p{Cntrl}", "?");
        return one.length() <= LONGEST_SHOWN ? one : one.substring(0, LONGEST_SHOWN) + "…";
    }

    // ---- the directory

    private void readDirectory(ByteBuffer in) throws BundleException {
        int end = findEnd(in);
        if (end >= LOCATOR_64_BYTES && in.getInt(end - LOCATOR_64_BYTES) == LOCATOR_64) {
            throw broken("its directory is in the format for archives beyond 4 GiB");
        }
        int count = unsigned(in.getShort(end + 10));
        long bytes = Integer.toUnsignedLong(in.getInt(end + 12));
        long begin = Integer.toUnsignedLong(in.getInt(end + 16));
        if (in.getInt(end + 4) != 0 || unsigned(in.getShort(end + 8)) != count) {
            throw broken("it is one of several parts");
        }
        if (begin + bytes != end) {
            throw broken("its directory is not where it should be");
        }
        if (count > MOST_ENTRIES) {
            throw new BundleException("the jar has " + count + " entries; " + MOST_ENTRIES + " are the most");
        }
        long unpacked = 0;
        int at = (int) begin;
        for (int i = 0; i < count; i++) {
            if (in.getInt(at) != CENTRAL) {
                throw broken("its directory has fewer entries than it says");
            }
            Entry entry = entry(in, at);
            unpacked += entry.unpacked;
            if (unpacked > MOST_UNPACKED_BYTES) {
                throw new BundleException("the jar has more than " + (MOST_UNPACKED_BYTES >> 20) + " MiB when it is unpacked");
            }
            if (entries.put(entry.name, entry) != null) {
                throw broken("it has two entries " + shown(entry.name));
            }
            at += CENTRAL_BYTES + unsigned(in.getShort(at + 28)) + unsigned(in.getShort(at + 30)) + unsigned(in.getShort(at + 32));
        }
        if (at != end) {
            throw broken("its directory has more entries than it says");
        }
    }

    /** The last one that the file's end fits. */
    private static int findEnd(ByteBuffer in) throws BundleException {
        int last = in.capacity() - END_BYTES;
        for (int at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) {
            if (in.getInt(at) == END && unsigned(in.getShort(at + 20)) == last - at) {
                return at;
            }
        }
        throw new BundleException("it is no jar");
    }

    private Entry entry(ByteBuffer in, int at) throws BundleException {
        String name = name(at + CENTRAL_BYTES, unsigned(in.getShort(at + 28)));
        int flags = in.getShort(at + 8);
        int method = unsigned(in.getShort(at + 10));
        long packed = Integer.toUnsignedLong(in.getInt(at + 20));
        long unpacked = Integer.toUnsignedLong(in.getInt(at + 24));
        long header = Integer.toUnsignedLong(in.getInt(at + 42));
        if ((flags & ENCRYPTED) != 0) {
            throw broken("its entry " + shown(name) + " is encrypted");
        }
        if (method != STORED && method != DEFLATED || method == STORED && packed != unpacked) {
            throw broken("its entry " + shown(name) + " is packed in a way that is not known");
        }
        if (unpacked > MOST_UNPACKED_BYTES) {
            throw new BundleException("the jar has more than " + (MOST_UNPACKED_BYTES >> 20) + " MiB when it is unpacked");
        }
        if (header > jar.length || in.getInt((int) header) != LOCAL) {
            throw broken("its entry " + shown(name) + " is not where it should be");
        }
        int local = (int) header;
        int nameBytes = unsigned(in.getShort(local + 26));
        if (!name.equals(name(local + LOCAL_BYTES, nameBytes))) {
            throw broken("its entry " + shown(name) + " has two names");
        }
        long begin = header + LOCAL_BYTES + nameBytes + unsigned(in.getShort(local + 28));
        if (begin + packed > jar.length) {
            throw broken("it ends too early");
        }
        return new Entry(name, local, (int) begin, (int) packed, (int) unpacked, method == DEFLATED, in.getInt(at + 16));
    }

    private String name(int at, int bytes) throws BundleException {
        if (bytes == 0 || bytes > LONGEST_NAME) {
            throw broken("an entry's name has " + bytes + " bytes");
        }
        String name;
        try {
            name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(jar, at, bytes)).toString();
        } catch (CharacterCodingException e) {
            throw broken("an entry's name is no text");
        }
        if (name.startsWith("/") || List.of(name.split("/")).contains("..") || name.indexOf(0) >= 0) {
            throw broken("an entry's name leads out of it: " + shown(name));
        }
        return name;
    }

    private static int unsigned(short value) {
        return Short.toUnsignedInt(value);
    }

    /** No bytes are two entries': there could be any number of those then. */
    private void refuseOverlaps() throws BundleException {
        List<Entry> order = new ArrayList<>(entries.values());
        order.sort(Comparator.comparingInt(Entry::header));
        long end = 0;
        for (Entry entry : order) {
            if (entry.header < end) {
                throw broken("its entry " + shown(entry.name) + " begins within another");
            }
            end = (long) entry.at + entry.packed;
        }
    }

    // ---- the content

    /** Whether it is what the directory says. */
    private void unpackAll() throws BundleException {
        byte[] part = new byte[1 << 16];
        for (Entry entry : entries.values()) {
            unpack(entry, part, false);
        }
    }

    /** @param whole whether there is room for all of it in {@code target}, rather than for a part after the other */
    private void unpack(Entry entry, byte[] target, boolean whole) throws BundleException {
        CRC32 sum = new CRC32();
        long bytes = entry.packed;
        if (entry.deflated) {
            bytes = inflate(entry, target, whole, sum);
        } else {
            sum.update(jar, entry.at, entry.packed);
            System.arraycopy(jar, entry.at, target, 0, Math.min(entry.packed, target.length));
        }
        if (bytes != entry.unpacked || (int) sum.getValue() != entry.crc) {
            throw broken("its entry " + shown(entry.name) + " is damaged");
        }
    }

    /** @return how many bytes there were; no more than the entry's and one part */
    private long inflate(Entry entry, byte[] target, boolean whole, CRC32 sum) throws BundleException {
        try (Inflater inflater = new Inflater(true)) {
            inflater.setInput(jar, entry.at, entry.packed);
            long bytes = 0;
            while (!inflater.finished() && bytes <= entry.unpacked) {
                int at = whole ? (int) bytes : 0;
                int count = inflater.inflate(target, at, target.length - at);
                if (count == 0 && !inflater.finished()) {
                    return -1;
                }
                sum.update(target, at, count);
                bytes += count;
            }
            return bytes;
        } catch (DataFormatException e) {
            return -1;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * Machine code as a listing: a line an instruction, its octets in the first column, what they mean in the second. A line
 * {@code name:} is a label, and {@code {name}} among the octets the 32-bit distance from there to a label (of this listing, or
 * given from outside), counted from the end of the field, which is the end of the instruction, as jumps and RIP-relative
 * operands have it.
 */
final class Listing {
    static final int BYTES_COLUMN = 36;
    private static final int DISPLACEMENT_BYTES = 4;

    private final String text;
    private final int length;

    Listing(String text) {
        this.text = text;
        length = assemble(0, Map.of(), new HashMap<>(), false).length;
    }

    /** Bytes of the code. */
    int length() {
        return length;
    }

    /**
     * @param address where the code will lie
     * @param outside labels outside the listing
     */
    byte[] assemble(int address, Map<String, Integer> outside) {
        Map<String, Integer> labels = new HashMap<>(outside);
        assemble(address, outside, labels, false);
        return assemble(address, outside, labels, true);
    }

    /** The instructions in words, in order. */
    Iterable<String> instructions() {
        return text.lines()
                .filter(line -> line.length() > BYTES_COLUMN)
                .map(line -> line.substring(BYTES_COLUMN).trim())
                .toList();
    }

    private byte[] assemble(int address, Map<String, Integer> outside, Map<String, Integer> labels, boolean resolve) {
        ByteArrayOutputStream code = new ByteArrayOutputStream();
        for (String line : text.lines().toList()) {
            if (line.endsWith(":")) {
                labels.put(line.trim().substring(0, line.trim().length() - 1), address + code.size());
                continue;
            }
            for (String field : line.substring(0, Math.min(BYTES_COLUMN, line.length())).trim().split(" ")) {
                if (!field.startsWith("{")) {
                    code.write(HexFormat.fromHexDigits(field));
                    continue;
                }
                int end = address + code.size() + DISPLACEMENT_BYTES;
                int distance = resolve ? labels.get(field.substring(1, field.length() - 1)) - end : 0;
                for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                    code.write(distance >> shift);
                }
            }
        }
        return code.toByteArray();
    }
}

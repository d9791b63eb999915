// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

/**
 * How records look in a stream. Numbers are of seven bits a byte, the lowest first, with the eighth bit set in all but the last;
 * a signed one has its sign in its lowest bit.
 *
 * <pre>
 *   stream:  "jVisorSt" | version of the format | frames | 0 | number of frames | CRC-32C of all before: 4 bytes, lowest first
 *   frame:   1 | id of the object | record
 *   record:  name of its type | schema | number of fields | fields
 *   field:   name | kind: a byte | value
 *   name:    0 | text when it is new; afterwards its number, from 1 on
 *   text:    length | a byte a char
 * </pre>
 *
 * The values by kind: a signed number; a text; a wide text (length, a number a char); bytes (length, bytes); signed numbers (count,
 * numbers); a list (count, records); a reference to an object of a driver, or of the core (id); references to the core's (count, ids,
 * 0 for null).
 */
final class RecordFormat {

    static final byte[] MAGIC = {'j', 'V', 'i', 's', 'o', 'r', 'S', 't'};
    static final int VERSION = 1;

    static final int END = 0;
    static final int FRAME = 1;

    static final int NEW_NAME = 0;

    static final int LONG = 1;
    static final int TEXT = 2;
    static final int WIDE_TEXT = 3;
    static final int BYTES = 4;
    static final int LONGS = 5;
    static final int LIST = 6;
    static final int OWN = 7;
    static final int CORE = 8;
    static final int CORES = 9;

    /** For lists within lists. */
    static final int MAX_DEPTH = 16;

    private RecordFormat() {
    }
}

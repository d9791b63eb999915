// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

/** The value of an extended attribute that goes by Tread (after Txattrwalk) or comes by Twrite (after Txattrcreate). */
final class XattrTransfer {
    /** With its NUL. */
    final byte[] name;

    final byte[] value;
    /** XATTR_CREATE, XATTR_REPLACE. */
    final int flags;

    final boolean writing;
    /** Bytes that came. */
    int written;

    XattrTransfer(byte[] name, byte[] value, int flags, boolean writing) {
        this.name = name;
        this.value = value;
        this.flags = flags;
        this.writing = writing;
    }
}

// SPDX-License-Identifier: Apache-2.0
/**
 * 9P2000.L messages and the transports that carry them.
 *
 * <p>{@link org.jvisor.api.p9.P9} has the numbers, {@link org.jvisor.api.p9.P9Message} is one message in a byte array, written
 * and read field by field; {@link org.jvisor.api.p9.P9Requests} and {@link org.jvisor.api.p9.P9Replies} write each message and
 * state its layout, in the protocol's own notation: {@code name[4]} is a little-endian integer of four bytes, {@code name[s]} a
 * string (its length in two bytes, then the bytes), {@code qid[13]} is {@code type[1] version[4] path[8]}.
 *
 * <p>Two dialects are spoken, and a server that is offered the longer name but does not know it answers with the shorter one:
 * {@code 9P2000.L} as Linux and diod have it, and {@code 9P2000.L.jvisor}, which adds the messages from
 * {@link org.jvisor.api.p9.P9#TWALKATTR} on, so that a path of several names, a directory with all attributes or a file to read
 * from is one round trip. In that dialect a fid has no name once it is there: Tremove, Trename and walks to ".." are refused with
 * EOPNOTSUPP, and Tflush is answered at once, whatever becomes of the old request.
 */
@Export
@Version("2.0.0")
package org.jvisor.api.p9;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;

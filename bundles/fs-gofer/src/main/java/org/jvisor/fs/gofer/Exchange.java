// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;

/** What a thread needs to ask the gofer something: used by one at a time, and again. */
final class Exchange {
    /** Enough for any structure of the host, and for a page. */
    static final int SCRATCH_BYTES = 4096;

    final P9Message request;
    final P9Message reply;
    final P9Attributes attributes = new P9Attributes();
    final P9Requests.Changes changes = new P9Requests.Changes();
    /** Memory for the host's system calls. */
    final long scratch;

    Exchange(HostKernel host, int messageSize) {
        request = new P9Message(messageSize);
        reply = new P9Message(messageSize);
        scratch = host.allocate(SCRATCH_BYTES);
    }
}

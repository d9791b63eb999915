// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;

/** What a thread needs to ask the gofer something: used by one at a time, and again. */
final class Exchange {
    final P9Message request;
    final P9Message reply;
    final P9Attributes attributes = new P9Attributes();
    final P9Requests.Changes changes = new P9Requests.Changes();

    Exchange(int messageSize) {
        request = new P9Message(messageSize);
        reply = new P9Message(messageSize);
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;

/** Who sent a message: SCM_CREDENTIALS (unix(7)). */
record Sender(int pid, int uid, int gid) {

    /** Of bytes that were sent when nobody asked for credentials: the overflow user and group (proc(5), overflowuid). */
    private static final Sender UNKNOWN = new Sender(0, 65534, 65534);

    static Sender of(Task task) {
        return new Sender(task.group().pid(), task.credentials().uid(), task.credentials().gid());
    }

    /** Whom the message names; null: nobody. */
    static Sender named(Socket.Message message) {
        return message != null && message.hasCredentials ? new Sender(message.pid, message.uid, message.gid) : null;
    }

    static Sender orUnknown(Sender sender) {
        return sender == null ? UNKNOWN : sender;
    }

    /** Tells the receiver. */
    static void tell(Sender sender, Socket.Message message) {
        message.hasCredentials = true;
        message.pid = sender.pid;
        message.uid = sender.uid;
        message.gid = sender.gid;
    }

    /** Nothing for null. */
    static void save(Sender sender, StateRecord record) {
        if (sender != null) {
            record.put("pid", sender.pid).put("uid", sender.uid).put("gid", sender.gid);
        }
    }

    /** Null when there is none. */
    static Sender adopt(StateRecord record) {
        return record.has("pid") ? new Sender(record.requireInt("pid"), record.requireInt("uid"), record.requireInt("gid")) : null;
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.vfs.MountNamespace;
import org.osgi.service.component.annotations.Component;

/** Which terminal /dev/console is: the container's own, known by its mounts. Any thread. */
@Component(service = Consoles.class)
public final class Consoles {

    private final Map<MountNamespace, Tty> terminals = new ConcurrentHashMap<>();

    void add(MountNamespace namespace, Tty terminal) {
        terminals.put(namespace, terminal);
    }

    void remove(MountNamespace namespace, Tty terminal) {
        terminals.remove(namespace, terminal);
    }

    /** Null where there is none. */
    Tty find(MountNamespace namespace) {
        return terminals.get(namespace);
    }
}

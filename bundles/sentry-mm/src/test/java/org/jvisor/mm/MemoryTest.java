// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.UserSpace;
import org.jvisor.host.ffm.FfmHostKernel;

/** A memory system of 64 MiB; after each test whose processes have exited every frame must be free again. */
abstract class MemoryTest {

    static final long BYTES = 64L << 20;
    static final long MAX_ADDRESS = UserSpace.END;
    static final int PAGE = Pte.PAGE;

    HostKernel host;
    FrameFile file;
    MemorySystem system;

    @BeforeEach
    void open() {
        host = new FfmHostKernel();
        file = new FrameFile(host, BYTES);
        system = new MemorySystem(host, file);
        system.start((Platform) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Platform.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "newAddressSpace" -> new FakeSpace();
                    default -> throw new UnsupportedOperationException(method.getName());
                }));
    }

    @AfterEach
    void close() {
        system.close();
    }

    void assertAllFree() {
        assertEquals(0, file.used(), "frames left");
        assertEquals(0, system.arena.used(), "pages of tables left");
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.function.Consumer;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.core.process.TaskImpl;

/** What the core has of the platform: itself and each task's context. Address spaces are the memory managers'. */
final class PlatformHandles implements HandleSource {

    private final KernelImpl kernel;

    PlatformHandles(KernelImpl kernel) {
        this.kernel = kernel;
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        if (kernel.platform() == null) {
            return;
        }
        visitor.accept(new PlatformHandle(kernel));
        for (TaskImpl task : kernel.processes().tasks()) {
            if (task.context() != null) {
                visitor.accept(new ContextHandle(task));
            }
        }
    }

    private record PlatformHandle(KernelImpl kernel) implements Handle {

        @Override
        public long id() {
            return 1;
        }

        @Override
        public String kind() {
            return "platform";
        }

        @Override
        public Object target() {
            return kernel.platform();
        }

        @Override
        public void replace(Object fresh) {
            kernel.setPlatform((Platform) fresh);
        }
    }

    private record ContextHandle(TaskImpl task) implements Handle {

        @Override
        public long id() {
            return task.tid();
        }

        @Override
        public String kind() {
            return "context";
        }

        @Override
        public Object target() {
            return task.context();
        }

        @Override
        public void replace(Object fresh) {
            task.setContext((Context) fresh);
        }
    }
}

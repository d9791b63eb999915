// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.List;
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

    private static final class PlatformHandle implements Handle {

        private final KernelImpl kernel;
        private List<Platform> allPrepared;

        PlatformHandle(KernelImpl kernel) {
            this.kernel = kernel;
        }

        @Override
        public long id() {
            return 1;
        }

        @Override
        public String kind() {
            return "platform";
        }

        @Override
        public Class<?> type() {
            return Platform.class;
        }

        @Override
        public Object target() {
            return kernel.platform();
        }

        @Override
        public void prepare(Object fresh) {
            Platform serving = kernel.platform();
            allPrepared = kernel.preparedPlatforms().stream().map(one -> one == serving ? (Platform) fresh : one).toList();
        }

        @Override
        public void replace(Object fresh) {
            kernel.setPlatform((Platform) fresh, allPrepared);
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
        public Class<?> type() {
            return Context.class;
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

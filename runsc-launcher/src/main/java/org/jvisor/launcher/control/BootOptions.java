// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import org.jvisor.api.kernel.Kernel.KernelOptions;

/** What the Sentry is told before any container. */
public final class BootOptions {

    private BootOptions() {
    }

    public static byte[] write(KernelOptions options) {
        BodyWriter out = new BodyWriter();
        out.text(options.platform());
        out.text(options.release());
        out.bool(options.strace());
        out.list(options.straceCalls(), out::text);
        out.number(options.memoryLimitBytes());
        return out.bytes();
    }

    public static KernelOptions read(byte[] body) {
        BodyReader in = new BodyReader(body);
        return new KernelOptions(in.text(), in.text(), in.bool(), in.list(in::text), in.number());
    }
}

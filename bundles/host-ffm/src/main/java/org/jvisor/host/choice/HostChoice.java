// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.choice;

import org.jvisor.api.host.HostKernel;
import org.jvisor.host.ffm.FfmHostKernel;

/**
 * By which bundle a process reaches its host's kernel: runsc, the Sentry and the gofer ask here before there is a framework. The
 * system property says it, or is not there: then it is host-ffm where this process may use java.lang.foreign, and host-jnr
 * where not.
 */
public final class HostChoice {
    /** The system property, {@code ffm} or {@code jnr}. */
    public static final String PROPERTY = "jvisor.host";
    public static final String FFM = "ffm";
    public static final String JNR = "jnr";

    /** By its name: its jar is on the class path only where it is chosen. */
    private static final String JNR_CLASS = "org.jvisor.host.jnr.JnrHostKernel";

    private HostChoice() {
    }

    public static String name() {
        return System.getProperty(PROPERTY, HostChoice.class.getModule().isNativeAccessEnabled() ? FFM : JNR);
    }

    /** @throws IllegalStateException the bundle that is asked for does not work here */
    public static HostKernel make() {
        return switch (name()) {
            case FFM -> new FfmHostKernel();
            case JNR -> jnr();
            default -> throw new IllegalStateException("no host bundle is called \"" + name() + "\"");
        };
    }

    private static HostKernel jnr() {
        try {
            return (HostKernel) load(JNR_CLASS).getConstructor().newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            throw new IllegalStateException("the host bundle host-jnr does not work here: "
                + (e.getCause() == null ? e : e.getCause()), e);
        }
    }

    /** The name as an argument: bnd would make an import of a literal one. */
    private static Class<?> load(String name) throws ClassNotFoundException {
        return Class.forName(name);
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import java.util.List;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.kernel.ContainerSpec.Root;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.ProcessSpec.Capabilities;
import org.jvisor.api.kernel.ProcessSpec.Rlimit;
import org.jvisor.api.kernel.ProcessSpec.User;

/** A {@link ContainerSpec} as the body of a frame; its descriptors travel beside it and get new numbers on the way. */
public final class SpecCodec {

    private static final int STREAMS = 3;

    private SpecCodec() {
    }

    /** @param descriptors gets the descriptors to send along, in order */
    public static byte[] write(ContainerSpec spec, List<Integer> descriptors) {
        BodyWriter out = new BodyWriter();
        out.text(spec.id());
        out.text(spec.hostname());
        out.text(spec.domainname());
        out.number(spec.memoryLimitBytes());
        descriptor(out, spec.rootfs().goferFd(), descriptors);
        out.bool(spec.rootfs().readOnly());
        out.bool(spec.rootfs().overlay());
        out.number(spec.rootfs().overlayBytes());
        out.list(spec.mounts(), mount -> {
            out.text(mount.destination());
            out.text(mount.type());
            out.text(mount.source());
            out.number(mount.flags());
            out.text(mount.data());
            descriptor(out, mount.goferFd(), descriptors);
            out.bool(mount.overlay());
        });
        write(out, spec.process(), descriptors);
        return out.bytes();
    }

    /** As the end of a body. */
    public static void write(BodyWriter out, ProcessSpec process, List<Integer> descriptors) {
        out.list(process.arguments(), out::text);
        out.list(process.environment(), out::text);
        out.text(process.workingDirectory());
        out.number(process.user().uid());
        out.number(process.user().gid());
        out.list(process.user().additionalGids(), gid -> out.number(gid));
        out.number(process.user().umask());
        out.number(process.capabilities().bounding());
        out.number(process.capabilities().effective());
        out.number(process.capabilities().inheritable());
        out.number(process.capabilities().permitted());
        out.number(process.capabilities().ambient());
        out.list(process.rlimits(), limit -> {
            out.number(limit.type());
            out.number(limit.soft());
            out.number(limit.hard());
        });
        out.bool(process.noNewPrivileges());
        out.number(process.stdio().length);
        for (int fd : process.stdio()) {
            descriptor(out, fd, descriptors);
        }
        out.bool(process.terminal());
        descriptor(out, process.ttyFd(), descriptors);
        out.number(process.ttyFds());
        out.number(process.ttyRows());
        out.number(process.ttyColumns());
    }

    /** @throws IllegalArgumentException when the body makes no sense */
    public static ContainerSpec read(byte[] body, int[] descriptors) {
        Given given = new Given(descriptors);
        BodyReader in = new BodyReader(body);
        String id = in.text();
        String hostname = in.text();
        String domainname = in.text();
        long memoryLimit = in.number();
        Root root = new Root(given.next(in), in.bool(), in.bool(), in.number());
        List<MountSpec> mounts = in.list(() -> new MountSpec(in.text(), in.text(), in.text(), in.number(), in.text(),
            given.next(in), in.bool()));
        ProcessSpec process = process(in, given);
        in.end();
        given.end();
        return new ContainerSpec(id, hostname, domainname, process, root, mounts, memoryLimit);
    }

    /**
     * Reads to the body's end.
     *
     * @throws IllegalArgumentException when the body makes no sense
     */
    public static ProcessSpec readProcess(BodyReader in, int[] descriptors) {
        Given given = new Given(descriptors);
        ProcessSpec process = process(in, given);
        in.end();
        given.end();
        return process;
    }

    private static ProcessSpec process(BodyReader in, Given given) {
        List<String> arguments = in.list(in::text);
        List<String> environment = in.list(in::text);
        String workingDirectory = in.text();
        User user = new User(in.integer(), in.integer(), in.list(in::integer), in.integer());
        Capabilities capabilities = new Capabilities(in.number(), in.number(), in.number(), in.number(), in.number());
        List<Rlimit> rlimits = in.list(() -> new Rlimit(in.integer(), in.number(), in.number()));
        boolean noNewPrivileges = in.bool();
        int[] stdio = in.list(() -> given.next(in)).stream().mapToInt(Integer::intValue).toArray();
        if (stdio.length != STREAMS) {
            throw new IllegalArgumentException("not three standard streams");
        }
        return new ProcessSpec(arguments, environment, workingDirectory, user, capabilities, rlimits, noNewPrivileges, stdio, in.bool(),
            given.next(in), in.integer(), in.integer(), in.integer());
    }

    /** The index of a descriptor among those sent along; -1 for none. */
    private static void descriptor(BodyWriter out, int fd, List<Integer> descriptors) {
        out.number(fd < 0 ? -1 : descriptors.size());
        if (fd >= 0) {
            descriptors.add(fd);
        }
    }

    /** The descriptors that came along: each is somebody's, and nobody's twice. */
    private static final class Given {
        private final int[] descriptors;
        private int used;

        Given(int[] descriptors) {
            this.descriptors = descriptors;
        }

        int next(BodyReader in) {
            int index = in.integer();
            if (index < 0) {
                return -1;
            }
            if (index != used || index >= descriptors.length) {
                throw new IllegalArgumentException("a descriptor that was not sent along");
            }
            return descriptors[used++];
        }

        void end() {
            if (used != descriptors.length) {
                throw new IllegalArgumentException("a descriptor that is for nothing");
            }
        }
    }

    /** The descriptors as {@link ControlSocket#send} takes them. */
    public static int[] array(List<Integer> descriptors) {
        int[] array = new int[descriptors.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = descriptors.get(i);
        }
        return array;
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.oci;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.kernel.ProcessSpec.Capabilities;
import org.jvisor.api.kernel.ProcessSpec.Rlimit;
import org.jvisor.api.kernel.ProcessSpec.User;
import org.jvisor.launcher.json.JsonNode;
import org.jvisor.launcher.oci.OciConfig.OciMount;

/**
 * Reads config.json of an OCI bundle. Members that concern the host's own ways of confinement (linux.namespaces, seccomp, …) are
 * left out: a program in the Sentry has none of the host's.
 */
public final class ConfigReader {
    private static final long LARGEST_ID = 0xffff_fffeL;
    private static final int MOST_SUPPLEMENTARY_GROUPS = 65536;
    /** Linux's __NEW_UTS_LEN. */
    private static final int LONGEST_HOSTNAME = 64;
    private static final int DEFAULT_UMASK = 022;

    private ConfigReader() {
    }

    /** @throws org.jvisor.launcher.RunscException in one line, with the place */
    public static OciConfig read(byte[] json) {
        JsonNode top = JsonNode.parse(json);
        version(top.get("ociVersion"));
        JsonNode process = top.get("process");
        if (!process.exists()) {
            throw process.error("must be defined");
        }
        JsonNode root = top.get("root");
        if (!root.exists()) {
            throw root.error("must be defined");
        }
        List<OciMount> mounts = new ArrayList<>();
        for (JsonNode mount : top.get("mounts").items()) {
            mounts.add(mount(mount));
        }
        return new OciConfig(process(process), root(root), name(top.get("hostname")), name(top.get("domainname")), mounts,
            memoryLimit(top.get("linux").get("resources").get("memory").get("limit")));
    }

    /** 0: none, which the specification has as -1, too. */
    private static long memoryLimit(JsonNode limit) {
        return limit.exists() ? Math.max(0, limit.number(-1, Long.MAX_VALUE)) : 0;
    }

    private static void version(JsonNode version) {
        String text = version.text();
        if (text.isEmpty()) {
            throw version.error("must be defined");
        }
        if (!text.startsWith("1.")) {
            throw version.error("version " + text + " is not of the 1.x series");
        }
    }

    private static OciConfig.Process process(JsonNode process) {
        List<String> arguments = process.get("args").texts();
        if (arguments.isEmpty()) {
            throw process.get("args").error("must be defined");
        }
        String directory = process.get("cwd").text();
        if (!directory.startsWith("/")) {
            throw process.get("cwd").error("must be an absolute path, not \"" + directory + "\"");
        }
        JsonNode console = process.get("consoleSize");
        return new OciConfig.Process(process.get("terminal").bool(), (int) console.get("height").number(0, 65535),
            (int) console.get("width").number(0, 65535), arguments, process.get("env").texts(), directory,
            user(process.get("user")), capabilities(process.get("capabilities")), rlimits(process.get("rlimits")),
            process.get("noNewPrivileges").bool());
    }

    private static User user(JsonNode user) {
        List<Integer> groups = new ArrayList<>();
        for (JsonNode group : user.get("additionalGids").items()) {
            groups.add((int) group.number(0, LARGEST_ID));
        }
        if (groups.size() > MOST_SUPPLEMENTARY_GROUPS) {
            throw user.get("additionalGids").error("more than " + MOST_SUPPLEMENTARY_GROUPS + " groups");
        }
        JsonNode umask = user.get("umask");
        return new User((int) user.get("uid").number(0, LARGEST_ID), (int) user.get("gid").number(0, LARGEST_ID), groups,
            umask.exists() ? (int) umask.number(0, 0777) : DEFAULT_UMASK);
    }

    private static Capabilities capabilities(JsonNode sets) {
        return new Capabilities(capabilitySet(sets.get("bounding")), capabilitySet(sets.get("effective")),
            capabilitySet(sets.get("inheritable")), capabilitySet(sets.get("permitted")), capabilitySet(sets.get("ambient")));
    }

    private static long capabilitySet(JsonNode names) {
        long set = 0;
        for (JsonNode name : names.items()) {
            int capability = Capability.parse(name.text());
            if (capability < 0) {
                throw name.error("unknown capability \"" + name.text() + "\"");
            }
            set |= Capability.bit(capability);
        }
        return set;
    }

    private static List<Rlimit> rlimits(JsonNode list) {
        List<Rlimit> limits = new ArrayList<>();
        for (JsonNode limit : list.items()) {
            String name = limit.get("type").text();
            int type = org.jvisor.api.abi.Rlimit.parse(name);
            if (type < 0) {
                throw limit.get("type").error("unknown limit \"" + name + "\"");
            }
            if (limits.stream().anyMatch(earlier -> earlier.type() == type)) {
                throw limit.get("type").error(name + " is there twice");
            }
            long soft = limit.get("soft").unsigned();
            long hard = limit.get("hard").unsigned();
            if (Long.compareUnsigned(soft, hard) > 0) {
                throw limit.error("the soft limit is above the hard one");
            }
            limits.add(new Rlimit(type, soft, hard));
        }
        return limits;
    }

    private static OciConfig.Root root(JsonNode root) {
        String path = root.get("path").text();
        if (path.isEmpty()) {
            throw root.get("path").error("must be defined");
        }
        return new OciConfig.Root(path, root.get("readonly").bool());
    }

    private static String name(JsonNode node) {
        String name = node.text();
        if (name.length() > LONGEST_HOSTNAME) {
            throw node.error("longer than " + LONGEST_HOSTNAME + " bytes");
        }
        return name;
    }

    private static OciMount mount(JsonNode mount) {
        String destination = mount.get("destination").text();
        if (destination.isEmpty()) {
            throw mount.get("destination").error("must be defined");
        }
        // runc takes a relative destination as relative to the root, with a warning; Docker once wrote such bundles.
        String absolute = destination.startsWith("/") ? destination : "/" + destination;
        List<String> options = mount.get("options").texts();
        String type = mount.get("type").text();
        String source = mount.get("source").text();
        if (options.contains("bind") || options.contains("rbind")) {
            type = "bind";
        }
        if (type.isEmpty()) {
            throw mount.get("type").error("must be defined");
        }
        if (type.equals("bind") && source.isEmpty()) {
            throw mount.get("source").error("must be defined for a bind mount");
        }
        MountOptions parsed = MountOptions.parse(options);
        return new OciMount(absolute, type, source, parsed.flags, parsed.data);
    }
}

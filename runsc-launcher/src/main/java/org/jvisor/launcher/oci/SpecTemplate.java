// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.oci;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import org.jvisor.launcher.ByteStrings;

/** The config.json to start from, which {@code runsc spec} writes. */
public final class SpecTemplate {
    private static final List<String> CAPABILITIES = List.of("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");
    private static final List<String> CAPABILITY_SETS = List.of("bounding", "effective", "inheritable", "permitted");

    private SpecTemplate() {
    }

    /** @param networkNamespace path of one to join; empty for a new one */
    public static String json(List<String> arguments, String workingDirectory, String networkNamespace) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.setIndent("    ");
            out.beginObject();
            out.name("ociVersion").value("1.0.0");
            process(out, arguments, workingDirectory);
            out.name("root").beginObject().name("path").value("rootfs").name("readonly").value(true).endObject();
            out.name("hostname").value("runsc");
            out.name("mounts").beginArray();
            mount(out, "/proc", "proc", "proc");
            mount(out, "/dev", "tmpfs", "tmpfs");
            mount(out, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro");
            out.endArray();
            linux(out, networkNamespace);
            out.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ByteStrings.fromUnicode(text.toString()) + "\n";
    }

    private static void process(JsonWriter out, List<String> arguments, String workingDirectory) throws IOException {
        out.name("process").beginObject();
        out.name("user").beginObject().name("uid").value(0).name("gid").value(0).endObject();
        texts(out, "args", arguments);
        texts(out, "env", List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"));
        out.name("cwd").value(ByteStrings.toUnicode(workingDirectory));
        out.name("capabilities").beginObject();
        for (String set : CAPABILITY_SETS) {
            texts(out, set, CAPABILITIES);
        }
        out.endObject();
        out.name("rlimits").beginArray().beginObject();
        out.name("type").value("RLIMIT_NOFILE").name("hard").value(1024).name("soft").value(1024);
        out.endObject().endArray();
        out.endObject();
    }

    private static void mount(JsonWriter out, String destination, String type, String source, String... options)
            throws IOException {
        out.beginObject();
        out.name("destination").value(destination).name("type").value(type).name("source").value(source);
        if (options.length > 0) {
            texts(out, "options", List.of(options));
        }
        out.endObject();
    }

    private static void linux(JsonWriter out, String networkNamespace) throws IOException {
        out.name("linux").beginObject().name("namespaces").beginArray();
        for (String type : List.of("pid", "network", "ipc", "uts", "mount")) {
            out.beginObject().name("type").value(type);
            if (type.equals("network") && !networkNamespace.isEmpty()) {
                out.name("path").value(ByteStrings.toUnicode(networkNamespace));
            }
            out.endObject();
        }
        out.endArray().endObject();
    }

    private static void texts(JsonWriter out, String name, List<String> values) throws IOException {
        out.name(name).beginArray();
        for (String value : values) {
            out.value(ByteStrings.toUnicode(value));
        }
        out.endArray();
    }
}

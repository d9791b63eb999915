// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Open;
import org.jvisor.host.choice.HostChoice;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/**
 * The folder that runsc was started from: the Java runtime, the class paths and the options of the two other roles.
 *
 * <pre>
 * lib/runtime/          the Java runtime
 * conf/ROLE.options     arguments for java, one a line; {home} stands for the folder; # begins a comment
 * lib/ROLE.classpath    files of the class path, one a line, relative to the folder
 * lib/ROLE.aot          the role's AOT cache, where one was made
 * </pre>
 */
public final class Distribution {
    private static final int LONGEST_FILE = 1 << 20;

    private final HostCalls calls;
    private final String home;
    private final String conf;

    private Distribution(HostCalls calls, String home, String conf) {
        this.calls = calls;
        this.home = home;
        this.conf = conf;
    }

    /** The distribution that this process was started from by bin/runsc. */
    static Distribution current(HostCalls calls) {
        String home = System.getProperty("jvisor.home");
        if (home == null) {
            throw new RunscException("runsc is to be started by bin/runsc of its distribution");
        }
        return new Distribution(calls, home, System.getProperty("jvisor.conf", home + "/conf"));
    }

    String java() {
        return home + "/lib/runtime/bin/java";
    }

    /** argv of a JVM for this role, up to its main class. */
    List<String> command(String role, String processName) {
        List<String> command = new ArrayList<>();
        command.add(processName);
        command.addAll(lines(conf + "/" + role + ".options"));
        String cache = home + "/lib/" + role + ".aot";
        int fd = calls.open(cache, Open.O_PATH, 0);
        if (fd >= 0) {
            calls.close(fd);
            command.add("-XX:AOTCache=" + cache);
        }
        StringBuilder classPath = new StringBuilder();
        for (String jar : lines(home + "/lib/" + role + ".classpath")) {
            classPath.append(classPath.isEmpty() ? "" : ":").append(home).append('/').append(jar);
        }
        if (HostChoice.name().equals(HostChoice.JNR)) {
            // At the end: the AOT cache is for a class path that begins as this one does.
            classPath.append(':').append(home).append("/bundles/host-jnr.jar");
        }
        command.add("-D" + HostChoice.PROPERTY + "=" + HostChoice.name());
        command.add("-cp");
        command.add(classPath.toString());
        return command;
    }

    private List<String> lines(String file) {
        int fd = calls.open(file, Open.O_RDONLY, 0);
        HostCalls.check(fd, "the distribution is not complete: " + file);
        String text = ByteStrings.of(calls.readAll(fd, LONGEST_FILE, file));
        calls.close(fd);
        List<String> lines = new ArrayList<>();
        for (String line : text.split("\n")) {
            if (!line.isBlank() && !line.startsWith("#")) {
                lines.add(line.strip().replace("{home}", home));
            }
        }
        return lines;
    }
}

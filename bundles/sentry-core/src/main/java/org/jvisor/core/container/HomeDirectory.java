// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.TaskImpl;

/** The variable HOME, which runtimes add where a bundle says nothing: from the container's /etc/passwd (passwd(5)). */
public final class HomeDirectory {

    private static final Logger LOG = System.getLogger("org.jvisor.core.container");

    private static final String VARIABLE = "HOME=";
    private static final String DEFAULT = "/";
    private static final int FILE_MAX = 1 << 20;
    private static final int UID_FIELD = 2;
    private static final int HOME_FIELD = 5;

    private HomeDirectory() {}

    static void add(KernelImpl kernel, TaskImpl task, List<String> environment) {
        if (environment.stream().noneMatch(variable -> variable.startsWith(VARIABLE))) {
            environment.add(VARIABLE + home(passwd(kernel, task), task.credentials().uid()));
        }
    }

    public static String home(String passwd, int uid) {
        for (String line : passwd.split("\n")) {
            String[] fields = line.split(":");
            if (fields.length > HOME_FIELD && fields[UID_FIELD].equals(Integer.toUnsignedString(uid))
                    && !fields[HOME_FIELD].isEmpty()) {
                return fields[HOME_FIELD];
            }
        }
        return DEFAULT;
    }

    private static String passwd(KernelImpl kernel, TaskImpl task) {
        FileDescription file = null;
        try {
            file = kernel.vfs().open(task, Open.AT_FDCWD, task.walk().load("/etc/passwd"), Open.O_RDONLY | Open.O_NONBLOCK, 0, 0);
            byte[] content = new byte[(int) Math.clamp(file.inode().size(), 0L, (long) FILE_MAX)];
            int length = 0;
            while (length < content.length) {
                long count = file.readAt(task, kernel.memory().kernelBuffer(content, length, content.length - length), length);
                if (count <= 0) {
                    break;
                }
                length += (int) count;
            }
            return new String(Arrays.copyOf(content, length), StandardCharsets.ISO_8859_1);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "no /etc/passwd in the container: {0}", e.getMessage());
            return "";
        } finally {
            if (file != null) {
                file.release(task);
            }
        }
    }
}

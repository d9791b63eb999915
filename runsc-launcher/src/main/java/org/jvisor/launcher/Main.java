// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jvisor.launcher.cli.Runsc;

/** runsc's entry. */
public final class Main {

    private Main() {
    }

    public static void main(String[] arguments) {
        int status = Runsc.run(split("/proc/self/cmdline", arguments.length), split("/proc/self/environ", Integer.MAX_VALUE));
        // There is nothing to shut down; exit would load a logger to note itself.
        Runtime.getRuntime().halt(status);
    }

    /**
     * The last entries of a file of zero-terminated strings. Java decodes its own arguments and environment by the locale, which
     * need not have a char for every byte.
     */
    private static List<String> split(String file, int count) {
        byte[] bytes;
        try (FileInputStream in = new FileInputStream(file)) {
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new RunscException("reading " + file + ": " + e.getMessage());
        }
        List<String> words = new ArrayList<>();
        int begin = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                words.add(ByteStrings.of(Arrays.copyOfRange(bytes, begin, i)));
                begin = i + 1;
            }
        }
        return words.subList(Math.max(0, words.size() - count), words.size());
    }
}

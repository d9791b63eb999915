// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jvisor.launcher.RunscException;

/**
 * Flags in the syntax that callers of runsc rely on: one dash or two, {@code -flag=value} or {@code -flag value}, a boolean
 * without a value is true and never takes the next word; the first word that is no flag, or {@code --}, ends them.
 */
final class FlagSet {
    private static final List<String> TRUE = List.of("1", "t", "T", "true", "TRUE", "True");
    private static final List<String> FALSE = List.of("0", "f", "F", "false", "FALSE", "False");

    private final Map<String, Flag> flags = new TreeMap<>();
    private final int usageStatus;

    /** @param usageStatus what runsc ends with when the flags make no sense */
    FlagSet(int usageStatus) {
        this.usageStatus = usageStatus;
    }

    /** A flag, what it is set to, and what help says of it. */
    static final class Flag {
        final String name;
        private final boolean isBoolean;
        private final String placeholder;
        private final String initial;
        private final String help;
        private final Consumer<String> check;
        private String value;
        private final List<String> all = new ArrayList<>();

        private Flag(String name, boolean isBoolean, String placeholder, String initial, String help, Consumer<String> check) {
            this.name = name;
            this.isBoolean = isBoolean;
            this.placeholder = placeholder;
            this.initial = initial;
            this.value = initial;
            this.help = help;
            this.check = check;
        }

        String value() {
            return value;
        }

        boolean isTrue() {
            return TRUE.contains(value);
        }

        /** All values, of a flag that may be given more than once. */
        List<String> values() {
            return all;
        }
    }

    Flag string(String name, String initial, String help) {
        return add(new Flag(name, false, "string", initial, help, text -> { }));
    }

    /** @param check throws IllegalArgumentException with the reason */
    Flag checked(String name, String initial, String help, Consumer<String> check) {
        return add(new Flag(name, false, "value", initial, help, check));
    }

    Flag bool(String name, boolean initial, String help) {
        return add(new Flag(name, true, "", Boolean.toString(initial), help, text -> { }));
    }

    private Flag add(Flag flag) {
        flags.put(flag.name, flag);
        return flag;
    }

    /** @return the words after the flags */
    List<String> parse(List<String> words) {
        int i = 0;
        while (i < words.size()) {
            String word = words.get(i);
            if (word.length() < 2 || word.charAt(0) != '-') {
                break;
            }
            i++;
            if (word.equals("--")) {
                break;
            }
            int begin = word.startsWith("--") ? 2 : 1;
            int equals = word.indexOf('=', begin);
            String name = word.substring(begin, equals < 0 ? word.length() : equals);
            if (name.isEmpty() || name.charAt(0) == '-') {
                throw usage("bad flag syntax: " + word);
            }
            Flag flag = flags.get(name);
            if (flag == null) {
                throw usage("flag provided but not defined: -" + name);
            }
            String value;
            if (equals >= 0) {
                value = word.substring(equals + 1);
            } else if (flag.isBoolean) {
                value = "true";
            } else if (i < words.size()) {
                value = words.get(i++);
            } else {
                throw usage("flag needs an argument: -" + name);
            }
            set(flag, value);
        }
        return words.subList(i, words.size());
    }

    private void set(Flag flag, String value) {
        if (flag.isBoolean && !TRUE.contains(value) && !FALSE.contains(value)) {
            throw usage("invalid boolean value \"" + value + "\" for -" + flag.name + ": parse error");
        }
        try {
            flag.check.accept(value);
        } catch (IllegalArgumentException e) {
            throw usage("invalid value \"" + value + "\" for flag -" + flag.name + ": " + e.getMessage());
        }
        flag.value = value;
        flag.all.add(value);
    }

    private RunscException usage(String message) {
        return new RunscException(message, usageStatus);
    }

    /** A paragraph a flag, by name. */
    String describe() {
        StringBuilder text = new StringBuilder();
        for (Flag flag : flags.values()) {
            text.append("  -").append(flag.name);
            if (!flag.isBoolean) {
                text.append(' ').append(flag.placeholder);
            }
            text.append("\n    \t").append(flag.help);
            if (!flag.initial.isEmpty() && !flag.initial.equals("false")) {
                boolean quoted = flag.placeholder.equals("string");
                text.append(quoted ? " (default \"" : " (default ").append(flag.initial).append(quoted ? "\")" : ")");
            }
            text.append('\n');
        }
        return text.toString();
    }
}

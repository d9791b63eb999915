// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.launcher.RunscException;

/** The syntax is that of Go's flag package, which callers of runsc have learnt. */
class FlagSetTest {
    private final FlagSet set = new FlagSet(2);
    private final FlagSet.Flag name = set.string("name", "nobody", "a name");
    private final FlagSet.Flag debug = set.bool("debug", false, "more");

    @Test
    void shouldTakeOneOrTwoDashesAndBothFormsOfValues() {
        for (List<String> words : List.of(List.of("-name", "x"), List.of("--name", "x"), List.of("-name=x"), List.of("--name=x"))) {
            assertEquals(List.of(), set.parse(words));
            assertEquals("x", name.value());
        }
    }

    @Test
    void shouldNotGiveTheNextWordToABoolean() {
        assertEquals(List.of("false", "-name"), set.parse(List.of("--debug", "false", "-name")));
        assertTrue(debug.isTrue());
        set.parse(List.of("--debug=false"));
        assertFalse(debug.isTrue());
    }

    @Test
    void shouldEndAtTheFirstOtherWordAndAtTwoDashes() {
        assertEquals(List.of("run", "-debug"), set.parse(List.of("run", "-debug")));
        assertEquals(List.of("-debug"), set.parse(List.of("--", "-debug")));
        assertEquals(List.of("-", "x"), set.parse(List.of("-", "x")));
    }

    @Test
    void shouldTakeEmptyValuesAndValuesWithEqualsSigns() {
        set.parse(List.of("--name="));
        assertEquals("", name.value());
        set.parse(List.of("--name", "-a=b"));
        assertEquals("-a=b", name.value());
    }

    @Test
    void shouldSayWhatIsWrongInOneLine() {
        assertEquals("flag provided but not defined: -bogus", problem("--bogus=1"));
        assertEquals("flag needs an argument: -name", problem("-name"));
        assertEquals("bad flag syntax: ---x", problem("---x"));
        assertEquals("bad flag syntax: --=x", problem("--=x"));
        assertEquals("invalid boolean value \"maybe\" for -debug: parse error", problem("-debug=maybe"));
    }

    @Test
    void shouldReportValuesThatTheirFlagRefuses() {
        GlobalFlags globals = new GlobalFlags();
        for (String word : List.of("--network=moon", "--overlay2=root:moon", "--overlay2=root:memory,size=0",
                "--overlay2=all:memory,colour=red", "--log-format=xml", "--total-memory=-1",
                "--kernel-release=", "--kernel-release=" + "r".repeat(65))) {
            RunscException e = assertThrows(RunscException.class, () -> globals.set.parse(List.of(word)), word);
            assertEquals(RunscException.USAGE, e.status());
            assertTrue(e.getMessage().startsWith("invalid value "), e.getMessage());
        }
    }

    /** Before anything else is done: nobody is -1, see setuid(2). */
    @Test
    void shouldTakeForAUserWhatCanBeOne() {
        FlagSet exec = new ExecVerb().flags();
        for (String user : List.of("0", "12:34", "4294967294:4294967294")) {
            assertEquals(List.of("id"), exec.parse(List.of("--user", user, "id")));
        }
        String largest = "is to be a number from 0 to 4294967294";
        for (String user : List.of("abc", ":", "", "4294967295", "-1", "99999999999", "0x1", "+1", ":5")) {
            assertEquals("invalid value \"" + user + "\" for flag -user: UID " + largest, problem(exec, "--user=" + user));
        }
        for (String user : List.of("5:", "5:abc", "5:4294967295", "5:6:7")) {
            assertEquals("invalid value \"" + user + "\" for flag -user: GID " + largest, problem(exec, "--user=" + user));
        }
    }

    @Test
    void shouldReadOverlaySizesWithUnits() {
        assertEquals(new GlobalFlags.Overlay(true, false, 512 << 20), GlobalFlags.Overlay.parse("root:memory,size=512m"));
        assertEquals(new GlobalFlags.Overlay(true, true, 3), GlobalFlags.Overlay.parse("all:memory,size=3"));
        assertEquals(new GlobalFlags.Overlay(false, false, 0), GlobalFlags.Overlay.parse("none"));
    }

    private String problem(String word) {
        return problem(set, word);
    }

    private static String problem(FlagSet set, String word) {
        return assertThrows(RunscException.class, () -> set.parse(List.of(word))).getMessage();
    }
}

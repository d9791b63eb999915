// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.oci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.oci.OciConfig.OciMount;

class ConfigReaderTest {
    private static final String MINIMAL = """
        {"ociVersion":"1.0.2","process":{"args":["sh"],"cwd":"/"},"root":{"path":"rootfs"}}""";
    private static final String FULL = """
        {"ociVersion": "1.1.0",
         "process": {"terminal": true, "consoleSize": {"height": 24, "width": 80}, "args": ["/bin/sh", "-c", "exit"],
           "env": ["A=\\u00e4", "B="], "cwd": "/tmp", "user": {"uid": 1000, "gid": 4294967294, "additionalGids": [4, 5], "umask": 63},
           "capabilities": {"bounding": ["CAP_KILL", "CAP_SYS_ADMIN"], "effective": ["CAP_KILL"], "ambient": null},
           "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 18446744073709551615}], "noNewPrivileges": true},
         "root": {"path": "/r", "readonly": true}, "hostname": "box", "domainname": "example",
         "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
           {"destination": "data", "type": "none", "source": "d", "options": ["rbind", "ro", "nosuid", "rprivate", "size=5"]},
           {"destination": "/t", "type": "tmpfs", "source": "t", "options": ["ro", "rw", "mode=1777", "rnoexec", "relatime"]}],
         "linux": {"namespaces": [{"type": "pid"}], "seccomp": {"anything": [1, 2.5e3, {}]}}, "unknown": 1}""";

    private static OciConfig read(String json) {
        return ConfigReader.read(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String problem(String json) {
        return assertThrows(RunscException.class, () -> read(json)).getMessage();
    }

    @Test
    void shouldReadWhatTheSpecificationAsksForAtLeast() {
        OciConfig config = read(MINIMAL);
        assertEquals(List.of("sh"), config.process().arguments());
        assertEquals(new ProcessSpec.User(0, 0, List.of(), 022), config.process().user());
        assertEquals(new ProcessSpec.Capabilities(0, 0, 0, 0, 0), config.process().capabilities());
        assertEquals(new OciConfig.Root("rootfs", false), config.root());
        assertFalse(config.process().terminal());
    }

    @Test
    void shouldReadAllThatJvisorCarriesOut() {
        OciConfig config = read(FULL);
        OciConfig.Process process = config.process();
        assertTrue(process.terminal());
        assertEquals(24, process.consoleRows());
        assertEquals(80, process.consoleColumns());
        assertEquals(List.of("A=\u00c3\u00a4", "B="), process.environment());
        assertEquals(new ProcessSpec.User(1000, -2, List.of(4, 5), 077), process.user());
        long kill = Capability.bit(Capability.CAP_KILL);
        assertEquals(new ProcessSpec.Capabilities(kill | Capability.bit(Capability.CAP_SYS_ADMIN), kill, 0, 0, 0),
            process.capabilities());
        assertEquals(List.of(new ProcessSpec.Rlimit(7, 10, -1)), process.rlimits());
        assertTrue(process.noNewPrivileges());
        assertEquals(new OciConfig.Root("/r", true), config.root());
        assertEquals("box", config.hostname());
        long bind = Mount.MS_BIND | Mount.MS_REC | Mount.MS_RDONLY | Mount.MS_NOSUID | Mount.MS_PRIVATE;
        assertEquals(List.of(new OciMount("/proc", "proc", "proc", 0, ""), new OciMount("/data", "bind", "d", bind, "size=5"),
            new OciMount("/t", "tmpfs", "t", Mount.MS_NOEXEC | Mount.MS_RELATIME, "mode=1777")), config.mounts());
    }

    @Test
    void shouldNameThePlaceOfWhatIsWrong() {
        assertEquals("ociVersion: must be defined", problem("{}"));
        assertEquals("ociVersion: expected a string, found a number", problem("{\"ociVersion\":5}"));
        assertEquals("ociVersion: version 2.0.0 is not of the 1.x series", problem("{\"ociVersion\":\"2.0.0\"}"));
        assertEquals("process: must be defined", problem("{\"ociVersion\":\"1.0.0\"}"));
        assertEquals("the JSON text: expected an object, found an array", problem("[]"));
        assertEquals("process.args: must be defined", problem(MINIMAL.replace("\"sh\"", "")));
        assertEquals("process.args[0]: expected a string, found an object", problem(MINIMAL.replace("\"sh\"", "{}")));
        assertEquals("process.args[0]: holds a zero byte", problem(MINIMAL.replace("\"sh\"", "\"a\\u0000b\"")));
        assertEquals("process.cwd: must be an absolute path, not \"x\"", problem(MINIMAL.replace("\"/\"", "\"x\"")));
        assertEquals("root.path: must be defined", problem(MINIMAL.replace("rootfs", "")));
        assertEquals("process.user.uid: -1 is not a whole number from 0 to 4294967294",
            problem(MINIMAL.replace("\"cwd\"", "\"user\":{\"uid\":-1},\"cwd\"")));
        assertEquals("process.capabilities.bounding[1]: unknown capability \"CAP_FLY\"",
            problem(MINIMAL.replace("\"cwd\"", "\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_FLY\"]},\"cwd\"")));
        assertEquals("process.rlimits[0]: the soft limit is above the hard one",
            problem(MINIMAL.replace("\"cwd\"", "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":2,\"hard\":1}],\"cwd\"")));
        assertEquals("mounts[0].source: must be defined for a bind mount",
            problem(MINIMAL.replace("\"root\"", "\"mounts\":[{\"destination\":\"/a\",\"type\":\"bind\"}],\"root\"")));
    }

    @Test
    void shouldReportTextThatIsNoJsonInOneLine() {
        assertEquals("unexpected end of JSON input", problem("{"));
        assertEquals("unexpected end of JSON input", problem(""));
        for (String text : List.of("{'a':1}", "{\"a\" 1}", "nul", "{} x", "{\"a\":01}", "\ufeff{}")) {
            String message = problem(text);
            assertFalse(message.contains("\n"), message);
        }
        assertEquals("not UTF-8 text",
            assertThrows(RunscException.class, () -> ConfigReader.read(new byte[] {'"', (byte) 0xff, '"'})).getMessage());
    }

    @Test
    void shouldBearDeepNesting() {
        String deep = "{\"ociVersion\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
        assertFalse(problem(deep).isEmpty());
    }

    /** Whatever the text, there is a configuration or one line; the seed makes a failure come again. */
    @Test
    void shouldNeverFailInAnotherWay() {
        Random random = new Random(20261122);
        String[] pieces = {"{", "}", "[", "]", ",", ":", "null", "true", "-1", "1e99", "18446744073709551616", "\"\"", "\"CAP_KILL\"",
            "\\u0000", "\\ud800", "\"", "\\", "\u00e4", "0"};
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder(FULL);
            for (int change = random.nextInt(4); change >= 0; change--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(20)));
                    case 1 -> text.insert(at, pieces[random.nextInt(pieces.length)]);
                    default -> text.setCharAt(at, (char) random.nextInt(1, 0x180));
                }
            }
            try {
                read(text.toString());
            } catch (RunscException e) {
                assertFalse(e.getMessage().contains("\n"), e.getMessage());
            }
        }
    }
}

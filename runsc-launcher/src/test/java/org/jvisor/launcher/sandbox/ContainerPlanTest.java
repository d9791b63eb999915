// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.oci.ConfigReader;

class ContainerPlanTest {
    private static final ContainerPlan.Stdio STDIO = new ContainerPlan.Stdio(new int[] {0, 1, -1}, -1, 0, 0, 0);

    private static ContainerPlan plan(boolean rootOverlay, boolean mountOverlay, String root, String mounts) {
        String json = "{\"ociVersion\":\"1.0.0\",\"process\":{\"args\":[\"x\"],\"cwd\":\"/\"},\"root\":" + root + ",\"mounts\":["
            + mounts + "]}";
        return new ContainerPlan("c1", "/b", ConfigReader.read(json.getBytes(StandardCharsets.UTF_8)), rootOverlay, mountOverlay, 0);
    }

    private static List<String> destinations(ContainerSpec spec) {
        return spec.mounts().stream().map(MountSpec::destination).toList();
    }

    @Test
    void shouldExportTheRootFirstThenEachBindMount() {
        ContainerPlan plan = plan(false, false, "{\"path\":\"rootfs\"}", """
            {"destination":"/x","type":"bind","source":"data","options":["ro"]},
            {"destination":"/y","type":"bind","source":"/srv"}""");
        assertEquals(List.of(new GoferExport("/b/rootfs", false), new GoferExport("/b/data", true), new GoferExport("/srv", false)),
            plan.exports());
        ContainerSpec spec = plan.spec(new int[] {10, 11, 12}, STDIO);
        assertEquals(10, spec.rootfs().goferFd());
        assertEquals(List.of(11, 12), spec.mounts().stream().filter(mount -> mount.type().equals("bind"))
            .map(MountSpec::goferFd).toList());
    }

    @Test
    void shouldAskForNoRightToWriteWhatStaysInMemory() {
        ContainerPlan plan = plan(true, true, "{\"path\":\"/r\"}", "{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/s\"}");
        assertEquals(List.of(new GoferExport("/r", true), new GoferExport("/s", true)), plan.exports());
        ContainerSpec spec = plan.spec(new int[] {1, 2}, STDIO);
        assertTrue(spec.rootfs().overlay());
        ContainerPlan readOnly = plan(false, false, "{\"path\":\"/r\",\"readonly\":true}", "");
        assertEquals(List.of(new GoferExport("/r", true)), readOnly.exports());
        assertTrue(readOnly.spec(new int[] {1}, STDIO).rootfs().readOnly());
    }

    @Test
    void shouldAddTheFileSystemsThatNoProgramDoesWithout() {
        ContainerSpec spec = plan(false, false, "{\"path\":\"/r\"}", """
            {"destination":"/dev/","type":"tmpfs","source":"tmpfs"},{"destination":"/mnt","type":"tmpfs","source":"t"}""")
            .spec(new int[] {1}, STDIO);
        assertEquals(List.of("/proc", "/dev/", "/dev/pts", "/dev/shm", "/sys", "/mnt"), destinations(spec));
        assertEquals("devtmpfs", spec.mounts().get(1).type());
    }

    @Test
    void shouldTakeOnlyIdsThatAreFileNames() {
        for (String id : List.of("", ".", "..", "a/b", "a b", "\u00e4", "x".repeat(1025))) {
            assertThrows(RunscException.class, () -> StateFolder.checkId(id), id);
        }
        StateFolder.checkId("Az09_+-.");
    }
}

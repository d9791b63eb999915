// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.UserSpace;

/** Which of a host's platforms are made ready. */
class PlatformChoiceTest {

    private final Platform slow = platform("slow", true, 1, 0);
    private final Platform fast = platform("fast", true, 5, 0);
    private final Platform broken = platform("broken", false, 9, 0);
    private final List<Platform> all = List.of(slow, broken, fast);

    private static Platform platform(String name, boolean usable, int score, long reserved) {
        return new Fakes().on("name", arguments -> name).on("reservedBytes", arguments -> reserved)
                .on("probe", arguments -> new Platform.Probe(usable, score, "tried")).as(Platform.class);
    }

    @Test
    void shouldTakeTheBestThatWorks() {
        assertEquals(List.of(fast), PlatformChoice.choose(all, "auto"));
        assertEquals(List.of(fast), PlatformChoice.choose(all, ""));
        assertThrows(StartException.class, () -> PlatformChoice.choose(List.of(broken, broken), "auto"));
    }

    @Test
    void shouldTakeThoseThatAreNamedInTheirOrder() {
        assertEquals(List.of(slow), PlatformChoice.choose(all, "slow"));
        assertEquals(List.of(slow, fast), PlatformChoice.choose(all, "slow,fast"));
        assertEquals(List.of(slow, fast), PlatformChoice.choose(all, "slow,auto,slow"));
    }

    @Test
    void shouldSayWhyOneCannotBeTaken() {
        assertEquals("platform broken cannot be used: tried", refusal("broken"));
        assertEquals("platform broken cannot be used: tried", refusal("slow,broken"));
        assertEquals("no platform \"none\"; there is slow, broken, fast", refusal("fast,none"));
        assertEquals("no platform \"\"; there is slow, broken, fast", refusal("slow,"));
        long room = UserSpace.TOP - UserSpace.END;
        StartException greedy = assertThrows(StartException.class,
                () -> PlatformChoice.choose(List.of(platform("greedy", true, 1, room + 1)), "greedy"));
        assertEquals("platform greedy needs " + (room + 1) + " bytes above the application's addresses; there are " + room,
                greedy.getMessage());
    }

    /** All that are chosen are started before the Sentry is sealed, the first serves, and all are stopped. */
    @Test
    void shouldMakeAllReadyThatAreChosen() {
        List<String> told = new ArrayList<>();
        Platform spare = new Fakes().on("name", arguments -> "spare").on("probe", arguments -> new Platform.Probe(true, 0, ""))
                .on("start", arguments -> told.add("start") ? null : null).on("stop", arguments -> told.add("stop") ? null : null)
                .as(Platform.class);
        TestKernel test = new TestKernel("fake,spare", spare);
        assertEquals(test.platform, test.kernel.platform());
        assertEquals(List.of(test.platform, spare), test.kernel.preparedPlatforms());
        assertEquals(List.of("start"), told);
        test.kernel.removePlatform(spare);
        assertEquals(List.of(test.platform), test.kernel.preparedPlatforms());
        test.kernel.stop();
        assertEquals(List.of("start", "stop"), told);
    }

    private String refusal(String names) {
        return assertThrows(StartException.class, () -> PlatformChoice.choose(all, names)).getMessage();
    }
}

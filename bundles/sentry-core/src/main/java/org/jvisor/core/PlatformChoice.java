// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.Platform.Probe;
import org.jvisor.api.platform.UserSpace;

/**
 * Which platforms are made ready: those that are named, with commas between, or the best of those that prove themselves on this
 * host. The first serves; the others could take over, though the Sentry is sealed by then.
 */
final class PlatformChoice {

    private static final Logger LOG = System.getLogger("org.jvisor.core.platform");

    private static final String AUTO = "auto";

    private PlatformChoice() {}

    static List<Platform> choose(Collection<Platform> platforms, String names) {
        Set<Platform> chosen = new LinkedHashSet<>();
        for (String name : names.split(",", -1)) {
            chosen.add(choose(platforms, name, names));
        }
        return List.copyOf(chosen);
    }

    private static Platform choose(Collection<Platform> platforms, String name, String names) {
        Platform platform = name.equals(AUTO) || names.isEmpty() ? best(platforms) : named(platforms, name);
        if (platform.reservedBytes() > UserSpace.TOP - UserSpace.END) {
            throw new StartException("platform " + platform.name() + " needs " + platform.reservedBytes()
                    + " bytes above the application's addresses; there are " + (UserSpace.TOP - UserSpace.END), 0);
        }
        return platform;
    }

    private static Platform named(Collection<Platform> platforms, String name) {
        StringJoiner known = new StringJoiner(", ");
        for (Platform platform : platforms) {
            if (platform.name().equals(name)) {
                Probe probe = platform.probe();
                if (!probe.usable()) {
                    throw new StartException("platform " + name + " cannot be used: " + probe.reason(), 0);
                }
                return platform;
            }
            known.add(platform.name());
        }
        throw new StartException("no platform \"" + name + "\"; there is " + known, 0);
    }

    private static Platform best(Collection<Platform> platforms) {
        // One alone need not be compared; whether it works its start will show.
        if (platforms.size() == 1) {
            return platforms.iterator().next();
        }
        Platform best = null;
        int score = Integer.MIN_VALUE;
        StringJoiner reasons = new StringJoiner("; ");
        for (Platform platform : platforms) {
            Probe probe = platform.probe();
            LOG.log(Level.DEBUG, "platform {0}: {1}, score {2}, {3}", platform.name(), probe.usable(), probe.score(),
                    probe.reason());
            reasons.add(platform.name() + ": " + probe.reason());
            if (probe.usable() && (best == null || probe.score() > score)) {
                best = platform;
                score = probe.score();
            }
        }
        if (best == null) {
            throw new StartException("no platform can be used on this host: " + reasons, 0);
        }
        return best;
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.osgi.Instructions;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The version of each package of sentry-api fits what has changed in it since the baseline, which is the jar of the last version
 * that others may have built on; a release replaces it.
 */
class ApiBaselineTest {
    private static final Path BASELINE = Path.of("src/test/baseline/sentry-api.jar");

    @Test
    void shouldHaveVersionsThatFitTheChanges() throws Exception {
        Path api = Path.of(System.getProperty("runsc")).resolve("../../bundles/sentry-api.jar").normalize();
        try (Processor processor = new Processor(); Jar newer = new Jar(api.toFile()); Jar older = new Jar(BASELINE.toFile())) {
            Set<Baseline.Info> packages = new Baseline(processor, new DiffPluginImpl()).baseline(newer, older, new Instructions("*"));
            assertFalse(packages.isEmpty());
            List<String> wrong = packages.stream().filter(one -> one.mismatch)
                .map(one -> one.packageName + " " + one.newerVersion + " should be " + one.suggestedVersion).sorted().toList();
            assertEquals(List.of(), wrong);
        }
    }
}

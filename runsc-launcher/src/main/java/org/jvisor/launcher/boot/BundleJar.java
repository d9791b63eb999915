// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;

/**
 * A jar that is to become a bundle, looked through before the framework sees it: what is wrong with it is said here, since the
 * framework and the component runtime would rather log than refuse.
 *
 * @param digest of the whole jar
 * @param components how many its descriptions describe
 */
record BundleJar(String symbolicName, Version version, String digest, int components, byte[] bytes) {
    private static final String MANIFEST = "META-INF/MANIFEST.MF";
    private static final int LONGEST_MANIFEST = 1 << 20;
    private static final int LONGEST_NAME = 255;

    /** OSGi Core, 1.3.2: symbolic-name ::= token ('.' token)*. */
    private static final Pattern SYMBOLIC_NAME = Pattern.compile("[\\w-]+(\\.[\\w-]+)*");

    static BundleJar read(byte[] bytes) throws BundleException {
        JarEntries entries = JarEntries.read(bytes);
        if (!entries.has(MANIFEST)) {
            throw new BundleException("the jar has no " + MANIFEST);
        }
        Attributes headers;
        try {
            headers = new Manifest(new ByteArrayInputStream(entries.content(MANIFEST, LONGEST_MANIFEST))).getMainAttributes();
        } catch (IOException | IllegalArgumentException e) {
            throw new BundleException("its manifest is broken: " + e.getMessage(), e);
        }
        String name = symbolicName(headers.getValue(Constants.BUNDLE_SYMBOLICNAME));
        refuse(headers);
        Version version;
        try {
            version = Version.parseVersion(headers.getValue(Constants.BUNDLE_VERSION));
        } catch (IllegalArgumentException e) {
            throw new BundleException("its manifest is broken: " + JarEntries.shown(e.getMessage()), e);
        }
        return new BundleJar(name, version, BundleIndex.digest(bytes), ComponentDescriptions.count(headers, entries), bytes);
    }

    /** Directives and attributes may follow it. */
    private static String symbolicName(String header) throws BundleException {
        String name = header == null ? "" : header.split(";", 2)[0].strip();
        if (name.isEmpty()) {
            throw new BundleException("it is no bundle: its manifest has no " + Constants.BUNDLE_SYMBOLICNAME);
        }
        if (name.length() > LONGEST_NAME || !SYMBOLIC_NAME.matcher(name).matches()) {
            throw new BundleException("its manifest is broken: " + Constants.BUNDLE_SYMBOLICNAME + ": " + JarEntries.shown(name));
        }
        return name;
    }

    /** What a bundle may be elsewhere, and may not here. */
    private static void refuse(Attributes headers) throws BundleException {
        // The framework takes its own extensions in as soon as they are installed, and ends itself to give them up.
        if (headers.getValue(Constants.FRAGMENT_HOST) != null) {
            throw new BundleException("it is a fragment of another bundle, which is not taken while a sandbox runs");
        }
        if (headers.getValue(Constants.BUNDLE_NATIVECODE) != null) {
            throw new BundleException("it brings native code, which the seal of a sandbox does not allow");
        }
    }
}

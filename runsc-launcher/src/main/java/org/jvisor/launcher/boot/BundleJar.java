// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * A jar that is to become a bundle, looked through before the framework sees it: what is wrong with it is said here, since the
 * framework and the component runtime would rather log than refuse.
 *
 * @param digest of the whole jar
 * @param components how many its descriptions describe
 */
record BundleJar(String symbolicName, Version version, String digest, int components, byte[] bytes) {
    private static final String MANIFEST = "META-INF/MANIFEST.MF";
    private static final String DESCRIPTIONS = "Service-Component";
    private static final int LONGEST_TEXT = 1 << 20;

    static BundleJar read(byte[] bytes) throws BundleException {
        Map<String, byte[]> texts = texts(bytes);
        if (!texts.containsKey(MANIFEST)) {
            throw new BundleException(texts.isEmpty() ? "it is no jar" : "the jar has no " + MANIFEST);
        }
        Attributes headers;
        try {
            headers = new Manifest(new ByteArrayInputStream(texts.get(MANIFEST))).getMainAttributes();
        } catch (IOException | IllegalArgumentException e) {
            throw new BundleException("its manifest is broken: " + e.getMessage(), e);
        }
        String name = headers.getValue(Constants.BUNDLE_SYMBOLICNAME);
        if (name == null || name.split(";")[0].isBlank()) {
            throw new BundleException("it is no bundle: its manifest has no " + Constants.BUNDLE_SYMBOLICNAME);
        }
        Version version;
        try {
            version = Version.parseVersion(headers.getValue(Constants.BUNDLE_VERSION));
        } catch (IllegalArgumentException e) {
            throw new BundleException("its manifest is broken: " + e.getMessage(), e);
        }
        return new BundleJar(name.split(";")[0].strip(), version, BundleIndex.digest(bytes),
            components(headers.getValue(DESCRIPTIONS), texts), bytes);
    }

    /** The manifest and all that can be a component's description. */
    private static Map<String, byte[]> texts(byte[] jar) throws BundleException {
        Map<String, byte[]> texts = new TreeMap<>();
        int entries = 0;
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(jar))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries++;
                if (entry.getName().equals(MANIFEST) || entry.getName().endsWith(".xml")) {
                    byte[] text = in.readNBytes(LONGEST_TEXT + 1);
                    if (text.length > LONGEST_TEXT) {
                        throw new BundleException(entry.getName() + " is too long");
                    }
                    texts.put(entry.getName(), text);
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new BundleException("the jar is broken: " + e.getMessage(), e);
        }
        if (entries > 0 && texts.isEmpty()) {
            throw new BundleException("the jar has no " + MANIFEST);
        }
        return texts;
    }

    /** Counts the components of the descriptions that a manifest names; a name may end in a pattern with asterisks. */
    private static int components(String header, Map<String, byte[]> texts) throws BundleException {
        int count = 0;
        for (String path : header == null || header.isBlank() ? new String[0] : header.split(",")) {
            String wanted = path.strip();
            String pattern = ("\\Q" + wanted + "\\E").replace("*", "\\E[^/]*\\Q");
            boolean found = wanted.contains("*");
            for (Map.Entry<String, byte[]> text : texts.entrySet()) {
                if (text.getKey().matches(pattern)) {
                    count += components(text.getKey(), text.getValue());
                    found = true;
                }
            }
            if (!found) {
                throw new BundleException("the description of a component is missing: " + wanted);
            }
        }
        return count;
    }

    private static int components(String name, byte[] description) throws BundleException {
        ComponentCounter counter = new ComponentCounter();
        try (InputStream in = new ByteArrayInputStream(description)) {
            DescriptionParser.ofTheRuntime().parse(new InputSource(in), counter);
        } catch (SAXException | IOException e) {
            throw new BundleException("the description of a component is broken: " + name + ": " + e.getMessage(), e);
        }
        return counter.count;
    }

    private static final class ComponentCounter extends DefaultHandler {
        private int count;

        @Override
        public void startElement(String uri, String local, String name, org.xml.sax.Attributes attributes) {
            count += local.equals("component") ? 1 : 0;
        }
    }
}

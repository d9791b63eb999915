// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.jar.Attributes;
import org.osgi.framework.BundleException;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/** The descriptions of components that a jar's manifest names. */
final class ComponentDescriptions {
    private static final String HEADER = "Service-Component";
    private static final int LONGEST = 1 << 20;
    private static final int LONGEST_TOGETHER = 4 << 20;
    private static final int MOST_COMPONENTS = 1000;

    private final JarEntries jar;
    private int bytes;

    private ComponentDescriptions(JarEntries jar) {
        this.jar = jar;
    }

    /**
     * How many components there are.
     *
     * @throws BundleException about a description that is not there, is broken or too long
     */
    static int count(Attributes headers, JarEntries jar) throws BundleException {
        String header = headers.getValue(HEADER);
        return header == null || header.isBlank() ? 0 : new ComponentDescriptions(jar).count(header);
    }

    private int count(String header) throws BundleException {
        int count = 0;
        for (String clause : header.split(",")) {
            String path = clause.strip();
            boolean found = path.contains("*");
            for (String name : jar.names()) {
                if (matches(name, path)) {
                    count += countIn(name);
                    found = true;
                }
            }
            if (!found) {
                throw new BundleException("the description of a component is missing: " + JarEntries.shown(path));
            }
            if (count > MOST_COMPONENTS) {
                throw new BundleException("it has more than " + MOST_COMPONENTS + " components");
            }
        }
        return count;
    }

    /** OSGi Compendium, 112.4.1: the last part of a path may have wildcards, as in a filter. */
    static boolean matches(String name, String path) {
        int folder = path.lastIndexOf('/') + 1;
        return name.startsWith(path.substring(0, folder)) && name.indexOf('/', folder) < 0
            && matchesPart(name.substring(folder), path.substring(folder));
    }

    /** Whether the parts between asterisks stand in {@code text} one after the other; each as early as it can. */
    private static boolean matchesPart(String text, String pattern) {
        String[] parts = pattern.split("\\*", -1);
        if (parts.length == 1) {
            return text.equals(pattern);
        }
        int at = parts[0].length();
        String last = parts[parts.length - 1];
        if (!text.startsWith(parts[0]) || text.length() - at < last.length() || !text.endsWith(last)) {
            return false;
        }
        for (int i = 1; i < parts.length - 1; i++) {
            int found = text.indexOf(parts[i], at);
            if (found < 0) {
                return false;
            }
            at = found + parts[i].length();
        }
        return at <= text.length() - last.length();
    }

    private int countIn(String name) throws BundleException {
        byte[] description = jar.content(name, LONGEST);
        bytes += description.length;
        if (bytes > LONGEST_TOGETHER) {
            throw new BundleException("the descriptions of its components are longer than " + LONGEST_TOGETHER + " bytes");
        }
        Counter counter = new Counter();
        try {
            DescriptionParser.ofTheRuntime().parse(new InputSource(new ByteArrayInputStream(description)), counter);
        } catch (SAXException | IOException e) {
            throw new BundleException("the description of a component is broken: " + JarEntries.shown(name) + ": " + e.getMessage(), e);
        }
        return counter.count;
    }

    private static final class Counter extends DefaultHandler {
        private int count;

        @Override
        public void startElement(String uri, String local, String name, org.xml.sax.Attributes attributes) {
            count += local.equals("component") ? 1 : 0;
        }
    }
}

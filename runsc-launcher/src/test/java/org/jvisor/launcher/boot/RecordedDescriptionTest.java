// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

class RecordedDescriptionTest {
    private static final String DESCRIPTION = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!-- a comment -->
        <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.4.0" name="a &amp; b" activate='start'>
          <property name="x" type="Integer">1&#x41;
        2</property>
          <![CDATA[<&>]]>
          <implementation class="a.B"/>
        </scr:component>
        """;

    /** What a parser says, a line each; texts that follow each other are one. */
    private static List<String> said(byte[] description) throws SAXException, IOException {
        List<String> said = new ArrayList<>();
        new DescriptionParser().parse(new InputSource(new ByteArrayInputStream(description)), new DefaultHandler() {
            @Override
            public void startElement(String uri, String local, String name, Attributes attributes) {
                said.add("<" + uri + " " + local + " " + name);
                for (int i = 0; i < attributes.getLength(); i++) {
                    said.add(attributes.getURI(i) + " " + attributes.getLocalName(i) + " " + attributes.getQName(i) + "="
                        + attributes.getValue(i));
                }
            }

            @Override
            public void endElement(String uri, String local, String name) {
                said.add(">" + uri + " " + local + " " + name);
            }

            @Override
            public void characters(char[] text, int begin, int length) {
                said.add(new String(text, begin, length));
            }
        });
        return said;
    }

    @Test
    void shouldSayAgainWhatTheParserSaid() throws Exception {
        byte[] text = DESCRIPTION.getBytes(StandardCharsets.UTF_8);
        byte[] recorded = RecordedDescription.of(text);
        assertFalse(RecordedDescription.isOne(text));
        assertTrue(RecordedDescription.isOne(recorded));
        List<String> said = said(recorded);
        assertEquals(said(text), said);
        assertTrue(said.contains(" name name=a & b"), said.toString());
        assertTrue(said.contains("<http://www.osgi.org/xmlns/scr/v1.4.0 component scr:component"), said.toString());
    }

    @Test
    void shouldRefuseWhatIsNoDescription() {
        for (String text : List.of("", "<a", "<a></b>", "<a/>b", "<a b='1' b='2'/>", "<a>&x;</a>", "<!DOCTYPE a><a/>", "<x:a/>")) {
            assertThrows(SAXException.class, () -> said(text.getBytes(StandardCharsets.UTF_8)), text);
            assertThrows(SAXException.class, () -> RecordedDescription.of(text.getBytes(StandardCharsets.UTF_8)), text);
        }
    }

    /** Damage of any kind ends in one of the exceptions that the component runtime expects, or in another description. */
    @Test
    void shouldTakeDamage() throws Exception {
        byte[] text = DESCRIPTION.getBytes(StandardCharsets.UTF_8);
        Random random = new Random(5);
        int refused = 0;
        for (byte[] whole : List.of(text, RecordedDescription.of(text))) {
            for (int i = 0; i < 2000; i++) {
                byte[] damaged = Arrays.copyOf(whole, 1 + random.nextInt(whole.length));
                for (int changes = random.nextInt(4); changes > 0; changes--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
                }
                try {
                    said(damaged);
                } catch (SAXException | IOException e) {
                    refused++;
                }
            }
        }
        assertTrue(refused > 3000, Integer.toString(refused));
    }
}

// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.TreeMap;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParser;
import javax.xml.parsers.SAXParserFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.Attributes;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/** The Java runtime's own parser tells what is right. */
class DescriptorParserTest {
    private static final String DESCRIPTION = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!-- made by bnd -->
        <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.4.0" name="org.x.A" immediate='true' init="1">
          <property name="service.ranking" type="Integer" value="100"/>
          <property name="list">a &lt; b &amp;&#38; &quot;c&quot;
        d &#x41;\u00e4</property>
          <service xmlns="urn:y"><provide interface="org.x.I"/><a:b xmlns:a="urn:z" a:c="1" d="2"></a:b></service>
          <?target x?><t><![CDATA[<raw> & ]]></t>
          <implementation class="org.x.A"/>
        </scr:component>
        """;

    /** What a handler was told, one line an event; adjacent text is one. */
    private static String events(SAXParser parser, String text) throws SAXException, IOException {
        StringBuilder events = new StringBuilder();
        StringBuilder characters = new StringBuilder();
        parser.parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), new DefaultHandler() {
            private void flush() {
                if (!characters.isEmpty()) {
                    events.append("text ").append(characters).append('\n');
                    characters.setLength(0);
                }
            }

            @Override
            public void startElement(String uri, String local, String name, Attributes attributes) {
                flush();
                TreeMap<String, String> sorted = new TreeMap<>();
                for (int i = 0; i < attributes.getLength(); i++) {
                    sorted.put("{" + attributes.getURI(i) + "}" + attributes.getLocalName(i), attributes.getValue(i));
                }
                events.append("start {").append(uri).append('}').append(local).append(' ').append(sorted).append('\n');
            }

            @Override
            public void endElement(String uri, String local, String name) {
                flush();
                events.append("end {").append(uri).append('}').append(local).append('\n');
            }

            @Override
            public void characters(char[] text, int start, int length) {
                characters.append(text, start, length);
            }
        });
        return events.toString();
    }

    private static SAXParser reference() throws ParserConfigurationException, SAXException {
        SAXParserFactory factory = SAXParserFactory.newDefaultInstance();
        factory.setNamespaceAware(true);
        return factory.newSAXParser();
    }

    @Test
    void shouldTellTheSameAsTheRuntimesParser() throws Exception {
        assertEquals(events(reference(), DESCRIPTION), events(new DescriptorParserFactory().newSAXParser(), DESCRIPTION));
    }

    @ParameterizedTest
    @ValueSource(strings = {"<a>", "<a></b>", "<a b></a>", "<a b=1/>", "<a b='1' b='2'/>", "<a>&nothing;</a>", "<a>&#xzz;</a>",
        "<a>&amp</a>", "<!DOCTYPE a><a/>", "x<a/>", "<", "<a", "<a b='", "<!-- ", "< a/>"})
    void shouldRefuseWhatIsNotWellFormed(String text) {
        assertThrows(SAXException.class, () -> events(new DescriptorParserFactory().newSAXParser(), text));
    }

    @Test
    void shouldEndOnAnyText() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 5_000; round++) {
            StringBuilder text = new StringBuilder(DESCRIPTION);
            for (int change = random.nextInt(5); change >= 0; change--) {
                int at = random.nextInt(text.length() - 1);
                text.replace(at, at + random.nextInt(2), "<>&'\"/=!- ]x".substring(random.nextInt(12)).substring(0, 1));
            }
            try {
                events(new DescriptorParserFactory().newSAXParser(), text.toString());
            } catch (SAXException e) {
                assertEquals(false, e.getMessage().isEmpty());
            }
        }
    }
}

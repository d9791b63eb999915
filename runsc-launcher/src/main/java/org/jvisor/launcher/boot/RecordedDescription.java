// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.AttributesImpl;
import org.xml.sax.helpers.DefaultHandler;

/**
 * A component's description as what the Java runtime's parser said about it when the distribution was built: elements with their
 * attributes, and texts. To say it again takes a hundredth of what making a parser takes at each start.
 */
final class RecordedDescription {
    /** No text begins so. */
    private static final byte[] MARK = {0, 'S', 'A', 'X'};
    private static final int DOCUMENT_END = 0;
    private static final int ELEMENT = 1;
    private static final int ELEMENT_END = 2;
    private static final int TEXT = 3;

    private RecordedDescription() {
    }

    static boolean isOne(byte[] bytes) {
        return bytes.length >= MARK.length && Arrays.equals(bytes, 0, MARK.length, MARK, 0, MARK.length);
    }

    static byte[] of(byte[] description) throws SAXException, IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.write(MARK);
            DescriptionParser.ofTheRuntime().parse(new InputSource(new ByteArrayInputStream(description)), new Recorder(out));
            out.write(DOCUMENT_END);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return bytes.toByteArray();
    }

    private static final class Recorder extends DefaultHandler {
        private final DataOutputStream out;

        Recorder(DataOutputStream out) {
            this.out = out;
        }

        @Override
        public void startElement(String uri, String local, String name, Attributes attributes) {
            write(ELEMENT, uri, local, name, Integer.toString(attributes.getLength()));
            for (int i = 0; i < attributes.getLength(); i++) {
                texts(attributes.getURI(i), attributes.getLocalName(i), attributes.getQName(i), attributes.getValue(i));
            }
        }

        @Override
        public void endElement(String uri, String local, String name) {
            write(ELEMENT_END, uri, local, name);
        }

        @Override
        public void characters(char[] text, int begin, int length) {
            write(TEXT, new String(text, begin, length));
        }

        private void write(int what, String... texts) {
            try {
                out.write(what);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            texts(texts);
        }

        private void texts(String... texts) {
            try {
                for (String text : texts) {
                    out.writeUTF(text);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void error(SAXParseException e) throws SAXException {
            throw e;
        }
    }

    static void replay(byte[] recorded, DefaultHandler handler) throws SAXException, IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(recorded, MARK.length, recorded.length - MARK.length));
        handler.startDocument();
        for (int what = in.readByte(); what != DOCUMENT_END; what = in.readByte()) {
            switch (what) {
                case ELEMENT -> handler.startElement(in.readUTF(), in.readUTF(), in.readUTF(), attributes(in));
                case ELEMENT_END -> handler.endElement(in.readUTF(), in.readUTF(), in.readUTF());
                case TEXT -> {
                    char[] text = in.readUTF().toCharArray();
                    handler.characters(text, 0, text.length);
                }
                default -> throw new SAXException("a recorded description is damaged");
            }
        }
        handler.endDocument();
    }

    private static AttributesImpl attributes(DataInputStream in) throws IOException, SAXException {
        AttributesImpl attributes = new AttributesImpl();
        try {
            for (int left = Integer.parseInt(in.readUTF()); left > 0; left--) {
                attributes.addAttribute(in.readUTF(), in.readUTF(), in.readUTF(), "CDATA", in.readUTF());
            }
        } catch (NumberFormatException e) {
            throw new SAXException("a recorded description is damaged", e);
        }
        return attributes;
    }
}

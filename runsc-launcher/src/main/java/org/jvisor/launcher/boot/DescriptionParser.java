// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.xml.XMLConstants;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParser;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.InputSource;
import org.xml.sax.Parser;
import org.xml.sax.SAXException;
import org.xml.sax.SAXNotRecognizedException;
import org.xml.sax.XMLReader;
import org.xml.sax.helpers.DefaultHandler;

/** Reads component descriptions: those of the boot bundles are recorded, all others go to the Java runtime's parser. */
final class DescriptionParser extends SAXParser {
    private static final String NO_DOCUMENT_TYPE = "http://apache.org/xml/features/disallow-doctype-decl";

    /** The Java runtime's own parser. */
    static SAXParser ofTheRuntime() throws SAXException {
        SAXParserFactory factory = SAXParserFactory.newDefaultNSInstance();
        try {
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            // A document type could name files and grow a text without end.
            factory.setFeature(NO_DOCUMENT_TYPE, true);
            return factory.newSAXParser();
        } catch (ParserConfigurationException e) {
            throw new SAXException(e);
        }
    }

    @Override
    public void parse(InputSource source, DefaultHandler handler) throws SAXException, IOException {
        byte[] description = source.getByteStream().readAllBytes();
        if (RecordedDescription.isOne(description)) {
            RecordedDescription.replay(description, handler);
        } else {
            ofTheRuntime().parse(new InputSource(new ByteArrayInputStream(description)), handler);
        }
    }

    @Override
    public boolean isNamespaceAware() {
        return true;
    }

    @Override
    public boolean isValidating() {
        return false;
    }

    /** There is no {@code org.xml.sax.Parser} behind it. */
    @Override
    @SuppressWarnings("deprecation")
    public Parser getParser() throws SAXException {
        throw new SAXException("not supported: org.xml.sax.Parser");
    }

    @Override
    public XMLReader getXMLReader() throws SAXException {
        throw new SAXException("not supported: org.xml.sax.XMLReader");
    }

    @Override
    public void setProperty(String name, Object value) throws SAXNotRecognizedException {
        throw new SAXNotRecognizedException(name);
    }

    @Override
    public Object getProperty(String name) throws SAXNotRecognizedException {
        throw new SAXNotRecognizedException(name);
    }
}
